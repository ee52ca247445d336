"""The table of what was held against what, with the differences found and allowed:
`python -m pytest tests/nn/reference` prints it at its end."""

import pytest

_HELD: list[tuple[str, float, float]] = []


@pytest.fixture
def held():
    """Notes a difference between the engine and the reference, and refuses one too large."""

    def hold(what: str, difference: float, allowed: float) -> None:
        _HELD.append((what, difference, allowed))
        assert difference <= allowed, f"{what}: {difference:.2g} is more than {allowed:.2g}"

    return hold


def pytest_terminal_summary(terminalreporter):
    """The table."""
    if _HELD:
        terminalreporter.write_sep("=", "the engine against plain loops")
        for what, difference, allowed in _HELD:
            terminalreporter.write_line(f"{what:<62} {difference:9.1e}  allowed {allowed:.0e}")
