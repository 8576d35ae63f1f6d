"""Equilibria on a ball of weights: unique where that is proved; refused where it is not."""

import numpy as np
import pytest

from surefit_checker import check


def edge(case, slope=1.0):
    """The radius at which the contraction is lost."""
    layer = case.network["layers"][1]
    return 1 / (slope * layer["factor"]) - np.linalg.norm(case.arrays["a"], 2)


def statement(rho):
    return {"kind": "equilibria", "rho": float(rho)}


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_equilibria_are_unique_on_the_ball(build, tmp_path, activation):
    case = build.equilibrium(activation=activation)
    rho = 0.9 * edge(case)
    verdict = check(case.save(tmp_path / "c", statement(rho)))
    assert verdict.verdict == "proved", verdict.reason
    modulus, rng = verdict.numbers["modulus"], np.random.default_rng(0)
    layer, a = case.network["layers"][1], case.arrays["a"]
    phi = build.FUNCTIONS[activation]
    u, _, v = np.linalg.svd(a)
    for direction in (np.outer(u[:, 0], v[0]), -np.outer(u[:, 0], v[0]), rng.normal(size=a.shape)):
        moved = a + rho * direction / np.linalg.norm(direction)
        inputs, h, other = rng.normal(size=(3, len(a)))
        for _ in range(100):
            before = np.linalg.norm(h - other)
            h, other = (phi(layer["factor"] * moved @ x + inputs) for x in (h, other))
            assert np.linalg.norm(h - other) <= modulus * before + 1e-15
    # The linear map with the largest norm in the ball contracts by no more than that.
    assert modulus == pytest.approx(layer["factor"] * (np.linalg.norm(a, 2) + rho), rel=1e-9)


def test_the_edge_of_the_ball_is_decided(build, tmp_path):
    case = build.equilibrium()
    for factor, expected in ((1 - 1e-6, "proved"), (1 + 1e-6, "refused"), (1.5, "refused")):
        verdict = check(case.save(tmp_path / "c", statement(factor * edge(case))))
        assert verdict.verdict == expected, (factor, verdict)
    assert "modulus of layer 2 < 1" in verdict.reason


def test_weights_that_are_not_trained_do_not_move(build, tmp_path):
    case = build.equilibrium()
    case.network["layers"][1]["trained"] = False
    verdict = check(case.save(tmp_path / "c", statement(1e3)))
    assert verdict.verdict == "proved" and "trained weights" in verdict.statement


def test_forgeries(build, tmp_path):
    case = build.equilibrium()
    rho = 0.5 * edge(case)
    modulus = check(case.save(tmp_path / "c", statement(rho))).numbers["modulus"]
    for factor, expected in ((1 - 1e-12, "refused"), (1.0, "proved")):
        verdict = check(case.save(tmp_path / "c", statement(rho), {"modulus": modulus * factor}))
        assert verdict.verdict == expected
    large = build.Case(case.network, case.arrays | {"a": 8 * case.arrays["a"]})
    verdict = check(large.save(tmp_path / "c", statement(rho)))
    assert verdict.verdict == "refused" and "contraction" in verdict.reason
    assert check(case.save(tmp_path / "c", statement(-1.0))).verdict == "invalid"
    verdict = check(build.two_layer().save(tmp_path / "c", statement(rho)))
    assert verdict.verdict == "invalid" and "equilibrium layers" in verdict.reason
