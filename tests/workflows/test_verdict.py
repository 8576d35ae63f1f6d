import dataclasses

import numpy as np
import pytest

from surefit.core.certificate import Certificate
from surefit.core.check import Check
from surefit.core.prediction import Prediction
from surefit.core.record import TheoremRecord
from surefit.core.trajectory import Series, Status, Trajectory
from surefit.workflows.verdict import verdict

LOSS = Series(np.array([0.0, 1.0]), np.array([1.0, 0.25]))
RUN = Trajectory("gradient_descent", 0.1, 1200.0, {"loss": LOSS}, Status.STEPS_DONE)
GOOD, BAD, OPEN = Check("a", 1.0, 2.0), Check("b", 3.0, 2.0), Check.undecided("c", "unknown")


def certificate(check):
    return Certificate("k", "Descent converges.", "T", (check,), {}, note="Train on. Scope: here.")


def theorem(assumption, outcome):
    prediction = Prediction("t", (assumption,))
    return TheoremRecord("t", "A theorem", "", "", "", prediction, (outcome,))


@pytest.mark.parametrize(
    ("certificates", "theorems", "status", "holds", "words"),
    [
        ([certificate(GOOD)], [], Status.STEPS_DONE, True, "Certified after 1 200 steps"),
        ([certificate(BAD), certificate(GOOD)], [], Status.STEPS_DONE, True, "Descent converges"),
        (
            [certificate(BAD)],
            [],
            Status.STEPS_DONE,
            False,
            "loss 0.25, 0.25 of that at the start). Train on.",
        ),
        ([certificate(OPEN)], [], Status.STEPS_DONE, None, "No certificate"),
        ([], [], Status.STEPS_DONE, False, "No certificate"),
        ([certificate(GOOD)], [theorem(GOOD, BAD)], Status.STEPS_DONE, False, "A theorem"),
        ([certificate(GOOD)], [theorem(BAD, BAD)], Status.STEPS_DONE, True, "Certified"),
        ([certificate(GOOD)], [theorem(OPEN, BAD)], Status.STEPS_DONE, True, "Certified"),
        ([certificate(GOOD)], [theorem(GOOD, GOOD)], Status.STEPS_DONE, True, "Certified"),
        ([certificate(GOOD)], [], Status.DIVERGED, False, "diverged: too long a step"),
        (
            [certificate(GOOD), dataclasses.replace(certificate(BAD), name="stochastic")],
            [],
            Status.STEPS_DONE,
            True,
            "converges. Of the stochastic descent of this run nothing is certified. Train on.",
        ),
    ],
)
def test_verdict(certificates, theorems, status, holds, words):
    run = dataclasses.replace(RUN, status=status, message="too long a step")
    sentence, found = verdict(run, certificates, theorems)
    assert found is holds
    assert words in sentence
    assert "Scope" not in sentence
