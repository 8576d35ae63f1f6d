import jax.numpy as jnp
import numpy as np
import pytest

from surefit.losses import LOSSES
from surefit.testing import check_loss

# Other test modules define entries of their own.
OWN = [name for name, cls in LOSSES.entries().items() if cls.__module__.startswith("surefit.")]


@pytest.mark.parametrize("name", OWN)
def test_every_loss_conforms(name):
    check_loss(LOSSES[name]())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("half_squared", 7.0),
        ("sum_squared", 14.0),
        ("half_mean_squared", 7.0 / 3),
        ("mean_squared", 14.0 / 3),
    ],
)
def test_scalings_of_the_literature(name, value):
    outputs, y = jnp.asarray([[1.0], [0.0], [3.0]]), jnp.asarray([[0.0], [2.0], [0.0]])
    np.testing.assert_allclose(LOSSES[name]()(outputs, y), value, rtol=1e-15)
