import subprocess
import sys

import pytest

from surefit import activations
from surefit.activations import ACTIVATIONS, LeakyRelu, Softplus, Tanh, parse_activation
from surefit.errors import InvalidInputError, UnknownNameError

SHIPPED = {
    "erf", "gelu", "identity", "leaky_relu", "quadratic", "relu", "sigmoid", "sin", "softplus",
    "tanh",
}  # fmt: skip


def test_catalogue_and_package_offer_the_same_classes():
    assert set(ACTIVATIONS.names()) >= SHIPPED
    for name in SHIPPED:
        assert getattr(activations, ACTIVATIONS[name].__name__) is ACTIVATIONS[name]
        assert ACTIVATIONS[name].__name__ in activations.__all__


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tanh", Tanh()),
        ("leaky_relu", LeakyRelu()),
        ("leaky_relu:slope=0.1", LeakyRelu(0.1)),
        (" leaky_relu : slope = -2 ", LeakyRelu(-2.0)),
        ("softplus:shifted=true", Softplus(shifted=True)),
        ("softplus:shifted=False", Softplus()),
    ],
)
def test_activations_from_text(text, expected):
    found = parse_activation(text)
    assert found == expected
    assert repr(found) == repr(expected)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("tahn", UnknownNameError, "activation must be a known name.*Did you mean 'tanh'"),
        ("", UnknownNameError, "activation must be a known name"),
        ("leaky_relu:slop=0.1", UnknownNameError,
         "parameter of leaky_relu must be a known name.*Did you mean 'slope'"),
        ("leaky_relu:0.1", InvalidInputError,
         "as `parameter=value`. Got '0.1'. Write for example 'leaky_relu:slope=0.01'"),
        ("leaky_relu:slope=steep", InvalidInputError, "must give a number for slope. Got 'steep'"),
        ("leaky_relu:slope=true", InvalidInputError, "must give a number for slope"),
        ("leaky_relu:slope=", InvalidInputError, "must give a number for slope. Got ''"),
        ("softplus:shifted=1", InvalidInputError, "must give true or false for shifted. Got '1'"),
        ("tanh:slope=1", InvalidInputError, "not give parameters. Tanh has none. Write 'tanh'"),
        ("leaky_relu:slope=1e999", InvalidInputError, "must be finite"),
    ],
)  # fmt: skip
def test_texts_that_name_nothing_are_explained(text, error, message):
    with pytest.raises(error, match=message):
        parse_activation(text)


def test_a_name_that_no_file_defines():
    with pytest.raises(AttributeError, match="no attribute 'Swish'"):
        _ = activations.Swish


NEW_FILE = '''
"""A cube."""
import dataclasses
from surefit.activations.activation import Activation


@dataclasses.dataclass(frozen=True)
class Cube(Activation):
    """z^3."""

    def __call__(self, z):
        return z**3
'''
USER = """
import sys
import surefit.activations
surefit.activations.__path__.append(sys.argv[1])
from surefit.activations import ACTIVATIONS, Cube, parse_activation
assert ACTIVATIONS["cube"] is Cube and parse_activation("cube") == Cube()
import jax, jax.numpy as jnp
jax.config.update("jax_enable_x64", True)
one = jnp.ones(1)
# E u^3 v^3 = 9 c + 6 c^3 for unit variances, without any further code.
assert abs(Cube().dual(0.5 * one, one, one)[0] - (9 * 0.5 + 6 * 0.125)) < 1e-12
from surefit.testing import check_activation
check_activation(Cube())
"""


def test_a_new_file_appears_by_itself_with_all_defaults(tmp_path):
    (tmp_path / "cube.py").write_text(NEW_FILE)
    subprocess.run([sys.executable, "-c", USER, str(tmp_path)], check=True, timeout=300)


FLOAT32 = """
import warnings; warnings.simplefilter("error")
import jax, jax.numpy as jnp, numpy as np
from surefit.activations import Gelu, Softplus, Tanh, dual_error, hermite_coefficients
from surefit.core.precision import float64
assert not jax.config.jax_enable_x64

found = hermite_coefficients(Gelu(), terms=4)
assert found.normalised.dtype == np.float64
assert abs(found.normalised[0] - 1 / (2 * np.sqrt(np.pi))) < 1e-15

# A caller in float64 gets all digits, and NumPy arrays that keep them.
@float64
def exact(c):
    return Softplus().dual(jnp.asarray(c), jnp.ones(2), jnp.ones(2))

c = np.array([0.5, 1.0])
value, bound = exact(c), dual_error(Softplus(), c, np.ones(2), np.ones(2))
assert value.dtype == bound.dtype == np.float64 and (bound < 1e-13).all()

# Without one, float32 in and float32 out, as accurate as that is.
one = jnp.ones(2)
for function in (Tanh(), Softplus(), Gelu()):
    coarse = function.dual(jnp.asarray(c, jnp.float32), one, one)
    fine = float64(lambda f=function: f.dual(jnp.asarray(c), jnp.ones(2), jnp.ones(2)))()
    assert coarse.dtype == np.float32
    assert np.max(np.abs(np.asarray(coarse) - fine)) < 2e-6, (function, coarse, fine)
traced = jax.jit(lambda c: Softplus().dual(c, one, one))(jnp.asarray(c, jnp.float32))
assert np.max(np.abs(np.asarray(traced) - value)) < 1e-5
"""


def test_float32_mode():
    subprocess.run([sys.executable, "-c", FLOAT32], check=True, timeout=300)
