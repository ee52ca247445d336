"""A run's network with all that goes along: exported, checked on real pictures, and described."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tlcore.access import Owner
from tlcore.data.load import load
from tlcore.data.pictures import Splits
from tlcore.errors import RunError, ThawError
from tlcore.export import card, hub_card, script
from tlcore.export.facts import Eight, Parity, Shipped, TimmParity, Way
from tlcore.export.licences import inherited
from tlcore.export.script import written_bundle
from tlcore.nn.engine.saved_network import Keepsake, load_network
from tlcore.nn.export import parity, quantise, timm_folder
from tlcore.nn.export.graph import write_graph
from tlcore.nn.export.parity import open_network
from tlcore.recipe.text import to_yaml
from tlcore.report import RunStory, story_of
from tlcore.runs.limits import refuse_unseen
from tlcore.runs.store import RunStore


def ship(
    store: RunStore,
    run: str,
    place: Path,
    *,
    by: Owner,
    int8: Way | None = None,
    for_timm: bool = False,
    tell: Callable[[str], None] = lambda words: None,
) -> Shipped:
    """Write a run's network to a folder, or to a zip if the name ends so.

    Args:
        store: Where the run is.
        run: Its id.
        place: Where to write.
        by: Who asks.
        int8: Whether to write it in eight bits too, and how.
        for_timm: Whether to write a folder that timm reads, too.
        tell: Told what is being done, in a few words each.

    Raises:
        RunError: It hasn't been tested, its network is gone, or its data are not what they were.
        ThawError: It can't be exported, or what was exported answers differently: then nothing is
            left at the place.
    """
    with written_bundle(place) as folder:
        tell("Reading the run and its pictures")
        story, kept = story_of(store, run, by=by), _network(store, run, by)
        refuse_unseen(story.recipe.data, by=store.get(run, by=by).owner)
        splits = load(story.recipe.data, story.recipe.input)
        tell("Writing the network as ONNX")
        checked = _export(folder, story, kept, splits, tell)
        eight = _in_eight_bits(folder, splits, int8, tell) if int8 else None
        tell("Writing the model card")
        _describe(folder, story, checked, eight)
        timm = _for_timm(folder, story, kept, splits, tell) if for_timm else None
        files = {
            each.relative_to(folder).as_posix(): each.stat().st_size
            for each in sorted(folder.rglob("*"))
            if each.is_file()
        }
    return Shipped(place, files, checked, eight, timm)


def fits_timm(store: RunStore, run: str, *, by: Owner) -> bool:
    """Whether timm has a network like the run's."""
    return not timm_folder.why_not(_network(store, run, by))


def write_hub_page(store: RunStore, run: str, folder: Path, *, by: Owner) -> None:
    """The page of a shipped network on the hub, where no folder for timm brings one."""
    told = (folder / card.FILE).read_text(encoding="utf-8")
    text = hub_card.hub_page(story_of(store, run, by=by), told, for_timm=False)
    (folder / hub_card.FILE).write_bytes(text.encode("utf-8", "backslashreplace"))


def _network(store: RunStore, run: str, by: Owner) -> Keepsake:
    path = store.artifact(run, "best", by=by)
    if path is None:
        raise RunError("The network of this run is gone", where=run, remedy="Train it again.")
    return load_network(path)


def _export(
    folder: Path, story: RunStory, kept: Keepsake, splits: Splits, tell: Callable[[str], None]
) -> Parity:
    file = folder / script.MODEL
    write_graph(kept, splits.test.pixels.shape[1], file)
    pictures = parity.some_of(splits.test)
    tell(f"Holding it against the lab's own on {len(pictures):,} test pictures")
    network = open_network(file)
    found = parity.compare(network, kept, pictures, story.predictions, story.precision)
    parity.refuse_unless_alike(found)
    return found


def _for_timm(
    folder: Path, story: RunStory, kept: Keepsake, splits: Splits, tell: Callable[[str], None]
) -> TimmParity:
    if reason := timm_folder.why_not(kept):
        raise ThawError(f"This network can't go to timm: {reason}", remedy="Leave --timm out.")
    tell("Writing the folder for timm")
    place = folder / timm_folder.FOLDER
    place.mkdir()
    timm_folder.write_timm(kept, place, licence=inherited(story.recipe))
    found = timm_folder.compare(kept, place, parity.some_of(splits.test))
    timm_folder.refuse_unless_alike(found)
    told = (folder / card.FILE).read_text(encoding="utf-8")
    text = hub_card.hub_page(story, told, for_timm=True)
    (place / hub_card.FILE).write_bytes(text.encode("utf-8", "backslashreplace"))
    return found


def _in_eight_bits(folder: Path, splits: Splits, way: Way, tell: Callable[[str], None]) -> Eight:
    files = folder / script.MODEL, folder / script.MODEL_EIGHT
    tell(f"Bringing it to eight bits ({way})")
    calibrated = quantise.quantise(*files, way, splits.train)
    tell("Measuring what eight bits cost and gain")
    return quantise.measure(
        open_network(files[0]),
        open_network(files[1]),
        files,
        parity.some_of(splits.test),
        splits.classes,
        way=way,
        calibrated=calibrated,
    )


def _describe(folder: Path, story: RunStory, checked: Parity, eight: Eight | None) -> None:
    texts = {
        script.LABELS: script.labels_file(story.predictions.classes),
        script.SCRIPT: script.predict_script(story.recipe),
        "requirements.txt": script.requirements(),
        "recipe.yaml": to_yaml(story.recipe),
        card.FILE: card.card_text(story, checked, eight),
    }
    for name, text in texts.items():
        # half a surrogate pair, as in names of files that are no UTF-8, is written out
        (folder / name).write_bytes(text.encode("utf-8", "backslashreplace"))
