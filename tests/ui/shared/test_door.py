"""Six situations at five kinds of request: who is let in, and what everybody else is told."""

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

import app as front
from tlcore.access import LOCAL
from tlcore.ui.shared.door import OWNER_COOKIE, refuse_open_address
from tlcore.ui.shared.session import COOKIE, me, owner_of

HERE, LAN = "127.0.0.1", "10.77.0.2"
OWN = "localhost:8501"
FRAME = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}
IMAGE = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}

# What each of them is: the client's address, the Host it names, the Origin, what else it says.
SITUATIONS = {
    "this machine by name": (HERE, OWN, f"http://{OWN}", {}),
    "this machine by number": (HERE, "127.0.0.1:8501", "http://127.0.0.1:8501", {}),
    "DNS rebinding": (HERE, "evil.example:8501", "http://evil.example:8501", {}),
    "another machine": (LAN, "10.77.0.1:8501", "http://10.77.0.1:8501", {}),
    "another machine that lies about Host": (LAN, OWN, f"http://{OWN}", {}),
    "another site's page": (HERE, OWN, "http://evil.example", {}),
    "another port's page": (HERE, OWN, "http://localhost:9999", {}),
    "a frame in another site's page": (HERE, OWN, None, FRAME),
    "a picture in another site's page": (HERE, OWN, None, IMAGE),
    "a proxy that nobody has named": (HERE, OWN, f"http://{OWN}", {"x-forwarded-for": LAN}),
    "a page of no address": (HERE, OWN, "null", {}),
}
LET_IN = {"this machine by name", "this machine by number"}

TOKEN = "a token that only the teacher knows"


def _page(client, headers):
    return client.get("/", headers=headers).status_code


def _websocket(client, headers):
    host = headers.get("host", OWN)
    try:
        with client.websocket_connect(f"ws://{host}/_stcore/stream", headers=headers):
            return 101
    except WebSocketDenialResponse as denial:
        return denial.status_code


def _json(client, headers):
    return client.get("/api/runs/points?run=x", headers=headers).status_code


def _picture(client, headers):
    return client.get("/api/runs/x/pictures-1/0", headers=headers).status_code


def _upload(client, headers):
    """With the token that Streamlit asks for, to a session that there isn't."""
    token = {"x-xsrftoken": "a" * 32, "cookie": f"_streamlit_xsrf={'a' * 32}"}
    files = {"file": ("x.png", b"x")}
    answer = client.put("/_stcore/upload_file/s/f", headers={**headers, **token}, files=files)
    return answer.status_code


ASKED = {
    "page": (_page, 200),
    "WebSocket": (_websocket, 101),
    "JSON": (_json, 200),
    "picture": (_picture, 404),
    "upload": (_upload, 400),
}


@pytest.fixture(scope="module")
def server():
    """The lab as it is served, but for the network; made once, for it loads Streamlit's runtime."""
    with TestClient(front.app):
        yield front.app


def client(server, address=HERE, host=OWN, **cookies):
    return TestClient(
        server, base_url=f"http://{host}", client=(address, 50000), cookies=cookies,
        follow_redirects=False,
    )  # fmt: skip


def seen(server, kind, address, host, origin, more, **cookies):
    headers = {"host": host, **({"origin": origin} if origin else {}), **more}
    return ASKED[kind][0](client(server, address, host, **cookies), headers)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_only_this_machine_is_let_in_by_its_own_name_and_from_its_own_pages(server, situation):
    found = {kind: seen(server, kind, *SITUATIONS[situation]) for kind in ASKED}
    let_in = {kind: status for kind, (_, status) in ASKED.items()}
    assert found == (let_in if situation in LET_IN else dict.fromkeys(ASKED, 403))


def test_whoever_is_refused_is_told_why_in_one_sentence(server):
    for situation in SITUATIONS.keys() - LET_IN:
        address, host, origin, more = SITUATIONS[situation]
        headers = {"host": host, **({"origin": origin} if origin else {}), **more}
        answer = client(server, address, host).get("/", headers=headers)
        assert answer.text.count(".\n") == 1, situation
        assert len(answer.text) < 120
        assert answer.headers["x-frame-options"] == "DENY"


def test_every_answer_says_that_other_sites_may_not_frame_it(server):
    for path in ("/", "/api/runs/points?run=x", "/api/pictures/x", "/start", "/_stcore/health"):
        answer = client(server).get(path)
        assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"


def test_a_link_on_another_site_leads_here(server):
    """A lesson is a link."""
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate",
            "sec-fetch-dest": "document"}  # fmt: skip
    assert client(server).get("/train?recipe=x", headers=link).status_code == 200


def test_a_name_that_the_operator_lists_is_this_machines_too(server, monkeypatch):
    host = "lab.school.example:8501"
    assert seen(server, "page", HERE, host, f"http://{host}", {}) == 403
    monkeypatch.setenv("TL_HOSTS", "lab.school.example, other")
    assert seen(server, "page", HERE, host, f"http://{host}", {}) == 200
    assert seen(server, "page", LAN, host, f"http://{host}", {}) == 403


@pytest.mark.parametrize("variable", ["TL_PUBLIC", "SPACE_ID"])
def test_a_public_lab_lets_everybody_in_but_not_other_sites_pages(server, monkeypatch, variable):
    monkeypatch.setenv(variable, "1")
    foreign = {"another site's page", "another port's page", "a page of no address"}
    wanted = {name: name not in foreign for name in SITUATIONS}
    if variable == "TL_PUBLIC":  # a Space is shown in a frame of its host's
        wanted |= dict.fromkeys(
            ["a frame in another site's page", "a picture in another site's page"], False
        )
    for situation, let_in in wanted.items():
        assert (seen(server, "page", *SITUATIONS[situation]) == 200) == let_in, situation
        assert (seen(server, "WebSocket", *SITUATIONS[situation]) == 101) == let_in, situation


def test_a_public_lab_that_has_names_answers_to_no_other(server, monkeypatch):
    monkeypatch.setenv("TL_PUBLIC", "1")
    monkeypatch.setenv("TL_HOSTS", "lab.school.example")
    for host, status in (("lab.school.example", 200), ("evil.example", 403), (OWN, 200)):
        assert seen(server, "page", LAN, host, f"http://{host}", {}) == status


def test_only_named_sites_may_frame_it(server, monkeypatch):
    monkeypatch.setenv("TL_FRAMES", "https://moodle.school.example")
    answer = client(server).get("/", headers={"host": OWN, **FRAME})
    wanted = "frame-ancestors 'self' https://moodle.school.example"
    assert (answer.status_code, answer.headers["content-security-policy"]) == (200, wanted)


def test_the_owners_link_makes_the_owner_and_leaves_the_address_bar(server, monkeypatch):
    monkeypatch.setenv("TL_PUBLIC", "1")
    monkeypatch.setenv("TL_OWNER_TOKEN", TOKEN)
    teacher = client(server, LAN, "lab:8501")
    answer = teacher.get("/train", params={"recipe": "a b", "owner": TOKEN})
    assert (answer.status_code, answer.headers["location"]) == (303, "./train?recipe=a+b")
    given = answer.headers["set-cookie"]
    assert given.startswith(f"{OWNER_COOKIE}=")
    assert "HttpOnly; SameSite=Lax" in given
    assert TOKEN not in given
    mark = given.split("=")[1].split(";")[0]
    assert who(f"{OWNER_COOKIE}={mark}; {COOKIE}=a key") == LOCAL
    monkeypatch.setenv("TL_OWNER_TOKEN", TOKEN + "!")
    assert who(f"{OWNER_COOKIE}={mark}; {COOKIE}=a key") != LOCAL


@pytest.mark.parametrize("token", ["", "wrong", "%00", TOKEN[:-1], TOKEN + " "])
def test_no_other_token_makes_anybody_the_owner(server, monkeypatch, token):
    monkeypatch.setenv("TL_PUBLIC", "1")
    for real in ("", TOKEN):
        monkeypatch.setenv("TL_OWNER_TOKEN", real)
        answer = client(server, LAN).get("/", params={"owner": token})
        assert (answer.status_code, OWNER_COOKIE in answer.headers.get("set-cookie", "")) == (
            200, False,
        )  # fmt: skip
        assert who(f"{OWNER_COOKIE}={token}") is None


def who(cookies):
    from starlette.requests import HTTPConnection

    headers = [(b"cookie", cookies.encode())]
    return owner_of(HTTPConnection({"type": "http", "headers": headers}))


def test_without_public_rules_a_token_is_asked_of_everybody_on_this_machine_too(
    server, monkeypatch
):
    """Other accounts of a shared machine reach its loopback as well."""
    monkeypatch.setenv("TL_OWNER_TOKEN", TOKEN)
    for address in (HERE, LAN):
        assert seen(server, "JSON", address, OWN, f"http://{OWN}", {}) == 403
        welcome = client(server, address).get("/", params={"owner": TOKEN})
        assert welcome.status_code == 303
        mark = welcome.headers["set-cookie"].split("=")[1].split(";")[0]
        for kind, (_, status) in ASKED.items():
            if kind != "upload":  # which brings cookies of its own here
                cookies = {OWNER_COOKIE: mark}
                found = seen(server, kind, address, OWN, f"http://{OWN}", {}, **cookies)
                assert found == status, kind
    assert me() == LOCAL


def test_how_many_look_on_is_told_to_whoever_runs_the_lab_alone(server, monkeypatch):
    monkeypatch.setenv("TL_PUBLIC", "1")
    path = "/_stcore/metrics"
    assert client(server, LAN).get(path).status_code == 403
    assert client(server, HERE).get(path).status_code == 200


@pytest.mark.parametrize(
    ("address", "variables", "starts"),
    [
        ("localhost", {}, True),
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("0.0.0.0", {}, False),
        ("", {}, False),
        ("192.168.1.20", {}, False),
        ("0.0.0.0", {"TL_PUBLIC": "0"}, False),
        ("0.0.0.0", {"TL_PUBLIC": "1"}, True),
        ("", {"SPACE_ID": "somebody/thaw"}, True),
        ("0.0.0.0", {"TL_OWNER_TOKEN": TOKEN}, True),
        ("0.0.0.0", {"TL_OWNER_TOKEN": "short"}, False),
        ("0.0.0.0", {"TL_PUBLIC": "1", "TL_OWNER_TOKEN": "short"}, False),
    ],
)
def test_it_listens_to_other_machines_only_once_somebody_has_decided_who_comes_in(
    monkeypatch, address, variables, starts
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("tlcore.ui.shared.door.st.get_option", lambda name: address or None)
    if starts:
        refuse_open_address()
        return
    with pytest.raises(SystemExit, match=r"What to do: .*make serve"):
        refuse_open_address()
