"""What pooling layers ask of a kernel."""

from __future__ import annotations

from surefit.core.kernel import Kernel
from surefit.errors import InvalidInputError

__all__ = ["require_cross_positions"]


def require_cross_positions(name: str, k: Kernel) -> None:
    """Refuse kernels without the covariances between different positions.

    Raises:
        InvalidInputError: they are not held.
    """
    if not (k.space and k.cross):
        raise InvalidInputError(
            f"`{name}.kernel(k=...)` must be given the covariances of all pairs of positions. Got "
            f"a kernel of positions {k.space} with cross={k.cross}. The variance of a mean "
            "contains the covariances of what it is a mean of. Use `limit_kernel`, which asks the "
            "network for what it needs, and let layers around pooling pass on "
            "`needs_cross_positions`."
        )
