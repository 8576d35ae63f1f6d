"""How loose the curvature bound can be is searched for, and said."""

import math

import numpy as np
import pytest
from continuing import near

import surefit as sf
from surefit.certificates import with_looseness


def test_certify_says_how_loose_its_bound_can_be():
    problem, params = near("two layers, tanh", 1e-6)
    plain = sf.certify(problem, params)
    assert "curvature_found" not in plain.quantities
    certificate = sf.certify(problem, params, looseness=True)
    numbers = certificate.quantities
    assert numbers["curvature_found"] <= numbers["lipschitz"] * (1 + 1e-9)
    assert numbers["looseness"] == numbers["lipschitz"] / numbers["curvature_found"]
    assert 1.0 <= numbers["looseness"] < 2.0
    assert f"is at most {numbers['looseness']:.4g} times too large" in certificate.note
    assert certificate.document == plain.document
    # What was found is there: a direction in which J changes as fast.
    assert _change_of_j(problem, params) <= numbers["lipschitz"]


def _change_of_j(problem, params):
    """Of J over short ways in random directions, per length: the norm of what changes."""
    rng, largest = np.random.default_rng(0), 0.0
    for _ in range(20):
        away = [rng.normal(size=np.shape(layer["w"])) if layer else None for layer in params]
        size = math.sqrt(sum(np.sum(a**2) for a in away if a is not None))
        moved = tuple(
            {"w": layer["w"] + 1e-5 / size * a} if layer else layer
            for layer, a in zip(params, away, strict=True)
        )
        change = problem.jacobian(moved) - problem.jacobian(params)
        largest = max(largest, np.linalg.norm(np.asarray(change), 2) / 1e-5)
    return largest


def test_where_there_is_nothing_to_search_for():
    features = sf.Serial(sf.Dense(12, trained=False), sf.Tanh(), sf.Dense(1))
    problem = sf.Problem(features, np.eye(3), np.ones(3))
    certificate = sf.certify(problem, problem.init(0), looseness=True)
    assert certificate.quantities["lipschitz"] == 0.0
    assert "looseness" not in certificate.quantities
    implicit = sf.Problem(sf.models.implicit_relu(8, 0.1), np.eye(3), np.ones(3))
    about = sf.certify(implicit, implicit.init(0), statement="equilibria", looseness=True)
    assert "looseness" not in about.quantities


def test_a_search_that_would_take_long_is_left_out(monkeypatch):
    problem, params = near("two layers, tanh", 1e-6)
    certificate = sf.certify(problem, params)
    monkeypatch.setattr("surefit.certificates.loose._WORK", 10.0)
    assert with_looseness(certificate, problem, params) is certificate


@pytest.mark.slow
def test_deep_bounds_are_looser():
    certificate = sf.certify(*near("fully connected, tanh", 1e-8), looseness=True)
    assert 2.0 < certificate.quantities["looseness"] < 100.0
