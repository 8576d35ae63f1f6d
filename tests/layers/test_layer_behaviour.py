import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from surefit.activations import Relu, Tanh
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.layers import Antisymmetric, Centred, Dense, Residual, Serial
from surefit.tangent import empirical_ntk, limit_kernel

KEY = jax.random.key(4)
X = jax.random.normal(jax.random.key(5), (4, 3))

REFUSED = {
    "Dense without features": (lambda: Dense(0), r"features=.* at least 1. Got 0"),
    "negative weight_std": (lambda: Dense(2, -1.0), r"must be positive .*Got -1.0 and None"),
    "negative bias_std": (lambda: Dense(2, 1.0, -0.1), r"Got 1.0 and -0.1"),
    "empty Serial": (Serial, "at least one layer"),
    # The function below its checked annotation, which would refuse the class first.
    "a class in Serial": (
        lambda: inspect.unwrap(Serial.__init__)(object.__new__(Serial), Dense(2), Relu),
        "at position 1.*an instance",
    ),
    "Dense on images": (lambda: Dense(2).output_shape((4, 4)), r"flatten images first"),
    "growing residual branch": (
        lambda: Residual(Dense(4)).output_shape((3,)),
        r"must keep the shape of an example. Got \(3,\) -> \(4,\)",
    ),
    "odd antisymmetric network": (
        lambda: Antisymmetric(Serial(Dense(5), Relu(), Dense(1))),
        r"even number of hidden features. Got 5.*Use 6",
    ),
    "linear antisymmetric network": (
        lambda: Antisymmetric(Serial(Dense(4), Dense(1))),
        r"ends in `Dense`, an activation and `Dense`. Got one that ends in \('Dense', 'Dense'\)",
    ),
    "activation on raw inputs": (
        lambda: limit_kernel(Serial(Relu(), Dense(1)), X),
        "`Relu.kernel.*must be given a Gaussian kernel.*Put a `Dense` layer in between",
    ),
    "two activations in a row": (
        lambda: limit_kernel(Serial(Dense(4), Tanh(), Relu(), Dense(1)), X),
        "`Relu.kernel",
    ),
    "residual branch that ends in an activation": (
        lambda: limit_kernel(Residual(Serial(Dense(3), Relu())), X),
        "branch that ends in an activation.*End the branch with `Dense`",
    ),
    "residual branch that is residual": (
        lambda: limit_kernel(Serial(Dense(3), Residual(Serial(Residual(Dense(3))))), X),
        "branch that is itself a residual layer.*correlated with the skip connection",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_misuse_is_refused_with_the_reason(name):
    call, message = REFUSED[name]
    with pytest.raises(InvalidInputError, match=message):
        call()


@pytest.mark.parametrize(
    ("field", "value", "nearest"),
    [("parameterisation", "standart", "standard"), ("distribution", "gausian", "gaussian")],
)
def test_unknown_choices_suggest_the_nearest(field, value, nearest):
    # Through the constructor of the undecorated class: the annotation would refuse it first.
    layer = object.__new__(Dense)
    for name, given in {"features": 2, "weight_std": 1.0, "bias_std": None,
                        "parameterisation": "ntk", "distribution": "gaussian",
                        field: value}.items():  # fmt: skip
        object.__setattr__(layer, name, given)
    with pytest.raises(UnknownNameError, match=f"Did you mean '{nearest}'"):
        layer.__post_init__()


@pytest.mark.parametrize(
    ("parameterisation", "a", "std", "a_b", "std_b"),
    [
        ("ntk", 1.5 / 10, 1.0, 0.5, 1.0),
        ("standard", 1.0, 1.5 / 10, 1.0, 0.5),
        ("mean_field", 1 / 100, 1.5, 1.0, 0.5),
        ("unscaled", 1.0, 1.5, 1.0, 0.5),
    ],
)
def test_dense_follows_its_table(parameterisation, a, std, a_b, std_b):
    layer = Dense(400, 1.5, 0.5, parameterisation)
    params = layer.init(KEY, (100,))
    # 40 000 and 400 draws: their standard deviations are known to std/sqrt(2 n).
    assert abs(np.std(params["w"]) - std) <= 4 * std / np.sqrt(80_000)
    assert abs(np.std(params["b"]) - std_b) <= 4 * std_b / np.sqrt(800)
    x = jax.random.normal(KEY, (3, 100))
    expected = a * np.asarray(x) @ np.asarray(params["w"]).T + a_b * np.asarray(params["b"])
    np.testing.assert_allclose(layer.apply(params, x), expected, rtol=1e-12, atol=1e-12)


def test_rademacher_weights_are_signs():
    w = Dense(50, 2.0, parameterisation="unscaled", distribution="rademacher").init(KEY, (40,))["w"]
    assert set(np.unique(w)) == {-2.0, 2.0}
    assert abs(np.mean(w)) <= 4 * 2 / np.sqrt(2000)


def test_a_zero_bias_is_a_bias():
    params = Dense(3, 1.0, 0.0, "standard").init(KEY, (2,))
    np.testing.assert_array_equal(params["b"], np.zeros(3))
    assert "b" not in Dense(3).init(KEY, (2,))


def test_serial_draws_every_layer_from_its_own_key():
    params = Serial(Dense(3), Tanh(), Dense(3)).init(KEY, (3,))
    assert params[1] == ()
    assert not np.any(np.asarray(params[0]["w"]) == np.asarray(params[2]["w"]))


def test_nested_serial_computes_the_same_function():
    flat, nested = Serial(Dense(4), Tanh(), Dense(2)), Serial(Serial(Dense(4), Tanh()), Dense(2))
    params = flat.init(KEY, (3,))
    np.testing.assert_array_equal(nested.apply((params[:2], params[2]), X), flat.apply(params, X))
    assert repr(nested).startswith("Serial(Serial(Dense(features=4")


def test_trainable_masks_say_what_moves():
    network = Serial(Dense(4, bias_std=1.0), Tanh(), Dense(2, trained=False))
    params = network.init(KEY, (3,))
    assert network.trainable(params) == ({"w": True, "b": True}, (), {"w": False})
    centred = Centred(network)
    mask = centred.trainable(centred.init(KEY, (3,)))
    assert mask["network"] == network.trainable(params)
    assert mask["anchor"] == ({"w": False, "b": False}, (), {"w": False})


STARTS = {
    "antisymmetric": Antisymmetric(Serial(Dense(16, 1.0, 0.5), Tanh(), Dense(2, 1.0, 0.5))),
    "antisymmetric, deep": Antisymmetric(
        Serial(Dense(8), Relu(), Dense(16, 1.0, 0.5), Tanh(), Dense(2, 1.0, 0.5))
    ),
    "centred": Centred(Serial(Dense(16, 1.0, 0.5), Relu(), Dense(2, 1.0, 0.5))),
}


@pytest.mark.parametrize("name", STARTS)
def test_zero_output_at_the_start_and_a_kernel_that_is_not(name):
    layer = STARTS[name]
    params = layer.init(KEY, (3,))
    np.testing.assert_allclose(layer.apply(params, X), np.zeros((4, 2)), atol=1e-14)
    limit = limit_kernel(layer, X)
    assert not np.any(limit.nngp) and not np.any(limit.variance1) and not np.any(limit.variance2)
    assert np.linalg.eigvalsh(empirical_ntk(layer, params, X))[0] > 0
    moved = jax.tree.map(
        lambda leaf, moves: leaf + 0.1 * jnp.cos(jnp.arange(leaf.size, dtype=leaf.dtype)).reshape(
            leaf.shape) * float(moves), params, layer.trainable(params))  # fmt: skip
    assert np.min(np.abs(layer.apply(moved, X))) > 1e-3


def test_antisymmetric_start_leaves_the_limit_kernel_of_two_layers_unchanged():
    network = Serial(Dense(16, 1.2, 0.5), Tanh(), Dense(2, 0.7, 0.5))
    np.testing.assert_array_equal(
        limit_kernel(Antisymmetric(network), X).ntk, limit_kernel(network, X).ntk
    )


def test_antisymmetric_start_silences_the_layers_before_the_last_hidden_one():
    layer = Antisymmetric(Serial(Dense(8), Relu(), Dense(16), Tanh(), Dense(1)))
    params = layer.init(KEY, (3,))
    gradient = jax.grad(lambda p: jnp.sum(layer.apply(p, X)))(params)
    np.testing.assert_allclose(gradient[0]["w"], np.zeros((8, 3)), atol=1e-13)
    assert np.max(np.abs(gradient[2]["w"])) > 1e-3


def test_centred_keeps_the_whole_tangent_kernel():
    network = Serial(Dense(8), Relu(), Dense(16), Tanh(), Dense(1))
    centred = Centred(network)
    params = centred.init(KEY, (3,))
    np.testing.assert_allclose(
        empirical_ntk(centred, params, X), empirical_ntk(network, params["network"], X), rtol=1e-12
    )
    np.testing.assert_array_equal(limit_kernel(centred, X).ntk, limit_kernel(network, X).ntk)


def test_residual_adds_the_scaled_branch():
    layer = Residual(Serial(Dense(3), Tanh(), Dense(3)), 0.3)
    params = layer.init(KEY, (3,))
    np.testing.assert_allclose(
        layer.apply(params, X), X + 0.3 * layer.branch.apply(params, X), rtol=1e-15
    )
    assert layer.output_shape((3,)) == (3,)
