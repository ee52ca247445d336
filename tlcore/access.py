"""Who may come in: by default whoever sits at this machine, and nobody else.

What a request says of itself is a `Knock`; `refusal` says why it may not come in, in one sentence.
Variables of the environment open the lab further, each on purpose:

    TL_PUBLIC=1         everybody may come in, and everybody has a key of their own
    TL_OWNER_TOKEN=...  whoever brings it is the owner, from any machine
    TL_HOSTS=a,b        other names that this lab is reached by
    TL_PROXY=a,b        addresses or networks of proxies whose forwarded headers are believed
    TL_FRAMES=a,b       sites that may show the lab inside their own pages

>>> refusal(Knock("127.0.0.1", "localhost:8501", "http://localhost:8501"))
''
>>> refusal(Knock("127.0.0.1", "evil.example:8501", "http://evil.example:8501"))
'This lab is only for whoever sits at its machine; `make serve` opens it to a class.'
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tlcore import paths
from tlcore.errors import ThawError

GIGABYTE = 10**9


@dataclass(frozen=True)
class Owner:
    """Somebody whose runs these are; two with the same id are the same, whatever their names.

    Attributes:
        id: Made from a key. It may be shown; it opens nothing.
        name: A nickname, to be shown to people. May be empty.
    """

    id: str
    name: str = field(default="", compare=False)


LOCAL = Owner("local", "this machine")
"""Whoever sits at the machine: may see and do everything."""


def new_key() -> str:
    """A key for a new owner, to be kept by a browser and nowhere else."""
    return secrets.token_urlsafe(24)


def known_by(key: str, *, name: str = "") -> Owner:
    """The owner who knows this key."""
    return Owner(hashlib.sha256(f"owner {key}".encode()).hexdigest()[:32], name)


def anonymous(*, name: str = "") -> Owner:
    """An owner whom nobody can become again, once this value is gone."""
    return known_by(new_key(), name=name)


def is_public() -> bool:
    """Whether the lab is open to anybody: `TL_PUBLIC=1`, and always on a Space of the hub."""
    return os.environ.get("TL_PUBLIC", "") not in ("", "0") or bool(os.environ.get("SPACE_ID"))


@dataclass(frozen=True)
class Rules:
    """What everybody may see and use; None is no limit. Limits of one person don't bind LOCAL.

    Attributes:
        show_others: Whether people see each other's runs. They never change them.
        running: Runs of one person at work at once; further ones wait.
        queued: Runs of one person that may wait.
        bytes: Bytes of one person's checkpoints and results, and of what they took in.
        seconds: Computing time of one person within a day.
        runs: Runs of all together.
        free_bytes: What has to stay free on the disk.
        runs_each: Runs of one person, the bin included.
        imports: Runs that one person may take in within an hour.
        memory: Bytes that a run may need, as it is forecast.
        absent: Seconds after which what a person left lying goes who hasn't been here since.
    """

    show_others: bool = True
    running: int | None = None
    queued: int | None = None
    bytes: int | None = None
    seconds: float | None = None
    runs: int | None = None
    free_bytes: int | None = None
    runs_each: int | None = None
    imports: int | None = None
    memory: int | None = None
    absent: float | None = None


PRIVATE = Rules()
PUBLIC = Rules(
    show_others=False,
    running=1,
    queued=3,
    bytes=GIGABYTE,
    seconds=3600.0,
    runs=1000,
    free_bytes=5 * GIGABYTE,
    runs_each=50,
    imports=10,
    memory=8 * GIGABYTE,
    absent=30 * 24 * 3600.0,
)


def usual_rules() -> Rules:
    """The rules where nobody has set others."""
    return PUBLIC if is_public() else PRIVATE


def share(most: int, left: int | None, few: int) -> int:
    """How much one person may have: less and less as the room for all becomes scarce, so that
    whoever comes last still finds some.

    Args:
        most: What they may have where there is room.
        left: What is left for all together; None without a limit.
        few: What everybody may have as long as anything is left.

    >>> [share(50, left, 3) for left in (None, 1000, 80, 4)]
    [50, 50, 20, 3]
    """
    return most if left is None else min(most, max(few, left // 4))


SHORTEST_TOKEN = 16

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_FORWARDED = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via")
_INSIDE = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})
_OF_SPACES = ("https://huggingface.co", "https://*.hf.space")

SERVE = "thaw serve" if paths.INSTALLED else "make serve"
"""What opens the lab to a class."""

_ONLY_HERE = f"This lab is only for whoever sits at its machine; `{SERVE}` opens it to a class."
_BY_TOKEN = "This lab is only for its owner, who opens it by the link that the terminal printed."
_OTHER_PAGE = "A page of another address asked for this, and only the lab's own pages may."
_FRAMED = "This lab is not shown inside other pages; open it in a tab of its own."
_OTHER_NAME = "This lab is not known by that name; its operator lists its names in TL_HOSTS."


@dataclass(frozen=True)
class Knock:
    """What a request says of itself.

    Attributes:
        client: The address that it comes from; empty if nobody can say.
        host: By which name and port it reaches the lab.
        origin: Of the page that asks; None where a browser says nothing, as for an address that
            was typed or a link that was followed.
        site: How that page is related to the lab, where the browser says it (`Sec-Fetch-Site`).
        target: What the answer will be used for (`Sec-Fetch-Dest`).
        moves: Whether a tab or a frame moves to the answer (`Sec-Fetch-Mode: navigate`).
        by_proxy: Whether it came through a proxy that nobody has named.
        owner: Whether it brings the owner's token, or the cookie that was given for it.
    """

    client: str
    host: str
    origin: str | None = None
    site: str = ""
    target: str = ""
    moves: bool = False
    by_proxy: bool = False
    owner: bool = False


def refusal(knock: Knock) -> str:
    """Why a request may not come in, in one sentence; empty if it may."""
    if not is_public() and (reason := _stranger(knock)):
        return reason
    hosts = _listed("TL_HOSTS")
    if is_public() and hosts and _name(knock.host) not in _HERE | set(hosts):
        return _OTHER_NAME
    if knock.origin is not None and not _is_own(knock.origin, knock.host):
        return _OTHER_PAGE
    return "" if frames() or knock.site not in ("cross-site", "same-site") else _foreign(knock)


def _stranger(knock: Knock) -> str:
    """Of a private lab: only the owner, who sits at the machine, or brings the token if there
    is one. With a token no name has to be known: another site's page never has the cookie."""
    if _token():
        return "" if knock.owner else _BY_TOKEN
    known = _HERE | set(_listed("TL_HOSTS"))
    here = is_loopback(knock.client) and _name(knock.host) in known and not knock.by_proxy
    return "" if here else _ONLY_HERE


def _foreign(knock: Knock) -> str:
    """A link on another site leads here; that site may neither frame the lab nor load parts."""
    if not knock.moves:
        return _OTHER_PAGE
    return _FRAMED if knock.target in _INSIDE else ""


def _is_own(origin: str, host: str) -> bool:
    """Whether a page of this origin is one of the lab's."""
    try:
        page = urlsplit(origin).netloc.lower()
    except ValueError:
        return False
    if page == host.lower():
        return bool(page)
    # A Space is told what it is called outside, whatever its proxy makes of the Host.
    return bool(page) and page == os.environ.get("SPACE_HOST", "").lower()


def is_loopback(address: str) -> bool:
    """Whether an address is this very machine's.

    >>> is_loopback("127.0.0.1"), is_loopback("::ffff:127.0.0.1"), is_loopback("10.77.0.2")
    (True, True, False)
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)


def _name(host: str) -> str:
    """The name in a Host header, without its port.

    >>> _name("LOCALHOST:8501"), _name("[::1]:8501"), _name("a@localhost"), _name("lab.example.")
    ('localhost', '::1', '', 'lab.example')
    """
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # which raises where it is no number
    except ValueError:
        return ""
    plain = not (parts.username or parts.password or parts.path or parts.query or parts.fragment)
    return (parts.hostname or "").rstrip(".") if plain else ""


def _listed(variable: str) -> list[str]:
    """The words of a variable, which commas or spaces part."""
    return os.environ.get(variable, "").replace(",", " ").lower().split()


def frames() -> tuple[str, ...]:
    """The sites that may show the lab inside their pages: `TL_FRAMES`, and a Space's host."""
    spaces = _OF_SPACES if os.environ.get("SPACE_ID") else ()
    return (*_listed("TL_FRAMES"), *spaces)


# Behind a proxy


def believed(client: tuple[str, int] | None, headers: Mapping[str, str]) -> tuple[str, bool, bool]:
    """Where a request comes from, whether it came over HTTPS, and whether through a proxy that
    nobody has named, whose words count for nothing.

    Args:
        client: Address and port that the server saw. uvicorn has already put there what a proxy
            on this machine says, with port 0.
        headers: Their names in lower case.
    """
    address, port = client or ("", 0)
    by_proxy = any(headers.get(name) for name in _FORWARDED)
    peer = "127.0.0.1" if by_proxy and port == 0 and address else address
    if not _is_proxy(peer):
        return peer, False, by_proxy
    secure = headers.get("x-forwarded-proto", "").split(",")[0].strip() in ("https", "wss")
    chain = [each.strip() for each in headers.get("x-forwarded-for", "").split(",") if each.strip()]
    outside = [each for each in chain if not _is_proxy(each)]
    return (outside[-1] if outside else address), secure, False


def _is_proxy(address: str) -> bool:
    """Whether an address is one of `TL_PROXY`; on a Space, any of its host's own network."""
    try:
        found = ipaddress.ip_address(address)
        named = [ipaddress.ip_network(each, strict=False) for each in _listed("TL_PROXY")]
    except ValueError:
        return False
    of_space = bool(os.environ.get("SPACE_ID")) and found.is_private
    return of_space or any(found in network for network in named)


# The owner's token


def _token() -> str:
    return os.environ.get("TL_OWNER_TOKEN", "")


def mark_of(token: str) -> str:
    """What the owner's cookie holds; it ends with the token."""
    return hashlib.sha256(f"owner of the lab {token}".encode()).hexdigest()


def is_owner(*, token: str = "", mark: str = "") -> bool:
    """Whether somebody brings the owner's token, or the cookie that was given for it."""
    if not (real := _token()):
        return False
    known = mark or mark_of(token)
    return hmac.compare_digest(known.encode(), mark_of(real).encode())


# Starting


def forgets(home: Path) -> bool:
    """Whether runs go with the next restart: a Space's own disk does, a disk that is mounted into
    it doesn't."""
    places = (folder for folder in (home, *home.parents) if folder != folder.parent)
    return bool(os.environ.get("SPACE_ID")) and not any(map(os.path.ismount, places))


def refuse_open_address(address: str) -> None:
    """Refuse to listen to other machines unless somebody has decided who they may be.

    Args:
        address: That the server is to listen at; empty for all of them.

    Raises:
        ThawError: It is neither this machine's own, nor is the lab public or has a token.
    """
    if _token() and len(_token()) < SHORTEST_TOKEN:
        raise ThawError(
            f"TL_OWNER_TOKEN has {len(_token())} characters and could be guessed",
            remedy=f"Make one of at least {SHORTEST_TOKEN} by chance, or start with `{SERVE}`.",
        )
    if address == "localhost" or is_loopback(address) or is_public() or _token():
        return
    raise ThawError(
        "Everybody who reaches this address would be the owner of all runs and files",
        where=address or "every address of this machine",
        remedy=f"Open the lab to a class with `{SERVE}`; or set TL_PUBLIC=1, and everybody has "
        "their own runs; or set TL_OWNER_TOKEN, and only who has it comes in; or listen to this "
        "machine alone: --server.address localhost.",
    )
