import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.errors import InvalidInputError
from surefit.testing import check_layer
from surefit.testing.limit import claim_limit

KEY = jax.random.key(8)
X = jax.random.normal(jax.random.key(9), (4, 3))


def test_rows_have_the_length_of_their_gain():
    layer = sf.WeightNormDense(5, 1.7, 0.4)
    params = layer.init(KEY, (3,))
    params = {**params, "g": jnp.arange(1.0, 6.0)}
    rows = layer.apply(params, jnp.eye(3)) - layer.apply(params, jnp.zeros((3, 3)))
    np.testing.assert_allclose(np.linalg.norm(rows, axis=0), 1.7 * np.arange(1.0, 6.0), rtol=1e-13)
    longer = {**params, "v": 3.0 * params["v"]}
    np.testing.assert_allclose(layer.apply(longer, X), layer.apply(params, X), rtol=1e-13)


def test_what_is_trained():
    params = sf.WeightNormDense(5, bias_std=0.0).init(KEY, (3,))
    for options, due in (
        ({}, {"v": True, "g": True, "b": True}),
        ({"gains_trained": False}, {"v": True, "g": False, "b": True}),
        ({"trained": False}, {"v": False, "g": False, "b": False}),
    ):
        layer = sf.WeightNormDense(5, bias_std=0.0, **options)
        assert layer.trainable(params) == due


def test_with_gains_trained_it_conforms_without_a_limit():
    check_layer(sf.WeightNormDense(3, 1.2, 0.3), (3,), limit=False)


def test_a_fixed_first_layer_has_its_limit():
    network = sf.Serial(sf.WeightNormDense(48, 1.2, 0.3, trained=False), sf.Relu(), sf.Dense(1))
    # Three weights per row are no Gaussian features yet: 24 of them are, up to a few percent.
    x = jax.random.normal(KEY, (4, 24))
    claim_limit(network, x, seeds=512, finite_width=0.05)


REFUSED = {
    "no features": (lambda: sf.WeightNormDense(0), r"features=...\)` must be at least 1. Got 0"),
    "negative": (lambda: sf.WeightNormDense(1, -1.0), r"must be positive.*Got -1.0 and None"),
    "images": (lambda: sf.WeightNormDense(1).output_shape((2, 2)), "flatten images first"),
    "gains": (
        lambda: sf.limit_kernel(sf.WeightNormDense(2), X),
        "lengths must not be trained.*gains_trained=False",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_misuse_is_refused_with_the_reason(name):
    call, message = REFUSED[name]
    with pytest.raises(InvalidInputError, match=message):
        call()
