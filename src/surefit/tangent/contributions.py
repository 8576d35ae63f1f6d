"""The tangent kernel as a sum over the layers that are trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from jaxtyping import Array, Float

from surefit.activations import Activation
from surefit.core.layer import Layer
from surefit.errors import InvalidInputError
from surefit.tangent.limit import limit_kernel

__all__ = ["limit_contributions"]

Path = tuple[str | int, ...]


def limit_contributions(
    network: Layer, x1: Float[Array, "n1 ..."], x2: Float[Array, "n2 ..."] | None = None
) -> dict[str, Float[Array, "n1 n2 ..."]]:
    r"""What every trained layer adds to the tangent kernel in the limit of infinite width.

    $\Theta = \sum_l\langle\nabla_{\theta_l}f,\nabla_{\theta_l}f\rangle$; the term of a layer is the
    kernel of the network in which only that layer is trained.

    Args:
        network: any composition of layers whose limit is known.
        x1: first batch.
        x2: second batch; None: the first again.

    Returns:
        Matrices by the place of the layer in the network, first to last: `"0"` is the first layer
        of a `Serial`, `"2.branch.0"` the first of the branch of its third. Their sum is the
        tangent kernel.

    Cost: one `limit_kernel` per trained layer.

    Raises:
        InvalidInputError: no layer is trained.

    Example:
        >>> import jax
        >>> import surefit as sf
        >>> network = sf.Serial(sf.Dense(512), sf.Relu(), sf.Dense(1))
        >>> x = jax.random.normal(jax.random.key(0), (5, 3))
        >>> sorted(sf.tangent.limit_contributions(network, x))
        ['0', '2']
    """
    trained = list(_trained(network, ()))
    if not trained:
        raise InvalidInputError(
            "`limit_contributions(network=...)` must have a layer that is trained. Got none: all "
            "have `trained=False`. The tangent kernel is then zero. Train one of them."
        )
    return {
        ".".join(map(str, path)): limit_kernel(_only(network, path, ()), x1, x2, get="ntk").ntk
        for path in trained
    }


def _trained(layer: Layer, path: Path) -> Iterator[Path]:
    if getattr(layer, "trained", False):
        yield path
    for name, value in _parts(layer):
        if isinstance(value, Layer):
            yield from _trained(value, (*path, name))
        else:
            for k, part in enumerate(value):
                yield from _trained(part, (*path, k))


def _parts(layer: Layer) -> Iterator[tuple[str, Layer | tuple[Layer, ...]]]:
    """The fields that hold layers, one or several."""
    for field in dataclasses.fields(layer):
        value = getattr(layer, field.name)
        several = isinstance(value, tuple) and value and all(isinstance(p, Layer) for p in value)
        if several or (isinstance(value, Layer) and not isinstance(value, Activation)):
            yield field.name, value


def _only(layer: Layer, chosen: Path, path: Path) -> Layer:
    """The same layer with one part trained and no other."""
    changed = {}
    for name, value in _parts(layer):
        if isinstance(value, Layer):
            changed[name] = _only(value, chosen, (*path, name))
        else:
            changed[name] = tuple(_only(part, chosen, (*path, k)) for k, part in enumerate(value))
    if hasattr(layer, "trained"):
        changed["trained"] = path == chosen
    return _with(layer, changed)


def _with(layer: Layer, changed: dict) -> Layer:
    """A copy with other fields; compositions take their parts as positional arguments."""
    parts = [value for value in changed.values() if isinstance(value, tuple)]
    if parts and not type(layer).__dataclass_params__.init:
        return type(layer)(*parts[0])
    return dataclasses.replace(layer, **changed) if changed else layer
