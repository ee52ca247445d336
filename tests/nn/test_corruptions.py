"""Corruptions make pictures worse, more at each severity, and the same way every time."""

import colorsys
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from tlcore.analysis import robustness
from tlcore.data.drawn.world import draw
from tlcore.nn.corruptions import CORRUPTIONS, corrupt, warping
from tlcore.nn.corruptions.kinds import Dose, as_bytes, as_floats, disc, pixelate
from tlcore.nn.seeding import generator_for
from tlcore.recipe import Shapes

NAMES = list(CORRUPTIONS)
SEVERITIES = (1, 2, 3, 4, 5)
QUALITIES = (80, 65, 58, 50, 40)


def drawn(size):
    """Twenty pictures of ten shapes."""
    return torch.from_numpy(draw(Shapes(per_class=2, test_per_class=2, size=size), "test").pixels)


@pytest.fixture(scope="module")
def pictures():
    return {size: drawn(size) for size in (16, 32, 96)}


def grey(level=128, count=4, size=32):
    return torch.full((count, size, size, 3), level, dtype=torch.uint8)


def distance(one, other):
    return (one.float() - other.float()).abs().mean().item()


def test_they_are_those_that_the_analysis_knows_in_its_order():
    assert tuple(CORRUPTIONS) == robustness.CORRUPTIONS
    assert robustness.SEVERITIES == SEVERITIES


@pytest.mark.parametrize("size", [16, 32, 96])
@pytest.mark.parametrize("name", NAMES)
def test_severity_grows_with_the_distance_to_the_clean_picture(pictures, name, size):
    clean = pictures[size]
    found = [corrupt(clean, name, severity) for severity in SEVERITIES]
    assert all(each.shape == clean.shape and each.dtype == torch.uint8 for each in found)
    distances = [distance(clean, each) for each in found]
    assert distances[0] > 0
    assert distances == sorted(set(distances))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_bits_and_the_pictures_stay_as_they_were(pictures, name):
    clean = pictures[32]
    before = clean.clone()
    first, again = (corrupt(clean, name, 3, seed=7) for _ in range(2))
    assert torch.equal(first, again)
    assert torch.equal(clean, before)


@pytest.mark.parametrize(
    "name",
    ["gaussian-noise", "shot-noise", "impulse-noise", "glass-blur", "motion-blur", "snow", "frost",
     "fog", "elastic"],
)  # fmt: skip
def test_what_is_left_to_chance_differs_with_the_seed_and_from_picture_to_picture(name):
    same = drawn(32)[:1].repeat(3, 1, 1, 1)
    found = corrupt(same, name, 5)
    assert not torch.equal(found, corrupt(same, name, 5, seed=1))
    assert not torch.equal(found[0], found[1])


@pytest.mark.parametrize("name", NAMES)
def test_pictures_of_any_size_come_out_whole(name):
    for height, width in ((8, 8), (33, 33), (40, 24)):
        clean = torch.randint(0, 256, (2, height, width, 3), dtype=torch.uint8)
        assert corrupt(clean, name, 5).shape == clean.shape


@pytest.mark.parametrize("severity", [0, 6])
def test_there_are_five_severities(severity):
    with pytest.raises(ValueError, match="1 to 5"):
        corrupt(grey(), "fog", severity)


def test_many_pictures_go_through_in_parts_and_come_out_in_order():
    many = torch.arange(256, dtype=torch.uint8)[:, None, None, None].expand(256, 32, 32, 3)
    found = corrupt(many, "contrast", 5)
    assert torch.equal(found, many)  # each picture is its own mean
    noisy = corrupt(many, "gaussian-noise", 1).float().mean(dim=(1, 2, 3))
    assert (noisy - torch.arange(256)).abs().max() < 10


# Noise, by what is known of its distribution


@pytest.mark.parametrize(("severity", "deviation"), [(1, 0.04), (5, 0.10)])
def test_gaussian_noise_has_the_deviation_of_the_table(severity, deviation):
    found = as_floats(corrupt(grey(count=16), "gaussian-noise", severity))
    assert found.std().item() == pytest.approx(deviation, rel=0.03)


@pytest.mark.parametrize(("severity", "photons"), [(1, 500), (5, 50)])
def test_shot_noise_has_the_variance_of_photons_that_are_counted(severity, photons):
    found = as_floats(corrupt(grey(count=16), "shot-noise", severity))
    assert found.mean().item() == pytest.approx(128 / 255, rel=0.01)
    assert found.var().item() == pytest.approx(128 / 255 / photons, rel=0.05)


def test_impulse_noise_replaces_its_share_half_by_black_and_half_by_white():
    found = corrupt(grey(count=64), "impulse-noise", 5)
    assert (found == 0).float().mean().item() == pytest.approx(0.035, rel=0.1)
    assert (found == 255).float().mean().item() == pytest.approx(0.035, rel=0.1)
    assert ((found == 0) | (found == 255) | (found == 128)).all()


def test_larger_pictures_have_stronger_noise():
    small, large = (
        as_floats(corrupt(grey(count=2, size=size), "gaussian-noise", 1)).std().item()
        for size in (32, 128)
    )
    assert large == pytest.approx(2 * small, rel=0.05)


# Blurs and bends, against scipy


@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.5])
def test_a_blur_is_the_one_of_scipy(sigma):
    picture = torch.rand(1, 1, 20, 24, generator=generator_for(0))
    expected = ndimage.gaussian_filter(picture[0, 0].numpy(), sigma, mode="nearest", truncate=4)
    np.testing.assert_allclose(warping.blurred(picture, sigma)[0, 0], expected, atol=1e-5)


def test_a_disc_spreads_a_point_over_a_disc_as_scipy_does():
    picture, kernel = torch.rand(1, 1, 20, 24, generator=generator_for(0)), disc(2.0, 0.5)
    assert kernel.sum().item() == pytest.approx(1)
    expected = ndimage.correlate(picture[0, 0].numpy(), kernel.numpy(), mode="nearest")
    np.testing.assert_allclose(warping.filtered(picture, kernel)[0, 0], expected, atol=1e-5)


def test_pixels_are_taken_from_where_scipy_takes_them():
    picture = torch.rand(1, 1, 20, 24, generator=generator_for(0))
    by = 6 * torch.rand(1, 20, 24, 2, generator=generator_for(1)) - 3
    rows, columns = np.mgrid[:20, :24]
    places = [rows + by[0, ..., 1].numpy(), columns + by[0, ..., 0].numpy()]
    expected = ndimage.map_coordinates(picture[0, 0].numpy(), places, order=1, mode="nearest")
    np.testing.assert_allclose(warping.moved(picture, by)[0, 0], expected, atol=1e-5)


def test_a_zoom_enlarges_about_the_middle():
    picture = torch.rand(1, 1, 21, 21, generator=generator_for(0))
    places = (np.mgrid[:21, :21] - 10) / 1.25 + 10
    expected = ndimage.map_coordinates(picture[0, 0].numpy(), places, order=1, mode="nearest")
    np.testing.assert_allclose(warping.zoomed(picture, 1.25)[0, 0], expected, atol=1e-5)


def test_what_is_smeared_keeps_its_light_and_trails_off_in_its_direction():
    point = torch.zeros(2, 1, 31, 31)
    point[:, :, 15, 15] = 1
    found = warping.smeared(point, torch.tensor([0.0, 90.0]), length=8, sigma=2)
    torch.testing.assert_close(found.sum(dim=(1, 2, 3)), torch.ones(2))
    torch.testing.assert_close(found[0, 0].T, found[1, 0], atol=1e-4, rtol=0)
    trail = found[0, 0, 15]
    assert (trail > 0.01).nonzero().flatten().tolist() == [10, 11, 12, 13, 14, 15]
    assert trail[10:16].tolist() == sorted(trail[10:16].tolist())


def test_clouds_reach_from_0_to_1_and_decay_makes_them_smooth():
    rough, smooth = (warping.clouds(8, 32, 32, decay, generator_for(0)) for decay in (1.2, 3.0))
    for each in (rough, smooth):
        assert each.amin(dim=(1, 2, 3)).tolist() == [0.0] * 8
        assert each.amax(dim=(1, 2, 3)).tolist() == [1.0] * 8
    assert smooth.diff(dim=3).abs().mean() < rough.diff(dim=3).abs().mean() / 2


# Light and what programs do, against the standard library, numpy and Pillow


def test_brightness_raises_the_value_of_hsv_and_nothing_else():
    clean = torch.randint(0, 256, (1, 8, 8, 3), dtype=torch.uint8, generator=generator_for(0))
    clean[0, 0, 0] = 0
    found = corrupt(clean, "brightness", 3)
    for before, after in zip(clean.reshape(-1, 3), found.reshape(-1, 3), strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*(before / 255).tolist())
        expected = colorsys.hsv_to_rgb(hue, saturation, min(1.0, value + 0.15))
        np.testing.assert_allclose(after / 255, expected, atol=0.6 / 255)


def test_contrast_draws_each_channel_to_its_mean():
    clean = drawn(32)[:1]
    values = clean[0].numpy() / 255
    mean = values.mean(axis=(0, 1))
    found = corrupt(clean, "contrast", 4)[0].numpy() / 255
    np.testing.assert_allclose(found, mean + 0.3 * (values - mean), atol=0.6 / 255)


@pytest.mark.parametrize(("severity", "cells"), [(1, 30), (3, 27), (5, 20)])
def test_pixels_are_those_of_pillows_box(severity, cells):
    clean = drawn(32)[:1]
    small = Image.fromarray(clean[0].numpy()).resize((cells, cells), Image.Resampling.BOX)
    expected = np.asarray(small.resize((32, 32), Image.Resampling.NEAREST), dtype=np.int64)
    found = pixelate(as_floats(clean), Dose(severity, 1.0, generator_for(0)))
    assert np.abs(as_bytes(found)[0].numpy().astype(np.int64) - expected).max() <= 1


@pytest.mark.parametrize("severity", SEVERITIES)
def test_jpeg_is_what_pillow_saves_at_that_quality(severity):
    clean = drawn(32)[:1]
    file = BytesIO()
    Image.fromarray(clean[0].numpy()).save(file, "JPEG", quality=QUALITIES[severity - 1])
    assert np.array_equal(corrupt(clean, "jpeg", severity)[0], np.asarray(Image.open(file)))


def test_fog_never_outshines_the_brightest_spot():
    clean = drawn(32)
    for severity in SEVERITIES:
        found = corrupt(clean, "fog", severity)
        assert (found.amax(dim=(1, 2, 3)) <= clean.amax(dim=(1, 2, 3))).all()
