"""A run given away comes out the same elsewhere; anything else is refused and leaves nothing."""

import json
import random
import sqlite3
import time
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from bench.support.archives import (
    CLASSES,
    ENVIRONMENT,
    finished,
    predictions,
    put_together,
    taken_apart,
    write_network,
)
from bench.support.hostile.zips import (
    bomb_of_overlaps,
    links,
    locked,
    outside,
    same_names,
    sixty_four,
    zips_in_zips,
)
from bench.support.lives import RECIPE, Time, bring_to
from bench.support.makers import everything_in
from tlcore.access import LOCAL, Rules, anonymous
from tlcore.analysis.predictions import Predictions
from tlcore.errors import QuotaExceeded, RunError
from tlcore.paths import PROJECT
from tlcore.recipe import Data
from tlcore.recipe.text import to_json, to_yaml, version_of
from tlcore.runs import archive_reading, imports, transfer
from tlcore.runs.archive import MOST_LINES
from tlcore.runs.lock import locked as held
from tlcore.runs.results import read_predictions, read_result, read_validation
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.transfer import export_run, import_run

pytestmark = pytest.mark.processes

ADA, BOB = anonymous(name="Ada"), anonymous(name="Bob")


@pytest.fixture
def elsewhere(tmp_path):
    """Another machine's store."""
    return RunStore(tmp_path / "elsewhere", clock=Time().clock())


@pytest.fixture
def parcel(store, tmp_path):
    """A finished run as a file."""
    return export_run(store, finished(store), tmp_path / "run.thaw", by=LOCAL)


@pytest.fixture
def at_once(monkeypatch):
    """Predictions are read here and not by a process that first has to start."""
    monkeypatch.setattr(
        transfer, "recode", lambda source, target: Predictions.read(source).write(target)
    )


def kept_by(store: RunStore) -> dict[str, bytes]:
    """All files of all runs; nothing half-made may be among them."""
    return everything_in(store.home / "runs")


def test_a_run_comes_out_elsewhere_as_it_went_in(store, elsewhere, tmp_path):
    run = finished(store)
    came = import_run(elsewhere, export_run(store, run, tmp_path / "x.thaw", by=LOCAL), by=BOB)
    went = store.get(run, by=LOCAL)
    for name in ("name", "preset", "recipe_id", "state", "device", "started", "ended", "epoch",
                 "epochs"):  # fmt: skip
        assert getattr(came, name) == getattr(went, name), name
    assert elsewhere.recipe(came.id, by=BOB) == RECIPE
    said = [{k: v for k, v in event.items() if k != "seq"} for event in store.events(run, by=LOCAL)]
    heard = elsewhere.events(came.id, by=BOB)
    assert json.loads(json.dumps(said)) == [
        {k: v for k, v in e.items() if k != "seq"} for e in heard
    ]
    points, given = elsewhere.metrics(came.id, by=BOB), store.metrics(run, by=LOCAL)
    assert str([(p.name, p.epoch, p.step, p.value) for p in points]) == str(
        [(p.name, p.epoch, p.step, p.value) for p in given]
    )
    table = read_predictions(elsewhere, came.id, by=BOB)
    assert (table.classes, table.ids.tolist()) == (CLASSES, predictions().ids.tolist())
    assert np.array_equal(table.probabilities, predictions().probabilities)
    assert read_result(elsewhere, came.id, by=BOB) == read_result(store, run, by=LOCAL) | {
        "run": came.id
    }
    validation = read_validation(elsewhere, came.id, by=BOB)
    assert validation is not None
    assert np.array_equal(validation.probabilities, predictions(6).probabilities)
    best = (elsewhere.artifact(came.id, "best", by=BOB), store.artifact(run, "best", by=LOCAL))
    assert best[0].read_bytes() == best[1].read_bytes()
    small = (
        elsewhere.artifact(came.id, "pictures", by=BOB),
        store.artifact(run, "pictures", by=LOCAL),
    )
    assert small[0].read_bytes() == small[1].read_bytes()
    assert json.loads(elsewhere.folder(came.id, by=BOB).environment.read_text()) == ENVIRONMENT


@pytest.mark.usefixtures("at_once")
def test_a_run_of_a_time_before_pictures_and_validation_were_kept_comes_without(
    elsewhere, parcel, tmp_path
):
    older = without("pictures.zip", "validation.parquet")(taken_apart(parcel))
    came = import_run(elsewhere, put_together(tmp_path / "older.thaw", older), by=BOB)
    assert elsewhere.artifact(came.id, "pictures", by=BOB) is None
    assert read_validation(elsewhere, came.id, by=BOB) is None
    assert len(read_predictions(elsewhere, came.id, by=BOB)) == len(predictions())


@pytest.mark.usefixtures("at_once")
def test_an_imported_run_is_marked_with_where_it_comes_from(store, elsewhere, parcel):
    came = import_run(elsewhere, parcel, by=BOB)
    [run] = [run.id for run in store.list(by=LOCAL)]
    assert (came.origin, came.owner) == (run, BOB)
    assert came.id != run
    assert came.reason == "imported; it had finished: all epochs done"
    assert [change.after for change in elsewhere.history(came.id, by=BOB)] == [State.FINISHED]
    assert store.get(run, by=LOCAL).origin == ""


def test_in_which_version_of_recipes_it_was_asked_for_goes_along(store, elsewhere, tmp_path):
    run = finished(store)
    with sqlite3.connect(store.home / "runs.sqlite") as sql:
        sql.execute("UPDATE run SET recipe = ?", (to_json(RECIPE, 1),))
    came = import_run(elsewhere, export_run(store, run, tmp_path / "x.thaw", by=LOCAL), by=BOB)
    assert elsewhere.recipe_version(came.id, by=BOB) == store.recipe_version(run, by=LOCAL) == 1
    written = elsewhere.folder(came.id, by=BOB).path / "recipe.yaml"
    assert version_of(written.read_text()) == 1
    back = import_run(store, export_run(elsewhere, came.id, tmp_path / "y.thaw", by=BOB), by=BOB)
    assert store.recipe_version(back.id, by=BOB) == 1


def test_a_run_that_an_earlier_lab_gave_away_is_taken_in(elsewhere):
    """The file was written by the lab of the commit in its name, with a recipe of version 1."""
    came = import_run(elsewhere, PROJECT / "tests" / "fixtures" / "run-6f7d574.thaw", by=BOB)
    assert (came.state, came.name) == (State.FINISHED, RECIPE.name)
    assert elsewhere.recipe_version(came.id, by=BOB) == 1
    assert elsewhere.recipe(came.id, by=BOB).id == RECIPE.id
    assert set(read_predictions(elsewhere, came.id, by=BOB).classes) == {*CLASSES}
    assert elsewhere.artifact(came.id, "best", by=BOB).is_file()


def test_the_same_run_gives_the_same_bytes(store, tmp_path):
    run = finished(store)
    first, second = (export_run(store, run, tmp_path / name, by=LOCAL) for name in "ab")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.usefixtures("at_once")
def test_nothing_is_ever_overwritten(store, tmp_path, parcel):
    before = parcel.read_bytes()
    [run] = [run.id for run in store.list(by=LOCAL)]
    with pytest.raises(RunError, match="There is a file already"):
        export_run(store, run, parcel, by=LOCAL)
    assert parcel.read_bytes() == before
    twice = {import_run(store, parcel, by=LOCAL).id for _ in range(2)}
    assert len(twice | {run}) == 3


@pytest.mark.parametrize("state", [State.STOPPED, State.FAILED, State.PAUSED])
def test_a_run_without_an_outcome_comes_as_a_stopped_one_that_can_be_begun(
    store, elsewhere, tmp_path, state
):
    run = bring_to(store, state)
    came = import_run(elsewhere, export_run(store, run, tmp_path / "x", by=LOCAL), by=LOCAL)
    assert (came.state, came.origin) == (State.STOPPED, run)
    assert str(state) in came.reason
    assert elsewhere.resume(came.id, by=LOCAL).state == State.QUEUED


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.STOPPING])
def test_what_waits_or_works_is_not_exported(store, tmp_path, state):
    run = bring_to(store, state)
    with pytest.raises(RunError, match=f"This run is {state}"):
        export_run(store, run, tmp_path / "x", by=LOCAL)
    assert not (tmp_path / "x").exists()


def test_nobody_exports_what_they_may_not_see(store, tmp_path):
    run = finished(store, by=ADA)
    store.set_rules(Rules(show_others=False), by=LOCAL)
    with pytest.raises(RunError, match="There is no run"):
        export_run(store, run, tmp_path / "x", by=BOB)


def with_json(file, /, **changes):
    """A parcel with some fields of one of its files changed."""

    def change(files):
        return {**files, file: json.dumps({**json.loads(files[file]), **changes}).encode()}

    return change


def with_file(name, content):
    return lambda files: {**files, name: content}


def without(*names):
    return lambda files: {n: content for n, content in files.items() if n not in names}


def another_network(files):
    return {**files, "best.safetensors": network(recipe=RECIPE.model_copy(update={"seed": 9}))}


def other_classes(files):
    return {**files, "best.safetensors": network(classes=("a", "b", "c"))}


def network(**how) -> bytes:

    with TemporaryDirectory() as folder:
        write_network(Path(folder) / "x", **how)
        return (Path(folder) / "x").read_bytes()


def flattering(files):
    """A result that is better than its predictions."""
    result = json.loads(files["result.json"])
    result["report"]["confusion"] = [[4, 0, 0], [0, 4, 0], [0, 0, 4]]
    return {**files, "result.json": json.dumps(result).encode()}


def of_another_recipe(files):
    return {**files, "recipe.yaml": to_yaml(RECIPE.model_copy(update={"epochs": 7})).encode()}


def parquet(table, **how) -> bytes:
    file = BytesIO()
    pq.write_table(table, file, **how)
    return file.getvalue()


def table_bomb() -> bytes:
    """A few kilobytes that stand for gigabytes."""
    ids = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(500_000, dtype=np.int32)), pa.array(["x" * 9_000])
    )
    zeros = pa.array(np.zeros(500_000, dtype=np.int64))
    ones = pa.FixedSizeListArray.from_arrays(pa.array(np.ones(500_000, dtype=np.float32)), 1)
    table = pa.table({"id": ids, "label": zeros, "probabilities": ones})
    schema = table.replace_schema_metadata({b"thaw.classes": b'["a"]'})
    return parquet(schema, compression="zstd", row_group_size=500_000)


def table_of(*classes) -> bytes:
    """Predictions of one picture."""
    given = np.full((1, len(classes)), 1 / len(classes), dtype=np.float32)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        Predictions(np.array(["x"]), np.zeros(1, dtype=np.int64), given, classes).write(path)
        return path.read_bytes()


def zip_of(**pictures) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in pictures.items():
            archive.writestr(f"{name.strip('_')}.jpg", content)
    return file.getvalue()


def jpeg(side: int, form: str = "JPEG") -> bytes:
    file = BytesIO()
    Image.new("RGB", (side, side)).save(file, form)
    return file.getvalue()


EVENT = b'{"event": "Note", "attempt": 1, "at": 0.0, "text": "x"}'
REFUSED = {
    "a file that no run has": (with_file("evil.sh", b"x"), "something that no run has"),
    "a checkpoint to go on from": (with_file("last.safetensors", b"x"), "no run has"),
    "a pickle": (with_file("best.pt", b"x"), "no run has"),
    "no recipe": (without("recipe.yaml"), "lacks recipe.yaml"),
    "no facts": (without("run.json"), "lacks run.json"),
    "no outcome": (
        without("best.safetensors", "predictions.parquet", "pictures.zip", "result.json",
                "validation.parquet"),
        "has no outcome"),
    "half an outcome": (without("best.safetensors"), "only predictions.parquet and result.json"),
    "a recipe that is none": (with_file("recipe.yaml", b"epochs: lots"), "recipe is not valid"),
    "a recipe that is code": (
        with_file("recipe.yaml", b"!!python/object/apply:os.system ['exit 7']"), "not valid"),
    "another recipe": (of_another_recipe, "another run's network|doesn't follow"),
    "an unknown state": (with_json("run.json", state="running"), "run.json .*state"),
    "a name of two lines": (with_json("run.json", name="a\nb"), "run.json .*name"),
    "a field too many": (with_json("run.json", owner="local"), "run.json .*owner"),
    "a time that is none": (with_json("run.json", ended="now"), "run.json .*ended"),
    "facts that are no JSON": (with_file("run.json", b"{"), "run.json is no JSON"),
    "deep JSON": (with_file("environment.json", b"[" * 100_000), "environment.json is no JSON"),
    "an odd environment": (with_json("environment.json", x=[1]), "environment.json"),
    "pictures that are no zip": (with_file("pictures.zip", b"PK"), "pictures.zip: .*opened"),
    "pictures that are none": (
        with_file("pictures.zip", zip_of(_0=b"<svg onload=alert(1)>")), "0.jpg is no picture"),
    "pictures of another kind": (
        with_file("pictures.zip", zip_of(_0=jpeg(8, "GIF"))), "0.jpg is no picture"),
    "a picture that is cut off": (
        with_file("pictures.zip", zip_of(_0=jpeg(64)[:-300])), "0.jpg is no picture"),
    "pictures that are large": (
        with_file("pictures.zip", zip_of(_0=jpeg(65))), "0.jpg is larger"),
    "pictures of other names": (
        with_file("pictures.zip", zip_of(_1=jpeg(8))), "other than small pictures"),
    "pictures of nothing": (
        with_file("pictures.zip", zip_of(**{f"_{n}": jpeg(8) for n in range(13)})), "other than"),
    "pictures without an outcome": (
        without("best.safetensors", "predictions.parquet", "result.json"),
        "only pictures.zip"),
    "a validation share that is no table": (
        with_file("validation.parquet", b"PAR1" * 9), "predictions can't be read|damaged"),
    "a validation share of other classes": (
        with_file("validation.parquet", table_of("a", "b")), "other classes"),
    "an unknown event": (
        with_file("events.jsonl", EVENT.replace(b"Note", b"Evil") + b"\n"), "doesn't know"),
    "an event with other fields": (
        with_file("events.jsonl", EVENT.replace(b"text", b"html") + b"\n"), "other fields"),
    "an event of another kind": (
        with_file("events.jsonl", EVENT.replace(b'"x"', b"[]") + b"\n"), "doesn't belong"),
    "an event that is no table": (with_file("events.jsonl", b"[]\n"), "doesn't know"),
    "a line that is cut off": (with_file("events.jsonl", EVENT), "cut off"),
    "a line without end": (with_file("events.jsonl", b"x" * 2_000_000), "too long"),
    "a point that is none": (with_file("metrics.jsonl", b'["loss", 0]\n'), "doesn't belong"),
    "a point before the first": (with_file("metrics.jsonl", b'["a", -1, 0, 1, 1]\n'), "belong"),
    "a huge step": (with_file("metrics.jsonl", b'["a", 0, 9999999999999, 1, 1]\n'), "belong"),
    "weights that are none": (with_file("best.safetensors", b"PK\3\4" * 9), "best.safetensors: "),
    "a header that lies": (
        with_file("best.safetensors", (2**40).to_bytes(8, "little") + b"{}"), "claims a header"),
    "somebody else's weights": (
        with_file("best.safetensors", (2).to_bytes(8, "little") + b"{}"), "no network of this lab"),
    "another run's network": (another_network, "another run's network"),
    "a network of other classes": (other_classes, "another run's network"),
    "a result that flatters": (flattering, "doesn't follow"),
    "a result with more in it": (with_json("result.json", html="<b>"), "result.json .*html"),
    "a result of another kind": (
        with_json("result.json", parameters="x"), "result.json .*parameters"),
}  # fmt: skip


TABLES = {
    "no table": (b"PAR1" * 9, "can't be read"),
    "a table of something else": (parquet(pa.table({"a": [1]})), "can't be read"),
    "a table that fills the memory": (table_bomb(), "can't be read .*memory"),
}


@pytest.mark.parametrize(("content", "reason"), TABLES.values(), ids=TABLES)
def test_predictions_are_read_where_they_can_do_no_harm(
    elsewhere, parcel, tmp_path, content, reason
):
    parts = {**taken_apart(parcel), "predictions.parquet": content}
    with pytest.raises(RunError, match=reason):
        import_run(elsewhere, put_together(tmp_path / "changed.thaw", parts), by=BOB)
    assert kept_by(elsewhere) == {}


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(("change", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_right_is_refused_in_words_and_leaves_nothing(
    elsewhere, parcel, tmp_path, change, reason
):
    path = put_together(tmp_path / "changed.thaw", change(taken_apart(parcel)))
    with pytest.raises(RunError, match=reason) as caught:
        import_run(elsewhere, path, by=BOB)
    assert caught.value.remedy
    assert kept_by(elsewhere) == {}
    assert elsewhere.list(by=LOCAL) == ()


MANIFESTS = {
    "another format": {"format": 2},
    "a run that is a path": {"run": "../../etc"},
    "no list": {"files": {}},
    "a list of more": {"files": {"recipe.yaml": {"bytes": 1, "sha256": "0" * 64}}},
    "more to say": {"extra": 1},
}


@pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=MANIFESTS)
def test_a_list_that_does_not_fit_is_refused(elsewhere, parcel, tmp_path, manifest):
    path = put_together(tmp_path / "x.thaw", taken_apart(parcel), **manifest)
    with pytest.raises(RunError, match="refused"):
        import_run(elsewhere, path, by=BOB)
    assert kept_by(elsewhere) == {}


@pytest.mark.usefixtures("at_once")
def test_every_changed_byte_and_every_cut_is_noticed(elsewhere, parcel):
    """But for bytes that mean nothing, such as a time in the zip's directory."""
    whole, best = parcel.read_bytes(), taken_apart(parcel)["best.safetensors"]
    dice = random.Random(0)
    taken = 0
    for number in range(60):
        place = dice.randrange(len(whole))
        if number % 2:
            parcel.write_bytes(whole[:place])
        else:
            parcel.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            came = import_run(elsewhere, parcel, by=LOCAL)
        except RunError:
            continue
        taken += 1
        assert elsewhere.artifact(came.id, "best", by=LOCAL).read_bytes() == best
        assert elsewhere.recipe(came.id, by=LOCAL) == RECIPE
    assert taken < 10


def test_no_hostile_zip_is_taken_for_a_run(elsewhere, tmp_path):
    for trick in (outside, links, bomb_of_overlaps, zips_in_zips, sixty_four, locked, same_names):
        (tmp_path / "x.thaw").write_bytes(trick(random.Random(0)))
        with pytest.raises(RunError, match=r"refused|can't be opened"):
            import_run(elsewhere, tmp_path / "x.thaw", by=BOB)
        assert kept_by(elsewhere) == {}


def test_a_compressed_file_is_refused_before_it_is_unpacked(elsewhere, parcel, tmp_path):
    with zipfile.ZipFile(tmp_path / "x", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in taken_apart(parcel).items():
            archive.writestr(name, content)
    with pytest.raises(RunError, match="packed in an unusual way"):
        import_run(elsewhere, tmp_path / "x", by=BOB)


def test_whatever_is_no_file_is_one_clear_error(elsewhere, tmp_path):
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(RunError, match="can't be opened"):
            import_run(elsewhere, path, by=BOB)


@pytest.mark.parametrize(("name", "line"), [
    ("metrics.jsonl", '["x", 0, 0, 0.5, 1.0]'),
    ("events.jsonl", '{"event": "Note", "attempt": 1, "at": 0.0, "text": "x"}'),
])  # fmt: skip
def test_more_lines_than_a_run_has_are_refused_before_one_is_parsed(
    elsewhere, parcel, tmp_path, monkeypatch, name, line
):
    files = taken_apart(parcel)
    files[name] = f"{line}\n".encode() * (MOST_LINES[name] + 1)
    parse = archive_reading._parsed

    def never_of_these(content, told):
        assert told != name
        return parse(content, told)

    monkeypatch.setattr(archive_reading, "_parsed", never_of_these)
    with pytest.raises(RunError, match=rf"{name} has .* lines"):
        import_run(elsewhere, put_together(tmp_path / "many", files), by=BOB)
    assert kept_by(elsewhere) == {}


@pytest.mark.usefixtures("at_once")
def test_while_a_file_is_read_everybody_else_can_write(elsewhere, parcel, monkeypatch):
    parse = archive_reading._parsed

    def meanwhile(content, name):
        if name == "metrics.jsonl":
            elsewhere.set_rules(Rules(), by=LOCAL)
            monkeypatch.setattr(archive_reading, "_parsed", parse)
        return parse(content, name)

    monkeypatch.setattr(archive_reading, "_parsed", meanwhile)
    assert import_run(elsewhere, parcel, by=BOB)
    assert archive_reading._parsed is parse, "it was read at all"


@pytest.mark.usefixtures("at_once")
def test_of_a_hundred_imports_an_hour_as_many_are_taken_as_the_rules_say(
    elsewhere, parcel, monkeypatch
):
    elsewhere.set_rules(Rules(imports=3), by=LOCAL)
    for _ in range(3):
        run = import_run(elsewhere, parcel, by=BOB)
        elsewhere.delete(run.id, by=BOB)
        elsewhere.forget(run.id, by=BOB)
    for _ in range(97):
        with pytest.raises(QuotaExceeded, match="taken in 3 runs this hour"):
            import_run(elsewhere, parcel, by=BOB)
    assert import_run(elsewhere, parcel, by=ADA)
    later = replace(elsewhere.clock, wall=lambda: time.time() + 3600)
    assert import_run(RunStore(elsewhere.home, clock=later), parcel, by=BOB)


@pytest.mark.usefixtures("at_once")
def test_an_imported_run_counts_with_all_that_it_takes(elsewhere, parcel, monkeypatch):
    files = taken_apart(parcel)
    import_run(elsewhere, parcel, by=BOB)
    curves = len(files["events.jsonl"]) + len(files["metrics.jsonl"])
    assert elsewhere.usage(by=BOB).bytes > curves + len(files["best.safetensors"])
    assert elsewhere.usage(by=BOB).runs == 1
    elsewhere.set_rules(Rules(free_bytes=10**18), by=LOCAL)
    with pytest.raises(QuotaExceeded, match="has to stay free"):
        import_run(elsewhere, parcel, by=ADA)


def test_a_lab_open_to_anybody_takes_in_one_run_at_a_time(elsewhere, parcel, monkeypatch):
    monkeypatch.setenv("TL_PUBLIC", "1")
    elsewhere.set_rules(Rules(), by=LOCAL)
    with (
        held(elsewhere.home / "import.lock"),
        pytest.raises(RunError, match="one at a time"),
    ):
        import_run(elsewhere, parcel, by=BOB)
    assert kept_by(elsewhere) == {}


@pytest.mark.usefixtures("at_once")
def test_the_rules_hold_for_what_is_imported(elsewhere, parcel, monkeypatch):
    elsewhere.set_rules(Rules(bytes=100), by=LOCAL)
    with pytest.raises(QuotaExceeded, match="your files would fill"):
        import_run(elsewhere, parcel, by=BOB)
    elsewhere.set_rules(Rules(runs=0), by=LOCAL)
    with pytest.raises(QuotaExceeded, match="as many as the lab keeps"):
        import_run(elsewhere, parcel, by=BOB)
    assert kept_by(elsewhere) == {}
    elsewhere.set_rules(Rules(), by=LOCAL)
    assert import_run(elsewhere, parcel, by=BOB)


def test_a_lab_open_to_anybody_takes_no_run_that_names_a_folder(
    store, elsewhere, tmp_path, monkeypatch
):
    foreign = RECIPE.model_copy(update={"data": Data(name="folder", path="/etc")})
    run = store.submit(foreign, by=LOCAL).id
    store.ask(run, "cancel", by=LOCAL)
    path = export_run(store, run, tmp_path / "x", by=LOCAL)
    monkeypatch.setenv("TL_PUBLIC", "1")
    with pytest.raises(Exception, match="must be an upload"):
        import_run(elsewhere, path, by=BOB)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("moment", ["seal", "adopt", "settle"])
def test_killed_at_any_moment_a_run_is_imported_whole_or_not(
    elsewhere, parcel, monkeypatch, moment
):
    def killed(*arguments):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(imports, moment, killed)
        patch.setattr("shutil.rmtree", lambda *arguments, **more: None)
        with pytest.raises(Killed):
            import_run(elsewhere, parcel, by=BOB)
    assert elsewhere.list(by=LOCAL) == ()
    monkeypatch.setattr("tlcore.runs.artifacts.ABANDONED", -1)
    elsewhere.strays(remove=True)
    assert kept_by(elsewhere) == {}
    assert import_run(elsewhere, parcel, by=BOB)


def test_points_of_a_very_long_run_are_thinned_and_those_of_epochs_stay(
    store, tmp_path, monkeypatch
):
    monkeypatch.setattr("tlcore.runs.transfer.MOST_POINTS", 6)
    files = taken_apart(export_run(store, finished(store), tmp_path / "x", by=LOCAL))
    points = [json.loads(line) for line in files["metrics.jsonl"].splitlines()]
    assert [step for name, _, step, *_ in points if name == "loss"] == [0, 3, 6]
    assert "train_loss" in {name for name, *_ in points}


def test_an_exported_recipe_of_an_upload_names_no_folder_of_this_machine(store, tmp_path):
    data = Data(name="folder", path=f"upload:{'5d' * 16}")
    run = store.submit(RECIPE.model_copy(update={"data": data}), by=LOCAL).id
    store.ask(run, "cancel", by=LOCAL)
    for content in taken_apart(export_run(store, run, tmp_path / "x", by=LOCAL)).values():
        assert str(tmp_path).encode() not in content
