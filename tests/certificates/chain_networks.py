r"""Chains of layers in NumPy (docs/certificates/curvature.md): states, exact derivatives, examples.

Derivatives are propagated forwards as two-jets, which the bounds of the page do not do.
"""

import dataclasses
import itertools
import math

import numpy as np

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
    for _ in range(2):
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
