"""People who watch runs, without browsers: `python -m bench.watchers URL RUNS PEOPLE SECONDS`.

Each does what a tab on the page Runs does: a session of its own, the chart's questions for new
points of the first run, the list's about the others, and, `clicking`, now and then a rerun of the
page. What they saw is printed as JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

CHART = 0.6
"""Seconds between two questions of a chart, as the route says (`again`)."""

LIST = 2.0
RERUN = 10.0


@dataclass
class Seen:
    """What all of them saw, in seconds.

    Attributes:
        polls: How long the chart waited for each answer.
        lists: How long the list did.
        reruns: How long a rerun of the whole page took.
        first: The same for the very first one, with everything loaded.
        epochs: When an epoch was first seen by each (seconds since 1970), by its number.
        errors: What went wrong.
        processor: Seconds of computing time that watching itself took.
    """

    polls: list[float] = field(default_factory=list)
    lists: list[float] = field(default_factory=list)
    reruns: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    epochs: list[tuple[int, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    processor: float = 0.0


class Line:
    """A connection for questions, kept open and, where the server has closed it, opened again, as
    browsers do."""

    def __init__(self, url: str) -> None:
        self._place = urlsplit(url)
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, path: str) -> Any:
        """An answer as JSON."""
        try:
            return await self._ask(path)
        except (EOFError, ConnectionError):
            self._open = None
            return await self._ask(path)

    async def _ask(self, path: str) -> Any:
        if self._open is None:
            self._open = await asyncio.open_connection(self._place.hostname, self._place.port)
        reader, writer = self._open
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {self._place.netloc}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        body = await reader.readexactly(length)
        if " 200 " not in head.partition("\r\n")[0]:
            raise ValueError(head.partition("\r\n")[0])
        return json.loads(body)


async def main(url: str, runs: list[str], people: int, seconds: float, clicking: bool) -> Seen:
    """Have so many watch for so long."""
    seen = Seen()
    everybody = map(random.Random, range(people))
    await asyncio.gather(*(_watch(url, runs, seconds, seen, dice, clicking) for dice in everybody))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    seen.processor = usage.ru_utime + usage.ru_stime
    return seen


async def _watch(
    url: str, runs: list[str], seconds: float, seen: Seen, dice: random.Random, clicking: bool
) -> None:
    """One of them, for as long as it goes well."""
    run, others = runs[0], ",".join(runs[1:])
    await asyncio.sleep(dice.random() * CHART)
    end = time.monotonic() + seconds
    socket = f"ws{url.removeprefix('http')}/_stcore/stream"
    try:
        async with connect(socket, subprotocols=["streamlit"], max_size=None) as session:  # type: ignore[list-item]
            seen.first.append(await _rerun(session, run))
            await asyncio.gather(
                _watch_chart(url, run, end, seen),
                *([_watch_list(url, others, end, seen)] if others else []),
                *([_watch_page(session, run, end, seen, dice)] if clicking else []),
            )
    except (OSError, EOFError, WebSocketException, LookupError, ValueError) as error:
        seen.errors.append(f"{type(error).__name__}: {error}")


async def _watch_chart(url: str, run: str, end: float, seen: Seen) -> None:
    line, place, known = Line(url), "", -1
    while time.monotonic() < end:
        began = time.monotonic()
        answer = await line.ask(f"/api/runs/points?run={run}&since={place}")
        seen.polls.append(time.monotonic() - began)
        (news,) = answer["runs"]
        if place:  # what was there before is no news
            ends = [point[0] for point in news["curves"].get("train_loss", ())]
            seen.epochs += [(epoch, time.time()) for epoch in ends if epoch > known]
        known = max([known, *(point[0] for point in news["curves"].get("train_loss", ()))])
        place = news["next"]
        await asyncio.sleep(max(CHART, 4 * seen.polls[-1]))


async def _watch_list(url: str, runs: str, end: float, seen: Seen) -> None:
    line = Line(url)
    while time.monotonic() < end:
        await asyncio.sleep(LIST)
        began = time.monotonic()
        await line.ask(f"/api/runs/points?run={runs}&brief=1")
        seen.lists.append(time.monotonic() - began)


async def _watch_page(
    session: ClientConnection, run: str, end: float, seen: Seen, dice: random.Random
) -> None:
    """Somebody clicks something every now and then."""
    await asyncio.sleep(dice.random() * RERUN)
    while time.monotonic() < end:
        seen.reruns.append(await _rerun(session, run))
        await asyncio.sleep(RERUN)


async def _rerun(session: ClientConnection, run: str) -> float:
    """Ask for the page Runs, and wait until all of it has come."""
    wanted = BackMsg()
    wanted.rerun_script.query_string = f"run={run}"
    wanted.rerun_script.page_name = "runs"
    began = time.monotonic()
    await session.send(wanted.SerializeToString())
    while True:
        message = ForwardMsg()
        content = await session.recv()
        message.ParseFromString(content if isinstance(content, bytes) else content.encode())
        if message.WhichOneof("type") == "script_finished":
            return time.monotonic() - began


if __name__ == "__main__":
    address, named, count, length, *more = sys.argv[1:]
    came = asyncio.run(
        main(address, named.split(","), int(count), float(length), clicking="clicking" in more)
    )
    print(json.dumps(asdict(came)))
