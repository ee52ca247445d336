"""The verdicts of docs/RESULTS.md, computed once more from docs/results.json by other means."""

import json
import math
import re
from statistics import fmean, variance

import pytest
from scipy import stats

from tlcore.paths import PROJECT
from tlcore.studies.reproduce import jobs as module
from tlcore.studies.reproduce.jobs import jobs, preset_of
from tlcore.studies.reproduce.rows import ROWS

PAGE = (PROJECT / "docs" / "RESULTS.md").read_text(encoding="utf-8")
STORED = json.loads((PROJECT / "docs" / "results.json").read_bytes())["runs"]


@pytest.fixture(scope="module")
def known():
    """What is stored of every row's present recipe, whatever is on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "missing", lambda recipe: "")
        every = list(jobs(ROWS, quick=False, seeds=10))
    found: dict[str, list[dict[str, object]]] = {row.id: [] for row in ROWS}
    for job in every:
        if job.key in STORED:
            found[job.row.id].append({**STORED[job.key], "full": module.is_full(job)})
    return found


def line_of(text):
    [line] = [line for line in PAGE.splitlines() if line.startswith("| ") and text in line]
    return line


def difference(before, after):
    """Welch's interval with the test pictures' variance, the recipes taken one by one."""
    if min(len(before), len(after)) < 3:
        return None
    pictures = sum(fmean(m["high"] - m["low"] for m in side) ** 2 for side in (before, after))
    parts = [(variance(values(side)) / len(side), len(side) - 1) for side in (before, after)]
    total = sum(part for part, _ in parts) + pictures / (2 * 1.959964) ** 2
    freedom = total**2 / sum(part**2 / count for part, count in parts)
    half = stats.t.ppf(0.975, freedom) * math.sqrt(total)
    middle = fmean(values(after)) - fmean(values(before))
    return middle - half, middle + half


def values(runs):
    return [each["accuracy"] for each in runs]


def above(bounds, least):
    if bounds is None or bounds[0] <= least <= bounds[1]:
        return "undecided"
    return "reproduced" if bounds[0] > least else "refuted"


def test_every_figure_has_the_verdict_that_its_stored_runs_give(known):
    judged = 0
    for row in ROWS:
        reported = None if row.own else preset_of(row).reported.get("test_accuracy")
        if reported is None:
            continue
        line = line_of(f"| `{row.preset}`:")
        runs = known[row.id]
        if not runs:
            assert "not run here: `" in line
        elif not runs[0]["full"]:
            assert "not decided by a stand-in or a cut-down run" in line
        else:
            assert f"**{figure(reported, runs)}**" in line
            judged += 1
    assert judged >= 1


def figure(reported, runs):
    if len(runs) < 3:
        return "undecided"
    ours, count = values(runs), len(runs)
    seeds = variance(ours) * (1 + 1 / count)
    total = seeds + (fmean(m["high"] - m["low"] for m in runs) / 3.919928) ** 2
    total += reported * (1 - reported) / 10_000
    freedom = total**2 / (seeds**2 / (count - 1)) if seeds else math.inf
    off = abs(fmean(ours) - reported)
    if off + stats.t.ppf(0.95, freedom) * math.sqrt(total) < 0.03:
        return "reproduced"
    beyond = off > stats.t.ppf(0.975, freedom) * math.sqrt(total)
    return "refuted" if beyond and off > 0.03 else "undecided"


def test_every_claim_of_two_recipes_has_the_verdict_that_its_stored_runs_give(known):
    for words, before, after in (
        ("A scratch CNN beats ResNet-18", "resnet18-scratch", "custom-scratch"),
        ("A second phase", "mobilenetv2-first-phase", "mobilenetv2-two-phase"),
    ):
        bounds = difference(known[before], known[after])
        assert f"**{above(bounds, 0.01)}** in a stand-in" in line_of(words)


def test_transfer_needs_fewer_labels_if_it_leads_with_the_fewest(known):
    transfer, scratch = (ten(known[f"cifar-{way}"], 10) for way in ("transfer", "scratch"))
    verdict = above(difference(scratch, transfer), 0.01)
    assert f"**{verdict}**" in line_of("| Transfer needs fewer labels |")


def test_the_gap_closes_only_if_nothing_that_counts_is_left(known):
    transfer, scratch = (known[f"shapes-{way}"] for way in ("transfer", "scratch"))
    most = max(each["labels"] for each in scratch)
    left = above(difference(ten(scratch, most), ten(transfer, most)), 0.01)
    verdict = {"reproduced": "refuted", "refuted": "reproduced"}.get(left, left)
    assert f"**{verdict}**" in line_of("With all labels the gap closes")


def ten(runs, labels):
    return [each for each in runs if each["labels"] == labels]


def test_a_claim_of_halves_is_never_better_than_its_halves_allow(known):
    lead = above(difference(known["demo-scratch"], known["demo-transfer"]), 0.4)
    line = line_of("With ten labels a class transfer beats scratch")
    [shown] = re.findall(r"\*\*(\w+)\*\*", line)[:1]
    assert lead == "reproduced" or shown == lead
    logs = [math.log(each["seconds"]) for each in known["demo-transfer"]]
    reach = stats.t.ppf(0.975, len(logs) - 1) * math.sqrt(variance(logs) * (1 + 1 / len(logs)))
    soon = above((math.log(30) - fmean(logs) - reach, math.log(30) - fmean(logs) + reach), 0)
    assert soon == "reproduced" or shown != "reproduced"
