import csv
import json
import re

import pytest

from surefit.core.tidy import COLUMNS
from surefit.runs.lock import exclusive


@pytest.fixture
def store(tmp_path, stored_runs):
    """A store with five runs: two finished, one diverged, one failed, one interrupted."""
    root = tmp_path / "runs"
    stored_runs.finished(root)
    stored_runs.finished(root, width=128, proved=False)
    stored_runs.finished(root, width=256, seed=1, status="diverged", proved=False)
    stored_runs.failed(root, width=512)
    stored_runs.interrupted(root, width=1024)
    return root


def listed(out):
    """The rows of a printed table as lists of words; the columns first."""
    lines = [line.split() for line in out.splitlines() if line.startswith(" ") and line.strip()]
    return [words for words in lines if not words[0].startswith("─")]


def rows(surefit, *arguments):
    code, out, _ = surefit("runs", "list", "--json", *arguments)
    assert code == 0
    return json.loads(out)


def test_a_list_shows_what_differs_and_says_what_is_the_same(surefit, store):
    code, out, _ = surefit("runs")
    head, *body = listed(out)
    assert code == 0
    assert head[:4] == ["run", "status", "width", "seed"]
    assert [row[2] for row in body] == ["64", "128", "256", "512", "1024"]
    assert [row[1] for row in body] == [
        "target_reached", "target_reached", "diverged", "failed", "interrupted",
    ]  # fmt: skip
    assert "All: data digits, classes 0 1, samples 40, network shallow, activation tanh" in out
    assert "5 runs: 2 target_reached, 1 diverged, 1 failed, 1 interrupted." in out
    assert "`surefit runs show RUN` says why." in out


def test_a_list_is_filtered_ordered_and_cut(surefit, store):
    code, out, _ = surefit(
        "runs", "--where", "width>=128", "--where", "status!=failed", "--sort", "-width",
        "--columns", "width", "proved", "--limit", "2",
    )  # fmt: skip
    assert code == 0
    assert [row[1:] for row in listed(out)] == [["width", "proved"], ["1024", "-"], ["256", "no"]]
    assert "3 of 5 runs: " in out
    assert "the first 2 are shown" in out
    found = rows(surefit, "--sort", "-seed,width", "--columns", "seed,width")
    assert [row["width"] for row in found] == [256, 64, 128, 512, 1024]
    assert set(found[0]) == {"seed", "width"}
    assert set(rows(surefit)[0]) == {column.name for column in COLUMNS}
    assert rows(surefit, "--where", "width>5000") == []
    assert "0 of 5 runs." in surefit("runs", "list", "--where", "width>5000")[1]


def test_refusals_name_what_exists(surefit, store, tmp_path):
    for arguments, words in (
        (("list", "--where", "widht>3"), "Did you mean 'width'?"),
        (("list", "--where", "width"), "must be a condition"),
        (("list", "--sort", "size"), "a column of the table must be a known name. Got 'size'"),
        (("list", "--columns", "size"), "Got 'size'"),
        (("list", "--out", "nothing"), "DIR must be a run store. Got 'nothing'"),
        (("show", "zzz"), "none of the 5 runs has"),
        (("show", "digits"), "which 5 have"),
        (("compare", "digits-shallow-tanh-64"), "two runs or more. Got 1 of 5"),
        (("compare",), "Got 0 of 5"),
        (("delete",), "must be told which runs"),
        (("export", "runs.xlsx"), "must end in .csv or .parquet"),
    ):
        code, _, err = surefit("runs", *arguments)
        assert code == 2, arguments
        assert words in " ".join(err.split()), arguments
    (tmp_path / "empty").mkdir()
    code, out, _ = surefit("runs", "--out", "empty")
    assert (code, out) == (0, "No runs in empty yet. `surefit certify --out empty` makes one.\n")


def test_show(surefit, store, tmp_path):
    code, out, _ = surefit("runs", "show", "tanh-64-")
    assert code == 0
    assert "It fits." in out
    assert ["width", "64", "neurons", "in", "each", "hidden", "layer"] in listed(out)
    assert f"Directory: {store.relative_to(tmp_path)}/digits-shallow-tanh-64-" in out
    assert json.loads(surefit("runs", "show", "tanh-64-", "--json")[1])["width"] == 64
    out = surefit("runs", "show", "tanh-512-")[1]
    assert "Traceback: line 7" in out
    assert "MemoryLimitError: Too large." in out
    assert "Tried 2 times" in out
    assert "goes on where it was" in surefit("runs", "show", "tanh-1024-")[1]
    (name,) = [path.name for path in (store / ".incomplete").glob("*.scratch")]
    name = name.removesuffix(".scratch")
    with exclusive(store / ".incomplete" / f"{name}.lock", name):
        assert "works on it right now" in surefit("runs", "show", "tanh-1024-")[1]


def test_compare(surefit, store):
    code, out, _ = surefit("runs", "compare", "tanh-64-", "tanh-128-")
    table = {words[0]: words[1:] for words in listed(out)[1:]}
    assert code == 0
    assert (table["width"], table["proved"], table["holds"]) == (
        ["64", "128"], ["yes", "no"], ["yes", "-"],
    )  # fmt: skip
    assert "seed" not in table
    assert "The same for all: kind certify, data digits" in out
    code, out, _ = surefit("runs", "compare", "--where", "status=target_reached,diverged", "--json")
    found = json.loads(out)
    assert [(row["width"], row["seed"]) for row in found] == [(64, 0), (128, 0), (256, 1)]
    assert "network" not in found[0]


def test_delete_asks_and_deletes(surefit, store, monkeypatch):
    asked = []
    monkeypatch.setattr("typer.confirm", lambda text: asked.append(text) or len(asked) > 1)
    code, out, _ = surefit("runs", "delete", "--where", "status=failed,diverged")
    assert (code, len(rows(surefit))) == (1, 5)
    assert "Nothing was deleted." in out
    code, out, _ = surefit("runs", "delete", "--where", "status=failed,diverged")
    assert (code, len(rows(surefit))) == (0, 3)
    assert "Deleted 2 runs." in out
    assert "tanh-512-" in out
    assert asked[0].startswith("Delete these 2 runs (")
    assert asked[0].endswith("kB) for good?")
    assert not (store / ".failed").exists()
    code, out, _ = surefit("runs", "delete", "--where", "status=failed")
    assert (code, out) == (0, "No run is like that; nothing was deleted.\n")
    name = rows(surefit, "--where", "width=64")[0]["run_id"]
    with exclusive(store / ".incomplete" / f"{name}.lock", name):
        code, _, err = surefit("runs", "delete", "tanh-64-", "tanh-128-", "--yes")
    assert code == 1
    assert f"{name} was left alone" in " ".join(err.split())
    assert [row["width"] for row in rows(surefit)] == [64, 1024]


def test_export(surefit, store, tmp_path):
    code, out, _ = surefit("runs", "export", "all.csv")
    assert (code, out) == (0, f"4 rows, {len(COLUMNS)} columns: all.csv\n")
    with (tmp_path / "all.csv").open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert [row["status"] for row in found if row["width"] == "512"] == ["failed"]
    code, _, _ = surefit(
        "runs", "export", "some.csv", "--where", "proved=no", "--sort", "-width", "--columns",
        "width", "proved", "gamma",
    )  # fmt: skip
    assert code == 0
    text = (tmp_path / "some.csv").read_text(encoding="utf-8")
    assert text == "width,proved,gamma\n256,false,\n128,false,\n"


def test_migrate(surefit, store):
    code, out, _ = surefit("runs", "migrate")
    assert (code, out) == (0, "3 rewritten, 0 were as this version has them.\n")
    code, out, _ = surefit("runs", "migrate")
    assert (code, out) == (0, "0 rewritten, 3 were as this version has them.\n")
    result = next(store.glob("*/result.json"))
    result.write_text(result.read_text(encoding="utf-8").replace('"schema": 2', '"schema": 3'))
    code, _, err = surefit("runs", "migrate")
    assert code == 1
    assert "Got schema 3" in err


def test_columns_are_explained(surefit):
    out = surefit("runs", "columns")[1]
    # Explanations that do not fit go on in lines that are indented further.
    names = [line.split()[0] for line in out.splitlines() if re.match(r" {0,2}\w", line)]
    assert [name for name in names if name in ("run_id", "status", "width")] == [
        "run_id",
        "status",
        "width",
    ]


def test_a_narrow_terminal_gets_the_columns_that_fit(monkeypatch, store, capsys):
    from rich.console import Console

    from surefit.cli.run_store import words

    columns = [(f"c{place}", "left", ["x" * 20]) for place in range(6)]
    console = Console(width=70, force_terminal=True, color_system=None)
    assert words.print_fitting(console, columns) == ["c3", "c4", "c5"]
    out = capsys.readouterr().out
    assert "x" * 20 in out
    assert "…" not in out
    wide = Console(width=70, force_terminal=False)
    assert words.print_fitting(wide, columns) == []
    assert capsys.readouterr().out.count("x" * 20) == 6


def test_cells_and_sizes():
    from surefit.cli.run_store.words import shown, size

    got = [shown(value) for value in (None, True, 3.0, 1e-7, 0.123456, 1234567.0, "a", 12)]
    assert got == ["-", "yes", "3", "1e-07", "0.1235", "1.235e+06", "a", "12"]
    assert [size(n) for n in (0, 999, 1000, 12_300_000)] == ["0 B", "999 B", "1 kB", "12.3 MB"]
