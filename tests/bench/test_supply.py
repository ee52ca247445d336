"""What the lab is installed from is locked, fits the ranges, and may be used and handed on."""

import json
import re

from bench.supply import LOCK, is_free, licence_of, of_torch, pins, sbom, wanted
from tlcore.machine import Library, libraries

TEXT = LOCK.read_text(encoding="utf-8")
LOCKED = pins(TEXT)


def test_every_library_that_the_lab_asks_for_is_locked_within_its_range():
    for library in libraries():
        name = library.name.lower().replace("_", "-")
        versions = [pin.version for pin in LOCKED if pin.name == name]
        assert versions, library.name
        for version in versions:
            assert Library(library.name, library.wanted, version).fits, (library, version)


def test_every_library_is_locked_with_the_sums_of_its_files():
    assert len(LOCKED) == len(re.findall(r"^[a-z0-9]", TEXT, re.MULTILINE))
    assert all(pin.sums for pin in LOCKED)
    assert len({pin.name for pin in LOCKED}) > 60


def test_a_machine_without_a_gpu_installs_none_of_its_libraries():
    names = {pin.name for pin in pins(wanted(TEXT, gpu=False))}
    assert not [name for name in names if name.startswith(("nvidia", "cuda", "triton"))]
    assert names < {pin.name for pin in pins(wanted(TEXT, gpu=True))}
    assert {"torch", "streamlit", "numpy"} <= names


def test_an_image_takes_torch_from_an_index_of_its_own_in_the_locked_versions():
    lines = of_torch(TEXT).splitlines()
    locked = {pin.name: pin.version for pin in LOCKED}
    assert lines == [f"{name}=={locked[name]}" for name in ("torch", "torchvision")]


def test_every_library_that_is_installed_may_be_used():
    unknown = {
        pin.name: licence_of(pin.name)
        for pin in LOCKED
        if pin.installed and not is_free(pin.name, licence_of(pin.name))
    }
    assert unknown == {}
    assert not is_free("somebody", "Proprietary, all rights reserved")


def test_the_bill_of_materials_names_every_library_and_licence():
    bill = json.loads(json.dumps(sbom(LOCKED)))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert len(bill["components"]) == len(LOCKED)
    [torch] = [each for each in bill["components"] if each["name"] == "torch"]
    assert torch["purl"].startswith("pkg:pypi/torch@2.")
    assert torch["licenses"]
    assert len({each["bom-ref"] for each in bill["components"]}) == len(LOCKED)
