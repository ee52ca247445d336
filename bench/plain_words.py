"""Words of verdicts in sentences that give none, each with the reason. See bench/sentences.py."""

from __future__ import annotations

from dataclasses import dataclass

LIMIT = "a limit of what may be given, not of what was measured"
NAME = "a name in the code or in a file, not a sentence"
OPEN = "it leaves open what can't be told, and is what is said where the verdict is not"
TERM = "it explains a term or a figure"
ADVICE = "advice that rests on no figure of this run"


@dataclass(frozen=True)
class Plain:
    """A sentence with a word of a verdict that gives none.

    Attributes:
        module: Of `tlcore`.
        words: The part of the sentence, as it is written in the code; gaps are `{}`.
        why: It is none.
    """

    module: str
    words: str
    why: str


PLAIN = (
    Plain("advice.trial", "So few pictures can't tell it from: {}.", OPEN),
    Plain("analysis.curve_reading", "overfitting", NAME),
    Plain("analysis.curve_reading", "did not learn", NAME),
    Plain("analysis.decision", "The choice of test pictures alone may do that.", OPEN),
    Plain("analysis.decision", "Seeds and test pictures alone may do that.", OPEN),
    Plain("analysis.ensemble", "Whether voting helps, these test pictures can't tell.", OPEN),
    Plain(
        "analysis.ethics",
        "How varied they are within a class, these numbers can't tell.",
        "so it is, whatever was measured",
    ),
    Plain("analysis.group_files", "Leave {} at most.", LIMIT),
    Plain("analysis.group_files", "Sum them up in {} groups at most.", LIMIT),
    Plain("analysis.predictions", "the probabilities of a picture don't add up to 1", LIMIT),
    Plain(
        "studies.reproduce.claims",
        "Fewer pictures and fewer epochs teach less, and a stand-in is another network",
        "the reason why nothing is decided",
    ),
    Plain("studies.reproduce.claims", "Seeds and test pictures leave too much room", OPEN),
    Plain(
        "studies.reproduce.claims",
        "Not known yet: it takes {} seeds of each recipe, and a difference that they tell from "
        "chance.",
        OPEN,
    ),
    Plain(
        "studies.reproduce.claims",
        "Transfer converges in fewer epochs",
        "the sentence of a report; its verdict stands beside it",
    ),
    Plain("studies.reproduce.claims", "{} a side can't tell recipes apart.", OPEN),
    Plain("studies.reproduce.jobs", "too much for two cores", "the reason why it wasn't run"),
    Plain(
        "studies.reproduce.table",
        "reproduced",
        "the rules of the verdicts; bench/sentences.py has these",
    ),
    Plain(
        "studies.reproduce.table",
        "refuted",
        "the rules of the verdicts; bench/sentences.py has these",
    ),
    Plain("report.document.charts.quality", "thin bars: pictures, {} at most", TERM),
    Plain("report.words", "at most; it stops after {} without a better {}", "what a recipe says"),
    Plain("cli.auto", "{} may be as good: the pictures can't tell.", OPEN),
    Plain("cli.embedding", "by chance {}", TERM),
    Plain("cli.embedding", "chance", NAME),
    Plain("cli.labels", "likely", NAME),
    Plain(
        "ui.compare.table",
        "These runs have the same recipe: what differs is chance, or the machine.",
        "it follows from the recipes' being one",
    ),
    Plain(
        "ui.results.calibration",
        "Bars below it belong to a network that is surer than it is right",
        TERM,
    ),
    Plain(
        "ui.results.classes",
        "**AUC**: the chance that a picture of the class gets more of its probability than one of "
        "another class",
        TERM,
    ),
    Plain(
        "ui.results.classes",
        "their intervals are wide, and most differences between them can't be told.",
        OPEN,
    ),
    Plain("ui.results.embedding", "are shown up to 2,000 test pictures", LIMIT),
    Plain("ui.shared.what_is", "Luck or not? (McNemar)", TERM),
    Plain(
        "ui.shared.what_is",
        "If luck alone decided who is right there, it would be about half and half, like "
        "tossing coins. The number says how often luck would give a split as uneven as this one.",
        TERM,
    ),
    Plain("ui.train.schedule", "a report counts in layers, or a whole block is too much.", ADVICE),
    Plain(
        "ui.train.schedule",
        "you want to see what each block adds, or all at once forgets too much.",
        ADVICE,
    ),
)
