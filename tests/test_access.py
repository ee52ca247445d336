import pytest

from tlcore.access import believed

PEER, CLIENT = "10.1.0.2", "93.184.215.14"


@pytest.mark.parametrize(
    ("named", "peer", "headers", "found"),
    [
        ("", (PEER, 4711), {}, (PEER, False, False)),
        ("", (PEER, 4711), {"x-forwarded-for": "127.0.0.1"}, (PEER, False, True)),
        # uvicorn believes a proxy on this machine unasked, and says so by port 0
        ("", (CLIENT, 0), {"x-forwarded-for": CLIENT}, ("127.0.0.1", False, True)),
        ("127.0.0.1", (CLIENT, 0), {"x-forwarded-for": CLIENT}, (CLIENT, False, False)),
        (
            "10.1.0.0/24",
            (PEER, 4711),
            {"x-forwarded-for": f"127.0.0.1, {CLIENT}, 10.1.0.3", "x-forwarded-proto": "https"},
            (CLIENT, True, False),
        ),
        ("10.1.0.0/24", (CLIENT, 4711), {"x-forwarded-proto": "https"}, (CLIENT, False, False)),
        ("no address", (PEER, 4711), {"via": "x"}, (PEER, False, True)),
        ("", None, {}, ("", False, False)),
    ],
)
def test_what_a_proxy_says_counts_only_if_somebody_has_named_it(
    monkeypatch, named, peer, headers, found
):
    monkeypatch.setenv("TL_PROXY", named)
    assert believed(peer, headers) == found


def test_on_a_space_its_hosts_proxy_is_believed(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "somebody/thaw")
    headers = {"x-forwarded-for": f"{CLIENT}, 10.9.9.9", "x-forwarded-proto": "https"}
    assert believed((PEER, 4711), headers) == (CLIENT, True, False)
