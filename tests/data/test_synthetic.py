import numpy as np
import pytest
from scipy import integrate, stats

from surefit.data import load
from surefit.errors import InvalidInputError, MemoryLimitError, UnknownNameError

SYNTHETIC = ["sphere", "gaussian", "teacher", "nearly_orthogonal"]


@pytest.mark.parametrize("name", SYNTHETIC)
def test_the_seed_decides(name):
    a, b, c = (load(name, n=20, d=6, seed=seed) for seed in (3, 3, 4))
    assert a.x.shape == (20, 6)
    assert np.array_equal(a.x, b.x)
    assert np.array_equal(a.y, b.y)
    assert not np.array_equal(a.x, c.x)
    assert "seed 3" in a.source


@pytest.mark.parametrize("name", SYNTHETIC)
def test_a_larger_set_begins_with_the_smaller(name):
    small, large = (load(name, n=n, d=6) for n in (10, 50))
    np.testing.assert_array_equal(large.x[:10], small.x)


def test_sphere_is_uniform():
    n, d = 4000, 5
    x = load("sphere", n=n, d=d).x
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 1.0, atol=1e-15)
    # One coordinate t of a uniform point has (1 + t)/2 ~ Beta((d-1)/2, (d-1)/2).
    for coordinate in x.T:
        half = (1 + coordinate) / 2
        assert stats.kstest(half, stats.beta((d - 1) / 2, (d - 1) / 2).cdf).pvalue > 1e-4
    second = x.T @ x / n
    # E x_a x_b = 1/d if a = b, else 0; five standard errors (each below sqrt(3 / (d (d + 2) n))).
    assert np.max(np.abs(second - np.eye(d) / d)) < 5 * np.sqrt(3 / (d * (d + 2) * n))


def test_gaussian_is_standard():
    x = load("gaussian", n=4000, d=3).x
    assert stats.kstest(x.ravel(), "norm").pvalue > 1e-4


@pytest.mark.parametrize("name", ["sphere", "gaussian"])
def test_kinds_of_labels(name):
    random = load(name, n=101, labels="random")
    assert (random.y == 1).sum() == 51
    assert random.classes == (-1, 1)
    half = load(name, n=101, labels="halfspace")
    np.testing.assert_array_equal(half.y, np.sign(half.x[:, 0]))
    noise = load(name, n=2000, labels="gaussian")
    assert noise.task == "regression"
    assert stats.kstest(noise.y, "norm").pvalue > 1e-4


@pytest.mark.parametrize(("activation", "phi"), [("tanh", np.tanh), ("relu", lambda z: max(z, 0))])
def test_the_teacher_has_the_second_moment_of_its_formula(activation, phi):
    # E f(x)^2 = E phi(g)^2 over teachers and points; one point each, because points share w.
    values = [
        load("teacher", n=1, d=4, width=2, activation=activation, seed=seed).y[0]
        for seed in range(500)
    ]
    squares = np.square(values)
    exact, _ = integrate.quad(lambda g: phi(g) ** 2 * stats.norm.pdf(g), -12, 12)
    # <w, x> for one w and a uniform x is exactly N(0, 1).
    assert abs(squares.mean() - exact) < 5 * squares.std() / np.sqrt(len(squares))


def test_the_teacher_is_a_two_layer_network():
    # Piecewise linear along a ray: f(2x) = 2 f(x) for relu; the sphere has no 2x, so check that a
    # least-squares fit on the teacher's own features leaves no residual.
    data = load("teacher", n=200, d=3, width=2, activation="relu", seed=5)
    weights = np.random.default_rng([5, 1]).standard_normal((2, 3))
    features = np.maximum(data.x @ weights.T, 0.0)
    signs, *_ = np.linalg.lstsq(features, data.y)
    np.testing.assert_allclose(np.abs(signs), 1 / np.sqrt(2), rtol=1e-12)


def test_teacher_labels_are_balanced_and_follow_the_teacher():
    values = load("teacher", n=101, d=7, seed=2).y
    data = load("teacher", n=101, d=7, seed=2, task="classification")
    assert (data.y == 1).sum() == 51
    np.testing.assert_array_equal(data.y == 1, values >= np.median(values))


def test_teacher_noise_has_the_stated_level():
    clean, noisy = (load("teacher", n=2000, noise=noise).y for noise in (0.0, 0.3))
    deviation = (noisy - clean).std()
    assert abs(deviation - 0.3) < 5 * 0.3 / np.sqrt(2 * 2000)


def test_clusters_are_nearly_orthogonal():
    d, spread = 2000, 0.2
    data = load("nearly_orthogonal", n=40, d=d, clusters=4, spread=spread)
    assert np.array_equal(data.y, np.arange(40) % 4)
    gram, same = data.x @ data.x.T, data.y[:, None] == data.y[None, :]
    off = ~np.eye(40, dtype=bool)
    # Inner products have deviation of order 1/sqrt(d); six of them.
    assert np.abs(gram[~same]).max() < 6 * (1 + spread) ** 2 / np.sqrt(d)
    assert np.abs(gram[same & off] - 1).max() < 6 * (1 + spread) ** 2 / np.sqrt(d)
    np.testing.assert_allclose(np.diag(gram), 1 + spread**2, atol=12 * spread / np.sqrt(d))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        *[
            (
                name,
                {"n": 0},
                rf"`load\('{name}', n=\.\.\.\)` must be a whole number of at least 1. Got 0",
            )
            for name in SYNTHETIC
        ],
        *[(name, {"d": -2}, "d=.*whole number of at least 1. Got -2") for name in SYNTHETIC],
        *[(name, {"seed": -1}, "seed=.*at least 0. Got -1") for name in SYNTHETIC],
        ("teacher", {"width": 0}, "width=.*at least 1. Got 0.*at least one neuron"),
        ("teacher", {"noise": -0.1}, "noise=.*finite number of at least 0. Got -0.1"),
        ("teacher", {"noise": float("inf")}, "noise=.*finite number of at least 0. Got inf"),
        ("nearly_orthogonal", {"clusters": 1}, "clusters=.*at least 2. Got 1"),
        ("nearly_orthogonal", {"spread": -1.0}, "spread=.*at least 0. Got -1"),
        ("nearly_orthogonal", {"n": 3, "clusters": 4}, "n=.*at least 4. Got 3. Every cluster"),
    ],
)
def test_wrong_options(name, options, message):
    with pytest.raises(InvalidInputError, match=message):
        load(name, **options)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("sphere", {"labels": "randm"}, "labels must be.*Did you mean 'random'"),
        ("teacher", {"activation": "tanhh"}, "activation of the teacher.*mean 'tanh'"),
        ("teacher", {"task": "regress"}, "Did you mean 'regression'"),
    ],
)
def test_unknown_names(name, options, message):
    with pytest.raises(UnknownNameError, match=message):
        load(name, **options)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_more_than_memory_holds_is_refused_beforehand(name):
    with pytest.raises(
        MemoryLimitError,
        match=rf"`load\('{name}', n=1000000000, d=1000000\)`: 1000000000 rows of .*14\.2 PiB.*few",
    ):
        load(name, n=10**9, d=10**6)
