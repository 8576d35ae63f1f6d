r"""What results on deep networks ask of width, step and iterations, condition by condition.

Steps are for half the sum of squares. A radius $\omega(m)$ that must stay below a bound becomes a
width; $\log m$ stands on both sides.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

from surefit.theory.growth import over, with_log
from surefit.theory.theorem import Provenance
from surefit.theory.width_row import Requirement, WidthRow

__all__ = ["CONSTANTS", "Demand", "Sizes", "deep_demands"]

CONSTANTS = ("allen_zhu", "allen_zhu_sgd", "zou_gu", "du_deep", "du_deep_growth", "nguyen")
"""Factors that the results hide in O(.); `du_deep_growth` is $c$ in $2^{cL}$."""
DESCENT, ALL = "gradient_descent", "all hidden layers"


@dataclasses.dataclass(frozen=True)
class Sizes:
    r"""The numbers that the formulas are about.

    Args:
        samples: $n$.
        depth: $L$.
        outputs: $d$.
        width: $m$ of the network at hand, for steps.
        delta: separation in the normalisation of Allen-Zhu et al.
        phi: separation of the inputs at unit norm.
        smallest: $\lambda_{\min}(\hat K_L)$ of the ReLU network, at least 0.
        batch: $b$.
        decrease: $\log(F_0/\epsilon)$.
    """

    samples: int
    depth: int
    outputs: int
    width: int
    delta: float
    phi: float
    smallest: float
    batch: int
    decrease: float = 1.0


@dataclasses.dataclass(frozen=True)
class Demand:
    """What one result asks for.

    Args:
        row: the conditions on the width, with constants and provenance.
        half_step: the largest step at the width at hand; None where it states none.
        iterations: until the target; None where it states none.
    """

    row: WidthRow
    half_step: float | None = None
    iterations: float | None = None


def deep_demands(s: Sizes, constants: Mapping[str, float]) -> list[Demand]:
    """All of them.

    Args:
        s: the sizes.
        constants: a value for every name in `CONSTANTS`.
    """
    return [
        *_allen_zhu(s, constants["allen_zhu"]),
        _stochastic(s, constants["allen_zhu_sgd"]),
        _zou_gu(s, constants["zou_gu"]),
        *_du(s, constants),
        _nguyen(s, constants["nguyen"]),
    ]


def _solve(name: str, top: float, bottom: float, power: int) -> Requirement:
    return Requirement(name, with_log(over(top, bottom), power))


def _shared(s: Sizes, c: float) -> tuple[Requirement, ...]:
    """What the start needs: features stay apart, and gradients reach every layer."""
    many = math.log(max(s.samples * s.depth, 2))
    return (
        Requirement("separateness: log(n L) / delta^6", over(c * many, s.delta**6)),
        Requirement("gradients flow back: n L log(n L)", c * s.samples * s.depth * many),
    )


def _allen_zhu(s: Sizes, c: float) -> list[Demand]:
    n, depth, d, delta = float(s.samples), s.depth, s.outputs, s.delta
    tops = c * depth**12 * d
    printed = (
        _solve("first-order error: n^24 L^12 d log^5(m) / delta^8", tops * n**24, delta**8, 5),
        _solve("gradient bounds: n^15 L^12 d log^8(m) / delta^5", tops * n**15, delta**5, 8),
        _solve("semi-smoothness: n^6 L^9 d log^8(m) / delta^2", c * n**6 * depth**9 * d,
               delta**2, 8),
        *_shared(s, c),
    )  # fmt: skip
    cancelled = (
        _solve("first-order error: n^15 L^12 d log^5(m) / delta^5", tops * n**15, delta**5, 5),
        *printed[1:],
    )
    short = (
        _solve("first-order error: n^12 L^12 d log^5(m) / delta^4", tops * n**12, delta**4, 5),
        _solve("gradient bounds: n^12 L^12 d log^8(m) / delta^4", tops * n**12, delta**4, 8),
        _solve("semi-smoothness: n^3 L^9 d log^8(m) / delta", c * n**3 * depth**9 * d, delta, 8),
        *_shared(s, c),
    )
    step = d * delta / (n**4 * depth**2 * s.width)
    slow = over(n**6 * depth**2, delta**2) * s.decrease
    fast = over(n**3 * depth**2, delta) * s.decrease

    def demand(
        name: str, scaling: str, needs: tuple[Requirement, ...], step: float, steps: float,
        provenance: Provenance, note: str,
    ) -> Demand:  # fmt: skip
        row = WidthRow(name, f"depth {depth}, {ALL}", DESCENT, scaling, "width", needs,
                       ("allen_zhu",), provenance, note=note)  # fmt: skip
        return Demand(row, step, steps)

    derived = Provenance.RECALLED
    return [
        demand("allen_zhu_2019", "n^24 L^12", printed, step, slow, Provenance.RESTATED,
               "As printed; the conditions behind it are unconfirmed."),
        demand("allen_zhu_2019_cancelled", "n^15 L^12", cancelled, step, slow, derived,
               "Not in the paper: the first-order error held against the gradient itself and not "
               "against its upper bound."),
        demand("allen_zhu_2019_short_path", "n^12 L^12", short, d / (n * depth**2 * s.width), fast,
               derived, "Not in the paper: as before, with the length of the path telescoped, "
               "n^1.5 sqrt(d) log(m) / sqrt(delta m), and the step d / (n L^2 m)."),
    ]  # fmt: skip


def _stochastic(s: Sizes, c: float) -> Demand:
    n, log = float(s.samples), math.log(max(s.width, 2))
    needs = (
        _solve("first-order error: n^25 L^12 d log^5(m) / (b delta^8)",
               c * n**25 * s.depth**12 * s.outputs, s.batch * s.delta**8, 5),
        *_shared(s, c),
    )  # fmt: skip
    row = WidthRow("allen_zhu_2019_sgd", f"depth {s.depth}, {ALL}", "sgd", "poly(n, L, 1/delta)",
                   "width", needs, ("allen_zhu_sgd",), Provenance.RECALLED,
                   note=f"b = {s.batch}; powers from its radius n^3.5 sqrt(d) log(m) / "
                   "(delta sqrt(b m)) and the condition of descent.")  # fmt: skip
    step = s.batch * s.delta * s.outputs / (n**5 * s.depth**2 * s.width * log**2)
    return Demand(row, step, over(n**7 * s.depth**2 * log**2, s.batch * s.delta**2) * s.decrease)


def _zou_gu(s: Sizes, c: float) -> Demand:
    n = float(s.samples)
    width = over(c * s.outputs * n**8 * s.depth**12, s.phi**4)
    row = WidthRow("zou_gu_2019", f"depth {s.depth}, {ALL}", DESCENT, "n^8 L^12", "width",
                   (Requirement("k n^8 L^12 / phi^4", width),), ("zou_gu",), Provenance.RESTATED,
                   note="Step and iterations are unconfirmed; a mean loss there, so that the step "
                   "is divided by n here.")  # fmt: skip
    step = s.outputs / (s.depth**2 * s.width * n)
    return Demand(row, step, over(n**2 * s.depth**2, s.phi) * s.decrease)


def _du(s: Sizes, constants: Mapping[str, float]) -> list[Demand]:
    n, lam, c = float(s.samples), s.smallest, constants["du_deep"]
    growth = 2.0 ** (constants["du_deep_growth"] * s.depth)
    many = math.log(max(s.depth * n, 2))
    plain = (
        Requirement("2^(c L) n^4 / lambda^4", over(c * growth * n**4, lam**4)),
        Requirement("2^(c L) n^2 log(L n) / lambda^2", over(c * growth * n**2 * many, lam**2)),
    )
    skip = (
        Requirement("n^4 / (lambda^4 L^6)", over(c * n**4, lam**4 * s.depth**6)),
        Requirement("n^2 / (lambda^2 L^2)", over(c * n**2, lam**2 * s.depth**2)),
        Requirement("n^2 log(L n) / lambda^2", over(c * n**2 * many, lam**2)),
    )
    found = []
    for name, kind, scaling, needs, factor in (
        ("du_2019", "", "2^O(L) n^4", plain, 1.0 / growth),
        ("du_2019_residual", ", residual", "n^4 / L^6", skip, float(s.depth) ** 2),
    ):
        # For outputs of order 1, not sqrt(m/d) per unit of movement: lambda is of order 1 there.
        step = lam * factor / n**2
        row = WidthRow(name, f"depth {s.depth}, all layers{kind}", DESCENT, scaling, "width", needs,
                       ("du_deep", "du_deep_growth"), Provenance.RECALLED,
                       note="For smooth activations; lambda is that of the ReLU network here, the "
                       "step for the NTK parameterisation.")  # fmt: skip
        found.append(Demand(row, step, over(2.0, step * lam) * s.decrease))
    return found


def _nguyen(s: Sizes, c: float) -> Demand:
    needs = (Requirement("n^3", c * float(s.samples) ** 3),)
    row = WidthRow("nguyen_2021", f"depth {s.depth}, all layers", DESCENT, "n to n^3", "width",
                   needs, ("nguyen",), Provenance.RECALLED,
                   note="Of the last hidden layer alone; linear, quadratic or cubic in n with the "
                   "initialisation, the worst of them here.")  # fmt: skip
    return Demand(row)
