"""Rows 32 and 33: what comes from the network, and what goes there."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bench.faulting.rows import Budget, Outcome, Row
from bench.faulting.trees import PROJECT
from bench.support.hostile.footprint import peak
from bench.support.makers import picture
from tlcore.access import anonymous
from tlcore.data.uploads.files import Handed, disk_use, keep_upload
from tlcore.data.uploads.limits import PUBLIC
from tlcore.errors import DataError

_PLACES = ("{url}", "{url}/model.safetensors", "hf-hub:{host}/x", "hf_hub:timm/{host}", "timm/x")
_MEGABYTES = 300.0


def check_uploads(budget: Budget) -> Outcome:
    """One person hands in 19 MB again and again, where anybody may."""
    os.environ["TL_PUBLIC"] = "1"
    ada, before, kept = anonymous(), peak(), 0
    for number in budget.trials():
        large = picture(number, size=(1800, 1150))
        files = [Handed(f"{i}.png", large[:-1] + bytes([i]), label=f"c{i % 2}") for i in range(3)]
        with suppress(DataError):
            keep_upload(files, by=ada)
            kept += 1
    size, grown = disk_use(by=ada), peak() - before
    broken = [f"{size / 1e6:.0f} MB kept"] * (size > PUBLIC.owner_bytes)
    broken += [f"memory +{grown:.0f} MB"] * (grown > _MEGABYTES)
    most = PUBLIC.owner_bytes / 1e6
    found = (
        f"{kept} kept ({size / 1e6:.0f} MB of {most:.0f} MB), the rest refused; "
        f"memory +{grown:.0f} MB. What the web server itself holds belongs to the pages"
    )
    return Outcome(budget.made, found, tuple(broken))


def check_fetches(budget: Budget) -> Outcome:
    """Addresses in every place of a recipe that could lead to a fetch; a listener counts."""
    with _canary() as (port, hits):
        url, host = f"http://127.0.0.1:{port}", f"127.0.0.1:{port}"
        cases = [place.format(url=url, host=host) for place in _PLACES]
        environment = {
            **os.environ, "HF_ENDPOINT": url, "HTTP_PROXY": url, "HTTPS_PROXY": url,
            "HF_HUB_OFFLINE": "", "HF_HOME": str(budget.folder / "hub"),
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "bench.faulting.reaching", *cases],
            cwd=PROJECT, capture_output=True, text=True, check=False, env=environment, timeout=90,
        )  # fmt: skip
        tried, called = done.stdout.split().count("tried"), len(hits)
        broken = [] if _notices(port, hits) else ["the listener would have noticed nothing"]
    broken += [f"{called} connections"] * bool(called)
    broken += [done.stderr[-300:]] * bool(done.returncode)
    return Outcome(tried, f"{called} connections", tuple(broken))


def _notices(port: int, hits: list[object]) -> bool:
    """Whether the listener hears a call at all."""
    before = len(hits)
    with socket.create_connection(("127.0.0.1", port)):
        time.sleep(0.2)
    return len(hits) > before


@contextmanager
def _canary() -> Iterator[tuple[int, list[object]]]:
    """A listener on loopback that notes whoever calls, and hangs up."""
    hits: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            with suppress(OSError):
                while True:
                    connection, address = server.accept()
                    hits.append(address)
                    connection.close()

        threading.Thread(target=listen, daemon=True).start()
        yield server.getsockname()[1], hits
        server.shutdown(socket.SHUT_RDWR)


ROWS = (
    Row(
        32,
        "uploads without end, by one person",
        "no more than theirs is kept, and memory stays bounded",
        check_uploads,
        full=50,
        quick=5,
    ),
    Row(
        33,
        "addresses where a recipe names a network, weights or pictures",
        "nothing is fetched from them",
        check_fetches,
        full=15,
        quick=15,
        quick_seconds=20,
    ),
)
