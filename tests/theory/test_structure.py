import math

import jax
import numpy as np
import pytest

import surefit as sf
from surefit.theory.structure import structure_of


def taken_apart(network, d=3):
    return structure_of(network, network.init(jax.random.key(0), (d,)), (d,))


def test_a_two_layer_network_is_recognised_under_its_wrappers():
    plain = sf.models.two_layer(6)
    for network, antisymmetric, centred in (
        (plain, False, False),
        (sf.models.two_layer(6, antisymmetric=True), True, False),
        (sf.Centred(plain), False, True),
    ):
        found = taken_apart(network)
        assert (found.antisymmetric, found.centred) == (antisymmetric, centred)
        assert found.starts_at_zero is (antisymmetric or centred)
        two = found.two_layer
        assert two.width == 6 and two.weight_std == 1.0 and two.hidden_scale == 1.0
        assert two.sign_defect <= 1e-15 and not two.biased


def test_scales_of_a_two_layer_network():
    two = taken_apart(sf.Serial(sf.Dense(5, 2.0), sf.Relu(), sf.Dense(1, bias_std=0.1))).two_layer
    assert two.hidden_scale == pytest.approx(2.0 / math.sqrt(3)) and two.weight_std == 1.0
    assert two.biased and two.sign_defect > 0.01


@pytest.mark.parametrize(
    ("network", "connected", "widths"),
    [
        (sf.models.multilayer(4, 3), True, (4, 4, 4)),
        (sf.Serial(sf.Dense(4), sf.Serial(sf.Tanh(), sf.Dense(1))), True, (4,)),
        (sf.Serial(sf.Dense(4), sf.Dense(1)), False, (4,)),
        (sf.Serial(sf.Tanh(), sf.Dense(4), sf.Tanh(), sf.Dense(1)), False, (4,)),
        (
            sf.Serial(sf.Dense(4), sf.Residual(sf.Serial(sf.Tanh(), sf.Dense(4))), sf.Dense(1)),
            False,
            (4, 4),
        ),
        (sf.Dense(1), True, ()),
    ],
)
def test_fully_connected_networks_and_their_widths(network, connected, widths):
    found = taken_apart(network)
    assert found.fully_connected is connected
    assert found.hidden_widths == widths
    assert found.width == (min(widths) if widths else None)
    assert (found.two_layer is not None) == (connected and len(widths) == 1)


def test_smoothness_is_that_of_the_worst_activation():
    assert taken_apart(sf.models.shallow(4)).smooth
    mixed = sf.Serial(sf.Dense(4), sf.Tanh(), sf.Dense(4), sf.Relu(), sf.Dense(1))
    assert not taken_apart(mixed).smooth
    assert [type(layer) for layer in taken_apart(mixed).activations] == [sf.Tanh, sf.Relu]
    assert np.isfinite(taken_apart(mixed).activations[0].smoothness)
