"""A visitor without manners beside another who works: `python bench/rude.py --seconds 600`.

A lab open to anybody is served. One visitor trains a run and looks at the page Runs; another one
does at once all that could fill the lab: new keys, large files into memory, runs asked for and
deleted, imports, uploads, and pictures decoded at every size. Told is what the first one noticed:
how long a page took (p95), whether the run finished, what disk and memory of the server came to.
The exit code is 1 if a page took a second, the run did not finish, or a budget was broken.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import random
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # `python bench/rude.py`
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["TL_PUBLIC"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"

from PIL import Image
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string
from websockets import Subprotocol
from websockets.asyncio.client import ClientConnection, connect

from bench.watching import percentile
from tests.browser.conftest import Lab
from tlcore.data.cache import PUBLIC_BYTES
from tlcore.data.load import open_dataset
from tlcore.data.upload import Handed, keep_upload
from tlcore.data.upload_limits import PUBLIC
from tlcore.errors import ThawError
from tlcore.recipe import Data, Input, Recipe
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.owners import GIGABYTE, LOCAL, Owner, Rules, anonymous, known_by
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.strays import size_of
from tlcore.runs.visits import signed_key

MOST_MEMORY = 600 * 10**6
LOOKS_EVERY = 1.0
TOKEN = generate_xsrf_token_string()
"""Of a page, which a browser would be given."""


def main(words: list[str]) -> int:
    """Serve, let both at it for so long, and tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    seconds = parser.parse_args(words).seconds
    with tempfile.TemporaryDirectory(prefix="thaw-rude-", ignore_cleanup_errors=True) as folder:
        os.environ["TL_HOME"] = f"{folder}/home"
        lab = Lab(Path(folder) / "home")
        try:
            return asyncio.run(_both(lab, seconds))
        finally:
            lab.close()


async def _both(lab: Lab, seconds: float) -> int:
    store = RunStore(lab.home)
    store.set_rules(Rules(**{**vars(store.rules()), "free_bytes": GIGABYTE}), by=LOCAL)
    key, over = signed_key(lab.home), threading.Event()
    run = store.submit(Recipe(epochs=3), by=known_by(key)).id
    ensure_dispatcher(lab.home)
    done: Counter[str] = Counter()
    acts = (_knock, _fill_memory, _ask_for_runs, _hand_in, _decode)
    with ThreadPoolExecutor(len(acts) + 1) as pool:
        rude = [pool.submit(act, lab, store, anonymous(), over, done) for act in acts]
        memory = pool.submit(_peak, lab, over)
        pages = await _look(lab, key, run, seconds)
        over.set()
        for each in rude:
            each.result()
    state = await asyncio.to_thread(_end_of, store, run)
    return _tell(lab, pages, state, memory.result(), done)


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
    async with _page(lab, f"thaw={key}") as session:
        await _drawn(session, run)
        while time.monotonic() < end:
            took.append((await _drawn(session, run))[0])
            await asyncio.sleep(LOOKS_EVERY)
    return took


def _page(lab: Lab, cookies: str) -> connect:
    """What a browser opens for a page: a socket of Streamlit's."""
    return connect(
        f"ws{lab.url.removeprefix('http')}/_stcore/stream",
        subprotocols=[Subprotocol("streamlit")],
        max_size=None,
        additional_headers={"Cookie": cookies, "Origin": lab.url},
    )


async def _drawn(session: ClientConnection, run: str) -> tuple[float, str]:
    """Seconds until all of a page has come, and the name of the session."""
    wanted, name = BackMsg(), ""
    wanted.rerun_script.query_string, wanted.rerun_script.page_name = f"run={run}", "runs"
    began = time.monotonic()
    await session.send(wanted.SerializeToString())
    while True:
        message = ForwardMsg()
        content = await session.recv()
        message.ParseFromString(content if isinstance(content, bytes) else content.encode())
        if message.WhichOneof("type") == "new_session":
            name = message.new_session.initialize.session_id or name
        if message.WhichOneof("type") == "script_finished":
            return time.monotonic() - began, name


def _knock(lab: Lab, store: RunStore, me: Owner, over: threading.Event, done: Counter[str]) -> None:
    """Ask for the page without a key, as often as it goes."""
    while not over.wait(0.05):
        done[f"new keys: {_status(f'{lab.url}/')}"] += 1


def _fill_memory(
    lab: Lab, store: RunStore, me: Owner, over: threading.Event, done: Counter[str]
) -> None:
    """Put files of 48 MB into the upload box of a page of one's own."""

    async def fill() -> None:
        key = signed_key(lab.home)
        async with _page(lab, f"thaw={key}; _streamlit_xsrf={TOKEN}") as session:
            _, name = await _drawn(session, "")
            number = 0
            while not over.is_set():
                path = f"{lab.url}/_stcore/upload_file/{name}/{number}"
                status = await asyncio.to_thread(_put, path, key, lab.url)
                done[f"48 MB into memory: {status}"] += 1
                number += 1
                await asyncio.sleep(0.5)

    asyncio.run(fill())


def _put(path: str, key: str, origin: str) -> int:
    line = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.zip"\r\n\r\n'
    body = line + bytes(48 * 10**6) + b"\r\n--b--\r\n"
    head = {"Content-Type": "multipart/form-data; boundary=b", "Origin": origin,
            "Cookie": f"thaw={key}; _streamlit_xsrf={TOKEN}", "X-Xsrftoken": TOKEN}  # fmt: skip
    return _status(urllib.request.Request(path, body, head, method="PUT"))


def _status(asked: str | urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _ask_for_runs(
    lab: Lab, store: RunStore, me: Owner, over: threading.Event, done: Counter[str]
) -> None:
    """Ask for a run, cancel it, delete it, forget it, and ask for the next."""
    while not over.wait(0.02):
        try:
            run = store.submit(Recipe(), by=me).id
            store.ask(run, "cancel", by=me)
            store.delete(run, by=me)
            done["runs taken"] += 1
        except ThawError:
            done["runs refused"] += 1


def _hand_in(
    lab: Lab, store: RunStore, me: Owner, over: threading.Event, done: Counter[str]
) -> None:
    """Hand in large pictures, other ones each time."""
    dice = random.Random(0)
    while not over.wait(0.2):
        snaps = [Handed("x.png", _noise(dice, 700), label=name) for name in ("cats", "dogs")]
        try:
            keep_upload(snaps, by=me)
            done["uploads taken"] += 1
        except ThawError:
            done["uploads refused"] += 1


def _noise(dice: random.Random, side: int) -> bytes:
    file = io.BytesIO()
    Image.frombytes("RGB", (side, side), dice.randbytes(3 * side * side)).save(file, "PNG")
    return file.getvalue()


def _decode(
    lab: Lab, store: RunStore, me: Owner, over: threading.Event, done: Counter[str]
) -> None:
    """Have the same pictures decoded at one size after the other."""
    small = [Image.new("RGB", (8, 8), (n % 256, n // 256, 0)) for n in range(200)]
    files = []
    for number, image in enumerate(small):
        file = io.BytesIO()
        image.save(file, "PNG")
        files.append(Handed(f"{number}.png", file.getvalue(), label=f"c{number % 2}"))
    upload = keep_upload(files, by=anonymous())
    for size in range(1024, 32, -1):
        if over.is_set():
            return
        try:
            open_dataset(Data(name="folder", path=upload.path), Input(size=size, resize="batch"))
            done["sizes decoded"] += 1
        except ThawError:
            done["sizes refused"] += 1


def _peak(lab: Lab, over: threading.Event) -> int:
    """The most bytes that the server had in memory of its own."""
    most = 0
    while not over.wait(0.5):
        status = Path(f"/proc/{lab.process.pid}/status").read_text()
        most = max(most, int(status.partition("RssAnon:")[2].split()[0]) * 1024)
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
