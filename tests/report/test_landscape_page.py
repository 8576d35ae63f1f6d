"""Surfaces on the page of an experiment: as data, in words, and in a browser."""

import csv
import dataclasses
import importlib.resources
import json
import re

import numpy as np
import pytest

from surefit.core.check import Check, Sense
from surefit.core.experiment import CurveLine, ExperimentRecord, Panel
from surefit.core.surface import Surface
from surefit.report import render_experiment, write_experiment
from surefit.report.surface_figure import surface_figures

X, Y = np.linspace(-1.0, 1.0, 5), np.linspace(-2.0, 2.0, 7)


def surface(**changes):
    base = Surface(
        name="epoch_5",
        title="Epoch 5",
        about="Falls <left>.",
        x_axis="gradient",
        y_axis="curvature",
        z_axis="F",
        x=X,
        y=Y,
        z=3.0 + X[None, :] - Y[:, None] ** 2,
        mark=(0.0, 0.0),
        mark_label="iterate",
        numbers=(("lambda_min", -2.5),),
    )
    return dataclasses.replace(base, **changes)


def record(*surfaces):
    line = CurveLine("F", np.arange(3.0), np.array([3.0, 2.0, 1.0]))
    return ExperimentRecord(
        run_id="landscape-x-0123456789",
        name="landscape",
        title="A landscape",
        question="Is it?",
        source="A paper",
        spec={"experiment": "landscape"},
        environment={"date": "2026-11-26T09:00:00+00:00"},
        verdict="It is.",
        holds=True,
        choices={},
        facts={},
        columns=("epoch",),
        rows=((5,),),
        panels=(Panel("loss", "Loss", "Falls.", "epoch", "F", (line,)),),
        checks=(Check("fall", 1.0, 0.0, Sense.GREATER),),
        surfaces=surfaces,
    )


def test_a_surface_survives_the_disk(tmp_path):
    z = surface().z.copy()
    z[0, 0] = np.nan
    record(surface(z=z), surface(name="epoch_9")).save(tmp_path)
    again = ExperimentRecord.load(tmp_path).surfaces
    assert [s.name for s in again] == ["epoch_5", "epoch_9"]
    np.testing.assert_array_equal(again[0].z, z)
    np.testing.assert_array_equal(again[0].x, X)
    assert again[0].mark == (0.0, 0.0)
    assert again[0].numbers == (("lambda_min", -2.5),)
    with (tmp_path / "surfaces.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["surface", "x", "y", "z"]
    assert len(rows) == 1 + 2 * 5 * 7
    assert [float(v) for v in rows[8][1:]] == [X[2], Y[1], z[1, 2]]


def test_an_experiment_without_surfaces_leaves_no_file_of_them(tmp_path):
    record().save(tmp_path)
    assert not (tmp_path / "surfaces.csv").exists()
    assert ExperimentRecord.load(tmp_path).surfaces == ()
    page = render_experiment(record())
    assert "data-turn" not in page.split("<script")[0]
    assert "surfaces.csv" not in page


def test_the_figure_marks_the_point_and_both_axes():
    (figure,) = surface_figures([surface()]).values()
    mesh, along, across, stick, point = figure["data"]
    assert mesh["type"] == "surface"
    np.testing.assert_allclose(mesh["z"], surface().z, rtol=1e-8)
    assert mesh["contours"]["z"]["show"]
    # Vertical, through the point, from the lowest value to above the highest.
    assert stick["x"] == [0.0, 0.0] == stick["y"]
    assert stick["z"][0] == surface().z.min()
    assert stick["z"][1] > surface().z.max()
    assert stick["text"] == ["", "iterate"]
    assert (point["x"], point["y"]) == ([0.0], [0.0])
    assert point["z"][0] == pytest.approx(3.0, abs=0.05)
    assert (along["line"]["dash"], across["line"]["dash"]) == ("solid", "dash")
    np.testing.assert_allclose(along["x"], X)
    np.testing.assert_allclose(across["y"], Y)
    assert set(across["x"]) == {0.0}
    assert figure["flat"]["data"][0]["contours"]["showlabels"]
    assert "iterate" in json.dumps(figure["flat"])


def test_holes_and_flat_surfaces_are_drawn():
    z = surface().z.copy()
    z[3, 1] = np.inf
    (figure,) = surface_figures([surface(z=z)]).values()
    assert figure["data"][0]["z"][3][1] is None
    assert figure["data"][1]["z"][1] is None
    json.dumps(figure, allow_nan=False)
    (level,) = surface_figures([surface(z=np.ones((7, 5)))]).values()
    assert level["data"][0]["contours"]["z"]["size"] > 0


def test_the_page_says_in_words_what_the_surface_shows():
    page = render_experiment(record(surface()))
    body = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "Falls &lt;left&gt;." in body
    assert "Surface of F over gradient and curvature: 3 at the marked point, iterate" in body
    assert "between −2 and 4 elsewhere" in body
    for words in ("Turn left", "From above", "Map", "surfaces.csv", "λ<sub>min</sub>"):
        assert words in body


def test_lines_stand_out_from_every_shade_of_the_surface():
    css = importlib.resources.files("surefit.report").joinpath("report.css").read_text()
    light = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", css.split("@media")[0]))
    dark_block = css[css.index("prefers-color-scheme: dark") :].split("@media")[0]
    dark = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", dark_block))

    def luminance(colour):
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for scheme in (light, dark):
        shades = [luminance(scheme[f"surface-{end}"]) for end in ("low", "high")]
        assert shades[0] < shades[1]
        for name in ("ink", "surface-line"):
            for shade in shades:
                low, high = sorted((luminance(scheme[name]), shade))
                assert (high + 0.05) / (low + 0.05) >= 3.0, name


KINDS = "document.querySelector('.plot.solid').data.map((trace) => trace.type)"
FOLD = "document.querySelector('button[data-flat]')"


def complaints(browser):
    """Without remarks on the speed of graphics without a graphics card."""
    return [c for c in browser.complaints() if "'source': 'rendering'" not in c]


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_surface_is_drawn_turned_and_folded_into_a_map(browser, tmp_path, width, scheme):
    record(surface()).save(tmp_path)
    browser.open(write_experiment(tmp_path), width, scheme=scheme)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate(KINDS)[0] == "surface"
    eye = "document.querySelector('.plot.solid')._fullLayout.scene.camera.eye"
    before = browser.evaluate(eye)
    browser.evaluate("document.querySelector('button[data-turn=left]').click()")
    after = browser.evaluate(eye)
    assert np.hypot(after["x"], after["y"]) == pytest.approx(np.hypot(before["x"], before["y"]))
    assert after["x"] != pytest.approx(before["x"])
    browser.evaluate("document.querySelector('button[data-turn=back]').click()")
    assert browser.evaluate(eye) == before
    browser.evaluate(f"{FOLD}.click()")
    assert browser.evaluate(f"{FOLD}.getAttribute('aria-pressed')") == "true"
    assert browser.evaluate(KINDS)[0] == "contour"
    assert browser.evaluate("document.querySelector('button[data-turn]').disabled")
    browser.evaluate(f"{FOLD}.click()")
    assert browser.evaluate(KINDS)[0] == "surface"
    assert complaints(browser) == []
    assert browser.requests() == []


@pytest.mark.browser
def test_without_three_dimensions_there_is_a_map(browser, tmp_path):
    record(surface()).save(tmp_path)
    script = browser.call(
        "Page.addScriptToEvaluateOnNewDocument",
        source="HTMLCanvasElement.prototype.getContext = () => null;",
    )
    try:
        browser.open(write_experiment(tmp_path), 1280)
        assert browser.evaluate(KINDS)[0] == "contour"
        assert browser.evaluate(f"{FOLD}.disabled")
        drawn = "document.querySelectorAll('.plot.solid .contourlayer path').length"
        assert browser.evaluate(drawn) > 0
        assert complaints(browser) == []
    finally:
        browser.call("Page.removeScriptToEvaluateOnNewDocument", **script)
