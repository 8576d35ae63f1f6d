import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.errors import InvalidInputError
from surefit.training import StochasticGradientDescent

# A hundred steps in float32 leave a relative error of some hundred roundings of 6e-8.
ROUNDING = 1e-4


@pytest.mark.parametrize("method", [None, StochasticGradientDescent(batch_size=3)])
def test_steps_in_float32_follow_those_in_float64(small, method):
    params = small.init(0)
    monitors = ["path_length", "gram_smallest", "distance", "kernel_drift", "flips"]
    double, expected = sf.train(small, params, method, steps=100, monitors=monitors)
    single, found = sf.train(
        small, params, method, steps=100, monitors=monitors, precision="float32"
    )
    for name in ("loss", *monitors):
        assert found[name].values.dtype == np.float64
        # The drift is that of a matrix, whose own rounding is 1e-7 of it.
        assert found[name].last == pytest.approx(expected[name].last, rel=ROUNDING, abs=1e-6)
    leaves = zip(jax.tree.leaves(single), jax.tree.leaves(double), strict=True)
    for a, b in leaves:
        assert a.dtype == jnp.float64
        assert np.array_equal(a, np.asarray(a).astype(np.float32))
        assert np.max(np.abs(a - b)) < ROUNDING


def test_measurements_are_in_float64_at_the_parameters_of_the_run(small):
    params, trajectory = sf.train(
        small, small.init(1), steps=20, monitors=["gram_smallest"], precision="float32"
    )
    smallest = np.linalg.eigvalsh(np.asarray(small.gram(params)))[0]
    assert trajectory["gram_smallest"].last == pytest.approx(smallest, rel=1e-10)


def test_an_interrupted_run_in_float32_goes_on(small, tmp_path):
    params = small.init(0)
    whole, _ = sf.train(small, params, steps=60, monitors=[], precision="float32")
    sf.train(small, params, steps=30, monitors=[], precision="float32", checkpoint=tmp_path)
    parts, _ = sf.train(
        small, params, steps=60, monitors=[], precision="float32", checkpoint=tmp_path
    )
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(parts), strict=True):
        assert np.array_equal(a, b)
    with pytest.raises(InvalidInputError, match=r"differs in: precision"):
        sf.train(small, params, steps=60, monitors=[], checkpoint=tmp_path)


def test_precisions_that_do_not_exist_or_do_not_suit(small):
    params = small.init(0)
    with pytest.raises(InvalidInputError, match=r"must be 'float64' or 'float32'. Got 'half'"):
        sf.train(small, params, steps=1, precision="half")
    with pytest.raises(
        InvalidInputError, match=r"must be 'float64' for the method 'gradient_flow'"
    ):
        sf.train(small, params, "gradient_flow", steps=1, precision="float32")
