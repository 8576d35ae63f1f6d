"""The annotations of the package are checked in every test: types, shapes, and across arguments."""

from __future__ import annotations

import dataclasses

import jaxtyping
import numpy as np
import pytest
from beartype.roar import BeartypeCallHintViolation
from jaxtyping import Float

from surefit.core.catalogue import snake_case
from surefit.tangent.gram import jacobian


@jaxtyping.jaxtyped
def scaled(
    x: Float[np.ndarray, "n d"], y: Float[np.ndarray, " n"], by: int
) -> Float[np.ndarray, " n"]:
    return y if by else x[0]


@jaxtyping.jaxtyped
@dataclasses.dataclass(frozen=True)
class Pair:
    left: Float[np.ndarray, " n"]
    right: Float[np.ndarray, " n"]


ROWS, NUMBERS = np.ones((3, 2)), np.ones(3)


def test_what_fits_passes():
    assert scaled(ROWS, NUMBERS, 1) is NUMBERS
    assert Pair(NUMBERS, NUMBERS).left is NUMBERS


@pytest.mark.parametrize(
    "call",
    [
        lambda: scaled(NUMBERS, NUMBERS, 1),
        lambda: scaled(ROWS, np.ones(2), 1),
        lambda: scaled(ROWS, NUMBERS, 1.0),
        lambda: scaled(ROWS, NUMBERS, 0),
        lambda: Pair(NUMBERS, np.ones(2)),
        lambda: jacobian(lambda params, x: x, {}, 1.0),
        lambda: snake_case(3),
    ],
    ids=["rank", "sizes differ", "type", "result", "fields differ", "array", "text"],
)
def test_what_does_not_fit_is_found(call):
    with pytest.raises(BeartypeCallHintViolation):
        call()
