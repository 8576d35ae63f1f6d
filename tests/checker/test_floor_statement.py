"""Descent with errors in its steps: what is proved holds, what is not true is not proved."""

import mpmath
import numpy as np
import pytest

from surefit_checker import check

ERROR, STEPS = 1e-11, 300


@pytest.fixture(scope="module")
def case(build):
    return build.two_layer(n=5, d=3, m=9).fitted(1e-6)


@pytest.fixture(scope="module")
def honest(case):
    values = np.linalg.svd(case.jacobian(), compute_uv=False)
    return {
        "kind": "floor",
        "rho": 3e-6 / float(values[-1]) + 1e-4,
        "step_size": 0.9 / float(values[0]) ** 2,
        "steps": STEPS,
        "error": ERROR,
        "arithmetic": "any",
    }


def gradient(case, theta):
    at = case.at(theta)
    w, v = (at.arrays[name] for name in ("w1", "w2"))
    first, second = (layer["factor"] for layer in case.network["layers"])
    h = np.tanh(first * at.arrays["x"] @ w.T)
    r = second * h @ v.T - at.arrays["y"]
    back = second * first * ((r @ v) * (1 - h * h)).T @ at.arrays["x"]
    return np.concatenate([back.ravel(), (second * r.T @ h).ravel()]), float(np.linalg.norm(r))


@pytest.mark.parametrize("away", ["uphill", "random", "one way"])
def test_bounds_hold_in_every_step_for_any_errors(case, honest, tmp_path, away):
    verdict = check(case.save(tmp_path / "c", honest))
    assert verdict.verdict == "proved", verdict.reason
    own, rng, theta = verdict.numbers, np.random.default_rng(0), case.theta()
    start, fixed, residuals = theta, rng.normal(size=theta.size), []
    for k in range(STEPS + 1):
        g, r = gradient(case, theta)
        residuals.append(r)
        assert r <= own["residual_norm"] * (1 - own["contraction"]) ** k + own["floor"]
        assert np.linalg.norm(theta - start) <= own["path_length"]
        wrong = {"uphill": g, "random": rng.normal(size=theta.size), "one way": fixed}[away]
        wrong = 0.999 * ERROR * wrong / np.linalg.norm(wrong)
        theta = theta - honest["step_size"] * g + wrong
    # The floor is not far below what such errors can do.
    assert residuals[-1] > (1e-2 if away == "uphill" else 1e-5) * own["floor"]


def exact_step(case, theta, step):
    """In 50 digits."""
    number = np.vectorize(mpmath.mpf)
    at = case.at(theta)
    w, v, x, y = (number(at.arrays[name]) for name in ("w1", "w2", "x", "y"))
    first, second = (mpmath.mpf(layer["factor"]) for layer in case.network["layers"])
    h = np.vectorize(mpmath.tanh)(first * x.dot(w.T))
    r = second * h.dot(v.T) - y
    back = second * first * (r.dot(v) * (1 - h * h)).T.dot(x)
    g = np.concatenate([back.ravel(), (second * r.T.dot(h)).ravel()])
    return number(theta) - mpmath.mpf(step) * g


def test_the_rounding_of_float64_is_bounded(case, honest, tmp_path):
    verdict = check(case.save(tmp_path / "c", honest | {"arithmetic": "float64"}))
    assert verdict.verdict == "proved" and "in float64" in verdict.statement
    bound, theta, worst = verdict.numbers["rounding"], case.theta(), 0.0
    assert bound <= ERROR
    with mpmath.workdps(50):
        for _ in range(8):
            exact = exact_step(case, theta, honest["step_size"])
            theta = theta - honest["step_size"] * gradient(case, theta)[0]
            worst = max(worst, float(mpmath.norm((exact - theta).tolist())))
    assert worst <= bound <= 1e3 * worst


FORGED = {
    "more steps than errors allow": ({"steps": 10**9}, "refused"),
    "larger errors": ({"error": 1e-6}, "refused"),
    "errors below the rounding": ({"arithmetic": "float64", "error": 1e-17}, "refused"),
    "a small ball": ({"rho": 1e-7}, "refused"),
    "a long step": ({"step_size": 1.0}, "refused"),
    "no error": ({"error": 0.0}, "invalid"),
    "no steps": ({"steps": 0}, "invalid"),
    "another arithmetic": ({"arithmetic": "float32"}, "invalid"),
}


@pytest.mark.parametrize("name", FORGED)
def test_forgeries(case, honest, tmp_path, name):
    change, expected = FORGED[name]
    assert check(case.save(tmp_path / "c", honest | change)).verdict == expected


def test_optimistic_claims_are_refused(case, honest, tmp_path):
    floor = check(case.save(tmp_path / "c", honest)).numbers["floor"]
    for factor, expected in ((1 - 1e-12, "refused"), (1.0, "proved")):
        verdict = check(case.save(tmp_path / "c", honest, {"floor": floor * factor}))
        assert verdict.verdict == expected


def test_float64_is_bounded_for_two_smooth_layers_only(build, fitted, tmp_path, honest):
    case = fitted("ReLU", 1e-9)
    values = np.linalg.svd(case.jacobian(), compute_uv=False)
    own = {"rho": 1e-7, "error": 1e-16, "steps": 10, "step_size": 0.5 / float(values[0]) ** 2}
    assert check(case.save(tmp_path / "c", honest | own)).verdict == "proved"
    verdict = check(case.save(tmp_path / "c", honest | own | {"arithmetic": "float64"}))
    assert verdict.verdict == "invalid" and "two dense layers" in verdict.reason


def test_more_bits_prove_the_same(case, honest, tmp_path):
    folder = case.save(tmp_path / "c", honest | {"arithmetic": "float64"})
    assert check(folder, bits=128).verdict == "proved"
