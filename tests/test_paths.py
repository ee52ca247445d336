import os
from pathlib import Path

from tlcore import paths


def test_state_lives_beside_the_app_unless_told_otherwise(monkeypatch, tmp_path):
    assert paths.home() == Path(os.environ["TL_HOME"])
    monkeypatch.setenv("TL_HOME", "")
    assert paths.home() == paths.PROJECT / ".thaw"


def test_a_wheels_state_lives_in_the_persons_own_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("TL_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(paths, "INSTALLED", True)
    assert paths.home() == tmp_path / ".thaw"


def test_a_home_given_from_a_working_folder_stays_there(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TL_HOME", "state")
    home = paths.home()
    monkeypatch.chdir("/")
    assert home == tmp_path / "state"


def test_folders_of_data_and_weights_may_be_several_and_come_in_order(monkeypatch, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    monkeypatch.setenv("TL_DATA", os.pathsep.join([str(one), str(two), ""]))
    monkeypatch.setenv("TL_WEIGHTS", str(two))
    assert paths.data_folders() == [one, two, paths.home() / "data"]
    assert paths.weight_folders() == [
        paths.PROJECT / "checkpoints",
        two,
        paths.home() / "weights",
    ]


def test_a_home_folder_may_be_written_with_a_tilde(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TL_HOME", "~/thaw")
    assert paths.home() == tmp_path / "thaw"
