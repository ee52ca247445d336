"""Putting a network on the hub: what would go, and sending it.

The token is the one of the hub's own tools (`HF_TOKEN`, or `hf auth login`); nobody is asked for it
here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tlcore.access import is_public
from tlcore.errors import FetchError
from tlcore.export.hub_card import FILE as PAGE
from tlcore.hub import faults
from tlcore.hub.things import Thing


@dataclass(frozen=True)
class Parcel:
    """What would go.

    Attributes:
        repo: Where to, as owner/name.
        folder: Where the files lie, as they will on the hub.
        files: Their names and bytes.
    """

    repo: str
    folder: Path
    files: Mapping[str, int]

    @property
    def page(self) -> str:
        """The page as people will see it."""
        return (self.folder / PAGE).read_text(encoding="utf-8")


def check_name(repo: str) -> None:
    """Refuse what is no name on the hub, and labs that anybody may enter.

    Raises:
        FetchError: With what to do.
    """
    if is_public():
        remedy = "Ship the network, and publish it from a lab of your own."
        raise FetchError("A lab that is open to anybody publishes nothing", remedy=remedy)
    if not re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]{0,95}", repo):
        raise FetchError(f"{repo[:100]!r} is no name on the hub", remedy="Write it as owner/name.")


def arranged(shipped: Path, repo: str) -> Parcel:
    """Lay a shipped folder out as the hub's tools expect it: timm's files at the top, the ONNX file
    in `onnx/`."""
    timm = shipped / "timm"
    if timm.is_dir():
        for each in timm.iterdir():
            each.rename(shipped / each.name)
        timm.rmdir()
    onnx = shipped / "onnx"
    onnx.mkdir()
    for name in ("model.onnx", "model-int8.onnx", "predict.py", "labels.json", "requirements.txt"):
        if (shipped / name).exists():
            (shipped / name).rename(onnx / name)
    files = {each.relative_to(shipped).as_posix(): each.stat().st_size
             for each in sorted(shipped.rglob("*")) if each.is_file()}  # fmt: skip
    return Parcel(repo, shipped, files)


def send(parcel: Parcel, *, private: bool = False) -> str:
    """Make the repository if there is none, and put all files there; gives its address.

    Raises:
        FetchError: The hub refuses, or is out of reach.
    """
    thing = Thing("model", parcel.repo, parcel.repo, parcel.repo)
    with faults.explained(thing):
        if (os.environ.get("HF_HUB_OFFLINE") or "0").upper() not in ("0", "OFF", "NO", "FALSE"):
            raise faults.offline()
        from huggingface_hub import HfApi, get_token

        if not get_token():
            raise FetchError(
                "Publishing needs a token of the hub",
                remedy="Set HF_TOKEN to one that may write, or run: hf auth login",
            )
        hub = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)
        address = hub.create_repo(parcel.repo, exist_ok=True, private=private)
        hub.upload_folder(
            repo_id=parcel.repo, folder_path=parcel.folder, commit_message="Trained with Thaw"
        )
        return str(address)
