"""Disks of our own to fill or to cut the power of, in a namespace where nobody else sees them."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.faulting.rows import NotHere
from bench.faulting.trees import PROJECT

_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
_WITHOUT_LOG = 2  # nothing that is still in memory reaches the disk


def in_a_namespace(module: str, *words: object, seconds: float) -> Any:
    """Run a module with mounts of its own, and give the JSON that it prints last."""
    if os.geteuid():
        raise NotHere("only root may mount a disk")
    if not (unshare := shutil.which("unshare")):
        raise NotHere("there is no `unshare`")
    command = [unshare, "--mount", "--propagation", "private", sys.executable, "-m", module]
    done = subprocess.run(
        [*command, *map(str, words)],
        cwd=PROJECT, capture_output=True, text=True, check=False, timeout=seconds,
    )  # fmt: skip
    if "Operation not permitted" in done.stderr or "failed to setup loop" in done.stderr:
        raise NotHere(f"the system refuses: {done.stderr.strip().splitlines()[-1][:150]}")
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-600:])
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk in memory that is soon full."""
    folder.mkdir(parents=True, exist_ok=True)
    _do("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        _do("umount", "-l", str(folder))


class Disk:
    """An ext4 file system in a file, whose power can be cut."""

    def __init__(self, image: Path, folder: Path, megabytes: int) -> None:
        self.image, self.folder = image, folder
        folder.mkdir(parents=True, exist_ok=True)
        with image.open("wb") as file:
            file.truncate(megabytes * 2**20)
        _do("mkfs.ext4", "-q", "-F", str(image))

    def mount(self) -> None:
        """As after a reboot: what the journal holds is put right."""
        _do("mount", "-o", "loop", str(self.image), str(self.folder))

    def cut(self) -> None:
        """From now on nothing more reaches the disk, not even what was written before."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _WITHOUT_LOG))
        finally:
            os.close(descriptor)

    def unmount(self) -> None:
        """Let go of it; all that was only in memory is gone."""
        _do("umount", str(self.folder))


def fill(folder: Path, *, leave: int = 0) -> Path:
    """Fill a disk to the last byte but a few."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"\xff" * 4096):
                pass
        except OSError:
            pass
        if leave:
            file.truncate(max(0, file.tell() - leave))
    return ballast


def _do(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr.strip()}")
