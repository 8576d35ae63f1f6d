"""Gao et al. (2022): as printed, with the proof's constants, and corrected."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.theory import THEOREMS, Setting, compare
from surefit.theory.implicit.gao_example import near_interpolation
from surefit.theory.implicit.gao_network import gao_network
from surefit.theory.implicit.gao_proof import OUTPUT_BOUND
from surefit.theory.implicit.gao_quantities import lambda_0, norm_constant
from surefit.theory.implicit.gao_radii import (
    corrected_movement,
    corrected_radius,
    printed_radius,
    proof_movement,
)
from surefit.theory.implicit.initialisation import (
    entry_deviation_probability,
    gram_width,
    norm_constant_of_gaussians,
    output_bound,
    required_corrected_width,
    width_before_drawing,
)

LAMBDA = 0.5 - 1.0 / (2.0 * math.pi)


def setting(width=32, gamma=0.1, n=2, step=0.05, dynamics="gradient_descent", **kwargs):
    problem = sf.Problem(sf.models.implicit_relu(width, gamma), np.eye(n), np.ones(n))
    return Setting(problem, problem.init(0), step, dynamics, **kwargs)


def close(e0, width, gamma, dynamics="gradient_flow", step=0.05):
    return Setting(*near_interpolation(e0, width, gamma), step, dynamics)


def named(prediction, name):
    (check,) = (c for c in prediction.assumptions if c.name == name)
    return check


def movements(start, end):
    """(A, W, u, v) by Frobenius norm, from two trees of parameters."""
    gaps = jax.tree.leaves(jax.tree.map(lambda a, b: float(jnp.linalg.norm(a - b)), start, end))
    w, a, u, v = gaps
    return a, w, u, v


def test_printed_widths_steps_and_rates_follow_their_formulas():
    asked = setting(failure_probability=0.2)
    descent, flow = (THEOREMS[name]().predict(asked) for name in ("gao_2022", "gao_2022_flow"))
    logarithm = math.log(2 / 0.2)
    assert descent.width == pytest.approx(4 / LAMBDA * logarithm)
    assert flow.width == pytest.approx(4 / LAMBDA**2 * logarithm)
    assert descent.step_size == pytest.approx(LAMBDA / 4)
    assert flow.step_size is None
    assert descent.rate == pytest.approx(1 - 0.05 * LAMBDA / 2)
    assert "first power" in descent.note
    chosen = THEOREMS["gao_2022"](width_constant=2.0, step_constant=3.0).predict(asked)
    assert chosen.width == pytest.approx(2 * descent.width)
    assert chosen.step_size == pytest.approx(3 * descent.step_size)
    assert named(chosen, "width m").holds is None
    assert named(chosen, "step size").unstated == ("step_constant",)
    timed = THEOREMS["gao_2022_flow"]().predict(setting(dynamics="gradient_flow"))
    assert timed.rate == pytest.approx(LAMBDA)
    bounds = {p.monitor: p.bound for p in timed.promises}
    assert bounds["feature_gram_smallest"] == pytest.approx(LAMBDA / 2)
    e0 = float(np.linalg.norm(setting().residual))
    np.testing.assert_allclose(
        bounds["squared_residual"](np.array([0.0, 3.0])), e0**2 * np.exp([0.0, -3 * LAMBDA])
    )


def test_equal_inputs_ask_for_infinite_width_and_get_no_promise():
    problem = sf.Problem(sf.models.implicit_relu(16), np.tile([0.6, 0.8], (2, 1)), np.ones(2))
    asked = Setting(problem, problem.init(0), 0.05)
    for name in ("gao_2022", "gao_2022_proof", "gao_2022_corrected"):
        prediction = THEOREMS[name]().predict(asked)
        assert prediction.width == math.inf
        assert prediction.promises == ()
        assert prediction.applies is False


def test_the_lemmas_follow_the_constants_of_their_proofs():
    for name, factor, output in (("gao_2022_proof_flow", 2048, 16), ("gao_2022_proof", 8192, 32)):
        asked = close(0.01, 64, 0.1)
        prediction = THEOREMS[name]().predict(asked)
        c = norm_constant(asked).value
        expected = factor * c**2 * 2 * 0.01**2 / LAMBDA**3
        assert prediction.width == pytest.approx(expected, rel=1e-9)
        check = named(prediction, OUTPUT_BOUND)
        assert check.bound == pytest.approx(output * c * math.sqrt(2) * 0.01 / LAMBDA, rel=1e-9)
        assert check.value == pytest.approx(8.0)
        # The movement of W reaches R exactly where the width is the proof's.
        width = math.ceil(factor * c**2 * 2 / LAMBDA**3)
        moved = proof_movement(2, width, c, LAMBDA, 1.0, descent=factor == 8192).W
        assert moved == pytest.approx(printed_radius(width, c, LAMBDA, 1.0), rel=1e-4)


@pytest.mark.parametrize(("factor", "output"), [(2048.0, 16.0), (8192.0, 32.0)])
def test_conclusion_ii_contradicts_the_width_at_time_0_for_every_start(factor, output):
    """At the smallest width the claim is at most a quarter of ||u(0)|| = sqrt(m)."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        least, x_norm = rng.uniform(1e-3, 0.5), rng.uniform(1.0, 30.0)
        c, n, e0 = rng.uniform(1.0, 5.0), rng.integers(1, 500), rng.uniform(1e-3, 10.0)
        m = factor * c**2 * n * x_norm**2 * e0**2 / least**3
        claim = output * c * math.sqrt(n) * e0 / least
        assert claim <= 0.25 * math.sqrt(m) * (1 + 1e-12)


@pytest.mark.parametrize("width", [200, pytest.param(1500, marks=pytest.mark.slow)])
def test_conclusion_ii_fails_at_time_0(width):
    """At width 1500, where e_0 = .0078: 38.7 against a claim of 1.04."""
    asked = close(0.0078, width, 0.117)
    prediction = THEOREMS["gao_2022_proof_flow"]().predict(asked)
    check = named(prediction, OUTPUT_BOUND)
    assert check.value == pytest.approx(math.sqrt(width))
    assert check.bound == pytest.approx(1.04, abs=0.06)
    assert check.holds is False
    assert named(prediction, "width m").holds is True
    assert "contradicts itself" in prediction.note
    assert prediction.failing == (check,)


def test_the_corrected_width_has_three_terms():
    room = math.sqrt(0.75) - math.sqrt(0.5)
    assert 144 / room**2 == pytest.approx(5702, abs=1)
    n, c, x_norm, e0 = 3, 2.1, 1.7, 0.3
    for least, c_used, x_used in ((0.3, c, x_norm), (0.3, 40.0, 1.0), (0.3, 0.02, 1.0)):
        m = required_corrected_width(n, c_used, least, x_used, e0)
        m = math.ceil(m)
        moved = corrected_movement(n, c_used, 0.1, least, e0)
        limits = (
            moved.W / corrected_radius(m, least, x_used),
            moved.u / math.sqrt(m),
            moved.W / (c_used * math.sqrt(m)),
        )
        # Every inner condition holds at that width, and one of them with equality.
        assert max(limits) == pytest.approx(1.0, rel=1e-3)
    assert required_corrected_width(n, c, 0.0, x_norm, e0) == math.inf


@pytest.mark.parametrize("seed", range(4))
def test_gradients_stay_below_the_bounds_of_the_proof(seed):
    """||grad|| <= (16 gamma c, 6, 4c, 2c) sqrt(n) ||r|| for weights at the edge."""
    rng, m, n, gamma = np.random.default_rng(seed), 24, 3, 0.12
    x = rng.normal(size=(n, 4))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    problem = sf.Problem(sf.models.implicit_relu(m, gamma), x, rng.normal(size=n))
    c = 2.0
    start = problem.init(seed)

    def scaled(array, norm):
        return array * (norm / jnp.linalg.norm(array, 2))

    (w, relu, ((a, u), v)) = start
    grown = (
        {"w": scaled(w["w"], 2 * c * math.sqrt(m))},
        relu,
        (
            ({"w": scaled(a["w"], 2 * c * math.sqrt(m))}, {"w": 2.0 * u["w"]}),
            {"w": 2.0 * v["w"]},
        ),
    )
    residual = float(np.linalg.norm(problem.residual(grown)))
    found = movements(jax.grad(problem.objective)(grown), jax.tree.map(jnp.zeros_like, grown))
    bounds = np.array([16 * gamma * c, 6.0, 4 * c, 2 * c]) * math.sqrt(n) * residual
    assert np.all(np.array(found) <= bounds), (found, bounds)


def test_the_corrected_theorem_on_its_run():
    """Descent with step .05 at width 600: what flow is promised is far from being broken."""
    least = LAMBDA
    e0 = math.sqrt(600) * least**1.5 / (math.sqrt(5702) * math.sqrt(2))
    assert e0 == pytest.approx(0.0456, abs=1e-4)
    asked = close(0.999 * e0, 600, 0.119)
    prediction = THEOREMS["gao_2022_corrected"]().predict(asked)
    assert prediction.applies is True
    assert prediction.width == pytest.approx(0.998 * 600, rel=1e-3)
    n, c, e0 = 2, norm_constant(asked).upper, asked.residual_norm.upper
    bound = corrected_movement(n, c, 0.119, lambda_0(asked), e0)
    assert (bound.A, bound.W, bound.u, bound.v) == pytest.approx((1.49, 2.27, 3.18, 1.59), rel=0.05)
    assert prediction.radius == pytest.approx(bound.total)

    problem, params = asked.problem, asked.params
    monitors = [p.monitor for p in prediction.promises]
    method = sf.GradientDescent(step_size=0.05)
    end, run = sf.train(problem, params, method, steps=200, monitors=monitors, every=20)
    squares = run["squared_residual"].values
    clock = 0.05 * run["squared_residual"].times
    assert np.all(squares <= squares[0] * np.exp(-least * clock) * (1 + 1e-9))
    assert squares[-1] < 1e-6 * squares[0]
    smallest = run["feature_gram_smallest"].values
    assert np.min(smallest) >= 0.98 * smallest[0]  # the start itself is .97 of the limit
    # Movements of another draw: (.0017, .027, .016, .016).
    found = movements(params, end)
    assert found == pytest.approx((0.0017, 0.027, 0.016, 0.016), rel=0.3)
    kept = {c.name.split(":")[0]: c.holds for c in compare(prediction, run)}
    assert all(kept[name] for name in monitors if name != "squared_residual"), kept


def test_the_printed_movement_of_w_is_broken_by_a_small_residual():
    """Printed bounds are quadratic in e_0 and fall with m; the movements are linear and do not."""
    e0, width = 1e-3, 600
    asked = close(e0, width, 0.119)
    method = sf.GradientDescent(step_size=0.2)
    end, _ = sf.train(asked.problem, asked.params, method, steps=60, monitors=["loss"])
    found = movements(asked.params, end)
    c = norm_constant(asked).value
    printed = proof_movement(2, width, c, LAMBDA, e0, descent=False)
    corrected = corrected_movement(2, c, 0.119, LAMBDA, e0)
    assert found[1] > 1.5 * printed.W
    assert found[1] < corrected.W
    assert found[0] < corrected.A


def test_descent_gets_no_promise_from_the_corrected_theorem():
    prediction = THEOREMS["gao_2022_corrected"]().predict(close(0.01, 64, 0.1, "gradient_descent"))
    assert prediction.promises == ()
    assert prediction.rate is None
    assert prediction.width < 64
    assert "not proved" in prediction.note
    assert [c.name for c in prediction.failing] == ["dynamics: gradient flow"]


def test_the_note_says_what_width_would_do_in_advance():
    small, large = close(0.01, 64, 0.1), close(0.01, 64, 0.2)
    theorem = THEOREMS["gao_2022_corrected"]()
    assert "would make all hypotheses hold with probability 0.9" in theorem.predict(small).note
    prediction = theorem.predict(large)
    assert "gamma is not below 1/8" in prediction.note
    assert named(prediction, "gamma").holds is False


# Probabilistic inputs.


def test_moments_of_products_of_rectified_gaussians_satisfy_bernsteins_condition():
    for q in range(2, 30):
        double = math.prod(range(1, 2 * q, 2))
        # (2q - 1)!! / 2 <= (q! / 2) (3 / 2) 2^(q - 2), times four.
        assert 2 * double <= math.factorial(q) * 3 * 2 ** (q - 2)


def test_entries_of_the_gram_matrix_concentrate_as_promised():
    """6000 draws of one diagonal entry at width 100: the bound holds, within four s.e."""
    rng, m = np.random.default_rng(0), 100
    entries = np.mean(np.maximum(rng.normal(size=(6000, m)), 0.0) ** 2, axis=1)
    for s in (0.25, 0.35, 0.45):
        found, bound = np.mean(np.abs(entries - 0.5) > s), entry_deviation_probability(m, s)
        assert found <= bound + 4 * math.sqrt(bound / 6000)
        assert bound < 1.0
    assert np.mean(np.abs(entries - 0.5) > 0.25) > 0.0  # the bound is not about impossible events


def test_the_width_of_lemma_3_3_spends_delta_exactly():
    for n, least, delta in ((3, 0.3, 0.1), (40, 0.02, 0.5)):
        m = gram_width(n, least, delta)
        assert gram_width(n, 0.5 * least, delta) > 3.9 * m
        spent = n * (n + 1) / 2 * 2 * math.exp(-m * (least / (4 * n)) ** 2 / (3 + least / n))
        assert spent == pytest.approx(delta)
        own = n * (n + 1) / 2 * entry_deviation_probability(1, 0.0)
        assert own == n * (n + 1)
        each = math.log(entry_deviation_probability(1000, least / (4 * n)) / 2) / 1000
        assert 2 * math.exp(each * m) * n * (n + 1) / 2 == pytest.approx(delta)


def test_norms_of_gaussian_matrices_are_below_their_constant():
    """100 draws at delta = 1/2: at most half may fail, and the constant is no looser than 30 %."""
    rng, m, d = np.random.default_rng(0), 40, 5
    c = norm_constant_of_gaussians(m, d, 0.5)
    norms = np.array(
        [
            max(
                np.linalg.norm(rng.normal(size=(m, m)), 2),
                np.linalg.norm(rng.normal(size=(m, d)), 2),
            )
            for _ in range(100)
        ]
    ) / math.sqrt(m)
    assert np.mean(norms > c) <= 0.5
    assert c < 1.3 * norms.mean()
    assert norm_constant_of_gaussians(10**8, d, 0.5) == pytest.approx(2.0, abs=1e-3)
    wide = norm_constant_of_gaussians(4, 400, 0.5)
    assert wide == pytest.approx(11 + math.sqrt(2 * math.log(8)) / 2)


def test_initial_outputs_are_below_their_bound():
    """60 draws at delta = 1/2: at most half may exceed it, up to four s.e.; within a factor 6."""
    n, m, gamma = 4, 32, 0.1
    problem = sf.Problem(sf.models.implicit_relu(m, gamma), np.eye(n), np.zeros(n))
    largest, bounds = [], []
    for seed in range(60):
        asked = Setting(problem, problem.init(seed), 0.1)
        network = gao_network(asked)
        c = max(np.linalg.norm(network.A, 2), np.linalg.norm(network.W, 2)) / math.sqrt(m)
        largest.append(np.max(np.abs(asked.residual)))
        bounds.append(output_bound(n, c, gamma, 0.5))
    ratio = np.array(largest) / np.array(bounds)
    assert np.mean(ratio > 1.0) <= 0.5 + 4 * math.sqrt(0.25 / 60)
    assert np.max(ratio) > 1 / 6
    assert output_bound(4, 2.0, 0.5, 0.1) == math.inf


def test_the_width_in_advance_satisfies_every_hypothesis():
    n, d, least, x_norm, y_norm, gamma, delta = 5, 7, 0.2, 1.3, 2.0, 0.1, 0.1
    m = width_before_drawing(n, d, least, x_norm, y_norm, gamma, delta)
    c = norm_constant_of_gaussians(math.ceil(m), d, delta / 3)
    e0 = y_norm + math.sqrt(n) * output_bound(n, c, gamma, delta / 3)
    assert gamma <= 1 / (4 * c)
    assert gram_width(n, least, delta / 3) <= m
    assert required_corrected_width(n, c, least, x_norm, e0) <= m
    assert width_before_drawing(n, d, least, x_norm, y_norm, 0.125, delta) == math.inf
    assert width_before_drawing(n, d, 0.0, x_norm, y_norm, gamma, delta) == math.inf
    near = width_before_drawing(n, d, 0.5, x_norm, 0.0, 0.1249, delta)
    c = norm_constant_of_gaussians(math.ceil(near), d, delta / 3)
    assert 4 * c * 0.1249 <= 1


# Training statistics.


@pytest.mark.slow
def test_training_statistics_of_ten_samples():
    """n = 10, d = 20, +-1 labels: converges, never above the bound, moves as far at any width."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(10, 20))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = rng.choice([-1.0, 1.0], size=10)
    moved = {}
    for width in (256, 1024):
        problem = sf.Problem(sf.models.implicit_relu(width, 0.1), x, y)
        each = []
        for seed in range(3):
            params = problem.init(seed)
            step = 0.5 / np.linalg.eigvalsh(np.asarray(problem.gram(params)))[-1]
            asked = Setting(problem, params, step)
            prediction = THEOREMS["gao_2022"]().predict(asked)
            method = sf.GradientDescent(step_size=step)
            monitors = ["squared_residual", "feature_gram_smallest"]
            end, run = sf.train(problem, params, method, steps=300, monitors=monitors, every=30)
            squares = run["squared_residual"].values
            assert math.sqrt(squares[-1]) < 1e-6
            assert compare(prediction, run)[0].presumed is True
            assert np.min(run["feature_gram_smallest"].values) > 0.75 * lambda_0(asked)
            each.append((*movements(params, end), math.sqrt(squares[0])))
        moved[width] = np.array(each)
    # Movements are proportional to the initial residual; per unit of it they agree within 15 %.
    narrow, wide = ((m[:, :4] / m[:, 4:]).mean(axis=0) for m in (moved[256], moved[1024]))
    np.testing.assert_allclose(narrow, wide, rtol=0.15)
