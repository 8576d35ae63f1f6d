import contextlib
import csv
import math
import os
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surefit.core.tidy import COLUMNS, tidy_row, tidy_rows
from surefit.errors import (
    InvalidInputError,
    MissingDependencyError,
    StorageError,
    SurefitError,
    UnknownNameError,
)
from surefit.runs import Store
from surefit.runs.lock import exclusive
from surefit.runs.occupied import is_held
from surefit.runs.table import (
    Condition,
    choose_runs,
    delete_runs,
    export_table,
    list_rows,
    order_rows,
    parse_where,
    select_rows,
)
from surefit.runs.table.deleting import run_bytes
from surefit.runs.table.migrating import migrate_store

ROWS = [
    {"run_id": "a", "width": 64, "data": "digits", "proved": True, "final_loss": 1e-3},
    {"run_id": "b", "width": 128, "data": "wine", "proved": False, "final_loss": None},
    {"run_id": "c", "width": None, "data": "my, own and only.csv", "proved": None,
     "final_loss": math.inf},
]  # fmt: skip


def names(*texts):
    return "".join(row["run_id"] for row in select_rows(ROWS, parse_where(texts)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("width>=64", "ab"),
        ("width > 64", "b"),
        ("width<=64.0", "a"),
        ("width=64,128", "ab"),
        ("width!=64", "bc"),
        ("width=none", "c"),
        ("width!=none", "ab"),
        ("width=64,none", "ac"),
        ("width==128 and data=wine", "b"),
        ("width>=64 AND data=wine", None),
        ("final_loss<1e-2", "a"),
        ("final_loss=inf", "c"),
        ("proved=yes", "a"),
        ("proved=No", "b"),
        ("proved!=true", "bc"),
        ("data~I", "ab"),
        ("data!~i", "c"),
        ("data~wine,only", "bc"),
        ('data="my, own and only.csv"', "c"),
        ("data~', own'", "c"),
        ("data>digits", "bc"),
        ("run_id='a'", "a"),
    ],
)
def test_conditions(text, found):
    if found is None:
        with pytest.raises(SurefitError):
            names(text)
    else:
        assert names(text) == found


def test_several_conditions_hold_together():
    assert names("width>0", "proved=no,yes", "data=wine and run_id=a,b") == "b"
    assert names() == "abc"
    assert parse_where("width>0 and proved=no") == parse_where(["width>0", "proved=no"])


@pytest.mark.parametrize(
    "text",
    [
        "", "width", "width>", ">3", "width=>3", "width=3 and", "width=3 or seed=1", "3=width",
        "data=a,", "data=,a", 'data="a', "data='a'b", "width=3 and and seed=2",
        "__import__('os').system('true')",
    ],
)  # fmt: skip
def test_what_is_no_condition(text):
    with pytest.raises(InvalidInputError, match="must be a condition"):
        parse_where([text])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("width>wide", "width with a number"),
        ("width=nan", "width with a number"),
        ("width>64,128", "one number or text"),
        ("width>none", "one number or text"),
        ("proved>yes", "one number or text"),
        ("proved=perhaps", "yes, no or none"),
        ("data~none", "text to look for"),
    ],
)
def test_values_of_the_wrong_kind(text, words):
    with pytest.raises(InvalidInputError, match=words):
        names(text)


def test_unknown_columns_are_refused_with_those_that_hold_something():
    with pytest.raises(UnknownNameError, match=r"'widht'.*mean 'width'.*Known: data, final"):
        names("widht>3")
    with pytest.raises(UnknownNameError, match="volume"):
        order_rows(ROWS, ["-volume"])
    assert names("depth=none") == "abc"


TEXTS = st.text(max_size=12)
CONDITIONS = st.tuples(
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_]*", fullmatch=True),
    st.sampled_from(["=", "!=", ">=", "<=", ">", "<", "~", "!~"]),
    st.lists(TEXTS | st.none(), min_size=1, max_size=3).map(tuple),
)


@given(st.lists(CONDITIONS, min_size=1, max_size=3))
def test_a_condition_is_read_as_it_is_written(parts):
    conditions = tuple(Condition(*part) for part in parts)
    assert parse_where([" and ".join(map(str, conditions))]) == conditions
    assert parse_where(map(str, conditions)) == conditions


@given(st.text(st.sampled_from("abwidth =!<>~,\"'\\ and none 12.-"), max_size=30) | TEXTS)
def test_any_text_is_a_condition_or_refused_in_words(text):
    with contextlib.suppress(SurefitError):
        select_rows(ROWS, parse_where([text]))


@given(
    st.lists(st.none() | st.integers(-5, 5), max_size=6),
    st.sampled_from(["=", "!=", ">=", "<=", ">", "<"]),
    st.integers(-5, 5),
)
def test_numbers_are_compared_as_python_compares_them(values, relation, bound):
    rows = [{"run_id": str(place), "seed": value} for place, value in enumerate(values)]
    meant = {
        "=": lambda v: v == bound,
        "!=": lambda v: v != bound,
        ">=": lambda v: v is not None and v >= bound,
        "<=": lambda v: v is not None and v <= bound,
        ">": lambda v: v is not None and v > bound,
        "<": lambda v: v is not None and v < bound,
    }[relation]
    got = select_rows(rows, parse_where([f"seed{relation}{bound}"]))
    assert got == [row for row in rows if meant(row["seed"])]


def test_the_order_of_rows():
    def order(*by):
        return "".join(row["run_id"] for row in order_rows(ROWS, by))

    assert (order("width"), order("-width"), order("-data")) == ("abc", "bac", "bca")
    assert order("final_loss") == "acb"
    tied = [{"run_id": f"d-{w}-s{s}", "width": w} for w in (128, 64) for s in (10, 9)]
    found = [row["run_id"] for row in order_rows(tied)]
    assert found == ["d-64-s9", "d-64-s10", "d-128-s9", "d-128-s10"]
    found = [row["run_id"] for row in order_rows(tied, ["-width"])]
    assert found == ["d-128-s9", "d-128-s10", "d-64-s9", "d-64-s10"]


def test_runs_by_a_part_of_their_names():
    ids = ["digits-64-s0-3f9a", "digits-128-s0-64bb", "digits-128-s1-3f00", "wine-64-s0-aaaa"]
    assert choose_runs(["3f9", "wine"], ids) == [ids[0], ids[3]]
    assert choose_runs(["64"], ids) == [ids[1]]  # the beginning of a hash
    assert choose_runs(["runs/wine-64-s0-aaaa/", "aaaa"], ids) == [ids[3]]
    assert choose_runs(["s0-3"], [*ids, "s0-3"]) == ["s0-3"]
    with pytest.raises(InvalidInputError, match=r"'128'.*2 have: digits-128-s0-64bb, dig"):
        choose_runs(["128"], ids)
    with pytest.raises(InvalidInputError, match=r"none of the 4 runs.*mean 'wine-64-s0-aaaa"):
        choose_runs(["wine-64-s1-aaaa"], ids)
    for text in ("", "/"):
        with pytest.raises(InvalidInputError, match="must be a part"):
            choose_runs([text], ids)


def test_the_listing_has_runs_in_progress(tmp_path, stored_runs):
    stored_runs.finished(tmp_path)
    going = stored_runs.interrupted(tmp_path, seed=1)
    again = stored_runs.interrupted(tmp_path, seed=2)
    assert stored_runs.failed(tmp_path, seed=2) == again
    stored_runs.interrupted(tmp_path)  # what a process left that was killed while publishing
    store = Store(tmp_path)
    with exclusive(tmp_path / ".incomplete" / f"{going}.lock", going):
        states = {row["seed"]: row["status"] for row in list_rows(store)}
    assert states == {0: "target_reached", 1: "running", 2: "interrupted"}
    assert {row["status"] for row in list_rows(store)} == {"target_reached", "interrupted"}
    assert {row["status"] for row in store.table()} == {"target_reached", "failed"}
    assert [row["seed"] for row in store.table(["status=failed"])] == [2]


def test_a_lock_file_that_a_killed_process_left_is_not_held(tmp_path):
    path = tmp_path / "run.lock"
    assert not is_held(path)
    script = "import os, sys; from pathlib import Path; from surefit.runs.lock import exclusive\n"
    script += "with exclusive(Path(sys.argv[1]), 'run'): os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", script, path], check=False)
    assert path.exists()
    assert not is_held(path)
    with exclusive(path, "run"):
        assert is_held(path)
    owner = path.with_name("run.lock.owner")
    owner.write_text(f"{os.getpid()} here")
    assert is_held(path)


def content(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_deleting_leaves_nothing_of_a_run(tmp_path, stored_runs):
    store = Store(tmp_path)
    kept = stored_runs.finished(tmp_path, seed=9)
    run = stored_runs.finished(tmp_path).name
    before = content(kept)
    bad, going = stored_runs.failed(tmp_path, seed=1), stored_runs.interrupted(tmp_path, seed=2)
    stored_runs.failed(tmp_path, seed=2)
    assert run_bytes(store, going) > 1000
    done = delete_runs(store, [run, bad, going])
    assert (done.deleted, done.busy) == ((run, bad, going), ())
    assert sorted(path.name for path in tmp_path.iterdir()) == [".incomplete", kept.name]
    assert content(tmp_path / ".incomplete") == []
    assert content(kept) == before


def test_a_run_in_progress_is_not_deleted(tmp_path, stored_runs):
    going, other = stored_runs.interrupted(tmp_path), stored_runs.interrupted(tmp_path, seed=1)
    with exclusive(tmp_path / ".incomplete" / f"{going}.lock", going):
        done = delete_runs(Store(tmp_path), [going, other])
    assert (done.deleted, done.busy) == ((other,), (going,))
    assert (tmp_path / ".incomplete" / f"{going}.scratch" / "checkpoint.npz").exists()


@pytest.mark.parametrize("after", range(4))
def test_a_deletion_that_is_killed_leaves_no_half_run(tmp_path, stored_runs, monkeypatch, after):
    run = stored_runs.finished(tmp_path)
    stored_runs.interrupted(tmp_path)
    before = content(run)
    calls, real = [], type(run).rename

    def rename(self, target):
        if len(calls) == after:
            raise KeyboardInterrupt
        calls.append(target)
        return real(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(type(run), "rename", rename)
        patch.setattr("surefit.runs.table.deleting._remove_rests", lambda *a: None)
        if after < 3:
            with pytest.raises(KeyboardInterrupt):
                delete_runs(Store(tmp_path), [run.name])
        else:
            delete_runs(Store(tmp_path), [run.name])
    assert content(run) == before if run.exists() else after == 3
    assert len(list_rows(Store(tmp_path))) == (1 if after < 3 else 0)
    delete_runs(Store(tmp_path), [run.name])
    assert content(tmp_path) == [".incomplete"]


def test_a_new_run_removes_what_killed_processes_left(tmp_path, stored_runs):
    rest = tmp_path / ".incomplete" / "x-0123456789.0.deleted"
    rest.mkdir(parents=True)
    (rest / "result.json").write_text("{}")
    draft = rest.with_name(f"{stored_runs.finished(tmp_path, seed=1).name}.draft")
    draft.write_text("half of a rewritten document")
    with Store(tmp_path).begin(stored_runs.spec()):
        assert not rest.exists()
        assert not draft.exists()


KINDS = {column.name: column.type for column in COLUMNS}
CELLS = {
    str: st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), min_size=1),
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
}
SOME = ["run_id", "width", "final_loss", "proved", "verdict", "seed"]
TABLES = st.lists(
    st.fixed_dictionaries({name: st.none() | CELLS[KINDS[name]] for name in SOME}), max_size=5
)
READ = {str: str, int: int, float: float, bool: {"true": True, "false": False}.__getitem__}


@given(TABLES)
def test_a_table_is_the_same_after_a_round_of_csv(tmp_path_factory, rows):
    path = export_table(rows, tmp_path_factory.mktemp("csv") / "runs.csv", SOME)
    with path.open(encoding="utf-8", newline="") as file:
        head, *lines = csv.reader(file)
    assert head == SOME
    got = [
        {
            n: None if text == "" else READ[KINDS[n]](text)
            for n, text in zip(head, line, strict=True)
        }
        for line in lines
    ]
    assert got == rows


@given(TABLES)
@settings(deadline=None)  # the first one imports pyarrow
def test_a_table_is_the_same_after_a_round_of_parquet(tmp_path_factory, rows):
    parquet = pytest.importorskip("pyarrow.parquet")
    path = export_table(rows, tmp_path_factory.mktemp("parquet") / "runs.parquet", SOME)
    table = parquet.read_table(path)
    assert [str(kind) for kind in table.schema.types] == [
        "string", "int64", "double", "bool", "string", "int64",
    ]  # fmt: skip
    assert table.to_pylist() == rows
    assert table.schema.field("width").metadata[b"unit"] == b"neurons"


def test_columns_have_the_same_types_in_an_empty_table(tmp_path, stored_runs):
    parquet = pytest.importorskip("pyarrow.parquet")
    stored_runs.finished(tmp_path / "runs")
    rows = Store(tmp_path / "runs").table()
    full = parquet.read_table(export_table(rows, tmp_path / "a.parquet"))
    empty = parquet.read_table(export_table([], tmp_path / "b.parquet"))
    assert full.schema.equals(empty.schema)
    assert full.column_names == [column.name for column in COLUMNS]
    assert full.to_pylist() == rows == tidy_rows(tmp_path / "runs")


def test_an_export_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "new" / "runs.csv"
    export_table(ROWS, path, ["run_id"])
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        export_table(ROWS, path)
    assert (path.read_bytes(), content(tmp_path)) == (before, ["new", "new/runs.csv"])


def test_exports_that_cannot_be(tmp_path, monkeypatch):
    with pytest.raises(InvalidInputError, match=r"must end in \.csv or \.parquet"):
        export_table(ROWS, tmp_path / "runs.xlsx")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependencyError, match=r"surefit\[parquet\]"):
        export_table(ROWS, tmp_path / "runs.parquet")
    assert content(tmp_path) == []


def test_migration_rewrites_old_runs_and_no_others(tmp_path, stored_runs):
    run, newer = stored_runs.finished(tmp_path), stored_runs.finished(tmp_path, seed=1)
    busy = stored_runs.finished(tmp_path, seed=2)
    text = (newer / "result.json").read_text(encoding="utf-8")
    (newer / "result.json").write_text(text.replace('"schema": 1', '"schema": 99'))
    row, spec = tidy_row(run), (run / "spec.json").read_bytes()
    (tmp_path / ".incomplete").mkdir()
    with exclusive(tmp_path / ".incomplete" / f"{busy.name}.lock", "x"):
        done = migrate_store(Store(tmp_path))
    assert (done.rewritten, done.current, done.busy) == ((run.name,), (), (busy.name,))
    assert "schema 99" in done.refused[newer.name]
    assert tidy_row(run) == row
    assert (run / "spec.json").read_bytes() == spec
    assert "seconds" not in (run / "result.json").read_text(encoding="utf-8")
    files = {path.name: path.stat().st_mtime_ns for path in run.iterdir()}
    time.sleep(0.01)
    done = migrate_store(Store(tmp_path))
    assert (done.rewritten, done.current) == ((busy.name,), (run.name,))
    assert {path.name: path.stat().st_mtime_ns for path in run.iterdir()} == files
    assert content(tmp_path / ".incomplete") == []


@pytest.mark.parametrize("after", range(3))
def test_a_migration_that_is_killed_leaves_the_run_readable(
    tmp_path, stored_runs, monkeypatch, after
):
    run = stored_runs.finished(tmp_path)
    row = tidy_row(run)
    calls = []

    def replace(source, target, real=os.replace):
        if len(calls) == after:
            raise KeyboardInterrupt
        calls.append(target)
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            migrate_store(Store(tmp_path))
    assert len(calls) == after
    assert tidy_row(run) == row
    assert migrate_store(Store(tmp_path)).rewritten == (run.name,)
    assert tidy_row(run) == row
    assert content(tmp_path / ".incomplete") == []
