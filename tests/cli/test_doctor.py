import pytest

from tlcore import doctor
from tlcore.doctor import Finding

FINE = Finding("disk", "ok", "80 GB free")
NOTE = Finding("data", "warn", "cifar10 is not on this machine", "Put it there.")
LACK = Finding("device", "missing", "torch can't be used here", "make run")


@pytest.fixture
def findings(monkeypatch):
    found: list[Finding] = []
    monkeypatch.setattr(doctor, "examine", lambda: tuple(found))
    return found


def test_a_machine_with_nothing_but_notes_is_fit(command, findings):
    findings += [FINE, NOTE]
    answer = command("doctor")
    assert answer.code == 0
    assert "note  data       cifar10 is not on this machine" in answer.out
    assert "what to do: Put it there." in answer.out
    assert "The lab can work here." in answer.out


def test_a_machine_that_lacks_something_essential_is_1(command, findings):
    findings += [FINE, LACK]
    answer = command("doctor")
    assert answer.code == 1
    assert "1 thing that it needs is missing" in answer.out


def test_the_findings_as_json(command, findings):
    findings += [NOTE, LACK]
    answer = command("doctor", "--json")
    assert answer.code == 1
    assert answer.json["fit"] is False
    assert [f["state"] for f in answer.json["findings"]] == ["warn", "missing"]
