"""What users bring, brought to one form: a function of parameters and of a batch."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax

from surefit.core.layer import Layer
from surefit.errors import InvalidInputError

__all__ = ["brought", "parameters_now"]


def brought(call: str, network: Any, params: Any, x: Any) -> tuple[Layer | Callable, Any]:
    """The network as a layer or as `f(params, x)` of a batch, and its parameters.

    Args:
        call: the function that was called, for messages.
        network: a layer, a function, an Equinox module or a PyTorch module.
        params: its parameters; None where the module carries its own.
        x: the inputs; a PyTorch module is exported for their shape.

    Raises:
        InvalidInputError: it is nothing that can be called, parameters are missing or given twice.
        MissingDependencyError: PyTorch is too old.
    """
    if _is_torch(network):
        _require_none(call, params)
        from surefit.torch import as_jax

        return as_jax(network, x)
    # With parameters it is a function: `equinox.filter_jit` makes modules of functions.
    if isinstance(network, eqx.Module) and params is None:
        return _mapped, network
    if not isinstance(network, Layer) and not callable(network):
        raise InvalidInputError(
            f"`{call}(network=...)` must be a function f(params, x) of a batch, a layer, or a "
            f"module. Got {type(network).__name__}. It is called with parameters and inputs. Pass "
            "what applies your network, for example `model.apply` of Flax."
        )
    if params is None:
        raise InvalidInputError(
            f"`{call}(params=...)` must be given with a function. Got None. Only modules of "
            "Equinox and PyTorch carry their parameters. Pass the pytree that the function takes "
            "first."
        )
    return network, params


def parameters_now(params: Any) -> Any:
    """Parameters as they are given later: of a PyTorch module its own, others themselves."""
    if not _is_torch(params):
        return params
    from surefit.torch import parameters_of

    return parameters_of(params)


def _mapped(module: Any, x: Any) -> Any:
    """Modules of Equinox take single examples."""
    return jax.vmap(module)(x)


def _is_torch(network: Any) -> bool:
    # Nobody has a module of PyTorch without having imported it.
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(network, torch.nn.Module)


def _require_none(call: str, params: Any) -> None:
    if params is not None:
        raise InvalidInputError(
            f"`{call}(params=...)` must be None with a PyTorch module. Got "
            f"{type(params).__name__}. The module carries its own parameters. Leave them out, or "
            "pass the function and parameters that `sf.torch.as_jax(module, x)` returns."
        )
