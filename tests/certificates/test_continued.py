"""Certificates about descent and flow, on tiny networks: what was proved, against what comes.

The certificate is issued, the checker proves it, and descent is continued for 1000 steps from the
files by an interpreter of the format that shares nothing with either, in float64 and in 256 bits.
The numbers compared with are those that the checker proved; nothing is added to them in 256 bits
but 1e-60, in float64 what rounding adds.
"""

import dataclasses

import numpy as np
import pytest
from continuing import NETWORKS, STEPS, continued, near, noise
from format_network import Floats

from surefit.certificates import CERTIFIERS

KANTOROVICH = CERTIFIERS["kantorovich_majorant"]()
SLOW = {"convolution, tanh", "convolution, ReLU, pool", "implicit, tanh", "residual"}
SLOW |= {"two layers, two outputs"}


def _marked(name):
    return pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name


def issued(name, dynamics, basin=0.0):
    """As far from a fit as a share of what the theorem allows."""
    fire = KANTOROVICH.issue(*near(name, 1e-10)).quantities["fire_residual"]
    problem, params = near(name, NETWORKS[name][2] * fire)
    certificate = KANTOROVICH.issue(problem, params, dynamics=dynamics)
    if basin == 0.0:
        return certificate
    document, radius = certificate.document, certificate.quantities["radius"]
    more = {"start_radius": (basin * radius).hex(), "rho": (1.5 * radius).hex()}
    document = document | {"statement": document["statement"] | more}
    return dataclasses.replace(certificate, document=document)


@pytest.mark.parametrize("name", [_marked(name) for name in NETWORKS])
def test_descent(name, field, proved):
    own = proved(issued, name, "descent")
    network, numbers = own.network(field), own.numbers
    wrong, drift = noise(network)
    factor = 1 - network.step * field.number(numbers["rate"])
    bound = field.number(numbers["residual_norm"])
    assert 0 < factor < 1
    for k, r, distance, path, _ in continued(network, network.start):
        assert r <= bound + wrong
        assert path <= numbers["path_length"] + (k + 1) * drift
        assert distance <= numbers["path_length"] + (k + 1) * drift
        bound = bound * factor
    assert numbers["path_length"] <= network.statement["rho"]
    # The bounds are not empty: the run has made a part of the way.
    assert path > 0.05 * field.number(numbers["path_length"])


def test_descent_from_a_basin(field, proved):
    own = proved(issued, "two layers, tanh", "descent", 0.02)
    network, numbers = own.network(field), own.numbers
    radius = network.statement["start_radius"]
    wrong, drift = noise(network)
    for seed in range(3):
        away = np.random.default_rng(seed).normal(size=network.start.size)
        away = field.array(0.999999 * radius * away / np.linalg.norm(away))
        factor, last = 1 - network.step * field.number(numbers["rate"]), None
        for k, r, _, path, _ in continued(network, network.start + away):
            assert last is None or r <= last * factor + wrong
            assert path <= numbers["path_length"] + (k + 1) * drift
            last = r


@pytest.mark.parametrize(
    "name", [_marked(name) for name in ("two layers, tanh", "two layers, ReLU", "residual")]
)
def test_flow(name, field, proved):
    """Integrated with steps of two lengths: their difference bounds the error of the finer one."""
    own = proved(issued, name, "flow")
    network, numbers = own.network(field), own.numbers
    exponent = 2 * field.number(network.scale) * field.number(numbers["rate"])
    time = 0.2 / field.number(numbers["jacobian_norm"]) ** 2
    wrong, drift = noise(network)
    steps = STEPS if isinstance(field, Floats) else STEPS // 4

    def velocity(theta):
        r, pull = network.residual(theta)
        return (-2.0 * network.scale) * pull(r)

    def advanced(theta, h):
        one = velocity(theta)
        two = velocity(theta + (h / 2) * one)
        three = velocity(theta + (h / 2) * two)
        four = velocity(theta + h * three)
        return field.settled(theta + (h / 6) * (one + 2 * two + 2 * three + four))

    theta, path, error = network.start, field.number(0.0), field.number(0.0)
    for k in range(1, steps + 1):
        coarse = advanced(theta, time)
        fine = advanced(advanced(theta, time / 2), time / 2)
        error = error + field.norm(fine - coarse)
        path, theta = path + field.norm(fine - theta), fine
        r = field.norm(network.residual(theta)[0])
        fall = field.of("exp", -field.array(np.array([exponent * (time * k)])))[0]
        # Twice: flow near a solution moves runs apart by little.
        slack = 2 * error * numbers["jacobian_norm"]
        assert r <= numbers["residual_norm"] * fall + wrong + slack
        assert path <= numbers["path_length"] + k * drift + error
    assert error < 1e-4 * numbers["path_length"]
    assert path > 0.05 * field.number(numbers["path_length"])
