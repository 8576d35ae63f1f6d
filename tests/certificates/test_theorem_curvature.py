r"""The curvature of chains (docs/certificates/curvature.md), formula by formula, in NumPy.

The bounds are written down once more from the page and compared with exact second derivatives,
which are propagated forwards as two-jets (the page goes backwards), at points of the ball.
"""

import dataclasses
import itertools
import math

import numpy as np
import pytest

# phi, phi', phi'', sup |phi''|, sup |phi'''|
TANH = (
    np.tanh,
    lambda z: 1 - np.tanh(z) ** 2,
    lambda z: -2 * np.tanh(z) * (1 - np.tanh(z) ** 2),
    4 / 27**0.5,
    2.0,
)
SINE = (np.sin, np.cos, lambda z: -np.sin(z), 1.0, 1.0)
LEAKY = (
    lambda z: np.where(z > 0, z, 0.1 * z),
    lambda z: np.where(z > 0, 1.0, 0.1),
    lambda z: 0.0 * z,
    0.0,
    0.0,
)
BENT = (
    lambda z: z + z * z / 4,
    lambda z: 1 + z / 2,
    lambda z: 0 * z + 0.5,
    0.5,
    0.0,
)
LINEAR = (lambda z: z, np.ones_like, lambda z: 0.0 * z, 0.0, 0.0)


@dataclasses.dataclass
class Layer:
    w: np.ndarray  # channels by patch entries
    phi: tuple = TANH
    a: float = 0.0
    b: float = 0.0
    s: float = 1.0
    t: float = 1.0
    q: int = 1
    equilibrium: bool = False
    trained: bool = True
    flatten: bool = False
    bias: float = 0.0


def norm(matrix):
    return np.linalg.norm(matrix, 2)


def norms(values, axes):
    """Euclidean norms over all but the first axes."""
    return np.linalg.norm(values.reshape(*values.shape[:axes], -1), axis=-1)


def largest(values):
    return float(np.max(values))


def flat(layer, h):
    return h.reshape(*h.shape[:-2], 1, -1) if layer.flatten else h


def patches(layer, h):
    """Circular patches of q positions: (..., n, u, c) to (..., n, u, q c)."""
    return np.concatenate([np.roll(h, -shift, axis=-2) for shift in range(layer.q)], axis=-1)


def skip(factor, h):
    return factor * h if factor else 0.0


def product(w, h):
    return np.einsum("...nup,...cp->...nuc", h, w)


def equilibrium(layer, w, u):
    h = np.zeros_like(u)
    for _ in range(60):
        h = layer.phi[0](layer.s * product(w, h) + u)
    return h


def states(layers, v, x):
    """All states, pre-activations and outputs."""
    h, hs, zs = x, [x], []
    for layer in layers:
        h = flat(layer, h)
        if layer.equilibrium:
            new = equilibrium(layer, layer.w, h)
            z = layer.s * product(layer.w, new) + h
            h = new
        else:
            z = skip(layer.a, h) + layer.s * product(layer.w, patches(layer, h)) + layer.bias
            h = skip(layer.b, h) + layer.t * layer.phi[0](z)
        hs.append(h)
        zs.append(z)
    return hs, zs, h.reshape(len(x), -1) @ v.T


def jets(layers, v, x, dws, dv):
    """First derivatives of z and h, second derivative of the outputs (n, k), along directions."""
    hs, zs, _ = states(layers, v, x)
    dh = d2h = np.zeros((len(dv), *x.shape))
    dzs, dhs = [], [dh]
    for position, (layer, new, z, dw) in enumerate(zip(layers, hs[1:], zs, dws, strict=True)):
        h, dh, d2h = flat(layer, hs[position]), flat(layer, dh), flat(layer, d2h)
        slope, bend = layer.phi[1](z), layer.phi[2](z)
        if layer.equilibrium:
            inverse = np.linalg.inv(np.eye(len(layer.w)) - layer.s * layer.w * slope[:, 0, None])
            dz = layer.s * product(dw, np.broadcast_to(new, dh.shape)) + dh
            dz = np.einsum("nab,...nub->...nua", inverse, dz)
            first = slope * dz
            d2z = 2 * layer.s * product(dw, first) + d2h
            d2z = d2z + layer.s * product(layer.w, bend * dz**2)
            d2z = np.einsum("nab,...nub->...nua", inverse, d2z)
            dh, d2h = first, bend * dz**2 + slope * d2z
        else:
            at = np.broadcast_to(patches(layer, h), (len(dv), *patches(layer, h).shape))
            moved = patches(layer, dh)
            dz = layer.s * product(dw, at) + skip(layer.a, dh) + layer.s * product(layer.w, moved)
            d2z = 2 * layer.s * product(dw, moved)
            d2z = d2z + skip(layer.a, d2h) + layer.s * product(layer.w, patches(layer, d2h))
            dh = skip(layer.b, dh) + layer.t * slope * dz
            d2h = skip(layer.b, d2h) + layer.t * (bend * dz**2 + slope * d2z)
        dzs.append(dz)
        dhs.append(dh)
    rows = (len(dv), len(x), -1)
    second = 2 * np.einsum("bnm,bkm->bnk", dh.reshape(rows), dv)
    return dzs, dhs, second + d2h.reshape(rows) @ v.T


def linear_map(layer, shape):
    """M as a matrix on flattened states of one sample."""
    basis = np.eye(math.prod(shape)).reshape(-1, *shape)
    image = layer.a * basis if layer.a else 0.0
    return (image + layer.s * product(layer.w, patches(layer, basis))).reshape(len(basis), -1).T


def gradients(layers, v, x):
    """C (C~ for equilibria) and E at every layer: (n, k, u, c)."""
    hs, zs, _ = states(layers, v, x)
    c = np.broadcast_to(v, (len(x), *v.shape)).reshape(len(x), len(v), *hs[-1].shape[1:])
    cs, es = [], []
    for layer, h, z in reversed(list(zip(layers, hs[:-1], zs, strict=True))):
        slope = layer.phi[1](z)[:, None]
        if layer.equilibrium:
            inverse = np.linalg.inv(
                np.eye(len(layer.w)) - layer.s * slope[:, 0, 0, :, None] * layer.w
            )
            c = np.einsum("nkua,nab->nkub", c, inverse)
            e = below = c * slope
        else:
            e = layer.t * c * slope
            m = linear_map(layer, flat(layer, h).shape[1:])
            below = (e.reshape(len(x) * len(v), -1) @ m).reshape(len(x), len(v), *h.shape[1:])
            below = below + layer.b * c.reshape(below.shape) if layer.b else below
        cs.append(c)
        es.append(e)
        c = below
    return cs[::-1], es[::-1]


def sups(layer, z, reach):
    """Upper bounds of |phi'| and |phi''| on intervals, by the next derivative at the centre."""
    third = layer.phi[4]
    bend = np.minimum(np.abs(layer.phi[2](z)) + third * reach, layer.phi[3])
    slope = np.abs(layer.phi[1](z)) + bend * reach
    return slope if layer.phi is BENT else np.minimum(slope, 1.0), bend


def per_sample(matrices):
    return np.array([norm(m.reshape(len(m), -1)) for m in matrices])


def stacked(e):
    return norm(e.reshape(-1, e.shape[-1]))


def reaches(layer, rho, before, after, ds, db):
    """How far pre-activations go: (of an entry, of a sample, of all), and what P is made of."""
    rho_l, s, root = rho * layer.trained, layer.s, math.sqrt(layer.q)
    rows = np.linalg.norm(layer.w, axis=1)
    if layer.equilibrium:
        grown = s * (norm(layer.w) + rho_l)
        assert grown < 1
        g = 1 / (1 - grown)
        size, total = np.linalg.norm(after[:, 0], axis=1), norm(after[:, 0])
        zeta_s, zeta_b = g * (s * rho_l * size + ds), g * (s * rho_l * total + db)
        entry = s * rows * zeta_s[:, None, None] + ds[:, None, None]
        entry = entry + (s * rho_l * (size + zeta_s))[:, None, None]
        return entry, zeta_s, zeta_b, size, total, grown
    pi = patches(layer, before)
    m = norm(linear_map(layer, before.shape[1:]))
    size = np.array([norm(sample) for sample in pi])
    total = norm(pi.reshape(-1, pi.shape[-1]))
    zeta_s = m * ds + s * rho_l * (size + root * ds)
    zeta_b = m * db + s * rho_l * (total + root * db)
    patch = np.linalg.norm(pi, axis=-1, keepdims=True) + ds[:, None, None]
    entry = (layer.a + s * rows) * ds[:, None, None] + s * rho_l * patch
    return entry, zeta_s, zeta_b, size, total, m + s * root * rho_l


def forward(layers, x, rho, hs, zs):
    """Forward deviations and the rows of first derivatives, layer by layer."""
    out, ds, db = [], np.zeros(len(x)), 0.0
    bar_big, bar_small = {}, {}  # of h
    for position, layer in enumerate(layers):
        s, root, z = layer.s, math.sqrt(layer.q), zs[position]
        before, after = flat(layer, hs[position]), hs[position + 1]
        entry, zeta_s, zeta_b, size, total, grown = reaches(layer, rho, before, after, ds, db)
        zeta_e = np.minimum(np.broadcast_to(entry, z.shape), zeta_s[:, None, None])
        slope, bend = sups(layer, z, zeta_e)
        kappa = largest(slope)
        new_s, new_b = layer.t * kappa * zeta_s, layer.t * kappa * zeta_b
        factor = 1 / (1 - grown) if layer.equilibrium else grown
        own_s, own_b = (new_s, new_b) if layer.equilibrium else (root * ds, root * db)
        big = {j: factor * value for j, value in bar_big.items()}
        small = {j: factor * value for j, value in bar_small.items()}
        if layer.trained:
            lead = s * factor if layer.equilibrium else s
            big[position] = lead * (total + own_b)
            small[position] = lead * largest(size + own_s)
        incoming = (bar_big, bar_small)
        bar_big = {j: layer.b * bar_big.get(j, 0.0) + layer.t * kappa * big[j] for j in big}
        bar_small = {j: layer.b * bar_small.get(j, 0.0) + layer.t * kappa * small[j] for j in small}
        ds, db = layer.b * ds + new_s, layer.b * db + new_b
        out.append(
            {
                "zeta_e": zeta_e,
                "zeta_s": zeta_s,
                "zeta_b": zeta_b,
                "ds": ds,
                "db": db,
                "kappa": kappa,
                "bend": bend,
                "big": big,
                "small": small,
                "bar_big": bar_big,
                "bar_small": bar_small,
                "used": (bar_big, bar_small) if layer.equilibrium else incoming,
                "grown": grown,
                "fine": bool(layer.phi is not LEAKY or np.all(np.abs(z) > zeta_e)),
            }
        )
    return out


def backward(layer, own, c, e, rho, gs, gb):
    """Deviations of C and E at a layer, tau, alpha, omega; returns gamma of the layer below."""
    rho_l, s, root = rho * layer.trained, layer.s, math.sqrt(layer.q)
    columns = np.linalg.norm(c, axis=1)  # (n, u, c)
    weighted = (columns * own["bend"]).reshape(len(c), -1).max(axis=1)
    beta_s, beta_b = weighted * own["zeta_s"], largest(weighted) * own["zeta_b"]
    e_s, e_b = per_sample(e), stacked(e)
    if layer.equilibrium:
        g = 1 / (1 - own["grown"])
        gs = g * (gs + own["grown"] * beta_s + s * rho_l * e_s)
        gb = g * (gb + own["grown"] * beta_b + s * rho_l * e_b)
    eps_s = layer.t * (own["kappa"] * gs + beta_s)
    eps_b = layer.t * (own["kappa"] * gb + beta_b)
    tau = layer.t * largest(own["bend"] * (columns + gs[:, None, None]))
    own.update(gs=gs, gb=gb, eps_s=eps_s, eps_b=eps_b, tau=tau)
    own.update(alpha=largest(e_s + eps_s), omega=e_b + eps_b)
    if layer.equilibrium:
        return eps_s, eps_b
    return (
        layer.b * gs + own["grown"] * eps_s + s * root * rho_l * e_s,
        layer.b * gb + own["grown"] * eps_b + s * root * rho_l * e_b,
    )


def bounds(layers, v, x, rho, output_trained=True):
    """Every number of the page, layer by layer, and Q."""
    hs, zs, _ = states(layers, v, x)
    cs, es = gradients(layers, v, x)
    out = forward(layers, x, rho, hs, zs)
    gs, gb = np.full(len(x), rho * output_trained), math.sqrt(len(x)) * rho * output_trained
    quad = np.zeros((len(layers) + 1, len(layers) + 1))
    for position in reversed(range(len(layers))):
        layer, own = layers[position], out[position]
        gs, gb = backward(layer, own, cs[position], es[position], rho, gs, gb)
        for j, pj in own["big"].items():
            for i, pi in own["big"].items():
                quad[j, i] += own["tau"] * min(pj * own["small"][i], own["small"][j] * pi)
        extra = 1.0 if layer.equilibrium else math.sqrt(layer.q)
        for j, value in own["used"][0].items() if layer.trained else ():
            mixed = min(own["alpha"] * value, own["omega"] * own["used"][1][j])
            quad[position, j] += layer.s * extra * mixed
            quad[j, position] += layer.s * extra * mixed
    for j, value in out[-1]["bar_big"].items() if output_trained else ():
        quad[-1, j] += value
        quad[j, -1] += value
    assert np.array_equal(quad, quad.T)
    return out, quad


def directions(layers, v, blocks):
    """Arrays of directions from rows of all weights, trained parts only."""
    parts, start = [], 0
    for layer in layers:
        stop = start + layer.w.size * layer.trained
        part = blocks[:, start:stop].reshape(-1, *layer.w.shape) if layer.trained else None
        parts.append(np.zeros((len(blocks), *layer.w.shape)) if part is None else part)
        start = stop
    return parts, blocks[:, start:].reshape(-1, *v.shape)


def moved(layers, v, x, rho, rng):
    """A point of the sphere of radius rho, half of the time along singular vectors."""
    parts = []
    for layer in layers:
        noise = rng.normal(size=layer.w.shape)
        if rng.random() < 0.5:
            left, _, right = np.linalg.svd(layer.w, full_matrices=False)
            noise = np.outer(left[:, 0], right[0]) * rng.choice([-1, 1])
        parts.append(noise * layer.trained * rng.exponential())
    parts.append(rng.normal(size=v.shape) * rng.exponential())
    scale = rho / math.sqrt(sum(np.sum(part**2) for part in parts))
    new = [dataclasses.replace(a, w=a.w + scale * p) for a, p in zip(layers, parts, strict=False)]
    return new, v + scale * parts[-1]


def size_of_second_derivative(layers, v, x, rng, rounds=8):
    """Alternating maximisation on the exact second derivative: a lower bound of its norm."""
    p = sum(layer.w.size * layer.trained for layer in layers) + v.size
    rows, columns = np.triu_indices(p)
    both = np.eye(p)[rows] + np.eye(p)[columns]
    second = jets(layers, v, x, *directions(layers, v, both))[2].reshape(len(rows), -1)
    tensor = np.zeros((p, p, second.shape[1]))
    tensor[rows, columns] = tensor[columns, rows] = second / 2
    diagonal = tensor[np.arange(p), np.arange(p)] / 2
    tensor -= (diagonal[:, None] + diagonal) / 2
    best = 0.0
    for _ in range(3):
        g = rng.normal(size=second.shape[1])
        for _ in range(rounds):
            values, vectors = np.linalg.eigh(tensor @ g)
            u = vectors[:, np.argmax(np.abs(values))]
            image = np.einsum("i,j,ijo->o", u, u, tensor)
            g = image / np.linalg.norm(image)
        best = max(best, np.linalg.norm(image))
    return best


def dense(rng, sizes, k=2, **options):
    layers = [
        Layer(rng.normal(size=(m, d)) / math.sqrt(d), **options)
        for d, m in itertools.pairwise(sizes)
    ]
    return layers, rng.normal(size=(k, sizes[-1])), rng.normal(size=(4, 1, sizes[0]))


def plain(rng):
    return dense(rng, [2, 3, 3, 2], s=0.8)


def paper_residual(rng):
    layers, v, x = dense(rng, [3, 3, 3], k=1, phi=SINE)
    return [dataclasses.replace(a, a=1.0, s=0.3, bias=0.2) for a in layers], v, x


def post_residual(rng):
    layers, v, x = dense(rng, [2, 3, 3, 3], k=2)
    layers[0].trained = False
    return [layers[0], *(dataclasses.replace(a, b=1.0, t=0.4) for a in layers[1:])], v, x


def convolution(rng):
    layers = [
        Layer(rng.normal(size=(2, 2)) / 2, q=2),
        Layer(rng.normal(size=(2, 4)) / 2, q=2, a=1.0, s=0.5),
        Layer(rng.normal(size=(2, 6)) / 2, flatten=True),
    ]
    return layers, rng.normal(size=(2, 2)), rng.normal(size=(3, 3, 1))


def implicit(rng):
    layers = [
        Layer(rng.normal(size=(3, 2)) / 2, phi=LINEAR),
        Layer(rng.normal(size=(3, 3)), s=0.2, equilibrium=True),
        Layer(rng.normal(size=(2, 3)) / 2),
    ]
    layers[1].w *= 2.5 / norm(layers[1].w)
    return layers, rng.normal(size=(2, 2)), rng.normal(size=(4, 1, 2))


def rectified(rng):
    layers, v, x = dense(rng, [2, 3, 3], k=2, phi=LEAKY)
    layers.append(Layer(rng.normal(size=(3, 3)), phi=LEAKY, s=0.2, equilibrium=True))
    layers[2].w *= 2.0 / norm(layers[2].w)
    return layers, v, x


NETWORKS = [plain, paper_residual, post_residual, convolution, implicit, rectified]
TOLERANCE = 1 + 1e-9


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
