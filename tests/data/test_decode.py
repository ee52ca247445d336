import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from bench.support.hostile.footprint import PROJECT
from bench.support.hostile.pictures import bomb_header, many_scans
from bench.support.makers import picture, saved
from tlcore.data.decode import (
    check_picture,
    endings_taken,
    fit_picture,
    formats_taken,
    open_picture,
    quietly,
)
from tlcore.errors import DataError


def grey(levels, mode: str) -> Image.Image:
    kinds = {"I;16": np.uint16, "I": np.int32, "F": np.float32}
    return Image.fromarray(np.array(levels, dtype=kinds[mode]))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF"])
def test_every_allowed_format_opens_as_rgb(form):
    image = open_picture(picture(form=form))
    assert (image.mode, image.size) == ("RGB", (12, 10))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr"])
def test_every_colour_mode_becomes_rgb(mode):
    opened = open_picture(saved(Image.new("RGB", (9, 9), "white").convert(mode), "TIFF"))
    assert opened.mode == "RGB"
    assert np.asarray(opened).min() > 220


def test_sixteen_bits_are_scaled_and_not_clipped_to_white():
    deep = open_picture(saved(grey([[0, 32768, 65535]] * 3, "I;16")))
    assert np.asarray(deep)[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("mode", ["I", "F"])
def test_numbers_of_any_range_go_from_darkest_to_brightest(mode):
    wide = open_picture(saved(grey([[-70000, 0, 70000]] * 3, mode), "TIFF"))
    assert np.asarray(wide)[0, :, 0].tolist() == [0, 128, 255]


def test_not_a_number_is_black_and_no_error():
    broken = open_picture(saved(grey([[np.nan, 0.0, 1.0]] * 3, "F"), "TIFF"))
    assert np.asarray(broken)[0, :, 0].tolist() == [0, 0, 255]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_see_through_lies_on_white_and_hidden_colours_stay_hidden(mode):
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 0)).convert(mode)
    assert np.asarray(open_picture(saved(image))).min() == 255


def test_a_see_through_palette_colour_lies_on_white():
    image = Image.new("P", (4, 4), 0)
    image.putpalette([10, 20, 30] * 256)
    with quietly():
        assert np.asarray(open_picture(saved(image, transparency=0))).min() == 255


def test_a_picture_is_turned_as_its_camera_was_held():
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    assert open_picture(saved(Image.new("RGB", (12, 10)), "JPEG", exif=exif)).size == (10, 12)


def test_of_a_moving_picture_the_first_frame_counts():
    frames = [Image.new("RGB", (5, 5), colour) for colour in ("red", "blue")]
    moving = open_picture(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert np.asarray(moving)[2, 2].tolist() == [255, 0, 0]


def test_a_large_photograph_is_opened_small_when_little_is_needed():
    assert open_picture(picture(size=(800, 600), form="JPEG"), needed=32).size == (100, 75)


@pytest.mark.parametrize("side", [6_400, 10_000, 20_000])
def test_a_claim_of_too_many_pixels_is_refused_before_anything_is_decoded(side):
    with pytest.raises(DataError, match=r"too large: .* 40 million pixels are allowed"), quietly():
        open_picture(bomb_header(side, side))


UNREADABLE = {
    "nothing": b"",
    "text": b"This is no picture.",
    "a web page": b"<!doctype html><html><body>404</body></html>",
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage",
    "half a JPEG": picture(form="JPEG", size=(64, 64))[:900],
    "half a PNG": picture(size=(64, 64))[:3000],
    "a PNG's first bytes": picture()[:20],
    "a vector drawing": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "zeros": b"\x00" * 500,
    "a program": b"MZ\x90\x00" * 40,
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_picture_is_one_clear_error(content):
    with pytest.raises(DataError) as caught, quietly():
        open_picture(content)
    assert caught.value.what
    assert "\n" not in caught.value.what


def test_a_jpeg_that_goes_over_the_picture_too_often_is_refused_at_once():
    with pytest.raises(DataError, match="made to take long"):
        open_picture(many_scans(100))
    open_picture(many_scans(2), needed=16)


def test_however_pictures_are_damaged_nothing_crashes_and_what_was_checked_opens():
    """20,000 of them are in `bench/faults.py`; the process is its own, because C may crash."""
    command = [sys.executable, "-m", "bench.support.hostile.take_pictures", "1500", "0"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert report["outcomes"].keys() == {"opened", "refused"}
    assert sum(report["outcomes"].values()) == 1500
    assert report["slowest"] < 2
    assert report["megabytes"] < 200


@pytest.mark.parametrize("mode", ["RGBA", "I;16", "F", "P"])
def test_large_pictures_are_changed_in_strips_as_small_ones_are(mode):
    """The strips are not to be seen: a tall picture is the small one again and again."""
    tile = np.random.default_rng(0).integers(0, 256, (10, 12, 4), dtype=np.uint8)
    kinds = {"I;16": np.uint16, "F": np.float32}
    if mode == "RGBA":
        image = Image.fromarray(np.tile(tile, (30, 1, 1)))
    else:
        grey_tile = np.tile(tile[..., 0], (30, 1))
        image = Image.fromarray(grey_tile.astype(kinds.get(mode, np.uint8)))
    if mode == "P":
        image.putpalette(bytes(range(256)) * 3)
        image.info["transparency"] = 7
    with quietly():
        opened = np.asarray(open_picture(saved(image, "TIFF" if mode == "F" else "PNG")))
    assert np.array_equal(opened, np.tile(opened[:10], (30, 1, 1)))


@pytest.mark.parametrize("fit", ["crop", "squash", "pad"])
@pytest.mark.parametrize("size", [(12, 10), (1, 400), (400, 1), (3, 3)])
def test_every_picture_comes_to_size(fit, size):
    made = fit_picture(Image.new("RGB", size, "white"), 16, fit, "bilinear")
    assert made.shape == (16, 16, 3)
    assert made.dtype == np.uint8


def test_crop_keeps_the_middle_squash_keeps_all_and_pad_adds_bars():
    flag = np.zeros((10, 30, 3), dtype=np.uint8)
    flag[:, 10:20] = 255
    fitted = {fit: fit_picture(Image.fromarray(flag), 30, fit, "nearest") for fit in
              ("crop", "squash", "pad")}  # fmt: skip
    assert fitted["crop"].min() == 255
    assert (fitted["squash"] == 255).mean() == pytest.approx(1 / 3, abs=0.02)
    assert (fitted["pad"] == 255).mean() == pytest.approx(1 / 9, abs=0.02)


def test_a_lab_open_to_anybody_takes_no_format_whose_readers_have_had_the_most_holes(monkeypatch):
    files = {}
    for form in ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF"):
        file = io.BytesIO()
        Image.new("RGB", (9, 9)).save(file, form)
        files[form] = file.getvalue()
        assert check_picture(files[form]).pixels == 81
    monkeypatch.setenv("TL_PUBLIC", "1")
    assert formats_taken() == ("JPEG", "PNG", "WEBP", "BMP")
    assert not {"gif", "tif", "tiff"} & {*endings_taken()}
    for form, content in files.items():
        if form in formats_taken():
            assert check_picture(content).pixels == 81
            continue
        with pytest.raises(DataError, match="not a JPEG, PNG, WebP or BMP picture"):
            check_picture(content)
        assert open_picture(content).size == (9, 9)  # what was taken before still opens
