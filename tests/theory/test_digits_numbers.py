"""Numbers that the theory of two-layer ReLU networks gives on handwritten zeros and ones."""

import functools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits

import surefit as sf
from surefit.core.trajectory import Series, Status, Trajectory
from surefit.theory import THEOREMS, Setting, compare

N = 200


@functools.cache
def zeros_and_ones():
    x, digit = load_digits(return_X_y=True)
    chosen = np.flatnonzero(digit <= 1)[:N]
    x = x[chosen] / np.linalg.norm(x[chosen], axis=1, keepdims=True)
    return x, np.where(digit[chosen] == 0, 1.0, -1.0)


def noisy(labels, share, seed=0):
    draw = np.random.default_rng(seed)
    redrawn = draw.permutation(N)[: round(share * N)]
    labels = labels.copy()
    labels[redrawn] = draw.choice([-1.0, 1.0], redrawn.size)
    return labels


def setting(labels, width=16, step_size=1.0, seed=0):
    network = sf.models.two_layer(width, antisymmetric=True)
    problem = sf.Problem(network, zeros_and_ones()[0], labels)
    return Setting(problem, problem.init(seed), step_size)


def test_the_limit_kernel_of_zeros_and_ones():
    asked = setting(zeros_and_ones()[1])
    limit = np.asarray(asked.problem.limit().ntk)
    np.testing.assert_allclose(np.diag(limit), 0.5, atol=1e-15)
    assert np.trace(limit) == pytest.approx(N / 2, abs=1e-12)
    assert asked.limit_spectrum.smallest.value == pytest.approx(0.0189, abs=5e-5)
    assert asked.limit_spectrum.largest.value == pytest.approx(57.4, abs=0.05)
    assert asked.limit_spectrum.smallest.error < 1e-10


def test_the_limit_kernel_is_the_mean_over_random_neurons():
    x = zeros_and_ones()[0][:20]
    limit = np.asarray(sf.limit_kernel(sf.models.two_layer(8), jnp.asarray(x)).ntk)
    w = np.random.default_rng(0).standard_normal((64, 20_000))
    active = (x @ w > 0).astype(float)
    estimate = x @ x.T * (active @ active.T) / 20_000
    # The indicator of two half-spaces has standard deviation at most 1/2; five standard errors.
    assert np.max(np.abs(estimate - limit)) <= 5 * 0.5 / math.sqrt(20_000)


SHARES = (0.0, 0.1, 0.3, 0.5, 1.0)


def test_the_complexity_measure_orders_labels_by_their_noise():
    labels, theorem = zeros_and_ones()[1], THEOREMS["arora_2019"]()
    found = [theorem.complexity(setting(noisy(labels, share))) for share in SHARES]
    assert found == sorted(found)
    assert found[0] == pytest.approx(0.738, abs=5e-4)
    limit = np.asarray(setting(labels).problem.limit().ntk)

    def by_solving(share, seed):
        y = noisy(labels, share, seed)
        return math.sqrt(2.0 * y @ np.linalg.solve(limit, y) / N)

    np.testing.assert_allclose(found, [by_solving(share, 0) for share in SHARES], rtol=1e-9)
    means = [np.mean([by_solving(share, seed) for seed in range(50)]) for share in SHARES]
    np.testing.assert_allclose(means[1:], [3.0, 4.6, 6.0, 7.0], rtol=0.1)


def trained(asked, steps):
    """Residuals along a compiled loop of plain descent, and the distance at its end."""
    moving, fixed = asked.problem.split(asked.params)

    @eqx.filter_jit
    def loop(start):
        def loss(part):
            residual = asked.problem.residual(eqx.combine(part, fixed))
            square = residual @ residual
            return square / 2.0, square

        def step(part, _):
            (_, square), gradient = jax.value_and_grad(loss, has_aux=True)(part)
            return jax.tree.map(lambda p, g: p - asked.step_size * g, part, gradient), square

        return jax.lax.scan(step, start, None, length=steps + 1)

    end, squares = loop(moving)
    pairs = zip(jax.tree.leaves(end), jax.tree.leaves(moving), strict=True)
    distance = math.sqrt(sum(float(jnp.sum((a - b) ** 2)) for a, b in pairs))
    times = np.arange(steps + 1.0)
    series = {
        "squared_residual": Series(times, np.asarray(squares)),
        "distance": Series(times[[0, -1]], np.array([0.0, distance])),
    }
    return Trajectory("gradient_descent", asked.step_size, float(steps), series, Status.STEPS_DONE)


@pytest.mark.parametrize(("share", "allowed", "movement"), [(0.0, 0.02, 7.38), (1.0, 0.05, None)])
def test_the_predicted_curve_at_width_8000(share, allowed, movement):
    labels, theorem = noisy(zeros_and_ones()[1], share), THEOREMS["arora_2019"]()
    largest = setting(labels).limit_spectrum.largest.value
    asked = setting(labels, width=8000, step_size=1.0 / largest)
    prediction = theorem.predict(asked)
    run = trained(asked, 200)
    curve, distance = compare(prediction, run)
    # Labels have norm sqrt(n), so that this is the deviation over sqrt(n).
    assert asked.residual_norm.value == pytest.approx(math.sqrt(N), rel=1e-12)
    assert curve.value <= allowed <= 0.05 and curve.holds is True
    # The start is left out of the comparison, and the run must have gone somewhere.
    assert run["squared_residual"].last < 0.9 * N
    assert distance.presumed is True
    if movement is not None:
        assert prediction.promises[1].bound == pytest.approx(movement, abs=5e-3)
        assert run["distance"].last == pytest.approx(4.6, abs=0.1)


def test_the_movement_bound_of_du_is_vacuous_here():
    asked = setting(zeros_and_ones()[1], width=8000)
    (distance,) = (
        p for p in THEOREMS["du_2018"]().predict(asked).promises if p.monitor == "distance"
    )
    # Per neuron 473, where neurons move by about 0.1.
    assert distance.bound / math.sqrt(8000) == pytest.approx(473, abs=1)
