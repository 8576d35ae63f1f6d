r"""The curvature of chains (docs/certificates/curvature.md), formula by formula.

Every bound is compared with exact derivatives at points of the ball, found by random and by
aligned moves of the weights.
"""

import dataclasses
import math

import numpy as np
import pytest
from chain_bounds import TOLERANCE, bounds, per_sample, stacked
from chain_networks import (
    LEAKY,
    NETWORKS,
    TANH,
    Layer,
    dense,
    directions,
    flat,
    gradients,
    implicit,
    jets,
    largest,
    moved,
    norm,
    norms,
    patches,
    product,
    rectified,
    size_of_second_derivative,
    states,
)


@pytest.mark.parametrize("make", NETWORKS)
def test_every_bound_holds_on_the_ball(make):
    rng = np.random.default_rng(1)
    tried = 0
    while tried < 25:
        layers, v, x = make(rng)
        rho = 10 ** rng.uniform(-5, -3) if make is rectified else 10 ** rng.uniform(-3, 0)
        if make is implicit:
            rho = min(rho, 1.0)
        known, quad = bounds(layers, v, x, rho)
        if not all(own["fine"] for own in known):
            continue
        tried += 1
        new, new_v = moved(layers, v, x, rho, rng)
        old, now = states(layers, v, x), states(new, new_v, x)
        (old_c, old_e), (now_c, now_e) = gradients(layers, v, x), gradients(new, new_v, x)
        p = sum(a.w.size * a.trained for a in layers) + v.size
        rows = rng.normal(size=(40, p)) * rng.exponential(size=(40, p)) ** 3
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        dws, dv = directions(layers, v, rows)
        nu = np.stack([np.linalg.norm(d.reshape(40, -1), axis=1) for d in [*dws, dv]], axis=1)
        dzs, dhs, second = jets(new, new_v, x, dws, dv)
        for position, own in enumerate(known):
            dz = now[1][position] - old[1][position]
            dh = now[0][position + 1] - old[0][position + 1]
            dc, de = now_c[position] - old_c[position], now_e[position] - old_e[position]
            layer = layers[position]
            pairs = [
                (np.abs(dz), own["zeta_e"] * TOLERANCE),
                (np.linalg.norm(dz, axis=(1, 2)), own["zeta_s"] * TOLERANCE),
                (np.linalg.norm(dz), own["zeta_b"] * TOLERANCE),
                (np.linalg.norm(dh, axis=(1, 2)), own["ds"] * TOLERANCE),
                (np.linalg.norm(dh), own["db"] * TOLERANCE),
                (per_sample(dc), own["gs"] * TOLERANCE),
                (np.linalg.norm(dc), own["gb"] * TOLERANCE),
                (per_sample(de), own["eps_s"] * TOLERANCE),
                (np.linalg.norm(de), own["eps_b"] * TOLERANCE),
                (per_sample(now_e[position]).max(), own["alpha"] * TOLERANCE),
                (stacked(now_e[position]), own["omega"] * TOLERANCE),
            ]
            bent = np.abs(layer.phi[2](now[1][position])) * np.linalg.norm(now_c[position], axis=1)
            pairs.append((layer.t * largest(bent), own["tau"] * TOLERANCE))
            for values, big, small in (
                (dzs[position], own["big"], own["small"]),
                (dhs[position + 1], own["bar_big"], own["bar_small"]),
            ):
                all_samples = sum(value * nu[:, j] for j, value in big.items()) + 0 * nu[:, 0]
                worst = sum(value * nu[:, j] for j, value in small.items()) + 0 * nu[:, 0]
                pairs.append((norms(values, 1), all_samples * TOLERANCE))
                pairs.append((norms(values, 2).max(axis=1), worst * TOLERANCE))
            for change, big, small in (
                (dz, own["big"], own["small"]),
                (dh, own["bar_big"], own["bar_small"]),
            ):
                # One budget for all layers: rho times the norm of the row.
                whole, single = (rho * math.hypot(*row.values()) for row in (big, small))
                pairs.append((np.linalg.norm(change), whole * TOLERANCE))
                pairs.append((norms(change, 1), single * TOLERANCE))
            for number, (value, bound) in enumerate(pairs):
                assert np.all(value <= bound + 1e-11), (position, number)
        form = np.einsum("bi,ij,bj->b", nu, quad, nu)
        assert np.all(np.linalg.norm(second.reshape(40, -1), axis=1) <= form * TOLERANCE)


@pytest.mark.parametrize("make", NETWORKS)
def test_the_norm_of_the_second_derivative(make):
    rng = np.random.default_rng(2)
    ratios = []
    while len(ratios) < 2:
        layers, v, x = make(rng)
        known, quad = bounds(layers, v, x, 1e-4)
        if all(own["fine"] for own in known):
            at = moved(layers, v, x, 1e-4, rng)
            ratios.append(np.linalg.eigvalsh(quad)[-1] / size_of_second_derivative(*at, x, rng))
    assert min(ratios) >= 1.0
    assert max(ratios) < 40.0  # a bound, not a guess at infinity


def test_the_jets_are_those_of_the_network():
    # Second differences of the outputs, and the sum of Lemma 1, which goes backwards.
    rng = np.random.default_rng(3)
    for make in NETWORKS:
        layers, v, x = make(rng)
        p = sum(a.w.size * a.trained for a in layers) + v.size
        dws, dv = directions(layers, v, rng.normal(size=(1, p)) / math.sqrt(p))
        dzs, dhs, second = jets(layers, v, x, dws, dv)

        def outputs(step, layers=layers, v=v, x=x, dws=dws, dv=dv):
            new = [
                dataclasses.replace(a, w=a.w + step * d[0])
                for a, d in zip(layers, dws, strict=True)
            ]
            return states(new, v + step * dv[0], x)[2]

        step = 1e-4
        difference = (outputs(step) - 2 * outputs(0.0) + outputs(-step)) / step**2
        np.testing.assert_allclose(second[0], difference, atol=3e-6 * (1 + np.abs(second).max()))
        cs, es = gradients(layers, v, x)
        total = 2 * dhs[-1][0].reshape(len(x), -1) @ dv[0].T
        zs = states(layers, v, x)[1]
        for at, layer in enumerate(layers):
            bend = layer.phi[2](zs[at]) * dzs[at][0] ** 2
            total += layer.t * np.einsum("nkuc,nuc->nk", cs[at], bend)
            below = dhs[at + 1][0] if layer.equilibrium else patches(layer, flat(layer, dhs[at][0]))
            total += 2 * layer.s * np.einsum("nkuc,nuc->nk", es[at], product(dws[at][0], below))
        np.testing.assert_allclose(total, second[0], atol=1e-10)


def two_layer(w, a, x, phi):
    z = x @ w.T
    worst = 0.0
    for j in range(len(w)):
        gram = phi[2](z[:, j])[:, None] * (x @ x.T) ** 2 * phi[2](z[:, j])
        big = np.linalg.norm(a[:, j]) * math.sqrt(np.linalg.eigvalsh(gram)[-1])
        mixed = norm(phi[1](z[:, j])[:, None] * x)
        worst = max(worst, (big + math.sqrt(big**2 + 4 * mixed**2)) / 2)
    return worst


def test_two_layers_block_by_block():
    rng = np.random.default_rng(4)
    ratios = []
    for _ in range(12):
        layers, v, x = dense(rng, [2, 4], k=2)
        true = size_of_second_derivative(layers, v, x, rng)
        sharp = two_layer(layers[0].w, v, x[:, 0], TANH)
        ratios.append(sharp / true)
        assert sharp <= np.linalg.eigvalsh(bounds(layers, v, x, 0.0)[1])[-1] * TOLERANCE
    assert min(ratios) * TOLERANCE >= 1.0
    assert np.median(ratios) < 1.5
    # One sample, one output: attained.
    layers, v, x = dense(rng, [2, 3], k=1)
    one = size_of_second_derivative(layers, v, x[:1], rng)
    np.testing.assert_allclose(two_layer(layers[0].w, v, x[:1, 0], TANH), one, rtol=1e-9)


def test_a_stack_is_not_monotone_in_slopes():
    # Why all samples together need Frobenius norms: 0 <= D <= I may raise the norm of a stack.
    rows = np.array([[1.0, 1.0], [1.0, -1.0]])
    slopes = np.array([[1.0, 1.0], [1.0, 0.0]])
    assert norm(rows * slopes) > 1.1 * norm(rows)


def test_a_kink_that_may_flip_breaks_the_bound():
    # f = v relu(w x) at w = 1e-3, radius 1e-2: J jumps although the formulas give |x|.
    layers, v, x = [Layer(np.array([[1e-3]]), phi=LEAKY)], np.array([[1.0]]), np.array([[[1.0]]])
    known, quad = bounds(layers, v, x, 1e-2)
    assert not known[0]["fine"]
    slopes = [LEAKY[1](np.array(w)) for w in (1e-3, -1e-3)]
    assert abs(slopes[0] - slopes[1]) > 100 * np.linalg.eigvalsh(quad)[-1] * 2e-3
