"""Operations entry by entry, with the promotion of types that ATen has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

__all__ = ["ELEMENTWISE", "alike"]


def alike(*values: Any) -> tuple[Any, ...]:
    """Arrays of one type: numbers take that of the arrays, integers that of floating arrays."""
    arrays = [v for v in values if hasattr(v, "dtype")]
    if not arrays:
        return values
    floating = [a.dtype for a in arrays if jnp.issubdtype(a.dtype, jnp.floating)]
    real = any(isinstance(v, float) for v in values)
    if floating:
        kind = max(floating, key=lambda dtype: dtype.itemsize)
    elif real:
        kind = jnp.result_type(float)
    else:
        kind = jnp.result_type(*[a.dtype for a in arrays])
    return tuple(jnp.asarray(v, kind) for v in values)


def _two(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def apply(a: Any, b: Any) -> Any:
        with jax.numpy_rank_promotion("allow"):
            return function(*alike(a, b))

    return apply


def _add(a: Any, b: Any, alpha: Any = 1) -> Any:
    return _two(jnp.add)(a, b if alpha == 1 else _two(jnp.multiply)(b, alpha))


def _sub(a: Any, b: Any, alpha: Any = 1) -> Any:
    return _two(jnp.subtract)(a, b if alpha == 1 else _two(jnp.multiply)(b, alpha))


def _div(a: Any, b: Any) -> Any:
    a, b = alike(a, b)
    if not jnp.issubdtype(a.dtype, jnp.floating):
        a, b = a.astype(jnp.result_type(float)), b.astype(jnp.result_type(float))
    return _two(jnp.divide)(a, b)


def _gelu(x: Any, approximate: str = "none") -> Any:
    return jax.nn.gelu(x, approximate=approximate == "tanh")


def _softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    scaled = beta * x
    return jnp.where(scaled > threshold, x, jax.nn.softplus(scaled) / beta)


def _elu(x: Any, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Any:
    below = alpha * jnp.expm1(input_scale * jnp.minimum(x, 0.0))
    return scale * jnp.where(x > 0.0, x, below)


def _leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    return jnp.where(x > 0.0, x, negative_slope * x)


def _clamp(x: Any, low: Any = None, high: Any = None) -> Any:
    return jnp.clip(x, low, high)


def _where(condition: Any, a: Any, b: Any) -> Any:
    with jax.numpy_rank_promotion("allow"):
        return jnp.where(condition, *alike(a, b))


def _copied(x: Any, **_: Any) -> Any:
    return x


def _filled_like(value: float) -> Callable[..., Any]:
    return lambda x, **_: jnp.full(x.shape, value, x.dtype)


ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "add": _add,
    "sub": _sub,
    "rsub": lambda a, b, alpha=1: _sub(b, a, alpha),
    "mul": _two(jnp.multiply),
    "div": _div,
    "pow": _two(jnp.power),
    "maximum": _two(jnp.maximum),
    "minimum": _two(jnp.minimum),
    "eq": _two(jnp.equal),
    "ne": _two(jnp.not_equal),
    "gt": _two(jnp.greater),
    "ge": _two(jnp.greater_equal),
    "lt": _two(jnp.less),
    "le": _two(jnp.less_equal),
    "where": _where,
    "clamp": _clamp,
    "hardtanh": lambda x, low=-1.0, high=1.0: jnp.clip(x, low, high),
    "relu": jax.nn.relu,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "gelu": _gelu,
    "silu": jax.nn.silu,
    "softplus": _softplus,
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "erf": jax.scipy.special.erf,
    "exp": jnp.exp,
    "log": jnp.log,
    "log1p": jnp.log1p,
    "sqrt": jnp.sqrt,
    "rsqrt": jax.lax.rsqrt,
    "reciprocal": lambda x: 1.0 / x,
    "sin": jnp.sin,
    "cos": jnp.cos,
    "abs": jnp.abs,
    "neg": jnp.negative,
    "sign": jnp.sign,
    "clone": _copied,
    "alias": _copied,
    "detach": jax.lax.stop_gradient,
    "lift_fresh_copy": _copied,
    "zeros_like": _filled_like(0.0),
    "ones_like": _filled_like(1.0),
}
