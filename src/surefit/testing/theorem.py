"""The conformance suite of theorems: `check_theorem(MyTheorem)` in a test is all that one needs."""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
import re

import numpy as np

from surefit.core.jsonable import dumps
from surefit.core.precision import float64
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.core.trajectory import Series, Status, Trajectory
from surefit.losses import SumSquared
from surefit.problem import Problem
from surefit.testing.fits import check_fits
from surefit.testing.plain import RESIDUAL, plain_run
from surefit.testing.quartic import _Quartic
from surefit.theory import Provenance, Setting, Theorem, compare

__all__ = ["check_theorem", "plain_run"]

SECTIONS = (
    "Setting",
    "Algorithm",
    "Assumptions",
    "Guarantee",
    "Constants",
    "Deviations from the paper",
    "References",
)


@float64
def check_theorem(theorem: type[Theorem] | Theorem, steps: int = 200) -> None:
    """Assert that a theorem is complete, consistent and kept by its own example.

    Metadata and docstring are there; the example satisfies every assumption that can be decided;
    the prediction survives its JSON form, names its unstated constants, is proportional to those
    that it says it can be fitted with, and does not depend on the scaling of the squared loss;
    other losses are refused; a short run of the example, made by a plain loop, keeps every promise;
    a run that stands still breaks the curve, and one that jumps to the solution breaks it exactly
    if the curve is tight.

    Args:
        theorem: the class, or an instance with chosen constants.
        steps: length of the run.

    Raises:
        AssertionError: the first of these that is not so.
    """
    theorem = theorem() if isinstance(theorem, type) else theorem
    _check_metadata(theorem)
    _check_docstring(theorem)
    setting = theorem.example_setting()
    prediction = theorem.predict(setting)
    _check_example(theorem, prediction)
    _check_prediction(theorem, setting, prediction)
    check_fits(theorem, setting, prediction)
    _check_loss_scale(theorem, setting, prediction)
    _check_other_losses(theorem, setting)
    _check_run(prediction, plain_run(setting, steps))
    _check_vacuity(theorem, prediction)


def _check_metadata(theorem: Theorem) -> None:
    kind = type(theorem)
    for name in ("title", "locator", "setting", "url", "citation"):
        text = getattr(kind, name, None)
        assert isinstance(text, str) and text.strip(), f"`{name}` must be a text"
    assert kind.setting.endswith("."), "`setting` must be one sentence"
    assert kind.url.startswith("https://"), "`url` must start with https://"
    assert isinstance(kind.guarantee, Guarantee), "`guarantee` must be a Guarantee"
    assert isinstance(kind.provenance, Provenance), "`provenance` must be a Provenance"
    entry = kind.citation
    assert re.match(r"@\w+\{[\w:-]+,", entry), "`citation` must be a BibTeX entry"
    assert entry.count("{") == entry.count("}"), "`citation` must have balanced braces"
    for field in ("title", "author", "year"):
        assert re.search(rf"\b{field}\s*=\s*\{{", entry), f"`citation` must have the field {field}"
    fields = {field.name: field.default for field in dataclasses.fields(theorem)}
    assert kind.__dataclass_params__.frozen, "the class must be a frozen dataclass"
    assert all(isinstance(value, float) for value in fields.values()), "fields must be floats"
    assert set(kind.unstated) <= set(fields), "`unstated` must name fields"
    assert all(fields[name] == 1.0 for name in kind.unstated), "unstated constants default to 1"


def _check_docstring(theorem: Theorem) -> None:
    text = inspect.getdoc(type(theorem)) or ""
    summary = text.partition("\n")[0]
    assert summary.endswith("."), "the docstring must start with a summary sentence"
    found = re.findall(r"^([A-Z][\w ]*):$", text, flags=re.MULTILINE)
    assert tuple(found) == SECTIONS, f"docstring sections must be {SECTIONS}. Got {found}"
    guarantee = text.partition("\nGuarantee:")[2].strip().lower()
    assert guarantee.startswith(theorem.guarantee), f"Guarantee must begin: {theorem.guarantee}"
    constants = text.partition("\nConstants:")[2].partition("\nDeviations")[0]
    for name in theorem.unstated:
        assert name in constants, f"Constants must mention {name}"


def _check_example(theorem: Theorem, prediction: Prediction) -> None:
    names = [check.name for check in prediction.assumptions]
    if theorem.contradiction:
        assert theorem.contradiction in names, "the contradiction must be one of the checks"
    for check in prediction.assumptions:
        if check.name == theorem.contradiction:
            assert check.holds is False and check.note, f"a contradiction must fail: {check}"
            continue
        assert check.holds is not False, f"the example must satisfy: {check}"
        decided = check.holds is not None or bool(check.unstated)
        assert decided, f"the example must be decidable: {check}"
    if not theorem.unstated and not theorem.contradiction:
        assert prediction.applies is True, "with explicit constants the example must be covered"


def _check_prediction(theorem: Theorem, setting: Setting, prediction: Prediction) -> None:
    assert prediction.theorem == theorem.catalogue_name
    assert prediction.assumptions == theorem.assumptions(setting)
    assert prediction.width == theorem.required_width(setting)
    assert Prediction.from_dict(json.loads(dumps(prediction.to_dict()))) == prediction
    assert prediction.unstated == {name: getattr(theorem, name) for name in theorem.unstated}
    assert prediction.promises, "the example must come with a promise"
    for item in (*prediction.promises, *prediction.assumptions):
        assert set(item.unstated) <= set(theorem.unstated), f"unknown unstated constant in {item}"
    for promise in prediction.promises:
        assert promise.source, f"a promise must say where it comes from: {promise.monitor}"
    assert _curve(prediction).guarantee is theorem.guarantee


def _curve(prediction: Prediction) -> Promise:
    found = [promise for promise in prediction.promises if promise.monitor == RESIDUAL]
    assert len(found) == 1, "the example must come with one curve of the squared residual"
    return found[0]


def _check_loss_scale(theorem: Theorem, setting: Setting, prediction: Prediction) -> None:
    problem = setting.problem
    other = Problem(problem.network, problem.x, problem.y, SumSquared())
    ratio = setting.loss_scale / other.loss.residual_scale(problem.samples)
    flow = setting.dynamics == "gradient_flow"
    step = setting.step_size * (1.0 if flow else ratio)
    rescaled = theorem.predict(Setting(other, setting.params, step, setting.dynamics))
    assert rescaled.applies == prediction.applies, "the scale of the loss must not matter"
    clock = np.array([0.0, 1.0, 7.0])
    np.testing.assert_allclose(
        _curve(rescaled).bound(clock * (ratio if flow else 1.0)),
        _curve(prediction).bound(clock),
        rtol=1e-9,
        err_msg="the curve must not depend on the scale of the loss",
    )


def _check_other_losses(theorem: Theorem, setting: Setting) -> None:
    problem = setting.problem
    other = Problem(problem.network, problem.x, problem.y, _Quartic())
    silent = theorem.predict(Setting(other, setting.params, setting.step_size, setting.dynamics))
    if silent.applies is not False:
        return  # a theorem about general losses
    assert not silent.promises, "a loss that the theorem does not cover must get no promise"


def _check_run(prediction: Prediction, trajectory: Trajectory) -> None:
    for check in compare(prediction, trajectory):
        if not math.isnan(check.value):
            assert check.presumed is True, f"the example breaks a promise: {check}; {check.note}"


def _check_vacuity(theorem: Theorem, prediction: Prediction) -> None:
    promise = _curve(prediction)
    start = float(promise.bound(np.zeros(1))[0])
    only = dataclasses.replace(prediction, promises=(promise,))

    def outcome(end: float) -> bool | None:
        series = Series(np.array([0.0, 1.0, 1e9]), np.array([start, end, end]))
        run = Trajectory("plain", 1.0, 1e9, {RESIDUAL: series}, Status.STEPS_DONE)
        return compare(only, run)[0].presumed

    assert outcome(start) is False, "a run that stands still must break the curve"
    tight = theorem.guarantee is Guarantee.TIGHT
    assert outcome(0.0) is not tight, "a run that jumps to the solution must break a tight curve"
