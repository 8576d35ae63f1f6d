"""Certificates go through the stand-alone checker, for every network that the format knows."""

import dataclasses
import json

import numpy as np
import pytest

import surefit as sf
from surefit.certificates import certify_classes
from surefit.certificates.portable import Statement, Unportable, portable
from surefit.core.certificate import Certificate
from surefit.workflows.proving import prove

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(5, 4))
ROWS /= np.linalg.norm(ROWS, axis=1, keepdims=True)
IMAGES = RNG.normal(size=(4, 4, 4, 1)) / 4.0

NETWORKS = {
    "two layers": (sf.models.shallow(24, weight_std=3.0, antisymmetric=False), ROWS),
    "two layers with biases, from zero": (
        sf.Centred(sf.Serial(sf.Dense(30, 2.0, 0.5), sf.Softplus(True), sf.Dense(1))),
        ROWS,
    ),
    "fully connected": (sf.models.fully_connected(40, 2), ROWS),
    "residual": (sf.models.residual(30, 3, tau="1/L"), ROWS),
    "residual behind the activation": (
        sf.Serial(
            sf.Dense(30, 2.0), sf.Residual(sf.Serial(sf.Dense(30), sf.Tanh()), 0.5), sf.Dense(1)
        ),
        ROWS,
    ),
    "implicit": (sf.models.implicit_relu(40, 0.2), ROWS),
    "implicit with a linear injection": (
        sf.models.implicit_linear(40, 0.2, activation=sf.Tanh()),
        ROWS,
    ),
    "convolutions of the paper": (sf.models.convolutional((4, 4), 2, 2), IMAGES),
    "convolutions with pooling": (
        sf.Serial(
            sf.Conv(12, 3, bias_std=0.3), sf.Tanh(), sf.AveragePool(2), sf.Flatten(), sf.Dense(1)
        ),
        IMAGES,
    ),
}


def near(network, x, size=1e-9):
    """A problem that weights fit up to `size`, and these weights."""
    blank = sf.Problem(network, x, np.zeros(len(x)))
    params = blank.init(0)
    y = np.asarray(blank.predict(params))[:, 0] - size * RNG.normal(size=len(x))
    return sf.Problem(network, x, y), params


@pytest.mark.parametrize("name", NETWORKS)
def test_the_checker_proves_what_was_issued(tmp_path, name):
    problem, params = near(*NETWORKS[name])
    certificate = sf.certify(problem, params)
    assert certificate.holds, certificate.explain()
    proof = prove([certificate], tmp_path / "certificate")
    assert proof.proved, proof.reason
    # Both computed the same network: residual and singular values agree to rounding.
    assert proof.numbers["residual_norm"] == pytest.approx(
        certificate.quantities["residual"], rel=1e-3
    )
    assert proof.numbers["sigma_min"] == pytest.approx(
        certificate.quantities["sigma_min"], rel=1e-6
    )
    assert proof.numbers["jacobian_norm"] == pytest.approx(
        certificate.quantities["sigma_max"], rel=1e-6
    )


def test_another_radius_is_proposed_where_the_checker_needs_one(tmp_path):
    problem, params = near(*NETWORKS["two layers"])
    certificate = sf.certify(problem, params)
    short = {**certificate.document["statement"], "rho": (1e-12).hex()}
    bad = dataclasses.replace(certificate, document={**certificate.document, "statement": short})
    assert sf.verify(bad.save(tmp_path / "bad")).verdict == "refused"
    proof = prove([bad], tmp_path / "certificate")
    assert proof.proved
    assert proof.folder == "certificate"
    assert proof.certificate == certificate.name


def test_nothing_is_asked_where_nothing_holds(tmp_path):
    problem, params = near(*NETWORKS["two layers"], size=10.0)
    assert prove([sf.certify(problem, params)], tmp_path / "certificate") is None
    assert not (tmp_path / "certificate").exists()


def test_a_folder_without_a_certificate_is_invalid(tmp_path):
    answer = sf.verify(tmp_path)
    assert answer.verdict == "invalid"
    assert answer.reason


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (sf.Serial(sf.Dense(8), sf.LayerNorm(), sf.Dense(1)), "the layer LayerNorm"),
        (
            sf.Serial(sf.Dense(8), sf.Residual(sf.models.multilayer(8, 1, 8)), sf.Dense(1)),
            "around more than one linear layer",
        ),
        (sf.Serial(sf.Sum(sf.Dense(8), sf.Dense(8)), sf.Relu(), sf.Dense(1)), "a sum of branches"),
    ],
)
def test_what_the_format_has_no_words_for_is_named(network, reason):
    problem = sf.Problem(network, ROWS, np.zeros(5))
    with pytest.raises(Unportable, match=reason):
        portable(problem, problem.init(0), Statement("flow", 1.0))


def classified(scale):
    """Three classes, three samples; weights times a scale, so that margins grow."""
    network = sf.Serial(sf.Dense(60), sf.Relu(), sf.Dense(3))
    problem = sf.Problem(network, np.eye(3), np.eye(3), sf.CrossEntropy())
    method = sf.GradientDescent(step_size=0.3)
    params, _ = sf.train(problem, problem.init(0), method, steps=40, monitors=("loss",))
    return problem, [{**own, "w": scale * own["w"]} if own else own for own in params]


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_classifiers(tmp_path, scale):
    problem, params = classified(scale)
    issued = {one.name: one for one in certify_classes(problem, params)}
    outputs = np.asarray(problem.predict(params))
    margin = min(outputs[i, i] - np.delete(outputs[i], i).max() for i in range(3))
    total = float(problem.objective(params))
    assert issued["accuracy"].quantities["smallest_margin"] == pytest.approx(margin, rel=1e-12)
    assert issued["homogeneous"].quantities["loss_sum"] == pytest.approx(total, rel=1e-9)
    assert issued["accuracy"].holds is bool(margin > 0)
    assert issued["homogeneous"].holds is bool(total < np.log(2.0))
    for name, certificate in issued.items():
        if certificate.holds:
            loaded = Certificate.load(certificate.save(tmp_path / name))
            assert json.loads(json.dumps(loaded.document)) == certificate.document
            assert sf.verify(tmp_path / name).proved


def test_networks_that_are_not_homogeneous_say_why():
    network = sf.Serial(sf.Dense(20), sf.Tanh(), sf.Dense(3))
    problem = sf.Problem(network, np.eye(3), np.eye(3), sf.CrossEntropy())
    found = {one.name: one for one in certify_classes(problem, problem.init(0))}
    assert found["homogeneous"].holds is False
    assert found["homogeneous"].checks[0].note == "the activation tanh"
