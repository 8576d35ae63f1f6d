"""Monitors of deep networks: against NumPy by hand, and against the numbers of the theory."""

import math

import numpy as np
import pytest

import surefit as sf
from surefit.errors import InvalidInputError
from surefit.testing.monitor import check_monitor
from surefit.training import MONITORS
from surefit.training.choice import choose_monitors
from surefit.training.monitors.product_norm import ProductNorm
from surefit.training.monitors.semi_smoothness_random import SemiSmoothnessRandom

DEEP = (
    "feature_norm_largest",
    "feature_norm_smallest",
    "flip_ratio",
    "flips_per_layer",
    "gradient_lower_ratio",
    "gradient_upper_ratio",
    "margin",
    "product_norm",
    "semi_smoothness_random",
    "semi_smoothness_step",
    "separateness",
)
M, L, D, N, K = 24, 3, 5, 6, 3


def data(n=N, d=D, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    x /= np.sqrt(2) * np.linalg.norm(x, axis=1, keepdims=True)
    x = np.hstack([x, np.full((n, 1), 1 / np.sqrt(2))])
    return x, np.eye(K)[rng.integers(0, K, n)]


@pytest.fixture(scope="module")
def problem():
    return sf.Problem(sf.models.fully_connected(M, L, K), *data())


@pytest.fixture(scope="module")
def run(problem):
    """Matrices at the start, before and after the last step, and what was measured."""
    states, params = [], problem.init(1)
    for steps in (0, 7, 8):
        end, trajectory = sf.train(
            problem, params, sf.GradientDescent(0.02), steps=steps, monitors=DEEP, every=1
        )
        states.append([np.asarray(own["w"]) for own in end if own])
    return states, trajectory


def forward(weights, x):
    """Features behind every activation, what flowed in, and the outputs."""
    h, features, signs = x, [], []
    for w in weights[:-1]:
        z = h @ w.T
        h = np.maximum(z, 0)
        features.append(h)
        signs.append(z > 0)
    return features, signs, h @ weights[-1].T


def gradients(weights, x, y):
    """Loss and its gradients with respect to W_1..W_L, by the formula of the paper."""
    features, signs, f = forward(weights, x)
    v, found = f - y, []
    back = v @ weights[-1]
    for layer in range(L, 0, -1):
        back = back * signs[layer]
        found.insert(0, back.T @ features[layer - 1])
        back = back @ weights[layer]
    return 0.5 * np.sum(v**2), found


def spectral(matrices):
    return max(np.linalg.norm(w, 2) for w in matrices)


def ends(run, problem):
    (first, before, after), trajectory = run
    assert all(trajectory[name].times[-1] == 8 for name in DEEP)
    return first, before, after, trajectory, np.asarray(problem.x), np.asarray(problem.y)


def last(trajectory, name):
    return np.asarray(trajectory[name].last)


def test_feature_norms_and_separateness(run, problem):
    _, _, after, trajectory, x, _ = ends(run, problem)
    features, _, _ = forward(after, x)
    norms = [np.linalg.norm(h, axis=1) for h in features]
    np.testing.assert_allclose(
        last(trajectory, "feature_norm_largest"), [a.max() for a in norms], rtol=1e-9
    )
    np.testing.assert_allclose(
        last(trajectory, "feature_norm_smallest"), [a.min() for a in norms], rtol=1e-9
    )
    expected = [
        min(
            np.linalg.norm(h[j] - h[i] * (h[i] @ h[j]) / (h[i] @ h[i]))
            for i in range(N)
            for j in range(N)
            if i != j
        )
        for h in features
    ]
    np.testing.assert_allclose(last(trajectory, "separateness"), expected, rtol=1e-6)
    assert trajectory["separateness"].labels == ("0", "1", "2", "3")


def test_flips(run, problem):
    first, _, after, trajectory, x, _ = ends(run, problem)
    then, now = forward(first, x)[1], forward(after, x)[1]
    shares = np.array([np.max(np.mean(a != b, axis=1)) for a, b in zip(then, now, strict=True)])
    np.testing.assert_allclose(last(trajectory, "flips_per_layer"), shares, rtol=1e-12)
    assert shares[0] == 0.0 and shares[-1] > 0.0
    omega = spectral([b - a for a, b in zip(first, after, strict=True)])
    np.testing.assert_allclose(
        last(trajectory, "flip_ratio"), shares / (omega ** (2 / 3) * L), rtol=1e-9
    )


def test_gradient_ratios(run, problem):
    _, _, after, trajectory, x, y = ends(run, problem)
    loss, found = gradients(after, x, y)
    upper = np.array([np.sum(g**2) * K / (N * M * loss) for g in found])
    np.testing.assert_allclose(last(trajectory, "gradient_upper_ratio"), upper, rtol=1e-9)
    delta = min(np.linalg.norm(x[i] - x[j]) for i in range(N) for j in range(i))
    lower = np.sum(found[-1] ** 2) * K * N**2 / (delta * M * loss)
    np.testing.assert_allclose(last(trajectory, "gradient_lower_ratio"), lower, rtol=1e-9)


def test_gradient_ratios_do_not_depend_on_the_scale_of_the_loss(problem):
    ratios = []
    for loss in (sf.HalfSquared(), sf.SumSquared()):
        other = sf.Problem(problem.network, problem.x, problem.y, loss)
        _, found = sf.train(other, problem.init(0), steps=0, monitors=["gradient_upper_ratio"])
        ratios.append(found["gradient_upper_ratio"].values[0])
    np.testing.assert_allclose(*ratios, rtol=1e-12)


def test_margin(run, problem):
    _, _, after, trajectory, x, y = ends(run, problem)
    f, labels = forward(after, x)[2], np.argmax(y, axis=1)
    expected = min(f[i, c] - max(f[i, o] for o in range(K) if o != c) for i, c in enumerate(labels))
    np.testing.assert_allclose(last(trajectory, "margin"), expected, rtol=1e-9)
    binary = sf.Problem(sf.Dense(1), np.sqrt(2) * np.eye(2), np.array([0.0, 1.0]))
    _, found = sf.train(binary, {"w": np.array([[0.1, 0.7]])}, steps=0, monitors=["margin"])
    assert found["margin"].values[0] == pytest.approx(0.2, rel=1e-12)


def test_products(run, problem):
    """Lanczos approaches from below; with as many steps as rows it would be exact."""
    _, _, after, trajectory, x, _ = ends(run, problem)
    signs, expected = forward(after, x)[1], []
    for start in range(1, L + 1):
        norms = []
        for i in range(N):
            product = after[start]
            for layer in range(start + 1, L + 1):
                product = after[layer] @ (signs[layer - 1][i][:, None] * product)
            norms.append(np.linalg.norm(product, 2))
        expected.append(max(norms))
    found = last(trajectory, "product_norm")
    assert np.all(found <= np.array(expected) * (1 + 1e-12))
    np.testing.assert_allclose(found, expected, rtol=0.01)


def test_semi_smoothness_along_the_step(run, problem):
    first, before, after, trajectory, x, y = ends(run, problem)
    loss, found = gradients(before, x, y)
    moves = [b - a for a, b in zip(before, after, strict=True)][1:-1]
    error = gradients(after, x, y)[0] - loss
    error -= sum(np.sum(g * w) for g, w in zip(found, moves, strict=True))
    omega = max(
        spectral([b - a for a, b in zip(first, end, strict=True)]) for end in (before, after)
    )
    length = spectral(moves)
    allowed = math.sqrt(N * loss) * omega ** (1 / 3) * L**2
    allowed *= math.sqrt(M * math.log(M) / K) * length
    allowed += N * L**2 * M / K * length**2
    assert last(trajectory, "semi_smoothness_step") == pytest.approx(error / allowed, rel=1e-6)
    assert trajectory["semi_smoothness_step"].values[0] == 0.0
    assert np.max(trajectory["semi_smoothness_step"].values) < 1.0
    assert np.max(trajectory["semi_smoothness_random"].values) < 1.0


@pytest.mark.parametrize("name", DEEP)
def test_conformance(name, problem):
    check_monitor(MONITORS[name](), problem)


def test_products_of_a_residual_network_contain_the_skip():
    network = sf.models.residual(16, 3, 2, tau=0.5)
    problem = sf.Problem(network, data()[0][:2], np.ones((2, 2)))
    params = problem.init(0)
    _, found = sf.train(problem, params, steps=0, monitors=["product_norm"])
    _, w1, w2, w3, _ = (np.asarray(own["w"]) for own in params if own)
    eye, norms = np.eye(16), []
    for x in np.asarray(problem.x):
        h = np.maximum(np.asarray(params[0]["w"]) @ x, 0)
        one = (eye + 0.5 * w1) @ h
        two = (eye + 0.5 * w2) @ np.maximum(one, 0)
        inner = (eye + 0.5 * w2) @ np.diag(1.0 * (one > 0)) @ (eye + 0.5 * w1)
        norms.append(np.linalg.norm(w3 @ np.diag(1.0 * (two > 0)) @ inner, 2))
    assert found["product_norm"].values[0, 0] == pytest.approx(max(norms), rel=0.01)


def test_centred_networks_are_measured_inside(problem):
    centred = sf.Problem(sf.models.fully_connected(M, L, K, zero_start=True), problem.x, problem.y)
    names = ["product_norm", "separateness", "feature_norm_largest"]
    _, found = sf.train(centred, centred.init(0), steps=0, monitors=names)
    inner = centred.init(0)["network"]
    _, expected = sf.train(problem, inner, steps=0, monitors=names)
    for name in names:
        np.testing.assert_allclose(found[name].values, expected[name].values, rtol=1e-12)


@pytest.mark.parametrize(
    ("network", "name", "message"),
    [
        (
            sf.Serial(sf.Dense(4, bias_std=1.0), sf.Relu(), sf.Dense(1)),
            "flip_ratio",
            "'0/b' is none",
        ),
        (sf.models.two_layer(4), "product_norm", "one layer of features"),
        (sf.models.implicit_relu(4), "product_norm", "no product of finitely many matrices"),
        (sf.models.shallow(4), "semi_smoothness_step", "has one row"),
        (sf.Dense(1, trained=False), "gradient_upper_ratio", "No trained parameter is a matrix"),
        (sf.Dense(1, trained=False), "gradient_lower_ratio", "No trained parameter is a matrix"),
    ],
)
def test_obstacles(network, name, message):
    problem = sf.Problem(network, np.eye(3), np.arange(3.0))
    with pytest.raises(InvalidInputError, match=message):
        choose_monitors(problem, problem.init(0), [name])


def test_one_sample_has_no_pairs():
    problem = sf.Problem(sf.models.two_layer(4), np.ones((1, 2)), np.ones(1))
    assert "no pair" in MONITORS["separateness"]().obstacle(problem, problem.init(0))


def test_arguments_that_cannot_be():
    with pytest.raises(InvalidInputError, match=r"`ProductNorm\(samples=...\)` must be at least"):
        ProductNorm(samples=0)
    with pytest.raises(InvalidInputError, match="must be at least 1 and positive"):
        SemiSmoothnessRandom(length=0.0)


def test_none_of_them_is_in_the_standard_set(problem):
    names = {m.name for m in choose_monitors(problem, problem.init(0), None)}
    assert not names & set(DEEP)
