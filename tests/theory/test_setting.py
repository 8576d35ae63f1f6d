import math
import subprocess
import sys

import jax
import mpmath
import numpy as np
import pytest

import surefit as sf
from surefit.errors import InvalidInputError
from surefit.theory import Setting


def problem(n=4, d=3, width=6, seed=0, outputs=1, network=None, loss=None):
    draw = np.random.default_rng(seed)
    x = draw.standard_normal((n, d))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    network = network or sf.models.shallow(width, outputs, sf.Tanh(), antisymmetric=False)
    return sf.Problem(network, x, draw.standard_normal((n, outputs)), loss)


def setting(step_size=0.1, **kwargs):
    made = problem(**kwargs)
    return Setting(made, made.init(1), step_size)


def test_singular_values_are_those_of_the_jacobian():
    asked = setting(outputs=2)
    values = np.linalg.svd(asked.problem.jacobian(asked.params), compute_uv=False)
    np.testing.assert_allclose(asked.sigma_max.value, values[0], rtol=1e-12)
    np.testing.assert_allclose(asked.sigma_min.value, values[-1], rtol=1e-9)
    assert asked.sigma_min.lower < values[-1] < asked.sigma_min.upper


def test_fewer_parameters_than_equations_leave_no_positive_singular_value():
    asked = setting(n=9, d=2, width=2)
    assert asked.parameters == 6
    assert asked.sigma_min.lower == 0.0


def test_enclosures_hold_the_numbers_of_exact_arithmetic():
    asked = setting()
    w, a = (np.asarray(asked.params[i]["w"]) for i in (0, 2))
    x, y = np.asarray(asked.problem.x), np.asarray(asked.problem.y)
    with mpmath.workdps(50):
        z = mpmath.matrix(x) * mpmath.matrix(w).T
        h = z.apply(mpmath.tanh)
        s = 1 / mpmath.sqrt(w.shape[0])
        r = s * h * mpmath.matrix(a).T - mpmath.matrix(y)
        slope = (s * mpmath.diag(list(a[0]))) * z.apply(lambda v: 1 - mpmath.tanh(v) ** 2).T
        inner = mpmath.matrix(x) * mpmath.matrix(x).T
        outer = slope.T * slope
        k = s**2 * h * h.T
        for i in range(4):
            for j in range(4):
                k[i, j] += inner[i, j] * outer[i, j]
        eigenvalues = sorted(mpmath.eigsy(k, eigvals_only=True))
        norm = mpmath.norm(r)
        for enclosure, exact in (
            (asked.residual_norm, norm),
            (asked.gram_spectrum.smallest, eigenvalues[0]),
            (asked.gram_spectrum.largest, eigenvalues[-1]),
            (asked.sigma_min, mpmath.sqrt(eigenvalues[0])),
        ):
            assert enclosure.lower <= exact <= enclosure.upper
            assert enclosure.error <= 1e-11


def test_limit_spectrum_and_projections():
    asked = setting(network=sf.models.two_layer(8), n=5)
    x = np.asarray(asked.problem.x)
    rho = np.clip(x @ x.T, -1.0, 1.0)
    limit = rho * (np.pi - np.arccos(rho)) / (2 * np.pi)
    np.testing.assert_allclose(asked.limit_spectrum.eigenvalues, np.linalg.eigvalsh(limit), 1e-7)
    columns = np.random.default_rng(3).standard_normal((5, 2))
    weights = asked.limit_projections(columns)
    rebuilt = np.sum(weights * asked.limit_spectrum.eigenvalues)
    np.testing.assert_allclose(rebuilt, np.trace(columns.T @ limit @ columns), rtol=1e-7)


def test_networks_without_a_known_limit():
    network = sf.Serial(sf.Dense(4), sf.Tanh(), sf.Relu(), sf.Dense(1))
    asked = setting(network=network)
    assert asked.limit_spectrum is None
    assert asked.limit_projections(np.ones((4, 1))) is None


@pytest.mark.parametrize("loss", [sf.HalfSquared(), sf.SumSquared(), sf.MeanSquared()])
def test_steps_are_converted_to_half_the_square(loss):
    asked = setting(loss=loss, step_size=0.3)
    made, params = asked.problem, asked.params
    gradient = jax.grad(made.objective)(params)
    flat = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(gradient)])
    expected = asked.half_step * np.asarray(made.jacobian(params).T @ made.residual(params))
    np.testing.assert_allclose(0.3 * flat, expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(asked.own_step(asked.half_step), 0.3)


def test_inputs_and_curvature():
    asked = setting()
    x = np.asarray(asked.problem.x)
    np.testing.assert_allclose(asked.input_norms, 1.0)
    np.testing.assert_allclose(asked.input_operator_norm, np.linalg.svd(x)[1][0])
    bound = asked.lipschitz(0.1)
    assert bound is asked.lipschitz(0.1)
    draw = np.random.default_rng(0)
    start, tree = jax.flatten_util.ravel_pytree(asked.params)
    for _ in range(20):
        move = draw.standard_normal(start.size)
        move *= 0.1 / np.linalg.norm(move)
        change = asked.problem.jacobian(tree(start + move)) - asked.problem.jacobian(asked.params)
        assert np.linalg.norm(change, 2) <= bound.value * 0.1
    assert setting(network=sf.models.two_layer(8)).lipschitz(0.1) is None


@pytest.mark.parametrize("step", [0.0, -1.0, math.inf, math.nan])
def test_bad_step_sizes_are_refused(step):
    with pytest.raises(InvalidInputError, match=r"`Setting\(step_size=...\)` must be positive"):
        setting(step_size=step)


@pytest.mark.parametrize("probability", [0.0, 1.0, math.nan])
def test_bad_probabilities_are_refused(probability):
    made = problem()
    with pytest.raises(InvalidInputError, match=r"failure_probability=...\)` must lie strictly"):
        Setting(made, made.init(0), 0.1, failure_probability=probability)


FLOAT32_CALLER = """
import warnings; warnings.simplefilter("error")
import jax, numpy as np
import surefit as sf
from surefit.theory import Setting, assess
assert not jax.config.jax_enable_x64
p = sf.Problem(sf.models.shallow(16, antisymmetric=False), np.eye(3), 0.1 * np.ones(3))
found = assess(Setting(p, p.init(0), 0.5))
assert found["lee_2019"].promises and found["oymak_soltanolkotabi_2019"].promises
assert Setting(p, p.init(0), 0.5).gram_spectrum.eigenvalues.dtype == np.float64
assert not jax.config.jax_enable_x64
"""


def test_a_float32_caller_gets_float64_verdicts():
    subprocess.run([sys.executable, "-c", FLOAT32_CALLER], check=True)
