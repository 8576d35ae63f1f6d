"""What is refused, and what is said about samples that did not converge."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from surefit.activations import Erf, Gelu, LeakyRelu, Quadratic, Relu, Sigmoid, Sin, Softplus, Tanh
from surefit.errors import InvalidInputError, NumericalError
from surefit.implicit import Anderson, ForwardBackward, Newton, PeacemanRachford, Picard, solve
from surefit.implicit.monotone import is_proximal
from surefit.layers import Equilibrium, Serial

REFUSED = {
    "tolerance of 0": (lambda: Picard(0.0), r"`Picard\(tolerance=...\)` must lie.*Got 0.0"),
    "tolerance of 1": (lambda: Newton(1.0), r"`Newton\(tolerance=...\)`.*Use None"),
    "no steps": (lambda: Anderson(max_steps=0), r"`Anderson\(max_steps=...\)` must be at least 1"),
    "no depth": (lambda: Anderson(depth=0), r"`Anderson\(depth=...\)` must be at least 1. Got 0"),
    "ridge": (lambda: Anderson(ridge=-1.0), r"`Anderson\(ridge=...\)` must lie.*Got -1.0"),
    "step size": (
        lambda: PeacemanRachford(step_size=0.0),
        r"`PeacemanRachford\(step_size=...\)` must be positive.*Got 0.0",
    ),
    "tolerance below float64": (
        lambda: solve(Relu(), Picard(1e-17), jnp.eye(2) / 2, jnp.ones((1, 2))),
        r"must be at least 8.9e-16 in float64. Got 1e-17. Rounding alone",
    ),
    "tolerance below float32": (
        lambda: solve(
            Relu(), Anderson(1e-9), jnp.eye(2, dtype="float32") / 2, jnp.ones((1, 2), "float32")
        ),
        r"`Anderson\(tolerance=...\)` must be at least 4.8e-07 in float32. Got 1e-09.*Use float64",
    ),
    "activation that decreases": (
        lambda: solve(Gelu(), PeacemanRachford(), jnp.eye(2) / 2, jnp.ones((1, 2))),
        r"`PeacemanRachford.solve\(activation=...\)` must be given an activation that nowhere "
        r"decreases.*Got Gelu\(\).*Relu\(\)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_misuse_is_refused_with_the_reason(name):
    call, message = REFUSED[name]
    with pytest.raises(InvalidInputError, match=message):
        call()


def test_proximal_activations_are_told_from_others():
    proximal = [Relu(), Tanh(), Softplus(), Sigmoid(), LeakyRelu(0.3), LeakyRelu(0.0)]
    others = [Erf(), Gelu(), Sin(), Quadratic(), LeakyRelu(-0.1), LeakyRelu(2.0)]
    assert all(map(is_proximal, proximal))
    assert not any(map(is_proximal, others))


# Row 0 has an equilibrium, row 1 grows without bound, row 2 is no number: h -> 2h + x in the first
# coordinate.
WEIGHTS = jnp.diag(jnp.asarray([2.0, 0.5]))
BATCH = jnp.asarray([[-1.0, 1.0], [1.0, 1.0], [jnp.nan, 1.0]])


def test_the_message_tells_apart_why_samples_did_not_converge():
    solution = solve(Relu(), Picard(), WEIGHTS, BATCH)
    assert solution.converged.tolist() == [True, False, False]
    np.testing.assert_allclose(solution.state[0], [0.0, 2.0], rtol=1e-13)
    message = solution.message(1e-14)
    assert "2 of 3 samples did not converge: rows [1, 2]." in message
    assert "Of rows [2] the first step is not finite already" in message
    assert "The state of rows [1] grew beyond all bounds" in message
    assert "largest relative residual" not in message
    assert "`weight_std` (gamma)" in message and "`Newton()`" in message
    assert np.isnan(np.asarray(solution.poisoned())[1:]).all()


def test_the_message_gives_the_largest_residual_and_the_steps():
    solution = solve(Relu(), Picard(max_steps=3), WEIGHTS, BATCH[:2])
    message = solution.message(7e-15)
    assert "2 of 2 samples" in message
    worst = float(np.max(solution.residual))
    assert f"The largest relative residual is {worst:.3g} (row 1) after 3 steps" in message
    assert "the tolerance is 7e-15" in message
    assert solve(Relu(), Picard(), WEIGHTS, BATCH[:1]).message(1e-14) == ""


def test_a_long_list_of_samples_is_cut():
    solution = solve(Relu(), Picard(max_steps=3), WEIGHTS, jnp.ones((13, 2)))
    assert "rows [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] and 3 more." in solution.message(1e-14)


@pytest.mark.parametrize("solver", [Picard(), Newton(), Anderson(), PeacemanRachford(),
                                    ForwardBackward()], ids=lambda s: type(s).__name__)  # fmt: skip
def test_weights_that_are_no_numbers_get_a_sentence(solver):
    layer = Equilibrium(2, weight_std=0.25, solver=solver)
    params = {"w": jnp.full((2, 2), jnp.nan)}
    with pytest.raises(NumericalError, match=r"inputs or the weights contain NaN or infinite"):
        layer.apply(params, jnp.ones((2, 2)))


def test_a_layer_raises_where_it_can_and_is_nan_where_it_cannot():
    layer = Equilibrium(2, weight_std=0.25)
    params = {"w": WEIGHTS * np.sqrt(2) / 0.25}
    with pytest.raises(NumericalError, match=r"1 of 2 samples did not converge: rows \[1\]"):
        layer.apply(params, BATCH[:2])
    inside = jax.jit(layer.apply)(params, BATCH[:2])
    assert np.isfinite(inside[0]).all() and np.isnan(inside[1]).all()
    assert Serial(layer).apply((params,), BATCH[:1]).shape == (1, 2)
    # Without `throw` the last iterate is what there is.
    rough = Equilibrium(2, weight_std=0.25, solver=Picard(max_steps=5), throw=False)
    np.testing.assert_allclose(rough.apply(params, BATCH[1:2])[0, 0], 15.0)
