"""Asking the certifiers: all of them, the best of them, or quickly whether one would answer yes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from surefit.certificates.certifier import CERTIFIERS, Certifier
from surefit.certificates.equilibria import certify_equilibria, has_equilibria
from surefit.certificates.floor import certify_floor
from surefit.certificates.kantorovich_majorant import KantorovichMajorant
from surefit.certificates.loose import with_looseness
from surefit.certificates.point import Point
from surefit.certificates.shared import shared_checks
from surefit.certificates.stochastic import certify_batches
from surefit.core.certificate import Certificate
from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.problem import Problem

__all__ = ["certify", "fires", "issue_all"]


@float64
def certify(
    problem: Problem,
    params: Params,
    step_size: float | None = None,
    certifiers: Iterable[str | Certifier] | None = None,
    batch_size: int | None = None,
    statement: str | None = None,
    looseness: bool = False,
) -> Certificate:
    """The strongest certificate that holds at `params`, or the one that is closest to holding.

    Args:
        problem: network, squared loss and data.
        params: the weights to start from, usually trained ones.
        step_size: of plain gradient descent on the problem's loss. With a step, only certifiers
            that speak of descent are asked (unless `certifiers` names others); without one, each
            takes a step that its theorem allows.
        certifiers: names of the catalogue `CERTIFIERS` or certifiers; None: all.
        batch_size: the certificate is about stochastic descent with so many samples per step
            (`surefit.certificates.certify_batches`); None: about descent and flow.
        statement: another kind of statement: `floor`, descent in float64 down to its rounding
            floor (`surefit.certificates.certify_floor`), or `equilibria`, their existence and
            uniqueness on a ball of weights (`surefit.certificates.certify_equilibria`). None: about
            exact descent and flow, or stochastic descent.
        looseness: also search for curvature at the weights, which tells how many times the bound
            of it may be too large (quantities `curvature_found` and `looseness`, and the note).

    Returns:
        A certificate in any case: look at `holds`, and at `explain()`, which says what is missing.

    Raises:
        InvalidInputError: the loss is no squared loss, the parameters do not fit or are not
            finite, the step is not positive, there is no such batch, or arguments contradict each
            other.
        UnknownNameError: no such certifier or statement.

    Cost:
        One Gram matrix with its spectrum, and a few curvature bounds; a few seconds more with
        `looseness`.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> features = sf.Serial(sf.Dense(16, trained=False), sf.Tanh(), sf.Dense(1))
        >>> problem = sf.Problem(features, np.eye(3), np.ones(3))
        >>> certify(problem, problem.init(0)).holds
        True
    """
    certificate = _chosen(problem, params, step_size, certifiers, batch_size, statement)
    return with_looseness(certificate, problem, params) if looseness else certificate


def _chosen(
    problem: Problem,
    params: Params,
    step_size: float | None,
    certifiers: Iterable[str | Certifier] | None,
    batch_size: int | None,
    statement: str | None,
) -> Certificate:
    if statement is not None:
        _require_alone(statement, step_size, certifiers, batch_size)
        return STATEMENTS[statement](problem, params, step_size)
    if batch_size is not None:
        if certifiers is not None:
            raise InvalidInputError(
                "`certify(certifiers=..., batch_size=...)` must be given one of the two at most. "
                f"Got batch_size = {batch_size} and certifiers. These theorems are about steps on "
                "all samples. Leave certifiers out for stochastic descent."
            )
        return certify_batches(problem, params, batch_size, step_size)
    chosen = _resolve(certifiers)
    if certifiers is None and step_size is not None:
        chosen = [certifier for certifier in chosen if "descent" in certifier.dynamics]
    return _issue(problem, params, step_size, chosen)[0]


@float64
def issue_all(
    problem: Problem,
    params: Params,
    *,
    step_size: float | None = None,
    certifiers: Iterable[str | Certifier] | None = None,
) -> tuple[Certificate, ...]:
    """One certificate from every certifier, strongest first; arguments as for `certify`.

    Those that hold come first, statements about descent before statements about flow, faster
    guaranteed convergence before slower; the others follow, the closest to holding first. For
    networks with equilibria, unless `certifiers` are named, the last one is about these.
    """
    issued = tuple(_issue(problem, params, step_size, _resolve(certifiers)))
    if certifiers is not None or not has_equilibria(problem.network):
        return issued
    return (*issued, certify_equilibria(problem, params))


@float64
def fires(
    problem: Problem,
    params: Params,
    step_size: float | None = None,
    condition: float = 1.0,
) -> bool:
    """Whether `certify` would find that descent from `params` converges; cheap.

    Made to be asked every thousand steps of training, as a reason to stop. It asks the weakest
    hypothesis of all certifiers (`kantorovich_majorant`), and leaves out what only messages need.

    Args:
        problem: network, squared loss and data.
        params: the current weights.
        step_size: of gradient descent; None: a step that the theorem allows.
        condition: how small C is to be. The certified rate is proportional to 1 - C, so 1 stops
            as soon as there is a statement, 0.5 when it is half as good as it can become.

    Raises:
        InvalidInputError: as `certify`, or `condition` is not in (0, 1].
    """
    if not 0.0 < condition <= 1.0:
        raise InvalidInputError(
            f"`fires(condition=...)` must be above 0 and at most 1. Got {condition}. The theorem "
            "needs C < 1; smaller values ask for a better statement. Pass 1.0 or 0.5."
        )
    point = Point.at(problem, params, quick=True)
    if point.curvature is None or point.smallest.lower <= 0.0:
        return False
    # No bound on a ball is smaller than the one at its centre.
    if 2.0 * point.lipschitz(0.0) * point.residual >= condition * point.smallest.lower:
        return False
    if not all(check.holds for check in shared_checks(point)):
        return False
    step = None if step_size is None else float(step_size)
    found = KantorovichMajorant().assess(point, step, "descent")
    return found.quantities["condition"] <= condition and all(c.holds for c in found.checks)


STATEMENTS: dict[str, Callable[[Problem, Params, float | None], Certificate]] = {
    "floor": certify_floor,
    "equilibria": lambda problem, params, _: certify_equilibria(problem, params),
}


def _require_alone(
    statement: str,
    step_size: float | None,
    certifiers: Iterable[str | Certifier] | None,
    batch_size: int | None,
) -> None:
    if statement not in STATEMENTS:
        raise UnknownNameError("statement", statement, STATEMENTS)
    others = {"certifiers": certifiers, "batch_size": batch_size}
    if statement == "equilibria":
        others["step_size"] = step_size
    given = [name for name, value in others.items() if value is not None]
    if given:
        raise InvalidInputError(
            f"`certify(statement={statement!r})` must be given without {' and '.join(given)}. Got "
            f"{', '.join(f'{name} = {others[name]!r}' for name in given)}. This statement is about "
            "something else. Leave them out, or the statement."
        )


def _resolve(certifiers: Iterable[str | Certifier] | None) -> list[Certifier]:
    if certifiers is None:
        return [certifier() for certifier in CERTIFIERS.entries().values()]
    if isinstance(certifiers, str):
        raise InvalidInputError(
            f"`certify(certifiers=...)` must be a list of names. Got {certifiers!r}. The letters "
            f"of a text would be taken for names. Write certifiers=[{certifiers!r}]."
        )
    chosen = [CERTIFIERS[item]() if isinstance(item, str) else item for item in certifiers]
    if not chosen:
        raise InvalidInputError(
            "`certify(certifiers=...)` must name at least one certifier. Got none. Leave it out to "
            f"ask all: {', '.join(CERTIFIERS)}."
        )
    return chosen


def _issue(
    problem: Problem, params: Params, step_size: float | None, chosen: list[Certifier]
) -> list[Certificate]:
    point = Point.at(problem, params)
    issued = [(certifier.issue_at(point, step_size), certifier) for certifier in chosen]
    return [certificate for certificate, _ in sorted(issued, key=lambda pair: _rank(*pair))]


def _rank(certificate: Certificate, certifier: Certifier) -> tuple[float, ...]:
    """Smaller is stronger."""
    numbers = certificate.quantities
    if certificate.holds:
        flow = math.isnan(numbers["rate"])
        speed = -numbers["exponent"] if flow else numbers["rate"]
        return (0.0, float(flow), -float(certificate.evidence.strength), speed, numbers["radius"])
    shortfall = numbers["condition"]
    about_flow = float("descent" not in certifier.dynamics)
    return (1.0, math.inf if math.isnan(shortfall) else shortfall, about_flow)
