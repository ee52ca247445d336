"""A register with a clock that stands still until it is moved, and a lesson of two runs."""

import pytest

from bench.support.lives import Time
from tlcore.access import anonymous
from tlcore.classroom.lesson import from_lesson_text
from tlcore.classroom.register import Register
from tlcore.runs.store import RunStore

SMALL = """
title: Two runs
runs:
  first: {title: First, change: {epochs: 1}}
  second: {title: Second, change: {epochs: 2}}
steps:
  - {kind: read, name: intro, title: Read}
  - kind: predict
    name: guess
    title: Guess
    question: 'How good will the second be?'
    scale: {}
    truth: {plus: [second]}
  - kind: predict
    name: choose
    title: Choose
    question: 'Which is better?'
    choices: [{text: the first, high: 0}, {text: the second, low: 0}]
    truth: {plus: [second], minus: [first]}
    expected: 1
  - {kind: do, name: train, title: Train, runs: [first, second]}
  - {kind: look, name: see, title: See, runs: [first, second]}
  - {kind: explain, name: why, title: Why, question: 'Why so?'}
"""


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def register(time):
    return Register(RunStore(clock=time.clock()))


@pytest.fixture
def lesson():
    return from_lesson_text(SMALL)


@pytest.fixture
def teacher():
    return anonymous(name="Teacher")


@pytest.fixture
def group(register, lesson, teacher):
    """A class at this lesson."""
    return register.new_class(register.keep_lesson(lesson, by=teacher), "7b", by=teacher)
