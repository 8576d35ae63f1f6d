r"""What theorems on a ball around the start share: curvature there, monotone enclosures, widths.

They ask for the Lipschitz constant $L$ of the Jacobian on a ball whose radius depends on
$\|r_0\|$, $\sigma_{\min}$ and $\sigma_{\max}$ at the start. Radius and condition are monotone in
each of these, so that their enclosures give one of the condition.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

from surefit.core.check import Check, Evidence, Sense
from surefit.core.spectrum import Enclosure
from surefit.theory.conditions import enclosed
from surefit.theory.setting import Setting

__all__ = ["Ball", "ball_condition", "extrapolated_width", "width_note"]

Formula = Callable[[float, float, float], float]

# Exponent q in (condition ratio) ~ m^-q, by parameterisation of the output layer.
_WIDTH_LAWS = {"ntk": 0.5, "standard": 1.0}


@dataclasses.dataclass(frozen=True)
class Ball:
    r"""A ball around the start with the Lipschitz constant of $J$ on it.

    Args:
        radius: rounded up: it covers every start within the enclosures.
        lipschitz: bound on the Lipschitz constant of $J$ on the ball; None where none is known.
        ratio: enclosure of the quantity that must not exceed 1; None where it cannot be had.
        evidence: of the bound.
        note: one sentence for the reader.
    """

    radius: float
    lipschitz: float | None
    ratio: Enclosure | None
    evidence: Evidence = Evidence.FLOAT
    note: str = ""

    def check(self, name: str, strict: bool = False) -> Check:
        """The condition of the theorem: the ratio is at most (or, if `strict`, below) 1."""
        if self.ratio is None:
            return Check.undecided(name, self.note)
        sense = Sense.LESS if strict else Sense.AT_MOST
        return enclosed(name, self.ratio, 1.0, sense, self.note, self.evidence)


def _monotone(formula: Formula, setting: Setting) -> Enclosure:
    """Enclosure of a formula that rises in the first and third argument and falls in the second."""
    r, low, high = setting.residual_norm, setting.sigma_min, setting.sigma_max

    def at(residual: float, smallest: float, largest: float) -> float:
        return formula(residual, smallest, largest) if smallest > 0.0 else math.inf

    return Enclosure(
        at(r.lower, low.upper, high.lower),
        at(r.value, low.value, high.value),
        at(r.upper, low.lower, high.upper),
    )


def ball_condition(
    setting: Setting, radius: Formula, ratio: Callable[[float, float, float, float], float]
) -> Ball:
    r"""The condition of a theorem on a ball.

    Args:
        setting: what is asked about.
        radius: $(\|r_0\|, \sigma_{\min}, \sigma_{\max}) \mapsto$ radius of the ball.
        ratio: $(L, \|r_0\|, \sigma_{\min}, \sigma_{\max}) \mapsto$ what must not exceed 1.
    """
    outer = _monotone(radius, setting).upper
    if math.isinf(outer):
        note = "the smallest singular value of J is not known to be positive: there is no ball"
        return Ball(outer, None, None, note=note)
    bound = setting.lipschitz(outer)
    if bound is None:
        return Ball(outer, None, None, note=_unknown(setting))
    lipschitz = float(bound.value)
    enclosure = _monotone(lambda r, low, high: ratio(lipschitz, r, low, high), setting)
    note = f"L = {lipschitz:.4g} on the ball of radius {outer:.4g} ({bound.source})"
    return Ball(outer, lipschitz, enclosure, Evidence(bound.evidence), note)


def _unknown(setting: Setting) -> str:
    if not setting.structure.smooth:
        return "the Jacobian jumps where an activation has a kink: it is not Lipschitz"
    return "no bound on the Lipschitz constant of the Jacobian is known for this network"


def extrapolated_width(setting: Setting, ratio: Enclosure | None) -> float | None:
    r"""The width $m^* = m\,C^{1/q}$ at which a ratio $C(m) \sim m^{-q}$ would reach 1.

    In NTK parameterisation $q = 1/2$: residual, $\sigma_{\min}$ and $\sigma_{\max}$ tend to limits
    and $L \sim m^{-1/2}$. In standard parameterisation $q = 1$: both singular values grow like
    $\sqrt m$ and $L$ tends to a limit. $C$ is measured at one width and one draw: an
    extrapolation, with evidence `sampled`.

    Returns:
        The width; None for other networks, and where $C$ is not known.
    """
    structure = setting.structure
    if not structure.fully_connected or structure.width is None or ratio is None:
        return None
    if len(structure.dense) != 2:  # the laws are those of one hidden layer
        return None
    law = _WIDTH_LAWS.get(structure.dense[-1].parameterisation)
    if law is None or not math.isfinite(ratio.value):
        return None
    return max(1.0, structure.width * ratio.value ** (1.0 / law))


def width_note(width: float | None) -> str:
    """The sentence about an extrapolated width."""
    if width is None:
        return ""
    return (
        f"The condition on the ball asks for a width of about {width:.3g}: extrapolated from this "
        "draw by the scaling of its ingredients with the width (evidence: sampled)."
    )
