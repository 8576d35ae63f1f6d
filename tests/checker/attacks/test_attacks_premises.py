"""False premises, planted: neither is a certificate issued, nor is one accepted that says so."""

import hashlib
import json
import math

import numpy as np
import pytest

import surefit as sf
from surefit_checker import check

SMOOTH = sf.Serial(sf.Dense(24, 2.0), sf.Tanh(), sf.Dense(1))
RECTIFIED = sf.Serial(sf.Dense(24), sf.Relu(), sf.Dense(1))


def inputs(n=6, d=4):
    x = np.random.default_rng(0).normal(size=(n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def problem_of(network, x, residual=1e-8, y=None):
    """A problem that the first weights nearly solve, and these weights."""
    blank = sf.Problem(network, x, np.zeros((len(x), 1)))
    params = blank.init(0)
    if y is None:
        away = np.random.default_rng(1).normal(size=(len(x), 1))
        y = np.asarray(blank.predict(params)) - residual * away / np.linalg.norm(away)
    return sf.Problem(network, x, y), params


@pytest.fixture
def honest(tmp_path):
    """Of a network: the folder of a certificate that is issued and accepted, and its arrays."""

    def make(network, **options):
        problem, params = problem_of(network, inputs())
        certificate = sf.certify(problem, params, **options)
        assert certificate.holds
        folder = certificate.save(tmp_path / "honest")
        assert check(folder).verdict == "proved"
        with np.load(folder / "arrays.npz") as archive:
            return folder, {name: archive[name] for name in archive.files}

    return make


def planted(folder, arrays, **statement):
    """The verdict on the folder with other arrays, hashed again, and without claims."""
    spec = json.loads((folder / "certificate.json").read_text())
    spec["arrays"] = {
        name: {
            "sha256": hashlib.sha256(np.ascontiguousarray(a, "<f8").tobytes()).hexdigest(),
            "shape": list(a.shape),
            "dtype": "float64",
        }
        for name, a in arrays.items()
    }
    spec["claims"] = {}
    spec["statement"] |= {key: float(value).hex() for key, value in statement.items()}
    (folder / "certificate.json").write_text(json.dumps(spec))
    np.savez(folder / "arrays.npz", **arrays)
    return check(folder)


def not_issued(problem, params, **options):
    certificate = sf.certify(problem, params, **options)
    assert certificate.holds is not True
    assert certificate.document is None


RADII = (1e-9, 1e-7, 1e-5, 1e-3, 1e-1, 10.0)


def never_accepted(folder, arrays, radii=RADII, **statement):
    """With any radius."""
    for rho in radii:
        verdict = planted(folder, arrays, rho=rho, **statement)
        assert verdict.verdict in ("refused", "cannot decide"), verdict
    return verdict


@pytest.mark.parametrize("network", [SMOOTH, RECTIFIED], ids=["tanh", "ReLU"])
@pytest.mark.parametrize("differ", [0.0, 1e-12, 1.0])
def test_equal_inputs(network, differ, honest):
    """With equal labels the Jacobian has no full rank; with different ones nothing fits them."""
    folder, arrays = honest(network)
    x = inputs()
    x[4] = x[1]
    problem, params = problem_of(network, x, 0.0)
    y = np.array(problem.y).reshape(-1, 1)
    y[4] += differ
    not_issued(sf.Problem(network, x, y), params)
    verdict = never_accepted(folder, arrays | {"x": x, "y": y})
    assert verdict.verdict == "cannot decide" and "is not positive" in verdict.reason


def test_opposite_inputs_of_an_odd_network(honest):
    folder, arrays = honest(SMOOTH)
    x = inputs()
    x[5] = -x[0]
    problem, params = problem_of(SMOOTH, x)
    not_issued(problem, params)
    never_accepted(folder, arrays | {"x": x, "y": np.array(problem.y).reshape(-1, 1)})


def test_fewer_parameters_than_equations(honest):
    folder, arrays = honest(SMOOTH)
    narrow = sf.Serial(sf.Dense(2, 2.0), sf.Tanh(), sf.Dense(1))
    problem, params = problem_of(narrow, inputs(11))
    not_issued(problem, params)
    few = {"params.0.w": np.asarray(params[0]["w"]), "params.2.w": np.asarray(params[2]["w"])}
    others = {"x": inputs(11), "y": np.array(problem.y).reshape(-1, 1)}
    assert arrays.keys() == few.keys() | others.keys()
    never_accepted(folder, few | others)


def test_a_sign_that_changes_within_the_ball(honest):
    """Targets so far away that the path is longer than the way to the nearest kink."""
    folder, arrays = honest(RECTIFIED)
    problem, params = problem_of(RECTIFIED, inputs(), 0.3)
    not_issued(problem, params)
    arrays |= {"y": np.array(problem.y).reshape(-1, 1)}
    assert "change its sign within the ball" in never_accepted(folder, arrays).reason


def test_a_feature_on_its_kink(honest):
    folder, arrays = honest(RECTIFIED)
    problem, params = problem_of(RECTIFIED, inputs())
    w = np.array(params[0]["w"])
    w[3] = 0.0
    not_issued(problem, ({"w": w}, *params[1:]))
    verdict = never_accepted(folder, arrays | {"params.0.w": w})
    assert "change its sign within the ball" in verdict.reason


def test_labels_of_other_samples(honest):
    folder, arrays = honest(SMOOTH)
    problem, params = problem_of(SMOOTH, inputs())
    y = np.array(problem.y).reshape(-1, 1)[::-1]
    not_issued(sf.Problem(SMOOTH, inputs(), y), params)
    never_accepted(folder, arrays | {"y": np.ascontiguousarray(y)})


@pytest.mark.parametrize("factor", [1.001, 2.0, 100.0])
def test_steps_beyond_two_over_the_largest_eigenvalue(factor, honest):
    folder, arrays = honest(SMOOTH)
    problem, params = problem_of(SMOOTH, inputs())
    scale = problem.loss.residual_scale(problem.samples)
    largest = np.linalg.norm(np.asarray(problem.jacobian(params)), 2)
    step = factor * 2 / (2 * scale * largest**2)
    not_issued(problem, params, step_size=step)
    assert math.isfinite(step)
    spec = json.loads((folder / "certificate.json").read_text())
    assert spec["statement"]["kind"] == "descent"
    never_accepted(folder, arrays, step_size=step)


IMPLICIT = sf.Serial(sf.Dense(12), sf.Equilibrium(12, sf.Tanh(), 0.3), sf.Dense(1))
NAME = "params.1.w"


@pytest.mark.parametrize("factor", [1.7, 4.0, 1e3])
@pytest.mark.parametrize("kind", ["equilibria", None])
def test_an_equilibrium_that_is_no_contraction(kind, factor, honest):
    """Weights beyond what `gamma` below 1/2 draws, behind a certificate for smaller ones."""
    folder, arrays = honest(IMPLICIT, statement=kind)
    problem, params = problem_of(IMPLICIT, inputs())
    w = np.asarray(params[1]["w"])
    assert np.array_equal(arrays[NAME], w)
    large = factor * w / (0.3 * np.linalg.norm(w, 2) / math.sqrt(12))  # of norm `factor`, scaled
    grown = (params[0], {"w": large}, *params[2:])
    not_issued(problem, grown, statement="equilibria")
    verdict = never_accepted(folder, arrays | {NAME: large})
    assert verdict.verdict == "refused" and "is no contraction" in verdict.reason


def test_balls_of_weights_that_reach_beyond_contractions(honest):
    folder, arrays = honest(IMPLICIT, statement="equilibria")
    edge = math.sqrt(12) / 0.3 - np.linalg.norm(arrays[NAME], 2)
    for share in (1.0 + 1e-6, 1.5, 1e6):
        assert planted(folder, arrays, rho=share * edge).verdict == "refused"
    assert planted(folder, arrays, rho=(1.0 - 1e-6) * edge).verdict == "proved"


def test_equilibria_of_a_network_that_has_none(honest):
    folder, arrays = honest(IMPLICIT, statement="equilibria")
    spec = json.loads((folder / "certificate.json").read_text())
    spec["network"]["layers"][1] |= {"type": "dense", "bias": None, "gain": "0x1.0p+0"}
    spec["network"]["layers"][1] |= {"skip_in": "0x0.0p+0", "skip_out": "0x0.0p+0"}
    del spec["network"]["layers"][1]["keep_input"]
    (folder / "certificate.json").write_text(json.dumps(spec))
    verdict = planted(folder, arrays, rho=1.0)
    assert verdict.verdict == "invalid" and "equilibrium layers" in verdict.reason


@pytest.mark.parametrize("share", [0.5, 1e-3, 1e-9])
def test_a_floor_below_what_rounding_allows(share, honest):
    """Smaller errors than those of float64, so that the floor comes out lower."""
    folder, arrays = honest(SMOOTH, statement="floor")
    spec = json.loads((folder / "certificate.json").read_text())
    assert spec["statement"]["arithmetic"] == "float64"
    error = float.fromhex(spec["statement"]["error"])
    rho = float.fromhex(spec["statement"]["rho"])
    verdict = never_accepted(folder, arrays, (rho,), error=share * error)
    assert "rounding of a step in float64 <= error" in verdict.reason


def test_more_steps_than_errors_leave_room_for(honest):
    folder, arrays = honest(SMOOTH, statement="floor")
    spec = json.loads((folder / "certificate.json").read_text())
    error = float.fromhex(spec["statement"]["error"])
    never_accepted(folder, arrays, error=1e6 * error)
    problem, params = problem_of(SMOOTH, inputs(), 1.0)
    not_issued(problem, params, statement="floor")
    y = np.array(problem.y).reshape(-1, 1)
    never_accepted(folder, arrays | {"y": y}, error=error)


def test_float64_is_not_claimed_for_other_networks(honest):
    folder, arrays = honest(RECTIFIED, statement="floor")
    spec = json.loads((folder / "certificate.json").read_text())
    assert spec["statement"]["arithmetic"] == "any"
    spec["statement"]["arithmetic"] = "float64"
    (folder / "certificate.json").write_text(json.dumps(spec))
    assert planted(folder, arrays).verdict == "invalid"
