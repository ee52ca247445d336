"""Rows whose trials are tests of the suite: the table counts them instead of writing them again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable

from bench.faulting.rows import Budget, Outcome, Row
from bench.faulting.trees import PROJECT


def by_tests(found: str, *tests: str) -> Callable[[Budget], Outcome]:
    """A check that all of these pass: files, or names within files."""

    def check(budget: Budget) -> Outcome:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
        done = subprocess.run(
            command, cwd=PROJECT, capture_output=True, text=True, check=False,
            timeout=budget.seconds + 30, env={**os.environ, "TL_PUBLIC": ""},
        )  # fmt: skip
        count = {word: int(number) for number, word in _COUNTS.findall(done.stdout)}
        lines = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        broken = tuple(line[:200] for line in lines) or (f"pytest ended with {done.returncode}",)
        made = count.get("passed", 0) + count.get("failed", 0)
        return Outcome(made, found, broken if done.returncode else ())

    return check


_COUNTS = re.compile(r"(\d+) (passed|failed|skipped|error)")
_DECODE = "tests/data/test_decode.py"
_LAYOUT = "tests/data/test_layout.py"
_UPLOAD = "tests/data/test_upload.py"

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
