"""Which files of a hub repository make up a data set, and where they lie once they are here.

They stay in the cache of the hub's own tools. Beside them a list says what was fetched and checked;
without it nothing is read, so a data set is here whole or not at all.

>>> files = ["plain_text/train-00000-of-00001.parquet", "plain_text/test-00000-of-00001.parquet"]
>>> configs_of(files)["plain_text"].test
('plain_text/test-00000-of-00001.parquet',)
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from tlcore.catalog.weight_files import hub_cache
from tlcore.data.layout import TEST, TRAIN, VALIDATION
from tlcore.errors import DataError, DataMissing
from tlcore.files import written_whole

_SHARD = re.compile(r"(?P<split>.+?)(?:-(?P<number>\d{5})-of-(?P<of>\d{5}))?(?:-[0-9a-f]{16})?")
_NUMBERED = re.compile(r"\d{4,5}")
_NAMED = 8  # parts of a data set that a sentence lists


@dataclass(frozen=True)
class Sides:
    """The files of one configuration.

    Attributes:
        train: What may be learned from.
        test: What is only tested on; empty where the data set brings none.
        notes: What a person should know of it.
    """

    train: tuple[str, ...]
    test: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.train, *self.test)


@dataclass(frozen=True)
class Fetched:
    """A file that was fetched and checked.

    Attributes:
        path: Its name in the repository.
        bytes: Its size.
        sha256: Of its content.
    """

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Found:
    """A data set that is here, whole.

    Attributes:
        repo: Its name on the hub.
        revision: Its commit.
        config: Which configuration.
        licence: As its page states it; empty where it states none.
        files: All that was fetched.
    """

    repo: str
    revision: str
    config: str
    licence: str
    files: tuple[Fetched, ...]

    @property
    def folder(self) -> Path:
        """Where the files lie."""
        return snapshot(self.repo, self.revision)

    @property
    def sides(self) -> Sides:
        """Which files are for what."""
        return configs_of([file.path for file in self.files])[self.config]

    @property
    def readme(self) -> str:
        """What its page says; empty where there is none."""
        with suppress(OSError):
            return (self.folder / "README.md").read_text(encoding="utf-8", errors="replace")
        return ""


def cache_of(repo: str) -> Path:
    """The folder of a data set among the files of the hub's own tools."""
    return hub_cache() / f"datasets--{repo.replace('/', '--')}"


def snapshot(repo: str, revision: str) -> Path:
    """Where the hub's own tools lay the files of a commit."""
    return cache_of(repo) / "snapshots" / revision


def places_of(repo: str) -> list[Path]:
    """The folders whose dates tell whether something of a data set came or went."""
    whole, kept = cache_of(repo) / "whole", cache_of(repo) / "snapshots"
    return [kept, whole, *(sorted(whole.iterdir()) if whole.is_dir() else ())]


def find(repo: str, revision: str = "", config: str = "") -> Found | None:
    """The data set, if it was fetched whole and still is.

    Args:
        repo: Its name on the hub.
        revision: Its commit; without one, the one that was fetched last.
        config: Which configuration; without one, the only one.
    """
    lists = (cache_of(repo) / "whole").glob(f"{revision or '*'}/*.json")
    dated = sorted(((_changed(path), path) for path in lists), reverse=True)
    here = [found for _, path in dated if (found := _read(path)) and _is_there(found)]
    fitting = [found for found in here if config in ("", found.config)]
    same = {found.config for found in fitting if found.revision == fitting[0].revision}
    if len(same) > 1:
        raise which_config(sorted(same))
    return fitting[0] if fitting else None


def found_or_missing(repo: str, revision: str, config: str) -> Found:
    """The data set, or a `DataMissing` that says how to get it."""
    if (found := find(repo, revision, config)) is not None:
        return found
    raise DataMissing(f"{repo} is not on this machine", remedy=remedy(repo, revision))


def remedy(repo: str, revision: str = "") -> str:
    """What to do where it is missing."""
    pinned = f" --revision {revision}" if revision else ""
    return f"Get it from the hub: python -m tlcore get {repo}{pinned}"


def keep(found: Found) -> None:
    """Say that a data set is here, after its last file was checked."""
    place = cache_of(found.repo) / "whole" / found.revision
    name = re.sub(r"[^\w-]", "_", found.config) or "default"
    with written_whole(place / f"{name}.json") as draft:
        draft.write_text(json.dumps(asdict(found)), encoding="utf-8")


def _changed(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _read(path: Path) -> Found | None:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        files = tuple(Fetched(**file) for file in fields.pop("files"))
        return Found(**fields, files=files)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _is_there(found: Found) -> bool:
    """Whether nobody has tidied the files away."""
    try:
        return all((found.folder / f.path).stat().st_size == f.bytes for f in found.files)
    except OSError:
        return False


def configs_of(files: Sequence[str]) -> Mapping[str, Sides]:
    """The parquet files by configuration and side.

    Two ways of naming them are in use: `CONFIG/train-00000-of-00002.parquet`, and
    `CONFIG/train/0000.parquet` where the hub has converted a data set.
    """
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for file in sorted(files):
        path = PurePosixPath(file)
        if path.suffix != ".parquet" or path.name.startswith("."):
            continue
        if _NUMBERED.fullmatch(path.stem) and len(path.parts) > 1:
            split, folders = path.parts[-2].removeprefix("partial-"), path.parts[:-2]
        else:
            match = _SHARD.fullmatch(path.stem)
            split, folders = (match["split"] if match else path.stem), path.parts[:-1]
        config = folders[-1] if folders and folders[-1] != "data" else "default"
        found[config][split].append(file)
    return {config: _sides(splits) for config, splits in found.items()}


def chosen(configs: Mapping[str, Sides], config: str, repo: str) -> str:
    """The configuration that is meant.

    Raises:
        DataError: There is none, or one has to be named.
    """
    if not configs:
        what = f"{repo} has no parquet files, so the lab can't read it"
        raise DataError(what, remedy="Choose another data set, or bring its pictures as a zip.")
    if config in configs or (not config and len(configs) == 1):
        return config or next(iter(configs))
    raise which_config(sorted(configs), config)


def which_config(configs: Sequence[str], named: str = "") -> DataError:
    """Several parts to choose from, and none was named that there is."""
    more = f" and {len(configs) - _NAMED} more" if len(configs) > _NAMED else ""
    listed = ", ".join(configs[:_NAMED]) + more
    what = f"There is no part {named!r}" if named else f"It is offered in {len(configs)} parts"
    return DataError(what, where="data.config", remedy=f"Name one of these: {listed}.")


def _sides(splits: Mapping[str, list[str]]) -> Sides:
    """As with folders: what is for validation joins the training side, unless nothing else could
    be the test set."""
    train, test, validation = (_of(splits, names) for names in (TRAIN, TEST, VALIDATION))
    unused = sorted(s for s in splits if s.casefold() not in TRAIN | TEST | VALIDATION)
    other = [file for split in unused for file in splits[split]]
    notes = []
    if not train:
        train, test, validation, other = other or validation or test, [], [], []
    if not test:
        test, validation = validation, []
    if validation:
        notes.append(
            "The pictures for validation joined the training pictures, of which the recipe's "
            "validation share is set aside."
        )
    if other:
        notes.append(f"Not used, for it is neither for training nor for tests: {unused[0]}.")
    return Sides((*train, *validation), tuple(test), tuple(notes))


def _of(splits: Mapping[str, list[str]], names: set[str]) -> list[str]:
    return [file for split, files in splits.items() if split.casefold() in names for file in files]


def incomplete(files: Sequence[str]) -> str:
    """The first file that a name such as `train-00000-of-00002` promises and that is not among
    them; empty if all are."""
    for file in files:
        match = _SHARD.fullmatch(PurePosixPath(file).stem)
        if match and match["of"]:
            for number in range(int(match["of"])):
                other = file.replace(f"-{match['number']}-of-", f"-{number:05d}-of-")
                if other not in files:
                    return other
    return ""
