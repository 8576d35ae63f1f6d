"""Tiny certified networks, and descent from their files: for the tests of what is promised."""

import dataclasses

import numpy as np
from flint import arb
from format_network import Balls, Network

import surefit as sf
from surefit.core.certificate import Certificate
from surefit.core.proof import Proof
from surefit.workflows.proving import prove
from surefit_checker import check

STEPS, BITS = 1000, 256
RNG = np.random.default_rng(5)
ROWS = RNG.normal(size=(4, 3))
ROWS /= np.linalg.norm(ROWS, axis=1, keepdims=True)
IMAGES = RNG.normal(size=(3, 4, 4, 1)) / 2.0
TANH = sf.models.shallow(8, weight_std=2.0, antisymmetric=False)


def _fully_connected(activation):
    return sf.models.multilayer(8, 2, 1, activation, zero_start=False)


# name -> (network, inputs, part of the largest residual norm that the issuer allows)
NETWORKS = {
    "two layers, tanh": (TANH, ROWS, 0.5),
    "two layers, softplus, from zero": (
        sf.Centred(sf.Serial(sf.Dense(12, 2.0, 0.5), sf.Softplus(True), sf.Dense(1))),
        ROWS,
        0.5,
    ),
    "two layers, two outputs": (sf.Serial(sf.Dense(16, 2.0), sf.Gelu(), sf.Dense(2)), ROWS, 0.3),
    "two layers, ReLU": (
        sf.models.shallow(8, activation=sf.Relu(), antisymmetric=False),
        ROWS,
        0.3,
    ),
    "fully connected, tanh": (_fully_connected(sf.Tanh()), ROWS, 0.1),
    "fully connected, ReLU": (_fully_connected(sf.Relu()), ROWS, 0.1),
    "residual": (sf.models.residual(8, 3, tau="1/L"), ROWS, 0.1),
    "convolution, tanh": (
        sf.Serial(sf.Conv(3, 3, bias_std=0.3), sf.Tanh(), sf.Flatten(), sf.Dense(1)),
        IMAGES,
        0.1,
    ),
    "convolution, ReLU, pool": (
        sf.Serial(
            sf.Conv(4, 2, padding="same"), sf.Relu(), sf.AveragePool(2), sf.Flatten(), sf.Dense(1)
        ),
        IMAGES,
        0.1,
    ),
    "implicit, tanh": (
        sf.models.implicit_linear(8, 0.3, unit_inputs=3, activation=sf.Tanh()),
        ROWS,
        0.1,
    ),
    "implicit, ReLU": (sf.models.implicit_relu(8, 0.2), ROWS, 0.1),
}


@dataclasses.dataclass
class Proved:
    """A certificate that the checker proved, and its numbers."""

    document: dict
    arrays: dict
    numbers: dict

    def network(self, field):
        """What it is about."""
        return Network(self.document, self.arrays, field)

    @classmethod
    def at(cls, certificate, folder):
        """As the workflow has it checked: with the checker's radius where it needs another."""
        assert certificate.holds, certificate.explain()
        proof = prove([certificate], folder)
        assert proof.proved, proof.reason
        last = Certificate.load(folder)
        return cls(last.document, last.witness, proof.numbers)


def verified(folder):
    """The checker's answer, without a process of its own."""
    said = check(folder)
    return Proof(said.verdict, said.statement, said.reason, numbers=said.numbers)


def near(name, size):
    """A problem that the weights fit up to `size`, and these weights."""
    network, x, _ = NETWORKS[name]
    k = network.output_shape(x.shape[1:])[0]
    blank = sf.Problem(network, x, np.zeros((len(x), k)))
    params = blank.init(0)
    away = np.random.default_rng(1).normal(size=(len(x), k))
    y = np.asarray(blank.predict(params)) - size * away / np.linalg.norm(away)
    return sf.Problem(network, x, y), params


def noise(network):
    """What rounding may add to a residual, and to a distance or a path per step."""
    if isinstance(network.field, Balls):
        return arb("1e-60"), arb("1e-60")
    return 1e-14 * len(network.inputs), 1e-15 * float(np.linalg.norm(network.start))


def continued(network, theta, steps=STEPS):
    """Number, residual norm, distance from the start, path and weights, step by step."""
    field, path, start = network.field, network.field.number(0.0), theta
    for k in range(steps + 1):
        r, pull = network.residual(theta)
        yield k, field.norm(r), field.norm(theta - start), path, theta
        after = network.advanced(theta, network.step, r, pull)
        path, theta = path + field.norm(after - theta), after
