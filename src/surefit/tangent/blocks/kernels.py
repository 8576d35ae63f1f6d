"""Functions of two batches that give a block of a Gram matrix, and what identifies them."""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import hashlib
from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Shaped

from surefit.core.layer import Layer, Params
from surefit.core.tree import leaf_names
from surefit.errors import InvalidInputError
from surefit.tangent.empirical import empirical_ntk
from surefit.tangent.limit import limit_kernel

__all__ = ["BlockKernel", "EmpiricalBlocks", "FunctionBlocks", "LimitBlocks"]


class BlockKernel(abc.ABC):
    """A symmetric kernel, evaluated block by block."""

    @abc.abstractmethod
    def block(self, x1: Any, x2: Any) -> Any:
        """The kernel of two batches; of one batch with itself where x2 is None."""

    @abc.abstractmethod
    def describe(self) -> str:
        """What the kernel is, in one line; equal for equal kernels."""

    def arrays(self) -> dict[str, np.ndarray]:
        """Numbers that the kernel depends on, beside the examples."""
        return {}

    def __call__(
        self, x1: Shaped[np.ndarray, "n1 ..."], x2: Shaped[np.ndarray, "n2 ..."] | None = None
    ) -> Float[np.ndarray, "n1 n2"]:
        """The block as a NumPy array; in float64 if the examples are."""
        wide = jax.enable_x64(True) if x1.dtype == np.float64 else contextlib.nullcontext()
        with wide:
            found = np.asarray(self.block(x1, x2))
        expected = len(x1), len(x1 if x2 is None else x2)
        if found.shape != expected:
            raise InvalidInputError(
                "`BlockKernel.block(x1, x2)` must return a number per pair of examples. Got shape "
                f"{found.shape} for batches of {expected[0]} and {expected[1]}. A kernel of "
                "several outputs has a block for each pair of them. Take the mean over outputs, "
                "or one output."
            )
        return found

    def identity(self, x: Shaped[np.ndarray, "n ..."]) -> str:
        """The SHA-256 of the description, of the arrays and of the examples."""
        digest = hashlib.sha256(self.describe().encode())
        for name, array in [*sorted(self.arrays().items()), ("examples", x)]:
            digest.update(f"\0{name} {array.dtype.str} {array.shape}\0".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


@dataclasses.dataclass(frozen=True)
class LimitBlocks(BlockKernel):
    """The limit kernel of a network of infinite width.

    Args:
        network: the network.
        kind: `ntk` or `nngp`.
    """

    network: Layer
    kind: Literal["ntk", "nngp"] = "ntk"

    def block(self, x1: Any, x2: Any) -> Any:
        """As `limit_kernel`."""
        first, second = jnp.asarray(x1), None if x2 is None else jnp.asarray(x2)
        return getattr(limit_kernel(self.network, first, second, get=self.kind), self.kind)

    def describe(self) -> str:
        """Which kernel of which network."""
        return f"limit {self.kind} of {self.network!r}"


@dataclasses.dataclass(frozen=True)
class EmpiricalBlocks(BlockKernel):
    """The tangent kernel of a network at given parameters, one number per pair of examples.

    Args:
        network: the network, or a function of the parameters and of a batch; functions are told
            apart by their qualified names, which should change when what they compute does.
        params: its parameters.
        outputs: `mean`, `trace`, or the number of an output.
    """

    network: Layer | Callable
    params: Params
    outputs: Literal["mean", "trace"] | int = "mean"

    def block(self, x1: Any, x2: Any) -> Any:
        """As `empirical_ntk`."""
        return empirical_ntk(self.network, self.params, x1, x2, self.outputs)

    def describe(self) -> str:
        """Which outputs of which network."""
        name = self.network if isinstance(self.network, Layer) else _name(self.network)
        return f"empirical ntk, outputs {self.outputs}, of {name!r}"

    def arrays(self) -> dict[str, np.ndarray]:
        """The parameters."""
        leaves = jax.tree.leaves(self.params)
        return {
            name: np.asarray(leaf)
            for name, leaf in zip(leaf_names(self.params), leaves, strict=True)
            if hasattr(leaf, "dtype")
        }


@dataclasses.dataclass(frozen=True)
class FunctionBlocks(BlockKernel):
    """Any function of two batches.

    Args:
        function: gives the block of `x1` and `x2`; for a block on the diagonal it is called with
            the same batch twice.
        name: identifies the function: give it another when what it computes changes.
    """

    function: Callable[[Any, Any], Any]
    name: str

    def block(self, x1: Any, x2: Any) -> Any:
        """The function."""
        return self.function(x1, x1 if x2 is None else x2)

    def describe(self) -> str:
        """Its name."""
        return f"function {self.name}"


def _name(function: Callable) -> str:
    kind = type(function)
    own = getattr(function, "__qualname__", kind.__qualname__)
    return f"{getattr(function, '__module__', kind.__module__)}.{own}"
