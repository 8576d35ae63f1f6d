"""Descent from the weights of accepted certificates, for a thousand steps: it keeps every bound."""

import functools
import importlib.util
import math
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import arb, arb_mat, ctx

from surefit_checker import check

STEPS = 1000
SLACK = 1e-13  # rounding of outputs and of paths in float64


@pytest.fixture(scope="module")
def traced(build):
    """The interpreter of the format with JAX in NumPy's place."""
    spec = importlib.util.spec_from_file_location("traced_build", build.__file__)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module.np, module.erf = jnp, jax.scipy.special.erf
    module.FUNCTIONS |= {
        "tanh": jnp.tanh,
        "sin": jnp.sin,
        "erf": jax.scipy.special.erf,
        "relu": jax.nn.relu,
    }
    return module


def descend(traced, case, step):
    """Norms of the residual, lengths of the path and distances, before every step."""
    arrays = {name: jnp.asarray(a) for name, a in case.arrays.items()}
    trained = {name: arrays[name] for name in case.trained()}

    def residual(weights):
        outputs = traced.forward(case.network, arrays | weights)
        return outputs - arrays["y"]

    def norm(tree):
        return jnp.sqrt(sum(jnp.sum(x * x) for x in jax.tree.leaves(tree)))

    def one(state, _):
        weights, path = state
        r, pull = jax.vjp(residual, weights)
        change = jax.tree.map(lambda g: step * g, pull(r)[0])
        away = norm(jax.tree.map(jnp.subtract, weights, trained))
        after = jax.tree.map(jnp.subtract, weights, change)
        return (after, path + norm(change)), (norm(r), path, away)

    run = jax.jit(lambda: jax.lax.scan(one, (trained, jnp.zeros(())), length=STEPS)[1])
    return map(np.asarray, run())


def accepted(fitted, honest, name, folder):
    """The case with the largest residual, of powers of ten, that is proved."""
    for power in range(1, 9):
        size = 10.0**-power
        statement = honest(name, size) | {"rho": 4 / 3 * honest(name, size)["rho"]}
        verdict = check(fitted(name, size).save(folder, statement))
        if verdict.verdict == "proved":
            return fitted(name, size), statement, verdict.numbers
    raise AssertionError(f"nothing is proved of {name}")


def keeps(traced, fitted, honest, name, folder):
    case, statement, own = accepted(fitted, honest, name, folder)
    r, path, away = descend(traced, case, statement["step_size"])
    fit = 1 - statement["step_size"] * own["rate"]
    noise = SLACK * (1 + np.linalg.norm(case.theta()))
    assert np.all(r <= fit ** np.arange(STEPS) * own["residual_norm"] * (1 + 1e-9) + noise)
    assert np.all(r[1:] <= fit * r[:-1] * (1 + 1e-9) + noise)
    assert np.all(path <= own["path_length"] * (1 + 1e-9) + noise)
    assert np.all(away <= own["path_length"] * (1 + 1e-9) + noise)
    assert own["path_length"] <= statement["rho"]
    # The bounds are not idle: the path is longer than what the residual alone asks for.
    assert path[-1] >= (r[0] - r[-1]) / (own["jacobian_norm"] * (1 + 1e-6) + noise) * 0.5


FAST = ["two layers", "two ReLU layers", "residual"]
SLOW = [
    "two layers, two outputs",
    "ReLU",
    "deep tanh",
    "convolution",
    "circular convolution",
    "local convolution",
    "equilibrium",
    "ReLU equilibrium",
]


@pytest.mark.parametrize("name", FAST)
def test_a_thousand_steps(name, traced, fitted, honest, tmp_path):
    keeps(traced, fitted, honest, name, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_a_thousand_steps_of_other_networks(name, traced, fitted, honest, tmp_path):
    keeps(traced, fitted, honest, name, tmp_path)


def test_every_network_is_run(build):
    assert sorted([*FAST, *SLOW]) == sorted(build.CASES)


def _mid(matrix):
    return matrix.mid()


def exact_run(case, step, steps):
    """Norms of the residual and lengths of the path in 256 bits, for tanh in two layers."""
    x, y, w, v = (arb_mat(case.arrays[name].tolist()) for name in ("x", "y", "w1", "w2"))
    s, t = (arb(layer["factor"]) for layer in case.network["layers"])
    n, m = x.nrows(), w.nrows()
    path = arb(0)

    def size(*matrices):
        return sum((e * e for a in matrices for e in a.entries()), arb(0)).sqrt()

    for _ in range(steps):
        h = _mid(arb_mat(n, m, [(s * z).tanh() for z in (x * w.transpose()).entries()]))
        r = _mid(h * v.transpose() * t - y)
        yield size(r), path
        back = [
            t * r[i, 0] * v[0, j] * (1 - h[i, j] * h[i, j]) * s for i in range(n) for j in range(m)
        ]
        change_w = arb_mat(n, m, back).transpose() * x * step
        change_v = r.transpose() * h * t * step
        path = (path + size(change_w, change_v)).mid()
        w, v = _mid(w - change_w), _mid(v - change_v)


@functools.cache
def _small(build):
    return build.two_layer(3, 3, 6)


@pytest.mark.parametrize("factor", [0.9, 1.3])
@pytest.mark.parametrize("steps", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_run_in_many_digits(steps, factor, build, tmp_path):
    case = _small(build).fitted(3e-3)
    values = np.linalg.svd(case.jacobian(), compute_uv=False)
    statement = {
        "kind": "descent",
        "rho": 2.0 * 3e-3 / float(values[-1]),
        "step_size": factor / float(values[0]) ** 2,
        "start_radius": 0.0,
    }
    verdict = check(case.save(tmp_path, statement))
    assert verdict.verdict == "proved", verdict.reason
    own, before = verdict.numbers, None
    with ctx.workprec(256):
        step = arb(statement["step_size"])
        fit = 1 - step * arb(own["rate"])
        for k, (r, path) in enumerate(exact_run(case, step, steps)):
            assert r <= fit**k * arb(own["residual_norm"])
            assert path <= arb(own["path_length"])
            assert before is None or r <= fit * before
            before = r
    assert math.isfinite(float(path)) and float(path) > 0.1 * own["path_length"]
