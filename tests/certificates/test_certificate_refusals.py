"""Every way in which a certificate is not given, with the sentence that says why."""

import dataclasses
import math

import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.certificates import CERTIFIERS, Point, certify
from surefit.core.check import Evidence
from surefit.errors import InvalidInputError
from surefit.losses import Loss

SMOOTH = sf.models.shallow(32, weight_std=3.0, antisymmetric=False)


@dataclasses.dataclass(frozen=True)
class _Cosh(Loss):
    def __call__(self, outputs, y):
        return jnp.sum(jnp.cosh(outputs - y) - 1.0)


def inputs(n=6, d=4, seed=0):
    x = np.random.default_rng(seed).normal(size=(n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def interpolated(network, x, offset=1e-7, seed=0):
    """A problem that the initial network nearly solves."""
    k = network.output_shape(x.shape[1:])[0]
    params = sf.Problem(network, x, np.zeros((len(x), k))).init(seed)
    y = np.asarray(sf.Problem(network, x, np.zeros((len(x), k))).predict(params)) + offset
    return sf.Problem(network, x, y), params


def failing(certificate):
    return {check.name for check in certificate.checks if check.holds is not True}


def test_too_few_parameters():
    problem, params = interpolated(sf.models.shallow(2, antisymmetric=False), inputs(12))
    certificate = certify(problem, params)
    assert certificate.holds is False
    assert "p" in failing(certificate)
    assert "10 trained parameters for 12 equations" in certificate.note
    assert certificate.statement.startswith("Not shown: gradient descent")
    parameters = next(check for check in certificate.checks if check.name == "p")
    assert parameters.evidence is Evidence.PROVED


def test_identical_samples_with_the_same_label():
    x = inputs()
    x[4] = x[1]
    problem, params = interpolated(SMOOTH, x)
    certificate = certify(problem, params)
    assert certificate.holds is False
    assert "Samples 1 and 4 are identical, with the same label" in certificate.note
    assert "1 repeated rows" in certificate.note


def test_identical_samples_with_different_labels():
    x = inputs()
    x[4] = x[1]
    problem, params = interpolated(SMOOTH, x)
    y = np.array(problem.y)
    y[4] += 1.0
    certificate = certify(sf.Problem(SMOOTH, x, y), params)
    assert certificate.holds is False
    assert "Samples 1 and 4 are identical with different labels" in certificate.note
    assert "zero training loss is impossible" in certificate.note


def test_near_duplicates_are_named():
    x = inputs(12)
    x[7] = x[2] + 1e-3 * inputs(1)[0]
    problem, params = interpolated(SMOOTH, x, offset=np.linspace(-1, 1, 12)[:, None])
    certificate = certify(problem, params)
    assert certificate.holds is False
    assert "sigma_min is limited by samples 2 and 7: they are 0.001 apart" in certificate.note


def test_singular_within_rounding():
    # An odd activation without bias: x and -x give opposite outputs.
    x = inputs()
    x[5] = -x[0]
    problem, params = interpolated(SMOOTH, x)
    certificate = certify(problem, params)
    assert certificate.holds is None
    assert failing(certificate) == {"sigma_min(J)^2"}
    assert "J is not onto within rounding" in certificate.note
    assert "samples 0 and 5: one is the negative of the other up to 0" in certificate.note
    assert math.isnan(certificate.quantities["condition"])


def test_residual_too_large_names_what_is_needed():
    problem, params = interpolated(SMOOTH, inputs(), offset=0.5)
    certificate = CERTIFIERS["kantorovich_majorant"]().issue(problem, params, step_size=0.01)
    numbers = certificate.quantities
    assert certificate.holds is False
    assert numbers["condition"] > 1
    assert f"need ||r|| <= {numbers['fire_residual']:.4g}, have 1.225" in certificate.note
    steps = math.log(numbers["residual"] / numbers["fire_residual"]) / (
        0.01 * numbers["sigma_min"] ** 2
    )
    told = certificate.note.partition("about ")[2].partition(" more steps")[0]
    assert float(told.replace(" ", "")) == pytest.approx(steps, rel=0.01)
    silent = CERTIFIERS["kantorovich_majorant"]().issue(problem, params)
    assert "Train on, or polish the weights" in silent.note


def test_a_hopeless_curvature_bound_says_so():
    problem, params = interpolated(SMOOTH, inputs(), offset=1e-3)
    curvature = Point.at(problem, params).curvature
    point = dataclasses.replace(
        Point.at(problem, params),
        curvature=lambda radius: dataclasses.replace(curvature(radius), value=1e13),
    )
    certificate = CERTIFIERS["kantorovich_majorant"]().issue_at(point)
    assert certificate.holds is False
    assert "too pessimistic for this network" in certificate.note


@pytest.mark.parametrize("name", ["kantorovich_majorant", "oymak_soltanolkotabi"])
def test_step_too_large(name):
    problem, params = interpolated(SMOOTH, inputs())
    certificate = CERTIFIERS[name]().issue(problem, params, step_size=10.0)
    largest = certificate.quantities["largest_step"]
    assert certificate.holds is False
    assert failing(certificate) == {"step size"}
    assert f"exceeds the largest that this theorem allows here, {largest:.4g}" in certificate.note
    assert CERTIFIERS[name]().issue(problem, params, step_size=0.999 * largest).holds
    assert CERTIFIERS[name]().issue(problem, params, step_size=1.001 * largest).holds is False


def test_a_kink_on_the_way():
    # Far from a fit the path is longer than pre-activations are known to keep their signs.
    network = sf.Serial(sf.Dense(32), sf.Relu(), sf.Dense(1))
    problem, params = interpolated(network, inputs(), offset=0.3)
    certificate = certify(problem, params)
    assert certificate.holds is False
    assert "largest radius without a sign change" in failing(certificate)
    assert "a pre-activation could change its sign" in certificate.note
    assert "sits nearest to its kink" in certificate.note


def test_a_kink_that_no_path_reaches():
    network = sf.Serial(sf.Dense(32), sf.Relu(), sf.Dense(1))
    problem, params = interpolated(network, inputs(), offset=1e-9)
    certificate = certify(problem, params)
    assert certificate.holds
    names = [check.name for check in certificate.checks]
    assert "largest radius without a sign change" in names


def test_weights_on_a_kink():
    network = sf.Serial(sf.Dense(32), sf.Relu(), sf.Dense(1))
    problem, params = interpolated(network, inputs())
    w = np.asarray(params[0]["w"]).copy()
    w[4] = 0.0
    certificate = certify(problem, ({"w": jnp.asarray(w)}, *params[1:]))
    assert certificate.holds is False
    assert "has no Lipschitz constant around these weights" in certificate.note
    assert "neuron 4" in certificate.note


def test_an_architecture_without_a_bound():
    network = sf.Serial(sf.Dense(16), sf.LayerNorm(), sf.Tanh(), sf.Dense(1))
    problem, params = interpolated(network, inputs())
    certificate = certify(problem, params)
    assert certificate.holds is None
    assert "No bound on the curvature of this architecture" in certificate.note
    assert "LayerNorm is none of the parts that have one" in certificate.note


@dataclasses.dataclass(frozen=True)
class _BatchNorm(sf.LayerNorm):
    """A layer that would look at the other samples of a batch."""


def test_what_is_switched_off_after_training():
    network = sf.Serial(sf.Dense(16), _BatchNorm(), sf.Tanh(), sf.Dense(1))
    problem, params = interpolated(network, inputs())
    certificate = certify(problem, params)
    assert certificate.holds is None
    assert "_BatchNorm is none of the parts that have one" in certificate.note
    assert "Switch it off, and train on without it" in certificate.note


def test_weights_in_single_precision():
    problem, params = interpolated(SMOOTH, inputs())
    rough = [{key: np.float32(value) for key, value in own.items()} for own in params if own]
    rough = (rough[0], (), rough[1])
    blank = np.asarray(problem.predict(tuple(rough)), np.float64)
    near = sf.Problem(SMOOTH, problem.x, blank + 1e-7)
    certificate = certify(near, rough)
    assert certificate.holds
    assert "The weights came in float32 and are taken as they are" in certificate.note
    numbers = certificate.quantities
    size = math.sqrt(sum(float(np.sum(np.float64(own["w"]) ** 2)) for own in rough if own))
    floor = numbers["sigma_max"] * size / (2**24 * (1.0 - numbers["rate"]))
    told = float(certificate.note.partition("residual norm at up to ")[2].rstrip("."))
    assert told == pytest.approx(floor, rel=1e-3)
    assert "float32" not in certify(problem, params).note


def test_other_losses_are_misuse():
    x = inputs()
    problem = sf.Problem(SMOOTH, x, np.ones(6), _Cosh())
    with pytest.raises(InvalidInputError, match=r"must be given a problem with a squared loss"):
        certify(problem, problem.init(0))


def test_weights_that_do_not_fit():
    problem, _ = interpolated(SMOOTH, inputs())
    other = sf.models.shallow(16, antisymmetric=False)
    params = sf.Problem(other, inputs(), np.ones(6)).init(0)
    with pytest.raises(InvalidInputError, match=r"must have the leaves that `problem.init` makes"):
        certify(problem, params)


def test_weights_that_are_not_finite():
    problem, params = interpolated(SMOOTH, inputs())
    params = ({"w": params[0]["w"].at[0, 0].set(jnp.nan)}, *params[1:])
    with pytest.raises(InvalidInputError, match="NaN or infinity in 0/w"):
        certify(problem, params)


@pytest.mark.parametrize("step", [0.0, -0.1, math.nan, math.inf])
def test_a_step_is_positive(step):
    problem, params = interpolated(SMOOTH, inputs())
    with pytest.raises(InvalidInputError, match=r"`certify\(step_size=...\)` must be a positive"):
        certify(problem, params, step_size=step)


def test_dynamics_that_a_theorem_does_not_speak_of():
    problem, params = interpolated(SMOOTH, inputs())
    with pytest.raises(InvalidInputError, match=r"must be one of flow\. Got 'descent'"):
        CERTIFIERS["bartlett_montanari_rakhlin"]().issue(problem, params, dynamics="descent")
    with pytest.raises(InvalidInputError, match=r"must be one of descent\. Got 'flow'"):
        CERTIFIERS["oymak_soltanolkotabi"]().issue(problem, params, dynamics="flow")
