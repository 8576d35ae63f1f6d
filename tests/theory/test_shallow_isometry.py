"""Lemma 3: singular values and Lipschitz constant of the Jacobian of V phi(W X)."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from surefit.activations import Gelu, Identity, Relu, Sigmoid, Tanh
from surefit.core.check import Check
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.layers import Dense, Serial
from surefit.models import shallow_family
from surefit.problem import Problem
from surefit.theory import Setting
from surefit.theory.shallow import (
    SMOOTHNESS,
    jacobian_isometry,
    shallow_isometry,
    smoothness_constant,
)

N, D0, D1, D2 = 5, 4, 8, 2
PROVED = ("printed", "fixed_point", "sharp")


def unit_rows(n, d, seed=0):
    x = np.random.default_rng(seed).normal(size=(n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def start(seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(D1, D0)), scale * rng.normal(size=(D2, D1)) / math.sqrt(D1)


def jacobian_of(activation, x):
    def outputs(theta):
        w, v = theta[: D1 * D0].reshape(D1, D0), theta[D1 * D0 :].reshape(D2, D1)
        return (v @ activation(w @ x.T)).reshape(-1)

    return jax.jit(jax.jacfwd(outputs))


def flat(weights, output):
    return jnp.asarray(np.concatenate([weights.ravel(), output.ravel()]))


@pytest.mark.parametrize("activation", [Gelu(), Tanh(), Sigmoid(shifted=True)], ids=str)
def test_singular_values_of_the_jacobian_lie_between_mu_and_nu(activation):
    x = unit_rows(N, D0)
    jacobian = jacobian_of(activation, jnp.asarray(x))
    for seed in range(3):
        weights, output = start(seed)
        values = np.linalg.svd(np.asarray(jacobian(flat(weights, output))), compute_uv=False)
        found = shallow_isometry(activation, weights, output, x)
        assert 0 < found.mu.upper <= values[-1] and values[0] <= found.nu.lower
        # The sum in nu is loose by at most sqrt 2 where both parts meet in one direction.
        assert found.nu.upper <= 3 * values[0]


def test_mu_and_nu_are_attained_where_one_layer_says_all():
    # V = 0: the Jacobian is that of the output layer alone.
    x, (weights, output) = unit_rows(N, D0), start()
    found = shallow_isometry(Gelu(), weights, 0.0 * output, x)
    values = np.linalg.svd(
        np.asarray(jacobian_of(Gelu(), jnp.asarray(x))(flat(weights, 0.0 * output))),
        compute_uv=False,
    )
    assert found.mu.contains(values[N * D2 - 1]) and found.nu.contains(values[0])


@pytest.mark.parametrize("row_norm", [0.5, 1.0, 2.0])
def test_beta_bounds_the_change_of_the_jacobian_in_the_ball(row_norm):
    x = row_norm * unit_rows(N, D0)
    jacobian = jacobian_of(Gelu(), jnp.asarray(x))
    rng = np.random.default_rng(3)
    for scale in (0.1, 3.0):
        weights, output = start(4, scale)
        centre = flat(weights, output)
        for smoothness in PROVED:
            found = shallow_isometry(Gelu(), weights, output, x, smoothness)
            radius = found.mu.value / (2 * found.beta.value)
            for _ in range(10):
                first, second = rng.normal(size=(2, centre.size))
                first *= radius * rng.uniform() / np.linalg.norm(first)
                second *= radius * rng.uniform() / np.linalg.norm(second)
                change = jacobian(centre + first) - jacobian(centre + second)
                ratio = np.linalg.norm(np.asarray(change), 2) / np.linalg.norm(first - second)
                assert ratio <= found.beta.lower


def test_sharp_beta_is_nearly_attained():
    # One weight each, x = 1: D^2 (v phi(w)) = [[v phi'', phi'], [phi', 0]], and for large v the
    # first entry is all of it; phi'' of GELU is largest at 0, where mu is small.
    for v in (10.0, 100.0):
        found = shallow_isometry(Gelu(), np.array([[1e-3]]), np.array([[v]]), np.eye(1), "sharp")
        hessian = jax.hessian(lambda p: p[1] * Gelu()(p[0]))(jnp.array([1e-3, v]))
        norm = np.linalg.norm(np.asarray(hessian), 2)
        assert norm <= found.beta.lower <= (1 + 1.5 / v) * norm


def test_ways_to_bound_beta_are_ordered_and_solve_their_equations():
    x, (weights, output) = unit_rows(N, D0), start()
    found = {way: shallow_isometry(Tanh(), weights, output, x, way) for way in SMOOTHNESS}
    values = {way: each.beta.value for way, each in found.items()}
    assert values["printed"] > values["fixed_point"] > values["sharp"]
    mu, s = found["sharp"].mu.value, np.linalg.norm(x, 2)
    v = np.linalg.norm(output, 2)
    slope, bend = Tanh().lipschitz, Tanh().smoothness
    for way, c in (("fixed_point", math.sqrt(2)), ("sharp", 1.0)):
        chi = v + mu / (2 * values[way])
        assert values[way] == pytest.approx(c * s * (slope + bend * chi), rel=1e-12)
    chi = v + mu / (2 * math.sqrt(2) * s * slope)
    assert values["printed"] == pytest.approx(math.sqrt(2) * s * (slope + bend * chi), rel=1e-12)
    assert values["assumed"] == pytest.approx(2 * math.sqrt(2) * s * slope, rel=1e-12)
    nu = slope * s * v + np.linalg.norm(np.tanh(x @ weights.T), 2)
    assert all(each.nu.value == pytest.approx(nu, rel=1e-12) for each in found.values())
    assert all(each.mu == found["sharp"].mu for each in found.values())


def test_beta_rises_with_everything_it_depends_on():
    base = {"mu": 2.0, "input_norm": 1.5, "output_norm": 0.7, "largest_row": 1.0}
    for way in PROVED:
        least = smoothness_constant(Gelu(), **base, smoothness=way)
        for name, value in base.items():
            more = smoothness_constant(Gelu(), **{**base, name: 1.1 * value}, smoothness=way)
            assert more > least


def test_published_sizes_at_twenty_samples():
    # n = d_0 = 20, omega_1 = 1, omega_2 = 1/sqrt(d_0 d_1), d_1 = 2000: mu 11.2, nu 65, beta 5.5.
    rng = np.random.default_rng(0)
    for seed in range(2):
        x = unit_rows(20, 20, seed)
        weights, output = rng.normal(size=(2000, 20)), rng.normal(size=(1, 2000)) / 200
        found = shallow_isometry(Gelu(), weights, output, x)
        assert found.mu.value == pytest.approx(11.2, rel=0.15)
        assert found.nu.value == pytest.approx(65, rel=0.1)
        assert found.beta.value == pytest.approx(5.5, rel=0.1)


def test_too_few_features_fail_the_check_that_goes_with_the_constants():
    x, (weights, output) = unit_rows(D1 + 1, D0), start()
    found = shallow_isometry(Gelu(), weights, output, x)
    (check,) = found.checks
    assert found.mu.upper == 0.0 and check.holds is False
    assert isinstance(check, Check) and check.name == "width d_1 >= n"


def test_assumed_bound_on_the_output_weights_is_never_called_proved():
    x, (weights, output) = unit_rows(N, D0), start()
    small = shallow_isometry(Gelu(), weights, 0.01 * output, x, "assumed").checks[1]
    large = shallow_isometry(Gelu(), weights, 10.0 * output, x, "assumed").checks[1]
    assert small.holds is None and "assumed of the run" in small.note
    assert large.holds is False and large.bound == pytest.approx(1.128904 / 0.797885, rel=1e-5)
    linear = shallow_isometry(Identity(), weights, output, x, "assumed")
    assert linear.checks[1].holds is None


def setting_of(network, seed=0):
    problem = Problem(network, unit_rows(N, D0), np.full((N, D2), 0.1))
    return Setting(problem, problem.init(seed), 1.0)


def test_constants_of_the_jacobian_itself_are_sharper():
    setting = setting_of(shallow_family(64, D0, D2, init="song"))
    weights, output = (np.asarray(p["w"]) for p in (setting.params[0], setting.params[2]))
    lemma = shallow_isometry(Gelu(), weights, output, setting.problem.x, "sharp")
    found = jacobian_isometry(setting)
    assert found.mu.lower >= lemma.mu.upper and found.nu.upper <= lemma.nu.lower
    # Not by orders: the output layer, wide as it is, dominates both.
    assert found.mu.value <= 1.5 * lemma.mu.value and found.nu.value >= 0.7 * lemma.nu.value
    # beta holds on the whole ball of Lemma 1, and hardly beyond.
    radius = found.mu.lower / (2 * found.beta.value)
    assert setting.lipschitz(radius).value <= found.beta.value
    assert setting.lipschitz(0.9 * radius).value < found.beta.value
    assert found.checks == () and found.source.startswith("Jacobian at the start")


def test_constants_of_the_jacobian_where_the_curvature_is_zero_or_unknown():
    linear = jacobian_isometry(setting_of(Serial(Dense(30, trained=False), Tanh(), Dense(D2))))
    assert linear.beta.upper == 0.0 and linear.mu.lower > 0.0
    kinked = setting_of(Serial(Dense(30), Relu(), Dense(D2)))
    assert jacobian_isometry(kinked) is None


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: shallow_isometry(Relu(), *start(), unit_rows(N, D0)),
            InvalidInputError,
            r"`smoothness_constant\(activation=...\)` must have bounded first and second",
        ),
        (
            lambda: shallow_isometry(Gelu(), start()[0], np.ones((1, 3)), unit_rows(N, D0)),
            InvalidInputError,
            r"`shallow_isometry\(output=...\)` must have one column per hidden feature. Got 3 col",
        ),
    ],
)
def test_misuse_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_an_unknown_way_is_refused():
    message = r"smoothness must be a known name. Got 'tight'.*Known: assumed, fixed_point"
    with pytest.raises(UnknownNameError, match=message):
        smoothness_constant(Gelu(), 1.0, 1.0, 1.0, smoothness="tight")
