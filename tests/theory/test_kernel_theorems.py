"""Theorems whose curves come from a kernel: widths, constants, and how tight they are."""

import dataclasses
import math

import numpy as np
import pytest

import surefit as sf
from surefit.testing.theorem import plain_run
from surefit.theory import THEOREMS, Setting, compare


def setting(width=64, step_size=0.1, network=None, y=(1.0, -1.0, 1.0), **kwargs):
    problem = sf.Problem(network or sf.models.two_layer(width), np.eye(3), np.array(y))
    return Setting(problem, problem.init(0), step_size, **kwargs)


def named(prediction, name):
    (check,) = (c for c in prediction.assumptions if c.name == name)
    return check


def test_widths_and_steps_of_du_follow_their_formulas():
    # Orthogonal inputs: the limit kernel is half the identity.
    asked = setting(failure_probability=0.2)
    prediction = THEOREMS["du_2018"]().predict(asked)
    assert prediction.width == pytest.approx(3**6 / (0.5**4 * 0.2**3))
    assert prediction.step_size == pytest.approx(0.5 / 9)
    assert prediction.rate == pytest.approx(1 - 0.1 * 0.5 / 2)
    norm = asked.residual_norm.value
    assert prediction.radius == pytest.approx(4 * math.sqrt(3) * norm / 0.5)
    doubled = THEOREMS["du_2018"](width_constant=2.0, step_constant=3.0).predict(asked)
    assert doubled.width == pytest.approx(2 * prediction.width)
    assert doubled.step_size == pytest.approx(3 * prediction.step_size)
    assert named(doubled, "width m").unstated == ("width_constant",)
    assert named(doubled, "step size").holds is None
    assert doubled.unstated == {"width_constant": 2.0, "step_constant": 3.0}


def test_widths_of_arora_follow_their_formula():
    asked = setting(network=sf.models.two_layer(64, weight_std=0.5), failure_probability=0.2)
    prediction = THEOREMS["arora_2019"](accuracy=0.1).predict(asked)
    epsilon = 0.1 * math.sqrt(3)
    expected = 3**7 / (0.5**4 * 0.5**2 * 0.2**4 * epsilon**2)
    assert prediction.width == pytest.approx(expected)
    small = named(prediction, "kappa small, so that the outputs start near 0")
    assert (small.value, small.bound) == (0.5, pytest.approx(epsilon * 0.2 / math.sqrt(3)))
    assert prediction.promises[0].tolerance == pytest.approx(epsilon**2)


def test_the_complexity_measure_is_the_quadratic_form():
    theorem = THEOREMS["arora_2019"]()
    # H = I/2 and |y|^2 = 3: sqrt(2 * 6 / 3) = 2.
    assert theorem.complexity(setting()) == pytest.approx(2.0)
    assert "2 (Theorem 5.1)" in theorem.predict(setting()).note
    assert theorem.complexity(setting(network=sf.models.shallow(8))) is None


def test_a_singular_limit_kernel_asks_for_infinite_width():
    x = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    problem = sf.Problem(sf.models.two_layer(16), x, np.ones(3))
    asked = Setting(problem, problem.init(0), 0.1)
    for name in ("du_2018", "arora_2019"):
        prediction = THEOREMS[name]().predict(asked)
        assert prediction.width == math.inf and not prediction.promises
        check = named(prediction, "lambda_0 = smallest eigenvalue of the limit kernel")
        assert check.holds is not True
    check = named(THEOREMS["du_2018"]().predict(asked), "min || u_i +- u_j || over i != j")
    assert check.holds is False and "rows 0 and 1" in check.note


def test_an_antisymmetric_start_is_neither_covered_nor_refused():
    paired = setting(network=sf.models.two_layer(64, antisymmetric=True))
    prediction = THEOREMS["arora_2019"]().predict(paired)
    assert named(prediction, "independent random start").holds is None
    assert named(prediction, "kappa small, so that the outputs start near 0").holds is True
    assert prediction.applies is None and prediction.promises


@pytest.mark.parametrize("depth", [1, 2])
def test_the_linearised_curve_becomes_exact_with_the_width(depth):
    theorem = THEOREMS["lee_2019"]()

    def deviation(width, seed):
        network = sf.models.multilayer(width, depth, zero_start=False)
        problem = sf.Problem(network, np.eye(3), np.array([1.0, -1.0, 1.0]))
        asked = Setting(problem, problem.init(seed), 0.3)
        prediction = theorem.predict(asked)
        outcome = compare(prediction, plain_run(asked, 30, every=2))
        return outcome[0].value * asked.residual_norm.value

    narrow, wide = (np.mean([deviation(m, s) for s in range(3)]) for m in (32, 1024))
    # O(m^{-1/2}) for the outputs: 5.7 times less at 32 times the width, at least.
    assert wide < narrow / 3
    assert wide < math.sqrt(3 / 1024)


def test_the_linearised_distance_is_that_of_least_squares():
    asked = setting(network=sf.models.shallow(64, antisymmetric=False))
    prediction = THEOREMS["lee_2019"]().predict(asked)
    j, r = np.asarray(asked.problem.jacobian(asked.params)), asked.residual
    assert prediction.radius == pytest.approx(np.linalg.norm(np.linalg.pinv(j) @ r), rel=1e-9)
    (distance,) = (p for p in prediction.promises if p.monitor == "distance")
    assert distance.unstated == ("deviation_constant",)


def test_requirements_of_the_linearisation():
    theorem = THEOREMS["lee_2019"]
    asked = setting(network=sf.models.shallow(64, antisymmetric=False))
    prediction = theorem(accuracy=0.1, deviation_constant=2.0).predict(asked)
    norm = asked.residual_norm.value
    assert prediction.width == pytest.approx(3 * (2.0 / (0.1 * norm)) ** 2)
    assert prediction.promises[0].tolerance == pytest.approx(4.0 * 3 / 64)
    limit = np.linalg.eigvalsh(np.asarray(asked.problem.limit().ntk))
    assert prediction.step_size == pytest.approx(2.0 / (limit[0] + limit[-1]), rel=1e-9)
    large = dataclasses.replace(asked, step_size=100.0)
    diverging = theorem().predict(large)
    assert named(diverging, "step size").holds is False
    assert all(p.monitor != "squared_residual" for p in diverging.promises)


@pytest.mark.parametrize(
    ("network", "fails"),
    [
        (sf.models.two_layer(8, sf.Tanh()), "every layer trained"),
        (sf.models.shallow(8, 1, sf.Relu()), "activations with Lipschitz derivative"),
        (sf.models.shallow(8, 1, None, 1.0, "standard"), "NTK parameterisation"),
        (
            sf.Serial(sf.Dense(8), sf.Tanh(), sf.Dense(6), sf.Tanh(), sf.Dense(1)),
            "equal hidden widths",
        ),
    ],
)
def test_what_the_linearisation_theorem_does_not_cover(network, fails):
    prediction = THEOREMS["lee_2019"]().predict(setting(network=network))
    assert prediction.applies is False and prediction.promises
    assert any(fails in check.name for check in prediction.failing if check.holds is False)
