"""The picture beside a proof: of every statement that has one, from the checker's numbers."""

import dataclasses
import math

import numpy as np
import pytest

from surefit.core.certificate import Certificate
from surefit.core.proof import Proof, ProofStep
from surefit.report.page import render
from surefit.report.proof_plots import proof_plots

LOCAL = {"residual_norm": 0.1, "sigma_min": 1.0, "lipschitz": 2.0, "path_length": 0.1127}


@pytest.fixture(name="pictured")
def _pictured(records):
    """The only plot of a run with this proof, and its record."""

    def make(numbers, name="kantorovich_majorant", chain=(), proved=True, **issued):
        answer = Proof(
            "proved" if proved else "refused",
            statement="A sentence.",
            numbers=numbers,
            steps=chain,
            certificate=name,
            folder="certificate",
        )
        issued = Certificate(name, "A sentence.", "A theorem", (), issued)
        record = dataclasses.replace(records.good(), proofs=(answer,), certificates=(issued,))
        return proof_plots(record).get("certificate"), record

    return make


def test_majorants_cross_zero_where_the_path_ends(pictured):
    plot, record = pictured(LOCAL)
    majorant, straight, end = plot.lines
    np.testing.assert_allclose(np.interp(0.1127, majorant.x, majorant.y), 0.0, atol=1e-4)
    assert end.x[0] == 0.1127
    assert majorant.y[0] == straight.y[0] == 0.1
    assert "from the saved weights" in plot.about
    text = render(record)
    assert 'id="majorant-certificate"' in text
    assert "Why the residual must reach zero" in text


def test_the_curvature_that_a_search_found_is_drawn_beside_its_bound(pictured):
    plot, _ = pictured(LOCAL, curvature_found=0.5, looseness=4.0)
    majorant, straight, found, _ = plot.lines
    assert found.label == "with as much curvature as a search found"
    at = np.isfinite(straight.y)
    assert np.all(straight.y[at] <= found.y[at])
    assert np.all(found.y[at] <= majorant.y[at])
    s = found.x[20]
    assert found.y[20] == pytest.approx(0.1 - s + 0.25 * s**2)


def test_shadowed_runs_speak_of_their_end(pictured):
    plot, _ = pictured({**LOCAL, "shadow_radius": 1e-6}, "shadowing")
    assert "from the weights at the end of the run" in plot.about


def test_floors(pictured):
    numbers = {**LOCAL, "contraction": 1e-3, "floor": 1e-9}
    plot, _ = pictured(numbers, "floor", steps=1e9)
    bound, falling, floor = plot.lines
    assert plot.log_y
    assert bound.y[0] == pytest.approx(0.1 + 1e-9)
    assert bound.y[-1] == pytest.approx(1.1e-9, rel=1e-6)
    k = bound.x[7]
    assert bound.y[7] == pytest.approx(0.1 * (1 - 1e-3) ** k + 1e-9)
    assert np.all(floor.y == 1e-9)
    assert np.all(falling.y < bound.y)
    # No further than the statement goes; at least some way where the start is below the floor.
    assert pictured(numbers, "floor", steps=50.0)[0].lines[0].x[-1] == 50.0
    below = pictured({**numbers, "floor": 1.0}, "floor", steps=1e9)[0]
    assert below.lines[0].x[-1] == pytest.approx(1 / -math.log1p(-1e-3))


def test_batches(pictured):
    plot, _ = pictured({**LOCAL, "contraction": 0.01, "failure_probability": 1e-7}, "stochastic")
    (line,) = plot.lines
    assert line.y[-1] == pytest.approx(1e-6)
    assert line.y[3] == pytest.approx(0.99 ** line.x[3])
    assert "a part of 1×10⁻⁷ of the runs" in plot.about


def test_initial_weights(pictured):
    numbers = {"linear_path_length": 1.0, "constant": 1.5, "whitened_lipschitz": 0.1}
    start = 0.01
    # The root of the majorant, by its derivative.
    s = np.linspace(0.0, 4.0, 400_001)
    x = start + 0.1 * s
    fallen = 1.0 - np.concatenate(
        [[0.0], np.cumsum(np.diff(s) * ((1 - 1.5 * x) / (1 + x) - 1.5 * x)[:-1])]
    )
    numbers["path_length"] = float(s[np.argmax(fallen <= 0.0)])
    steps = (ProofStep("error of the whitened kernel < its limit", start, "<", 0.2),)
    plot, _ = pictured({**LOCAL, **numbers}, "initialisation", steps)
    left, straight, end = plot.lines
    np.testing.assert_allclose(left.y, np.interp(left.x, s, fallen), atol=1e-4)
    np.testing.assert_allclose(np.interp(end.x[0], left.x, left.y), 0.0, atol=1e-3)
    kept = np.isfinite(straight.y)
    assert np.all(straight.y[kept] <= left.y[kept] + 1e-12)


def test_classes(pictured):
    numbers = {"loss_sum": 0.4, "smoothed_margin": 0.7, "weight_norm": 5.0}
    plot, _ = pictured(numbers, "homogeneous", degree=2.0, loss_scale=0.5)
    bound, level = plot.lines
    gain = 0.5 * (2.0 * 0.7 / 5.0) ** 2
    assert np.all(bound.y <= 0.4)
    late = bound.x[-1]
    assert bound.y[-1] == pytest.approx(2 / (0.7 + math.exp(0.7) + gain * late))
    assert bound.y[-1] < 0.01
    assert np.all(level.y == math.log(2))
    assert pictured({"smallest_margin": 0.2}, "accuracy")[0] is None


def test_equilibria(pictured):
    plot, _ = pictured({"modulus": 0.6}, "equilibria", ball_radius=2.0, largest_radius=4.0)
    factor, one, ball = plot.lines
    assert np.interp(4.0, factor.x, factor.y) == pytest.approx(1.0)
    assert np.interp(0.0, factor.x, factor.y) == pytest.approx(0.2)
    assert (ball.x[0], ball.y[0]) == (2.0, 0.6)
    assert np.all(one.y == 1.0)
    unbounded = pictured({"modulus": 0.6}, "equilibria", ball_radius=1.0, largest_radius=math.inf)
    assert unbounded[0] is None


def test_what_is_not_proved_has_no_picture(pictured):
    assert pictured(LOCAL, proved=False)[0] is None
    assert pictured({**LOCAL, "lipschitz": math.nan})[0] is None
