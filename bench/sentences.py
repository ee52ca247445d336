"""Every sentence of the lab that gives a verdict: what decides it, and how often it is wrong.

Each is held against made-up networks, recipes and curves of which it is not so. `bench/verdicts.py`
counts how often it was said all the same and writes docs/measured/VERDICTS.md. A test looks through
the lab for words of verdicts (`WORDS`) and takes none that is listed neither here nor, with a
reason, in bench/plain_words.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.coverage import COVER
from bench.untrue import (
    Says,
    bears_it_better,
    called_worse,
    ceiling_refuted,
    eight_bits,
    figure_is,
    from_grid,
    gain_is,
    hurts_most,
    ladder_of,
    left_is_called_chance,
    loss_reads,
    luckier_than_told,
    reads,
    step,
    sweep_of,
    times_missed,
    told_apart,
    turned,
    vote_is_not,
    vote_is_told,
    wanted_is_told,
    worst_missed,
)
from tlcore.analysis import (
    calibration,
    curve_reading,
    decision,
    ensemble,
    ethics,
    groups,
    label_curves,
    robustness,
    selective,
    sweep,
)
from tlcore.analysis.intervals import wilson
from tlcore.export import facts
from tlcore.studies.reproduce import claims

WORDS = re.compile(
    r"\b(probabl[ey]|likely|as wanted|than wanted|chance|luck\w*|luckiest|explains"
    r"|can't tell|can't be told|told apart|hardly|refuted?|reproduced|better than|worse than"
    r"|no better|any better|far better|overfitting|fewer epochs|more epochs|did not learn"
    r"|shown to be|turn it round|alone may|as sure as|surer than it|less sure than|no advantage"
    r"|advantage lasts|too much|helps here|harm here|hurts it|wins|winner|as many labels"
    r"|taken as it|jumps up|most was there|loss grew)\b",
    re.IGNORECASE,
)
"""What a verdict is given in."""
BOUNDS = re.compile(r"\b(at most|up to)\b", re.IGNORECASE)
"""The same where results are told; elsewhere they limit what may be given."""


@dataclass(frozen=True)
class Sentence:
    """One verdict.

    Attributes:
        said: Parts of it, as they are written in the code; gaps that are filled in are `{}`.
        written: The modules of `tlcore` that they are written in.
        where: Where a person reads it.
        decider: What decides whether it is said.
        untrue: When it would be wrong: what the made-up cases are.
        says: A way to make them up, or several; the one that is wrong the most often counts.
        may: How often it may be wrong.
        cost: How many times fewer cases it can afford.
    """

    said: tuple[str, ...]
    written: tuple[str, ...]
    where: str
    decider: Callable[..., object]
    untrue: str
    says: tuple[Says, ...]
    may: float = 0.05
    cost: int = 1


OUTSIDE = round(1 - COVER, 2)
"""Of a sentence that is an interval: as often as any may leave the truth out."""
EVERYWHERE = "Compare, Start, cue lab, report, `compare`"
CURVES = "Results, report"


def sentences() -> Iterator[Sentence]:
    """All of them."""
    yield from _of_runs()
    yield from _of_groups()
    yield from _of_votes()
    yield from _of_labels()
    yield from _of_corruptions()
    yield from _of_sweeps()
    yield from _of_certainty()
    yield from _of_exports()
    yield from _of_reports()
    yield from _of_curves()


def _verdict_of(owner: type) -> Callable[..., object]:
    """The function behind a property `verdict`."""
    found: Callable[..., object] = vars(owner)["verdict"].fget
    return found


def _of_runs() -> Iterator[Sentence]:
    yield Sentence(
        (decision.DIFFER, "{} wins this time"), ("analysis.decision", "ui.start.verdict"),
        EVERYWHERE, decision.decide, "two networks that are equally good, one seed a side",
        (told_apart(0.0, 1),),
    )  # fmt: skip
    yield Sentence(
        (decision.RECIPES_DIFFER, "{} wins", "No clear winner"),
        ("analysis.decision", "ui.start.verdict"), EVERYWHERE, decision.decide,
        "equal recipes: three seeds a side that are spread by 1 point, five that are by 3",
        (told_apart(0.01, 3), told_apart(0.03, 5)),
    )  # fmt: skip
    yield Sentence(
        (decision.STAYS, decision.TURN), ("analysis.decision",), EVERYWHERE, decision.turns,
        "a pair that two more seeds turn round", tuple(turned(gap) for gap in (0.0, 0.05, 0.11)),
    )  # fmt: skip


def _of_groups() -> Iterator[Sentence]:
    yield Sentence(
        ("The groups differ by more than chance explains, but which can't be told.",),
        ("analysis.ethics",), "Bias & ethics, report, card", ethics.describe_groups,
        "2 to 100 groups that are alike", from_grid("groups that are alike are told apart"), cost=4,
    )  # fmt: skip
    yield Sentence(
        ("That may be chance.{}",), ("analysis.ethics",), "Bias & ethics, report, card",
        ethics.describe_groups,
        "groups of 500 that are 15 points apart, with none to ten groups of 3",
        from_grid("a gap is called chance"),
    )  # fmt: skip
    yield Sentence(
        ("The classes differ by more than chance explains, but which ones can't be told.",),
        ("analysis.ethics",), "Bias & ethics, report, card", ethics.describe_worst,
        "10 classes that are alike, even and long-tailed",
        from_grid("classes that are alike are told apart", "1,000 pictures, 10 classes"),
    )  # fmt: skip
    yield Sentence(
        ("That may be chance.", "That it is the worst may be chance."),
        ("analysis.ethics", "ui.results.classes"), "Results, Bias & ethics, report, card",
        groups.worst_class, "9 classes of 100 at 90 %, one 25 points lower", (worst_missed,),
    )  # fmt: skip


def _of_votes() -> Iterator[Sentence]:
    where = "Compare, `ensemble`"
    yield Sentence(
        ("More than chance explains: voting helps here, at {} times the computing.",
         "Voting does harm here: the best one alone is better."),
        ("analysis.ensemble",), where, ensemble.verdict,
        "a vote that is exactly as good as its best member", (vote_is_told,),
    )  # fmt: skip
    yield Sentence(
        ("Not worth {} times the computing: they hardly differ from the best alone.",),
        ("analysis.ensemble",), where, ensemble.verdict, "a vote that gains a point",
        (vote_is_not,),
    )  # fmt: skip


def _of_labels() -> Iterator[Sentence]:
    where = "Compare, `curve`, `reproduce`"
    yield Sentence(
        ("No advantage can be told from chance at any number of labels tried.",
         "The advantage lasts to the {} labels that were tried at most.",
         "From {} labels a class on, no advantage can be told from chance."),
        ("analysis.label_curves",), where, label_curves.advantage,
        "equal ways at four numbers of labels: one seed that moves nothing, three by 2 points",
        (ladder_of(1, 0.0), ladder_of(3, 0.02)),
    )  # fmt: skip
    yield Sentence(
        ("{} needs {}{} times as many labels for that.",), ("analysis.label_curves",), where,
        label_curves.advantage, "a range that leaves the true 10 times out", (times_missed,),
        may=OUTSIDE,
    )  # fmt: skip


def _of_corruptions() -> Iterator[Sentence]:
    where = "Results, `robust`"
    yield Sentence(
        ("{} bears corruption {} than {}: {}.",
         "Whether {} bears corruption better than {} can't be told: {}."),
        ("analysis.robustness",), "`robust`", robustness.describe_difference,
        "two networks that bear it alike", (bears_it_better,),
    )  # fmt: skip
    yield Sentence(
        ("{} hurts it most: {}.", "Whether {} or {} hurts it most can't be told."),
        ("analysis.robustness",), where, robustness.describe,
        "four families that hurt alike", (hurts_most,),
    )  # fmt: skip


def _of_sweeps() -> Iterator[Sentence]:
    where = "Runs, `sweep`"
    yield Sentence(
        ("Each of the other networks has been shown to be worse. {}",), ("analysis.sweep",), where,
        sweep.judge, "6 networks that are equally good", (sweep_of(1, 0.0),),
    )  # fmt: skip
    yield Sentence(
        ("Each of the others has been shown to be worse.",
         "The best may be luck: {} not been shown to be worse."),
        ("analysis.sweep",), where, sweep.judge,
        "6 equal settings, three seeds each that are spread by 2 points", (sweep_of(3, 0.02),),
    )  # fmt: skip
    yield Sentence(
        ("Of {} equally good ones the best would lie {} points above their mean by chance alone.",),
        ("analysis.sweep",), where, sweep.judge,
        "the best of 12 equal networks lies half as high again above what they are worth",
        (luckier_than_told,), may=0.2,
    )  # fmt: skip


def _of_certainty() -> Iterator[Sentence]:
    where = "Results, report, card"
    yield Sentence(
        ("about as sure as it is right", "as sure as it is right, or not: {} pictures can't tell"),
        ("analysis.calibration",), where, calibration.how_sure,
        "a network whose confidence is more than 5 points off, 20 to 5,000 pictures",
        from_grid("said wrongly: about as sure as it is right"), cost=2,
    )  # fmt: skip
    yield Sentence(
        ("surer than it is right", "less sure than it could be"), ("analysis.calibration",), where,
        calibration.how_sure, "a network that is as often right as it is sure",
        from_grid("said wrongly: surer, or less sure"), cost=2,
    )  # fmt: skip
    yield Sentence(
        (", and what is left of the error may be chance",), ("analysis.calibration",),
        "Results, report", _verdict_of(calibration.Recalibration),
        "5 points and more of it are left, for the temperature was fitted on ten pictures",
        (left_is_called_chance,), cost=4,
    )  # fmt: skip
    yield Sentence(
        (": worse, so the network is best taken as it is",
         "; whether that is any better, these pictures can't tell"),
        ("analysis.calibration",), "Results, report", _verdict_of(calibration.Recalibration),
        "the temperature lowers the loss on all such pictures", (called_worse,), cost=4,
    )  # fmt: skip
    yield Sentence(
        ("Thresholds that the validation pictures can promise (at most one promise in twenty is "
         "not kept), and what they do on the test pictures.",
         "The threshold is chosen on {} validation pictures, so that at most one such promise in "
         "twenty is not kept; the test pictures had no say in it, so what they show is what to "
         "expect of others."),
        ("report.sections.calibration", "ui.results.abstaining"), "Results, report",
        selective.threshold_for, "thresholds whose answers are right less often than was promised",
        from_grid("promised thresholds that fall short"),
    )  # fmt: skip
    yield Sentence(
        (", as wanted.", ": fewer than wanted.", "as wanted", "can't be told",
         ". Whether that is as many as wanted, these test pictures can't tell."),
        ("report.sections.calibration", "ui.results.abstaining"), "Results, report",
        _verdict_of(selective.Promise), "exactly as many as wanted, so that neither is so",
        (wanted_is_told,),
    )  # fmt: skip


def _of_exports() -> Iterator[Sentence]:
    where = "card of a shipped network"
    yield Sentence(
        ("{} That is too much: use model.onnx where accuracy counts.",), ("export.facts",), where,
        _verdict_of(facts.Eight), "eight bits lose just as much as they may",
        (eight_bits("That is too much", facts.TOO_MUCH),),
    )  # fmt: skip
    yield Sentence(
        ("{} That may be too much: use model.onnx where accuracy counts.",), ("export.facts",),
        where, _verdict_of(facts.Eight), "eight bits lose nothing",
        (eight_bits("may be too much", 0.0),),
    )  # fmt: skip
    yield Sentence(
        ("{} Whether that is too much, these pictures can't tell.",
         "{} It loses less than {} point."),
        ("export.facts",), where, _verdict_of(facts.Eight),
        "eight bits lose a little more than they may",
        (eight_bits("It loses less", facts.TOO_MUCH),),
    )  # fmt: skip


def _of_reports() -> Iterator[Sentence]:
    where = "RESULTS.md, `reproduce`"
    written = ("studies.reproduce.claims",)
    yield Sentence(
        ("refuted",), written, where, claims.judge, "a figure of the same recipe, three seeds",
        (figure_is(claims.Verdict.REFUTED, 0.0),),
    )  # fmt: skip
    yield Sentence(
        ("reproduced",), written, where, claims.judge,
        "a figure that is as far off as the margin, three seeds",
        (figure_is(claims.Verdict.REPRODUCED, claims.MARGIN),),
    )  # fmt: skip
    yield Sentence(
        ("Resized pictures are learned far better than 32 px (by more than {}), and that matters "
         "more than freezing",
         "A pre-trained network is near its best after few epochs: stop early and save the time."),
        written, where, claims.judge_gain,
        "a gain that is just the smallest that counts, either verdict",
        (gain_is(claims.Verdict.REPRODUCED), gain_is(claims.Verdict.REFUTED)),
    )  # fmt: skip
    yield Sentence(
        ("MobileNet can't do better than 23.77 %",), written, where, claims.put_to_the_test,
        "a network that is just as much better as counts", (ceiling_refuted,),
    )  # fmt: skip
    yield Sentence(
        ("The reported figure lies {} the interval, which is about this network",),
        ("ui.results.summary",), "Results", wilson,
        "a figure that is this network's own accuracy, 1,000 and 10,000 pictures",
        from_grid("accuracy", "1,000 pictures, 90") + from_grid("accuracy", "10,000 pictures, 90"),
        may=OUTSIDE,
    )  # fmt: skip


def _of_curves() -> Iterator[Sentence]:
    def sentence(said: Sequence[str], untrue: str, *says: Says, may: float = 0.05) -> Sentence:
        return Sentence(tuple(said), ("analysis.curve_reading",), CURVES,
                        curve_reading.read_curves, untrue, says, may)  # fmt: skip

    yield sentence(
        ["overfitting. Validation accuracy still grew by {}: it gets surer of its mistakes rather "
         "than making more.", "overfitting."],
        "a validation loss that is flat and jitters by 2 to 10 %, 10 to 50 epochs",
        *from_grid("overfitting is seen"),
    )  # fmt: skip
    yield sentence(
        ["Still improving when it ended: more epochs may help."],
        "the same", *from_grid("still improving is seen"),
    )  # fmt: skip
    yield sentence(
        ["Little changed after epoch {}: fewer epochs would have done."],
        "an accuracy that rises by a point an epoch",
        *from_grid("fewer epochs would have done, of a point an epoch"),
    )  # fmt: skip
    yield sentence(
        ["After the thaw at epoch {}, {} hardly changed {}."],
        "a thaw that raises accuracy by 8 points, 1,000 validation pictures",
        reads("thaw", "hardly changed", validation_accuracy=step(0.8, 0.88)),
    )  # fmt: skip
    yield sentence(
        ["After the thaw at epoch {}, {} {} by {} "], "a thaw that changes nothing",
        *from_grid("a thaw that changes nothing rose or fell"), may=0.1,
    )  # fmt: skip
    yield sentence(
        ["It did not learn: {} at best, and {} gives {}."],
        "a network that is right of 20 % where guessing gives 10 %, 200 validation pictures",
        reads("did not learn", validation_accuracy=step(0.2, 0.2), pictures=200),
    )  # fmt: skip
    yield sentence(
        ["At the end training accuracy lies {} above validation accuracy ({} and {}): it knows its "
         "training pictures better than new ones."],
        "training accuracy that lies 5 points above, 1,000 validation pictures",
        reads("gap", validation_accuracy=step(0.8, 0.8), train_accuracy=0.85),
    )  # fmt: skip
    yield sentence(
        ["Most was there after the first epoch: {} was {} then, and {} at best."],
        "a first epoch that reached 70 % of the best, 1,000 validation pictures",
        reads("at once", validation_accuracy=(0.56, *[0.8] * 19)),
    )  # fmt: skip
    yield sentence(
        ["The loss jumps up and down from epoch to epoch: a lower learning rate, or more pictures "
         "to measure it on, would calm it."],
        "a loss that falls and jitters by 2 %", loss_reads("jumpy", 0.02, falls=0.95),
    )  # fmt: skip
    yield sentence(
        ["Training loss grew instead of falling: try a lower learning rate."],
        "a loss that stays as it was and jitters by 10 %", loss_reads("diverged", 0.1, falls=1.0),
    )  # fmt: skip
