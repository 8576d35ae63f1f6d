"""Statements on stochastic gradients, margins and cross-entropy; numbers in sentences."""

import math
from decimal import Decimal

import numpy as np
import pytest

from surefit_checker import check
from surefit_checker.verdict import above, below


@pytest.fixture
def stochastic(fitted, tmp_path):
    """The verdict on a statement on stochastic gradients, and the case."""
    case = fitted("two layers", 1e-10)
    largest = np.linalg.svd(case.jacobian(), compute_uv=False)[0]

    def run(**edits):
        statement = {
            "kind": "stochastic",
            "rho": 1e-3,
            "step_size": 0.5 / float(largest**2),
            "batch_size": 4,
            "growth": 1e10,
            "failure_probability": 1e-3,
        }
        return check(case.save(tmp_path, statement | edits)), case

    return run


def test_stochastic_descent(stochastic):
    verdict, case = stochastic()
    assert verdict.verdict == "proved", verdict.reason
    assert "with a probability of at least 1 - 0.001 over the draws" in verdict.statement
    # kappa holds for every batch: n/b times the square of the norm of its Jacobian.
    jacobian, rng = case.jacobian(), np.random.default_rng(0)
    n = len(jacobian)
    step = next(s for s in verdict.steps if "1.85" in s.name)
    for _ in range(100):
        batch = rng.choice(n, 4, replace=False)
        norm = np.linalg.norm(jacobian[batch], 2)
        largest = np.linalg.norm(jacobian, 2)
        assert 0.5 / largest**2 * n / 4 * norm**2 <= step.value
    full, _ = stochastic(batch_size=n)
    assert full.verdict == "proved"
    assert full.numbers["contraction"] > verdict.numbers["contraction"]


def test_stochastic_descent_contracts_as_proved(stochastic):
    verdict, case = stochastic()
    jacobian, residual = case.jacobian(), case.residual()
    n, b = len(residual), 4
    step = 0.5 / np.linalg.norm(jacobian, 2) ** 2
    # Linearised, the mean of the squared distance after one step has a closed form: the step's
    # covariance is that of sums of b of n terms without replacement.
    pinv = np.linalg.pinv(jacobian)
    distance = pinv @ residual
    terms = jacobian * residual[:, None]
    mean = jacobian.T @ residual
    spread = (terms**2).sum() - (mean**2).sum() / n
    second = (mean**2).sum() + n / b * (n - b) / (n - 1) * spread
    after = (distance**2).sum() - 2 * step * (residual**2).sum() + step**2 * second
    assert after <= (1 - verdict.numbers["contraction"]) * (distance**2).sum()


@pytest.mark.parametrize(
    ("edits", "reason"),
    [
        ({"step_size": 10.0}, "step * n/b * (jacobian norm of a batch)^2 < 1.85"),
        ({"growth": 2.0}, "probability of leaving the ball"),
        ({"growth": 1e30}, "sqrt(growth) <= sigma^2/8"),
        ({"rho": 1.0}, "lipschitz * rho < sigma"),
        ({"rho": 1e-11}, "the margin of the ball < rho"),
        ({"failure_probability": 1e-30}, "probability of leaving the ball"),
    ],
)
def test_stochastic_refusals(edits, reason, stochastic):
    verdict, _ = stochastic(**edits)
    assert verdict.verdict == "refused" and reason in verdict.reason


@pytest.mark.parametrize(
    "edits", [{"batch_size": 0}, {"batch_size": 13}, {"growth": 1.0}, {"failure_probability": 1.0}]
)
def test_stochastic_numbers_out_of_range(edits, stochastic):
    assert stochastic(**edits)[0].verdict == "invalid"


def classifier(build, outputs=1, size=6.0, activation="relu"):
    """A homogeneous network whose labels are what it says, with weights behind it enlarged."""
    case = build.deep(activation=activation, outputs=outputs, n=5, m=10)
    out = build.forward(case.network, case.arrays)
    labels = np.sign(out) if outputs == 1 else np.eye(outputs)[np.argmax(out, 1)]
    case.arrays["y"] = labels
    case.arrays["w4"] = size * case.arrays["w4"]
    return case


def save(case, folder, kind, loss="cross_entropy"):
    case.save(folder, {"kind": kind})
    path = folder / "certificate.json"
    path.write_text(path.read_text().replace('"kind": "squared"', f'"kind": "{loss}"'))
    return folder


def losses(build, case):
    out = build.forward(case.network, case.arrays)
    y = case.arrays["y"]
    if y.shape[1] == 1:
        return np.log1p(np.exp(-out * y)).sum()
    return (np.log(np.exp(out).sum(1)) - (out * y).sum(1)).sum()


@pytest.mark.parametrize("outputs", [1, 3])
def test_accuracy(outputs, build, tmp_path):
    case = classifier(build, outputs)
    out, y = build.forward(case.network, case.arrays), case.arrays["y"]
    verdict = check(save(case, tmp_path, "accuracy"))
    assert verdict.verdict == "proved" and "all 5 samples" in verdict.statement
    own = out * y if outputs == 1 else (out * y).sum(1, keepdims=True) - np.where(y == 1, -1e9, out)
    assert verdict.numbers["smallest_margin"] == pytest.approx(own.min(), rel=1e-9)
    wrong = -y if outputs == 1 else np.roll(y, 1, axis=1)
    case.arrays["y"] = wrong
    verdict = check(save(case, tmp_path, "accuracy"))
    assert verdict.verdict == "refused" and "margin of sample 0" in verdict.reason


@pytest.mark.parametrize("outputs", [1, 3])
def test_homogeneous_networks_on_cross_entropy(outputs, build, tmp_path):
    case = classifier(build, outputs, size=1.0)
    while losses(build, case) > 0.5:
        case.arrays["w4"] = 1.5 * case.arrays["w4"]
    total = losses(build, case)
    assert 1e-2 < total < math.log(2)
    verdict = check(save(case, tmp_path, "homogeneous"))
    assert verdict.verdict == "proved", verdict.reason
    numbers = verdict.numbers
    assert total <= numbers["loss_sum"] <= total * (1 + 1e-9)
    assert numbers["weight_norm"] == pytest.approx(np.linalg.norm(case.theta()), rel=1e-12)
    # Homogeneous of the degree that is claimed.
    doubled = case.at(2.0 * case.theta())
    outs = [build.forward(c.network, c.arrays) for c in (case, doubled)]
    np.testing.assert_allclose(outs[1], 2.0**4 * outs[0], rtol=1e-12)
    # Flow by small steps obeys the bound of the sentence.
    margin = -math.log(math.expm1(numbers["loss_sum"]))
    assert numbers["smoothed_margin"] == pytest.approx(margin, rel=1e-12)
    gain, time = 16 * margin**2 / numbers["weight_norm"] ** 2 * 0.5, 0.0
    for _ in range(20):
        jacobian = case.jacobian()
        out, y = build.forward(case.network, case.arrays), case.arrays["y"]
        if outputs == 1:
            slope = -y / (1 + np.exp(out * y))
        else:
            slope = np.exp(out) / np.exp(out).sum(1, keepdims=True) - y
        step = 1e-2 / np.linalg.norm(jacobian) ** 2
        case = case.at(case.theta() - 0.5 * step * jacobian.T @ slope.ravel())
        time += step
        assert losses(build, case) <= 2 / (margin + math.exp(margin) + gain * time)


def test_losses_that_are_too_large(build, tmp_path):
    verdict = check(save(classifier(build, size=0.1), tmp_path, "homogeneous"))
    assert verdict.verdict == "refused" and "sum of the losses < ln 2" in verdict.reason


def test_networks_that_are_not_homogeneous(build, tmp_path):
    smooth = classifier(build, size=40.0, activation="tanh")
    biased = classifier(build, size=40.0)
    biased.arrays["b"] = np.zeros(10)
    biased.network["layers"][1]["bias"] = {"values": "b", "factor": 1.0, "trained": True}
    skipping = classifier(build, size=40.0)
    skipping.network["layers"][1]["skip_in"] = 1.0
    shifted = classifier(build, size=40.0)
    shifted.arrays["o"], shifted.network["offset"] = np.zeros((5, 1)), "o"
    for case in (smooth, biased, skipping, shifted):
        verdict = check(save(case, tmp_path, "homogeneous"))
        assert verdict.verdict == "invalid" and "homogeneous" in verdict.reason
    squared = save(classifier(build), tmp_path, "homogeneous", "squared")
    assert "about cross-entropy" in check(squared).reason
    first = classifier(build, size=40.0)
    first.arrays["b"] = np.zeros(10)
    first.network["layers"][0]["bias"] = {"values": "b", "factor": 1.0, "trained": True}
    assert check(save(first, tmp_path, "homogeneous")).verdict == "proved"


def test_labels_that_are_no_classes(build, tmp_path):
    case = classifier(build)
    case.arrays["y"] = 0.5 * case.arrays["y"]
    assert check(save(case, tmp_path, "accuracy")).verdict == "invalid"
    case = classifier(build, 3)
    case.arrays["y"][0] = 1.0
    assert check(save(case, tmp_path, "accuracy")).verdict == "invalid"


def test_losses_and_statements_belong_together(fitted, honest, tmp_path):
    folder = fitted("two layers").save(tmp_path, honest("two layers"))
    path = folder / "certificate.json"
    path.write_text(path.read_text().replace('"squared"', '"cross_entropy"'))
    verdict = check(folder)
    assert verdict.verdict == "invalid" and "squared losses" in verdict.reason


def test_printed_numbers_are_on_the_right_side():
    rng = np.random.default_rng(0)
    for x in [*rng.normal(size=200) * 10.0 ** rng.integers(-300, 300, 200), 0.0, 1.0, 0.1, 1e-5]:
        low, high = Decimal(below(float(x))), Decimal(above(float(x)))
        assert low <= Decimal(float(x)) <= high
        assert high - low <= abs(Decimal(float(x))) * Decimal("2e-5")


@pytest.mark.parametrize("kind", ["descent", "shadowing"])
def test_flattening_inputs_changes_nothing(kind, build, tmp_path):
    case = build.two_layer(n=3, d=4, m=6).fitted(1e-6)
    values = np.linalg.svd(case.jacobian(), compute_uv=False)
    statement = {"kind": kind, "rho": 3e-6 / float(values[-1])}
    statement |= {"steps": 20} if kind == "shadowing" else {"start_radius": 0.0}
    statement["step_size"] = 0.9 / float(values[0]) ** 2
    layers = [{"type": "flatten"}, *case.network["layers"]]
    other = build.Case(
        case.network | {"layers": layers},
        case.arrays | {"x": case.arrays["x"].reshape(3, 2, 2)},
    )
    plain, flat = (check(one.save(tmp_path / "c", statement)) for one in (case, other))
    assert plain.verdict == flat.verdict == "proved" and plain.numbers == flat.numbers
