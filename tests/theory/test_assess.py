import numpy as np
import pytest

import surefit as sf
from surefit.core.prediction import Prediction, Promise
from surefit.errors import UnknownNameError
from surefit.theory import THEOREMS, Setting, assess, monitors_mentioned

EXPECTED = {
    "allen_zhu_2019",
    "allen_zhu_2019_limit",
    "allen_zhu_2019_sgd",
    "arora_2019",
    "bartlett_montanari_rakhlin_2021",
    "du_2018",
    "feng_2023",
    "gao_2022",
    "gao_2022_corrected",
    "gao_2022_flow",
    "gao_2022_proof",
    "gao_2022_proof_flow",
    "lee_2019",
    "ling_2023",
    "liu_zhu_belkin_2020",
    "oymak_soltanolkotabi_2019",
    "song_2021",
    "song_2021_sgd",
    "song_2021_sharp",
    "song_2021_short_path",
}


def setting(network, outputs=1, dynamics="gradient_descent"):
    problem = sf.Problem(network, np.eye(3), np.ones((3, outputs)))
    return Setting(problem, problem.init(0), 0.1, dynamics)


BRANCH = sf.Residual(sf.Serial(sf.Tanh(), sf.Dense(4)))


@pytest.mark.parametrize(
    ("network", "outputs", "applicable"),
    [
        (sf.models.two_layer(8), 1, set()),
        (sf.models.shallow(8, 2, antisymmetric=False), 2, set()),
        (sf.Serial(sf.Dense(4), BRANCH, sf.Dense(1)), 1, set()),
        # A linear model: its Jacobian does not change, and every ball will do.
        (sf.Serial(sf.Dense(1)), 1, {"liu_zhu_belkin_2020", "oymak_soltanolkotabi_2019"}),
    ],
)
def test_every_theorem_answers_about_every_kind_of_network(network, outputs, applicable):
    # By name: other test modules define theorems of their own.
    found = assess(setting(network, outputs), sorted(EXPECTED))
    assert set(found) == EXPECTED
    assert {name for name, prediction in found.items() if prediction.applies} == applicable
    for name, prediction in found.items():
        assert prediction.theorem == name and prediction.assumptions
        assert Prediction.from_dict(prediction.to_dict()) == prediction


@pytest.mark.parametrize("dynamics", ["gradient_descent", "gradient_flow", "sgd"])
def test_other_dynamics_are_not_covered(dynamics):
    for name, prediction in assess(setting(sf.Serial(sf.Dense(1)), dynamics=dynamics)).items():
        (asked,) = (c for c in prediction.assumptions if c.name.startswith("dynamics"))
        assert asked.holds is (THEOREMS[name].dynamics == dynamics)
        assert asked.holds or prediction.applies is False


def test_names_choose_and_order():
    found = assess(setting(sf.models.two_layer(8)), ["lee_2019", "du_2018"])
    assert list(found) == ["lee_2019", "du_2018"]
    with pytest.raises(UnknownNameError, match="Did you mean 'lee_2019'"):
        assess(setting(sf.models.two_layer(8)), ["lee_2018"])


def test_monitors_mentioned():
    one = Prediction("a", (), (Promise("distance", 1.0), Promise("squared_residual", 1.0)))
    two = Prediction("b", (), (Promise("distance", 2.0),))
    assert monitors_mentioned({"a": one, "b": two}) == ("distance", "squared_residual")
    assert monitors_mentioned({"c": Prediction("c", ())}) == ()


def test_a_theorem_about_other_networks_promises_nothing():
    found = assess(setting(sf.models.shallow(8)))
    assert not found["du_2018"].promises and not found["arora_2019"].promises
    assert found["du_2018"].width is None and "not the theorem's" in found["du_2018"].note
    found = assess(setting(sf.models.two_layer(8)))
    ball = found["oymak_soltanolkotabi_2019"]
    assert ball.applies is False
    assert any(check.holds is False and "Relu" in check.note for check in ball.assumptions)
