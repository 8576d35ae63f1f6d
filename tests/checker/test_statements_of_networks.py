"""Floors and equilibria of networks of the library, written as the issuer writes them."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.certificates.portable import Statement, portable
from surefit_checker import check


def checked(folder, problem, params, statement):
    document, arrays = portable(problem, params, statement)
    folder.mkdir()
    (folder / "certificate.json").write_text(json.dumps(document))
    np.savez(folder / "arrays.npz", **arrays)
    return check(folder)


@pytest.fixture(scope="module")
def x():
    x = np.random.default_rng(0).normal(size=(4, 3))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_the_floor_of_a_shallow_network(x, tmp_path):
    network = sf.Serial(sf.Dense(12, 2.0, parameterisation="unscaled"), sf.Tanh(), sf.Dense(1))
    params = sf.Problem(network, x, np.ones((4, 1))).init(0)
    near = np.asarray(network.apply(params, jnp.asarray(x))) + 1e-8
    problem = sf.Problem(network, x, near)
    for error, expected in ((1e-11, "proved"), (1e-17, "refused")):
        statement = Statement("floor", 1e-5, 1e-2, steps=100, error=error, arithmetic="float64")
        verdict = checked(tmp_path / expected, problem, params, statement)
        assert verdict.verdict == expected, verdict.reason


def test_equilibria_of_an_implicit_network(x, tmp_path):
    network = sf.models.implicit_linear(16)
    problem = sf.Problem(network, x, np.ones((4, 1)))
    params = problem.init(0)
    for rho, expected in ((1e-2, "proved"), (1e3, "refused")):
        verdict = checked(tmp_path / expected, problem, params, Statement("equilibria", rho))
        assert verdict.verdict == expected, verdict.reason
