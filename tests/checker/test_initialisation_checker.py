"""Descent from weights that nobody trained: the checker against direct sums and runs."""

import itertools
import math

import numpy as np
import pytest

from surefit_checker import check

N, D, M, STD = 10, 12, 160, 8.0


def net(build, activation="tanh", bias=False, m=M, outputs=1, trained=(True, True)):
    """Wide hidden weights, output weights of size m^(-1/2), zero output at the start."""
    own = {"values": "b1", "factor": 0.5, "trained": True} if bias else None
    layers = [
        build.dense("w1", 1.0, activation, bias=own, trained=trained[0]),
        build.dense("w2", 1.0, "identity", trained=trained[1]),
    ]
    shapes = {"w1": (m, D), "w2": (outputs, m)} | ({"b1": (m,)} if bias else {})
    case = build.case(layers, shapes, build.sphere(N, D), outputs)
    case.arrays["w1"] *= STD
    case.arrays["w2"] /= math.sqrt(m)
    start = build.forward(case.network, case.arrays)
    case.network["offset"], case.arrays["offset"] = "offset", start
    return case


def jacobian_of(build, case):
    """The derivatives for w1, b1 and w2, with the slope of the activation by a complex step."""
    arrays, hidden = case.arrays, case.network["layers"][0]
    own = hidden["activation"]
    x, v = arrays["x"], arrays["w2"]
    z = x @ arrays["w1"].T
    if hidden["bias"]:
        z = z + hidden["bias"]["factor"] * arrays["b1"]
    h = build.FUNCTIONS[own["name"]](z + 1e-30j)
    shift = math.log(2) if own.get("shifted") else 0.0
    columns = []
    for r in range(len(v)):
        e = v[r] * h.imag / 1e-30
        parts = [(e[:, :, None] * x[:, None, :]).reshape(len(x), -1)]
        if hidden["bias"]:
            parts.append(hidden["bias"]["factor"] * e)
        last = np.zeros((len(x), len(v), v.shape[1]))
        last[:, r] = h.real - shift
        columns.append(np.concatenate([*parts, last.reshape(len(x), -1)], 1))
    return np.concatenate(columns)


def statement(build, case, reach=0.42, factor=0.999):
    step = factor / float(np.linalg.norm(jacobian_of(build, case), 2)) ** 2
    return {"kind": "initialisation", "reach": reach, "step_size": step}


@pytest.fixture(scope="module")
def start(build):
    case = net(build)
    return case, jacobian_of(build, case), statement(build, case)


@pytest.fixture(scope="module")
def proved(start, tmp_path_factory):
    case, _, claim = start
    verdict = check(case.save(tmp_path_factory.mktemp("initial"), claim))
    assert verdict.verdict == "proved", verdict.reason
    return verdict


def direct_terms(eigenvalues, step, squares):
    """The terms a_j of V or c, until the rest is below 1e-13 of the sum."""
    mu = step * eigenvalues
    count = int(40 / mu.min())
    powers = np.exp(np.arange(count)[:, None] * np.log1p(-np.minimum(mu, 1 - 1e-300)))
    return np.sqrt((mu * powers) ** 2 @ squares)


def test_the_jacobian_of_these_tests_is_right(build):
    case = net(build, {"name": "softplus", "shifted": True}, bias=True, m=5, outputs=2)
    np.testing.assert_allclose(
        jacobian_of(build, case), _interleaved(case.jacobian(), 2), rtol=1e-12
    )


def _interleaved(jacobian, outputs):
    return np.concatenate([jacobian[r::outputs] for r in range(outputs)])


def test_v_and_c_are_those_of_direct_sums(start, proved):
    case, jacobian, claim = start
    values, vectors = np.linalg.eigh(jacobian @ jacobian.T)
    components = vectors.T @ case.residual()
    length = direct_terms(values, claim["step_size"], components**2 / values).sum()
    assert 1 - 1e-9 < proved.numbers["linear_path_length"] / length < 1.002
    # A lower bound of c from one vector, increased by gradient steps on the simplex.
    rho = np.full(N, 1 / N)
    mu = claim["step_size"] * values
    powers = (mu * (1 - mu) ** np.arange(int(40 / mu.min()))[:, None]) ** 2
    for _ in range(300):
        slopes = (powers / np.maximum(np.sqrt(powers @ rho), 1e-200)[:, None]).sum(0)
        rho = rho * slopes**2 / np.sum(rho * slopes**2)
    below = np.sqrt(powers @ rho).sum()
    assert 1 - 1e-9 < proved.numbers["constant"] / below < 1.01


def whitened_jacobians(build, case, jacobian, radii, rng):
    values, vectors = np.linalg.eigh(jacobian @ jacobian.T)
    root = vectors / np.sqrt(values) @ vectors.T
    w, v = case.arrays["w1"], case.arrays["w2"]
    away = rng.normal(size=w.shape)
    away *= rng.uniform(size=(M, 1)) * radii[1] / np.linalg.norm(away, axis=1, keepdims=True)
    moved = {"w1": w + away, "w2": v + rng.uniform(-1, 1, size=v.shape) * radii[0]}
    other = type(case)(case.network, case.arrays | moved)
    return root @ jacobian_of(build, other), other.theta()


def test_the_whitened_jacobian_is_as_lipschitz_as_proved(build, start, proved):
    case, jacobian, _ = start
    rng = np.random.default_rng(3)
    radii = proved.numbers["output_movement"], proved.numbers["hidden_movement"]
    bound = proved.numbers["whitened_lipschitz"]
    # Radii are those of the features that may move most: smaller balls for all others.
    radii = tuple(0.3 * radius for radius in radii)
    largest = 0.0
    points = [whitened_jacobians(build, case, jacobian, radii, rng) for _ in range(8)]
    for (f, a), (g, b) in itertools.pairwise(points):
        largest = max(largest, np.linalg.norm(f - g, 2) / np.linalg.norm(a - b))
    # Along single features, where the supremum is.
    values, vectors = np.linalg.eigh(jacobian @ jacobian.T)
    root = vectors / np.sqrt(values) @ vectors.T
    theta = case.theta()
    for j in range(0, M, 16):
        for _ in range(3):
            step = np.zeros_like(theta)
            step[j * D : (j + 1) * D] = 1e-5 * rng.normal(size=D)
            step[M * D + j] = 1e-5 * rng.normal()
            change = root @ (jacobian_of(build, case.at(theta + step)) - jacobian)
            largest = max(largest, np.linalg.norm(change, 2) / np.linalg.norm(step))
    assert 0.3 * bound < largest <= bound


def test_descent_keeps_what_is_proved(start, proved):
    case, jacobian, claim = start
    numbers, step = proved.numbers, claim["step_size"]
    values, vectors = np.linalg.eigh(jacobian @ jacobian.T)
    x, w, v = case.arrays["x"], case.arrays["w1"], case.arrays["w2"][0]
    target = case.arrays["y"][:, 0] + case.arrays["offset"][:, 0]
    w0, v0, path, lengths = w.copy(), v.copy(), 0.0, []
    for k in range(1000):
        h = np.tanh(x @ w.T)
        r = h @ v - target
        if np.linalg.norm(r) < 1e-12:  # rounding from here on
            break
        if k % 50 == 0:
            squares = (vectors.T @ r) ** 2 / values
            lengths.append(direct_terms(values, step, squares).sum())
        dw, dv = step * v[:, None] * ((1 - h**2) * r[:, None]).T @ x, step * h.T @ r
        w, v = w - dw, v - dv
        path += math.sqrt((dw**2).sum() + (dv**2).sum())
        assert (
            np.linalg.norm(r)
            <= numbers["jacobian_norm"]
            * numbers["linear_path_length"]
            * (1 - step * numbers["rate"]) ** k
        )
    assert np.linalg.norm(r) < 1e-2 * numbers["residual_norm"]
    assert 0.5 * numbers["path_length"] < path <= numbers["path_length"]
    factor = (1 - step * numbers["rate"]) ** 50
    assert all(b <= factor * a for a, b in itertools.pairwise(lengths))
    assert np.abs(v - v0).max() <= numbers["output_movement"]
    assert np.linalg.norm(w - w0, axis=1).max() <= numbers["hidden_movement"]


@pytest.mark.parametrize("activation", ["sin", {"name": "softplus", "shifted": True}])
@pytest.mark.parametrize("bias", [False, True])
def test_other_networks_are_proved(build, tmp_path, activation, bias):
    case = net(build, activation, bias, m=1000 if isinstance(activation, dict) else 500)
    jacobian = jacobian_of(build, case)
    values = np.linalg.eigvalsh(jacobian @ jacobian.T)
    verdict = check(case.save(tmp_path / "c", statement(build, case, 0.5)))
    assert verdict.verdict == "proved", verdict.reason
    np.testing.assert_allclose(verdict.numbers["sigma_min"], math.sqrt(values[0]), rtol=1e-5)
    assert verdict.numbers["sigma_min"] <= math.sqrt(values[0]) * (1 + 1e-10)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"step_size": 1.01}, "step * largest eigenvalue"),
        ({"reach": 0.5}, "weights stay where"),
        ({"reach": 1000.0}, "whitened lipschitz * linear path length"),
    ],
)
def test_wrong_proposals_are_refused(start, tmp_path, change, reason):
    case, _, claim = start
    claim = claim | {key: factor * claim[key] for key, factor in change.items()}
    verdict = check(case.save(tmp_path / "c", claim))
    assert verdict.verdict == "refused"
    assert verdict.reason.startswith((reason, f"output {reason}", f"hidden {reason}"))


def test_narrow_networks_are_refused(build, tmp_path):
    case = net(build, m=24)
    verdict = check(case.save(tmp_path / "c", statement(build, case)))
    assert verdict.verdict == "refused"
    assert "whitened lipschitz" in verdict.reason


def test_damage_is_refused(start, tmp_path, edited):
    case, _, claim = start
    folder = case.save(tmp_path / "c", claim)
    arrays = dict(np.load(folder / "arrays.npz"))
    arrays["w1"][3, 2] += 1e-9
    np.savez(folder / "arrays.npz", **arrays)
    assert check(folder).verdict == "invalid"
    # Weights of the same size with twice the targets: another residual, a longer path.
    other = type(case)(case.network, case.arrays | {"y": 30.0 * case.arrays["y"]})
    assert check(other.save(tmp_path / "d", claim)).verdict == "refused"
    twin = case.arrays | {"x": case.arrays["x"].copy()}
    twin["x"][1] = twin["x"][0]
    verdict = check(type(case)(case.network, twin).save(tmp_path / "e", claim))
    assert verdict.verdict in ("refused", "cannot decide")


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "relu"},
        {"outputs": 2},
        {"trained": (True, False)},
        {"trained": (False, True)},
    ],
)
def test_other_networks_are_not_understood(build, tmp_path, options):
    case = net(build, **options, m=24)
    verdict = check(case.save(tmp_path / "c", statement(build, case)))
    assert verdict.verdict == "invalid"
    assert "two dense layers" in verdict.reason


@pytest.mark.parametrize("change", [{"reach": -0.3}, {"step_size": 0.0}, {"rho": 1.0}])
def test_statements_out_of_range_are_invalid(start, tmp_path, change):
    case, _, claim = start
    assert check(case.save(tmp_path / "c", claim | change)).verdict == "invalid"
