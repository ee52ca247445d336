"""`open`: the lab for this machine alone. `serve`: open to a class, where everybody has their own
runs and one is the owner."""

from __future__ import annotations

import ipaddress
import os
import secrets
import socket
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

from tlcore import paths
from tlcore.cli.arguments import add_verb
from tlcore.cli.output import print_json
from tlcore.errors import ThawError

if TYPE_CHECKING:
    from tlcore.cli.arguments import Verbs

EVERY_ADDRESS = "0.0.0.0"
PORT = 8501
_LIGHT_ON_DARK, _PLAIN = "\x1b[97;40m", "\x1b[0m"
_BLOCKS = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
_ELSEWHERE = ("192.0.2.1", 9)  # an address for documents: asking for the way there sends nothing


def add_verbs(verbs: Verbs) -> None:
    """Describe the verbs of this module."""
    about = "open the lab in the browser, for whoever sits at this machine"
    verb = add_verb(verbs, "open", open_here, about, "open", "open --port 8600")
    verb.add_argument("--port", type=_port, default=PORT, help=f"where to listen ({PORT})")
    verb.add_argument("--no-browser", action="store_true", help="only say the address")
    about = "open the lab to a class: everybody has their own runs, you have a link as its owner"
    verb = add_verb(verbs, "serve", serve, about, "serve", "serve --port 80 --name lab.school.org")
    verb.add_argument("--port", type=_port, default=PORT, help=f"where to listen ({PORT})")
    about = f"which address of this machine to listen at ({EVERY_ADDRESS}, which is every one)"
    verb.add_argument("--address", type=_address, default=EVERY_ADDRESS, help=about)
    about = "what others call this machine, if a name leads to it; the lab then answers to no other"
    verb.add_argument("--name", default="", help=about)


def open_here(given: Namespace) -> int:
    """Become the server, which says the address and opens the browser."""
    _refuse_taken("127.0.0.1", given.port)
    if given.json:
        print_json({"address": f"http://localhost:{given.port}"})
        sys.stdout.flush()
    options = {"address": "localhost", "port": given.port}
    become(_served({**options, **({"headless": "true"} if given.no_browser else {})}), os.environ)


def serve(given: Namespace) -> int:
    """Print the addresses, then become the server."""
    known = os.environ.get("TL_OWNER_TOKEN", "")
    token = known or secrets.token_urlsafe(24)
    _refuse_taken(given.address, given.port)
    outside, inside = addresses(given.address, given.port, given.name)
    # A token that the operator has set stays out of the log.
    owner = f"{inside}/?owner={'$TL_OWNER_TOKEN' if known else token}"
    if given.json:
        print_json({"class": outside, "owner": owner})
    else:
        print(_told(outside, owner))
    sys.stdout.flush()
    command = command_for(given.address, given.port)
    become(command, environment_for(os.environ, token, given.name))


def become(command: list[str], environment: Mapping[str, str]) -> NoReturn:
    """Let this process be another, in the folder of the app and of Streamlit's settings."""
    folders = paths.variables()  # which the environment may give from the folder left here
    os.chdir(paths.PROJECT)
    os.execve(command[0], command, {**environment, **folders})


def addresses(address: str, port: int, name: str) -> tuple[str, str]:
    """Where the class finds the lab, and where whoever sits at this machine does."""
    if space := os.environ.get("SPACE_HOST"):
        return f"https://{space}", f"https://{space}"
    name = name or os.environ.get("TL_HOSTS", "").replace(",", " ").partition(" ")[0]
    outside = f"http://{name or _bracketed(_reached_at(address))}:{port}"
    return outside, outside if _is_one(address) else f"http://localhost:{port}"


def command_for(address: str, port: int) -> list[str]:
    """What serves the lab, at an address of this machine."""
    options = {"address": address, "port": port, "headless": "true"}
    if os.environ.get("SPACE_ID"):  # in whose frame browsers keep no other cookie
        options["xsrfCookieSameSite"] = "none"
    return _served(options)


def _served(options: Mapping[str, object]) -> list[str]:
    named = [part for name, value in options.items() for part in (f"--server.{name}", str(value))]
    return [sys.executable, "-m", "streamlit", "run", "app.py", *named]


def environment_for(before: Mapping[str, str], token: str, name: str) -> dict[str, str]:
    """The public rules, and the owner's token."""
    hosts = ",".join(filter(None, (before.get("TL_HOSTS", ""), name)))
    served = {"TL_PUBLIC": "1", "TL_OWNER_TOKEN": token, "STREAMLIT_LOGGER_LEVEL": "warning"}
    return {**before, **served, **({"TL_HOSTS": hosts} if hosts else {})}


def _told(outside: str, owner: str) -> str:
    """Both addresses, the class's as a QR code too."""
    import segno

    rows = segno.make(outside, error="m", micro=False).matrix_iter(border=2)
    return (
        f"\nFor the class: {outside}\n{_drawn([bytes(row) for row in rows])}\n"
        f"For you alone: {owner}\n\n"
        "Whoever opens your link may see and delete everybody's runs, so don't show it.\n"
        "On a network that you don't trust, put HTTPS before the lab (docs/guide/hosting.md).\n"
        "End it with Ctrl+C. Runs that are at work go on.\n"
    )


def _drawn(rows: list[bytes]) -> str:
    """A line of blocks for every two rows, light on dark in any terminal that knows colours.

    >>> _drawn([bytes([0, 1]), bytes([1, 1]), bytes(2)])[len(_LIGHT_ON_DARK) :][:2]
    '▀ '
    """
    rows = [*rows, *([bytes(len(rows[0]))] if len(rows) % 2 else [])]
    pairs = zip(rows[::2], rows[1::2], strict=True)
    lines = ("".join(_BLOCKS[pair] for pair in zip(*two, strict=True)) for two in pairs)
    return "\n".join(f"{_LIGHT_ON_DARK}{line}{_PLAIN}" for line in lines)


def _refuse_taken(address: str, port: int) -> None:
    """Before anything is printed that would not be so."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise ThawError(
                f"The lab can't listen there: {error.strerror}",
                where=f"{address}, port {port}",
                remedy="End what listens there, or choose another with --port or --address.",
            ) from None


def _reached_at(address: str) -> str:
    """The address by which other machines reach this one; if there are several, the one that
    leads out."""
    if _is_one(address):
        return address
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(_ELSEWHERE)
            return str(probe.getsockname()[0])
    except OSError:
        print("This machine is in no network now; the class's address holds once it is.\n")
        return socket.gethostname()


def _is_one(address: str) -> bool:
    return not ipaddress.ip_address(address).is_unspecified


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address("127.0.0.1" if text == "localhost" else text))
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no address, such as {EVERY_ADDRESS}") from None


def _port(text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise ArgumentTypeError(f"{text!r} must be a number from 1 to 65535")
