"""The page Data: what is chosen is what the draft learns from, and everything handed in is told."""

import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from bench.support.makers import picture, two_classes, write_files
from tests.ui.looking import button, given_to, open_page
from tlcore import paths
from tlcore.access import LOCAL, known_by
from tlcore.analysis.predictions import Predictions
from tlcore.data.survey import Side
from tlcore.data.uploads.files import Handed, keep_upload, list_uploads
from tlcore.recipe import Data, Recipe, Shapes
from tlcore.recipe.corrections import Correction
from tlcore.recipe.text import from_fields
from tlcore.runs import label_check
from tlcore.ui.data import collecting, labels
from tlcore.ui.data.choice import with_data
from tlcore.ui.data.collecting import files_in
from tlcore.ui.data.samples import AT_ONCE, sample
from tlcore.ui.shared.draft import packed

NASTY = ("<b>cat</b>", "**dog** :red[x] [a](http:b)")


def drafted(page) -> Data:
    return from_fields(page.session_state["draft"]).data


def markup_of(page):
    kinds = ("markdown", "caption", "info", "warning", "success", "error")
    return "\n".join(each.value for kind in kinds for each in page.get(kind))


def text_of(page):
    """As people read it, where nothing but plain text is expected."""
    return markup_of(page).replace("\\", "").replace("\u2060", "")


def press(page, label):
    button(page, label).click().run()
    assert not page.exception


def press_key(page, key):
    page.button(key=key).click().run()
    assert not page.exception


def open_on(data: Data):
    """The page with a draft that learns from these."""
    return open_page("data", recipe=packed(Recipe(data=data)))


@pytest.fixture
def pets():
    labelled = [
        Handed(f"{number}.png", picture(100 * row + number), label=kind)
        for row, kind in enumerate(NASTY)
        for number in range(8)
    ]
    broken = Handed("bad.png", b"no", label=NASTY[0])
    return keep_upload([*labelled, broken], by=LOCAL, name="My :smile: *pets*")


def test_it_opens_with_drawn_shapes_their_dials_and_a_way_on():
    page = open_page("data")
    assert drafted(page) == Data()
    assert {metric.label: metric.value for metric in page.metric} == {
        "To learn from": "1,600",
        "For checking while it trains (validation)": "400",
        "To test on": "1,000",
    }
    assert "Even: 160 pictures of each class" in text_of(page)
    assert len(page.get("page_link")) == 1
    assert len(given_to(page, "gallery")["tiles"]) == 30


def test_another_choice_is_the_draft_s_at_once_and_stays_so_on_other_pages():
    page = open_page("data")
    press_key(page, "choose digits")
    assert drafted(page).name == "digits"
    assert "1,797" in text_of(page)
    page.switch_page(str(paths.PROJECT / "pages" / "data.py")).run()
    assert drafted(page).name == "digits"


def test_dials_are_written_into_the_draft_and_its_address():
    page = open_page("data")
    page.slider(key="dial noise").set_value(0.5)
    page.number_input(key="dial per_class").set_value(20).run()
    assert drafted(page).shapes == Shapes(noise=0.5, per_class=20)
    again = open_page("data", recipe="".join(page.query_params["recipe"]))
    assert drafted(again).shapes == Shapes(noise=0.5, per_class=20)
    press(page, "Reset the dials")
    assert drafted(page).shapes == Shapes()


def test_a_cue_is_shown_with_counterfactual_twins():
    page = open_on(Data(shapes=Shapes(per_class=10, cue="colour")))
    page.selectbox(key="other cue").set_value("boat").run()
    shown = galleries(page)[1]["tiles"]
    assert len(shown) == 20
    assert all("cue: boat" in tile["caption"] for tile in shown if "boat" not in tile["alt"])


def test_the_split_follows_its_dials():
    page = open_on(Data(shapes=Shapes(per_class=20, test_per_class=10)))
    page.number_input(key="split labels").set_value(3).run()
    assert drafted(page).labels_per_class == 3
    assert page.metric[0].value == "30"


def test_a_data_set_that_is_not_here_says_what_to_do():
    page = open_page("data")
    press_key(page, "choose cifar10")
    assert "CIFAR-10 is not on this machine" in page.warning[0].value
    assert "cifar-10-batches-py" in text_of(page)
    assert not page.metric


@pytest.mark.parametrize(
    "data",
    [
        Data(validation=0.83, test=0.003, labels_per_class=7, limit_train=123, split_seed=2**40),
        Data(name="digits", validation=0.0, test=0.003, limit_test=11),
        Data(shapes=Shapes(per_class=3, test_per_class=7, size=17, colour_shift=0.123, noise=0.017,
                           cue="background", cue_share=0.0, test_cue_share=0.333, imbalance=7.5,
                           label_noise=0.9, near_duplicates=0.01, world=12, outline=True)),
    ],
)  # fmt: skip
def test_looking_at_a_recipe_changes_nothing_in_it(data):
    page = open_on(data)
    assert drafted(page) == data
    page.run()
    assert drafted(page) == data


def test_own_pictures_are_asked_for_before_the_draft_changes():
    page = open_page("data")
    press_key(page, "choose folder")
    assert drafted(page).name == "shapes"
    assert page.segmented_control(key="way").value == "Class by class"
    assert not page.metric
    press_key(page, "choose shapes")
    assert page.metric


def test_an_upload_is_shown_with_what_was_left_out_and_its_names_as_they_are(pets):
    page = open_page("data")
    press_key(page, "choose folder")
    assert drafted(page) == Data(name="folder", path=pets.path)
    shown = markup_of(page)
    assert "My \\:\u2060smile\\:\u2060 \\*pets\\*" in shown
    assert "1 picture was left out" in text_of(page)
    assert "\\<b\\>cat\\<" in shown
    assert NASTY[0] not in shown
    assert sum(int(metric.value) for metric in page.metric) == 16
    captions = {tile["caption"] for tile in given_to(page, "gallery")["tiles"]}
    assert captions == set(pets.classes)


def test_a_deleted_upload_can_be_taken_back(pets):
    page = open_page("data")
    press_key(page, "choose folder")
    press_key(page, f"delete upload {pets.id}")
    assert list_uploads(by=LOCAL) == ()
    assert "in your bin" in page.error[0].value
    press(page, "Undo")
    assert [upload.id for upload in list_uploads(by=LOCAL)] == [pets.id]
    assert not page.error
    press_key(page, f"delete upload {pets.id}")
    press_key(page, f"restore {pets.id}")
    assert len(list_uploads(by=LOCAL)) == 1


def test_pictures_that_two_people_have_are_shown_once(pets):
    files = [Handed(f"{number}.png", picture(100 * row + number), label=kind)
             for row, kind in enumerate(NASTY) for number in range(8)]  # fmt: skip
    twin = keep_upload(files, by=known_by("somebody else's key"), name="the same")
    assert twin.id == pets.id
    page = open_on(Data(name="folder", path=pets.path))
    assert len([each for each in page.button if each.label == "Delete"]) == 1
    press_key(page, f"delete upload {pets.id}")
    press(page, "Undo")
    assert not page.error


def test_a_path_that_leads_nowhere_is_told_in_words_and_a_right_one_is_read(tmp_path):
    page = open_page("data")
    press_key(page, "choose folder")
    page.text_input(key="own path").set_value(str(tmp_path / "nowhere")).run()
    press(page, "Choose this path")
    assert "There is no such folder or zip" in page.error[0].value.replace("\\", "")
    write_files(tmp_path / "pets", two_classes(12))
    page.text_input(key="own path").set_value(str(tmp_path / "pets")).run()
    press(page, "Choose this path")
    assert drafted(page).path == str(tmp_path / "pets")
    assert sum(int(metric.value) for metric in page.metric) == 24


def test_in_a_lab_open_to_anybody_no_path_of_the_machine_is_taken(monkeypatch, pets):
    monkeypatch.setenv("TL_PUBLIC", "1")
    page = open_on(Data(name="folder", path=pets.path))
    assert "not on this machine" in page.error[0].value
    assert not page.metric
    assert not [each for each in page.text_input if each.key == "own path"]


def test_pictures_are_gathered_class_by_class_and_kept(monkeypatch):
    page = open_page("data")
    press_key(page, "choose folder")
    for name, seed in (("my *cup*", 0), ("no cup", 10)):
        page.text_input(key="class name").set_value(name).run()
        files = [(f"{row}.png", picture(seed + row), "image/png") for row in range(5)]
        page.file_uploader[0].set_value(files).run()
        assert not page.exception
    assert "my \\*cup\\*" in markup_of(page)
    press(page, "Keep these 10 files")
    [upload] = list_uploads(by=LOCAL)
    assert upload.classes == {"my *cup*": 5, "no cup": 5}
    assert upload.name == "my *cup*, no cup"
    assert drafted(page).path == upload.path
    assert "Kept 10 pictures of 2 classes" in page.success[0].value


def test_a_file_that_is_no_picture_is_refused_while_gathering():
    page = open_page("data")
    press_key(page, "choose folder")
    page.text_input(key="class name").set_value("cup").run()
    page.file_uploader[0].set_value([("a.png", b"no picture", "image/png")]).run()
    assert "not a JPEG" in page.error[0].value
    assert "cup" not in [each.value for each in page.markdown]


def test_a_zip_is_kept_and_a_bad_one_is_refused_without_a_trace():
    page = open_page("data")
    press_key(page, "choose folder")
    page.segmented_control(key="way").set_value("A zip").run()
    page.file_uploader[0].set_value(("pets.zip", b"PK no zip", "application/zip")).run()
    press(page, "Keep this zip")
    assert "can't be opened" in text_of(page)
    assert list_uploads(by=LOCAL) == ()
    page.file_uploader[0].set_value(("pets.zip", zipped(two_classes()), "application/zip")).run()
    press(page, "Keep this zip")
    assert list_uploads(by=LOCAL)[0].name == "pets"


def zipped(files):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return whole.getvalue()


def test_a_closer_look_is_taken_at_a_click_and_finds_what_is_there(tmp_path):
    files = two_classes(20)
    files["dogs/0.png"] = files["cats/1.png"] = files["cats/0.png"]
    page = open_on(Data(name="folder", path=str(write_files(tmp_path / "pets", files))))
    for view, words in {
        "Sizes and colours": "All are 12 x 10 pixels",
        "Leaks and doubles": "alike",
        "Doubtful labels": "nearly the same picture under two labels",
    }.items():
        page.segmented_control(key="closer").set_value(view).run()
        assert not page.exception
        assert words in text_of(page)


def test_labels_are_checked_before_training_and_put_right_one_by_one(tmp_path, monkeypatch):
    files = two_classes(10)
    files["dogs/0.png"] = files["dogs/1.png"]
    data = Data(name="folder", path=str(write_files(tmp_path / "pets", files)))
    asked = []
    monkeypatch.setattr(labels, "ask", lambda question, folder: asked.append((question, folder)))
    page = open_on(data)
    page.segmented_control(key="closer").set_value("Doubtful labels").run()
    assert "1 picture is an exact copy" in text_of(page)
    press(page, "Check every label")
    [(question, folder)] = asked
    assert question.data.path == data.path

    names = sorted(files)
    truth = np.array([name.startswith("dogs") for name in names], dtype=np.int64)
    said = np.eye(2, dtype=np.float32)[truth] * 0.8 + 0.1
    said[3] = said[3, ::-1]
    found = Predictions(np.array(names), truth, said, ("cats", "dogs"))
    folder.mkdir(parents=True)
    label_check.keep(folder, found)
    page.run()
    assert "1 of 20 labels look wrong" in text_of(page)
    press_key(page, f"relabel {names[3]}")
    assert drafted(page).corrections == (Correction(picture=names[3], label="dogs"),)
    assert "Put right so far" in text_of(page)


def test_known_wrong_labels_of_the_drawn_world_are_shown():
    page = open_on(Data(shapes=Shapes(per_class=20, test_per_class=5, label_noise=0.5)))
    page.segmented_control(key="closer").set_value("Doubtful labels").run()
    assert "training labels are wrong" in text_of(page)
    tile = galleries(page)[-1]["tiles"][0]
    assert tile["caption"].startswith("called ")
    assert "truly" in tile["caption"]


def galleries(page):
    return [
        json.loads(each.proto.json)
        for each in page.get("bidi_component")
        if each.proto.component_name.endswith("thaw_shared_gallery")
    ]


def test_samples_are_fair_the_same_for_the_same_number_and_of_one_class_if_asked(pets):
    labels = np.repeat([0, 1, 2], [100, 30, 2])
    pool = type("Pool", (), {"labels": labels})()
    side = Side("train", pool, np.arange(len(labels)))
    rows = sample(side, -1, draw=1)
    assert len(rows) == AT_ONCE
    assert np.bincount(labels[rows]).tolist() == [19, 19, 2]
    assert (rows == sample(side, -1, draw=1)).all()
    assert (rows != sample(side, -1, draw=2)).any()
    assert set(labels[sample(side, 1, draw=1)]) == {1}
    assert len(sample(side, 2, draw=1)) == 2


def test_what_a_camera_sends_is_looked_at_before_it_is_believed():
    good = "data:image/jpeg;base64,/9j/"
    assert files_in([good, "data:image/png;base64,AA==", "x", None, {}, good + "*"]) == [
        b"\xff\xd8\xff"
    ]
    assert files_in("data:image/jpeg;base64,/9j/") == []
    assert len(files_in([good] * 500)) <= 60


def test_a_gathered_picture_has_a_small_twin():
    snap = collecting.snapped(picture(0, (900, 40), "JPEG"))
    assert Image.open(io.BytesIO(snap.thumbnail[0])).size == (64, 64)


def test_rules_of_the_whole_recipe_hold_when_only_the_data_change():
    recipe = from_fields({"early_stopping": {"patience": 2}})
    with pytest.raises(Exception, match="patience"):
        with_data(recipe, {"validation": 0.0})


def test_somebody_else_s_upload_is_not_shown(monkeypatch, pets):
    monkeypatch.setattr("tlcore.ui.data.inspect.me", lambda: known_by("somebody else's key"))
    page = open_on(Data(name="folder", path=pets.path))
    assert "not on this machine" in page.error[0].value
