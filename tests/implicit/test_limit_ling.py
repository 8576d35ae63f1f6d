"""The limit of Ling et al. (2023)."""

import math

import numpy as np
import pytest

from surefit.errors import InvalidInputError
from surefit.implicit.limits import ling_finite_gram, ling_limit, ling_recursion


def sphere(n=6, d=10, seed=0):
    x = np.random.default_rng(seed).normal(size=(n, d))
    return x * (d**0.5 / np.linalg.norm(x, axis=1, keepdims=True))


def q(c):
    c = np.clip(c, -1, 1)
    return (np.sqrt(1 - c**2) + (math.pi - np.arccos(c)) * c) / math.pi


@pytest.mark.parametrize("variance", [1e-3, 0.08, 0.6])
def test_limit_satisfies_its_equation(variance):
    x = sphere()
    limit = ling_limit(x, variance)
    off = ~np.eye(6, dtype=bool)
    rho = x @ x.T / 10
    equation = variance * q(limit.cosine) + (1 - variance) * rho
    np.testing.assert_allclose(limit.cosine[off], equation[off], rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(limit.K[off], q(limit.cosine)[off] / (1 - variance), rtol=1e-13)
    np.testing.assert_allclose(np.diag(limit.K), 1 / (1 - variance), rtol=1e-15)
    active = 0.5 - np.arccos(limit.cosine[off]) / (2 * math.pi)
    np.testing.assert_allclose(limit.S[off], active, rtol=1e-13)
    np.testing.assert_allclose(limit.lambda_star, np.linalg.eigvalsh(limit.K)[0], rtol=1e-12)
    assert limit.lambda_star > 0


def test_layers_approach_the_limit_at_the_rate_of_the_variance():
    x = sphere()
    limit, layers = ling_limit(x, 0.08), ling_recursion(x, 0.08, 29)
    error = [np.linalg.norm(k - limit.K) for k in layers]
    assert abs(layers[-1][0, 0] - 1.0869565217391304) <= 2e-15
    # The error of every layer is below sigma_w^2 times the one before, and tends to it.
    ratio = np.array(error[1:9]) / np.array(error[:8])
    assert np.all(ratio <= 0.09)
    np.testing.assert_allclose(ratio[-3:], 0.08, rtol=0.01)
    assert error[-1] <= 5e-15


def test_limit_of_an_implicit_network_of_the_paper_at_finite_width():
    # Relative errors fall like m^(-1/2); at m = 1024 they are about 8 %, 9 % for H.
    x, m = sphere(), 1024
    limit = ling_limit(x, 0.08)
    errors = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        W, U = rng.normal(size=(m, m)), rng.normal(size=(m, 10))
        a = rng.normal(size=m) / m**0.5
        gram = ling_finite_gram((0.16 / m) ** 0.5 * W, (2 / 10) ** 0.5 * U, a, x)
        scale = np.linalg.norm(limit.K), np.linalg.norm(limit.H(m))
        errors.append(
            [np.linalg.norm(gram.G / m - limit.K) / scale[0],
             np.linalg.norm(gram.H - limit.H(m)) / scale[1]]
        )  # fmt: skip
    assert np.all(np.mean(errors, axis=0) <= 0.15)


def test_refusals():
    with pytest.raises(InvalidInputError, match=r"above 0 and below 1\. Got 1\.0"):
        ling_limit(sphere(), 1.0)
    with pytest.raises(InvalidInputError, match=r"`ling_recursion\(x=.*rows of norm 3\.16228"):
        ling_recursion(sphere() / 2, 0.08, 3)
