import io

from tests.runs import fake_run
from tlcore.cli.progress import Progress
from tlcore.events import Note
from tlcore.recipe import Recipe


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown_on(stream):
    show = Progress(stream)
    for event in fake_run.train(Recipe(epochs=2)):
        show(event)
    return stream.getvalue()


def test_away_from_a_terminal_every_epoch_is_one_plain_line():
    text = shown_on(io.StringIO())
    assert "\r" not in text
    assert "\x1b" not in text
    assert sum(line.startswith("epoch ") and "/2" in line for line in text.splitlines()) == 2


def test_on_a_terminal_a_bar_moves_and_makes_room_for_lines():
    text = shown_on(Terminal())
    assert "epoch 2/2 ████" in text
    for line in text.split("\n")[:-1]:
        assert line.startswith("\r\x1b[2K")


def test_the_lines_say_what_a_person_wants_to_know():
    text = shown_on(io.StringIO())
    assert "80 pictures to learn from, 20 to choose by, 50 to test on; cpu, float32" in text
    assert "note: This is a rehearsal." in text
    assert "thawed head, 130 of 1,000 parameters train; what is frozen is computed once" in text
    assert "epoch 1/2  train 80.0% (loss 0.500)  validation 70.0% (loss 0.600)" in text
    assert "test: accuracy 84.0%" in text
    assert "all 2 epochs are done; 2.0 s" in text


def test_a_note_can_not_move_the_cursor():
    stream = io.StringIO()
    Progress(stream)(Note("class \x1b[2J has 2 pictures"))
    assert stream.getvalue() == "note: class \\x1b[2J has 2 pictures\n"
