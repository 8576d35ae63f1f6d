import jax
import pytest

from surefit.activations import ACTIVATIONS, Identity, Relu, Tanh
from surefit.layers import (
    LAYERS,
    Antisymmetric,
    Attention,
    AveragePool,
    Bias,
    Centred,
    Concat,
    Conv,
    Dense,
    Dropout,
    Equilibrium,
    Flatten,
    GlobalAveragePool,
    LayerNorm,
    Linearised,
    MonotoneEquilibrium,
    Product,
    Residual,
    Serial,
    Sum,
    WeightNormDense,
)
from surefit.testing import check_layer
from surefit.testing.limit import claim_limit

TWO_LAYER = Serial(Dense(32), Tanh(), Dense(2))
# Name of a catalogue entry -> its smallest network with a limit that one hidden layer reaches.
EXAMPLES = {
    "antisymmetric": Antisymmetric(TWO_LAYER),
    "attention": Attention(8, 8, 8),
    "average_pool": Serial(Conv(8, 2, padding="circular"), AveragePool(2, 1)),
    "bias": Serial(Dense(3), Bias(0.5)),
    "centred": Centred(TWO_LAYER),
    "concat": Serial(Concat(Dense(5), Serial(Dense(16), Relu())), Dense(2)),
    "conv": Conv(3, 2, 1, "same", 1.3, 0.4),
    "dense": Dense(3, 1.3, 0.4),
    "dropout": Serial(Dense(32), Tanh(), Dropout(0.3), Dense(2)),
    "equilibrium": Serial(Dense(32), Equilibrium(32, Relu(), 0.2), Dense(1)),
    "flatten": Serial(Conv(16, 2), Relu(), Flatten(), Dense(1)),
    "global_average_pool": Serial(Conv(16, 2), Relu(), GlobalAveragePool(), Dense(1)),
    "layer_norm": Serial(Dense(64, 1.3, 0.4), LayerNorm(0.1), Dense(1)),
    "linearised": Linearised(TWO_LAYER),
    "monotone_equilibrium": MonotoneEquilibrium(3),
    "product": Serial(Product(Dense(16), Serial(Dense(16), Tanh())), Dense(2)),
    "residual": Residual(Serial(Dense(16), Relu(), Dense(3)), 0.7),
    "serial": TWO_LAYER,
    "sum": Sum(TWO_LAYER, Dense(2, 0.7)),
    "weight_norm_dense": Serial(
        Dense(64), Relu(), WeightNormDense(2, 1.3, 0.4, gains_trained=False)
    ),
}
# Infinitely many layers are as wide as their limit only up to a few times 1/width.
# So are means over 64 features, and rows of 64 weights.
SETTINGS = {
    "attention": {"seeds": 512},
    "equilibrium": {"finite_width": 0.1},
    "layer_norm": {"finite_width": 0.05},
    "monotone_equilibrium": {"limit": False},
    "weight_norm_dense": {"finite_width": 0.03},
}
IMAGE = (3, 2, 2)
SHAPES = {
    **dict.fromkeys(("average_pool", "conv", "flatten", "global_average_pool"), IMAGE),
    "attention": (3, 2),
}
NETWORKS = {
    **{
        f"output {name}": Serial(
            Dense(24, 1.2, 0.4, "unscaled"), Relu(), Dense(2, 0.8, 0.5, parameterisation=name)
        )
        for name in ("ntk", "standard", "mean_field", "unscaled")
    },
    "first layer standard": Serial(Dense(24, 1.4, 0.3, "standard"), Tanh(), Dense(1)),
    "first layer mean field": Serial(Dense(24, 4.0, 0.3, "mean_field"), Tanh(), Dense(1)),
    "signs": Serial(Dense(32), Relu(), Dense(1, 1.5, distribution="rademacher")),
    "output not trained": Serial(Dense(32), Relu(), Dense(1, trained=False)),
    "first layer not trained": Serial(Dense(32, trained=False, bias_std=1.0), Relu(), Dense(1)),
    "nested": Serial(Serial(Dense(32), Tanh()), Serial(Dense(1))),
    "residual in a network": Serial(
        Dense(3, 0.8), Residual(Serial(Dense(3, bias_std=0.5)), 0.6), Dense(2)
    ),
    "residual after residual": Serial(
        Residual(Dense(3, 0.5)), Residual(Serial(Residual(Dense(3)), Dense(3)))
    ),
    "centred behind a layer": Serial(Dense(3), Centred(Dense(2))),
    "sum of two networks": Sum(Serial(Dense(24), Relu(), Dense(2)), Serial(Dense(2, 1.0, 0.5))),
    "sum behind an activation": Serial(
        Dense(32), Relu(), Sum(Dense(1), Dense(1, 0.5, distribution="rademacher"))
    ),
    "antisymmetric, biases": Antisymmetric(Serial(Dense(16, 1.0, 0.5), Tanh(), Dense(1, 1.0, 0.5))),
    "antisymmetric behind a layer": Antisymmetric(
        Serial(Dense(3), Dense(32), Identity(), Dense(1))
    ),
}


# Other test modules define layers of their own, which are entries too.
OWN = [name for name, cls in LAYERS.entries().items() if cls.__module__.startswith("surefit.")]


@pytest.mark.parametrize("name", OWN)
def test_every_layer_conforms(name):
    if name in ACTIVATIONS:
        layer = ACTIVATIONS[name]()
        check_layer(layer, (3,), limit=False)
    else:
        check_layer(EXAMPLES[name], SHAPES.get(name, (3,)), **SETTINGS.get(name, {}))


@pytest.mark.parametrize("name", NETWORKS)
def test_limit_kernel_is_the_mean_over_draws(name):
    # Linear layers of three features stand for wide ones: their limit is exact in the mean.
    claim_limit(NETWORKS[name], jax.random.normal(jax.random.key(3), (4, 3)), seeds=1024)
