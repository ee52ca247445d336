"""Maps for a report, asked of a network that was really trained."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.nn.inference.test_answer import serving
from tests.runs.small import train_small
from tlcore.access import LOCAL
from tlcore.nn.inference import answer
from tlcore.report import html_of, story_of
from tlcore.report.explaining import SIDE, explain_mistakes


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(answer, "LOOK", 0.05)
    return train_small(tmp_path / "home")


def test_mistakes_of_a_real_run_are_explained_and_shown(run):
    story = story_of(run.store, run.id, by=LOCAL)
    with serving(run.home):
        found = explain_mistakes(run.store, story, by=LOCAL, most=2)
    assert [(each.way, each.small) for each in found] == [("occlusion", False)] * 2
    for each in found:
        assert not story.predictions.correct[each.row]
        pair = np.asarray(Image.open(BytesIO(each.jpeg)))
        assert pair.shape == (SIDE, 2 * SIDE + 8, 3)
        assert pair[:, :SIDE].std() > 0
    assert "asked of the trained network by Occlusion" in html_of([story])


def test_a_real_run_keeps_what_its_network_says_of_the_validation_share(run):
    story = story_of(run.store, run.id, by=LOCAL)
    assert story.validation is not None
    assert len(story.validation) == story.pictures["validation"]
    last = story.curves[story.kept_epoch]
    assert story.validation.correct.mean() == pytest.approx(last["validation_accuracy"])
