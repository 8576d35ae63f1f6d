"""Pages that are made by a command are complete and up to date."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from surefit.theory import THEOREMS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TUTORIALS = sorted(path.stem for path in (DOCS / "tutorials").glob("*.py"))
QUICK = ("liu_zhu_belkin_2020", "oymak_soltanolkotabi_2019")
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def generator(name):
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / "generate" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def theorems():
    # Other tests define theorems of their own, which join the catalogue.
    found = [cls() for cls in THEOREMS.entries().values()]
    return [t for t in found if type(t).__module__.startswith("surefit.theory.theorems.")]


@pytest.fixture(scope="module")
def gallery():
    return generator("gallery")


@pytest.fixture(scope="module")
def page():
    return (DOCS / "theorems.md").read_text(encoding="utf-8")


def test_every_theorem_is_in_the_gallery_as_it_is_in_the_catalogue(gallery, page):
    for theorem in theorems():
        for part in (gallery.title, gallery.statement, gallery.citation):
            assert part(theorem) in page, f"{theorem.catalogue_name}: run `make gallery`"
        figure = f"theorems/{theorem.catalogue_name}.svg"
        assert f"]({figure})" in page and "</svg>" in (DOCS / figure).read_text(encoding="utf-8")
    assert gallery.head(theorems()) in page
    assert len(re.findall(r"^## ", page, re.MULTILINE)) == len(theorems())


def agrees(made, page, name):
    begin = page.index(made.partition("\n")[0])
    shown = page[begin:].partition("\n## ")[0].strip()
    assert NUMBER.sub("#", made) == NUMBER.sub("#", shown), f"{name}: run `make gallery`"
    for new, old in zip(NUMBER.findall(made), NUMBER.findall(shown), strict=True):
        assert float(new) == pytest.approx(float(old), rel=0.02, abs=1e-9), name


@pytest.mark.parametrize("name", QUICK)
def test_the_gallery_shows_what_a_theorem_says_of_its_example(name, gallery, page):
    agrees(gallery.entry(THEOREMS[name]()), page, name)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [t.catalogue_name for t in theorems() if t.catalogue_name not in QUICK]
)
def test_the_gallery_shows_it_for_all(name, gallery, page):
    agrees(gallery.entry(THEOREMS[name]()), page, name)


def run(*words):
    return subprocess.run(
        [sys.executable, "-W", "error", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.usefixtures("compiled_alike")
@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorial_prints_what_its_page_shows(name):
    done = run("docs/generate/tutorials.py", name, "--check")
    assert done.returncode == 0, f"{done.stdout}{done.stderr[-3000:]}\nrun `make tutorials`"


def test_tutorials_have_pages_that_are_listed():
    listed = (DOCS / "tutorials" / "index.md").read_text(encoding="utf-8")
    assert all(f"]({name}.md)" in listed for name in TUTORIALS)
    assert len(TUTORIALS) == 6


def test_the_check_of_a_tutorial_can_fail():
    tutorials = generator("tutorials")
    assert tutorials.alike("width 12.1, proved", "width 12.2, proved")
    assert not tutorials.alike("width 12.1, proved", "width 12.9, proved")
    assert not tutorials.alike("width 12.1, proved", "width 12.1, refused")
    assert not tutorials.alike("[1, 2]", "[1, 2, 3]")


def test_the_list_of_public_names_is_up_to_date():
    # A process of its own: other tests define activations and layers.
    code = (
        "import sys; sys.path.insert(0, 'docs/generate'); import reference; print(reference.page())"
    )
    done = run("-c", code)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == (DOCS / "reference.md").read_text(encoding="utf-8").strip(), (
        "run `make reference`"
    )
