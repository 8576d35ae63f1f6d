"""Reductions, softmax and normalisations, batch normalisation in evaluation mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

__all__ = ["NORMALISING"]


def _axes(dim: Any) -> Any:
    if dim is None or dim == []:
        return None
    return tuple(dim) if isinstance(dim, list | tuple) else dim


def _mean(x: Any, dim: Any = None, keepdim: bool = False, **_: Any) -> Any:
    return jnp.mean(x, axis=_axes(dim), keepdims=keepdim)


def _sum(x: Any, dim: Any = None, keepdim: bool = False, **_: Any) -> Any:
    return jnp.sum(x, axis=_axes(dim), keepdims=keepdim)


def _var(x: Any, dim: Any = None, *, correction: Any = 1, keepdim: bool = False) -> Any:
    return jnp.var(x, axis=_axes(dim), ddof=1 if correction is None else correction,
                   keepdims=keepdim)  # fmt: skip


def _amax(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return jnp.max(x, axis=_axes(dim), keepdims=keepdim)


def _layer_norm(x: Any, shape: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any]:
    axes = tuple(range(x.ndim - len(shape), x.ndim))
    mean = jnp.mean(x, axis=axes, keepdims=True)
    scale = jax.lax.rsqrt(jnp.var(x, axis=axes, keepdims=True) + eps)
    return _affine((x - mean) * scale, weight, bias), mean, scale


def _batch_norm(
    x: Any, weight: Any, bias: Any, mean: Any, var: Any, momentum: float, eps: float
) -> tuple[Any, Any, Any]:
    def column(v: Any) -> Any:
        return v.reshape(1, -1, *(1,) * (x.ndim - 2))

    found = (x - column(mean)) * jax.lax.rsqrt(column(var) + eps)
    weight = None if weight is None else column(weight)
    bias = None if bias is None else column(bias)
    return _affine(found, weight, bias), mean, var


def _group_norm(
    x: Any, weight: Any, bias: Any, n: Any, c: Any, hw: Any, group: int, eps: float
) -> tuple[Any, Any, Any]:
    rows = x.reshape(x.shape[0], group, -1)
    mean = jnp.mean(rows, axis=2, keepdims=True)
    scale = jax.lax.rsqrt(jnp.var(rows, axis=2, keepdims=True) + eps)
    found = ((rows - mean) * scale).reshape(x.shape)
    column = (1, -1, *(1,) * (x.ndim - 2))
    weight = None if weight is None else weight.reshape(column)
    bias = None if bias is None else bias.reshape(column)
    return _affine(found, weight, bias), mean[..., 0], scale[..., 0]


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    with jax.numpy_rank_promotion("allow"):
        x = x if weight is None else x * weight
        return x if bias is None else x + bias


NORMALISING: dict[str, Callable[..., Any]] = {
    "mean": _mean,
    "sum": _sum,
    "var": _var,
    "amax": _amax,
    "_softmax": lambda x, dim, half=False: jax.nn.softmax(x, axis=dim),
    "_log_softmax": lambda x, dim, half=False: jax.nn.log_softmax(x, axis=dim),
    "native_layer_norm": _layer_norm,
    "native_group_norm": _group_norm,
    "_native_batch_norm_legit_no_training": _batch_norm,
}
