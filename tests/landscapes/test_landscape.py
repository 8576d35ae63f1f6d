"""The objective around a point: smoothing, Hessian, smallest eigenvalue, picture."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.core.check import Evidence, Sense
from surefit.errors import InvalidInputError, NumericalError
from surefit.landscapes import smooth_rectifier
from surefit.landscapes.objective import Objective
from surefit.landscapes.smoothing import smoothed


def density(t):
    return math.exp(-0.5 * t * t) / math.sqrt(2.0 * math.pi)


def normal(t):
    return 0.5 * (1.0 + math.erf(t / math.sqrt(2.0)))


def objective(problem, params, smoothing=0.0):
    return Objective(problem, *problem.split(params)).rounded(smoothing)


def two_weights(first, second, target=0.0):
    """Two units of one input each, added: $f = \\max(w_1, 0) + \\max(w_2, 0)$ at $x = (1, 1)$."""
    network = sf.Serial(
        sf.Dense(2, parameterisation="unscaled"),
        sf.Relu(),
        sf.Dense(1, parameterisation="unscaled", trained=False),
    )
    problem = sf.Problem(network, np.ones((1, 1)), np.array([target]))
    params = ({"w": jnp.array([[first], [second]])}, (), {"w": jnp.ones((1, 2))})
    return problem, params


@pytest.mark.parametrize("scale", [0.05, 1.0, 3.0])
def test_the_smooth_rectifier_is_the_mean_under_noise(scale):
    for place in (-2.0, -0.3, 0.0, 0.4, 1.5):
        # From the kink on, where the integrand is smooth.
        t = np.linspace(max(-place / scale, -14.0), 14.0, 100_001)
        mean = np.trapezoid((place + scale * t) * np.exp(-0.5 * t**2), t) / math.sqrt(2 * math.pi)
        found = float(smooth_rectifier(jnp.asarray(place), jnp.asarray(scale)))
        assert found == pytest.approx(mean if -place / scale < 14.0 else 0.0, abs=1e-8)


def test_its_derivatives_are_the_distribution_function_and_the_density():
    s = jnp.asarray(0.3)
    first = jax.grad(smooth_rectifier)
    for z in (-1.0, -0.2, 0.0, 0.5):
        assert float(first(jnp.asarray(z), s)) == pytest.approx(normal(z / 0.3), rel=1e-13)
        assert float(jax.grad(first)(jnp.asarray(z), s)) == pytest.approx(
            density(z / 0.3) / 0.3, rel=1e-13
        )
        assert float(jax.grad(smooth_rectifier, argnums=1)(jnp.asarray(z), s)) == pytest.approx(
            density(z / 0.3), rel=1e-13
        )


def test_the_smoothed_hessian_of_two_units_in_closed_form():
    w, y, smoothing = np.array([0.02, -0.5]), 3.0, 0.4
    problem, params = two_weights(*w, target=y)
    s = smoothing * math.sqrt((w**2).mean())
    f = sum(z * normal(z / s) + s * density(z / s) for z in w)
    slope = np.array([normal(z / s) for z in w])
    bump = np.array([density(z / s) / s for z in w])
    expected = np.outer(slope, slope) + (f - y) * np.diag(bump)
    rounded = objective(problem, params, smoothing)
    assert [float(scale) for scale in rounded.scales] == pytest.approx([s], rel=1e-14)
    np.testing.assert_allclose(rounded.hessian().as_matrix(), expected, rtol=1e-12)
    found = sf.landscape(problem, params, smoothing=smoothing, points=3)
    assert found.eigenvalue.value == pytest.approx(np.linalg.eigvalsh(expected)[0], rel=1e-10)
    assert found.eigenvalue.value < 0 <= found.pointwise_curvature
    assert found.residual < 1e-12


def test_averages_of_pointwise_hessians_do_not_see_a_kink():
    # f - y < 0 and both units near their kink: the mean of F over noisy weights is concave there.
    problem, params = two_weights(1e-3, -1e-3, target=3.0)
    noise = 0.1 * np.random.default_rng(0).normal(size=(400, 2))
    matrices = [
        objective(problem, two_weights(*z, target=3.0)[1]).hessian().as_matrix() for z in noise[:50]
    ]
    assert np.linalg.eigvalsh(np.mean(matrices, axis=0))[0] >= -1e-15
    # The smoothed objective of this F in one weight, by central differences of exact means.
    s = 0.1

    def mean(w):
        t = np.linspace(-9.0, 9.0, 200_001)
        p = np.exp(-0.5 * t**2) / math.sqrt(2.0 * math.pi)
        f = np.maximum(w + s * t, 0.0)
        return np.trapezoid(0.5 * (f - 3.0) ** 2 * p, t)

    h = 1e-2
    curvature = (mean(h) - 2 * mean(0.0) + mean(-h)) / h**2
    assert curvature < -10.0
    rounded = objective(problem, params, s / 1e-3)
    # The target's part dominates: -3 times the bump of the kink, to 10 % of it.
    assert rounded.hessian().as_matrix()[0, 0] == pytest.approx(curvature, rel=0.1)


def test_smoothing_of_a_sum_of_units_is_the_mean_over_noisy_weights():
    # For outputs linear in the units, with inputs of norm 1: noise on weights is noise on inputs.
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4, 3))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    network = sf.Serial(
        sf.Dense(5, parameterisation="unscaled"), sf.Relu(), sf.Dense(1, parameterisation="ntk")
    )
    params = network.init(jax.random.key(0), (3,))
    s, draws = 0.3, 4_000
    exact = np.asarray(smoothed(network, (jnp.asarray(s),)).apply(params, jnp.asarray(x)))
    w, outer = np.asarray(params[0]["w"]), np.asarray(params[2]["w"])
    z = np.einsum("dij,nj->dni", w + s * rng.normal(size=(draws, 5, 3)), x)
    values = np.maximum(z, 0.0) @ outer.T / math.sqrt(5)
    error = values.std(axis=0) / math.sqrt(draws)
    # Five standard errors.
    assert (np.abs(values.mean(axis=0) - exact) < 5 * error).all()


NETWORKS = {
    "residual": lambda: sf.models.residual(6, 2, outputs=2, tau="1/L"),
    "centred": lambda: sf.models.fully_connected(6, 1, outputs=2, zero_start=True),
    "mixed": lambda: sf.Serial(sf.Dense(6), sf.LeakyRelu(0.2), sf.Dense(6), sf.Tanh(), sf.Dense(2)),
}
KINKS = {"residual": 3, "centred": 2, "mixed": 1}


@pytest.mark.parametrize("name", NETWORKS)
def test_products_are_those_of_the_hessian_matrix(name):
    rng = np.random.default_rng(2)
    problem = sf.Problem(NETWORKS[name](), rng.normal(size=(5, 3)), rng.normal(size=(5, 2)))
    rounded = objective(problem, problem.init(3), 0.5)
    matrix = rounded.hessian().as_matrix()
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-12 * np.abs(matrix).max())
    # A central difference of gradients, of the same smoothed function.
    moving, unravel = jax.flatten_util.ravel_pytree(rounded.moving)
    v = rng.normal(size=rounded.size)

    def gradient(at):
        return Objective(
            problem, unravel(jnp.asarray(at)), rounded.fixed, rounded.scales
        ).value_and_gradient()[1]

    h = 1e-6
    difference = (gradient(moving + h * v) - gradient(moving - h * v)) / (2 * h)
    product = matrix @ v
    np.testing.assert_allclose(product, difference, rtol=1e-6, atol=1e-6 * np.abs(product).max())
    assert len(rounded.scales) == KINKS[name]


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(8, 4))
    problem = sf.Problem(sf.models.fully_connected(8, 2), x, rng.normal(size=8))
    params = problem.init(0)
    heard = []
    found = sf.landscape(
        problem, params, points=9, progress=lambda done, total: heard.append((done, total))
    )
    return problem, params, found, heard


def test_axes_eigenvalue_and_grid(drawn):
    problem, params, found, _ = drawn
    np.testing.assert_allclose(found.directions @ found.directions.T, np.eye(2), atol=1e-14)
    matrix = objective(problem, params, 0.1).hessian().as_matrix()
    values, vectors = np.linalg.eigh(matrix)
    assert found.eigenvalue.contains(values[0])
    assert found.eigenvalue.value == pytest.approx(values[0], rel=1e-2)
    assert abs(found.eigenvector @ vectors[:, 0]) == pytest.approx(1.0, abs=1e-4)
    own = np.linalg.norm(matrix @ found.eigenvector - found.eigenvalue.value * found.eigenvector)
    assert found.residual == pytest.approx(own, rel=1e-3, abs=1e-12)
    plain = objective(problem, params)
    gradient = plain.value_and_gradient()[1]
    assert found.gradient_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-14)
    assert found.overlap == pytest.approx(gradient @ found.eigenvector / found.gradient_norm)
    v = found.eigenvector
    assert found.pointwise_curvature == pytest.approx(v @ plain.hessian().as_matrix() @ v)
    start, unravel = jax.flatten_util.ravel_pytree(plain.moving)
    for i, j in ((0, 0), (4, 4), (2, 7)):
        place = np.array([found.x[j], found.y[i]]) @ found.directions
        here = problem.objective(sf.core.tree.combine(unravel(start + place), plain.fixed))
        assert found.values[i, j] == pytest.approx(float(here), rel=1e-12)
    assert found.values[4, 4] == pytest.approx(found.objective, rel=1e-14)
    assert found.x[4] == found.y[4] == 0.0


def test_decreases_are_those_of_the_points_that_were_tried(drawn):
    _, _, found, _ = drawn
    fall = found.objective - found.values
    assert found.decrease_gradient >= fall[4, :5].max() > 0
    assert found.decrease_curvature >= fall[:, 4].max() >= 0
    assert found.decrease_plane == max(
        found.decrease_gradient, found.decrease_curvature, fall.max()
    )
    assert found.share == found.decrease_gradient / found.decrease_plane
    # The lowest point of the first axis lies half way.
    assert fall[4].argmax() in (1, 2, 3)
    first, second = found.checks("here: ")
    assert first.name.startswith("here: ")
    assert (first.value, first.bound, first.sense) == (found.decrease_gradient, 0.0, Sense.GREATER)
    assert (second.value, second.bound, second.sense) == (found.share, 0.5, Sense.AT_LEAST)
    assert {first.evidence, second.evidence} == {Evidence.SAMPLED}
    weak = dataclasses.replace(found, decrease_gradient=0.0, decrease_plane=1.0)
    assert [check.holds for check in weak.checks()] == [False, False]
    assert math.isnan(dataclasses.replace(weak, decrease_plane=0.0).share)


def test_progress_counts_to_the_end(drawn):
    heard = drawn[3]
    done = [count for count, _ in heard]
    assert done == sorted(done)
    assert len({total for _, total in heard}) == 1
    assert heard[-1][0] == heard[-1][1]


def test_a_saddle_that_is_known():
    r"""$F = \frac12(w_1w_2 - y)^2$ of a linear network: Hessian and decrease by hand."""
    network = sf.Serial(
        sf.Dense(1, parameterisation="unscaled"), sf.Dense(1, parameterisation="unscaled")
    )
    problem = sf.Problem(network, np.ones((1, 1)), np.array([1.0]))
    a, b = 0.2, 0.1
    params = ({"w": jnp.array([[a]])}, {"w": jnp.array([[b]])})
    hessian = np.array([[b * b, 2 * a * b - 1.0], [2 * a * b - 1.0, a * a]])
    found = sf.landscape(problem, params, points=101)
    assert found.eigenvalue.value == pytest.approx(np.linalg.eigvalsh(hessian)[0], rel=1e-12)
    assert found.scales == ()
    # The negative curvature is along (1, 1), and so is nearly all of the slope.
    assert abs(found.overlap) > 0.9
    g = (a * b - 1.0) * np.array([b, a]) / found.gradient_norm
    np.testing.assert_allclose(found.directions[0], g, rtol=1e-13)
    # Along (b, a)/|.| the target is reached.
    assert found.decrease_gradient == pytest.approx(0.5 * (a * b - 1.0) ** 2, rel=1e-3)


def test_a_given_radius_is_kept():
    problem, params = two_weights(0.3, -0.5, target=1.0)
    found = sf.landscape(problem, params, points=5, radius=2.0)
    np.testing.assert_allclose(found.x, [-2, -1, 0, 1, 2])
    np.testing.assert_allclose(found.y, [-2, -1, 0, 1, 2])


def test_a_caller_in_single_precision_gets_double():
    problem, params = two_weights(0.3, -0.5, target=1.0)
    with jax.enable_x64(False):
        found = sf.landscape(problem, params, points=3)
    assert found.values.dtype == np.float64


def problem_of(network, y=1.0):
    return sf.Problem(network, np.ones((2, 1)), np.full(2, y))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"smoothing": -0.1}, "`landscape(smoothing=...)` must be finite and at least 0. Got -0.1"),
        ({"smoothing": math.inf}, "must be finite and at least 0. Got inf"),
        ({"points": 10}, "must be an odd number of at least 3. Got 10"),
        ({"points": 1}, "Write points=3."),
        ({"radius": 0.0}, "`landscape(radius=...)` must be finite and above 0. Got 0.0"),
        ({"products": 0}, "`landscape(products=...)` must be at least 1. Got 0"),
        ({"tolerance": 1.0}, "`landscape(tolerance=...)` must be between 0 and 1. Got 1.0"),
    ],
)
def test_numbers_out_of_range(fields, words):
    problem, params = two_weights(0.3, -0.5, target=1.0)
    with pytest.raises(InvalidInputError) as caught:
        sf.landscape(problem, params, **fields)
    assert words in str(caught.value)


def test_one_parameter_spans_no_plane():
    problem = problem_of(sf.Serial(sf.Dense(1)))
    with pytest.raises(InvalidInputError, match=r"at least two trained parameters\. Got 1"):
        sf.landscape(problem, problem.init(0))


def test_kinks_inside_an_equilibrium_are_not_smoothed():
    problem = problem_of(sf.models.implicit_relu(4, 0.1))
    with pytest.raises(InvalidInputError, match=r"Relu\(\) inside an equilibrium"):
        sf.landscape(problem, problem.init(0))


@pytest.mark.slow
def test_an_implicit_network_without_smoothing():
    problem = problem_of(sf.models.implicit_relu(4, 0.1))
    found = sf.landscape(problem, problem.init(0), smoothing=0.0, points=3)
    assert found.decrease_gradient > 0


def test_a_minimum_has_no_gradient():
    problem, params = two_weights(0.5, 0.5, target=1.0)
    with pytest.raises(NumericalError, match="gradient other than zero"):
        sf.landscape(problem, params)


def test_gradient_and_curvature_in_one_direction_span_no_plane():
    # F = (w1 w2 - 1)^2 / 2 at w1 = w2: slope and negative curvature are both along (1, 1).
    network = sf.Serial(
        sf.Dense(1, parameterisation="unscaled"), sf.Dense(1, parameterisation="unscaled")
    )
    params = ({"w": jnp.array([[0.1]])}, {"w": jnp.array([[0.1]])})
    with pytest.raises(NumericalError, match="span a plane"):
        sf.landscape(problem_of(network), params)
