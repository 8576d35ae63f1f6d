"""The suites name what is wrong with layers and losses that are wrong on purpose."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest

from surefit.layers import Dense, Serial
from surefit.losses import HalfSquared, Loss
from surefit.testing import check_layer, check_loss

# Checks of the checks: minutes of compilation, needed when a suite changes.
pytestmark = pytest.mark.slow


def wrong(base, **changes):
    # The leading underscore keeps it out of the catalogue.
    return dataclasses.dataclass(frozen=True)(type("_Wrong", (base,), changes))


LAYERS = {
    "output shape": (
        {"output_shape": lambda self, shape: (self.features + 1,)},
        "`apply` gives what `output_shape` says",
    ),
    "mask": ({"trainable": lambda self, params: True}, "`trainable` has the structure"),
    "batch": (
        {"apply": lambda self, params, x: Dense.apply(self, params, x - jnp.mean(x))},
        "examples of a batch do not see each other",
    ),
    "precision": (
        {"init": lambda self, key, shape: jax.tree.map(
            lambda leaf: leaf.astype(jnp.float32), Dense.init(self, key, shape))},
        "floating arrays in the default precision",
    ),
    "gradient": (
        {"apply": lambda self, params, x: Dense.apply(self, params, jax.lax.stop_gradient(x))},
        "gradients agree with finite differences",
    ),
    "not finite": (
        {"apply": lambda self, params, x: Dense.apply(self, params, x) / 0.0},
        "outputs are finite",
    ),
    "nngp": (
        {"kernel": lambda self, k: dataclasses.replace(
            Dense.kernel(self, k), nngp=1.3 * Dense.kernel(self, k).nngp,
            variance1=1.3 * Dense.kernel(self, k).variance1)},
        "the limit nngp is the mean over random parameters",
    ),
    "ntk": (
        {"kernel": lambda self, k: dataclasses.replace(
            Dense.kernel(self, k), ntk=1.3 * Dense.kernel(self, k).ntk)},
        "the limit ntk is the mean over random parameters",
    ),
    "variance": (
        {"kernel": lambda self, k: dataclasses.replace(
            Dense.kernel(self, k), variance1=1.3 * Dense.kernel(self, k).variance1)},
        "the variances of a limit kernel are its diagonal",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_the_property_of_a_layer_that_fails_is_named(name):
    changes, message = LAYERS[name]
    with pytest.raises(AssertionError, match=message):
        check_layer(wrong(Dense, **changes)(4), (3,))


def test_too_few_draws_prove_nothing():
    with pytest.raises(AssertionError, match=r"the draws can tell the nngp.*Ask for more seeds"):
        check_layer(Serial(Dense(2)), (3,), seeds=8)


LOSSES = {
    "gradient": (
        {"output_gradient": lambda self, f, y: 2 * (f - y)},
        "`output_gradient` agrees with differentiation",
    ),
    "smoothness too small": (
        {"smoothness": lambda self, samples: 0.9}, "`smoothness` is valid"
    ),
    "smoothness too large": (
        {"smoothness": lambda self, samples: 1.1}, "`smoothness` is attained"
    ),
    "PL too large": (
        {"polyak_lojasiewicz": lambda self, samples: 1.1}, "`polyak_lojasiewicz` is valid"
    ),
    "PL too small": (
        {"polyak_lojasiewicz": lambda self, samples: 0.9}, "`polyak_lojasiewicz` is attained"
    ),
    "minimum": ({"minimum": -1.0}, "`minimum` is attained at the targets"),
    "minimum too large": ({"minimum": 1e9}, "the loss is at least `minimum`"),
    "scale": (
        {"__call__": lambda self, f, y: jnp.sum((f - y) ** 2),
         "output_gradient": lambda self, f, y: 2 * (f - y),
         "smoothness": lambda self, samples: 2.0,
         "polyak_lojasiewicz": lambda self, samples: 2.0},
        "`residual_scale` times the squared residual norm",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_the_property_of_a_loss_that_fails_is_named(name):
    changes, message = LOSSES[name]
    with pytest.raises(AssertionError, match=message):
        check_loss(wrong(HalfSquared, **changes)())


def test_losses_that_are_no_square_need_only_valid_constants():
    @dataclasses.dataclass(frozen=True)
    class _LogCosh(Loss):
        def __call__(self, outputs, y):
            return jnp.sum(jnp.logaddexp(outputs - y, y - outputs) - jnp.log(2.0))

        def smoothness(self, samples):
            return 1.0

    check_loss(_LogCosh())
    check_loss(_LogCosh(), [[1.0], [-1.0]])
