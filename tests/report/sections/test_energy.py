import pytest

from tlcore.report.sections.ethics import estimate_energy


def test_an_hour_on_a_core_and_on_two():
    one = estimate_energy({"device": "cpu", "threads": 1}, 3600)
    two = estimate_energy({"device": "cpu", "threads": 2}, 3600)
    assert one is not None
    assert two is not None
    assert (two.low, two.high) == (2 * one.low, 2 * one.high)
    assert one.low < one.high


def test_a_gpu_takes_more_than_a_core_and_its_threads_do_not_matter():
    one, many = (estimate_energy({"device": "cuda", "threads": n}, 60) for n in (1, 16))
    core = estimate_energy({"device": "cpu", "threads": 1}, 60)
    assert one is not None
    assert many is not None
    assert core is not None
    assert one.high == many.high > core.high


def test_the_estimate_says_what_it_stands_on():
    energy = estimate_energy({"device": "cpu", "threads": 2}, 10)
    assert energy is not None
    assert energy.basis == (
        "an estimate, not a measurement: 10 s on 2 cores, at 4 to 40 W each, without the rest of "
        "the machine"
    )


def test_the_range_of_a_device_holds_what_such_machines_take():
    for device, watts in (("cpu", (4, 30)), ("mps", (10, 40)), ("cuda", (70, 700, 1000))):
        found = estimate_energy({"device": device, "threads": 1}, 3600)
        assert found is not None
        assert all(found.low <= each <= found.high for each in watts), device


@pytest.mark.parametrize("environment", [{}, {"device": "cpu"}, {"threads": 0}, {"threads": "2"}])
def test_an_unknown_machine_has_no_estimate(environment):
    assert estimate_energy(environment, 60) is None
