"""What the checker computes of networks, against an interpreter with complex steps."""

import functools
import math

import numpy as np
import pytest
from flint import arb, arb_mat, ctx

from surefit_checker.ball import Ball
from surefit_checker.curvature import chain_curvature, curvature
from surefit_checker.network import Network as evaluate
from surefit_checker.reading import read
from surefit_checker.verdict import RefusedError

NAMES = [
    "two layers",
    "two layers, two outputs",
    "two ReLU layers",
    "ReLU",
    "deep tanh",
    "residual",
    "convolution",
    "circular convolution",
    "local convolution",
    "equilibrium",
    "ReLU equilibrium",
]
PLAIN = {"kind": "flow", "rho": 1.0, "start_radius": 0.0}


@pytest.fixture(scope="module")
def evaluated(fitted, tmp_path_factory):
    """A case and the network that the checker makes of it, its kernel computed."""

    @functools.cache
    def make(name):
        case = fitted(name, 1e-3)
        folder = case.save(tmp_path_factory.mktemp("network"), PLAIN)
        network = evaluate(read(folder), Ball)
        return case, network, network.kernel()

    return make


@pytest.mark.parametrize("name", NAMES)
def test_residuals_and_kernels(name, evaluated):
    case, network, kernel = evaluated(name)
    residual, jacobian = case.residual(), case.jacobian()
    found = network.residual.reshape(-1)
    # The interpreter itself is off by some units in the last place.
    assert np.all(np.abs(found.mid - residual) <= found.rad + 1e-14)
    gram = jacobian @ jacobian.T
    assert np.all(np.abs(kernel.mid - gram) <= kernel.rad + 1e-13 * np.max(np.abs(gram)))
    assert np.max(kernel.rad) <= 1e-10 * np.max(np.abs(gram))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_equilibria_are_enclosed_nearly_as_sharply_as_floats_can(activation, build, tmp_path):
    m = 40
    case = build.equilibrium(n=3, m=m, activation=activation, keep=False)
    network = evaluate(read(case.save(tmp_path, PLAIN)), Ball)
    w, a, v = (arb_mat(case.arrays[name].tolist()) for name in ("w1", "a", "w2"))
    s, phi = arb(0.2 / math.sqrt(m)), {"relu": lambda x: x.max(arb(0)), "tanh": arb.tanh}
    with ctx.workprec(256):
        u = arb_mat(case.arrays["x"].tolist()) * w.transpose()
        h = u * 0
        for _ in range(160):  # a factor of about 0.4 each
            z = h * a.transpose() * s + u
            h = arb_mat(3, m, [phi[activation](x).mid() for x in z.entries()])
        f = h * v.transpose() * arb(1 / math.sqrt(m)) - arb_mat(case.arrays["y"].tolist())
        state, residual = network.layers[1], network.residual
        for ball, exact in ((state.z, z), (residual, f)):
            for mid, rad, x in zip(
                ball.mid.ravel(), ball.rad.ravel(), exact.entries(), strict=True
            ):
                assert abs(arb(float(mid)) - x) <= arb(float(rad))
    # Of numbers of size 1, behind a resolvent of 2 and sums of 40 terms.
    assert np.max(state.z.rad) <= 2e-14 and np.max(residual.rad) <= 1e-13


def lower_bound(case, rho, rng, rounds):
    """How much the Jacobian changes per distance, along directions that look for the worst."""
    theta, best = case.theta(), 0.0
    for _ in range(2):
        direction = rng.normal(size=theta.size)
        for _ in range(rounds):
            direction *= 0.5 * rho / np.linalg.norm(direction)
            centre = theta + 0.4 * rho * rng.uniform(-1, 1) * direction / np.linalg.norm(direction)
            after, before = (case.at(centre + side * direction) for side in (1, -1))
            change = after.jacobian() - before.jacobian()
            _, values, v = np.linalg.svd(change, full_matrices=False)
            best = max(best, values[0] / np.linalg.norm(2 * direction))
            direction = v[0]  # a power iteration, were the second derivative constant
    return best


@pytest.mark.parametrize("name", NAMES)
def test_curvature_bounds_the_change_of_the_jacobian(name, evaluated):
    case, network, _ = evaluated(name)
    rng = np.random.default_rng(0)
    for rho in (0.2,) if "local" in name else (1e-3, 0.2):
        try:
            bound = curvature(network, rho)
        except RefusedError as refusal:
            assert "ReLU" in name and "change its sign" in str(refusal)
            continue
        assert lower_bound(case, rho, rng, 1 if "local" in name else 2) <= bound * (1 + 1e-9)


def test_two_layers_are_nearly_tight(evaluated):
    case, network, _ = evaluated("two layers")
    bound = curvature(network, 1e-4)
    found = lower_bound(case, 1e-4, np.random.default_rng(1), 8)
    assert found <= bound <= 1.5 * found
    # The bound for chains holds as well, and is larger.
    assert bound < chain_curvature(network, 1e-4)


def test_curvature_grows_with_the_radius(evaluated):
    for name in ("two layers", "residual", "equilibrium"):
        bounds = [curvature(evaluated(name)[1], rho) for rho in (1e-6, 1e-3, 1e-1)]
        assert bounds == sorted(bounds)


def test_only_the_output_layer_trained_has_no_curvature(build, tmp_path):
    case = build.two_layer()
    case.network["layers"][0]["trained"] = False
    network = evaluate(read(case.save(tmp_path, PLAIN)), Ball)
    network.kernel()
    assert curvature(network, 1.0) == 0.0


def test_flips_are_found(evaluated):
    case, network, _ = evaluated("ReLU")
    rng, layers = np.random.default_rng(0), network.layers[:-1]
    rho = 1e-3
    while True:
        try:
            curvature(network, rho)
            rho *= 1.5
        except RefusedError:
            break
    rho /= 1.5  # the largest radius (of this grid) that passes
    signs = [layer.z.mid > 0 for layer in layers]
    theta = case.theta()
    for _ in range(100):
        step = rng.normal(size=theta.size)
        moved = case.at(theta + rho / np.linalg.norm(step) * step).arrays
        h = moved["x"]
        for layer, old in zip(case.network["layers"], signs, strict=False):
            z = layer["factor"] * h @ moved[layer["weights"]].T
            assert np.array_equal(z > 0, old[:, 0])
            h = np.maximum(z, 0.0)


def test_features_that_are_always_zero_do_not_count_as_kinks(build, tmp_path):
    case = build.convolutional(activation="relu", n=3)
    for layer in case.network["layers"][:2]:
        layer["bias"] = None
    del case.arrays["b1"]
    case.arrays["x"][:, :2, :3] = 0.0
    network = evaluate(read(case.save(tmp_path, PLAIN)), Ball)
    kernel = network.kernel()
    assert curvature(network, 1e-9) > 0
    jacobian = case.jacobian()
    assert np.allclose(kernel.mid, jacobian @ jacobian.T, rtol=1e-12, atol=1e-14)
