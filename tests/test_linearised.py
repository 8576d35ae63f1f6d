"""The linearised network: its values, its training in closed form, and the gap to the network."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.core.tree import add_scaled, ravel
from surefit.curvature import jacobian_lipschitz
from surefit.layers import Linearised
from surefit.theory import THEOREMS, Setting
from surefit.training import MONITORS, View


def drawn(network=None, n=6, d=4, seed=0):
    draw = np.random.default_rng(seed)
    x = draw.standard_normal((n, d))
    network = network or sf.models.shallow(16, 2, sf.Gelu(), antisymmetric=False)
    return sf.Problem(network, x / np.linalg.norm(x, axis=1)[:, None], draw.standard_normal((n, 2)))


def moved(params, length, seed=1):
    draw = np.random.default_rng(seed)
    way = jax.tree.map(lambda leaf: jnp.asarray(draw.standard_normal(leaf.shape)), params)
    return add_scaled(params, length / np.linalg.norm(ravel(way)[0]), way)


def test_values_are_those_of_the_first_order_expansion():
    problem = drawn()
    start = problem.init(0)
    linear, anchored = sf.linearised(problem, start)
    there = moved(start, 0.7)
    step = np.asarray(ravel(there)[0] - ravel(start)[0])
    # By hand, with the explicit Jacobian.
    expected = problem.residual(start) + np.asarray(problem.jacobian(start)) @ step
    found = linear.residual({"network": there, "anchor": start})
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(linear.residual(anchored), problem.residual(start), rtol=1e-14)


def test_the_tangent_kernel_is_that_of_the_anchor_everywhere():
    problem = drawn()
    start = problem.init(0)
    linear, anchored = sf.linearised(problem, start)
    there = {"network": moved(start, 2.0), "anchor": start}
    for params in (anchored, there):
        np.testing.assert_allclose(linear.gram(params), problem.gram(start), rtol=1e-13)
        jacobian = np.asarray(linear.jacobian(params))
        np.testing.assert_allclose(jacobian @ jacobian.T, problem.gram(start), rtol=1e-11)
    assert np.max(np.abs(problem.gram(there["network"]) - problem.gram(start))) > 0.1
    assert linear.parameters(anchored) == problem.parameters(start)
    np.testing.assert_allclose(linear.limit().ntk, problem.limit().ntk, rtol=1e-14)


def test_descent_follows_the_closed_form():
    problem = drawn()
    start = problem.init(0)
    linear, anchored = sf.linearised(problem, start)
    eigenvalues, vectors = np.linalg.eigh(np.asarray(problem.gram(start)))
    step = 1.0 / eigenvalues[-1]
    _, run = sf.train(linear, anchored, sf.GradientDescent(step), steps=60, monitors=["distance"])
    parts = (vectors.T @ np.asarray(problem.residual(start))) ** 2
    expected = [(1 - step * eigenvalues) ** (2 * k) @ parts for k in range(61)]
    np.testing.assert_allclose(run["squared_residual"].values, expected, rtol=1e-10)
    # The anchor stands still: what moved is what the closed form says of the weights.
    shrink = (1 - (1 - step * eigenvalues) ** 60) ** 2
    moved_by = np.sqrt(np.sum(shrink * parts / eigenvalues))
    assert run["distance"].last == pytest.approx(moved_by, rel=1e-10)


def test_layers_that_are_not_trained_stay_so():
    network = sf.Serial(sf.Dense(8, trained=False), sf.Tanh(), sf.Dense(2))
    problem = drawn(network)
    start = problem.init(0)
    linear, anchored = sf.linearised(problem, start)
    assert linear.parameters(anchored) == problem.parameters(start) == 16
    end, run = sf.train(problem, start, sf.GradientDescent(0.1), steps=20, monitors=["lazy_gap"])
    linear_end, _ = sf.train(linear, anchored, sf.GradientDescent(0.1), steps=20, monitors=[])
    # Random features are linear in what is trained: nothing differs.
    np.testing.assert_allclose(
        ravel(linear_end["network"])[0], ravel(end)[0], rtol=1e-11, atol=1e-14
    )
    assert np.max(run["lazy_gap"].values) < 1e-13


@pytest.mark.parametrize("length", [0.01, 0.3, 1.5])
def test_the_lazy_gap_is_below_the_curvature_bound(length):
    problem = drawn()
    start = problem.init(0)
    there = moved(start, length)
    gap = float(
        MONITORS["lazy_gap"]().measure((), View(problem, start, there, problem.split(start)[1]))
    )
    bound = jacobian_lipschitz(problem, start, length).value * length**2 / 2
    assert 0.0 < gap <= bound
    # Quadratic in the distance: halving it leaves a quarter, up to third order.
    if length == 0.01:
        half = moved(start, length / 2)
        nearer = MONITORS["lazy_gap"]().measure(
            (), View(problem, start, half, problem.split(start)[1])
        )
        assert gap / float(nearer) == pytest.approx(4.0, rel=0.02)


def test_theorems_on_a_ball_see_no_curvature():
    problem = drawn()
    start = problem.init(0)
    linear, anchored = sf.linearised(problem, start)
    assert jacobian_lipschitz(linear, anchored, 10.0).value == 0.0
    setting = Setting(linear, anchored, 1e-3)
    theorem = THEOREMS["oymak_soltanolkotabi_2019"]()
    assert theorem.predict(setting).applies is True
    # A network far from linear: the same data and start are not covered.
    assert theorem.predict(Setting(problem, start, 1e-3)).applies is False


def test_the_public_name_is_the_function_however_it_is_imported():
    code = "import surefit.linearisation, surefit as sf; assert callable(sf.linearised)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert isinstance(sf.linearised(drawn(), drawn().init(0))[0].network, Linearised)
