"""What layers on images compute, and what they refuse."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.core.memory import format_bytes
from surefit.errors import InvalidInputError, MemoryLimitError, UnknownNameError
from surefit.tangent.limit import input_kernel

KEY = jax.random.key(3)
X = jax.random.normal(jax.random.key(4), (2, 5, 4, 3))


@pytest.mark.parametrize(("padding", "name"), [("same", "SAME"), ("valid", "VALID")])
@pytest.mark.parametrize("strides", [1, (2, 3)])
def test_convolutions_are_those_of_the_field(padding, name, strides):
    layer = sf.Conv(6, (3, 2), strides, padding, 1.3, 0.5)
    params = layer.init(KEY, X.shape[1:])
    scale, _, bias_scale, _ = layer.scales(18)
    kernel = params["w"].reshape(6, 3, 2, 3)
    steps = (strides,) * 2 if isinstance(strides, int) else strides
    due = scale * jax.lax.conv_general_dilated(
        X, kernel, steps, name, dimension_numbers=("NHWC", "OHWI", "NHWC")
    ) + bias_scale * params["b"].reshape(1, 1, 1, 6)
    found = layer.apply(params, X)
    assert found.shape[1:] == layer.output_shape(X.shape[1:])
    np.testing.assert_allclose(found, due, rtol=1e-12, atol=1e-12)


def test_circular_convolutions_move_with_their_input():
    layer = sf.Conv(4, 3, padding="circular")
    params = layer.init(KEY, X.shape[1:])
    moved = layer.apply(params, jnp.roll(X, (1, 2), (1, 2)))
    np.testing.assert_allclose(moved, jnp.roll(layer.apply(params, X), (1, 2), (1, 2)), rtol=1e-13)


def test_without_sharing_every_position_has_weights_of_its_own():
    shared = sf.Conv(2, 2, bias_std=0.5)
    own = sf.Conv(2, 2, bias_std=0.5, shared=False)
    params = shared.init(KEY, (3, 3))
    copies = {
        "w": jnp.broadcast_to(params["w"][None], (3, 2, 6)),
        "b": jnp.broadcast_to(params["b"][None], (3, 2)),
    }
    x = jax.random.normal(KEY, (4, 3, 3))
    np.testing.assert_allclose(own.apply(copies, x), shared.apply(params, x), rtol=1e-13)
    independent = own.init(KEY, (3, 3))
    assert {name: leaf.shape for name, leaf in independent.items()} == {
        "w": (3, 2, 6), "b": (3, 2)
    }  # fmt: skip
    assert len(np.unique(independent["w"])) == 36


def test_entries_have_the_standard_deviations_of_the_table():
    # 64 features, 3 x 3 window, 16 channels.
    layer = sf.Conv(64, 3, weight_std=1.5, bias_std=0.5, parameterisation="standard")
    params = layer.init(KEY, (4, 4, 16))
    assert params["w"].shape == (64, 144)
    assert abs(np.std(params["w"]) - 1.5 / 12) <= 4 * 1.5 / 12 / np.sqrt(2 * 64 * 144)
    signs = sf.Conv(4, 3, parameterisation="unscaled", distribution="rademacher")
    assert set(np.unique(signs.init(KEY, (4, 4, 2))["w"])) == {-1.0, 1.0}


def test_pools_are_means():
    tiles = sf.AveragePool(2).apply((), X[:, :4])
    due = np.asarray(X[:, :4]).reshape(2, 2, 2, 2, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(tiles, due, rtol=1e-13)
    assert sf.AveragePool((3, 2), 1, "same").output_shape((5, 4, 3)) == (5, 4, 3)
    np.testing.assert_allclose(
        sf.GlobalAveragePool().apply((), X), np.asarray(X).mean(axis=(1, 2)), rtol=1e-13
    )
    # Padded zeros count.
    corner = sf.AveragePool(3, 1, "same").apply((), jnp.ones((1, 3, 3, 1)))[0, 0, 0, 0]
    assert corner == pytest.approx(4 / 9)


def test_layer_norm_makes_mean_0_and_variance_1():
    z = np.asarray(sf.LayerNorm(0.0).apply((), 3.0 + 2.0 * X))
    np.testing.assert_allclose(z.mean(axis=-1), 0.0, atol=1e-13)
    np.testing.assert_allclose(z.var(axis=-1), 1.0, rtol=1e-12)


def test_kernels_say_which_covariances_they_hold():
    network = sf.Serial(sf.Conv(4, 2), sf.Relu())
    equal, every = (sf.limit_kernel(network, X, cross_positions=c) for c in (False, True))
    assert (equal.nngp.shape, equal.variance1.shape) == ((2, 2, 5, 4), (2, 5, 4))
    assert every.nngp.shape == (2, 2, 5, 4, 5, 4)
    assert every.behind.kernel.cross and not equal.cross
    np.testing.assert_allclose(equal.ntk, every.same_positions().ntk, rtol=1e-13)


def test_only_pooling_asks_for_all_pairs_of_positions():
    conv, relu = sf.Conv(4, 2), sf.Relu()
    flat = sf.Serial(conv, relu, sf.Flatten())
    pooled = sf.Serial(conv, relu, sf.GlobalAveragePool())
    pools_first = sf.Serial(sf.AveragePool(2), conv, relu, sf.Flatten())
    needs = [
        (flat, False),
        (pooled, True),
        (pools_first, True),
        (conv, False),
        (sf.Sum(flat, pooled), True),
        (sf.Centred(pooled), True),
        (sf.Linearised(flat), False),
        (sf.Serial(sf.Residual(sf.Serial(conv)), sf.Flatten()), False),
        (sf.Serial(sf.Residual(conv), sf.GlobalAveragePool()), True),
    ]
    for network, needed in needs:
        assert network.needs_cross_positions(False) is needed


REFUSED = {
    "no channels": (lambda: sf.Conv(0, 2), r"`Conv\(features=...\)` must be at least 1. Got 0"),
    "negative weights": (lambda: sf.Conv(1, 2, weight_std=-1.0), "must be positive.*Got -1.0"),
    "empty window": (lambda: sf.Conv(1, (2, 0)), r"window=.* at least 1. Got \(2, 0\) and 1"),
    "stride 0": (lambda: sf.AveragePool(2, 0), r"`AveragePool\(window=.* Got 2 and 0"),
    "vectors": (
        lambda: sf.Conv(1, 2).output_shape((3,)),
        r"`Conv` must be given examples with positions.*Got examples of shape \(3,\)",
    ),
    "wrong number of axes": (
        lambda: sf.Conv(1, (2, 2)).output_shape((3, 1)),
        r"one number per axis of positions. Got \(2, 2\) and 1 for examples of shape \(3, 1\)",
    ),
    "window too large": (
        lambda: sf.AveragePool(4).output_shape((3, 5, 1)),
        r"must fit into the example. Got a window of \(4, 4\)",
    ),
    "mean of vectors": (
        lambda: sf.GlobalAveragePool().output_shape((3,)),
        r"`GlobalAveragePool` must be given examples with positions",
    ),
    "one feature": (lambda: sf.LayerNorm().output_shape((3, 1)), "at least 2 features"),
    "negative epsilon": (lambda: sf.LayerNorm(-1.0), r"must not be negative. Got -1.0"),
    "negative bias": (lambda: sf.Bias(-0.5), r"`Bias\(bias_std=...\)` must be finite.*Got -0.5"),
    "dense on images": (
        lambda: sf.limit_kernel(sf.Serial(sf.Conv(2, 2), sf.Relu(), sf.Dense(1)), X),
        "flatten images first",
    ),
    "batches of different shapes": (
        lambda: sf.limit_kernel(sf.Flatten(), X, X[:, :4]),
        r"batches of examples of one shape. Got shapes \(2, 5, 4, 3\) and \(2, 4, 4, 3\)",
    ),
    "norm of features of several positions": (
        lambda: sf.limit_kernel(sf.Serial(sf.Conv(4, 2), sf.Flatten(), sf.LayerNorm()), X),
        "`LayerNorm.kernel`: the features must be Gaussian, or those behind an activation",
    ),
    "activation behind flatten": (
        lambda: sf.limit_kernel(sf.Serial(sf.Conv(4, 2), sf.Flatten(), sf.Relu()), X),
        "`Relu.kernel.*must be given a Gaussian kernel",
    ),
    "branch that pools only": (
        lambda: sf.limit_kernel(
            sf.Serial(sf.Conv(2, 1), sf.Residual(sf.AveragePool(2, 1, "same"))), X
        ),
        "must end in a random linear layer",
    ),
    "branch that normalises only": (
        lambda: sf.limit_kernel(sf.Serial(sf.Conv(2, 1), sf.Residual(sf.LayerNorm())), X),
        "must end in a random linear layer",
    ),
    "pooling without pairs": (
        lambda: sf.GlobalAveragePool().kernel(input_kernel(X)),
        r"covariances of all pairs of positions. Got a kernel of positions \(5, 4\) with "
        "cross=False",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_misuse_is_refused_with_the_reason(name):
    call, message = REFUSED[name]
    with pytest.raises(InvalidInputError, match=message):
        call()


@pytest.mark.parametrize(
    ("field", "value", "nearest"),
    [("padding", "curcular", "circular"), ("parameterisation", "standart", "standard"),
     ("distribution", "gausian", "gaussian")],
)  # fmt: skip
def test_unknown_choices_suggest_the_nearest(field, value, nearest):
    # Below the checked annotations, which would refuse the value first.
    from surefit.layers.windows import require_windows

    if field == "padding":
        with pytest.raises(UnknownNameError, match=f"Did you mean '{nearest}'"):
            inspect.unwrap(require_windows)("Conv", 2, 1, value)
        return
    layer = object.__new__(sf.Conv)
    for name, given in {"features": 2, "window": 2, "strides": 1, "padding": "same",
                        "weight_std": 1.0, "bias_std": None, "parameterisation": "ntk",
                        "distribution": "gaussian", field: value}.items():  # fmt: skip
        object.__setattr__(layer, name, given)
    with pytest.raises(UnknownNameError, match=f"Did you mean '{nearest}'"):
        layer.__post_init__()


def test_covariances_of_positions_that_do_not_fit_are_refused(monkeypatch):
    monkeypatch.setattr("surefit.core.memory.available_bytes", lambda: 20_000)
    network = sf.Serial(sf.Conv(4, 2), sf.Relu(), sf.GlobalAveragePool(), sf.Dense(1))
    needed = format_bytes(16 * 8 * 2 * 2 * 20**2)
    message = f"2 x 2 examples of 20 positions, of all pairs of positions, must fit.*{needed}"
    with pytest.raises(MemoryLimitError, match=message):
        sf.limit_kernel(network, X)
    # Equal positions only: a twentieth.
    flat = sf.Serial(sf.Conv(4, 2), sf.Relu(), sf.Flatten(), sf.Dense(1))
    assert sf.limit_kernel(flat, X).ntk.shape == (2, 2)
