"""The curvature bounds of chains, written down once more from docs/certificates/curvature.md."""

import math

import numpy as np
from chain_networks import (
    BENT,
    LEAKY,
    flat,
    gradients,
    largest,
    linear_map,
    norm,
    patches,
    states,
)

TOLERANCE = 1 + 1e-9


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
