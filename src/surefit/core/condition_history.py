"""How far a certificate was at moments of a run."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from surefit.core.jsonable import as_float

__all__ = ["ConditionHistory", "Moment"]


@dataclasses.dataclass(frozen=True)
class Moment:
    r"""The main condition of the certificates at some weights.

    Args:
        time: steps made so far, of training (the time reached, for flow) or of polishing.
        residual: $\lVert r\rVert$.
        sigma: a lower bound of $\sigma_{\min}(J)$; 0 where it is not positive within rounding.
        lipschitz: $\Lambda$; NaN where it is not known.
        condition: $C = 2\Lambda\lVert r\rVert/\sigma^2$ (where curvature grows along the path, the
            quotient of $\lVert r\rVert$ and the largest residual norm that can be certified); a
            certificate holds below 1. Infinite where J is not onto within rounding.
    """

    time: float
    residual: float
    sigma: float
    lipschitz: float
    condition: float

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Moment:
        """Read what `dataclasses.asdict` made, before or after a round through JSON."""
        return cls(**{field.name: as_float(data[field.name]) for field in dataclasses.fields(cls)})


@dataclasses.dataclass(frozen=True)
class ConditionHistory:
    """The condition of the certificates over a run.

    Args:
        training: moments of training, the last one at its end.
        polishing: the start and every accepted step of a polish; empty: there was none.
        absent: why nothing was measured, in a sentence; empty: something was.
    """

    training: tuple[Moment, ...] = ()
    polishing: tuple[Moment, ...] = ()
    absent: str = ""

    @property
    def fired(self) -> Moment | None:
        """The first moment of training at which C < 1, so that a certificate holds."""
        return first_below(self.training)

    @property
    def fired_polishing(self) -> Moment | None:
        """The same while polishing."""
        return first_below(self.polishing)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ConditionHistory:
        """Read what `dataclasses.asdict` made, before or after a round through JSON."""
        return cls(
            training=tuple(map(Moment.from_dict, data["training"])),
            polishing=tuple(map(Moment.from_dict, data["polishing"])),
            absent=data["absent"],
        )


def first_below(moments: tuple[Moment, ...]) -> Moment | None:
    """The first one with C < 1."""
    known = (moment for moment in moments if not math.isnan(moment.condition))
    return next((moment for moment in known if moment.condition < 1.0), None)
