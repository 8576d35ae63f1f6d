"""Constants fitted to a run: by hand, by what defines them, and through the record's JSON."""

import dataclasses
import json
import math

import numpy as np
import pytest

from surefit.core.curve import Curve
from surefit.core.fitted import FittedConstant
from surefit.core.jsonable import dumps
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.core.trajectory import Series, Status, Trajectory
from surefit.testing.fits import check_fits
from surefit.theory import compare
from surefit.theory.fitted import fitted_constants
from surefit.theory.theorems.allen_zhu_2019 import AllenZhu2019

STEPS = np.array([0.0, 1.0, 2.0, 3.0])


def run(method="gradient_descent", status=Status.STEPS_DONE, **values):
    series = {name: Series(STEPS, np.asarray(value, float)) for name, value in values.items()}
    return Trajectory(method, 0.1, 3.0, series, status)


def fit(trajectory, *promises, used=2.0):
    constants = {promise.fits: used for promise in promises if promise.fits}
    return fitted_constants(Prediction("t", (), promises, unstated=constants), trajectory)


def promise(monitor, bound, kind=Guarantee.UPPER, tolerance=0.0, fits="c"):
    return Promise(monitor, bound, kind, tolerance, unstated=("c",), fits=fits)


@pytest.mark.parametrize(
    ("about", "values", "ratio", "fitted", "at_least", "worst"),
    [
        # With c = 2 the bound is 4: half of it was measured, so that c = 1 is enough.
        (promise("q", 4.0), [0.0, 1.0, 2.0, 1.5], 0.5, 1.0, True, "step 2"),
        (promise("q", 4.0), [0.0, 1.0, 9.0, 1.5], 2.25, 4.5, True, "step 2"),
        # Of several columns the worst one counts.
        (promise("q", 4.0), [[0, 0], [1, 3], [2, 0], [1, 1]], 0.75, 1.5, True, "step 1"),
        (promise("q", 4.0, Guarantee.LOWER), [9.0, 8.0, 6.0, 7.0], 1.5, 3.0, False, "step 2"),
        (promise("q", 4.0, Guarantee.LOWER), [9.0, 8.0, 1.0, 7.0], 0.25, 0.5, False, "step 2"),
        # 4 + c/2 with c = 2: of the allowance of 1 half is needed.
        (promise("q", 4.0, tolerance=1.0), [0.0, 4.5, 4.2, 0.0], 0.9, 1.0, True, "step 1"),
        (promise("q", 4.0, tolerance=1.0), [0.0, 3.0, 2.0, 0.0], 0.6, 0.0, True, "step 1"),
        (promise("q", 4.0, Guarantee.TIGHT, 1.0), [4.0, 3.0, 4.5, 4.0], 1.0, 2.0, True, "step 1"),
    ],
)  # fmt: skip
def test_by_hand(about, values, ratio, fitted, at_least, worst):
    (found,) = fit(run(q=values), about)
    assert found.name == "c" and found.used == 2.0 and found.monitor == "q"
    assert found.ratio == pytest.approx(ratio)
    assert found.fitted == pytest.approx(fitted)
    assert found.at_least is at_least
    assert worst in found.note


@pytest.mark.parametrize("method", ["gradient_descent", "gradient_flow"])
def test_a_rate_is_that_of_the_slowest_step(method):
    # c = 2 promises a factor of 0.9; the run falls as 8 * 0.7^t and then 8 * 0.8^t at t = 3.
    curve = promise("squared_residual", Curve.geometric(8.0, 0.9))
    values = [8.0, 8 * 0.7, 8 * 0.49, 8 * 0.8**3]
    (found,) = fit(run(method, squared_residual=values), curve)
    flow = method == "gradient_flow"
    expected = 2 * math.log(0.8) / math.log(0.9) if flow else 2 * (1 - 0.8) / (1 - 0.9)
    assert found.fitted == pytest.approx(expected, rel=1e-12)
    assert found.at_least is False
    assert found.ratio == pytest.approx(0.7 / 0.9)


def test_a_run_that_rises_has_no_rate():
    curve = promise("squared_residual", Curve.geometric(8.0, 0.9))
    for values in ([8.0, 9.0, 1.0, 0.1], [8.1, 1.0, 0.1, 0.01]):
        (found,) = fit(run(squared_residual=values), curve)
        assert found.fitted == 0.0


def test_the_promise_that_asks_for_more_decides():
    both = promise("q", 4.0), promise("p", 8.0)
    (found,) = fit(run(q=[0, 1, 1, 1], p=[0, 6, 6, 6]), *both)
    assert (found.monitor, found.fitted) == ("p", pytest.approx(1.5))
    low = promise("q", 4.0, Guarantee.LOWER), promise("p", 8.0, Guarantee.LOWER)
    (found,) = fit(run(q=[8, 8, 8, 8], p=[12, 12, 12, 12]), *low)
    assert (found.monitor, found.fitted) == ("p", pytest.approx(3.0))


@pytest.mark.parametrize(
    ("about", "trajectory"),
    [
        (promise("q", 4.0, fits=""), run(q=[0.0, 1.0, 1.0, 1.0])),
        (promise("q", 4.0), run(p=[0.0, 1.0, 1.0, 1.0])),
        (promise("q", 4.0), run(q=[0.0, 1.0, math.nan, 1.0])),
        (promise("q", 4.0), run(q=[0.0, 1.0, 1.0, 1.0], status=Status.DIVERGED)),
        (promise("q", 0.0), run(q=[0.0, 1.0, 1.0, 1.0])),
        (promise("q", math.inf, Guarantee.LOWER), run(q=[0.0, 1.0, 1.0, 1.0])),
        (promise("squared_residual", Curve((1.0, 1.0), (0.5, 0.4))),
         run(squared_residual=[2.0, 0.1, 0.1, 0.1])),
    ],
)  # fmt: skip
def test_what_cannot_be_fitted_is_left_out(about, trajectory):
    found = fit(trajectory, about)
    assert found == () or found[0].fitted in (0.0,), found


MEASURED = {
    "squared_residual": 1.0, "distance": 0.3, "gradient_upper_ratio": 0.4,
    "gradient_lower_ratio": 900.0, "semi_smoothness_step": 0.05, "semi_smoothness_random": 0.07,
    "flip_ratio": 0.12, "product_norm": 4.0, "kernel_drift": 0.6,
}  # fmt: skip


@pytest.fixture(scope="module")
def allen_zhu():
    """The setting of the example, and a run with random measurements of everything promised."""
    setting = AllenZhu2019().example_setting()
    rng, start = np.random.default_rng(0), float(setting.residual_norm) ** 2
    values = {name: size * rng.uniform(0.5, 1.0, size=4) for name, size in MEASURED.items()}
    values["squared_residual"] = start * np.array([1.0, 0.99, 0.97, 0.96])
    return setting, run(**values)


def test_every_constant_of_allen_zhu_is_fitted_and_then_just_kept(allen_zhu):
    setting, trajectory = allen_zhu
    theorem = AllenZhu2019()
    found = {item.name: item for item in fitted_constants(theorem.predict(setting), trajectory)}
    outside = {"width_constant", "step_constant", "separation_constant"}
    assert set(found) == set(theorem.unstated) - outside
    for name, item in found.items():
        # What defines it: with that value the worst of its promises is met exactly.
        fitted = dataclasses.replace(theorem, **{name: item.fitted})
        prediction = fitted.predict(setting)
        own = [p.fits == name for p in prediction.promises]
        outcome = [c for c, mine in zip(compare(prediction, trajectory), own, strict=True) if mine]
        kept = [check.value if item.at_least else 1 / check.value for check in outcome]
        if name == "rate_constant":
            kept = [check.value for check in outcome]
        assert max(kept) == pytest.approx(1.0, rel=1e-6), name
    assert found["semi_smoothness_constant"].monitor in MEASURED


def test_promises_are_proportional_to_what_they_say(allen_zhu):
    """Those of other theorems are asked by the conformance suite."""
    setting, _ = allen_zhu
    check_fits(AllenZhu2019(), setting, AllenZhu2019().predict(setting))


@dataclasses.dataclass(frozen=True)
class Liar(AllenZhu2019):
    """Says that its radius is proportional to a constant which it grows with in another way."""

    def radius_for(self, net, batch):
        return super().radius_for(net, batch) * self.radius_constant


def test_a_false_declaration_is_caught(allen_zhu):
    setting, _ = allen_zhu
    with pytest.raises(AssertionError, match="distance must be proportional to radius_constant"):
        check_fits(Liar(), setting, Liar().predict(setting))


def test_promises_and_constants_survive_json_and_old_records_load():
    about = promise("q", 4.0)
    assert Promise.from_dict(json.loads(dumps(about.to_dict()))) == about
    old = {key: value for key, value in about.to_dict().items() if key != "fits"}
    assert Promise.from_dict(old).fits == ""
    item = FittedConstant("c", 2.0, math.inf, 0.5, True, "q", "worst at step 2")
    assert FittedConstant.from_dict(json.loads(dumps(dataclasses.asdict(item)))) == item
