import subprocess
import sys

import numpy as np
import pytest

import surefit as sf
from surefit.errors import InvalidInputError

NETWORK = sf.Serial(sf.Dense(8), sf.Tanh(), sf.Dense(1))


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.ones(3), np.ones(3), "at least one example per row"),
        (np.ones((0, 3)), np.ones(0), "at least one example per row"),
        (np.ones((3, 2)), np.ones(2), "one row per example"),
        (np.array([[1.0, np.nan], [1.0, 2.0]]), np.ones(2), r"rows \[0\]"),
        (np.ones((3, 2)), np.array([1.0, np.inf, 0.0]), r"rows \[1\]"),
        (np.ones((3, 2)), np.ones((3, 2)), "agree on the number of outputs"),
    ],
)
def test_bad_data_is_refused(x, y, message):
    with pytest.raises(InvalidInputError, match=message):
        sf.Problem(NETWORK, x, y)


def test_residual_and_objective():
    problem = sf.Problem(sf.models.shallow(8), np.eye(3), np.array([1.0, -2.0, 3.0]))
    params = problem.init(0)
    np.testing.assert_allclose(problem.residual(params), [-1.0, 2.0, -3.0], atol=1e-15)
    np.testing.assert_allclose(problem.objective(params), 7.0, rtol=1e-14)


FLOAT32_CALLER = """
import warnings; warnings.simplefilter("error")
import jax, jax.numpy as jnp, numpy as np
import surefit as sf
assert not jax.config.jax_enable_x64
p = sf.Problem(sf.models.shallow(8), np.eye(3), np.ones(3))
params = p.init(0)
assert params[0]["w"].dtype == np.float64
g = p.gram(params)
assert g.dtype == np.float64 and p.residual(params).dtype == np.float64
assert p.limit().ntk.dtype == np.float64
assert np.linalg.eigvalsh(g)[0] > 0
assert jnp.ones(2).dtype == jnp.float32 and not jax.config.jax_enable_x64
"""


def test_a_float32_caller_gets_float64_and_keeps_its_setting():
    subprocess.run([sys.executable, "-c", FLOAT32_CALLER], check=True)
