"""The page of a kernel run: everything on it, escaped, and clean in a browser."""

import dataclasses
import re

import numpy as np
import pytest

from surefit.core.experiment import CurveLine, Panel
from surefit.core.kernel_record import HeatMap, KernelOutcome, KernelRecord
from surefit.errors import StorageError
from surefit.report import is_kernel, render_kernel, write_kernel


def outcome(name, **changes):
    base = KernelOutcome(
        name=name,
        status="positive_definite",
        message="k_train is positive definite",
        smallest=0.4,
        largest=400.0,
        error=1e-12,
        condition=1000.0,
        effective_dimension=12.3,
        rank=6,
        unlearnable=0.0,
        step_size=0.0025,
        goals=((0.5, 4, 0.01), (0.01, None, np.inf)),
        scores={"train_accuracy": 1.0, "test_accuracy": 0.75, "train_rmse": 0.0, "test_rmse": 0.2},
    )
    return dataclasses.replace(base, **changes)


def record(**changes):
    steps = np.array([0.0, 1.0, 10.0, 100.0])
    lines = tuple(
        CurveLine(label, steps, np.array([1.0, 0.5, 0.1, scale]))
        for label, scale in (("NTK, training", 1e-3), ("NTK, test", 0.05))
    )
    measured = CurveLine("trained network, training", steps[:3], np.array([1.0, 0.6, 0.2]))
    base = KernelRecord(
        run_id="kernel-x-0123456789",
        title="Kernels of a <wide> network",
        spec={"data": "digits", "compare_width": 64},
        environment={"date": "2026-11-26T09:00:00+00:00", "jax": "0.10"},
        verdict="It does.",
        holds=True,
        facts={"training_samples": 6, "test_samples": 2, "network": "resnet"},
        kernels=(outcome("ntk"), outcome("nngp")),
        spectra={"ntk": [0.4, 2.0, 400.0], "nngp": [0.1, 1.0, 300.0]},
        panels=(
            Panel("loss", "Predicted curve", "Falls.", "step", "loss", (*lines, measured),
                  log_x=True, log_y=True),
            Panel("accuracy", "Accuracy", "Rises.", "step", "accuracy", lines, log_x=True),
        ),
        heat_map=HeatMap(
            "Sorted", "Alike.", ("cats", "<dogs>"), (0, 2, 3),
            np.array([[1.0, 0.8, 0.1], [0.8, 1.0, 0.3], [0.1, 0.3, 1.0]]),
        ),
        class_columns=("class", "test samples", "accuracy, NTK", "mistaken for"),
        class_rows=(("cats", 1, 1.0, "–"), ("<dogs>", 1, 0.5, "cats (1)")),
        calibration={"noise": 1e-3, "test_log_likelihood": 0.9, "coverage_0.95": 0.94},
        comparison={"steps": 100.0, "loss_deviation": 0.07, "test_accuracy": 0.7},
        comparison_note="The loss grew <much>.",
        command="surefit kernel --data digits",
    )  # fmt: skip
    return dataclasses.replace(base, **changes)


def test_the_page_shows_everything_and_escapes_it():
    page = render_kernel(record())
    plain = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "<wide>" not in plain and "&lt;wide&gt;" in plain
    assert "<dogs>" not in page.replace("\\u003c", "") and "&lt;dogs&gt;" in plain
    for words in (
        "It fits", "It does.", "Predicted curve", "Spectra of the tangent kernel", "Every class",
        "Which samples are alike", "Is it as sure as it should be?", "never",
        "Against a network of width 64", "surefit kernel --data digits", "cats (1)",
        "95 % intervals", "75 %", "The loss grew &lt;much&gt;.",
    ):  # fmt: skip
        assert words in plain
    # The map in words: means of blocks, the diagonal included.
    assert "on average 0.95 inside a group and 0.2 between groups" in plain
    assert "It does not fit" in render_kernel(record(holds=False))
    assert "Cannot say" in render_kernel(record(holds=None))


def test_parts_that_are_not_there_leave_no_link():
    bare = render_kernel(
        record(class_columns=(), class_rows=(), calibration={}, comparison={}, panels=())
    )
    for ident in ("classes", "calibration", "comparison"):
        assert f'href="#{ident}"' not in bare
        assert f'id="{ident}"' not in bare
    assert 'href="#spectrum"' in bare


def test_a_kernel_that_is_not_definite_is_marked():
    ill = outcome(
        "ntk", status="rank_deficient", message="k_train has rank 5 of 6", unlearnable=0.1
    )
    page = render_kernel(record(kernels=(ill,), holds=False))
    assert re.search(r'class="alert">.*rank 5 of 6', page)
    assert "10 %" in page


def test_writing_needs_a_kernel_run(tmp_path):
    with pytest.raises(StorageError):
        write_kernel(tmp_path)
    record().save(tmp_path)
    assert is_kernel(tmp_path)
    assert write_kernel(tmp_path).read_text(encoding="utf-8") == render_kernel(record())


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_loads_clean(browser, tmp_path, width, scheme):
    record().save(tmp_path)
    browser.open(write_kernel(tmp_path), width, scheme=scheme)
    drawn = "document.querySelectorAll('.plot .heatmaplayer image').length"
    assert browser.evaluate(drawn) == 1
    plots = "[...document.querySelectorAll('.plot')]"
    lines = f"{plots}.map((p) => p.querySelectorAll('.scatterlayer .trace').length)"
    assert browser.evaluate(lines) == [3, 2, 2, 0]
    assert browser.evaluate(f"{plots}.every((p) => p.ariaLabel.length > 40)")
    browser.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.complaints() == []
    assert browser.requests() == []
