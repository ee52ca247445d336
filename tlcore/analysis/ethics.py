"""Ethics notes that stand on numbers: each thought beside what this test set says about it.

The thoughts are those that student reports on transfer learning keep coming to, in our words. Where
a test set says nothing about one, the note says so, and what would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tlcore.analysis.groups import Gap, GroupTable, WorstClass, worst_class
from tlcore.analysis.intervals import Interval
from tlcore.analysis.label_errors import find_suspects, may_doubt
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import TestReport
from tlcore.formatting import in_percent, points, quantity, rate, reach

SURE = 0.9
MOST_NAMED = 5
NONE_HERE = "No evidence here: "

QUESTIONS = (
    "Who is in the pictures, who is missing, and who chose them?",
    "Did everybody whose pictures these are agree to this use?",
    "Who is harmed by a wrong answer, and how badly?",
    "Which class or group fares worst here, and is that good enough for them?",
    "What may this network not be used for?",
    "Who can see how it decides, and object?",
    "Who, of those it will judge, was asked?",
    "Would a smaller network, or none, do as well?",
)
"""What a class answers in its own words: beside the run, or by hand in a printed report."""


@dataclass(frozen=True)
class EthicsNote:
    """A thought and its evidence.

    Attributes:
        theme: In a word or two.
        thought: What to bear in mind.
        evidence: What this run says about it; begins with `NONE_HERE` if it says nothing.
    """

    theme: str
    thought: str
    evidence: str

    @property
    def found(self) -> bool:
        """Whether there is any evidence."""
        return not self.evidence.startswith(NONE_HERE)


def ethics_notes(
    report: TestReport,
    *,
    predictions: Predictions | None = None,
    groups: Sequence[GroupTable] = (),
    scratch: TestReport | None = None,
    tested_on: str = "",
    recipe: str = "",
    cost: str = "",
) -> tuple[EthicsNote, ...]:
    """All notes, in the same order for every run.

    Args:
        report: What the test set said.
        predictions: Gives evidence of sure mistakes and of doubtful labels.
        groups: Scores by group, where groups are known.
        scratch: Of the same data learned from scratch, to tell what the weights brought along.
        tested_on: What the test pictures are, in words.
        recipe: The id of the recipe, if it is published.
        cost: Time and energy, in words.
    """
    return (
        EthicsNote("Bias", _BIAS, _of_classes(worst_class(report))),
        EthicsNote("Groups", _GROUPS, _of_groups(groups)),
        EthicsNote("Where bias comes from", _ORIGIN, _of_scratch(report, scratch)),
        EthicsNote("Diverse data", _DIVERSE, _of_balance(report)),
        EthicsNote("Sure mistakes", _SURE, _of_certainty(report, predictions)),
        EthicsNote("Doubtful labels", _LABELS, _of_labels(predictions)),
        EthicsNote("Responsible use", _USE, _of_use(report, tested_on)),
        EthicsNote("Transparency", _OPEN, _of_openness(report, recipe)),
        EthicsNote("Public involvement", _PUBLIC, _OF_THE_PUBLIC),
        EthicsNote("Cost", _COST, cost or f"{NONE_HERE}time and energy were not measured."),
    )


def describe_worst(worst: WorstClass) -> str:
    """The class that fares worst, in a sentence; its interval allows for its having been picked."""
    text = (
        f"Worst class: {worst.name}, recall {rate(worst.recall)}; {points(worst.gap.value)} below "
        f"the best ({worst.best}, {rate(worst.best_recall)})."
    )
    if worst.told and worst.gap.low <= 0:
        text += " The classes differ by more than chance explains, but which ones can't be told."
    elif not worst.told:
        text += " That may be chance."
    return text + _few(worst.gap)


def describe_groups(table: GroupTable) -> str:
    """The two groups that are told apart best, and whether groups differ at all."""
    gap = table.accuracy_gap
    if gap is None:
        return f"By {table.column}: all pictures are of one group, {table.groups[0].name}."
    scores = {group.name: group for group in table.groups}
    low, high = scores[gap.clearest.lower], scores[gap.clearest.higher]
    text = (
        f"By {table.column}: accuracy {rate(low.accuracy)} for {low.name} "
        f"({quantity(low.n, 'picture')}), {points(gap.clearest.size.value)} below {high.name} "
        f"({rate(high.accuracy)})."
    )
    return text + _doubt(gap) + _too_small(table)


def _doubt(gap: Gap) -> str:
    few = _few(gap.clearest.size)
    if gap.told_apart:
        return few
    if gap.told:
        return f" The groups differ by more than chance explains, but which can't be told.{few}"
    return f" That may be chance.{few}"


def _too_small(table: GroupTable) -> str:
    """Groups that don't decide, by name."""
    if not table.small:
        return ""
    sizes = {group.name: group.n for group in table.groups}
    named = [f"{name} ({sizes[name]:,})" for name in table.small[:MOST_NAMED]]
    left = len(table.small) - len(named)
    more = f" and {left} more" if left else ""
    return f" Too few pictures to judge: {', '.join(named)}{more}."


_BIAS = (
    "A good average can hide a class that is served badly. Look for it before trusting the average."
)
_GROUPS = (
    "Whether people or places are treated alike shows only where it is known who or what each "
    "picture belongs to."
)
_ORIGIN = (
    "Pre-trained weights bring along the habits of pictures we never saw, and new data adds its "
    "own. Who wants to correct a bias has to know which of the two it came from."
)
_DIVERSE = "What is rare or missing among the pictures is what a network learns worst."
_SURE = "A wrong answer that sounds sure does more harm than one that hesitates."
_LABELS = "Whoever gave the labels erred too, and a network learns those errors as truth."
_USE = "Say what a network is for, and keep it from what it was never tested on."
_OPEN = (
    "Whoever is judged by a network may ask how. Open the recipe, the data and the mistakes, not "
    "the score alone."
)
_PUBLIC = "Those whom a network will judge know best what its mistakes cost. Ask them beforehand."
_COST = (
    "Large networks take energy, and shut out whoever lacks the machines. Ask whether a smaller "
    "one would do."
)
_OF_THE_PUBLIC = (
    f"{NONE_HERE}no test set can tell who was asked. The answers to the checklist would."
)


def _of_classes(worst: WorstClass | None) -> str:
    if worst is None:
        return f"{NONE_HERE}there are test pictures of one class only."
    return describe_worst(worst)


def _of_groups(groups: Sequence[GroupTable]) -> str:
    if not groups:
        return (
            f"{NONE_HERE}nothing says which group a picture belongs to. A CSV file with a line for "
            "each picture (id,group) would."
        )
    return " ".join(map(describe_groups, groups))


def _of_scratch(report: TestReport, scratch: TestReport | None) -> str:
    ours, theirs = worst_class(report), worst_class(scratch) if scratch else None
    if ours is None or theirs is None:
        return (
            f"{NONE_HERE}the same data learned from scratch would show what the weights brought "
            "along."
        )
    return (
        f"From the worst class to the best it is {reach(ours.gap)} with pre-trained weights "
        f"(worst: {ours.name}) and {reach(theirs.gap)} from scratch (worst: {theirs.name})."
    )


def _of_balance(report: TestReport) -> str:
    present = [each for each in report.classes if each.support]
    rarest = min(present, key=lambda each: each.support)
    commonest = max(present, key=lambda each: each.support)
    text = (
        f"Test pictures a class: {rarest.support:,} ({rarest.name}) to {commonest.support:,} "
        f"({commonest.name})."
        if rarest.support < commonest.support
        else f"Each class has {quantity(rarest.support, 'test picture')}."
    )
    missing = f" None at all of {', '.join(report.absent)}." if report.absent else ""
    return f"{text}{missing} How varied they are within a class, these numbers can't tell."


def _of_certainty(report: TestReport, predictions: Predictions | None) -> str:
    text = f"On average, confidence is {100 * report.calibration_error:.1f} points off accuracy."
    if predictions is None:
        return text
    wrong = ~predictions.correct
    sure = int((wrong & (predictions.confidence >= SURE)).sum())
    mistakes = quantity(int(wrong.sum()), "mistake")
    return (
        f"{sure:,} of {mistakes} were made with a confidence of {100 * SURE:.0f} % or more. {text}"
    )


def _of_labels(predictions: Predictions | None) -> str:
    if predictions is None:
        return f"{NONE_HERE}the predictions on every test picture would give it."
    if not may_doubt(predictions):
        return f"{NONE_HERE}this network is wrong too often to doubt labels by it."
    suspects = len(find_suspects(predictions))
    whole = quantity(len(predictions), "test label")
    wrong = in_percent(1 - float(predictions.correct.mean()))
    if not suspects:
        return f"No test label looks wrong, of {len(predictions):,} (confident learning)."
    return (
        f"{suspects:,} of {whole} may be wrong (confident learning). The network itself errs "
        f"on {wrong} of the pictures, which looks the same: only people who look can tell."
    )


def _of_use(report: TestReport, tested_on: str) -> str:
    pictures = quantity(report.n, "picture")
    where = f" of {tested_on}" if tested_on else ""
    text = f"Accuracy {rate(report.accuracy)} on {pictures}{where}. Of any other kind of picture "
    return f"{text}nothing is known.{_few(report.accuracy)}"


def _of_openness(report: TestReport, recipe: str) -> str:
    if not recipe:
        return f"{NONE_HERE}a published recipe, and explanations of mistakes, would give it."
    mistakes = quantity(report.n - int(report.confusion.trace()), "mistake")
    return (
        f"All that this run depends on is in its recipe ({recipe}), and all {mistakes} can be "
        "looked at. That says what it does, and not yet why."
    )


def _few(interval: Interval) -> str:
    return f" Mind: {interval.warning}." if interval.warning else ""
