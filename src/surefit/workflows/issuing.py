"""Every certificate that a run can have."""

from __future__ import annotations

from surefit.certificates import CERTIFIERS, certify_batches, certify_classes, issue_all
from surefit.core.certificate import Certificate
from surefit.core.layer import Params
from surefit.problem import Problem

__all__ = ["issue_certificates", "only_the_step_is_too_long"]


def issue_certificates(
    problem: Problem, params: Params, step_size: float | None, batch_size: int | None = None
) -> tuple[Certificate, ...]:
    """One certificate per certifier, those that hold first.

    They speak of the run's own step size. A theorem that only allows shorter steps is asked again
    about a step of its own choice, which its statement names; without a step (None) each is.
    With cross-entropy they are about margins, and about flow on homogeneous networks; there is none
    for other losses that are no multiple of the square.

    Args:
        problem: network, loss and data.
        params: the weights that the statements are about.
        step_size: of the run; None: each theorem chooses.
        batch_size: of stochastic steps: a certificate about them stands before those about steps on
            all samples. None: the run made no such steps.
    """
    if problem.loss.residual_scale(problem.samples) is None:
        return certify_classes(problem, params) if problem.loss.coding is not None else ()
    issued = [
        CERTIFIERS[certificate.name]().issue(problem, params)
        if only_the_step_is_too_long(certificate)
        else certificate
        for certificate in issue_all(
            problem, params, step_size=step_size, certifiers=tuple(CERTIFIERS)
        )
    ]
    if batch_size is not None:
        own = certify_batches(problem, params, batch_size, step_size)
        if only_the_step_is_too_long(own):
            own = certify_batches(problem, params, batch_size)
        issued.insert(0, own)
    return tuple(sorted(issued, key=lambda certificate: certificate.holds is not True))


def only_the_step_is_too_long(certificate: Certificate) -> bool:
    """Whether the certificate would hold for a shorter step."""
    bad = [check for check in certificate.checks if check.holds is not True]
    return bool(bad) and all(check.name == "step size" for check in bad)
