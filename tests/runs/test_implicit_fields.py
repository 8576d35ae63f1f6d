import json
import tomllib

import pytest

from surefit.errors import InvalidInputError
from surefit.runs import CertifySpec
from surefit.runs.implicit_fields import APPLIES_TO


def test_an_implicit_network_has_the_defaults_of_its_paper():
    spec = CertifySpec.parse({"network": "implicit"})
    assert (spec.gamma, spec.activation, spec.init) == (0.1, "relu", "gaussian")
    assert (spec.trained, spec.skip, spec.output_scale) == ("all", True, 1.0)
    assert spec.antisymmetric is False
    assert CertifySpec.parse({"network": "ling"}).preprocess == ("centre", "sqrt_dimension_norm")
    assert CertifySpec.parse({"network": "implicit_linear"}).activation == "tanh"


def test_what_is_asked_for_wins_over_the_defaults():
    asked = {"gamma": 0.3, "skip": False, "antisymmetric": True, "steps": 7, "init": "uniform"}
    spec = CertifySpec.parse({"network": "implicit", **asked})
    assert {name: getattr(spec, name) for name in asked} == asked
    # The defaults of a network are not taken for what was asked for.
    assert spec.model_fields_set == {"network", *asked}


def test_writing_a_default_out_does_not_make_another_run():
    short = CertifySpec.parse({"network": "implicit"})
    written = {"gamma": 0.1, "trained": "all", "activation": "relu", "antisymmetric": False}
    assert CertifySpec.parse({"network": "implicit", **written}).run_id == short.run_id
    assert CertifySpec.parse({"network": "implicit", "gamma": None}) == short
    assert CertifySpec.parse({"network": "implicit", "gamma": 0.2}) != short


@pytest.mark.parametrize("network", ["implicit", "implicit_linear", "ling"])
def test_an_implicit_spec_survives_json_and_toml(network):
    spec = CertifySpec.parse({"network": network, "gamma": 0.2})
    again = CertifySpec.from_canonical(json.loads(spec.canonical_json()))
    assert again == spec
    assert dict(again) == dict(spec)
    assert CertifySpec.parse(tomllib.loads(spec.to_toml())) == spec


def test_other_networks_do_not_know_the_fields():
    canonical = CertifySpec().canonical()
    assert not set(APPLIES_TO) & set(canonical)


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"gamma": 0.1}, "gamma", 'Leave gamma out, or write `network = "implicit"`'),
        ({"gamma": 0.0, "network": "implicit"}, "gamma", "a finite number above 0. Got 0.0"),
        ({"gamma": -1, "network": "implicit"}, "gamma", "a finite number above 0. Got -1"),
        ({"gamma": float("nan"), "network": "ling"}, "gamma", "a finite number above 0"),
        ({"trained": "all", "network": "ling"}, "trained", "go with network implicit"),
        ({"trained": "some", "network": "implicit"}, "trained", "be `all` or `implicit`. Got"),
        ({"skip": True}, "skip", "belongs to the equilibrium"),
        ({"output_scale": 0.1, "network": "implicit_linear"}, "output_scale", "implicit or ling"),
        ({"output_scale": 0, "network": "ling"}, "output_scale", "a finite number above 0"),
    ],
)
def test_faults_are_explained(values, field, words):
    with pytest.raises(InvalidInputError) as caught:
        CertifySpec.parse(values)
    assert f"`CertifySpec({field}=...)` must " in str(caught.value)
    assert words in str(caught.value)
