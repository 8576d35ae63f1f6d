"""Norms in the metric of a kernel, and sums over all steps of descent: bounds that hold."""

import numpy as np
import pytest
from flint import arb

from surefit_checker import whitened
from surefit_checker.ball import Ball
from surefit_checker.linear_path import linear_path
from surefit_checker.whitened import metric


def terms(eigenvalues, step, squares):
    """One by one, until the rest is below 1e-13 of the sum."""
    mu = step * eigenvalues
    powers = np.exp(np.arange(int(40 / mu.min()))[:, None] * np.log1p(-mu))
    return np.sqrt((mu * powers) ** 2 @ squares)


@pytest.mark.parametrize("noise", [0.0, 1e-7, 1e-4])
def test_nothing_is_taken_from_the_eigenvectors_on_trust(monkeypatch, noise):
    rng = np.random.default_rng(5)
    a = rng.normal(size=(12, 30)) * np.logspace(0, -1, 12)[:, None]
    kernel = a @ a.T
    exact = np.linalg.eigh

    def sloppy(k):
        d, q = exact(k)
        return np.sort(d * (1 + noise * rng.normal(size=12))), q + noise * rng.normal(size=q.shape)

    monkeypatch.setattr(whitened.np.linalg, "eigh", sloppy)
    found = metric(Ball(kernel))
    monkeypatch.setattr(whitened.np.linalg, "eigh", exact)
    u, _, vt = np.linalg.svd(found.q)
    polar = u @ vt
    root = polar / np.sqrt(found.d) @ polar.T
    off = np.linalg.norm(root @ kernel @ root - np.eye(12), 2)
    assert off <= found.error + 1e-13
    assert found.error < 1e-10 + 60 * off
    columns = rng.normal(size=(12, 7))
    norms = np.linalg.norm(root @ columns, axis=0)
    ratio = found.column_norms(Ball(columns)) / norms
    assert (ratio > 1 - 1e-12).all()
    assert (ratio < 1 + 1e-10 + 300 * noise).all()
    step = 0.99 / found.d[-1]
    residual = rng.normal(size=12)
    length = terms(found.d, step, (polar.T @ residual) ** 2 / found.d).sum()
    bound = linear_path(found.d, arb(step)).length(found, Ball(residual))
    assert length * (1 - 1e-10) <= bound
    if noise == 0.0:
        assert bound < 1.002 * length


def test_norms_of_features_hold_for_all_numbers_within_the_balls():
    rng = np.random.default_rng(6)
    a = rng.normal(size=(9, 20))
    space = metric(Ball(a @ a.T))
    scales, x = rng.normal(size=(9, 40)), rng.normal(size=(9, 5))
    root = space.q / np.sqrt(space.d) @ space.q.T
    sharp = space.feature_norms(Ball(scales), Ball(x))
    wide = space.feature_norms(Ball(scales, 1e-3), Ball(x, 1e-3))
    for j in range(40):
        truth = np.linalg.norm(root @ (scales[:, j : j + 1] * x), 2)
        assert 1 - 1e-12 < sharp[j] / truth < 1 + 1e-9
        for _ in range(20):
            s = scales[:, j] + rng.choice([-1e-3, 1e-3], size=9)
            y = x + rng.choice([-1e-3, 1e-3], size=x.shape)
            assert np.linalg.norm(root @ (s[:, None] * y), 2) <= wide[j]


@pytest.mark.parametrize("least", [0.9, 0.1, 1e-3, 3e-5])
def test_trapezia_lie_above_the_sums_and_close(least):
    rng = np.random.default_rng(7)
    values = np.sort(np.concatenate([[least, 0.999], rng.uniform(least, 0.999, size=6)]))
    found = linear_path(values, arb(1))
    for _ in range(5):
        squares = rng.exponential(size=8) ** 3
        direct = terms(values, 1.0, squares).sum()
        assert 1 - 1e-9 < found.weights @ np.sqrt(found.terms @ squares) / direct < 1.002
