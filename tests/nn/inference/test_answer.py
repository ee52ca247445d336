"""The answering process: what it says is what the run's own test said, and nothing brings it down
for long."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import contextmanager, suppress
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.runs.rehearsal import until
from tests.runs.small import SHAPES, small_recipe, train_small
from tlcore import paths
from tlcore.access import LOCAL, anonymous
from tlcore.data import load
from tlcore.errors import AnswerError, RunError
from tlcore.inference import client
from tlcore.inference import process as process_module
from tlcore.inference.picture import from_file
from tlcore.inference.protocol import BadMessage, Message, receive, send
from tlcore.nn.explain import methods
from tlcore.nn.inference import answer
from tlcore.nn.inference.handlers import Desk, Networks
from tlcore.nn.inference.server import WAITING, Abandoned, Door
from tlcore.recipe import Data, Input, Model
from tlcore.runs.store import RunStore
from tlcore.schedule import FreezeSchedule

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train_small(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def pixels(run):
    return load(run.recipe.data, run.recipe.input).test.pixels


@contextmanager
def serving(home, idle=60.0):
    """The answering process, as a thread of this one: it needn't load torch once more."""
    thread = threading.Thread(target=answer.serve, args=(home,), kwargs={"idle": idle})
    thread.start()
    until(lambda: process_module.is_awake(home))
    try:
        yield thread
    finally:
        process_module.lock_of(home).unlink(missing_ok=True)  # as when somebody removes the home
        thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(answer, "LOOK", 0.05)


@pytest.fixture
def served(run, quick):
    with serving(run.home):
        yield run


@pytest.fixture
def apart(run):
    """The answering process in earnest."""
    yield run
    for process in process_module._started.values():
        process.kill()
        process.wait()


def _process(home):
    return process_module._started[home]


# What it says


def test_it_says_of_the_test_pictures_exactly_what_the_runs_own_test_said(served, pixels):
    said = client.predict(served.home, served.network, pixels)
    assert said.classes == served.predictions.classes
    np.testing.assert_allclose(said.probabilities, served.predictions.probabilities, atol=1e-5)


@pytest.mark.parametrize(
    "changes",
    [
        {"input": Input(size=48, resize="once", normalise="dataset", interpolation="bicubic")},
        {"input": Input(size=40, normalise="half")},
        {"data": Data(name="digits", limit_train=60, limit_test=12)},
        {"precision": "bfloat16"},
    ],
)
def test_pictures_are_prepared_as_the_run_prepared_its_own(tmp_path, quick, changes):
    run = train_small(tmp_path, **changes)
    pixels = load(run.recipe.data, run.recipe.input).test.pixels
    with serving(tmp_path):
        said = client.predict(tmp_path, run.network, pixels).probabilities
    tolerance = 1e-2 if "precision" in changes else 1e-5  # eight bits are all that bfloat16 has
    np.testing.assert_allclose(said, run.predictions.probabilities, atol=tolerance)


@pytest.mark.parametrize("fit", ["crop", "squash", "pad"])
def test_a_file_is_brought_to_size_as_the_runs_files_were(tmp_path, quick, fit):
    """Pictures that are not square, one of them lying on its side, as cameras save them."""
    source = tmp_path / "pets.zip"
    _pack_pets(source)
    data = Data(name="folder", path=str(source), validation=0, test=0.5)
    run = train_small(tmp_path, data=data, input=Input(size=32, fit=fit))
    with zipfile.ZipFile(source) as archive:
        files = [archive.read(name) for name in run.predictions.ids]
    pixels = np.concatenate([from_file(file, run.recipe) for file in files])
    with serving(tmp_path):
        said = client.predict(tmp_path, run.network, pixels).probabilities
    np.testing.assert_allclose(said, run.predictions.probabilities, atol=1e-5)


def _pack_pets(path):
    chance = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(12):
            file = BytesIO()
            grain = chance.integers(0, 255, (50, 80, 3), dtype=np.uint8)
            turned = Image.Exif()
            turned[0x0112] = 6 if number % 2 else 1
            Image.fromarray(grain).save(file, "JPEG", exif=turned)
            archive.writestr(f"{'cat' if number < 6 else 'dog'}/{number}.jpg", file.getvalue())


@pytest.mark.parametrize(
    "data", [Data(shapes=SHAPES), Data(name="digits"), Data(name="folder", path="x")]
)
def test_a_file_has_the_size_that_the_runs_pictures_are_stored_in(data):
    file = BytesIO()
    Image.new("RGB", (200, 100), "red").save(file, "PNG")
    expected = {"shapes": 16, "digits": 8, "folder": 40}[data.name]
    found = from_file(file.getvalue(), small_recipe(data=data, input=Input(size=40)))
    assert found.shape == (1, expected, expected, 3)


def test_why_comes_as_a_map_of_the_size_that_the_network_sees(served, pixels):
    said = client.predict(served.home, served.network, pixels[:1])
    assert said.ways == ("occlusion", "grad-cam", "gradients", "lime")
    maps = [client.explain(served.home, served.network, pixels, way, 1).map for way in said.ways]
    assert {each.shape for each in maps} == {(32, 32)}
    other = client.explain(served.home, served.network, pixels, "gradients", 1, shuffled=True)
    assert not np.allclose(other.map, maps[said.ways.index("gradients")])


def test_each_block_shows_itself_and_whether_the_recipe_ever_trains_it(tmp_path, quick):
    run = train_small(
        tmp_path,
        model=Model(weights="pretrained"),
        schedule=FreezeSchedule(preset="last-blocks"),
    )
    with serving(tmp_path):
        blocks = client.look_inside(tmp_path, run.network, np.zeros((1, 16, 16, 3), np.uint8))
    assert [(each.name, each.channels, each.trained) for each in blocks] == [
        ("stem", 32, False),
        ("block1", 64, False),
        ("block2", 96, False),
        ("block3", 128, True),
    ]


# Whom it answers


def test_whoever_may_not_see_a_run_gets_no_network_to_ask(run):
    run.store.set_rules(run.store.rules().__class__(show_others=False), by=LOCAL)
    with pytest.raises(RunError):
        client.network_of(run.store, run.id, by=anonymous())
    run.store.set_rules(run.store.rules().__class__(), by=LOCAL)


def test_a_run_that_left_no_network_is_refused_in_words(tmp_path):
    store = RunStore(tmp_path)
    waiting = store.submit(small_recipe(), by=LOCAL).id
    with pytest.raises(AnswerError, match="left no network to ask: it is queued"):
        client.network_of(store, waiting, by=LOCAL)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "runs/../../elsewhere/checkpoints/best-1.safetensors",
        "runs/x/checkpoints/last-1.safetensors",
        "runs/x/checkpoints/best-1.safetensors",
        "",
    ],
)
def test_only_files_that_runs_published_are_opened(tmp_path, path):
    elsewhere = tmp_path / "elsewhere" / "checkpoints"
    elsewhere.mkdir(parents=True)
    (elsewhere / "best-1.safetensors").write_text("secret")
    home = tmp_path / "home"
    with pytest.raises(AnswerError, match=r"Only networks|is gone"):
        Networks(home).open(str(home / path))


def test_a_damaged_network_is_told_and_the_next_question_is_answered(run, pixels, tmp_path):
    damaged = run.home / "runs" / "broken" / "checkpoints" / "best-1.safetensors"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(run.network.read_bytes()[:-1] + b"!")
    desk = Desk(run.home)
    refused = desk.answer(Message({"ask": "predict", "network": str(damaged)}, {"pixels": pixels}))
    assert "damaged" in refused.facts["error"]["what"]
    good = desk.answer(Message({"ask": "predict", "network": str(run.network)}, {"pixels": pixels}))
    assert good.facts["classes"]


def test_only_the_latest_few_networks_stay_in_memory(run):
    networks = Networks(run.home, most=2)
    copies = [run.network, *(_copy(run, number) for number in (1, 2))]
    first = networks.open(str(copies[0]))
    assert networks.open(str(copies[0])) is first
    for path in copies[1:]:
        networks.open(str(path))
    assert len(networks._kept) == 2
    assert networks.open(str(copies[0])) is not first


def _copy(run, number):
    path = run.home / "runs" / f"copy {number}" / "checkpoints" / "best-1.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(run.network.read_bytes())
    return path


@pytest.mark.parametrize(
    ("facts", "shape", "said"),
    [
        ({"ask": "tea"}, (1, 8, 8, 3), "no question"),
        ({"ask": "predict"}, (0, 8, 8, 3), "Between 1 and"),
        ({"ask": "predict"}, (1, 8, 8), "Between 1 and"),
        ({"ask": "predict"}, (1, 8, 2000, 3), "at most 1024 pixels"),
        ({"ask": "explain", "way": "attention", "target": 0}, (1, 16, 16, 3), "doesn't fit"),
        ({"ask": "explain", "way": "lime", "target": 99}, (1, 16, 16, 3), "no such class"),
        ({"ask": "explain", "way": "lime", "target": "x"}, (1, 16, 16, 3), "no such class"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(run, facts, shape, said):
    question = Message(
        {**facts, "network": str(run.network)}, {"pixels": np.zeros(shape, np.uint8)}
    )
    assert said in Desk(run.home).answer(question).facts["error"]["what"]


def test_want_of_memory_is_told_as_such(run, monkeypatch, pixels):
    def fail(*given):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ...")

    desk = Desk(run.home)
    desk._answers["predict"] = fail
    refused = desk.answer(
        Message({"ask": "predict", "network": str(run.network)}, {"pixels": pixels})
    )
    assert "not enough memory" in refused.facts["error"]["what"]


def test_anything_unforeseen_is_an_answer_too(run, pixels, capfd):
    def fail(*given):
        raise ZeroDivisionError("division by zero")

    desk = Desk(run.home)
    desk._answers["predict"] = fail
    refused = desk.answer(
        Message({"ask": "predict", "network": str(run.network)}, {"pixels": pixels})
    )
    assert "ZeroDivisionError" in refused.facts["error"]["what"]
    assert "Traceback" in capfd.readouterr().err


# The wire


def test_nobody_else_on_the_machine_can_ask(served):
    assert stat.S_IMODE(process_module.socket_of(served.home).stat().st_mode) == 0o600


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 64, b"\0" * 8])
def test_noise_at_the_door_hurts_nobody(served, pixels, sent):
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect(str(process_module.socket_of(served.home)))
        channel.sendall(sent)
        channel.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while channel.recv(4096):
                pass
    assert client.predict(served.home, served.network, pixels[:1]).classes


def test_a_message_that_is_too_large_is_neither_sent_nor_read():
    here, there = socket.socketpair()
    with here, there:
        with pytest.raises(BadMessage, match="too large"):
            send(here, Message({}, {"pixels": np.zeros(2**26, np.uint8)}))
        here.sendall(b"\x00\x00\x00\x01\xff\xff\xff\xff")
        with pytest.raises(BadMessage, match="too large"):
            receive(there)


@pytest.mark.parametrize(
    "text",
    [
        b"[]",
        b'{"facts": {}, "arrays": [["a", "object", [1]]]}',
        b'{"facts": {}, "arrays": [["a", "uint8", [-1]]]}',
        b'{"facts": {}, "arrays": [["a", "uint8", [9]]]}',
        b'{"facts": {}, "arrays": []}',
        b"[" * 5000,
    ],
)
def test_a_message_that_lies_about_itself_is_none(text):
    here, there = socket.socketpair()
    with here, there:
        here.sendall(len(text).to_bytes(4, "big") + (4).to_bytes(4, "big") + text + b"1234")
        with pytest.raises(BadMessage, match="no message"):
            receive(there)


def test_many_ask_at_once_and_each_gets_their_own_answer(served, pixels):
    said = {}

    def put(row):
        said[row] = client.predict(
            served.home, served.network, pixels[row : row + 1]
        ).probabilities[0]

    asking = [threading.Thread(target=put, args=(row,)) for row in range(10)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    found = np.stack([said[row] for row in range(10)])
    np.testing.assert_allclose(found, served.predictions.probabilities[:10], atol=1e-5)


def test_quick_questions_are_answered_while_a_slow_one_is_worked_on():
    door, said = Door(), []

    def clerk(question, pause):
        if question.facts.get("way") == "lime":
            said.append("slow begins")
            assert door.let_in(Message({"ask": "predict"}))
            assert door.let_in(Message({"ask": "explain", "way": "lime", "next": 1}))
            pause()
        said.append(question.facts)
        return question

    slow = door.let_in(Message({"ask": "explain", "way": "lime"}))
    assert slow is not None
    assert door.answer_next(clerk, within=1)
    assert slow.answer.done()
    assert said == ["slow begins", {"ask": "predict"}, {"ask": "explain", "way": "lime"}]


def test_a_question_that_nobody_waits_for_any_more_is_given_up(served, pixels, monkeypatch):
    """Withdrawn by whoever asked: a click elsewhere on the page ends the waiting."""
    began, ended = threading.Event(), threading.Event()

    def endless(network, picture, target, pause):
        began.set()
        try:
            while True:
                time.sleep(0.02)
                pause()
        except Abandoned:
            ended.set()
            raise

    class ClickedElsewhere(BaseException):
        pass

    def meanwhile():
        if began.is_set():
            raise ClickedElsewhere

    monkeypatch.setitem(methods._MAPS, "occlusion", endless)
    with pytest.raises(ClickedElsewhere):
        client.explain(served.home, served.network, pixels, "occlusion", 0, meanwhile=meanwhile)
    assert ended.wait(20)
    assert client.predict(served.home, served.network, pixels[:1]).classes


def test_too_many_questions_are_refused_in_words(tmp_path, quick):
    door = Door()
    for _ in range(WAITING):
        assert door.let_in(Message({"ask": "predict"}))
    assert door.let_in(Message({"ask": "predict"})) is None
    assert door.let_in(Message({"ask": "explain", "way": "lime"}))


def test_a_home_whose_path_is_too_long_for_a_socket_is_served_all_the_same(tmp_path, quick):
    home = tmp_path / ("deep" * 20) / ("deeper" * 10)
    home.mkdir(parents=True)
    run = train_small(home)
    where = process_module.socket_of(home)
    assert len(str(where)) <= process_module.LONGEST
    assert not where.is_relative_to(home)
    with serving(home):
        assert stat.S_IMODE(where.parent.stat().st_mode) == 0o700
        assert client.predict(home, run.network, np.zeros((1, 16, 16, 3), np.uint8)).classes


def test_a_temporary_folder_that_others_may_write_to_is_refused(tmp_path):
    trap = tmp_path / "thaw-1"
    trap.mkdir()
    trap.chmod(0o777)
    with pytest.raises(AnswerError, match="somebody else"):
        process_module.prepare_folder(trap / "x.sock")


# How it begins and ends


def test_it_starts_when_asked_survives_being_killed_and_is_one(apart, pixels):
    process_module.wake(apart.home)
    first = client.predict(apart.home, apart.network, pixels)
    assert process_module.is_awake(apart.home)
    np.testing.assert_allclose(first.probabilities, apart.predictions.probabilities, atol=1e-5)
    killed = _process(apart.home)
    assert os.getsid(killed.pid) == killed.pid
    assert os.getpriority(os.PRIO_PROCESS, killed.pid) == answer.NICENESS

    command = [sys.executable, "-m", "tlcore.nn.inference.answer", str(apart.home)]
    another = subprocess.run(command, cwd=paths.PROJECT, capture_output=True, timeout=60)
    assert another.returncode == 0, "a second one leaves the place to the first"

    os.kill(killed.pid, signal.SIGSTOP)
    problems = []
    asking = threading.Thread(target=lambda: problems.append(_error_of(apart, pixels)))
    asking.start()
    time.sleep(0.2)
    os.kill(killed.pid, signal.SIGKILL)
    asking.join(60)
    again = client.predict(apart.home, apart.network, pixels)
    np.testing.assert_array_equal(again.probabilities, first.probabilities)
    assert _process(apart.home) is not killed
    assert problems == [None], "it had not spoken yet, so the question went to the next one"


def _error_of(run, pixels):
    try:
        client.predict(run.home, run.network, pixels)
    except AnswerError as error:
        return error


def test_whoever_was_being_answered_when_it_died_is_told(tmp_path):
    """A process that greets, hears the question and is gone."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(process_module.socket_of(tmp_path)))
        door.listen()

        def die_over_a_question():
            channel, _ = door.accept()
            with channel:
                send(channel, Message({"ready": True}))
                receive(channel)

        thread = threading.Thread(target=die_over_a_question)
        thread.start()
        with pytest.raises(AnswerError, match="ended over this question") as caught:
            client.predict(tmp_path, tmp_path, np.zeros((1, 8, 8, 3), np.uint8))
        assert "anew" in caught.value.remedy
        thread.join()


def test_one_that_can_not_start_is_told_with_where_to_look(tmp_path, monkeypatch):
    def fail(command, home, log, environment):
        return subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])

    monkeypatch.setattr(process_module, "start_apart", fail)
    with pytest.raises(AnswerError, match="doesn't start") as caught:
        client.predict(tmp_path, tmp_path, np.zeros((1, 8, 8, 3), np.uint8))
    assert caught.value.where == "answer.log"


def test_it_takes_over_a_socket_that_a_dead_one_left(tmp_path, quick):
    process_module.socket_of(tmp_path).touch()
    with serving(tmp_path):
        assert process_module.is_awake(tmp_path)
    assert not process_module.socket_of(tmp_path).exists()


def test_it_ends_when_nobody_asks(tmp_path, quick):
    thread = threading.Thread(target=answer.serve, args=(tmp_path,), kwargs={"idle": 0.3})
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert not process_module.is_awake(tmp_path)


def test_whoever_came_in_before_it_ended_is_still_answered(run, pixels, quick, monkeypatch):
    """The door is about to be closed behind a question that takes a while."""
    slow = Desk.answer

    def answer_slowly(self, question, pause):
        time.sleep(0.3)
        return slow(self, question, pause)

    monkeypatch.setattr(Desk, "answer", answer_slowly)
    said = []
    with serving(run.home):
        asking = [
            threading.Thread(
                target=lambda: said.append(client.predict(run.home, run.network, pixels[:1]))
            )
            for _ in range(3)
        ]
        for thread in asking:
            thread.start()
        time.sleep(0.1)
    for thread in asking:
        thread.join(20)
    assert len(said) == 3


def test_an_answer_that_never_comes_is_not_waited_for(tmp_path):
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(process_module.socket_of(tmp_path)))
        door.listen()

        def greet_and_sleep():
            channel, _ = door.accept()
            with channel:
                send(channel, Message({"ready": True}))
                receive(channel)
                asked.wait(20)

        asked, thread = threading.Event(), threading.Thread(target=greet_and_sleep)
        thread.start()
        with pytest.raises(AnswerError, match="No answer came within"):
            process_module.ask(tmp_path, Message({"ask": "predict"}), patience=0.3)
        asked.set()
        thread.join()


def test_it_ends_when_its_home_or_its_code_is_no_longer_what_it_was(tmp_path, monkeypatch):
    code = tmp_path / "code" / "tlcore" / "nn"
    code.mkdir(parents=True)
    (code / "answer.py").write_text("old")
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "code" / "tlcore")
    process_module.lock_of(tmp_path).touch()
    watch = answer.Watch(tmp_path, 60)
    assert watch.goes_on()
    (code / "answer.py").write_text("newer")
    os.utime(code / "answer.py", ns=(1, 1))
    assert not watch.goes_on()

    watch = answer.Watch(tmp_path, 60)
    process_module.lock_of(tmp_path).unlink()
    assert not watch.goes_on()


def test_asking_needs_no_torch():
    asking = "tlcore.inference.client, tlcore.inference.picture"
    program = f"import sys, {asking}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], cwd=paths.PROJECT, check=True)
