"""Kernels of deep equilibrium models: hypotheses by name, and the curve from the limit."""

import dataclasses
import math

import numpy as np
import pytest

import surefit as sf
from surefit.theory import THEOREMS, Setting, compare

Y = np.array([1.0, -1.0, 1.0])
THEOREM = THEOREMS["feng_2023"]


def setting(network, x=None, step=0.2, y=Y):
    problem = sf.Problem(network, np.eye(3) if x is None else x, y)
    return Setting(problem, problem.init(0), step)


def linear(width=32, std=0.3, activation=None, **kwargs):
    return sf.models.implicit_linear(
        width, std, activation=activation or sf.Tanh(), unit_inputs=3, **kwargs
    )


def checks(network, **kwargs):
    return {c.name: c for c in THEOREM().predict(setting(network, **kwargs)).assumptions}


INJECTION = "linear injection: Dense, Equilibrium, Dense"
SCALES = "NTK parameterisation, all layers trained"


def test_the_curve_is_that_of_kernel_descent():
    asked = setting(linear())
    prediction = THEOREM(deviation_constant=2.0).predict(asked)
    (promise,) = prediction.promises
    kernel = np.asarray(asked.problem.limit().ntk)
    r = np.asarray(asked.residual)
    for k in (0, 1, 5):
        after = np.linalg.matrix_power(np.eye(3) - 0.2 * kernel, k) @ r
        assert promise.bound(np.array([float(k)]))[0] == pytest.approx(after @ after, rel=1e-9)
    assert promise.tolerance == pytest.approx(4 * 3 / 32)
    eigenvalues = np.linalg.eigvalsh(kernel)
    assert prediction.step_size == pytest.approx(2 / (eigenvalues[0] + eigenvalues[-1]))
    assert prediction.width == pytest.approx(3 * (2 / (0.1 * np.linalg.norm(r))) ** 2)


def test_contraction_of_the_kernel_and_of_finite_widths_are_two_conditions():
    for std, kernel, finite in ((0.3, True, True), (0.6, True, False), (1.1, False, False)):
        network = linear(std=0.3)
        if std > 0.5:
            with pytest.warns(sf.layers.EquilibriumWarning):
                network = linear(std=std)
        found = checks(network)
        assert found["sigma_W L"].value == pytest.approx(std)
        assert found["2 sigma_W L"].value == pytest.approx(2 * std)
        assert found["sigma_W L"].holds is kernel
        assert found["2 sigma_W L"].holds is finite
    assert "unconfirmed" in found["2 sigma_W L"].note


def test_the_normalised_rectifier_needs_an_eighth():
    r"""$\sqrt2\max(0, x)$ with $\sigma_W^2$ is $\max(0, x)$ with $2\sigma_W^2$ up to scale."""
    for variance, holds in ((0.124, True), (0.126, False)):
        std = math.sqrt(2 * variance)
        if not holds:
            with pytest.warns(sf.layers.EquilibriumWarning):
                network = linear(8, std, activation=sf.Relu())
        else:
            network = linear(8, std, activation=sf.Relu())
        assert checks(network)["2 sigma_W L"].holds is holds


def test_a_rectified_injection_leaves_the_statement_undecided():
    prediction = THEOREM().predict(setting(sf.models.implicit_relu(32)))
    found = {c.name: c for c in prediction.assumptions}
    assert found[INJECTION].holds is None
    assert "rectified" in found[INJECTION].note
    assert prediction.promises
    assert prediction.applies is None


def test_other_networks_are_named():
    prediction = THEOREM().predict(setting(sf.models.shallow(8)))
    assert prediction.applies is False
    assert prediction.promises == ()
    assert prediction.width is None
    assert "no equilibrium" in prediction.assumptions[0].note
    twice = sf.Serial(sf.Dense(8), sf.Equilibrium(8), sf.Dense(8), sf.Equilibrium(8), sf.Dense(1))
    assert "several" in checks(twice)["one equilibrium behind a dense layer"].note
    deeper = sf.Serial(sf.Dense(8), sf.Equilibrium(8), sf.Dense(4), sf.Tanh(), sf.Dense(1))
    assert checks(deeper)[INJECTION].holds is False


def test_scales_and_frozen_layers_are_named():
    assert "standard" in checks(sf.models.ling(8, 0.01))[SCALES].note
    hidden, implicit, out = linear(8).layers
    fixed = sf.Serial(hidden, dataclasses.replace(implicit, trained=False), out)
    assert "fixed" in checks(fixed)[SCALES].note
    positive = sf.Serial(hidden, dataclasses.replace(implicit, distribution="non_negative"), out)
    prediction = THEOREM().predict(setting(positive))
    assert "non-negative" in {c.name: c for c in prediction.assumptions}[SCALES].note
    assert prediction.promises == ()  # and no limit is known
    assert math.isnan(next(c for c in prediction.assumptions if c.name == "step size").bound)


def test_equal_inputs_have_a_singular_kernel():
    found = checks(linear(), x=np.ones((3, 3)) / math.sqrt(3))
    assert found["smallest eigenvalue of the limit kernel"].holds is not True


@pytest.mark.slow
@pytest.mark.parametrize("activation", [sf.Tanh(), sf.Relu()])
def test_wide_networks_follow_the_kernel_and_wider_ones_better(activation):
    """Mean over 4 draws of the largest deviation, in shares of the initial residual norm."""
    means = []
    for width in (128, 1024):
        problem = sf.Problem(linear(width, activation=activation), np.eye(3), Y)
        worst = []
        for seed in range(4):
            asked = Setting(problem, problem.init(seed), 0.2)
            prediction = THEOREM().predict(asked)
            method = sf.GradientDescent(step_size=0.2)
            _, run = sf.train(problem, asked.params, method, steps=60, monitors=["loss"])
            worst.append(compare(prediction, run)[0].value)
        means.append(np.mean(worst))
    # Deviations fall like the square root of the width, that is by 2.8, with few draws.
    assert means[1] < 0.7 * means[0]
    assert means[1] < 0.06
