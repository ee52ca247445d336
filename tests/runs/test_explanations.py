import zipfile

import pytest

from tlcore.errors import RunError
from tlcore.runs.explanations import Explained, keep_explained, read_explained

MAPS = (
    Explained(row=3, way="grad-cam", target=1, small=False, jpeg=b"\xff\xd8 one"),
    Explained(row=9, way="occlusion", target=0, small=True, jpeg=b"\xff\xd8 two"),
)


def test_maps_come_back_as_they_were_kept(tmp_path):
    keep_explained(tmp_path, "best-5.safetensors", MAPS)
    assert read_explained(tmp_path, "best-5.safetensors") == MAPS
    keep_explained(tmp_path, "best-5.safetensors", MAPS[:1])
    assert read_explained(tmp_path, "best-5.safetensors") == MAPS[:1]


def test_maps_of_another_network_are_not_this_ones(tmp_path):
    keep_explained(tmp_path, "best-5.safetensors", MAPS)
    assert read_explained(tmp_path, "best-9.safetensors") == ()
    assert read_explained(tmp_path / "nowhere", "best-5.safetensors") == ()


def _with_facts(path, text):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("facts.json", text)


DAMAGES = {
    "no zip": lambda path: path.write_bytes(b"PK\x03\x04 and no more"),
    "an empty file": lambda path: path.write_bytes(b""),
    "no facts": lambda path: zipfile.ZipFile(path, "w").close(),
    "facts that are none": lambda path: _with_facts(path, "[1, 2"),
    "facts of another kind": lambda path: _with_facts(path, "[1]"),
    "a map that is missing": lambda path: _with_facts(
        path, '{"network": "n", "maps": [{"row": 1, "way": "", "target": 1, "small": false}]}'
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_one_clear_error(tmp_path, damage):
    damage(tmp_path / "explained.zip")
    with pytest.raises(RunError, match="can't be read") as caught:
        read_explained(tmp_path, "n")
    assert "--explain" in caught.value.remedy
