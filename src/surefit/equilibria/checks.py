"""Well-posedness of every equilibrium of a network, on its data."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from surefit.core.arguments import as_numbers, require_instance
from surefit.core.check import Check
from surefit.core.layer import Layer, Params
from surefit.core.own_params import require_params
from surefit.core.precision import as_float64, float64
from surefit.equilibria.walk import Located, equilibria
from surefit.errors import InvalidInputError
from surefit.implicit.well_posedness import (
    existence_check,
    measured_contraction,
    monotone_check,
    operator_norm_check,
    perron_frobenius_check,
)

__all__ = ["well_posedness"]


@float64
def well_posedness(network: Layer, params: Params, x: Any) -> tuple[Check, ...]:
    r"""Whether the equilibria of the network exist, by conditions of different strength.

    For every equilibrium $h = \phi(Wh + x)$: operator norm, Perron-Frobenius, monotone (each of
    them sufficient for all inputs, none of them necessary), the contraction that is measured on the
    data, and the certificate of existence of every sample. If the last one holds, every sample has
    an equilibrium, whatever the others say.

    Args:
        network: any network.
        params: its parameters.
        x: the inputs, one row per sample.

    Returns:
        Five checks per equilibrium; where there are several of them, named after their places in
        the tree of parameters. Empty without any: nothing can then fail to exist.

    Raises:
        InvalidInputError: the weights are not finite; an equilibrium is inside a layer of which
            nobody knows how it is used.

    Cost: the eigenvalues of two $m \times m$ matrices and a forward pass; see `existence_check`.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> from surefit.equilibria import well_posedness
        >>> network = sf.models.implicit_relu(64, gamma=0.1)
        >>> problem = sf.Problem(network, np.eye(3), np.ones(3))
        >>> [check.holds for check in well_posedness(network, problem.init(0), problem.x)]
        [True, True, True, True, True]
    """
    advice = "Its equilibria are looked for in it. Write `sf.models.implicit_relu(512)`."
    require_instance("`well_posedness(network=...)`", network, Layer, "a layer", advice)
    x = as_numbers("`well_posedness(x=...)`", x)
    if not np.isfinite(x).all():
        raise InvalidInputError(
            "`well_posedness(x=...)` must be finite. Got NaN or infinity. No state belongs to such "
            "an input. Remove these examples, or fill in what is missing."
        )
    require_params("well_posedness", network, params, x.shape[1:])
    params = jax.tree.map(jnp.asarray, as_float64(params))
    found = equilibria(network, params, jnp.asarray(x, jnp.float64))
    checks = [(each.place, check) for each in found for check in _of(each)]
    if len(found) < 2:
        return tuple(check for _, check in checks)
    return tuple(
        dataclasses.replace(check, name=f"{place}: {check.name}") for place, check in checks
    )


def _of(found: Located) -> tuple[Check, ...]:
    weights, x, h = (np.asarray(a) for a in (found.weights, found.inputs, found.solution.state))
    activation = found.layer.activation
    tests = (operator_norm_check, perron_frobenius_check, monotone_check)
    sufficient = tuple(test(weights, activation) for test in tests)
    return (
        *sufficient,
        measured_contraction(weights, activation, x),
        existence_check(weights, activation, x, h, sufficient=sufficient),
    )
