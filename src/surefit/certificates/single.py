"""What certificates say about weights that come in single precision."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from jax.flatten_util import ravel_pytree

from surefit.certificates.point import Point
from surefit.certificates.wording import number

__all__ = ["single_precision"]

_UNIT = 2.0**-24  # of rounding in float32


def single_precision(point: Point, quantities: Mapping[str, float]) -> str:
    r"""A sentence, with a space before it, where the weights came in float32; otherwise empty.

    Rounding the weights moves them by up to $u\lVert\theta\rVert$ in every step, and descent with
    such errors is certified down to $\beta u\lVert\theta\rVert/(\eta\mu)$ only (Theorem 2,
    docs/certificates/rounding.md).
    """
    if not point.single:
        return ""
    text = (
        " The weights came in float32 and are taken as they are; the statement is about exact "
        "arithmetic from there, not about descent in float32"
    )
    fall = 1.0 - quantities["rate"]
    if math.isnan(fall) or fall <= 0.0:
        return f"{text}."
    size = float(np.linalg.norm(np.asarray(ravel_pytree(point.problem.split(point.params)[0])[0])))
    floor = point.beta * _UNIT * size / fall
    return f"{text}, whose rounding may keep the residual norm at up to {number(floor)}."
