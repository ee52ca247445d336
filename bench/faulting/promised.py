"""Rows whose trials are tests of the suite: the table counts them instead of writing them again."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from contextlib import chdir, redirect_stdout

import pytest

from bench.faulting.rows import Budget, Outcome, Row
from bench.faulting.trees import PROJECT


def by_tests(found: str, *tests: str) -> Callable[[Budget], Outcome]:
    """A check that all of these pass: files, or names within files."""

    def check(budget: Budget) -> Outcome:
        os.environ.pop("TL_PUBLIC", None)
        count, said = _Count(), io.StringIO()
        with redirect_stdout(said), chdir(PROJECT):
            code = pytest.main([*_QUIETLY, *tests], plugins=[count])
        broken = tuple(count.failed) or (f"pytest ended with {code}",)
        return Outcome(len(count.passed) + len(count.failed), found, broken if code else ())

    return check


class _Count:
    """Notes what became of each test."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)
        elif report.when == "call" and report.passed:
            self.passed.append(report.nodeid)


# what this process has loaded before pytest can't be rewritten by it, and needn't be
_QUIETLY = ("-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
_DECODE = "tests/data/test_decode.py"
_LAYOUT = "tests/data/test_layout.py"
_UPLOAD = "tests/data/uploads/test_files.py"

ROWS = (
    Row(
        24,
        "pictures of 16 bits, see-through, CMYK, turned by EXIF, animated",
        "eight-bit RGB, upright, scaled and not clipped, on white, the first frame",
        by_tests(
            "each kind opens as defined",
            *(
                f"{_DECODE}::test_{name}"
                for name in (
                    "every_allowed_format_opens_as_rgb",
                    "every_colour_mode_becomes_rgb",
                    "sixteen_bits_are_scaled_and_not_clipped_to_white",
                    "numbers_of_any_range_go_from_darkest_to_brightest",
                    "what_is_see_through_lies_on_white_and_hidden_colours_stay_hidden",
                    "a_see_through_palette_colour_lies_on_white",
                    "a_picture_is_turned_as_its_camera_was_held",
                    "of_a_moving_picture_the_first_frame_counts",
                )
            ),
            f"{_UPLOAD}::test_odd_pictures_are_kept_as_they_are_and_open_as_defined",
        ),
    ),
    Row(
        25,
        "classes that are empty, alone, called alike; leftovers of systems; links",
        "refused or repaired in one sentence, and nothing half kept",
        by_tests(
            "each case refused or told",
            _LAYOUT,
            f"{_UPLOAD}::test_what_is_refused_is_refused_in_one_sentence_and_leaves_nothing",
            f"{_UPLOAD}::test_everything_left_out_is_told",
            f"{_UPLOAD}::test_an_empty_class_and_links_in_a_zip_are_told",
        ),
    ),
)
