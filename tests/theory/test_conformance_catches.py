"""What the conformance suite is for: theorems that are wrong or incomplete do not pass."""

import dataclasses

import pytest

from surefit.core.curve import Curve
from surefit.core.prediction import Guarantee
from surefit.testing.theorem import check_theorem, plain_run
from surefit.theory import THEOREMS

Sound = THEOREMS["oymak_soltanolkotabi_2019"]


def promising(change):
    """A theorem like `Sound` whose promises are changed."""

    class _Changed(Sound):
        __doc__ = Sound.__doc__
        name = "changed"

        def predict(self, setting):
            found = super().predict(setting)
            promises = tuple(change(promise) for promise in found.promises)
            return dataclasses.replace(found, promises=promises)

    return _Changed


def faster(promise):
    if promise.monitor != "squared_residual":
        return promise
    start, factor = promise.bound.weights[0], promise.bound.factors[0]
    return dataclasses.replace(promise, bound=Curve.geometric(start, factor**20))


def constant(promise):
    if promise.monitor != "squared_residual":
        return promise
    return dataclasses.replace(promise, bound=Curve.geometric(promise.bound.weights[0], 1.0))


def nearer(promise):
    if promise.monitor != "distance":
        return promise
    return dataclasses.replace(promise, bound=promise.bound / 10)


def tight(promise):
    return dataclasses.replace(promise, guarantee=Guarantee.TIGHT)


def unnamed(promise):
    return dataclasses.replace(promise, unstated=("C",))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (faster, "the example breaks a promise: squared_residual"),
        (nearer, "the example breaks a promise: distance"),
        (constant, "stands still"),
        (tight, None),
        (unnamed, "unknown unstated constant"),
        (lambda promise: dataclasses.replace(promise, source=""), "where it comes from"),
    ],
)
def test_wrong_promises_are_caught(change, message):
    with pytest.raises(AssertionError, match=message):
        check_theorem(promising(change), steps=100)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"title": " "}, "`title` must be a text"),
        ({"url": "arxiv.org"}, "https://"),
        ({"setting": "No full stop"}, "one sentence"),
        ({"citation": "Oymak (2019)"}, "BibTeX"),
        ({"citation": "@article{a, title = {T}, year = {2019}}"}, "field author"),
        ({"citation": "@article{a, title = {T, author = {A}, year = {2019}}"}, "balanced"),
        ({"provenance": "somewhere"}, "a Provenance"),
        ({"guarantee": "upper"}, "a Guarantee"),
        ({"unstated": ("C",)}, "must name fields"),
        ({"__doc__": "One line."}, "docstring sections"),
        ({"__doc__": Sound.__doc__.replace("Upper:", "Tight:")}, "must begin: upper"),
    ],
)
def test_missing_metadata_is_caught(attributes, message):
    changed = type("_Changed", (Sound,), {"__doc__": Sound.__doc__, "name": "c", **attributes})
    with pytest.raises(AssertionError, match=message):
        check_theorem(changed)


def test_instances_with_other_constants_are_checked_too():
    with pytest.raises(AssertionError, match="the example breaks a promise"):
        check_theorem(THEOREMS["arora_2019"](accuracy=1e-6), steps=60)


def test_plain_runs_measure_what_is_promised():
    setting = Sound().example_setting()
    run = plain_run(setting, 20, every=10)
    assert list(run["distance"].times) == [0.0, 10.0, 20.0]
    assert run["distance"].values[0] == 0.0 and run["path_length"].values[0] == 0.0
    assert run["path_length"].last >= run["distance"].last > 0.0
    assert run["gram_smallest"].values[0] == pytest.approx(setting.sigma_min.value**2)
