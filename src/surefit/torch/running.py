"""A graph of core ATen operations, run with JAX arrays."""

from __future__ import annotations

import operator
from typing import Any

import jax.numpy as jnp

from surefit.errors import InvalidInputError
from surefit.torch.operations import OPERATIONS

__all__ = ["Program"]


class Program:
    """`f(params, x)` of an exported graph.

    Args:
        graph: of `torch.fx`.
        names: placeholder -> name of a parameter that moves.
        fixed: placeholder -> its array.
        inputs: placeholders of the batch.

    Raises:
        InvalidInputError: an operation is not known, or the graph has another number of inputs or
            outputs than one.
    """

    def __init__(
        self, graph: Any, names: dict[str, str], fixed: dict[str, Any], inputs: tuple[str, ...]
    ) -> None:
        self._nodes = tuple(graph.nodes)
        self._names, self._fixed, self._inputs = names, fixed, inputs
        if len(inputs) != 1:
            raise InvalidInputError(
                f"`as_jax(module=...)` must take one batch. Got {len(inputs)} inputs. Outputs are "
                "a function of parameters and of one array. Wrap the module so that the others "
                "are fixed."
            )
        self._require_known()

    def __call__(self, params: dict[str, Any], x: Any) -> Any:
        """The outputs of a batch.

        Args:
            params: by name; all names of `as_jax` are needed.
            x: the batch.
        """
        values: dict[Any, Any] = {}
        floating = next((jnp.asarray(p).dtype for p in params.values()), None)
        for node in self._nodes:
            if node.op == "placeholder":
                values[node] = self._given(node.name, params, x, floating)
            elif node.op == "call_function":
                args = _filled(node.args, values)
                kwargs = _filled(node.kwargs, values)
                values[node] = _operation(node.target)(*args, **kwargs)
            elif node.op == "output":
                return self._one(_filled(node.args[0], values))
        raise AssertionError("a graph ends with its output")

    def _given(self, name: str, params: dict[str, Any], x: Any, floating: Any) -> Any:
        if name in self._names:
            return jnp.asarray(params[self._names[name]])
        value = jnp.asarray(self._fixed.get(name, x))
        # Buffers and inputs follow the parameters to float64.
        real = jnp.issubdtype(value.dtype, jnp.floating) and floating is not None
        return value.astype(floating) if real else value

    def _one(self, outputs: Any) -> Any:
        if isinstance(outputs, tuple | list) and len(outputs) == 1:
            return outputs[0]
        raise InvalidInputError(
            f"`as_jax(module=...)` must return one tensor. Got {len(outputs)}. Every output would "
            "need targets. Wrap the module so that its forward returns the prediction only."
        )

    def _require_known(self) -> None:
        missing = sorted(
            {_name(n.target) for n in self._nodes if n.op == "call_function"
             and _operation(n.target) is None}
        )  # fmt: skip
        if missing:
            raise InvalidInputError(
                "`as_jax(module=...)` must use operations that are known here. Got "
                f"{', '.join(missing)}. The graph is run operation by operation in JAX. Replace "
                "them in the module by known ones, or write the network in JAX and pass that "
                f"function. Known: {', '.join(sorted(OPERATIONS))}."
            )


def _name(target: Any) -> str:
    """`aten.add.Tensor` of the overload; what is no operation of ATen by its own name."""
    return str(target) if not hasattr(target, "__name__") or "." in str(target) else target.__name__


def _operation(target: Any) -> Any:
    if target is operator.getitem:
        return operator.getitem
    if getattr(target, "__module__", "") in ("_operator", "math"):
        return target  # arithmetic of sizes
    name = str(target).removeprefix("aten.")
    return OPERATIONS.get(name, OPERATIONS.get(name.rpartition(".")[0]))


def _filled(value: Any, values: dict[Any, Any]) -> Any:
    """Nodes replaced by what they stand for."""
    if isinstance(value, tuple | list):
        return type(value)(_filled(item, values) for item in value)
    if isinstance(value, dict):
        return {key: _filled(item, values) for key, item in value.items()}
    try:
        return values.get(value, value)
    except TypeError:  # not hashable, hence no node
        return value
