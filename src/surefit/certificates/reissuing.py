"""A certificate issued again from the arrays that it carries."""

from __future__ import annotations

import math

import jax
import numpy as np

from surefit.certificates.certifier import CERTIFIERS
from surefit.core.certificate import Certificate
from surefit.core.layer import Layer, Params
from surefit.core.precision import float64
from surefit.core.tree import leaf_names
from surefit.errors import InvalidInputError
from surefit.losses import Loss
from surefit.problem import Problem

__all__ = ["reissue"]


@float64
def reissue(certificate: Certificate, network: Layer, loss: Loss | None = None) -> Certificate:
    """Compute a certificate again from its own data and weights, trusting none of its numbers.

    The same code computes it again, so this finds damaged or changed files, not defects of the
    code. Compare `holds`, `statement` and `quantities` with those of the original.

    Args:
        certificate: usually one from `Certificate.load`.
        network: the network that the weights belong to.
        loss: the loss; None: half the sum of squares.

    Raises:
        InvalidInputError: the certificate carries no weights, or they do not fit the network.
        UnknownNameError: no certifier has the certificate's name.
    """
    arrays = certificate.witness
    if not {"x", "y"} <= arrays.keys():
        raise InvalidInputError(
            "`reissue(certificate=...)` must carry the data and weights that it was computed from. "
            f"Got the arrays {sorted(arrays)}. Load it with `Certificate.load` from the directory "
            "that `save` wrote."
        )
    problem = Problem(network, arrays["x"], arrays["y"], loss)
    step = certificate.quantities.get("step_size", math.nan)
    dynamics = "flow" if "gradient flow" in certificate.statement.lower() else "descent"
    return CERTIFIERS[certificate.name]().issue(
        problem,
        _weights(problem, arrays),
        step_size=None if math.isnan(step) else step,
        dynamics=dynamics,
    )


def _weights(problem: Problem, arrays: dict[str, np.ndarray]) -> Params:
    shapes = jax.eval_shape(lambda: problem.network.init(jax.random.key(0), problem.x.shape[1:]))
    names = [f"params/{name}" for name in leaf_names(shapes)]
    missing = [name for name in names if name not in arrays]
    if missing:
        raise InvalidInputError(
            f"`reissue(network=...)` must be the network that the weights belong to. Got one that "
            f"needs {', '.join(missing)}, which the certificate does not carry. Pass the network "
            "that was trained."
        )
    return jax.tree.unflatten(jax.tree.structure(shapes), [arrays[name] for name in names])
