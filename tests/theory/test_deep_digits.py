"""Numbers that the theory gives for deep ReLU networks on handwritten digits."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits

import surefit as sf
from surefit.core.tree import combine
from surefit.theory.deep.limit import layer_kernels
from surefit.training import View
from surefit.training.monitors.flips_per_layer import FlipsPerLayer


@functools.cache
def digits(n):
    """n random digits in the normalisation of the paper, and their classes."""
    x, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, labels = x[order], labels[order]
    x = x[:n] / np.linalg.norm(x[:n], axis=1, keepdims=True)
    return np.hstack([x, np.ones((n, 1))]) / np.sqrt(2), np.eye(10)[labels[:n]]


def delta(x):
    return min(np.min(np.linalg.norm(x[:i] - x[i], axis=1)) for i in range(1, len(x)))


@pytest.mark.parametrize(("n", "gap"), [(50, 0.150), (100, 0.150), (500, 0.0997)])
def test_separation(n, gap):
    assert delta(digits(n)[0]) == pytest.approx(gap, abs=5e-4)


@pytest.mark.slow
@pytest.mark.parametrize("width", [128, 512, 2048])
def test_the_kernel_at_the_start_is_near_its_limit(width):
    """Check values 3 and 4: the relative error times sqrt(m) is at most 6, two layers."""
    x, _ = digits(20)
    problem = sf.Problem(sf.models.fully_connected(width, 2), x, np.ones(20))
    limit = np.asarray(problem.limit().ntk)
    gram = np.asarray(problem.gram(problem.init(0)))
    error = np.linalg.norm(gram - limit) / np.linalg.norm(limit)
    assert error * np.sqrt(width) <= 6
    diagonal = np.diagonal(gram) / (2 * width / 2)
    # The diagonal entries of one draw move together; 4 of their standard errors.
    assert np.max(np.abs(diagonal - 1)) <= 4 * 4 / np.sqrt(width)


@pytest.mark.slow
def test_along_a_run():
    """Check values 5 to 8: fifty digits, width 1024, three layers, step 1/lambda_max."""
    x, y = digits(50)
    problem = sf.Problem(sf.models.fully_connected(1024, 3, 10), x, y)
    params = problem.init(0)
    names = ["gradient_upper_ratio", "pl_ratio", "semi_smoothness_step", "semi_smoothness_random",
             "separateness", "flip_ratio", "flips_per_layer"]  # fmt: skip
    _, run = sf.train(problem, params, steps=60, monitors=names)
    kernels = layer_kernels(x, 3)
    floor = 1024 / 20 * np.linalg.eigvalsh(kernels.total)[0]
    assert floor == pytest.approx(12.5, rel=0.05)
    assert np.max(run["gradient_upper_ratio"].values) <= 1.0
    assert np.min(run["pl_ratio"].values) >= floor
    assert np.max(run["semi_smoothness_step"].values) < 0.1
    assert np.max(run["semi_smoothness_random"].values) < 0.1
    assert np.max(run["flips_per_layer"].values) < 0.2
    assert np.max(run["flip_ratio"].values) < 0.2
    gap = delta(x)
    assert np.min(run["separateness"].values) >= gap / 2
    # At the start it follows sqrt(1 - rho^2) with rho mapped by kappa_1 from layer to layer.
    rho, expected = float(1 - gap**2 / 2), []
    for _ in range(4):
        rho = (np.sqrt(1 - rho**2) + rho * (np.pi - np.arccos(rho))) / np.pi
        expected.append(np.sqrt(1 - rho**2))
    np.testing.assert_allclose(run["separateness"].values[0], expected, rtol=0.1)


def flipped(problem, params, change):
    """The share of flips of the first trained layer after a change of its matrix."""
    initial, fixed = problem.split(params)
    after = jax.tree.map(lambda leaf: leaf, params)
    after = (*after[:2], {"w": after[2]["w"] + change}, *after[3:])
    moving, _ = problem.split(after)
    monitor = FlipsPerLayer()
    start = monitor.start(View(problem, initial, initial, fixed))
    assert combine(moving, fixed)[2]["w"] is after[2]["w"]
    return float(monitor.measure(start, View(problem, initial, moving, fixed))[1])


def one_sample(width):
    x = digits(1)[0]
    problem = sf.Problem(sf.models.fully_connected(width, 1), x, np.ones(1))
    params = problem.init(0)
    h = np.maximum(np.asarray(params[0]["w"]) @ x[0], 0)
    return problem, params, h, np.asarray(params[2]["w"]) @ h


@pytest.mark.slow
@pytest.mark.parametrize("omega", [0.01, 0.1])
def test_the_worst_direction_flips_omega_to_two_thirds(omega):
    """Check value 9: (3/pi)^(1/3) omega^(2/3) m, within 10 % at width 4096."""
    problem, params, h, g = one_sample(4096)
    order = np.argsort(np.abs(g))
    within = np.cumsum(g[order] ** 2) < (omega * np.linalg.norm(h)) ** 2 * (1 - 1e-9)
    u = np.zeros_like(g)
    u[order[within]] = -g[order[within]] * (1 + 1e-10)
    change = jnp.asarray(np.outer(u, h) / (h @ h))
    assert np.linalg.norm(u) / np.linalg.norm(h) <= omega
    expected = (3 / np.pi) ** (1 / 3) * omega ** (2 / 3)
    assert flipped(problem, params, change) == pytest.approx(expected, rel=0.10)


@pytest.mark.slow
def test_a_random_direction_flips_in_proportion_to_omega():
    """Check value 10: arctan(omega / (2 sqrt(2))) / pi, within 15 % at omega = 0.1, m = 4096."""
    problem, params, _, _ = one_sample(4096)
    rng, omega, shares = np.random.default_rng(0), 0.1, []
    for _ in range(4):
        # Its spectral norm tends to 2 sqrt(m).
        change = omega / (2 * np.sqrt(4096)) * rng.normal(size=(4096, 4096))
        shares.append(flipped(problem, params, jnp.asarray(change)))
    # Four draws of about 46 flips each: one standard error is 7 %.
    assert np.mean(shares) == pytest.approx(np.arctan(omega / (2 * np.sqrt(2))) / np.pi, rel=0.15)
