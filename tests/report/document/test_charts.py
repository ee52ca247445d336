import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.analysis.tables import predict_at_random
from tlcore.analysis.calibration import reliability
from tlcore.analysis.intervals import wilson
from tlcore.catalog import outline_for
from tlcore.formatting import EMBER, ICE
from tlcore.recipe import Model
from tlcore.report.document.charts.curves import draw_curves, draw_runs
from tlcore.report.document.charts.drawing import Axis, ticks, whole_ticks
from tlcore.report.document.charts.quality import MOST, draw_forest, draw_matrix, draw_reliability
from tlcore.report.document.charts.strip import draw_strip
from tlcore.schedule import FreezeSchedule
from tlcore.schedule.plan import Plan

SVG = "{http://www.w3.org/2000/svg}"


def epochs(accuracy):
    return [{"validation_accuracy": each, "seconds": float(i)} for i, each in enumerate(accuracy)]


def paths(svg, class_):
    root = ElementTree.fromstring(svg)
    return [each.get("d", "") for each in root.iter(f"{SVG}path") if each.get("class") == class_]


def texts(svg):
    return ["".join(each.itertext()) for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_curve_breaks_where_there_is_no_number():
    [whole] = paths(draw_curves(epochs([0.1, 0.2, 0.3, 0.4, 0.5]), []), "validation")
    [broken] = paths(draw_curves(epochs([0.1, 0.2, math.nan, 0.4, 0.5]), []), "validation")
    assert (whole.count("M"), whole.count("L")) == (1, 4)
    assert (broken.count("M"), broken.count("L")) == (2, 2)


def test_a_better_epoch_lies_higher():
    [path] = paths(draw_curves(epochs([0.0, 1.0]), []), "validation")
    (x1, y1), (x2, y2) = [tuple(map(float, p.split())) for p in re.split("[ML]", path)[1:]]
    assert x2 > x1
    assert y1 - y2 == pytest.approx(140)


def test_a_single_loss_beyond_measure_does_not_flatten_the_rest():
    losses = [{"train_loss": loss} for loss in (1.0, 0.9, 1e6, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2)]
    [path] = paths(draw_curves(losses, []), "train")
    heights = [float(place.split()[1]) for place in re.split("[ML]", path)[1:]]
    assert max(heights) - sorted(heights)[1] > 20


def test_every_thaw_is_marked_and_named_where_there_is_room():
    svg = draw_curves(epochs([0.5] * 30), [(10, "last 1 blocks"), (11, "all"), (25, "all")])
    root = ElementTree.fromstring(svg)
    assert sum(each.get("class") == "thaw" for each in root.iter(f"{SVG}line")) == 3
    assert [text for text in texts(svg) if text.startswith("thawed")] == [
        "thawed: last 1 blocks",
        "thawed: all",
    ]


def test_runs_are_drawn_over_epochs_and_over_seconds():
    svg = draw_runs([epochs([0.1, 0.2]), epochs([0.3, 0.4, 0.5])])
    assert len(paths(svg, "validation")) == 4
    assert texts(svg).count("run 1") == texts(svg).count("run 2") == 2


def test_a_run_that_never_was_measured_is_drawn_as_nothing():
    assert paths(draw_runs([[{}], epochs([0.5, 0.6])]), "validation")
    assert paths(draw_curves([{}], []), "validation") == []


def strip(preset, epochs=4, done=4, **dials):
    outline = outline_for(Model(), classes=10)
    assert outline is not None
    schedule = FreezeSchedule(preset=preset, **dials)
    root = ElementTree.fromstring(draw_strip(Plan(schedule, outline, epochs), done))
    return [each for each in root if each.tag == f"{SVG}rect"], root, outline


def area(boxes, colour):
    """What the boxes of a colour cover, the legend's two left out."""
    return sum(
        float(b.get("width")) * float(b.get("height"))
        for b in boxes
        if b.get("fill") == colour and float(b.get("width")) != 10
    )


def test_the_strip_is_ice_where_frozen_and_ember_where_thawed():
    boxes, _, outline = strip("head-only")
    assert area(boxes, ICE) / area(boxes, EMBER) == pytest.approx(len(outline.blocks), rel=0.01)
    boxes, _, _ = strip("lp-ft", head_epochs=2)
    blocks = len(outline.blocks)
    assert area(boxes, EMBER) / area(boxes, ICE) == pytest.approx((2 + blocks) / blocks, rel=0.01)


def test_a_lower_rate_is_fainter():
    boxes, _, _ = strip("lp-ft", head_epochs=2, rate=0.1)
    depths = {float(b.get("fill-opacity")) for b in boxes if b.get("fill-opacity")}
    assert depths == {1.0, 0.7}


def test_what_trains_in_part_is_thawed_in_part():
    boxes, _, _ = strip("norm-bias")
    heights = {round(float(b.get("height")), 1) for b in boxes if b.get("fill") == EMBER}
    assert min(heights) < 5


def test_a_run_that_ended_early_is_marked():
    _, whole, _ = strip("head-only")
    _, cut, _ = strip("head-only", done=2)
    assert not [each for each in whole.iter(f"{SVG}line") if each.get("class") == "ended"]
    assert [each for each in cut.iter(f"{SVG}line") if each.get("class") == "ended"]


def test_every_count_of_a_small_matrix_is_written():
    confusion = np.array([[5, 2], [0, 7]])
    written = [text for text in texts(draw_matrix(confusion, ("cat", "dog"))) if text.isdigit()]
    assert written == ["5", "2", "7"]


def test_a_large_matrix_stays_small():
    confusion = np.random.default_rng(0).integers(0, 9, (200, 200))
    assert len(draw_matrix(confusion, [str(i) for i in range(200)])) < 2_000_000
    hundred = draw_matrix(confusion[:100, :100], [str(i) for i in range(100)])
    assert len(hundred) < 400_000


def test_a_class_without_pictures_leaves_its_row_empty():
    svg = draw_matrix(np.array([[3, 1], [0, 0]]), ("a", "b"))
    assert sum(path.count("M") for kind in ("right", "wrong") for path in paths(svg, kind)) == 2


def test_reliability_has_a_bar_and_a_count_for_every_bin_with_pictures():
    bins = reliability(predict_at_random(500, 3))
    root = ElementTree.fromstring(draw_reliability(bins))
    bars = [each.get("class") for each in root.iter(f"{SVG}rect")]
    assert bars.count("right") == bars.count("count") == sum(each.n > 0 for each in bins)


def test_the_lowest_rates_come_first_and_no_more_than_fit():
    rates = [(f"class {i}", wilson(i, 100)) for i in range(60, 0, -1)]
    svg = draw_forest(rates, 0.3, label="Recall")
    names = [text for text in texts(svg) if text.startswith("class")]
    assert names == [f"class {i}" for i in range(1, MOST + 1)]


def test_a_long_name_is_cut_and_whole_on_pointing():
    svg = draw_forest([("<b>" + "x" * 300, wilson(1, 2))], 0.5, label="Recall")
    [element] = [e for e in ElementTree.fromstring(svg).iter(f"{SVG}text") if len(e)]
    assert element[0].text == "<b>" + "x" * 300
    assert (element[0].tail or "").endswith("…")


def test_an_axis_holds_what_is_beyond_it():
    axis = Axis(0, 10, 100, 200)
    assert [axis(value) for value in (-5, 0, 5, 10, 99)] == [100, 100, 150, 200, 200]
    assert Axis(1, 1, 100, 200)(1) == 100


@pytest.mark.parametrize("high", [1e-6, 0.37, 1.0, 7.0, 2.3e5])
def test_ticks_are_few_and_within(high):
    found = ticks(0, high)
    assert 2 <= len(found) <= 7
    assert found[0] == 0
    assert found[-1] <= high * 1.0001


@pytest.mark.parametrize("count", [1, 2, 9, 30, 100, 9999])
def test_epochs_are_numbered_from_1_and_not_too_often(count):
    found = whole_ticks(count)
    assert found[0] == 1
    assert len(found) <= 10
    assert found[-1] <= count
