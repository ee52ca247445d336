"""Every sentence of the lab with a verdict is listed with what decides it; nothing else says as
much in passing."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from bench.plain_words import PLAIN
from bench.sentences import BOUNDS, WORDS, sentences

LAB = Path(__file__).resolve().parents[2] / "tlcore"
ROOMS = (
    "analysis", "advice", "studies", "classroom", "inference", "report", "export", "cli", "ui",
)  # fmt: skip
"""Those that speak of what was measured. Whoever says a word of `WORDS` there adds the sentence to
bench/sentences.py, or to bench/plain_words.py if it gives no verdict."""


ASKING = ("classroom.", "inference.", "cli.", "advice.", "ui.train.", "ui.data.", "ui.classroom.")


def tells_results(module):
    """Whether it tells results, and doesn't ask for what is to be done."""
    return not module.startswith(ASKING)


def text_of(node):
    """What a string says, its gaps as `{}`; None of anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        parts = (each.value if isinstance(each, ast.Constant) else "{}" for each in node.values)
        return "".join(map(str, parts))
    return None


def said_in(path):
    """Every string of a module that somebody may read: not its docstrings."""
    tree, skipped = ast.parse(path.read_text(encoding="utf-8")), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            skipped.update(id(part) for part in node.values)
    found = (text_of(node) for node in ast.walk(tree) if id(node) not in skipped)
    return [" ".join(text.split()) for text in found if text]


def strings():
    paths = (path for room in ROOMS for path in sorted((LAB / room).rglob("*.py")))
    return {".".join(path.relative_to(LAB).with_suffix("").parts): said_in(path) for path in paths}


@pytest.fixture(scope="module")
def listed():
    """Module to the parts of sentences that are listed for it."""
    found: dict[str, list[str]] = {}
    for sentence in sentences():
        for module in sentence.written:
            found.setdefault(module, []).extend(sentence.said)
    for plain in PLAIN:
        found.setdefault(plain.module, []).append(plain.words)
    return {module: [" ".join(part.split()) for part in parts] for module, parts in found.items()}


def uncovered(text, parts, *, results=True):
    """Words of a verdict that lie in none of the listed parts."""
    spans = [
        (at, at + len(part))
        for part in parts
        for at in range(len(text))
        if text.startswith(part, at)
    ]
    return [
        word.group()
        for words in ((WORDS, BOUNDS) if results else (WORDS,))
        for word in words.finditer(text)
        if not any(low <= word.start() and word.end() <= high for low, high in spans)
    ]


def test_no_word_of_a_verdict_is_said_that_is_not_listed(listed):
    loose = [
        f"{module}: {words} in {text[:120]!r}"
        for module, texts in strings().items()
        for text in texts
        if (words := uncovered(text, listed.get(module, []), results=tells_results(module)))
    ]
    assert not loose, "\n".join(loose)


def test_whatever_is_listed_is_said_where_it_is_listed():
    said = strings()

    def says(module, part):
        return any(" ".join(part.split()) in text for text in said.get(module, []))

    gone = [each.words for each in PLAIN if not says(each.module, each.words)]
    for each in sentences():
        gone += [part for part in each.said if not any(says(m, part) for m in each.written)]
        gone += [m for m in each.written if not any(says(m, part) for part in each.said)]
    assert not gone


def test_a_loose_verdict_is_found():
    assert uncovered("That may be chance.", []) == ["chance"]
    assert uncovered("That may be chance. Probably.", ["That may be chance."]) == ["Probably"]


def test_every_decider_is_the_lab_s_own():
    for sentence in sentences():
        assert sentence.decider.__module__.startswith("tlcore."), sentence.said
        assert callable(sentence.decider)
        assert sentence.says, sentence.said


def test_what_the_page_of_evidence_names_is_there():
    page = (LAB.parent / "docs" / "measured" / "EVIDENCE.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_]+)\.([a-z0-9_]+)`", page.partition("## What to know")[0])
    assert len(named) > 20
    for module, name in named:
        assert hasattr(import_module(f"tlcore.analysis.{module}"), name), f"{module}.{name}"


def test_every_case_can_be_made_up():
    for sentence in sentences():
        for says in sentence.says:
            assert says(0) in (True, False), sentence.said
