import json
import sys

import pytest

from tlcore import doctor, machine, paths
from tlcore.doctor import Finding, examine
from tlcore.machine import Library

DEVICE = {"device": "cuda:0", "device_name": "Fast", "precision": "bfloat16", "threads": 8}


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


ANSWERS = _python(f"print({json.dumps(DEVICE)!r})")


def _about(topic: str, probe: list[str] = ANSWERS) -> list[Finding]:
    return [finding for finding in examine(probe) if finding.topic == topic]


def test_whatever_is_not_well_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "OLDEST_PYTHON", (99, 0))
    monkeypatch.setattr(doctor, "BROWSERS", ())
    monkeypatch.setattr(doctor, "ENOUGH_DISK", 2**62)
    monkeypatch.setattr(machine, "available_memory", lambda: 10**9)
    monkeypatch.setattr(paths, "weight_folders", lambda: [tmp_path / "none"])
    findings = examine(["false"])
    troubled = {finding.topic for finding in findings if finding.state != "ok"}
    assert troubled >= {"Python", "device", "data", "weights", "disk", "memory", "browser"}
    assert all(bool(finding.remedy) == (finding.state != "ok") for finding in findings)


def test_the_device_is_described_in_a_line():
    [finding] = _about("device")
    assert finding == Finding("device", "ok", "cuda:0 (Fast), bfloat16, 8 threads")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("raise RuntimeError('operator torchvision::nms does not exist')", "torchvision::nms"),
        ("import os; os.abort()", "crashed (signal 6)"),
        ("import sys; sys.exit(3)", "no reason"),
        ("import time; time.sleep(60)", "no answer in"),
        ("print('not JSON')", "its answer is no JSON"),
    ],
)
def test_a_torch_that_does_not_work_is_survived_and_explained(code, says, monkeypatch):
    monkeypatch.setattr(doctor, "PATIENCE", 0.5)
    [finding] = _about("device", _python(code))
    assert finding.state == "missing"
    assert says in finding.what
    assert "make clean run" in finding.remedy


def test_the_real_torch_and_torchvision_work_together():
    [finding] = _about("device", list(doctor.PROBE))
    assert finding.state == "ok", finding


def test_libraries_that_are_absent_or_of_another_version_are_named(monkeypatch):
    shelf = (
        Library("torch", ">=2.15,<2.16", "2.13.0"),
        Library("timm", ">=1,<2", None),
        Library("plotly", ">=7,<8", "7.1.0"),
    )
    monkeypatch.setattr(doctor, "libraries", lambda: shelf)
    torch, timm = _about("libraries")
    assert torch.state == "warn"
    assert "torch is 2.13.0, and >=2.15,<2.16 was tested" in torch.what
    assert timm.state == "missing"
    assert "timm is not installed" in timm.what


def test_weights_are_found_where_runs_look_for_them(monkeypatch, tmp_path):
    (tmp_path / "resnet18.safetensors").touch()
    (tmp_path / "notes.txt").touch()
    monkeypatch.setenv("TL_WEIGHTS", str(tmp_path))
    assert f"resnet18.safetensors in {tmp_path}" in [f.what for f in _about("weights")]


def test_real_data_is_found_where_it_lies(monkeypatch, shared):
    monkeypatch.setenv("TL_DATA", str(shared / "data"))
    states = {finding.what.split()[0]: finding.state for finding in _about("data")}
    assert states["cifar10"] == "ok"


def test_a_state_folder_that_can_not_be_written_to_is_missing(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TL_HOME", str(tmp_path / "file" / "home"))
    [state] = _about("state")
    [database] = _about("database")
    assert state.state == "missing"
    assert database.state == "warn"


def test_an_examination_leaves_nothing_behind():
    examine(ANSWERS)
    assert list(paths.home().iterdir()) == []
