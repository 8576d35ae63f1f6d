"""The figures of a store for a paper: vector files of fixed sizes, the same every time."""

import re

import pytest

from surefit.errors import InvalidInputError, StorageError
from surefit.report import write_figures
from surefit.report.figures.chart import Chart, Mark
from surefit.report.paper.draw import draw
from surefit.report.paper.looks import SETTINGS, colour, plain


@pytest.fixture(scope="module")
def few(stores, tmp_path_factory):
    return stores.grid(tmp_path_factory.mktemp("few") / "runs", (8, 16, 64, 128), (8, 16), 4)


@pytest.fixture(scope="module")
def written(few, tmp_path_factory):
    to = tmp_path_factory.mktemp("figures") / "made" / "for it"
    return to, write_figures(few, to, ("svg",))


def test_every_figure_comes_in_two_sizes_with_a_caption(written):
    to, paths = written
    assert paths[-1] == to / "captions.txt"
    assert set(to.iterdir()) == set(paths)
    names = {path.stem for path in paths[:-1]}
    assert {"phase-converged", "phase-converged-wide", "threshold-converged", "steps", "rate",
            "curves-n8", "curves-n16-wide", "spectra-n8"} <= names  # fmt: skip
    text = paths[-1].read_text(encoding="utf-8")
    for name in names:
        assert f"{name.removesuffix('-wide')}: " in text


def test_sizes_are_those_of_columns(written):
    to, _ = written
    for name, inches in (("steps", 3.3), ("steps-wide", 6.9)):
        width = re.search(r'width="([0-9.]+)pt"', (to / f"{name}.svg").read_text())[1]
        assert float(width) == pytest.approx(72 * inches)


def test_texts_are_texts_in_a_readable_size(written):
    to, _ = written
    svg = (to / "phase-converged.svg").read_text(encoding="utf-8")
    assert ">samples n</text>" in svg
    assert ">4/4</text>" in svg
    sizes = {float(size) for size in re.findall(r"font-size: ([0-9.]+)px", svg)}
    assert sizes
    assert min(sizes) >= 5.0


def test_captions_have_the_numbers(written):
    text = written[1][-1].read_text(encoding="utf-8")
    assert "Widths that are enough, with 95 % intervals:" in text
    assert "samples | probability | width | from | to | what is known" in text
    assert "m to the power" in text


@pytest.mark.parametrize("form", ["pdf", "svg", "png"])
def test_files_are_the_same_every_time(few, tmp_path, form, monkeypatch):
    from surefit.report.paper import write

    real = write._charts
    monkeypatch.setattr(write, "_charts", lambda store: list(real(store))[:1])
    one = write_figures(few, tmp_path / "a", (form,))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    two = write_figures(few, tmp_path / "b", (form,))
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]
    assert len(one) == 3


def test_colours_are_those_of_the_page():
    assert colour(0) == "#0072b2"
    assert colour(6) == colour(0)
    assert colour(-1) == "#1d2126"


def test_dollars_are_no_formulas():
    assert plain("λ_min of $x$") == r"$λ_{\mathrm{min}}$ of \$x\$"


def test_hostile_labels_are_drawn(stores):
    import io

    import matplotlib
    import numpy as np

    x = np.array([1.0, 2.0])
    marks = tuple(Mark(f"{text} {stores.EVIL} $\\frac{{", x, x, colour=i)
                  for i, text in enumerate(("a", "b")))  # fmt: skip
    chart = Chart("x", "t", "a", "x_1 $", "\\y", marks)
    with matplotlib.rc_context(SETTINGS):
        out = io.StringIO()
        draw(chart, "").savefig(out, format="svg")
    assert "<script>" not in out.getvalue()


def test_unknown_formats_are_refused(few, tmp_path):
    with pytest.raises(InvalidInputError, match=r"must be some of pdf, svg, png\. Got eps"):
        write_figures(few, tmp_path / "x", ("pdf", "eps"))
    assert not (tmp_path / "x").exists()


def test_a_place_that_cannot_be_written_is_refused(few, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="must be a directory that can be written"):
        write_figures(few, tmp_path / "file" / "x", ("svg",))
