import math

import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.certificates import Point
from surefit.certificates.shadowing import shadow
from surefit.certificates.shadowing.ending import ending
from surefit.certificates.shadowing.steps import CHUNK, Data, State, advance
from surefit.core.certificate import Certificate
from surefit.core.spectrum.enclosure import Enclosure
from surefit.curvature import CurvatureBound
from surefit.errors import InvalidInputError
from surefit_checker import check

NETWORK = sf.Serial(sf.Dense(32, 3.0, parameterisation="unscaled"), sf.Tanh(), sf.Dense(1))


def example(network=NETWORK, n=10, d=12, outputs=1, loss=None, seed=0):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, d))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = rng.choice([-1.0, 1.0], size=(n, outputs))
    problem = sf.Problem(network, x, y, loss)
    return problem, problem.init(seed)


@pytest.fixture(scope="module")
def certified():
    problem, params = example()
    seen = []
    return problem, params, shadow(problem, params, progress=seen.append), seen


def test_it_holds_and_the_checker_proves_it(certified, tmp_path):
    _, _, certificate, _ = certified
    assert certificate.holds is True
    verdict = check(certificate.save(tmp_path / "c"))
    assert verdict.verdict == "proved", verdict.reason
    numbers = certificate.quantities
    assert numbers["condition"] <= 0.15
    assert f"after {int(numbers['steps'])} steps" in verdict.statement
    # Two programs that share nothing bound the same errors.
    for name, slack in (("shadow_radius", 2.0), ("amplification", 1.3)):
        assert 1 / slack < verdict.numbers[name] / numbers[name] < slack
    np.testing.assert_allclose(verdict.numbers["residual_norm"], numbers["residual"], rtol=1e-6)
    np.testing.assert_allclose(verdict.numbers["path_length"], numbers["radius"], rtol=0.1)


def test_the_files_hold_the_initial_weights(certified, tmp_path):
    _, params, certificate, _ = certified
    loaded = Certificate.load(certificate.save(tmp_path / "c"))
    np.testing.assert_array_equal(loaded.witness["params.0.w"], params[0]["w"])
    np.testing.assert_array_equal(loaded.witness["params.2.w"], params[2]["w"])
    assert loaded.document["statement"]["kind"] == "shadowing"
    assert loaded.document["statement"]["steps"] == certificate.quantities["steps"]
    assert loaded.explain() == certificate.explain()


def test_the_statement_is_about_exact_descent_from_there(certified):
    _, _, certificate, _ = certified
    steps, radius = certificate.quantities["steps"], certificate.quantities["shadow_radius"]
    assert "Exact gradient descent" in certificate.statement
    assert "from these initial weights converges" in certificate.statement
    assert f"after {int(steps):,}".replace(",", " ") in certificate.statement
    assert f"within {radius:.4g}" in certificate.statement
    assert "repeats the run" in certificate.note
    assert certificate.evidence == sf.Evidence.FLOAT


def test_progress_tells_where_the_run_is(certified):
    _, _, certificate, seen = certified
    assert seen[-1].steps == certificate.quantities["steps"]
    assert seen[-1].radius == certificate.quantities["shadow_radius"]
    assert seen[-1].residual < seen[0].residual
    radii = [one.radius for one in seen]
    assert radii == sorted(radii)


def test_the_run_is_descent_on_the_problem(certified):
    problem, params, certificate, _ = certified
    step, steps = certificate.quantities["step_size"], 5 * CHUNK
    found, _ = sf.train(problem, params, sf.GradientDescent(step), steps=steps)
    u, w, v = problem.x, params[0]["w"], params[2]["w"]
    data = Data(*map(jnp.asarray, (u, problem.y, (u @ u.T) ** 2, 1.0, step, 32**-0.5, 0.0, 1.0)))
    zero = jnp.zeros(())
    state = State(jnp.asarray(w), jnp.asarray(v), zero, zero, zero)
    for _ in range(5):
        state = advance(state, data, "tanh", CHUNK)
    np.testing.assert_allclose(state.w, found[0]["w"], atol=1e-11)
    np.testing.assert_allclose(state.v, found[2]["w"], atol=1e-11)


def test_nu_is_no_smaller_than_the_negative_curvature():
    rng = np.random.default_rng(0)
    n, d, m = 6, 4, 8
    u, w, v, y = (rng.normal(size=shape) for shape in ((n, d), (m, d), (1, m), (n, 1)))
    # The Hessian of r_i f_i summed, by central differences of its gradient with r fixed.
    r = np.tanh(u @ w.T) @ v.T - y

    def gradient(theta):
        w, v = theta[: m * d].reshape(m, d), theta[m * d :]
        h = np.tanh(u @ w.T)
        return np.concatenate([((r * (1 - h * h) * v).T @ u).ravel(), (r.T @ h).ravel()])

    theta, eps = np.concatenate([w.ravel(), v.ravel()]), 1e-5
    rows = [
        (gradient(theta + eps * e) - gradient(theta - eps * e)) / (2 * eps)
        for e in np.eye(m * d + m)
    ]
    truth = -np.linalg.eigvalsh(np.stack(rows))[0]
    longest = np.max(np.linalg.norm(u, axis=1))
    data = Data(*map(jnp.asarray, (u, y, (u @ u.T) ** 2, longest, 1e-6, 1.0, 0.0, 1.0)))
    zero = jnp.zeros(())
    start = State(jnp.asarray(w), jnp.asarray(v), zero, zero, zero)
    nu = float(advance(start, data, "tanh", 1).amplification) / 1e-6
    assert truth - 1e-6 <= nu < 2.5 * truth


NETWORKS = {
    "centred, with biases": sf.Centred(
        sf.Serial(sf.Dense(32, 3.0, 0.5, parameterisation="unscaled"), sf.Tanh(), sf.Dense(1))
    ),
    "two outputs": sf.Serial(
        sf.Dense(48, 3.0, parameterisation="unscaled"), sf.Tanh(), sf.Dense(2)
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_other_networks_and_losses(name, tmp_path):
    outputs = 2 if name == "two outputs" else 1
    loss = sf.MeanSquared() if outputs == 1 else None
    problem, params = example(NETWORKS[name], n=8, outputs=outputs, loss=loss)
    certificate = shadow(problem, params)
    assert certificate.holds is True, certificate.explain()
    verdict = check(certificate.save(tmp_path / "c"))
    assert verdict.verdict == "proved", verdict.reason


def test_too_large_steps_are_said_to_be_so():
    problem, params = example()
    largest = np.linalg.eigvalsh(problem.gram(params))[-1]
    certificate = shadow(problem, params, 2.5 / largest, most_steps=2000)
    assert certificate.holds is False
    assert "is too large" in certificate.note
    assert certificate.document is None
    assert certificate.statement.startswith("Not shown: exact gradient descent")


def test_too_few_steps_are_said_to_be_so(tmp_path):
    certificate = shadow(*example(), 1e-4, most_steps=64)
    assert certificate.holds is False
    assert "Allow more steps" in certificate.note
    assert sorted(p.name for p in certificate.save(tmp_path / "c").iterdir()) == [
        "arrays.npz",
        "issued.json",
    ]


def test_coinciding_inputs_are_said_to_be_so():
    x = np.ones((10, 12)) / 12**0.5
    problem = sf.Problem(NETWORK, x, np.repeat([1.0, -1.0], 5))
    certificate = shadow(problem, problem.init(0), most_steps=128)
    assert certificate.holds is False
    assert "not onto" in certificate.note


def test_errors_that_grew_too_much_are_said_to_be_so():
    # Narrow, and trained in the hidden layer only: descent is expansive here.
    network = sf.Serial(
        sf.Dense(24, 6.0, parameterisation="unscaled"), sf.Tanh(), sf.Dense(1, trained=False)
    )
    problem, params = example(network, n=12)
    certificate = shadow(problem, params, most_steps=20_000)
    assert certificate.holds is False
    assert "may have grown by a factor of exp(" in certificate.note


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (sf.Serial(sf.Dense(8), sf.Relu(), sf.Dense(1)), "a kink (relu)"),
        (sf.Serial(sf.Dense(8), sf.Gelu(), sf.Dense(1)), "the checker cannot run (gelu)"),
        (
            sf.Serial(sf.Dense(8), sf.Tanh(), sf.Dense(8), sf.Tanh(), sf.Dense(1)),
            "the layers dense",
        ),
        (sf.Serial(sf.Dense(8, trained=False), sf.Tanh(), sf.Dense(1)), "not trained"),
        (sf.Serial(sf.Dense(8), sf.Tanh(), sf.Dense(1, bias_std=1.0)), "with a bias"),
        (sf.Serial(sf.Dense(8), sf.LayerNorm(), sf.Dense(1)), "the layer LayerNorm"),
    ],
)
def test_other_networks_are_refused_with_the_reason(network, words):
    problem, params = example(network)
    with pytest.raises(InvalidInputError, match=r"`shadow\(problem=\.\.\.\)` must") as caught:
        shadow(problem, params)
    assert words in str(caught.value)
    assert "Got" in str(caught.value)


@pytest.mark.parametrize(
    ("argument", "value", "words"),
    [
        ("condition", 1.0, "lie between 0 and 1"),
        ("most_steps", 3, "be at least 64"),
        ("step_size", -1.0, "be a positive number"),
        ("step_size", math.inf, "be a positive number"),
    ],
)
def test_numbers_out_of_range_are_refused(argument, value, words):
    with pytest.raises(InvalidInputError, match=rf"`shadow\({argument}=\.\.\.\)` must {words}"):
        shadow(*example(), **{argument: value})


def test_the_ending_agrees_with_the_closed_form():
    problem, params = example()
    point = Point(
        problem=problem,
        params=params,
        residual=1e-3,
        smallest=Enclosure.around(0.25, 0.0),
        largest=Enclosure.around(4.0, 0.0),
        bottom=None,
        curvature=lambda radius: CurvatureBound(3.0, "given"),
        affine=False,
        factor=1.0,
    )
    e, step = 1e-5, 0.2
    end = ending(point, e, step)
    sigma, r = 0.5 - 3 * e, 1e-3 + 2 * e + 1.5 * e * e
    s = (sigma - math.sqrt(sigma**2 - 6 * r)) / 3
    np.testing.assert_allclose(end.path, s, rtol=1e-9)
    np.testing.assert_allclose(end.rate, 1 - step * (sigma - 3 * s) ** 2, rtol=1e-9)
    np.testing.assert_allclose(end.condition, 6 * r / sigma**2, rtol=1e-9)
    inner = end.rho - e
    assert r - sigma * inner + 1.5 * inner**2 <= 0
    assert 3 * inner < sigma
