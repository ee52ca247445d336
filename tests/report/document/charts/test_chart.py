from xml.etree import ElementTree

from tlcore.analysis.intervals import wilson
from tlcore.report.document.charts.curves import draw

SVG = "{http://www.w3.org/2000/svg}"
POINTS = [(10, wilson(200, 1000)), (1000, wilson(900, 1000))]


def circles(picture):
    return [(float(c.get("cx")), float(c.get("cy"))) for c in picture.iter(f"{SVG}circle")]


def test_more_labels_are_further_right_and_more_accuracy_is_higher():
    picture = ElementTree.fromstring(draw({"A": {"one": POINTS}}))
    (left, low), (right, high) = circles(picture)
    assert left < right
    assert high < low


def test_panels_without_points_are_left_out_and_names_are_safe():
    text = draw({"A & <B>": {"one": POINTS}, "empty": {"none": []}})
    words = [t.text for t in ElementTree.fromstring(text).iter(f"{SVG}text")]
    assert "A & <B>" in words
    assert "empty" not in words


def test_a_single_amount_of_labels_can_be_drawn():
    assert len(circles(ElementTree.fromstring(draw({"A": {"one": POINTS[:1]}})))) == 1
