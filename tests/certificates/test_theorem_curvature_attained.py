r"""Where the curvature bounds of chains are attained, and their sharper propagation."""

import dataclasses

import numpy as np
import pytest
from chain_bounds import TOLERANCE, bounds, per_sample
from chain_networks import (
    BENT,
    LINEAR,
    TANH,
    Layer,
    gradients,
    jets,
    linear_map,
    moved,
    norm,
    norms,
    paper_residual,
    plain,
    post_residual,
    skip,
    states,
)


def layer_jacobians(layers, v, x):
    """T[l, j] = dz_l / dz_j and G[l, j] = dh_l / dz_j of dense chains: (n, m_l, m_j)."""
    zs = states(layers, v, x)[1]
    t, g = {}, {}
    for l_, layer in enumerate(layers):
        slope = layer.phi[1](zs[l_])[:, 0, :, None]
        m = linear_map(layer, (1, layer.w.shape[1]))
        for j in range(l_):
            t[l_, j] = m @ g[l_ - 1, j]
            g[l_, j] = skip(layer.b, g[l_ - 1, j]) + layer.t * slope * t[l_, j]
        g[l_, l_] = layer.t * slope * np.eye(len(layer.w))
    return t, g


@pytest.mark.parametrize("make", [plain, paper_residual, post_residual])
def test_sharper_propagation(make):
    rng = np.random.default_rng(7)
    for _ in range(40):
        layers, v, x = make(rng)
        rho = 10 ** rng.uniform(-3, 0)
        known = bounds(layers, v, x, rho)[0]
        new, new_v = moved(layers, v, x, rho, rng)
        (t, g), (now_t, now_g) = layer_jacobians(layers, v, x), layer_jacobians(new, new_v, x)
        dev_t, dev_g = {}, {}
        for l_, layer in enumerate(layers):
            own, rho_l = known[l_], rho * layer.trained
            chi = (own["bend"] * own["zeta_e"]).max(axis=(1, 2))
            dev_g[l_, l_] = layer.t * chi
            for j in range(l_):
                below = np.array([norm(m) for m in g[l_ - 1, j]]) * layer.s * rho_l
                dev_t[l_, j] = own["grown"] * dev_g[l_ - 1, j] + below
                size = np.array([norm(m) for m in t[l_, j]])
                rest = layer.t * (own["kappa"] * dev_t[l_, j] + chi * size)
                dev_g[l_, j] = layer.b * dev_g[l_ - 1, j] + rest
                change = np.array([norm(m) for m in now_t[l_, j] - t[l_, j]])
                assert np.all(change <= dev_t[l_, j] * TOLERANCE)
                # N times the batch norm is a valid row, as the product of norms is.
                assert np.all([norm(m) for m in now_t[l_, j]] <= (size + dev_t[l_, j]) * TOLERANCE)
            for j in range(l_ + 1):
                change = np.array([norm(m) for m in now_g[l_, j] - g[l_, j]])
                assert np.all(change <= dev_g[l_, j] * TOLERANCE)


def test_collatz_quotients():
    rng = np.random.default_rng(8)
    q = rng.exponential(size=(300, 4, 4))
    q = q + np.swapaxes(q, 1, 2)
    w = rng.exponential(size=(300, 4)) + 0.01
    top = np.linalg.eigvalsh(q)[:, -1]
    assert np.all(top <= np.max(np.einsum("tij,tj->ti", q, w) / w, axis=1) * TOLERANCE)
    for _ in range(60):
        w = np.einsum("tij,tj->ti", q, w)
        w /= np.linalg.norm(w, axis=1)[:, None]
    np.testing.assert_allclose(np.max(np.einsum("tij,tj->ti", q, w) / w, axis=1), top, rtol=1e-4)
    # The symmetric part matters: the norm of an unsymmetric matrix exceeds its quotient.
    upper = np.array([[0.0, 1.0], [0.0, 0.0]])
    assert np.linalg.eigvalsh((upper + upper.T) / 2)[-1] < np.linalg.norm(upper, 2)


def aligned_chain():
    layers = [
        Layer(np.array([[0.7]]), phi=BENT, s=0.9),
        Layer(np.array([[0.5]]), phi=BENT, a=1.0, s=0.8, t=0.7),
        Layer(np.array([[0.6]]), phi=BENT, b=1.0, t=0.4),
    ]
    return layers, np.array([[0.8]]), np.full((3, 1, 1), 1.1)


def aligned_convolution():
    layers = [
        Layer(np.full((1, 2), 0.4), phi=BENT, q=2, s=0.9),
        Layer(np.full((1, 3), 0.3), phi=BENT, q=3, a=1.0, t=0.7),
        Layer(np.full((1, 4), 0.2), phi=BENT, flatten=True),
    ]
    return layers, np.array([[0.8]]), np.full((3, 4, 1), 1.1)


def aligned_equilibrium():
    layers = [
        Layer(np.array([[0.7]]), phi=BENT),
        Layer(np.array([[0.5]]), phi=LINEAR, s=0.8, equilibrium=True),
        Layer(np.array([[0.6]]), phi=BENT),
    ]
    return layers, np.array([[0.8]]), np.full((3, 1, 1), 1.1)


@pytest.mark.parametrize("make", [aligned_chain, aligned_convolution, aligned_equilibrium])
@pytest.mark.parametrize("rho", [0.0, 0.2])
def test_every_bound_is_attained_where_all_is_positive_and_aligned(make, rho):
    layers, v, x = make()
    if rho:  # the mean slope of a bent activation on the way is below the largest one
        layers = [dataclasses.replace(layer, phi=LINEAR) for layer in layers]
    known, quad = bounds(layers, v, x, rho)
    corner = [dataclasses.replace(a, w=a.w * (1 + rho / norm(a.w))) for a in layers]
    new_v = v * (1 + rho / norm(v))
    old, now = states(layers, v, x), states(corner, new_v, x)
    (old_c, old_e), (now_c, now_e) = gradients(layers, v, x), gradients(corner, new_v, x)
    for position, own in enumerate(known):
        dz, dh = now[1][position] - old[1][position], now[0][position + 1] - old[0][position + 1]
        dc, de = now_c[position] - old_c[position], now_e[position] - old_e[position]
        pairs = [
            (dz, own["zeta_e"]) if dz.shape[1] == 1 else (0, 0),
            (norms(dz, 1), own["zeta_s"]),
            (np.linalg.norm(dz), own["zeta_b"]),
            (norms(dh, 1), own["ds"]),
            (np.linalg.norm(dh), own["db"]),
            (per_sample(dc), own["gs"]),
            (np.linalg.norm(dc), own["gb"]),
            (per_sample(de), own["eps_s"]),
            (np.linalg.norm(de), own["eps_b"]),
            (per_sample(now_e[position])[0], own["alpha"]),
        ]
        for number, (value, bound) in enumerate(pairs):
            np.testing.assert_allclose(value, bound, rtol=1e-9, err_msg=f"{position} {number}")
    # The whole form, for directions along the weights.
    rng = np.random.default_rng(6)
    nu = rng.random((20, len(layers) + 1))
    dws = [nu[:, j, None, None] * a.w / norm(a.w) for j, a in enumerate(layers)]
    second = jets(corner, new_v, x, dws, nu[:, -1, None, None] * v / norm(v))[2]
    form = np.einsum("bi,ij,bj->b", nu, quad, nu)
    np.testing.assert_allclose(norms(second, 1), form, rtol=1e-9)


def test_bounds_that_are_attained():
    # f = v w x: the second derivative in (w, v) is 2 x times the product of the changes.
    layers, x = [Layer(np.array([[0.7]]), phi=LINEAR)], np.array([[[1.3]]])
    quad = bounds(layers, np.array([[0.4]]), x, 0.0)[1]
    np.testing.assert_allclose(np.linalg.eigvalsh(quad)[-1], 1.3)
    # One sample, one tanh neuron, hidden weight only: |v phi''| x^2.
    layers[0] = Layer(np.array([[0.7]]))
    quad = bounds(layers, np.array([[0.4]]), x, 0.0, output_trained=False)[1]
    np.testing.assert_allclose(quad[0, 0], 0.4 * abs(TANH[2](0.7 * 1.3)) * 1.3**2)
