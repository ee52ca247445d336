"""Whether the image would work, where none can be built: `python bench/hosting.py`.

The steps of the Dockerfile, read from it, done in a fresh folder by an account without rights: the
files that it copies and no others, its variables and no others, its requirements, its command and
its health check. Then a real browser comes in as a visitor and has the demo trained.

Installing torch again takes minutes and gigabytes: `--environment .venv` uses what is installed
there, and says so. Whoever isn't root does it all under their own account.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
USER = 1000
_SECRET = "a key of the host's that no worker may have"


def steps(dockerfile: Path) -> list[tuple[str, str]]:
    """Its instructions, each in one line, without comments."""
    text = re.sub(r"^\s*#.*\n", "", dockerfile.read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    parts = (line.strip().split(None, 1) for line in lines if line.strip())
    return [(name, rest) for name, rest in parts]


def copied(dockerfile: Path) -> Iterator[str]:
    """What it takes along from here."""
    for name, rest in steps(dockerfile):
        if name == "COPY":
            yield from [word for word in shlex.split(rest) if not word.startswith("--")][:-1]


def variables(dockerfile: Path) -> dict[str, str]:
    """What its processes find in their environment."""
    found = [shlex.split(rest) for name, rest in steps(dockerfile) if name == "ENV"]
    return dict(pair.split("=", 1) for words in found for pair in words)


def command(dockerfile: Path, name: str) -> list[str]:
    """What `CMD` or `HEALTHCHECK` runs."""
    (rest,) = [rest for each, rest in steps(dockerfile) if each == name]
    return [str(word) for word in json.loads(rest[rest.index("[") :])]


def lay_out(folder: Path, user: int) -> Path:
    """The files that the image would have, and an empty home; both are the account's own."""
    app, home = folder / "app", folder / "lab"
    app.mkdir()
    home.mkdir()
    for name in copied(PROJECT / "Dockerfile"):
        source, target = PROJECT / name, app / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user, user, follow_symlinks=False)
    return app


def install(app: Path, given: str, index: str, user: int) -> None:
    """The libraries, as the Dockerfile installs them, or what is there already."""
    if given:
        (app / ".venv").symlink_to(Path(given).absolute())
        say(f"libraries: not installed anew; those of {given} are used")
        return
    (script,) = [rest for name, rest in steps(PROJECT / "Dockerfile") if "venv" in rest]
    environment = {"PATH": f"{app}/.venv/bin:/usr/local/bin:/usr/bin:/bin", "HOME": str(app.parent),
                   "TORCH_INDEX": index}  # fmt: skip
    script = script.replace("python -m venv", f"{sys.executable} -m venv", 1)
    subprocess.run(as_account(["sh", "-c", script], user), cwd=app, env=environment, check=True)
    say(f"libraries: installed by their sums{f', torch from {index}' if index else ''}")


def as_account(words: Sequence[str], user: int, given: str = "") -> list[str]:
    """A command under an account without rights; as ourselves, if we may not choose.

    An environment that is used again may lie where that account can't look: then it gets the right
    to read, and no other.
    """
    if os.geteuid() != 0:
        return list(words)
    plain = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs"]
    python = str((Path(given) / "bin" / "python").resolve()) if given else "/"
    if subprocess.run([*plain, "ls", python], capture_output=True).returncode == 0:
        return [*plain, "--bounding-set=-all", *words]
    say(f"account {user} may read what lies where it can't look, and do nothing else there")
    sets = ("inh-caps=-all,", "ambient-caps=-all,", "bounding-set=-all,")
    return [*plain, *(f"--{each}+dac_read_search" for each in sets), *words]


def surroundings(folder: Path) -> dict[str, str]:
    """The image's variables with this folder's paths, and a secret that must stay in the server."""
    app = folder / "app"
    path = f"{app}/.venv/bin:/usr/local/bin:/usr/bin:/bin"
    given = variables(PROJECT / "Dockerfile")
    return {**given, "PATH": path, "HOME": str(folder), "TL_HOME": str(folder / "lab"),
            "HF_TOKEN": _SECRET, "HF_HUB_OFFLINE": "1"}  # fmt: skip


@contextmanager
def served(folder: Path, port: int, user: int, given: str) -> Iterator[subprocess.Popen[bytes]]:
    """The image's command; in the end it and all that it started are gone."""
    words = [*command(PROJECT / "Dockerfile", "CMD"), "--port", str(port)]
    environment = surroundings(folder)
    program = [f"{folder}/app/.venv/bin/python", *words[1:]]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            as_account(program, user, given), cwd=folder / "app", env=environment,
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        for pid in (process.pid, *(pid for pid, _ in ours(folder))):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()


def ours(folder: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Every process of this lab, with what it has in its environment."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "environ").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        found = dict(word.split("=", 1) for word in words if "=" in word)
        if found.get("TL_HOME") == str(folder / "lab"):
            yield int(process.name), found


def wait_until_healthy(folder: Path, port: int, patience: float = 240.0) -> None:
    """By the image's own health check."""
    check = command(PROJECT / "Dockerfile", "HEALTHCHECK")
    words = [word.replace(":8501", f":{port}") for word in check]
    end = time.monotonic() + patience
    while subprocess.run([sys.executable, *words[1:]], capture_output=True).returncode:
        if time.monotonic() > end:
            raise SystemExit(f"It never became healthy:\n{(folder / 'log').read_text()}")
        time.sleep(1)


def train_the_demo(port: int, patience: float) -> str:
    """As a visitor does: open the first page, press its button, wait for both runs' outcome."""
    from playwright.sync_api import sync_playwright

    from tlcore.doctor import BROWSERS

    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(patience * 1000)
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_role("button", name="Train both").click()
        page.get_by_text("95 % interval of the difference").wait_for()
        verdict = page.get_by_role("heading", level=3).all_inner_texts()
        ended = page.locator(".live .words").all_inner_texts()
        browser.close()
    return " | ".join((*verdict, *ended))


def say(words: str) -> None:
    """A line of the log, with the time."""
    print(f"{time.strftime('%H:%M:%S')}  {words}", flush=True)


def main() -> int:
    """Do all of it; 1 if something is not as the image promises."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--environment", default="", help="use the libraries of this .venv")
    parser.add_argument("--index", default="", help="where torch comes from (TORCH_INDEX)")
    parser.add_argument("--port", type=int, default=18501)
    parser.add_argument("--patience", type=float, default=400.0, help="seconds for the demo")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="thaw-image-") as name:
        folder = Path(name)
        app = lay_out(folder, USER)
        before = {path: path.stat().st_mtime_ns for path in app.rglob("*") if path.is_file()}
        say(f"laid out: {len(before)} files, {sum(p.stat().st_size for p in before) / 1e6:.1f} MB")
        install(app, given.environment, given.index, USER)
        with served(folder, given.port, USER, given.environment) as process:
            wait_until_healthy(folder, given.port)
            who = Path(f"/proc/{process.pid}").stat().st_uid
            say(f"healthy, by the image's own check; account {who}")
            say(f"the demo, in a browser: {train_the_demo(given.port, given.patience)}")
            workers = [found for pid, found in ours(folder) if pid != process.pid]
            secrets = {"HF_TOKEN", "TL_OWNER_TOKEN"}
            leaked = [found for found in workers if secrets & found.keys()]
            say(f"processes beside the server: {len(workers)}, with a secret of its: {len(leaked)}")
        changed = [path for path in before if path.stat().st_mtime_ns != before[path]]
        rights = oct((folder / "lab").stat().st_mode & 0o777)
        say(f"files of the image changed meanwhile: {len(changed)}; rights of the home: {rights}")
        return 1 if leaked or changed or not workers or rights != "0o700" else 0


if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))
    sys.exit(main())
