"""Lazy or not: verdicts at both ends, gaps against a loop of one's own, and refusals."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.core.trajectory import Status
from surefit.errors import InvalidInputError
from surefit.workflows.laziness import lazy, scale_ratio


def problem(init="he", width=64, loss=None, seed=0):
    draw = np.random.default_rng(seed)
    x = draw.standard_normal((8, 5))
    y = np.array([1.0, -1.0] * 4)
    network = sf.models.shallow_family(width, 5, 1, sf.Gelu(), init)
    return sf.Problem(network, x / np.linalg.norm(x, axis=1)[:, None], y, loss)


def test_gaps_equal_those_of_two_plain_loops():
    asked, steps, step = problem(), 30, 0.05
    start = asked.init(0)
    found = lazy(asked, start, sf.GradientDescent(step), steps=steps, every=1)
    jacobian, first = np.asarray(asked.jacobian(start)), np.asarray(asked.residual(start))

    @eqx.filter_jit
    def gradient(theta):
        return jax.grad(lambda at: 0.5 * jnp.sum(asked.residual(at) ** 2))(theta)

    theta, linear, outputs, losses = start, first.copy(), [], []
    for _ in range(steps + 1):
        own = np.asarray(asked.residual(theta))
        outputs.append(np.linalg.norm(own - linear))
        losses.append(abs(own @ own - linear @ linear) / 2)
        theta = jax.tree.map(lambda p, g: p - step * g, theta, gradient(theta))
        linear = linear - step * jacobian @ (jacobian.T @ linear)
    np.testing.assert_array_equal(found.output_gap.times, np.arange(steps + 1.0))
    np.testing.assert_allclose(found.output_gap.values, outputs, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.loss_gap.values, losses, rtol=1e-9, atol=1e-12)
    assert found.output_gap.values[0] == 0.0 < found.output_gap.values[-1]
    assert found.checks[0].value == pytest.approx(max(outputs) / np.linalg.norm(first), rel=1e-9)
    assert "outputs" not in found.network.series


def test_small_output_weights_are_lazy_and_large_ones_are_not():
    found = {}
    for factor in (1 / 16, 16.0):
        init = sf.models.ratio_sweep("song", [factor], 256, 5)[0]
        asked = problem(init, 256)
        found[factor] = lazy(asked, asked.init(1), steps=200)
    small, large = found[1 / 16], found[16]
    assert small.scale_ratio * 16**4 == pytest.approx(large.scale_ratio)
    assert small.holds is True and large.holds is False
    assert small.verdict.startswith("Lazy") and large.verdict.startswith("Not lazy")
    assert "omega_2 / omega_1 = " in large.verdict
    assert 20 * small.checks[0].value < large.checks[0].value


def test_the_gap_falls_with_the_width_in_ntk_parameterisation():
    # Lee et al. (2019) bound the gap by m^(-1/2). Output weights of random sign make its
    # second-order terms cancel to 1/m on average.
    draw = np.random.default_rng(0)
    x = draw.standard_normal((6, 4))
    x /= np.linalg.norm(x, axis=1)[:, None]

    def gap(width, seed):
        network = sf.models.shallow(width, 1, sf.Tanh(), antisymmetric=False)
        asked = sf.Problem(network, x, np.array([1.0, -1.0] * 3))
        return lazy(asked, asked.init(seed), steps=60).checks[0].value

    slopes = [np.log(gap(128, seed) / gap(4096, seed)) / np.log(32) for seed in range(2)]
    assert 0.5 < np.mean(slopes) < 1.3


def test_a_linear_network_has_no_gap():
    asked = sf.Problem(sf.Serial(sf.Dense(1)), np.eye(3), np.array([1.0, -1.0, 1.0]))
    found = lazy(asked, asked.init(0), steps=20)
    assert found.holds is True and found.scale_ratio is None
    assert found.checks[0].value < 1e-14 and found.checks[1].value == 0.0
    assert "omega" not in found.verdict


def test_batches_are_the_same_for_both():
    asked = sf.Problem(
        sf.Serial(sf.Dense(16, trained=False), sf.Tanh(), sf.Dense(1)), np.eye(6), np.ones(6)
    )
    method = sf.StochasticGradientDescent(0.1, batch_size=2)
    found = lazy(asked, asked.init(0), method, steps=25, every=5, seed=3)
    # Random features: with other batches the two runs would differ.
    assert np.max(found.output_gap.values) < 1e-13
    assert found.network["loss"].values[-1] < found.network["loss"].values[0]


def test_a_run_that_diverges_decides_nothing():
    asked = problem(width=32)
    with np.errstate(all="ignore"):
        found = lazy(asked, asked.init(0), sf.GradientDescent(50.0), steps=200)
    assert Status.DIVERGED in (found.network.status, found.linear.status)
    assert found.holds is None and found.verdict.startswith("Cannot say")


def test_scales_are_those_of_the_family_and_of_no_other():
    asked = problem("song", 64)
    assert scale_ratio(asked, asked.init(0)) == pytest.approx(1 / np.sqrt(5 * 64))
    standard = sf.Problem(
        sf.Serial(
            sf.Dense(64, 2**0.5, parameterisation="standard"),
            sf.Gelu(),
            sf.Dense(1, 2**0.5, parameterisation="standard"),
        ),
        asked.x,
        asked.y,
    )
    he = problem("he", 64)
    assert scale_ratio(standard, standard.init(0)) == pytest.approx(scale_ratio(he, he.init(0)))
    ntk = sf.Problem(sf.models.shallow(64), asked.x, asked.y)
    assert scale_ratio(ntk, ntk.init(0)) is None
    deep = sf.Problem(sf.models.multilayer(16, 2), asked.x, asked.y)
    assert scale_ratio(deep, deep.init(0)) is None


def test_the_tolerance_must_be_positive():
    asked = problem(width=8)
    with pytest.raises(InvalidInputError, match=r"`lazy\(tolerance=...\)` must be positive.*Got 0"):
        lazy(asked, asked.init(0), tolerance=0.0)
