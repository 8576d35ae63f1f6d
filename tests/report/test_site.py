"""The site of a store: whole, offline, safe against any text, and made again only where needed."""

import csv
import json
import os
import re
import shutil

import pytest

from surefit.errors import InvalidInputError, StorageError
from surefit.report import write_site
from surefit.report.site import pages
from surefit.report.site.embedded import data_text, receiving
from surefit.report.site.index import index_page
from surefit.report.site.table_data import shown_first, table_json


@pytest.fixture
def small(stores, tmp_path):
    return stores.grid(tmp_path / "runs", (8, 64), (8, 12), 1)


def block(page, ident):
    text = page.read_text(encoding="utf-8")
    return json.loads(re.search(rf'id="{ident}">(.*?)</script>', text)[1])


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_the_site_is_one_folder_in_the_store(site, store):
    assert site == store / "site" / "index.html"
    assets = {path.name for path in (store / "site" / "assets").iterdir()}
    assert {"plotly.min.js", "report.css", "report.js", "site.css", "site.js"} <= assets
    # The second family, and curves of every number of samples of both.
    assert {"family-1.js", "overlay-0-0.js", "overlay-0-3.js", "overlay-1-0.js"} <= assets
    assert len(list((store / "site" / "runs").iterdir())) == 74
    assert sorted(p.name for p in store.iterdir() if "site" in p.name) == ["site"]


def test_a_site_is_not_taken_for_a_run(site, store):
    from surefit.report.figures.store import view
    from surefit.runs import Store

    assert "site" not in {row["run_id"] for row in view(store).rows}
    assert "site" not in {run.run_id for run in Store(store).runs()}


def test_the_table_has_every_run_and_its_page(site):
    table = block(site, "table-data")
    columns = {column["name"]: column for column in table["columns"]}
    assert table["count"] == len(table["pages"]) == 76
    assert sum(page is None for page in table["pages"]) == 2
    for page in filter(None, table["pages"]):
        assert (site.parent / page).is_file()
    assert columns["width"]["kind"] == "number"
    assert columns["converged"]["kind"] == "bool"
    status = columns["status"]
    assert sorted({status["levels"][v] for v in status["values"]}) == [
        "failed", "steps_done", "target_reached", "unreadable",
    ]  # fmt: skip
    assert {"run_id", "converged", "samples", "width", "seed", "data"} <= set(table["shown"])
    assert "depth" not in table["shown"]  # the same everywhere


def test_the_same_rows_are_a_csv_file(site):
    with (site.parent / "runs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 76
    assert {row["width"] for row in rows if row["status"] == "steps_done"} >= {"8", "16"}


def test_no_text_of_a_run_is_read_as_html(site, stores):
    folder = site.parent
    for page in [site, *(folder / "runs").iterdir()]:
        text = page.read_text(encoding="utf-8")
        assert "<script>alert" not in text
        assert "<img" not in text
        # Only data blocks and files of the site.
        for script in re.findall(r"<script[^>]*>", text):
            assert re.fullmatch(
                r'<script( type="application/json" id="[a-z-]+"'
                r'| src="(\.\./)?assets/[a-z.]+\.js"( defer)?)>',
                script,
            ), script
    for script in (folder / "assets").glob("*-*.js"):
        assert "<" not in script.read_text(encoding="utf-8")
    levels = next(c for c in block(site, "table-data")["columns"] if c["name"] == "data")["levels"]
    assert stores.EVIL in levels


def test_data_in_scripts_cannot_end_them(stores):
    text = data_text({"</script><!--": [stores.EVIL, float("nan"), float("inf"), "\u2028"]})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"</script><!--": [stores.EVIL, None, "Infinity", "\u2028"]}
    assert receiving("a", 1) == 'surefitSite.receive("a",1);\n'


def test_pages_of_runs_share_the_library(site):
    (page, *_) = sorted((site.parent / "runs").iterdir())
    text = page.read_text(encoding="utf-8")
    assert len(text) < 200_000
    assert '<a href="../index.html">All runs</a>' in text
    assert '<script src="../assets/plotly.min.js"></script>' in text
    assert '<link rel="stylesheet" href="../assets/report.css">' in text


def test_only_files_of_the_folder_may_run(site):
    (page, *_) = sorted((site.parent / "runs").iterdir())
    for text in (site.read_text(encoding="utf-8"), page.read_text(encoding="utf-8")):
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
        assert "default-src 'none'; script-src 'self' file:; style-src" in policy
        assert "http" not in policy


def test_failed_cells_are_listed_with_their_reasons(site):
    text = site.read_text(encoding="utf-8")
    failed = text[text.index('<section id="failed"') :]
    assert "ArithmeticError" in failed
    assert "&lt;script&gt;alert" in failed
    assert "unreadable" in failed


def test_only_changed_runs_get_new_pages(small, stores, monkeypatch):
    made = []
    real = pages.render_page
    monkeypatch.setattr(
        "surefit.report.site.build.render_page",
        lambda kind, record: made.append(record.run_id) or real(kind, record),
    )
    progress = []
    first = write_site(small, progress=lambda *state: progress.append(state))
    assert [state[:2] for state in progress] == [(k, 4) for k in (1, 2, 3, 4)]
    assert len(made) == 4
    before = {p.name: p.read_bytes() for p in (first.parent / "runs").iterdir()}
    made.clear()
    write_site(small)
    assert made == []
    assert {p.name: p.read_bytes() for p in (first.parent / "runs").iterdir()} == before
    changed = stores.record(stores.spec(8, 8, 0), verdict="Another verdict.")
    shutil.rmtree(small / changed.run_id)
    stores.save(small, changed)
    stores.save(small, stores.record(stores.spec(8, 8, 1)))
    write_site(small)
    assert sorted(made) == sorted([changed.run_id, stores.record(stores.spec(8, 8, 1)).run_id])
    text = (first.parent / "runs" / f"{changed.run_id}.html").read_text(encoding="utf-8")
    assert "Another verdict." in text
    assert len(list((first.parent / "runs").iterdir())) == 5


def test_the_same_runs_make_the_same_site(small, tmp_path):
    one = write_site(small, tmp_path / "a").parent
    two = write_site(small, tmp_path / "b").parent
    assert names(one) == names(two)
    assert all(
        (one / name).read_bytes() == (two / name).read_bytes()
        for name in names(one)
        if (one / name).is_file()
    )


def test_runs_without_a_page_are_listed_with_their_reasons(small):
    whole, broken = sorted(path for path in small.iterdir() if path.name.startswith("digits"))[:2]
    result = json.loads((broken / "result.json").read_text(encoding="utf-8"))
    result["certificates"] = ["majorant"]  # copied without its folder
    (broken / "result.json").write_text(json.dumps(result), encoding="utf-8")
    text = write_site(small).read_text(encoding="utf-8")
    section = re.search(r'<section id="unread".*?</section>', text, re.DOTALL)[0]
    assert broken.name in section
    assert whole.name not in section
    assert 'href="#unread"' in text


def test_an_error_leaves_the_earlier_site(small, monkeypatch):
    site = write_site(small)
    before = names(small), site.read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("surefit.report.site.build.index_page", full)
    with pytest.raises(StorageError, match=r"Got .*site: No space left on device"):
        write_site(small)
    assert (names(small), site.read_bytes()) == before


def test_a_folder_that_is_no_site_is_not_replaced(small):
    (small / "site").mkdir()
    (small / "site" / "thesis.tex").write_text("years of work")
    with pytest.raises(InvalidInputError, match="must be a new folder or an earlier site"):
        write_site(small)
    assert (small / "site" / "thesis.tex").read_text() == "years of work"
    assert [p.name for p in small.iterdir() if p.name.startswith(".site")] == []


def test_what_killed_processes_left_is_deleted_after_an_hour(small):
    for name, age in ((".site.1.draft", 7200), (".site.2.old", 7200), (".site.3.draft", 60)):
        (small / name).mkdir()
        moment = os.stat(small).st_mtime - age
        os.utime(small / name, (moment, moment))
    write_site(small)
    assert sorted(p.name for p in small.glob(".site*")) == [".site.3.draft"]


def test_stores_without_widths_have_a_site_as_well(tmp_path, stores):
    stores.fail(tmp_path, stores.spec(8, 8, 0))
    text = write_site(tmp_path).read_text(encoding="utf-8")
    assert "failed cells" in text
    assert block(tmp_path / "site" / "index.html", "figure-data") is None


def test_a_thousand_runs_are_a_small_page(stores, tmp_path):
    from surefit.report.figures.store import StoreView

    rows = [
        {"run_id": f"digits-shallow-tanh-{m}-s{s}-{m:05d}{n:03d}{s:02d}", "kind": "certify",
         "status": "target_reached", "converged": True, "data": "digits", "width": m,
         "samples": n, "seed": s, "depth": 1, "final_loss": 1.234567890123e-7 * m * n,
         "rate_measured": 0.9991234567890123, "verdict": f"Proved after {m * n} steps."}
        for m in range(10) for n in range(10) for s in range(10)
    ]  # fmt: skip
    data = table_json(rows, {row["run_id"]: f"runs/{row['run_id']}.html" for row in rows})
    text = index_page(StoreView(tmp_path, tuple(rows), (), ()), data, None, [], False, {})
    assert len(text) < 400_000
    assert shown_first(rows)[:3] == ["run_id", "status", "converged"]
