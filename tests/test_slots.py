from importlib.metadata import PackageNotFoundError

import pytest

from tlcore import machine
from tlcore import machine as here
from tlcore.errors import ThawError
from tlcore.machine import slots, threads_of_a_run


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """A machine with two cores and nothing else, and nobody who says otherwise."""
    for name in ("TL_SLOTS", "TL_DEVICE", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(here, "_DEVICES", tmp_path)
    monkeypatch.setattr(here, "version", lambda name: "2.15.0")
    monkeypatch.setattr(machine, "cores", lambda: 2)
    monkeypatch.setattr("platform.system", lambda: "Linux")


def with_gpus(tmp_path, count):
    for name in ("nvidiactl", "nvidia-uvm", *(f"nvidia{i}" for i in range(count))):
        (tmp_path / name).touch()


def test_a_small_machine_takes_one_run_with_all_its_cores():
    assert slots() == {"cpu": 1}
    assert threads_of_a_run() == 2


@pytest.mark.parametrize(
    ("cores", "runs", "threads"), [(1, 1, 1), (4, 1, 4), (16, 2, 8), (64, 8, 8)]
)
def test_runs_share_the_cores(monkeypatch, cores, runs, threads):
    monkeypatch.setattr(machine, "cores", lambda: cores)
    assert slots() == {"cpu": runs}
    assert threads_of_a_run() == threads


def test_each_gpu_takes_one_run(tmp_path):
    with_gpus(tmp_path, 2)
    assert slots() == {"cuda:0": 1, "cuda:1": 1}
    assert threads_of_a_run() == 1  # two cores, two runs


@pytest.mark.parametrize(
    ("visible", "found"), [("", 0), ("0", 1), ("1,0", 2), ("0,1,2,3", 2), ("-1", 0), ("0,-1,1", 1)]
)
def test_gpus_that_are_hidden_take_none(tmp_path, monkeypatch, visible, found):
    with_gpus(tmp_path, 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert len([device for device in slots() if device != "cpu"]) == found


@pytest.mark.parametrize("installed", ["2.15.0+cpu", None])
def test_gpus_that_torch_can_not_use_take_none(tmp_path, monkeypatch, installed):
    def version(name):
        if installed is None:
            raise PackageNotFoundError
        return installed

    with_gpus(tmp_path, 1)
    monkeypatch.setattr(here, "version", version)
    assert slots() == {"cpu": 1}


def test_a_mac_has_its_own(monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert slots() == {"mps": 1}


def test_settings_overrule(monkeypatch):
    monkeypatch.setenv("TL_DEVICE", "cpu")
    assert slots() == {"cpu": 1}
    monkeypatch.setenv("TL_SLOTS", "cuda:0=1, cpu=3")
    assert slots() == {"cuda:0": 1, "cpu": 3}
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert threads_of_a_run() == 5


@pytest.mark.parametrize("said", ["two", "cpu", "cpu=", "cpu=-1", "cpu=1;cuda:0=1", "CPU=1", "=1"])
def test_a_setting_that_makes_no_sense_is_refused_in_words(monkeypatch, said):
    monkeypatch.setenv("TL_SLOTS", said)
    with pytest.raises(ThawError, match="Write, for example") as caught:
        slots()
    assert said in str(caught.value)


def test_a_container_has_the_cores_that_its_share_is_worth(monkeypatch, tmp_path):
    monkeypatch.undo()
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    for text, cores in [("50000 100000", 1), ("max 100000", None), ("nonsense", None)]:
        (tmp_path / "cpu.max").write_text(text)
        assert cores is None or machine.cores() == cores
        assert machine.cores() >= 1
