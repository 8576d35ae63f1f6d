"""The extension point of certificates: hypotheses at the saved weights, and what follows."""

from __future__ import annotations

import abc
import dataclasses
import math
from typing import ClassVar, Literal, get_args

from surefit.certificates.diagnosis import diagnose
from surefit.certificates.point import Point
from surefit.certificates.portable import Statement, Unportable, portable
from surefit.certificates.shared import (
    common_quantities,
    positive_step,
    reach_checks,
    shared_checks,
)
from surefit.certificates.single import single_precision
from surefit.core.catalogue import Catalogue, snake_case
from surefit.core.certificate import Certificate
from surefit.core.check import Check
from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.errors import InvalidInputError
from surefit.problem import Problem

__all__ = ["BARE", "CERTIFIERS", "Assessment", "Certifier", "Dynamics"]

Dynamics = Literal["descent", "flow"]

# The claim without its numbers, for a certificate that does not hold.
BARE = "gradient {} from the saved weights converges to zero training loss at a linear rate"
# How much larger than the radius computed the proposed one may be, in the order tried: a program
# that bounds curvature by one number, that on the whole ball, and sigma less sharply, wants room.
LEAST_ROOM, ROOMS = 1.01, (1.3, 1.8, 2.7, 1.1)
# By what factor the majorant of that program is to have passed zero at the proposed radius.
MARGIN = 1.1
SMALL = 1e-6  # stands for the radius where the residual is 0
# Of the radius up to which curvature is bounded, which that program may put lower.
WITHIN_REACH, FAR_WITHIN_REACH = 0.9, 0.1
SCOPE = (
    "Scope: exact gradient {dynamics} from the saved weights, not the run that led there; "
    "evidence float: evaluated in float64 (the extreme eigenvalues enclosed with their rounding, "
    "residual and curvature inflated or as computed), not proved by an independent program in "
    "interval arithmetic."
)


@dataclasses.dataclass(frozen=True)
class Assessment:
    """What a certifier found.

    Args:
        checks: the hypotheses of its theorem, after those that all certifiers share.
        claim: what the theorem concludes, with its numbers; the bare claim where they are missing.
        quantities: numbers of the claim; missing ones become NaN.
    """

    checks: tuple[Check, ...]
    claim: str
    quantities: dict[str, float] = dataclasses.field(default_factory=dict)


class Certifier(abc.ABC):
    r"""A theorem that turns facts at the saved weights into a statement about training from there.

    To add one, write a class in a new file of `surefit/certificates/` with `theorem`, `dynamics`
    and `assess`; certifiers do not import each other. `assess` is only called where J is onto and
    has a curvature bound; it works with the loss $\tfrac12\lVert r\rVert^2$ through
    `point.factor`.

    The quantities of every certificate (NaN where one does not apply): `sigma_min`, `sigma_max`,
    `residual`, `lipschitz` $\Lambda$, `condition` C (the main hypothesis reads C < 1),
    `fire_residual` (the residual norm at which C = 1), `radius` (bound of the whole path), `rate`
    (factor of the residual norm per step), `exponent` (decay exponent of the residual norm per
    unit of time, for flow), `step_size`, `largest_step`, `steps_per_decade`, `parameters` p,
    `residuals` N, `loss`.

    Attributes:
        theorem: the theorem behind the statement, with locator.
        dynamics: what it speaks of; the first one is the default.
    """

    theorem: ClassVar[str]
    dynamics: ClassVar[tuple[Dynamics, ...]]

    @abc.abstractmethod
    def assess(self, point: Point, step_size: float | None, dynamics: Dynamics) -> Assessment:
        """Check the theorem's own hypotheses.

        Args:
            point: the facts; J is onto and a curvature bound is known.
            step_size: for descent on the problem's loss; None: one that the theorem allows.
            dynamics: one of the certifier's.
        """

    @float64
    def issue(
        self,
        problem: Problem,
        params: Params,
        *,
        step_size: float | None = None,
        dynamics: Dynamics | None = None,
    ) -> Certificate:
        """Check the hypotheses at `params` and state what follows from them.

        Args:
            problem: network, squared loss and data.
            params: the weights to start from.
            step_size: of gradient descent on the problem's loss; None: one that the theorem
                allows. Flow has no step: there it only serves to say how much longer to train.
            dynamics: `descent` or `flow`; None: the certifier's default.

        Returns:
            A certificate, whether it holds or not; its note says what is missing.

        Raises:
            InvalidInputError: the loss is no squared loss, the parameters do not fit or are not
                finite, the step is not positive, or the theorem does not speak of `dynamics`.
        """
        return self.issue_at(Point.at(problem, params), step_size, dynamics)

    def issue_at(
        self, point: Point, step_size: float | None = None, dynamics: Dynamics | None = None
    ) -> Certificate:
        """`issue` where the facts are known already."""
        name = type(self).__dict__.get("name") or snake_case(type(self).__name__)
        dynamics = self._dynamics(dynamics)
        step_size = positive_step(step_size)
        shared = shared_checks(point)
        if all(check.holds for check in shared):
            found = self.assess(point, step_size, dynamics)
        else:
            found = Assessment((), BARE.format(dynamics))
        checks = (*shared, *reach_checks(point), *found.checks)
        quantities = {**common_quantities(point), **found.quantities}
        holds = all(check.holds for check in checks)
        advice = diagnose(point, checks, quantities, step_size)
        scope = SCOPE.format(dynamics=dynamics) + single_precision(point, quantities)
        certificate = Certificate(
            name=name,
            statement=_sentence(found.claim if holds else f"not shown: {found.claim}"),
            theorem=self.theorem,
            checks=checks,
            quantities=quantities,
            witness=point.witness(),
            note=" ".join([*advice, scope]),
        )
        return _with_document(certificate, point, dynamics) if holds else certificate

    def _dynamics(self, dynamics: Dynamics | None) -> Dynamics:
        if dynamics is None:
            return self.dynamics[0]
        if dynamics not in self.dynamics:
            raise InvalidInputError(
                f"`{type(self).__name__}.issue(dynamics=...)` must be one of "
                f"{', '.join(self.dynamics)}. Got {dynamics!r}. The theorem behind it speaks of "
                f"nothing else ({' and '.join(get_args(Dynamics))} are known). Leave it out, or "
                "choose another certifier."
            )
        return dynamics


def _with_document(certificate: Certificate, point: Point, dynamics: Dynamics) -> Certificate:
    """The certificate with its form for other programs, or with the reason why it has none."""
    numbers = certificate.quantities
    statement = Statement(
        dynamics,
        rho=_proposed_radius(point, numbers["radius"]),
        step_size=None if dynamics == "flow" else numbers["step_size"],
    )
    try:
        document, arrays = portable(point.problem, point.params, statement)
    except Unportable as reason:
        note = f"{certificate.note} It has no form that the checker reads: {reason}."
        return dataclasses.replace(certificate, note=note)
    return dataclasses.replace(certificate, document=document, witness=arrays)


def _proposed_radius(point: Point, radius: float) -> float:
    r"""A radius with $\lVert r\rVert + \tfrac12\Lambda(\rho)\rho^2 < \sigma\rho$, if there is one.

    The first zero of a majorant has no room for rounding; a little beyond it is negative. Where
    no candidate has the margin, the one that comes nearest to it.
    """
    if radius == 0.0:  # an exact fit in float64, and within rounding elsewhere
        radius = min(SMALL, 1e-3 * point.reach)
    best, found = -math.inf, radius * LEAST_ROOM
    flat = point.lipschitz(0.0)
    # Far below sigma/Lambda there is room for residuals that are not known well, at no cost.
    scale = point.sigma.lower / flat if flat > 0 else 0.0
    far = min(math.sqrt(radius * scale), 0.1 * scale)
    wide = max(min(far, FAR_WITHIN_REACH * point.reach), radius * ROOMS[0])
    for rho in (wide, *(radius * room for room in ROOMS)):
        if rho <= WITHIN_REACH * point.reach and best < MARGIN:
            bent = 0.5 * point.lipschitz(rho) * rho**2
            margin = point.sigma.lower * rho / (point.residual + bent)
            best, found = max((best, found), (margin, rho))
    return found


CERTIFIERS: Catalogue[Certifier] = Catalogue("certifier", Certifier, "surefit.certificates")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
