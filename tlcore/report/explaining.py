"""Asking a run's network why it erred, so that its report can show it.

The network is asked in the process that answers for pages; this one needs no torch for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tlcore.access import Owner
from tlcore.analysis.heatmaps import laid_over, magnified, strongest
from tlcore.analysis.mistakes import rank_mistakes
from tlcore.data import load
from tlcore.errors import DataError, RunError
from tlcore.inference import client
from tlcore.inference.picture import from_pixels
from tlcore.report.sections.shared import spread, thumbnail
from tlcore.runs.explanations import Explained, keep_explained
from tlcore.runs.limits import refuse_unseen
from tlcore.runs.result import RunStory
from tlcore.runs.store import RunStore

MOST = 6
SIDE = 192
"""Pixels a side of what is shown."""

_GAP = 8
_QUALITY = 85

Pixels = NDArray[np.uint8]


def explain_mistakes(
    store: RunStore, story: RunStory, *, by: Owner, most: int = MOST
) -> tuple[Explained, ...]:
    """Ask about the worst mistakes, of different classes, and keep the maps beside the run.

    Raises:
        AnswerError: The network can't be asked.
        RunError: There is no picture to ask about.
    """
    network = client.network_of(store, story.run, by=by)
    worst = rank_mistakes(story.predictions, by="loss")
    rows = spread(worst, story.predictions.labels, most)
    explained = []
    owner = store.get(story.run, by=by).owner
    for row, pixels, small in _pictures(story, rows, owner):
        way = client.predict(store.home, network, pixels).ways[0]
        called = int(story.predictions.predicted[row])
        why = client.explain(store.home, network, pixels, way, called)
        explained.append(Explained(row, way, called, small, _side_by_side(pixels[0], why.map)))
    keep_explained(store.folder(story.run, by=by).path, network.name, explained)
    return tuple(explained)


def _pictures(
    story: RunStory, rows: Sequence[int], owner: Owner
) -> Iterator[tuple[int, Pixels, bool]]:
    """The pictures as the network saw them; where the data set isn't at hand any more, the small
    copies that the run kept."""
    try:
        refuse_unseen(story.recipe.data, by=owner)
        test = load(story.recipe.data, story.recipe.input).test
        if test.ids.tolist() == story.predictions.ids.tolist():
            for row in rows:
                yield row, np.array(test.pixels[row : row + 1]), False
            return
    except DataError:
        pass
    for row in rows:
        yield row, _from_small(story, row), True


def _from_small(story: RunStory, row: int) -> Pixels:
    content = thumbnail(story, row)
    if not content:
        raise RunError(
            "This run's test pictures can't be opened any more, and it kept no copies",
            where=story.run,
            remedy="Bring its data set back, or run the recipe again.",
        )
    return from_pixels(np.asarray(Image.open(BytesIO(content)).convert("RGB")), story.recipe)


def _side_by_side(picture: Pixels, why: NDArray[np.float32]) -> bytes:
    """The picture, and the map laid over it in grey."""
    size = why.shape[0]
    seen = np.asarray(Image.fromarray(picture).resize((size, size)))
    sheet = Image.new("RGB", (2 * SIDE + _GAP, SIDE), "white")
    for place, pixels in enumerate((magnified(picture), laid_over(seen, why, strongest(why)))):
        image = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX)
        sheet.paste(image, (place * (SIDE + _GAP), 0))
    file = BytesIO()
    sheet.save(file, "JPEG", quality=_QUALITY, optimize=True)
    return file.getvalue()
