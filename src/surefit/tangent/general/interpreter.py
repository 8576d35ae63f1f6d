"""Runs a jaxpr with taps behind the operations that are linear in a leaf of the parameters.

Nothing but `jax.make_jaxpr` and `jax.extend.core` is used: operations without a view are evaluated
as jaxprs of one equation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend import core

from surefit.tangent.general.uses import use_of
from surefit.tangent.general.views import Value, moved

__all__ = ["Interpreter"]

# Operations that only wrap a jaxpr, and where they keep it.
_WRAPPERS = ("jit", "pjit", "closed_call", "core_call", "remat", "remat2", "checkpoint")


class Interpreter:
    """One run. What it finds is nested as loops are: an entry per operation, a list per loop.

    Args:
        taps: what is added behind the operations, in their order; None: nothing.
    """

    def __init__(self, taps: Iterable[Any] | None = None) -> None:
        self.taps = None if taps is None else iter(taps)
        self.uses: list[Any] = []
        self.seen: list[Any] = []
        self.shapes: list[Any] = []
        self.spoiled: set[int] = set()

    def run(self, jaxpr: core.Jaxpr, consts: Sequence[Any], inputs: Sequence[Value]) -> list[Value]:
        """The outputs of a jaxpr."""
        known: dict[core.Var, Value] = {}

        def read(atom: core.Var | core.Literal) -> Value:
            return Value(atom.val) if isinstance(atom, core.Literal) else known[atom]

        known.update(zip(jaxpr.constvars, map(Value, consts), strict=True))
        known.update(zip(jaxpr.invars, inputs, strict=True))
        for eqn in jaxpr.eqns:
            outputs = self._step(eqn, [read(atom) for atom in eqn.invars])
            known.update(zip(eqn.outvars, outputs, strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def spoil(self, values: Iterable[Value]) -> None:
        """Remember that these leaves are used in a way that taps do not see."""
        self.spoiled.update(value.view.leaf for value in values if value.view is not None)

    def _step(self, eqn: core.JaxprEqn, inputs: list[Value]) -> list[Value]:
        if all(value.view is None for value in inputs):
            return list(map(Value, evaluated(eqn, inputs)))
        if eqn.primitive.name in _WRAPPERS and "jaxpr" in eqn.params:
            inner = eqn.params["jaxpr"]
            closed = isinstance(inner, core.ClosedJaxpr)
            return self.run(
                inner.jaxpr if closed else inner, inner.consts if closed else (), inputs
            )
        if eqn.primitive.name == "scan":
            from surefit.tangent.general.loops import run_scan

            return run_scan(self, eqn, inputs)
        outputs = evaluated(eqn, inputs)
        if len(outputs) == 1:
            kept = moved(eqn, inputs, outputs[0])
            if kept is not None:
                # A scalar leaf that another is multiplied with is used as a number.
                self.spoil(v for v in inputs if v.view and v.view.leaf != kept.view.leaf)
                return [kept]
            tapped = self._tapped(eqn, inputs, outputs[0])
            if tapped is not None:
                return [Value(tapped)]
        self.spoil(inputs)
        return list(map(Value, outputs))

    def _tapped(self, eqn: core.JaxprEqn, inputs: list[Value], output: jax.Array) -> Any:
        found = use_of(eqn, inputs, jnp.shape(output))
        if found is None:
            return None
        use, seen = found
        scale = use.view.scale
        if not (isinstance(scale, float) and scale == 1.0):
            seen = seen * jnp.asarray(scale, seen.dtype)
        self.uses.append(use)
        self.seen.append(seen)
        self.shapes.append(jax.ShapeDtypeStruct(jnp.shape(output), jnp.result_type(output)))
        return output if self.taps is None else output + next(self.taps)


def evaluated(eqn: core.JaxprEqn, inputs: Sequence[Value]) -> list[Any]:
    """The outputs of one equation."""
    given = {
        atom: value.array
        for atom, value in zip(eqn.invars, inputs, strict=True)
        if not isinstance(atom, core.Literal)
    }
    kept = [var for var in eqn.outvars if not isinstance(var, core.DropVar)]
    alone = core.Jaxpr(
        (), list(given), kept, [eqn], eqn.effects, debug_info=_plain(len(given), len(kept))
    )
    run: Callable[..., list[Any]] = core.jaxpr_as_fun(core.ClosedJaxpr(alone, ()))
    outputs = iter(run(*given.values()))
    return [None if isinstance(var, core.DropVar) else next(outputs) for var in eqn.outvars]


def _plain(inputs: int, outputs: int) -> core.DebugInfo:
    return core.DebugInfo("equation", "equation", (None,) * inputs, (None,) * outputs)
