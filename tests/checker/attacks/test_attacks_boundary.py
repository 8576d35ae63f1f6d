"""Certificates on both sides of what can be proved, against 60 digits.

The residual is C times the largest one for which the first inequality of flow holds. Nothing with
C > 1 is proved, nothing with C < 1 is refused; close to 1 the answer may be that it is undecided.
"""

import mpmath
import numpy as np
import pytest

from surefit_checker import check

NEAR = [1 + sign * size for size in (1e-6, 1e-9, 1e-12, 1e-14) for sign in (-1, 1)]


def exact(case):
    """Norm of the residual and least singular value of tanh networks with two layers."""
    with mpmath.workdps(60):
        x, y, w, v = (mpmath.matrix(case.arrays[name].tolist()) for name in ("x", "y", "w1", "w2"))
        s, t = (mpmath.mpf(layer["factor"]) for layer in case.network["layers"])
        h = (s * x * w.T).apply(mpmath.tanh)
        r = t * h * v.T - y
        rows = [
            [t * h[i, j] for j in range(w.rows)]
            + [t * v[0, j] * (1 - h[i, j] ** 2) * s * one for j in range(w.rows) for one in x[i, :]]
            for i in range(x.rows)
        ]
        jacobian = mpmath.matrix(rows)
        least = min(mpmath.eigsy(jacobian * jacobian.T, eigvals_only=True))
        return mpmath.norm(r), mpmath.sqrt(least)


@pytest.fixture
def scaled(build, tmp_path):
    """Of a radius: a function from C to the true C, and the verdicts in 53 and 256 bits."""
    base = build.two_layer(4, 4, 8)
    _, sigma = exact(base)

    def make(ratio):
        first = base.fitted(1e-300)
        statement = {"kind": "flow", "rho": 1e-12, "start_radius": 0.0}
        for _ in range(20):  # the constant depends on the radius
            lipschitz = check(first.save(tmp_path / "c", statement)).numbers["lipschitz"]
            statement["rho"] = float(ratio * sigma / lipschitz)
        lipschitz = check(first.save(tmp_path / "c", statement)).numbers["lipschitz"]
        rho = mpmath.mpf(statement["rho"])
        largest = sigma * rho - mpmath.mpf(lipschitz) * rho * rho / 2

        def at(c):
            case = base.fitted(float(c * largest))
            folder = case.save(tmp_path / "c", statement)
            return exact(case)[0] / largest, check(folder), check(folder, bits=256)

        return at

    return make


def judged(at, values):
    """How often the verdict in float64 was which one; all of them must be right."""
    found = []
    for c in values:
        true, rough, sharp = at(c)
        for verdict in (rough, sharp):
            assert verdict.verdict in ("proved", "refused", "cannot decide")
            assert true <= 1 or verdict.verdict != "proved", float(true - 1)
            assert true > 1 or verdict.verdict != "refused", float(true - 1)
        if abs(true - 1) > 1e-11:
            assert sharp.verdict == ("proved" if true < 1 else "refused")
        found.append(rough.verdict)
    return found


# From radii where curvature uses up nearly everything to such where rounding is what counts.
@pytest.mark.parametrize("ratio", [0.99, 0.5, 1e-3, 1e-6, 1e-9, 1e-12])
def test_near_the_boundary(ratio, scaled):
    found = judged(scaled(ratio), [*np.linspace(0.9, 1.1, 7), *NEAR])
    assert found[:3] == ["proved"] * 3 or ratio < 1e-9
    assert found[4:7] == ["refused"] * 3 or ratio < 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [0.99, 0.5, 1e-3, 1e-6, 1e-9])
def test_fine_steps(ratio, scaled):
    found = judged(scaled(ratio), np.linspace(0.9, 1.1, 401))
    assert found[:199] == ["proved"] * 199
    assert found[202:] == ["refused"] * 199


@pytest.mark.parametrize("kind", ["accuracy", "homogeneous"])
def test_margins_of_the_size_of_rounding(kind, build, tmp_path):
    """Two features that cancel but for a few units in the last place of each."""
    layers = [build.dense("w1", 1.0, "relu"), build.dense("w2", 1.0, "identity")]
    x, found = np.full((1, 3), 0.1), set()
    ulp, size = 2.0**-53, 1.0 if kind == "accuracy" else 2.0**53
    for units in range(-6, 7):
        v = size * np.array([[1.0, -1.0]])
        v[0, 0] += 2 * units * ulp * size
        case = build.case(layers, {}, x)
        arrays = case.arrays | {"w1": np.ones((2, 3)), "w2": v, "y": np.ones((1, 1))}
        folder = build.Case(case.network, arrays).save(tmp_path / "c", {"kind": kind})
        if kind == "homogeneous":
            text = (folder / "certificate.json").read_text().replace("squared", "cross_entropy")
            (folder / "certificate.json").write_text(text)
        with mpmath.workdps(60):
            margin = 3 * mpmath.mpf(0.1) * (mpmath.mpf(v[0, 0]) + mpmath.mpf(v[0, 1]))
            true = margin > 0
        rough, sharp = check(folder), check(folder, bits=256)
        assert {rough.verdict, sharp.verdict} <= {"proved", "refused", "cannot decide"}
        for verdict in (rough, sharp):
            assert verdict.verdict != ("refused" if true else "proved"), (units, verdict)
        found.add(rough.verdict)
    assert "cannot decide" in found
