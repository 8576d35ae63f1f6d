"""Weights kept to a bound of the operator norm, and what is said where equilibria are lost."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.core.projection import projected, projects
from surefit.core.trajectory import Status
from surefit.implicit.well_posedness import clipped, rescaled, spectral_norm
from surefit.theory import conditions
from surefit.theory.setting import Setting

M = 10


def layer(**options):
    return sf.Equilibrium(M, sf.Relu(), 0.3, **options)


def network(**options):
    return sf.Serial(sf.Dense(M), layer(**options), sf.Dense(1))


@pytest.mark.parametrize("shape", [(7, 7), (300, 300), (280, 320)])
def test_the_spectral_norm_is_that_of_numpy(shape):
    matrix = np.random.default_rng(0).normal(size=shape)
    due = np.linalg.norm(matrix, 2)
    assert float(jax.jit(spectral_norm)(jnp.asarray(matrix))) == pytest.approx(due, rel=1e-10)


def test_the_spectral_norm_where_the_krylov_space_is_small():
    assert float(spectral_norm(3.0 * jnp.eye(400))) == pytest.approx(3.0, rel=1e-12)
    low = np.outer(np.arange(400.0), np.ones(400))
    assert float(spectral_norm(jnp.asarray(low))) == pytest.approx(
        np.linalg.norm(low, 2), rel=1e-12
    )
    assert float(spectral_norm(jnp.zeros((400, 400)))) == 0.0


def test_rescaling_and_clipping():
    matrix = jnp.asarray(np.random.default_rng(1).normal(size=(M, M)))
    values = np.linalg.svd(matrix, compute_uv=False)
    bound = float(values[3] + values[4]) / 2
    np.testing.assert_allclose(rescaled(matrix, bound), bound / values[0] * matrix, rtol=1e-12)
    cut = np.asarray(clipped(matrix, bound))
    np.testing.assert_allclose(
        np.linalg.svd(cut, compute_uv=False), np.minimum(values, bound), rtol=1e-12
    )
    # The nearest matrix: the distance is that of the singular values, and no smaller one is found.
    distance = np.linalg.norm(cut - matrix)
    assert distance == pytest.approx(np.linalg.norm(np.maximum(values - bound, 0)), rel=1e-12)
    assert distance < np.linalg.norm(np.asarray(rescaled(matrix, bound)) - matrix)
    for project in (rescaled, clipped):
        np.testing.assert_array_equal(project(matrix, 2 * float(values[0])), matrix)


COMPOSITIONS = {
    "serial": lambda inner: sf.Serial(sf.Dense(M), inner, sf.Dense(1)),
    "sum": lambda inner: sf.Sum(sf.Relu(), inner),
    "residual": lambda inner: sf.Residual(sf.Serial(sf.Relu(), inner)),
    "centred": lambda inner: sf.Centred(sf.Serial(inner)),
    "antisymmetric": lambda inner: sf.Antisymmetric(
        sf.Serial(sf.Dense(M), inner, sf.Dense(4), sf.Relu(), sf.Dense(1))
    ),
}


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_compositions_ask_their_parts(name):
    plain, bounded = (COMPOSITIONS[name](layer(norm_bound=bound)) for bound in (None, 0.9))
    params = plain.init(jax.random.key(0), (M,))
    # Without a bound the very same object comes back, and nothing is computed.
    assert plain.project(params) is params and not projects(plain, params)
    assert projects(bounded, params)
    moving, fixed = sf.Problem(bounded, np.ones((1, M)), np.ones((1, *plain.output_shape((M,))))
                               ).split(jax.tree.map(lambda leaf: 20 * leaf, params))  # fmt: skip
    found = projected(bounded, moving, fixed)
    assert jax.tree.structure(found) == jax.tree.structure(moving)
    changed = [
        bool(np.any(np.asarray(a != b)))
        for a, b in zip(jax.tree.leaves(moving), jax.tree.leaves(found), strict=True)
    ]
    assert sum(changed) == 1
    (now,) = [leaf for leaf, new in zip(jax.tree.leaves(found), changed, strict=True) if new]
    assert np.linalg.norm(now, 2) * 0.3 / np.sqrt(M) == pytest.approx(0.9, rel=1e-12)
    assert projected(plain, moving, fixed) is moving


def test_weights_that_are_not_trained_stay():
    frozen = layer(norm_bound=0.9, trained=False)
    params = {"w": 100 * jnp.ones((M, M))}
    assert frozen.project(params) is params and not projects(frozen, params)


def hard_problem(**options):
    """Targets so large that descent drives the operator norm above 1."""
    x = np.random.default_rng(0).normal(size=(6, 4))
    return sf.Problem(network(**options), x, 15.0 * np.array([1.0, -1, 1, 1, -1, 1]))


@pytest.mark.parametrize(
    ("how", "method"),
    [
        ("rescale", sf.GradientDescent(0.06)),
        ("clip", sf.StochasticGradientDescent(0.03, batch_size=3)),
    ],
)
def test_descent_keeps_to_the_bound(how, method):
    bounded = hard_problem(norm_bound=0.65, projection=how)
    start = bounded.init(0)
    watched = ["scaled_operator_norm"]
    _, run = sf.train(bounded, start, method, steps=60, monitors=watched, every=1)
    norms = run["scaled_operator_norm"].values[:, 0]
    # Reached, and never passed.
    assert 0.65 * (1 - 1e-9) < norms.max() <= 0.65 * (1 + 1e-9)
    assert np.isfinite(run["loss"].last)
    # Without the bound the same descent passes it; a bound that is never reached changes nothing.
    free, wide = hard_problem(), hard_problem(norm_bound=1e3, projection=how)
    _, unbounded = sf.train(free, start, method, steps=60, monitors=watched, every=1)
    assert unbounded["scaled_operator_norm"].values.max() > 0.66
    _, same = sf.train(wide, start, method, steps=60, monitors=watched, every=1)
    np.testing.assert_allclose(same["loss"].values, unbounded["loss"].values, rtol=1e-9)


def test_one_projected_step_by_hand():
    problem = hard_problem(norm_bound=0.65)
    start = problem.init(0)
    start[1]["w"] = 1.5 * start[1]["w"]  # an operator norm of 0.69 already
    params, _ = sf.train(problem, start, sf.GradientDescent(0.01), steps=1, monitors=[])
    gradient = jax.jit(jax.grad(problem.objective))(start)
    moved = start[1]["w"] - 0.01 * gradient[1]["w"]
    norm = 0.3 / np.sqrt(M) * np.linalg.norm(moved, 2)
    assert norm > 0.65
    np.testing.assert_allclose(params[1]["w"], 0.65 / norm * moved, rtol=1e-9)
    np.testing.assert_allclose(params[0]["w"], start[0]["w"] - 0.01 * gradient[0]["w"], rtol=1e-9)


@pytest.mark.parametrize("bound", [0.5, 0.6, -1.0, np.inf, np.nan])
def test_a_bound_that_the_start_violates(bound):
    with pytest.raises(sf.errors.InvalidInputError, match=r"norm_bound=...\)` must be finite and"):
        layer(norm_bound=bound)


def test_an_unknown_projection():
    # Past the constructor, whose annotation would refuse it first.
    unknown = object.__new__(sf.Equilibrium)
    vars(unknown).update(vars(layer(norm_bound=0.9)), projection="clipp")
    with pytest.raises(sf.errors.UnknownNameError, match="Did you mean 'clip'"):
        unknown.__post_init__()


def test_a_flow_has_no_projection():
    problem = hard_problem(norm_bound=0.9)
    with pytest.raises(sf.errors.InvalidInputError, match="A projection follows a step, and a fl"):
        sf.train(problem, problem.init(0), "gradient_flow", steps=2)


def test_theorems_say_that_they_are_not_about_projected_descent():
    free, bounded = hard_problem(), hard_problem(norm_bound=0.9)
    checks = [
        conditions.runs(Setting(problem, problem.init(0), 0.1), dynamics)
        for problem in (free, bounded)
        for dynamics in ("gradient_descent", "gradient_flow")
    ]
    assert [check.holds for check in checks] == [True, False, None, False]
    assert "covers the run only while no bound is reached" in checks[2].note


def gao(gamma, size):
    with pytest.warns(sf.layers.EquilibriumWarning):
        model = sf.models.implicit_relu(24, gamma)
    problem = sf.Problem(model, np.eye(4), 5.0 * np.array([1.0, -1.0, 1.0, -1.0]))
    start = problem.init(0)
    return problem, start, size / np.linalg.eigvalsh(problem.gram(start))[-1]


def test_a_lost_equilibrium_ends_the_run_and_is_named():
    problem, start, step = gao(0.8, 1.9)
    params, run = sf.train(problem, start, sf.GradientDescent(step), steps=100, monitors=[])
    assert run.status is Status.DIVERGED and run.steps < 100
    assert "an equilibrium was not found (of the layer at '2/0/0')" in run.message
    assert "samples did not converge: rows [" in run.message
    assert "The largest relative residual is" in run.message
    assert "smaller `weight_std` (gamma)" in run.message
    # What is kept is the last step at which every sample has its equilibrium.
    np.testing.assert_allclose(problem.objective(params), run["loss"].last, rtol=1e-9)


def test_an_equilibrium_that_depends_on_the_start_is_told():
    problem, start, step = (*gao(0.51, 4.0),)
    _, run = sf.train(problem, start, sf.GradientDescent(step), steps=100, monitors=[])
    assert run.status is Status.DIVERGED and "equilibrium" in run.message


def test_training_does_not_begin_without_equilibria():
    with pytest.warns(sf.layers.EquilibriumWarning):
        problem = sf.Problem(sf.models.implicit_relu(24, 1.6), np.eye(4), np.ones(4))
    message = r"must give every sample its equilibrium. Got some with which an equilibrium was not"
    for method in (None, sf.GradientDescent(0.01), "gradient_flow"):
        with pytest.raises(sf.errors.InvalidInputError, match=message):
            sf.train(problem, problem.init(0), method, steps=3)
    with pytest.warns(sf.layers.EquilibriumWarning):
        inner = dataclasses.replace(layer(), weight_std=3.0, throw=False)
    loose = sf.Problem(sf.Serial(sf.Dense(M), inner, sf.Dense(1)), np.eye(4), np.ones(4))
    _, run = sf.train(loose, loose.init(0), sf.GradientDescent(1e-300), steps=0, monitors=[])
    assert run.status is Status.STEPS_DONE
