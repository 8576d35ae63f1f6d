import json
import tomllib

import pytest

from surefit.errors import InvalidInputError
from surefit.runs import CertifySpec
from surefit.runs.deep_fields import DEEP_APPLIES_TO
from surefit.runs.own_fields import own_defaults, owners


def test_a_deep_network_has_the_defaults_of_its_paper():
    for network in ("fc", "cnn", "resnet"):
        spec = CertifySpec.parse({"network": network})
        assert (spec.activation, spec.init, spec.depth) == ("relu", "allen_zhu", 3)
        assert (spec.antisymmetric, spec.method, spec.steps) == (False, "auto", 100_000)
    assert CertifySpec.parse({"network": "resnet"}).tau == "1/(L log m)"
    cnn = CertifySpec.parse({"network": "cnn"})
    assert (cnn.window, cnn.shared, cnn.bias_scale) == (3, False, 0.01)


def test_what_is_asked_for_wins_over_the_defaults():
    asked = {"depth": 1, "tau": 0.5, "antisymmetric": True, "method": "sgd", "steps": 7}
    spec = CertifySpec.parse({"network": "resnet", **asked})
    assert {name: getattr(spec, name) for name in asked} == asked
    assert spec.model_fields_set == {"network", *asked}


@pytest.mark.parametrize("network", ["fc", "cnn", "resnet"])
def test_a_deep_spec_survives_json_and_toml_and_written_defaults(network):
    spec = CertifySpec.parse({"network": network})
    again = CertifySpec.from_canonical(json.loads(spec.canonical_json()))
    assert again == spec
    assert dict(again) == dict(spec)
    assert CertifySpec.parse(tomllib.loads(spec.to_toml())) == spec
    written = own_defaults(network) | {"network": network}
    assert CertifySpec.parse(written).run_id == spec.run_id


def test_a_scale_of_branches_is_a_number_or_a_formula_however_it_is_written():
    half = CertifySpec.parse({"network": "resnet", "tau": 0.5})
    # The command line passes text.
    assert CertifySpec.parse({"network": "resnet", "tau": "0.5"}) == half
    assert CertifySpec.parse({"network": "resnet", "tau": "1/L"}).tau == "1/L"
    assert half.run_id != CertifySpec.parse({"network": "resnet"}).run_id


def test_fields_of_one_network_leave_the_ids_of_others_alone():
    assert not set(owners()) & set(CertifySpec().canonical())
    for network in ("fc", "cnn", "resnet"):
        canonical = CertifySpec.parse({"network": network}).canonical()
        own = {name for name, networks in DEEP_APPLIES_TO.items() if network in networks}
        assert set(owners()) & set(canonical) == own


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"tau": "1/L"}, "tau", "belongs to the branches of residual networks. Leave tau out"),
        ({"tau": "1/m", "network": "resnet"}, "tau", 'be "1/(L log m)", "1/L", "1/sqrt(L)" or a'),
        ({"tau": 0, "network": "resnet"}, "tau", "a finite number above 0. Got 0"),
        ({"tau": 0.1, "network": "fc"}, "tau", 'write `network = "resnet"`'),
        ({"window": 3, "network": "fc"}, "window", "it belongs to convolutions"),
        ({"window": 0, "network": "cnn"}, "window", "a whole number of at least 1. Got 0"),
        ({"shared": True}, "shared", "go with network cnn"),
        ({"shared": "perhaps", "network": "cnn"}, "shared", "be true or false"),
        ({"bias_scale": -1, "network": "cnn"}, "bias_scale", "a finite number of at least 0"),
        ({"gamma": 0.1, "network": "fc"}, "gamma", "belongs to the equilibrium of implicit"),
    ],
)
def test_faults_are_explained(values, field, words):
    with pytest.raises(InvalidInputError) as caught:
        CertifySpec.parse(values)
    assert f"`CertifySpec({field}=...)` must " in str(caught.value)
    assert words in str(caught.value)
