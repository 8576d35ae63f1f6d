"""The core ATen operations of small networks, as functions of JAX arrays.

Names are those of the overload packets (`add` for `add.Tensor` and `add.Scalar`); an overload of
its own comes first. Arguments are those of ATen, in its order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from surefit.torch.elementwise import ELEMENTWISE
from surefit.torch.normalising import NORMALISING
from surefit.torch.products import PRODUCTS
from surefit.torch.shapes import SHAPES
from surefit.torch.windows import WINDOWS

__all__ = ["OPERATIONS"]

OPERATIONS: dict[str, Callable[..., Any]] = {
    **ELEMENTWISE,
    **NORMALISING,
    **PRODUCTS,
    **SHAPES,
    **WINDOWS,
}
