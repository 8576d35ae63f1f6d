"""Certificates about equilibria on a ball of weights: issued, checked, or explained."""

import warnings

import numpy as np
import pytest

import surefit as sf
from surefit.certificates import certify_equilibria, issue_all
from surefit.errors import InvalidInputError

X = np.eye(3)
Y = np.array([1.0, -1.0, 1.0])


def network(gamma=0.2, activation=None, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inside = sf.Equilibrium(16, activation or sf.Tanh(), gamma, **options)
    return sf.Serial(sf.Dense(16), inside, sf.Dense(1))


def made(*args, loss=None, **options):
    problem = sf.Problem(network(*args, **options), X, Y, loss)
    return problem, problem.init(0)


@pytest.mark.parametrize("activation", [sf.Tanh(), sf.Relu(), sf.Erf(), sf.Gelu()], ids=str)
def test_what_was_issued_is_proved(activation, tmp_path):
    problem, params = made(0.2, activation)
    certificate = sf.certify(problem, params, statement="equilibria")
    assert certificate.holds, certificate.explain()
    assert "each of the 3 training samples, and for every other input" in certificate.statement
    proof = sf.verify(certificate.save(tmp_path / "c"))
    assert proof.proved, proof.reason
    # The checker's bound of the slope of two of them is a little larger.
    modulus = certificate.quantities["modulus"]
    assert proof.numbers["modulus"] == pytest.approx(modulus, rel=1e-4)
    norm = np.linalg.norm(np.asarray(params[1]["w"]), 2)
    slope, factor = problem.network.layers[1].activation.lipschitz, 0.2 / 4.0
    largest = certificate.quantities["largest_radius"]
    assert slope * factor * (norm + largest) == pytest.approx(1.0)
    assert certificate.quantities["ball_radius"] == 0.5 * largest
    assert modulus == pytest.approx(0.5 * (1.0 + slope * factor * norm))


@pytest.mark.parametrize("share", [1e-3, 0.999, 1.001, 10.0])
def test_a_radius_of_ones_own(share, tmp_path):
    problem, params = made()
    largest = certify_equilibria(problem, params).quantities["largest_radius"]
    certificate = certify_equilibria(problem, params, radius=share * largest)
    assert certificate.holds is (share < 1)
    if share < 1:
        assert sf.verify(certificate.save(tmp_path / "c")).proved
    else:
        assert f"it is {share:.4g} times too large" in certificate.note
        assert certificate.document is None


def test_weights_that_are_no_contraction_are_explained():
    problem, params = made(0.9)
    certificate = certify_equilibria(problem, params)
    modulus = certificate.quantities["modulus"]
    assert certificate.holds is False
    assert modulus > 1
    assert certificate.statement.startswith("Not shown: for all trained weights")
    assert f"is {modulus:.4g}, need below 1, {modulus:.4g} times too large" in certificate.note
    assert "`--gamma`" in certificate.note


def test_fixed_weights_do_not_move(tmp_path):
    problem, params = made(trained=False)
    certificate = certify_equilibria(problem, params, radius=1e3)
    assert certificate.holds
    assert sf.verify(certificate.save(tmp_path / "c")).proved
    assert certify_equilibria(problem, params).holds


def test_any_loss_will_do(tmp_path):
    problem, params = made(loss=sf.Logistic())
    certificate = certify_equilibria(problem, params)
    assert sf.verify(certificate.save(tmp_path / "c")).proved


def test_activations_without_a_largest_slope():
    problem, params = made(0.01, sf.Quadratic(), throw=False)
    certificate = certify_equilibria(problem, params)
    assert certificate.holds is False
    assert "has no largest slope" in certificate.note


def test_monotone_equilibria_need_no_certificate():
    layers = sf.Serial(sf.Dense(8), sf.MonotoneEquilibrium(8), sf.Dense(1))
    problem = sf.Problem(layers, X, Y)
    certificate = certify_equilibria(problem, problem.init(0))
    assert certificate.holds is None
    assert "for all weights it has exactly one, by its construction" in certificate.note


def test_several_layers_are_named_one_by_one():
    inside = [sf.Equilibrium(8, sf.Tanh(), gamma) for gamma in (0.1, 0.3)]
    layers = sf.Serial(sf.Dense(8), *inside, sf.Dense(1))
    problem = sf.Problem(layers, X, Y)
    certificate = certify_equilibria(problem, problem.init(0))
    names = [check.name for check in certificate.checks]
    assert names == [f"L ||aW|| of the equilibrium at {i}" for i in (1, 2)]
    worst = max(check.value for check in certificate.checks)
    assert certificate.quantities["modulus"] == pytest.approx(worst)


def test_they_stand_beside_the_others():
    names = [one.name for one in issue_all(*made())]
    assert names[-1] == "equilibria"
    assert "kantorovich_majorant" in names
    plain = sf.Problem(sf.models.shallow(16), X, Y)
    assert "equilibria" not in [one.name for one in issue_all(plain, plain.init(0))]
    with pytest.raises(InvalidInputError, match="must be about a network with equilibrium layers"):
        sf.certify(plain, plain.init(0), statement="equilibria")


def test_arguments():
    problem, params = made()
    for radius in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(InvalidInputError, match=r"radius=...\)` must be a positive number"):
            certify_equilibria(problem, params, radius=radius)
    with pytest.raises(InvalidInputError, match="must be given without step_size"):
        sf.certify(problem, params, step_size=0.1, statement="equilibria")
