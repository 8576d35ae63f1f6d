import math

import numpy as np
import pytest

import surefit as sf
from surefit.core.check import Check, Evidence, Sense
from surefit.core.spectrum import Enclosure
from surefit.theory import Setting, conditions


def setting(x=None, y=None, network=None, step_size=0.1, loss=None, dynamics="gradient_descent"):
    x = np.eye(3) if x is None else np.asarray(x, float)
    y = np.ones(len(x)) if y is None else y
    problem = sf.Problem(network or sf.models.two_layer(8), x, y, loss)
    return Setting(problem, problem.init(0), step_size, dynamics)


def test_unit_norm_names_the_worst_row():
    assert conditions.unit_norm_inputs(setting()).holds
    check = conditions.unit_norm_inputs(setting(np.diag([1.0, 1.0, 1.5])))
    assert check.holds is False and "row 2" in check.note and check.value == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("rows", "holds"),
    [
        ([[1.0, 0.0], [0.0, 1.0]], True),
        ([[1.0, 0.0], [1.0, 1e-6]], True),
        ([[1.0, 2.0], [1.0, 2.0]], False),
        ([[1.0, 2.0], [-1.0, -2.0]], False),
        ([[1.0, 1.0], [0.0, 0.0]], False),
        ([[1.0, 3.0], [3.0, 9.0]], None),
        ([[1.0, 1.0]], True),
    ],
)
def test_parallel_inputs(rows, holds):
    check = conditions.no_parallel_inputs(setting(rows))
    assert check.holds is holds
    assert isinstance(check.to_dict()["value"], float)


def test_the_closest_pair_is_found_across_blocks(monkeypatch):
    draw = np.random.default_rng(0)
    x = draw.standard_normal((60, 4))
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    gaps = np.minimum(
        np.linalg.norm(units[:, None] - units[None], axis=2),
        np.linalg.norm(units[:, None] + units[None], axis=2),
    )
    gaps[np.diag_indices(60)] = np.inf
    for block in (7, 1024):
        monkeypatch.setattr("surefit.theory.conditions.data._BLOCK", block)
        check = conditions.no_parallel_inputs(setting(x))
        assert check.value == pytest.approx(gaps.min(), rel=1e-9)


def test_targets_and_counts():
    check = conditions.bounded_targets(setting(y=np.array([0.5, -2.0, 1.0])))
    assert check.holds is False and check.value == 2.0
    assert conditions.bounded_targets(setting()).holds
    enough = conditions.over_parameterised(setting(network=sf.models.two_layer(1)))
    assert (enough.value, enough.bound, enough.holds) == (3.0, 3.0, True)
    short = conditions.over_parameterised(setting(np.eye(3)[:, :1] + 1, network=sf.Dense(1)))
    assert short.holds is False


@pytest.mark.parametrize(
    ("enclosure", "holds"),
    [
        (Enclosure(0.1, 0.2, 0.3), True),
        (Enclosure(-1e-9, 1e-10, 1e-9), None),
        (Enclosure(-0.3, -0.2, -0.1), False),
        (None, None),
    ],
)
def test_positive_definite_is_decided_by_the_enclosure(enclosure, holds):
    assert conditions.positive_definite("lambda", enclosure).holds is holds


@pytest.mark.parametrize(
    ("enclosure", "holds"),
    [
        (Enclosure(0.5, 0.6, 0.7), True),
        (Enclosure(0.9, 1.0, 1.1), None),
        (Enclosure(2.0, 3.0, math.inf), False),
        (Enclosure(2.0, math.inf, math.inf), False),
        (Enclosure(0.5, math.inf, math.inf), None),
        (Enclosure(0.5, 0.6, math.inf), None),
    ],
)
def test_enclosed_quantities(enclosure, holds):
    check = conditions.enclosed("q", enclosure, 1.0, Sense.AT_MOST, evidence=Evidence.SAMPLED)
    assert check.holds is holds and check.evidence is Evidence.SAMPLED


def test_width():
    assert conditions.width_at_least(setting(), 8.0).holds
    assert conditions.width_at_least(setting(), 9.0).holds is False
    assert conditions.width_at_least(setting(), 9.0, ("C",)).holds is None
    assert conditions.width_at_least(setting(), None).holds is None
    assert conditions.width_at_least(setting(network=sf.Dense(1)), 2.0).holds is None


def test_dynamics_loss_and_step():
    assert conditions.runs(setting(), "gradient_descent").holds
    other = conditions.runs(setting(), "gradient_flow")
    assert other.holds is False and "gradient flow" in other.note
    assert conditions.squared_loss(setting(loss=sf.MeanSquared())).holds
    assert conditions.step_size_at_most(setting(), 0.1).holds
    assert conditions.step_size_at_most(setting(), 0.1, strict=True).holds is False
    assert conditions.step_size_at_most(setting(), math.nan).holds is None
    flow = setting(dynamics="gradient_flow")
    assert conditions.step_size_at_most(flow, 1e-9).holds is None


BIASED = sf.Serial(sf.Dense(4, parameterisation="unscaled", bias_std=0.1), sf.Relu(), sf.Dense(1))


@pytest.mark.parametrize(
    ("network", "shape", "signs", "only_first", "gaussian", "every"),
    [
        (sf.models.two_layer(8), True, True, True, True, False),
        (sf.models.two_layer(8, sf.Tanh()), False, True, True, True, False),
        (sf.models.two_layer(8, weight_std=0.5), True, True, True, False, False),
        (sf.models.shallow(8, 1, sf.Relu()), True, False, False, True, True),
        (BIASED, False, False, False, True, True),
        (sf.Serial(sf.Dense(8), sf.Relu(), sf.Dense(1)), True, False, False, False, True),
        (
            sf.Serial(
                sf.Dense(8, parameterisation="unscaled", trained=False), sf.Relu(), sf.Dense(1)
            ),
            True, False, False, True, False,
        ),
        (sf.models.multilayer(8, 2), False, False, False, False, True),
    ],
)  # fmt: skip
def test_network_conditions(network, shape, signs, only_first, gaussian, every):
    asked = setting(network=network)
    assert conditions.network_is_two_layer(asked, sf.Relu).holds is shape
    assert conditions.fixed_output_signs(asked).holds is signs
    assert conditions.only_first_layer_trained(asked).holds is only_first
    assert conditions.gaussian_first_layer(asked, 1.0).holds is gaussian
    assert conditions.every_layer_trained(asked).holds is every
    assert conditions.network_is_fully_connected(asked).holds is True


def test_several_outputs_are_not_the_two_layer_network_of_the_papers():
    network = sf.Serial(sf.Dense(4, parameterisation="unscaled"), sf.Relu(), sf.Dense(2))
    check = conditions.network_is_two_layer(setting(network=network, y=np.ones((3, 2))))
    assert check.holds is False and "2 outputs" in check.note


def test_the_start():
    assert conditions.independent_start(setting()).evidence is Evidence.ASSUMED
    assert conditions.independent_start(setting(network=sf.Centred(sf.models.two_layer(4)))).holds
    paired = conditions.independent_start(
        setting(network=sf.models.two_layer(4, antisymmetric=True))
    )
    assert paired.holds is None and "pairs" in paired.note


def test_smooth_activation_names_the_worst():
    assert conditions.smooth_activation(setting(network=sf.models.shallow(4))).holds
    check = conditions.smooth_activation(setting())
    assert check.holds is False and "Relu" in check.note
    assert conditions.smooth_activation(setting(network=sf.Dense(1))).holds


def test_every_condition_has_a_name_and_a_note():
    asked = setting()
    for name in conditions.__all__:
        if name in ("enclosed", "positive_definite", "width_at_least", "step_size_at_most", "runs"):
            continue
        check = getattr(conditions, name)(asked)
        assert isinstance(check, Check) and check.name and check.note
