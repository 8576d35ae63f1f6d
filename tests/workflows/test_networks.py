import pytest

import surefit as sf
from surefit.errors import InvalidInputError
from surefit.runs import CertifySpec
from surefit.workflows import INITS, NETWORKS, build_network
from surefit.workflows.networks import FAMILY


def build(outputs=1, **fields):
    return build_network(CertifySpec.parse(fields), outputs)


@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_and_init_can_be_built(network, init):
    layer = build(network=network, init=init, width=8)
    assert layer.output_shape((3,)) == (1,)


def test_fields_reach_the_network():
    plain = build(width=6, activation="relu", antisymmetric=False, init="standard", weight_std=2)
    assert plain == sf.Serial(
        sf.Dense(6, 2.0, parameterisation="unscaled"),
        sf.Relu(),
        sf.Dense(1, parameterisation="standard"),
    )
    deep = build(outputs=3, network="multilayer", depth=2, width=6, activation="erf")
    assert isinstance(deep, sf.Centred)
    assert [type(layer).__name__ for layer in deep.network.layers] == [
        "Dense", "Erf", "Dense", "Erf", "Dense",
    ]  # fmt: skip


def test_the_classical_network_has_unit_weights_unless_said_otherwise():
    assert build(network="two_layer", activation="relu", width=8).network.layers[0].weight_std == 1
    wide = build(network="two_layer", activation="relu", width=8, weight_std=0.1)
    assert wide.network.layers[0].weight_std == 0.1


@pytest.mark.parametrize("init", FAMILY)
def test_the_starts_of_song_et_al_have_no_factors(init):
    spec = CertifySpec.parse({"init": init, "width": 6, "activation": "gelu"})
    assert (spec.antisymmetric, spec.steps) == (False, 2000)
    network = build_network(spec, 3, inputs=8)
    assert network == sf.models.shallow_family(6, 8, 3, init=init)
    mirrored = CertifySpec.parse({"init": init, "width": 6, "antisymmetric": True})
    assert isinstance(build_network(mirrored, 1, inputs=8), sf.Antisymmetric)


def test_standard_is_the_start_that_the_family_calls_ntk():
    plain = build(width=6, activation="gelu", antisymmetric=False, init="standard")
    family = sf.models.shallow_family(6, 8, init="ntk")
    for place, incoming in ((0, 8), (2, 6)):
        ours, theirs = plain.layers[place], family.layers[place]
        assert ours.scales(incoming)[:2] == pytest.approx(theirs.scales(incoming)[:2], rel=1e-15)


@pytest.mark.parametrize(
    ("fields", "outputs", "message"),
    [
        ({"network": "shallow", "depth": 2}, 1, "must be 1 for network 'shallow'"),
        ({"network": "two_layer", "depth": 2}, 1, "must be 1 for network 'two_layer'"),
        ({"network": "two_layer"}, 3, "must have one output"),
        (
            {"network": "perceptron"},
            1,
            "Known: cnn, fc, implicit, implicit_linear, ling, multilayer, resnet, shallow, two",
        ),
        ({"init": "xavier"}, 1, "Known: he, lecun, mean_field, ntk, song, standard, wide"),
        (
            {"init": "he", "network": "multilayer"},
            1,
            "`init` must be one of wide, ntk, standard, mean",
        ),
        ({"init": "he", "weight_std": 2.0}, 1, "`weight_std` must be left out for init 'he'"),
        ({"init": "song", "depth": 2}, 1, "must be 1 for network 'shallow'"),
    ],
)
def test_contradictions_are_refused(fields, outputs, message):
    with pytest.raises(InvalidInputError, match=message):
        build(outputs, **fields)
