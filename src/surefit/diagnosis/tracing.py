"""Whether a function is one of a batch that treats every example for itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from surefit.errors import InvalidInputError

__all__ = ["require_per_example", "traced"]

_VMAP = "`jax.vmap(f, in_axes=(None, 0))` makes one out of a function of single examples."


def traced(call: str, function: Callable, moving: Any, x: Any) -> jax.ShapeDtypeStruct:
    """The shape of the outputs on a batch.

    Raises:
        InvalidInputError: the function fails, or its outputs are not one array with a row per
            example.
    """
    found = _evaluated(call, function, moving, x)
    if not isinstance(found, jax.ShapeDtypeStruct):
        raise InvalidInputError(
            f"`{call}(network=...)` must return one array. Got {type(found).__name__}. Outputs "
            "beside the prediction have no targets. Return the prediction only: for example "
            "`lambda params, x: f(params, x)[0]`."
        )
    if not found.shape or found.shape[0] != len(x):
        raise InvalidInputError(
            f"`{call}(network=...)` must return a row of outputs per example. Got shape "
            f"{found.shape} for {len(x)} examples of shape {tuple(x.shape[1:])}. It is called with "
            f"the whole batch, and must not average over it. {_VMAP}"
        )
    if not jnp.issubdtype(found.dtype, jnp.floating):
        raise InvalidInputError(
            f"`{call}(network=...)` must return floating numbers. Got {found.dtype}. Only they "
            "have gradients. Return scores, before any argmax."
        )
    return found


def _evaluated(call: str, function: Callable, moving: Any, x: Any) -> Any:
    try:
        return eqx.filter_eval_shape(function, moving, x)
    except InvalidInputError:
        raise
    except Exception as cause:  # whatever a user's function raises
        lines = str(cause).strip().splitlines()
        reason = lines[0] if lines else type(cause).__name__
        raise InvalidInputError(
            f"`{call}(network=...)` must take the parameters and a batch of shape "
            f"{tuple(x.shape)} under `jax.jit`. Got {type(cause).__name__}: {reason} Either the "
            f"shapes do not fit, or it is no function of a batch, or no JAX code. {_VMAP}"
        ) from cause


def require_per_example(call: str, apply: Callable, moving: Any, x: Any, tolerance: float) -> None:
    """Refuse outputs that are not finite, or that depend on which examples stand beside.

    Raises:
        InvalidInputError: one of both, with the rows.
    """
    whole = np.asarray(_run(apply, moving, x))
    bad = np.flatnonzero(~np.isfinite(whole).all(axis=1))
    if bad.size:
        raise InvalidInputError(
            f"`{call}(network=...)` must return finite numbers. Got NaN or infinity for examples "
            f"{bad[:10].tolist()}{' and more' if bad.size > 10 else ''}. A kernel with NaN has no "
            "eigenvalues. Look for an overflow, a logarithm or a division by zero, and scale x."
        )
    if len(x) == 1:
        return
    traced(call, apply, moving, x[:1])
    # Nearby: at the start itself outputs may cancel down to their rounding.
    nearby = _shaken(moving)
    whole = np.asarray(_run(apply, nearby, x))
    alone = np.concatenate([np.asarray(_run(apply, nearby, x[i : i + 1])) for i in (0, len(x) - 1)])
    gap = float(np.max(np.abs(alone - whole[[0, -1]])))
    if not gap <= tolerance * max(float(np.max(np.abs(whole))), 1e-30):
        raise InvalidInputError(
            f"`{call}(network=...)` must treat every example for itself. Got outputs that differ "
            f"by {gap:.3g} when an example stands alone. Batch statistics, or another axis in the "
            "place of that of the examples, leave kernels between examples without meaning. "
            f"Evaluate batch normalisation in inference mode. {_VMAP}"
        )


def _shaken(moving: Any) -> Any:
    """All parameters changed by up to a tenth, zeros by a little."""
    draw = np.random.default_rng(0)

    def shake(leaf: Any) -> Any:
        noise = jnp.asarray(draw.uniform(-0.1, 0.1, leaf.shape), leaf.dtype)
        return leaf + noise * jnp.where(leaf == 0, jnp.asarray(0.1, leaf.dtype), leaf)

    return jax.tree.map(shake, moving)


@eqx.filter_jit
def _run(apply: Callable, moving: Any, x: Any) -> Any:
    with jax.default_matmul_precision("highest"):
        return apply(moving, x)
