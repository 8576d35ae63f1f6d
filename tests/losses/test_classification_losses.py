"""Cross-entropy and logistic loss: values, constants and the corner cases of large scores."""

import dataclasses

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import surefit as sf
from surefit.losses import LOSSES
from surefit.testing import check_loss

SCORES = np.array([[0.5, -1.25, 2.0], [3.0, 0.0, -0.75]])
CLASSES = np.array([0, 1])
ONE_HOT = np.eye(3)[CLASSES]


def test_cross_entropy_is_minus_the_logarithm_of_the_softmax():
    exact = mpmath.mpf(0)
    for row, c in zip(SCORES, CLASSES, strict=True):
        exact -= mpmath.log(mpmath.exp(row[c]) / sum(mpmath.exp(v) for v in row))
    value = sf.CrossEntropy()(jnp.asarray(SCORES), jnp.asarray(ONE_HOT))
    np.testing.assert_allclose(float(value), float(exact), rtol=1e-14)
    mean = sf.MeanCrossEntropy()(jnp.asarray(SCORES), jnp.asarray(ONE_HOT))
    np.testing.assert_allclose(float(mean), float(exact) / 2, rtol=1e-14)


def test_logistic_loss_is_the_cross_entropy_of_two_scores():
    scores, signs = jnp.asarray([[0.3], [-2.0], [5.0]]), jnp.asarray([[1.0], [1.0], [-1.0]])
    two = jnp.concatenate([jnp.zeros_like(scores), scores], axis=1)
    hot = jnp.concatenate([signs < 0, signs > 0], axis=1).astype(float)
    for one, other in (
        (sf.Logistic(), sf.CrossEntropy()),
        (sf.MeanLogistic(), sf.MeanCrossEntropy()),
    ):
        np.testing.assert_allclose(one(scores, signs), other(two, hot), rtol=1e-14)


@pytest.mark.parametrize(
    ("loss", "scores", "y"),
    [
        (sf.CrossEntropy(), [[0.0, 0.0, -800.0]], [[1.0, 0.0, 0.0]]),
        (sf.Logistic(), [[0.0]], [[-1.0]]),
    ],
)
def test_smoothness_is_attained_where_the_proof_says(loss, scores, y):
    scores, y = jnp.asarray(scores), jnp.asarray(y)
    hessian = jax.hessian(lambda f: loss(f, y))(scores).reshape(scores.size, scores.size)
    np.testing.assert_allclose(np.linalg.eigvalsh(hessian)[-1], loss.smoothness(1), rtol=1e-12)


@pytest.mark.parametrize("name", ["cross_entropy", "logistic"])
def test_smoothness_of_a_mean_falls_with_the_samples(name):
    whole, mean = LOSSES[name](), LOSSES[f"mean_{name}"]()
    assert mean.smoothness(8) == whole.smoothness(8) / 8 == whole.smoothness(1) / 8


def test_large_scores_neither_overflow_nor_lose_the_gradient():
    loss, y = sf.CrossEntropy(), jnp.asarray([[1.0, 0.0]])
    good, bad = jnp.asarray([[1000.0, 0.0]]), jnp.asarray([[0.0, 1000.0]])
    assert float(loss(good, y)) == 0.0
    assert float(loss(bad, y)) == 1000.0
    np.testing.assert_array_equal(loss.output_gradient(bad, y), [[-1.0, 1.0]])
    signs = jnp.asarray([[1.0]])
    assert float(sf.Logistic()(jnp.asarray([[-1000.0]]), signs)) == 1000.0
    np.testing.assert_array_equal(
        sf.Logistic().output_gradient(jnp.asarray([[-1000.0]]), signs), -1
    )


def test_a_wrong_constant_is_noticed():
    @dataclasses.dataclass(frozen=True)
    class _TooSmooth(sf.CrossEntropy):
        curvature = 0.1

    with pytest.raises(AssertionError, match="`smoothness` is valid"):
        check_loss(_TooSmooth())


@pytest.mark.parametrize("method", ["gradient_descent", "sgd"])
def test_descent_on_cross_entropy_fits_two_clusters(method):
    rng = np.random.default_rng(0)
    classes = np.arange(24) % 3
    x = np.eye(3)[classes] + 0.1 * rng.normal(size=(24, 3))
    network = sf.models.shallow_family(32, inputs=3, outputs=3)
    problem = sf.Problem(network, x, np.eye(3)[classes], sf.MeanCrossEntropy())
    method = sf.GradientDescent() if method == "gradient_descent" else (
        sf.StochasticGradientDescent(batch_size=8)
    )  # fmt: skip
    _, run = sf.train(problem, problem.init(0), method, steps=400, monitors=["accuracy"])
    assert run["accuracy"].last == 1.0
    assert run["loss"].last < 0.5 * run["loss"].values[0]


def test_a_batch_estimates_the_gradient_of_cross_entropy_without_bias():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(6, 3)), np.eye(2)[rng.integers(2, size=6)]
    problem = sf.Problem(sf.models.shallow_family(5, 3, 2), x, y, sf.MeanCrossEntropy())
    params = problem.init(0)
    moving, fixed = problem.split(params)
    method = sf.StochasticGradientDescent(step_size=0.1, batch_size=2)
    parts = [
        method.estimate(problem, moving, fixed, jnp.array([i, j]))
        for i in range(6) for j in range(6) if i != j
    ]  # fmt: skip
    mean = jax.tree.map(lambda *leaves: sum(leaves) / len(leaves), *parts)
    exact = jax.grad(lambda p: problem.loss(problem.network.apply(p, problem.x), problem.y))(params)
    for got, expected in zip(jax.tree.leaves(mean), jax.tree.leaves(exact), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-14)
