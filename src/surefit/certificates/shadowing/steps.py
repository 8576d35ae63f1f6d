r"""Descent on two dense layers, with the distance between the float run and the exact one.

$e \leftarrow (1 + \hat\eta\nu)e + \varepsilon$ (docs/certificates/shadowing.md, Theorem 4), with
$\nu = \max_j\frac12(c_j + \sqrt{c_j^2 + 4\lVert b_j\rVert^2})$, $b_j$ in every step and
$c_j = \lVert C_j\rVert_F$ at the beginning of every few. Evaluated, not enclosed: the checker
repeats the run with bounds.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.certificates.shadowing.layers import SMOOTH
from surefit.core.rounding import UNIT_ROUNDOFF, gamma

__all__ = ["CHUNK", "Data", "State", "advance"]

CHUNK = 16
"""Steps between two evaluations of the blocks C_j."""

_GROWTH = 1.05  # of c_j within so many steps, generously
_ACTIVATION_ERROR = 2.0**-47


class State(NamedTuple):
    """The run after some steps.

    Args:
        w: hidden weights.
        v: output weights.
        radius: e.
        amplification: the sum of all steps times nu.
        residual: its norm, one step ago.
    """

    w: Float[Array, "m d"]
    v: Float[Array, "k m"]
    radius: Float[Array, ""]
    amplification: Float[Array, ""]
    residual: Float[Array, ""]


class Data(NamedTuple):
    r"""What does not change.

    Args:
        u: inputs.
        y: targets.
        square: $(UU^\top)^{\circ2}$.
        longest: of the rows of u.
        step: on half the square.
        scale: in front of the output weights.
        shift: of the activation.
        output_trained: 1 or 0.
    """

    u: Float[Array, "n d"]
    y: Float[Array, "n k"]
    square: Float[Array, "n n"]
    longest: Float[Array, ""]
    step: Float[Array, ""]
    scale: Float[Array, ""]
    shift: Float[Array, ""]
    output_trained: Float[Array, ""]


@functools.partial(jax.jit, static_argnames=("name", "steps"))
def advance(state: State, data: Data, name: str, steps: int = CHUNK) -> State:
    """The state after so many steps."""
    smooth, s, step = SMOOTH[name], data.scale, data.step
    phi = jax.vmap(jax.vmap(smooth.function))
    slope = jax.vmap(jax.vmap(jax.grad(smooth.function)))
    bend = jax.vmap(jax.vmap(jax.grad(jax.grad(smooth.function))))
    (n, d), m = data.u.shape, state.w.shape[0]
    beta = jnp.sqrt(2.0 / step)  # no larger where the theorem applies

    def residual(h: Float[Array, "n m"], v: Float[Array, "k m"]) -> Float[Array, "n k"]:
        return s * (h @ v.T) - data.y

    z = data.u @ state.w.T
    q = (residual(phi(z) - data.shift, state.v) @ state.v) * bend(z)
    c = _GROWTH * s * jnp.sqrt(jnp.maximum(jnp.sum(q * (data.square @ q), axis=0), 0.0))

    def one(state: State, _: None) -> tuple[State, None]:
        w, v = state.w, state.v
        z = data.u @ w.T
        h, d1 = phi(z) - data.shift, slope(z)
        r = residual(h, v)
        blocks = [(r[:, i, None] * d1).T @ data.u for i in range(v.shape[0])]
        b = s * jnp.sqrt(sum(jnp.sum(block**2, axis=1) for block in blocks))
        b = b * data.output_trained
        nu = 0.5 * jnp.max(c + jnp.sqrt(c**2 + 4.0 * b**2))
        change_w = step * s * sum(v[i][:, None] * block for i, block in enumerate(blocks))
        change_v = step * s * data.output_trained * (r.T @ h)
        rows, columns = jnp.linalg.norm(w, axis=1), jnp.linalg.norm(v, axis=0)
        # What float64 adds: pre-activations, features and outputs; the stored weights.
        error = gamma(d + 4) * data.longest * jnp.linalg.norm(d1) * jnp.linalg.norm(rows * columns)
        error += (_ACTIVATION_ERROR * (n * m) ** 0.5 + gamma(m + 4) * jnp.linalg.norm(h)) * (
            jnp.linalg.norm(v)
        )
        size = jnp.sqrt(jnp.sum(w**2) + jnp.sum(v**2))
        error = step * beta * s * error + UNIT_ROUNDOFF * size
        after = State(
            w=w - change_w,
            v=v - change_v,
            radius=(1.0 + step * nu) * state.radius + error,
            amplification=state.amplification + step * nu,
            residual=jnp.linalg.norm(r),
        )
        return after, None

    return jax.lax.scan(one, state, length=steps)[0]
