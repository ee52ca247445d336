"""A visitor without manners beside another who works: `python bench/rude.py --seconds 600`.

A lab open to anybody is served. One visitor trains a run and looks at the page Runs; another one,
with one key and all that a browser can do over the network, does at once all that could fill the
lab: new keys, large files into memory, runs asked for and deleted for good, uploads, imports (sound
ones and much too long ones), pictures decoded at every size, and maps drawn in the background. Told
is what the first one noticed, alone and then beside the other: how long a page took (p95), whether
the run finished, what disk and memory of the server came to. The exit code is 1 if a page took a
second, the run did not finish, or a budget was broken.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import random
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import TypeAlias
from urllib.parse import parse_qs

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # `python bench/rude.py`
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["TL_PUBLIC"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"

from PIL import Image
from streamlit.proto.Common_pb2 import FileURLs
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from bench.support.archives import finished, put_together, taken_apart
from bench.tab import TOKEN, Tab, opened
from bench.watching import percentile
from tests.browser.conftest import Lab
from tlcore.access import GIGABYTE, LOCAL, Owner, Rules, known_by
from tlcore.data.cache import PUBLIC_BYTES
from tlcore.data.uploads.limits import PUBLIC
from tlcore.recipe import Data, Input, Recipe, Shapes
from tlcore.runs.archive import MOST_LINES
from tlcore.runs.artifacts import size_of
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.transfer import export_run
from tlcore.runs.visits import signed_key
from tlcore.ui.shared.draft import packed, unpacked

MOST_MEMORY = 600 * 10**6
LOOKS_EVERY = 1.0
PATIENCE = 120.0
"""Seconds that an act may take."""

Act: TypeAlias = "Callable[[Lab, Tab, Counter[str]], Awaitable[None]]"


def main(words: list[str]) -> int:
    """Serve, let both at it for so long, and tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--alone", type=float, default=60.0, help="seconds before the rude one")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="thaw-rude-", ignore_cleanup_errors=True) as folder:
        os.environ["TL_HOME"] = f"{folder}/home"
        lab = Lab(Path(folder) / "home")
        try:
            return asyncio.run(_both(lab, given.alone, given.seconds))
        finally:
            lab.close()


async def _both(lab: Lab, before: float, seconds: float) -> int:
    store = RunStore(lab.home)
    store.set_rules(Rules(**{**vars(store.rules()), "free_bytes": GIGABYTE}), by=LOCAL)
    key, rude_key, over = signed_key(lab.home), signed_key(lab.home), asyncio.Event()
    run = store.submit(Recipe(epochs=3), by=known_by(key)).id
    ensure_dispatcher(lab.home)
    done: Counter[str] = Counter()
    alone = await _look(lab, key, run, before)
    acts = [asyncio.create_task(_again(act, lab, rude_key, over, done)) for act in ACTS]
    memory = asyncio.create_task(_peak(lab, over))
    pages = await _look(lab, key, run, seconds)
    over.set()
    await asyncio.gather(*acts)
    state = await asyncio.to_thread(_end_of, store, run)
    _count_left(store, known_by(rude_key), done)
    print(
        f"alone, before the rude one came: {len(alone)} pages, p95 {percentile(alone, 0.95):.2f} s"
    )
    return _tell(lab, pages, state, await memory, done)


async def _again(act: Act, lab: Lab, key: str, over: asyncio.Event, done: Counter[str]) -> None:
    """Do it without a pause; whoever is thrown out comes in again."""
    while not over.is_set():
        try:
            async with opened(lab.url, key) as tab:
                while not over.is_set():
                    await asyncio.wait_for(act(lab, tab, done), PATIENCE)
        except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed) as error:
            done[f"{act.__name__.strip('_')}: {type(error).__name__}"] += 1
            await asyncio.sleep(1)


def _count_left(store: RunStore, owner: Owner, done: Counter[str]) -> None:
    usage = store.usage(by=owner)
    done["runs of theirs in the end"] = usage.runs
    done["megabytes of their runs in the end"] = usage.bytes // 10**6


def _tell(lab: Lab, pages: list[float], state: State, memory: int, done: Counter[str]) -> int:
    decoded, uploads = (size_of(lab.home / name) for name in ("cache/data", "uploads"))
    slowest = percentile(pages, 0.95)
    print(f"the other's pages: {len(pages)}, p95 {slowest:.2f} s; the run: {state}")
    print(
        f"decoded {decoded / 1e6:.0f} MB, uploads {uploads / 1e6:.0f} MB, "
        f"runs {size_of(lab.home / 'runs') / 1e6:.0f} MB; server at most {memory / 1e6:.0f} MB"
    )
    print("what the rude one did:", ", ".join(f"{n:,} {what}" for what, n in sorted(done.items())))
    kept = decoded <= PUBLIC_BYTES and uploads <= PUBLIC.total_bytes and memory <= MOST_MEMORY
    return 0 if slowest < 1.0 and state == State.FINISHED and kept else 1


async def _look(lab: Lab, key: str, run: str, seconds: float) -> list[float]:
    """Somebody with a key of their own looks at their run, again and again."""
    took, end = [], time.monotonic() + seconds
    async with opened(lab.url, key) as tab:
        await tab.show("runs", run=run)
        while time.monotonic() < end:
            took.append(await tab.show("runs", run=run))
            await asyncio.sleep(LOOKS_EVERY)
    return took


async def _knock(lab: Lab, tab: Tab, done: Counter[str]) -> None:
    """Ask for the page without a key."""
    done[f"new keys: {await asyncio.to_thread(_status, f'{lab.url}/')}"] += 1
    await asyncio.sleep(0.05)


async def _fill_memory(lab: Lab, tab: Tab, done: Counter[str]) -> None:
    """Put files of 48 MB where a box for files would have them put."""
    if not tab.session:
        await tab.show("runs")
    place = await tab.place_for("x.zip")
    status = await asyncio.to_thread(_put, tab, place, "x.zip", bytes(48 * 10**6))
    done[f"48 MB into memory: {status or 'cut off'}"] += 1
    await asyncio.sleep(0.5)


async def _ask_for_runs(lab: Lab, tab: Tab, done: Counter[str]) -> None:
    """Ask for a run, cancel it, delete it, empty the bin."""
    await tab.show("train")
    await tab.press("train")
    asked = await tab.press("Cancel")
    done["runs taken" if asked else "runs refused"] += 1
    if await tab.press("Delete"):
        done["runs deleted"] += 1
    await tab.choose("which runs", "Bin")
    if await tab.press("Delete them for good"):
        done["bins emptied"] += 1


async def _hand_in(lab: Lab, tab: Tab, done: Counter[str]) -> None:
    """Hand in a zip of large pictures, other ones each time."""
    await _to_the_zip(tab)
    kept = await _given(tab, _boxes(tab, "box A zip"), "pets.zip", _zip(700)) and await tab.press(
        "Keep this zip"
    )
    told = any(words.startswith("Kept ") for words in tab.words)
    done["uploads kept" if kept and told else "uploads refused"] += 1


async def _take_in(lab: Lab, tab: Tab, done: Counter[str]) -> None:
    """Have a run taken in; every other one has many more lines than any run."""
    await tab.show("runs")
    long = done["imports tried"] % 2 == 1
    done["imports tried"] += 1
    given = await _given(tab, _boxes(tab, "run as a file"), "run.thaw", _parcel(long=long))
    before = tab.query
    await tab.press("Take it in")
    taken = given and tab.query != before  # which names the run that was taken in
    done[f"{'long' if long else 'sound'} imports {'taken' if taken else 'refused'}"] += 1


async def _decode(lab: Lab, tab: Tab, done: Counter[str]) -> None:
    """Have the same pictures decoded at one size after the other."""
    if not (path := _UPLOADS.get(tab.key)):
        await _to_the_zip(tab)
        await _given(tab, _boxes(tab, "box A zip"), "small.zip", _zip(8, count=100))
        await tab.press("Keep this zip")
        recipe = parse_qs(tab.query).get("recipe", [""])[0]
        path = _UPLOADS[tab.key] = (
            unpacked(recipe).get("data", {}).get("path", "") if recipe else ""
        )
        if not path:
            done["nothing to decode"] += 1
            await asyncio.sleep(1)
            return
    size = 1024 - done["sizes asked for"] % 900
    done["sizes asked for"] += 1
    wanted = Recipe(data=Data(name="folder", path=path), input=Input(size=size, resize="batch"))
    await tab.show("data", recipe=packed(wanted))


async def _draw_maps(lab: Lab, tab: Tab, done: Counter[str]) -> None:
    """Have a run trained, and maps of it drawn, again and again."""
    if tab.key not in _RUNS:
        small = Recipe(epochs=1, data=Data(shapes=Shapes(per_class=20)))
        await tab.show("train", recipe=packed(small))
        await tab.press("train")
        if run := parse_qs(tab.query).get("run", [""])[0]:
            _RUNS[tab.key] = run
        await asyncio.sleep(2)
        return
    await tab.show("results", run=_RUNS[tab.key], part="More", more="Map")
    pressed = await tab.press("make the map")
    done["maps asked for" if pressed else "maps looked at"] += 1
    if not pressed:
        await asyncio.sleep(1)


ACTS: tuple[Act, ...] = (
    _knock, _fill_memory, _ask_for_runs, _hand_in, _take_in, _decode, _draw_maps,
)  # fmt: skip
_UPLOADS: dict[str, str] = {}
_RUNS: dict[str, str] = {}


async def _to_the_zip(tab: Tab) -> None:
    await tab.show("data")
    await tab.press("choose folder")
    await tab.choose("way", "A zip")


async def _given(tab: Tab, box: str, name: str, content: bytes) -> bool:
    """Put a file into a box, as a browser does; whether it lies there."""
    if box not in tab.widgets:
        return False
    place = await tab.place_for(name)
    if not 200 <= await asyncio.to_thread(_put, tab, place, name, content) < 300:
        return False
    return await tab.hold(box, name, len(content), place)


def _boxes(tab: Tab, begins: str) -> str:
    return next((name for name in tab.widgets if name.startswith(begins)), "")


def _put(tab: Tab, place: FileURLs, name: str, content: bytes) -> int:
    line = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = line.encode() + content + b"\r\n--b--\r\n"
    head = {"Content-Type": "multipart/form-data; boundary=b", "Origin": tab.url,
            "Cookie": f"thaw={tab.key}; _streamlit_xsrf={TOKEN}", "X-Xsrftoken": TOKEN}  # fmt: skip
    return _status(urllib.request.Request(tab.url + place.upload_url, body, head, method="PUT"))


def _status(asked: str | urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:  # it hung up before all was sent
        return 0


_DICE = random.Random(0)


def _zip(side: int, count: int = 2) -> bytes:
    """Noise, in two classes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        for number in range(count):
            picture = io.BytesIO()
            noise = _DICE.randbytes(3 * side * side)
            Image.frombytes("RGB", (side, side), noise).save(picture, "PNG", compress_level=1)
            zipped.writestr(f"{('cats', 'dogs')[number % 2]}/{number}.png", picture.getvalue())
    return file.getvalue()


@cache
def _parcel(*, long: bool) -> bytes:
    """A finished run as a file; a long one has four times as many points as any run."""
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder) / "elsewhere")
        path = export_run(store, finished(store), Path(folder) / "run.thaw", by=LOCAL)
        if long:
            files = taken_apart(path)
            most = MOST_LINES["metrics.jsonl"]
            files["metrics.jsonl"] = b'["x", 0, 0, 0.5, 1.0]\n' * (4 * most)
            path = put_together(Path(folder) / "long.thaw", files)
        return path.read_bytes()


async def _peak(lab: Lab, over: asyncio.Event) -> int:
    """The most bytes that the server had in memory of its own."""
    most = 0
    while not over.is_set():
        status = Path(f"/proc/{lab.process.pid}/status").read_text()
        most = max(most, int(status.partition("RssAnon:")[2].split()[0]) * 1024)
        await asyncio.sleep(0.5)
    return most


def _end_of(store: RunStore, run: str) -> State:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        state = store.get(run, by=LOCAL).state
        if not state.active and state != State.QUEUED:
            return state
        time.sleep(0.5)
    return state


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
