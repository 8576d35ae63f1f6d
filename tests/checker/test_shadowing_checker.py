"""The float run and the bound of its distance from exact descent, against exact arithmetic."""

import json
import math
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import arb, arb_mat, ctx

from surefit_checker import check
from surefit_checker.ball import Ball
from surefit_checker.floats import Floats, floats
from surefit_checker.network import Network as network_of
from surefit_checker.reading import read
from surefit_checker.shadow import Shadow

TANH = floats(SimpleNamespace(name="tanh"))


def net(
    build,
    n=10,
    m=32,
    d=12,
    activation="tanh",
    outputs=1,
    bias=False,
    trained=(True, True),
    factor=4.0,
):
    own = {"values": "b1", "factor": 0.3, "trained": True} if bias else None
    layers = [
        build.dense("w1", factor, activation, bias=own, trained=trained[0]),
        build.dense("w2", 1 / math.sqrt(m), "identity", trained=trained[1]),
    ]
    shapes = {"w1": (m, d), "w2": (outputs, m)} | ({"b1": (m,)} if bias else {})
    return build.case(layers, shapes, build.sphere(n, d), outputs)


def run_of(case, tmp_path, step, used=TANH):
    case.save(tmp_path / "run", {"kind": "accuracy"})
    layers = network_of(read(tmp_path / "run"), Ball).layers
    return Shadow(*layers, Ball(case.arrays["y"]), step, used)


def top(case):
    return float(np.linalg.norm(case.jacobian(), 2)) ** 2


def trained(case, step, residual):
    """How many steps of descent until the residual is that small, and one tenth more."""
    theta, taken = case.theta(), 0
    names = case.trained()
    shapes = [case.arrays[name].shape for name in names]
    at = np.cumsum([0, *map(math.prod, shapes)])

    def value(t):
        parts = [t[i:j].reshape(s) for i, j, s in zip(at[:-1], at[1:], shapes, strict=True)]
        return outputs(case, dict(zip(names, parts, strict=True)))

    @jax.jit
    def steps(t):
        def one(t, _):
            r, pull = jax.vjp(value, t)
            return t - step * pull(r)[0], None

        t = jax.lax.scan(one, t, length=50)[0]
        return t, jnp.linalg.norm(value(t))

    while taken < 40_000:
        theta, size = steps(theta)
        taken += 50
        if size < residual:
            return taken + taken // 10
    raise AssertionError("descent does not converge")


def outputs(case, arrays):
    arrays = case.arrays | arrays
    hidden, out = case.network["layers"]
    phi = {
        "tanh": jnp.tanh,
        "sin": jnp.sin,
        "sigmoid": jax.nn.sigmoid,
        "softplus": jax.nn.softplus,
    }[hidden["activation"]["name"]]
    z = hidden["factor"] * arrays["x"] @ arrays["w1"].T
    if hidden["bias"] is not None:
        z = z + hidden["bias"]["factor"] * jnp.ones((len(z), 1)) * arrays["b1"][None]
    return (out["factor"] * phi(z) @ arrays["w2"].T - arrays["y"]).ravel()


def statement(step, steps, rho=0.02):
    return {"kind": "shadowing", "rho": rho, "step_size": step, "steps": steps}


CASES = {
    "tanh": {},
    "two outputs": {"outputs": 2, "m": 48},
    "bias": {"bias": True},
    "sin": {"activation": "sin", "factor": 2.0},
    "sigmoid": {"activation": {"name": "sigmoid", "shifted": False}, "m": 64},
    "softplus": {"activation": {"name": "softplus", "shifted": False}, "m": 64},
    "hidden only": {"trained": (True, False), "factor": 1.0, "m": 100},
}


@pytest.mark.parametrize("kind", CASES)
def test_descent_from_initialisation_is_proved(build, tmp_path, kind):
    case = net(build, **CASES[kind])
    step = 0.9 / top(case)
    steps = trained(case, step, 2e-3)
    verdict = check(case.save(tmp_path / "c", statement(step, steps)))
    assert verdict.verdict == "proved", verdict.reason
    assert f"after {steps} steps" in verdict.statement
    assert verdict.numbers["shadow_radius"] < 1e-8
    assert 0 < verdict.numbers["amplification"] < 9
    assert verdict.numbers["residual_norm"] < 2e-3


@pytest.fixture(scope="module")
def honest(build, tmp_path_factory):
    case = net(build)
    step = 0.9 / top(case)
    said = statement(step, trained(case, step, 2e-3))
    folder = case.save(tmp_path_factory.mktemp("shadowing") / "c", said)
    assert check(folder).verdict == "proved"
    return case, said


@pytest.mark.parametrize(
    ("change", "verdict", "reason"),
    [
        ({"steps": 20}, "refused", "sigma"),
        ({"steps": 0}, "invalid", "whole number"),
        ({"steps": 1.5}, "invalid", "whole number"),
        ({"steps": True}, "invalid", "whole number"),
        ({"rho": 1e-6}, "refused", "sigma"),
        ({"rho": 50.0}, "refused", "sigma"),
        ({"step_size": 4.0}, "refused", "step"),
        ({"step_size": -1.0}, "invalid", "positive"),
        ({"start_radius": 0.0}, "invalid", "keys"),
    ],
)
def test_other_statements_are_not(honest, tmp_path, change, verdict, reason):
    case, said = honest
    found = check(case.save(tmp_path / "c", said | change))
    assert (found.verdict, reason in found.reason) == (verdict, True), found.reason


def test_steps_that_would_lose_stability_are_refused(honest, tmp_path):
    case, said = honest
    found = check(case.save(tmp_path / "c", said | {"step_size": 2.2 / top(case)}))
    assert found.verdict == "refused"
    assert "step * (jacobian norm)^2 <= 2" in found.reason


def test_other_weights_are_refused(honest, tmp_path):
    case, said = honest
    folder = case.save(tmp_path / "c", said)
    other = {**case.arrays, "w1": np.nextafter(case.arrays["w1"], 9.0)}
    np.savez(folder / "arrays.npz", **other)
    assert check(folder).verdict == "invalid"  # another hash
    flat = build_like(case, w1=1e-3 * case.arrays["w1"])
    assert check(flat.save(tmp_path / "d", said)).verdict in ("refused", "cannot decide")


def build_like(case, **arrays):
    return type(case)(case.network, case.arrays | arrays)


def test_claims_about_the_shadow_are_compared(honest, tmp_path):
    case, said = honest
    radius = check(case.save(tmp_path / "c", said)).numbers["shadow_radius"]
    good = check(case.save(tmp_path / "c", said, {"shadow_radius": 1.001 * radius}))
    bad = check(case.save(tmp_path / "c", said, {"shadow_radius": 0.999 * radius}))
    assert (good.verdict, bad.verdict) == ("proved", "refused")


def test_networks_without_a_known_bound_are_invalid(build, tmp_path):
    said = statement(0.01, 100)
    deep = build.deep()
    for number, case in enumerate(
        [
            deep,
            net(build, activation="relu"),
            net(build, activation="gelu"),
            net(build, trained=(False, True)),
        ]
    ):
        found = check(case.save(tmp_path / str(number), said))
        assert (found.verdict, "shadowing" in found.reason) == ("invalid", True), found.reason


class Exact:
    """Descent with 256 bits."""

    def __init__(self, case, step):
        hidden, out = case.network["layers"]
        self.x = self.matrix(case.arrays["x"]) * arb(hidden["factor"])
        self.y = self.matrix(case.arrays["y"])
        self.w, self.v = (self.matrix(case.arrays[name]) for name in ("w1", "w2"))
        self.scale, self.step = arb(out["factor"]), arb(step)

    @staticmethod
    def matrix(x):
        return arb_mat(x.shape[0], x.shape[1], [arb(float(e)) for e in x.ravel()])

    def advance(self):
        z = self.x * self.w.transpose()
        n, m = z.nrows(), z.ncols()
        h = arb_mat(n, m, [e.tanh() for e in z.entries()])
        r = h * self.v.transpose() * self.scale - self.y
        back = r * self.v
        d = arb_mat(
            n, m, [p * (1 - e * e) for p, e in zip(back.entries(), h.entries(), strict=True)]
        )
        t = self.step * self.scale
        self.w, self.v = self.w - d.transpose() * self.x * t, self.v - r.transpose() * h * t

    def distance(self, run):
        entries = (self.w - self.matrix(run.w)).entries() + (self.v - self.matrix(run.v)).entries()
        return float(sum((e * e for e in entries), arb(0)).sqrt().upper())


def perturbed(size, seed=0):
    """Tanh with errors of this size, all of one sign or of random ones."""
    rng = np.random.default_rng(seed)

    def at(z):
        t, _, bent = TANH.at(z)
        t = t + size * (1.0 if seed == 0 else rng.choice([-1.0, 1.0], z.shape))
        return t, 1.0 - t * t, bent

    return Floats(at)


@pytest.mark.parametrize("size", [0.0, 2.0**-48])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_exact_run_is_within_the_radius_in_every_step(build, tmp_path, size, seed):
    ctx.prec = 256
    case = net(build, n=6, m=12, d=5)
    step = 1.0 / top(case)
    run, exact = run_of(case, tmp_path, step, perturbed(size, seed)), Exact(case, step)
    farthest = 0.0
    for _ in range(250):
        run.advance(1e-3)
        exact.advance()
        distance = exact.distance(run)
        assert distance <= run.radius
        farthest = max(farthest, distance / run.radius)
    # Neither the bound nor the comparison is empty.
    assert farthest > (0.005 if size else 1e-4)
    assert run.amplification > 0.1


def test_larger_errors_than_assumed_leave_the_radius(build, tmp_path):
    ctx.prec = 256
    case = net(build, n=6, m=12, d=5)
    step = 1.0 / top(case)
    run, exact = run_of(case, tmp_path, step, perturbed(1e-9)), Exact(case, step)
    for _ in range(50):
        run.advance(1e-3)
        exact.advance()
    assert exact.distance(run) > run.radius
    assert not perturbed(1e-9).agrees(run.hidden, run.out.patches * math.sqrt(12))
    assert TANH.agrees(run.hidden, run.out.patches * math.sqrt(12))


def curvature_of_residual(case, theta):
    """R, by central differences of the gradient with the residual held fixed; and J."""
    at = case.at(theta)
    j, r = at.jacobian(), at.residual()
    eps = 1e-5
    rows = [
        (case.at(theta + eps * e).jacobian() - case.at(theta - eps * e).jacobian()).T
        @ r
        / (2 * eps)
        for e in np.eye(theta.size)
    ]
    return np.stack(rows), j


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("e", [0.0, 1e-2])
def test_nu_bounds_the_hessian_of_the_residual_on_the_ball(build, tmp_path, outputs, e):
    case = net(build, n=8, m=6, d=4, outputs=outputs)
    run = run_of(case, tmp_path, 1e-3 / top(case))
    rng = np.random.default_rng(0)
    tightest = np.inf
    for _ in range(3):
        run.advance(10.0)
        run.radius = e
        # Bounds at the weights after the step, by what is known from before.
        here = np.concatenate([run.w.ravel(), run.v.ravel()])
        run.h, run.d1, run.bent = run.floats.at(run.u @ run.w.T)
        run.r = run.scale * (run.h @ run.v.T) - run.y
        run.r_size = float(np.linalg.norm(run.r)) * (1 + 1e-9)
        run._round()
        blocks = [(run.r[:, [c]] * run.d1).T @ run.u for c in range(run.k)]
        nu, _ = run._curvature(np.sqrt(sum(np.sum(block**2, 1) for block in blocks)))
        for _ in range(2):
            direction = rng.normal(size=here.size)
            point = here + e * direction / np.linalg.norm(direction)
            curvature, j = curvature_of_residual(case, point)
            r = np.linalg.eigvalsh(0.5 * (curvature + curvature.T))
            assert max(-r[0], r[-1]) <= nu
            tightest = min(tightest, nu / -r[0])
            norm = np.linalg.norm(j, 2)
            assert 0.8 * run.beta < norm <= run.beta + run.lipschitz * run._away()
    if e == 0.0:
        assert tightest < 2.5


def test_functions_and_derivatives_are_those_of_the_enclosures(build):
    z = np.linspace(-4, 4, 41)
    for name, function in (
        ("tanh", jnp.tanh),
        ("sin", jnp.sin),
        ("sigmoid", jax.nn.sigmoid),
        ("softplus", jax.nn.softplus),
    ):
        spec = SimpleNamespace(name=name, shifted=name in ("sigmoid", "softplus"))
        value, slope, bent = floats(spec).at(z)
        shift = {"sigmoid": 0.5, "softplus": math.log(2)}.get(name, 0.0)
        np.testing.assert_allclose(value, function(z) - shift, atol=1e-14)
        # By complex steps.
        moved = floats(spec).at(z + 1e-30j) if name in ("tanh", "sin") else None
        if moved is not None:
            np.testing.assert_allclose(slope, moved[0].imag / 1e-30, atol=1e-14)
            np.testing.assert_allclose(bent(slope), moved[1].imag / 1e-30, atol=1e-14)
            continue
        h = 1e-5
        (up, up1, _), (down, down1, _) = floats(spec).at(z + h), floats(spec).at(z - h)
        np.testing.assert_allclose(slope, (up - down) / (2 * h), atol=1e-9)
        np.testing.assert_allclose(bent(slope), (up1 - down1) / (2 * h), atol=1e-9)


def test_the_end_can_be_checked_with_more_bits(build, tmp_path):
    case = net(build, n=5, m=20, d=8)
    step = 0.9 / top(case)
    folder = case.save(tmp_path / "c", statement(step, trained(case, step, 2e-3)))
    plain, wide = check(folder), check(folder, bits=100)
    assert (plain.verdict, wide.verdict) == ("proved", "proved"), wide.reason
    assert wide.numbers["shadow_radius"] == plain.numbers["shadow_radius"]
    np.testing.assert_allclose(wide.numbers["rate"], plain.numbers["rate"], rtol=1e-3)


def test_a_folder_without_steps_is_invalid(honest, tmp_path):
    case, said = honest
    folder = case.save(tmp_path / "c", said)
    spec = json.loads((folder / "certificate.json").read_text())
    del spec["statement"]["steps"]
    (folder / "certificate.json").write_text(json.dumps(spec))
    assert check(folder).verdict == "invalid"
