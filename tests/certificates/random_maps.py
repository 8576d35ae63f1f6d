r"""Thousands of random maps with known constants, for the theorems on descent.

$r(\theta) = r_0 + J_0\theta + \frac12D[\theta,\theta] + \frac16Cw\langle a,\theta\rangle^3$, whose
constants $\sigma$, $\beta$ and $L(s) = \Lambda + Cs$ are known by construction. The radius $s^*$ is
chosen first, and $\lVert r_0\rVert$ such that it is the zero of the majorant.
"""

import dataclasses

import numpy as np

SLACK = 1e-10


def norm(x):
    return np.sqrt(np.sum(x * x, axis=-1))


def unit(rng, *shape):
    x = rng.normal(size=shape)
    return x / norm(x)[..., None]


@dataclasses.dataclass
class Maps:
    r0: np.ndarray  # (T, N)
    j0: np.ndarray  # (T, N, p)
    second: np.ndarray  # (T, N, p, p)
    cubic: np.ndarray  # (T,)
    out: np.ndarray  # (T, N) unit
    along: np.ndarray  # (T, p) unit
    sigma: np.ndarray
    beta: np.ndarray
    curvature: np.ndarray

    def residual(self, x):
        bent = np.einsum("tnij,ti,tj->tn", self.second, x, x) / 2
        third = self.cubic * np.einsum("ti,ti->t", self.along, x) ** 3 / 6
        return self.r0 + np.einsum("tnp,tp->tn", self.j0, x) + bent + third[:, None] * self.out

    def jacobian(self, x):
        slope = self.cubic * np.einsum("ti,ti->t", self.along, x) ** 2 / 2
        bent = np.einsum("tnij,tj->tni", self.second, x)
        return self.j0 + bent + slope[:, None, None] * self.out[..., None] * self.along[:, None]

    def bend(self, s):
        return self.curvature * s + self.cubic * s**2 / 2

    def majorant(self, s, c, start):
        return start - c * self.sigma * s + self.curvature * s**2 / 2 + self.cubic * s**3 / 6


def random_maps(rng, trials=800, n=2, p=4):
    left = np.linalg.qr(rng.normal(size=(trials, n, n)))[0]
    right = np.linalg.qr(rng.normal(size=(trials, p, n)))[0]
    values = np.sort(10 ** rng.uniform(-1, 0.3, size=(trials, n)), axis=1)
    j0 = np.einsum("tnk,tk,tpk->tnp", left, values, right)
    curvature, cubic = 10 ** rng.uniform(-1, 1, size=(2, trials))
    # Half of them nearly the worst case: the residual along the smallest singular vector, curved
    # against the motion; half of them arbitrary, their norm bounded by that of the unfolding.
    sharp = rng.random(trials) < 0.5
    r0 = np.where(sharp[:, None], left[:, :, 0], unit(rng, trials, n))
    along = np.where(sharp[:, None], -right[:, :, 0], unit(rng, trials, p))
    out = np.where(sharp[:, None], left[:, :, 0], unit(rng, trials, n))
    second = rng.normal(size=(trials, n, p, p))
    second = second + np.swapaxes(second, -1, -2)
    second /= np.linalg.norm(second.reshape(trials, n, -1), 2, axis=(1, 2))[:, None, None, None]
    worst = np.einsum("tn,ti,tj->tnij", out, along, along)
    second = np.where(sharp[:, None, None, None], worst, second) * curvature[:, None, None, None]
    return Maps(r0, j0, second, cubic, out, along, values[:, 0], values[:, -1], curvature)


def with_radius(maps, rng, c=1.0):
    """Scale r0 such that s* is the first zero of g; returns s*."""
    flat = 2 * c * maps.sigma
    last = flat / (maps.curvature + np.sqrt(maps.curvature**2 + maps.cubic * flat))
    radius = last * rng.choice([0.05, 0.5, 0.9, 0.999], size=len(last))
    size = -maps.majorant(radius, c, 0.0)
    maps.r0 = maps.r0 / norm(maps.r0)[:, None] * size[:, None]
    return radius


def descend(maps, steps, count, start=None, errors=None):
    """Points, residual norms, step lengths (of the exact steps)."""
    x = np.zeros(maps.j0.shape[::2]) if start is None else start
    points, sizes, lengths = [x], [norm(maps.residual(x))], []
    for k in range(count):
        eta = steps[k] if isinstance(steps, list) else steps
        move = -eta[:, None] * np.einsum("tnp,tn->tp", maps.jacobian(x), maps.residual(x))
        lengths.append(norm(move))
        x = x + move
        if errors is not None:
            x = x + errors(k, x, move)
        points.append(x)
        sizes.append(norm(maps.residual(x)))
    return np.array(points), np.array(sizes), np.array(lengths)
