"""Whatever is wrong with a recipe file, its reader gets one error fit for a student's eyes."""

import time
from itertools import pairwise

import pytest

from tlcore.errors import RecipeError
from tlcore.recipe.text import LARGEST_FILE, from_file

DEEP = 5_000

# Each file's bytes, and what its error must say: the field (or where), the value, the rule.
MALFORMED: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    # Not a text, or not a recipe's
    "empty file": ("", ("recipe is empty", "fields with values")),
    "blank lines": ("\n  \n", ("recipe is empty",)),
    "only a comment": ("# later\n", ("recipe is empty",)),
    "a sentence": ("train it well", ("recipe", "'train it well'", "fields with values")),
    "a list": ("- epochs: 3\n- batch: 8\n", ("recipe", "[{", "fields with values")),
    "a number": ("42", ("recipe is 42", "fields with values")),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", ("file", "not text")),
    "UTF-16": ("epochs: 3".encode("utf-16"), ("file", "not text (UTF-8)")),
    "Latin-1": ("name: Zürich".encode("latin-1"), ("file", "not text (UTF-8)")),
    "NUL": ("epochs: 3\nname: a\0b", ("line 2", "U+0000")),
    "escape": ("epochs: 3\nname: \x1b[31m", ("line 2", "U+001B")),
    "huge": ("#" * (LARGEST_FILE + 1), ("file", "too large", "256 KB")),
    "two documents": ("epochs: 3\n---\nepochs: 4\n", ("line 2", "single document")),
    # Notation
    "tab": ("data:\n\tname: digits\n", ("line 2", "tab", "spaces")),
    "open bracket": ("optimiser: {rate: 0.1\nepochs: 3", ("not valid", "line 2")),
    "half of JSON": ('{"epochs": 3,', ("not valid", "line 1")),
    "open quote": ('name: "first\nepochs: 3\n', ("not valid", "line")),
    "two colons": ("epochs: 3: 4\n", ("line 1", "not valid")),
    "wrong indent": ("data:\n    name: digits\n  size: 3\n", ("line 3", "not valid")),
    "bomb of aliases": (
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in pairwise("abcdefgh")),
        ("line 2", "aliases"),
    ),
    "merge of an alias": ("a: &a {epochs: 3}\n<<: *a\n", ("line 2", "aliases")),
    "code in a tag": ("name: !!python/object/apply:os.getcwd []\n", ("line 1", "tags")),
    "empty number by tag": ('epochs: !!int ""\n', ("line 1", "tags")),
    "deep lists": ("name: " + "[" * DEEP + "]" * DEEP, ("nested too deeply",)),
    "deep JSON": ('{"a":' * DEEP + "1" + "}" * DEEP, ("nested too deeply",)),
    "endless digits": ("epochs: " + "9" * 5_000, ("number", "too long")),
    "endless digits in JSON": ('{"epochs": ' + "9" * 5_000 + "}", ("number", "too long")),
    "field twice": ("epochs: 3\nbatch: 8\nepochs: 4\n", ("line 3", "epochs stands there twice")),
    "field twice in JSON": ('{"epochs": 3, "epochs": 4}', ("epochs stands there twice",)),
    "inner field twice": ("data: {name: digits, name: shapes}", ("name stands there twice",)),
    "a list as a name": ("? [a, b]\n: 3\n", ("name of a field must be a word",)),
    "a number as a name": ("3: 4\n", ("3", "name of a field")),
    "nothing as a name": ("~: 4\n", ("None", "name of a field")),
    # Names
    "unknown field": ("epoch: 3\n", ("epoch:", "no field of a recipe", "'epochs'")),
    "unknown inner field": (
        "optimiser: {learning_rate: 0.1}\n",
        ("optimiser.learning_rate", "no field of optimiser", "'rate'"),
    ),
    "American spelling": ("optimizer: {rate: 0.1}\n", ("optimizer", "'optimiser'")),
    "hyphen for underscore": ("label-smoothing: 0.1\n", ("label-smoothing", "'label_smoothing'")),
    "unknown field of a phase": (
        "schedule: {preset: custom, phases: [{thaw: all, lr: 1}]}\n",
        ("schedule.phases.0.lr", "no field of schedule.phases.0", "'rate'"),
    ),
    "unknown field of shapes": ("data: {shapes: {sise: 64}}", ("data.shapes.sise", "'size'")),
    "unknown data set": ("data: {name: cifar-10}", ("data.name", "'cifar-10'", "Did you mean")),
    "unknown preset": ("schedule: {preset: LPFT}", ("schedule.preset", "'LPFT'", "'lp-ft'")),
    "unknown optimiser": ("optimiser: {name: Adamm}", ("optimiser.name", "'Adamm'", "'adam'")),
    "unknown rates": (
        "rate_schedule: {name: one_cyle}",
        ("rate_schedule.name", "'one_cyle'", "'one-cycle'"),
    ),
    "unknown precision": ("precision: fp16", ("precision", "'fp16'", "must be one of auto")),
    # Types
    "text for a number": ("epochs: five", ("epochs", "'five'", "whole number")),
    "quoted number": ('epochs: "5"', ("epochs", "'5'", "whole number")),
    "truth for a number": ("epochs: true", ("epochs", "true", "whole number")),
    "fraction for a whole number": ("epochs: 2.5", ("epochs", "2.5", "whole number")),
    "nothing for a number": ("epochs:\n", ("epochs", "null", "whole number")),
    "date for a number": ("epochs: 2024-05-06", ("epochs", "'2024-05-06'", "whole number")),
    "clock for a number": ("epochs: 1:30", ("epochs", "'1:30'", "whole number")),
    "octal": ("epochs: 010", ("epochs", "'010'", "whole number")),
    "list for a number": ("epochs: [3]", ("epochs", "[3]", "whole number")),
    "no for false": ("augmentation: {flip: no}", ("augmentation.flip", "'no'", "true or false")),
    "one for true": ("augmentation: {flip: 1}", ("augmentation.flip", "1", "true or false")),
    "text for a part": ("optimiser: sgd", ("optimiser", "'sgd'", "fields with values")),
    "list for a part": ("data: [digits]", ("data", '["digits"]', "fields with values")),
    "nothing for a part": ("data:\n", ("data", "null", "fields with values")),
    "number for a list": ("model: {head: {hidden: 512}}", ("model.head.hidden", "512", "a list")),
    "text in a list": (
        "model: {head: {hidden: [512, wide]}}",
        ("model.head.hidden.1", "'wide'", "whole number"),
    ),
    "number for a name": ("name: 5", ("name", "5", "must be text")),
    # Values
    "no epochs": ("epochs: 0", ("epochs", "0", "at least 1")),
    "negative batch": ("batch: -8", ("batch", "-8", "at least 1")),
    "NaN": ("optimiser: {rate: .nan}", ("optimiser.rate", "NaN", "finite")),
    "NaN in JSON": ('{"optimiser": {"rate": NaN}}', ("optimiser.rate", "NaN", "finite")),
    "infinity": ("optimiser: {clip: .inf}", ("optimiser.clip", "Infinity", "finite")),
    "overflow": ("optimiser: {rate: 1e999}", ("optimiser.rate", "Infinity", "finite")),
    "no rate": ("optimiser: {rate: 0.0}", ("optimiser.rate", "0.0", "greater than 0")),
    "all for validation": ("data: {validation: 1.0}", ("data.validation", "1.0", "at most 0.9")),
    "percent": ("label_smoothing: 10", ("label_smoothing", "10", "less than 1")),
    "seed of 64 bits": (f"seed: {2**64}", ("seed", str(2**64), "less than")),
    "huge count": (
        "schedule: {preset: last-layers, count: 99999999999}",
        ("schedule.count", "99999999999", "at most"),
    ),
    "line break in a name": ('name: "a\\nb"', ("name", "one line")),
    "half a letter": ('{"name": "\\ud83e"}', ("name", "must be text")),
    "long name": (f"name: {'x' * 301}", ("name", "xxx...", "at most 300 characters")),
    "unheard-of phase": (
        "schedule: {preset: custom, phases: [{thaw: last two blocks}]}",
        ("schedule.phases.0.thaw", "'last two blocks'", "last N blocks"),
    ),
    "endless count in a phase": (
        f"schedule: {{preset: custom, phases: [{{thaw: last {'9' * 4_500} layers}}]}}",
        ("schedule.phases.0.thaw", "last N layers"),
    ),
    "steps backwards": (
        "rate_schedule: {name: step, at: [20, 10]}",
        ("rate_schedule.at", "[20, 10]", "later than the one before"),
    ),
    "endless widths": ("model: {head: {hidden: [999999999]}}", ("model.head.hidden", "65536")),
    # Parts that disagree
    "phases too short": (
        "epochs: 9\nschedule: {preset: custom, phases: [{epochs: 2}, {thaw: all, epochs: 3}]}",
        ("schedule.phases", "must add up to the run's epochs (9), not 5"),
    ),
    "phases too long": (
        "epochs: 4\nschedule: {preset: custom, phases: [{epochs: 2}, {thaw: all, epochs: 3}]}",
        ("schedule.phases", "must add up to the run's epochs (4), not 5"),
    ),
    "nothing left for the last phase": (
        "epochs: 2\nschedule: {preset: custom, phases: [{epochs: 2}, {thaw: all}]}",
        ("schedule.phases", "must leave some of the run's epochs (2)"),
    ),
    "first phase without an end": (
        "schedule: {preset: custom, phases: [{thaw: head}, {thaw: all}]}",
        ("schedule.phases", "must all say their epochs"),
    ),
    "head trains to the end": (
        "epochs: 3\nschedule: {preset: lp-ft, head_epochs: 3}",
        ("schedule.head_epochs is 3", "less than the run's epochs (3)"),
    ),
    "phases of a preset": (
        "schedule: {preset: full, phases: [{thaw: head}]}",
        ("schedule.phases", "left out unless preset is custom"),
    ),
    "custom without phases": (
        "schedule: {preset: custom}",
        ("schedule.phases", "at least one", "custom"),
    ),
    "folder without a path": ("data: {name: folder}", ("data.path", "must name a folder")),
    "path without a folder": (
        "data: {path: pets}",
        ("data.path", "'pets'", "left out unless name is folder"),
    ),
    "frozen scratch": (
        "model: {weights: none}\nschedule: {preset: head-only}",
        ("schedule.preset", "'head-only'", "must be full"),
    ),
    "patience without validation": (
        "data: {validation: 0}\nearly_stopping: {patience: 3}",
        ("early_stopping.patience", "3", "data.validation above 0"),
    ),
    "plateau without validation": (
        "data: {validation: 0}\nrate_schedule: {name: plateau}",
        ("rate_schedule.name", "'plateau'", "data.validation above 0"),
    ),
    "warm-up to the end": (
        "epochs: 3\nrate_schedule: {warmup: 3}",
        ("rate_schedule.warmup", "3", "less than the run's epochs (3)"),
    ),
    "warm-up of one-cycle": (
        "rate_schedule: {name: one-cycle, warmup: 1}",
        ("rate_schedule.warmup", "1", "must be 0 for one-cycle"),
    ),
    "Nesterov's Adam": ("optimiser: {name: adam, nesterov: true}", ("optimiser.nesterov", "true")),
    # Versions
    "version from the future": ("version: 4", ("version", "4", "newer lab")),
    "version before the first": ("version: 0", ("version", "0", "whole number up to 3")),
    "version as text": ('version: "1"', ("version", "'1'", "whole number")),
    "version as truth": ("version: true", ("version", "true", "whole number")),
    "no version": ("version:\n", ("version", "null", "whole number")),
    "endless version": ("version: " + "9" * 4_000, ("version", "999...", "newer lab")),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_recipe_gives_one_error_that_names_field_value_and_rule(case, tmp_path):
    content, must_say = MALFORMED[case]
    file = tmp_path / "recipe.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    began = time.process_time()
    with pytest.raises(RecipeError) as caught:
        from_file(file)
    message = str(caught.value)
    assert time.process_time() - began < 5
    assert str(file) in message, "it says which file"
    assert "1 problem" in message, message
    assert len(message) < 1_000, "short enough to be read"
    for words in must_say:
        assert words in message


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("absent.yaml", "does not exist"),
        ("", "folder"),
        ("x" * 300, "can't be read"),
        ("a\0b", "a name that no file can have"),
        ("recipe.yaml/deeper.yaml", "can't be read"),
    ],
)
def test_a_path_that_is_no_file_gives_one_error(path, rule, tmp_path):
    (tmp_path / "recipe.yaml").write_text("epochs: 3")
    with pytest.raises(RecipeError, match=rule):
        from_file(tmp_path / path)


def test_a_device_that_never_ends_is_refused():
    with pytest.raises(RecipeError, match="a device"):
        from_file("/dev/zero")
