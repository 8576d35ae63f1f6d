"""Products of branches and features side by side, and the compositions that have no limit."""

import jax
import numpy as np
import pytest

import surefit as sf
from surefit.errors import InvalidInputError
from surefit.testing.claims import quick_jit
from surefit.testing.limit import claim_limit

KEY = jax.random.key(12)
X = jax.random.normal(jax.random.key(13), (3, 4))
IMAGES = jax.random.normal(jax.random.key(14), (2, 3, 2))
A, B, C = sf.Dense(6, 1.3, 0.4), sf.Serial(sf.Dense(6), sf.Erf()), sf.Dense(6, 0.5)


def limits(*networks, x=X, cross=False):
    """All of them in one program."""
    return quick_jit(
        lambda x: [sf.limit_kernel(network, x, cross_positions=cross) for network in networks]
    )(x)


def test_outputs_are_products_and_stand_side_by_side():
    for kind, due in (
        (sf.Product, lambda a, b, c: a * b * c),
        (sf.Concat, lambda a, b, c: np.concatenate([a, b, c], axis=1)),
    ):
        layer = kind(A, B, C)
        params = quick_jit(layer.init, static_argnums=1)(KEY, (4,))
        parts = [part.apply(own, X) for part, own in zip((A, B, C), params, strict=True)]
        np.testing.assert_allclose(layer.apply(params, X), due(*parts), rtol=1e-14)
        assert repr(layer).startswith(f"{kind.__name__}(Dense(features=6")
        assert layer.trainable(params) == tuple(
            part.trainable(own) for part, own in zip((A, B, C), params, strict=True)
        )
    assert not np.any(np.asarray(params[0]["w"]) == np.asarray(params[2]["w"]))


def test_kernels_of_products_follow_the_product_rule():
    found, a, b, c = limits(sf.Product(A, B, C), A, B, C)
    np.testing.assert_allclose(found.nngp, a.nngp * b.nngp * c.nngp, rtol=1e-12)
    due = a.ntk * b.nngp * c.nngp + a.nngp * b.ntk * c.nngp + a.nngp * b.nngp * c.ntk
    np.testing.assert_allclose(found.ntk, due, rtol=1e-12)
    np.testing.assert_allclose(found.variance1, np.diagonal(found.nngp), rtol=1e-12)
    assert not found.gaussian and found.behind is None


def test_one_branch_is_the_branch():
    for kind in (sf.Product, sf.Concat, sf.Sum):
        found, due = limits(kind(B), B)
        np.testing.assert_allclose(found.ntk, due.ntk, rtol=1e-13)
        assert found.gaussian is due.gaussian


def test_a_branch_may_pass_the_input_on():
    layer = sf.Serial(sf.Product(sf.Identity(), sf.Dense(4)), sf.Dense(2))
    relu = sf.Serial(sf.Dense(12), sf.Relu())
    found, side, relu = limits(layer, sf.Concat(sf.Identity(), relu), relu)
    gram = np.asarray(X) @ np.asarray(X).T / 4
    np.testing.assert_allclose(found.nngp, gram * gram, rtol=1e-12)
    np.testing.assert_allclose(side.nngp, (4 * gram + 12 * np.asarray(relu.nngp)) / 16, rtol=1e-10)
    np.testing.assert_allclose(side.ntk, 0.75 * np.asarray(relu.ntk), rtol=1e-10)
    assert side.width == 16


def test_branches_on_images():
    gate = sf.Product(sf.Conv(3, 2), sf.Serial(sf.Conv(3, 2), sf.Erf()))
    found, *parts = limits(gate, *gate.branches, x=IMAGES, cross=True)
    np.testing.assert_allclose(found.nngp, parts[0].nngp * parts[1].nngp, rtol=1e-13)
    assert found.cross and found.nngp.shape == (2, 2, 3, 3)
    assert sf.Concat(sf.Conv(3, 2), sf.Conv(5, 1)).output_shape((3, 2)) == (3, 8)
    pooled = sf.Serial(sf.Concat(sf.Conv(3, 2), sf.Serial(sf.Conv(5, 1), sf.Relu())),
                       sf.GlobalAveragePool(), sf.Dense(1))  # fmt: skip
    assert pooled.needs_cross_positions(False)


@pytest.mark.slow
def test_products_inside_a_network_are_the_mean_over_draws():
    network = sf.Serial(
        sf.Dense(256), sf.Relu(),
        sf.Product(sf.Dense(256), sf.Serial(sf.Dense(256), sf.Sigmoid())), sf.Dense(2),
    )  # fmt: skip
    claim_limit(network, X, seeds=192, finite_width=0.02, at_once=16)
    claim_limit(sf.Product(sf.Conv(3, 2), sf.Serial(sf.Conv(3, 2), sf.Tanh())), IMAGES, seeds=512)


@pytest.mark.parametrize("behind", [True, False], ids=["behind", "in front"])
def test_layer_norm_on_both_sides_of_an_activation(behind):
    """Behind a rectifier the mean over features is that of a folded normal distribution."""
    parts = (sf.Relu(), sf.LayerNorm(0.1)) if behind else (sf.LayerNorm(0.1), sf.Relu())
    found, plain = limits(sf.Serial(sf.Dense(8), *parts), sf.Serial(sf.Dense(8), sf.Relu()))
    variances = np.asarray(X**2).mean(axis=1)
    if behind:
        mean = np.sqrt(variances / (2 * np.pi))
        scale = np.sqrt(variances * (0.5 - 0.5 / np.pi) + 0.1)
        due = (np.asarray(plain.nngp) - np.outer(mean, mean)) / np.outer(scale, scale)
    else:
        scale = np.sqrt(variances + 0.1)
        due = np.asarray(plain.nngp) / np.outer(scale, scale)
    np.testing.assert_allclose(found.nngp, due, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.ntk, plain.ntk / np.outer(scale, scale), rtol=1e-9)


RELU, DENSE = sf.Serial(sf.Dense(4), sf.Relu()), sf.Dense(4)
FLAT = sf.Serial(sf.Conv(2, 1), sf.Flatten())
REFUSED = {
    "no branches": (sf.Product, r"`Product\(\*branches\)` must be given one or more layers"),
    "factors of two shapes": (
        lambda: sf.Product(DENSE, sf.Dense(5)).output_shape((3,)),
        r"`Product\(.*outputs of one shape. Got \[\(4,\), \(5,\)\] from examples of shape \(3,\)",
    ),
    "summands of two shapes": (
        lambda: sf.Sum(DENSE, sf.Dense(5)).output_shape((3,)),
        r"`Sum\(.*outputs of one shape",
    ),
    "other positions": (
        lambda: sf.Concat(sf.Conv(2, 1), sf.Conv(2, 1, 2)).output_shape((4, 3)),
        r"at the same positions. Got \[\(4, 2\), \(2, 2\)\]",
    ),
    "factors of the same features": (
        lambda: sf.limit_kernel(sf.Serial(DENSE, sf.Product(sf.Relu(), sf.Tanh())), X),
        "`Product.kernel`.*Got Relu, Tanh that do not. The factors then depend on each other",
    ),
    "factors of several laws": (
        lambda: sf.limit_kernel(sf.Product(FLAT, FLAT), IMAGES),
        "`Product.kernel`.*Got Serial, Serial that do not. Their features need not have a single",
    ),
    "sum of dependent branches": (
        lambda: sf.limit_kernel(sf.Sum(RELU, RELU), X),
        "`Sum.kernel`.*Got Serial, Serial that do not. Their outputs are correlated",
    ),
    "activation of a product": (
        lambda: sf.limit_kernel(sf.Serial(sf.Product(DENSE, RELU), sf.Relu()), X),
        "`Relu.kernel.*must be given a Gaussian kernel",
    ),
    "activation of features side by side": (
        lambda: sf.limit_kernel(sf.Serial(sf.Concat(DENSE, sf.Dense(4, 2.0)), sf.Relu()), X),
        "`Relu.kernel.*must be given a Gaussian kernel",
    ),
    "activation behind dropout": (
        lambda: sf.limit_kernel(sf.Serial(DENSE, sf.Dropout(0.5), sf.Relu()), X),
        "`Relu.kernel.*must be given a Gaussian kernel",
    ),
    "norm of raw inputs": (
        lambda: sf.limit_kernel(sf.Serial(sf.LayerNorm(), sf.Dense(1)), X),
        "`LayerNorm.kernel`.*Got raw inputs.*second moments do not tell it",
    ),
    "trained lengths": (
        lambda: sf.limit_kernel(sf.Serial(DENSE, sf.WeightNormDense(2)), X),
        "lengths must not be trained.*does not follow from second moments.*gains_trained=False",
    ),
    "equilibrium of raw inputs": (
        lambda: sf.limit_kernel(sf.Serial(sf.Equilibrium(4, weight_std=0.2), sf.Dense(1)), X),
        "`Equilibrium.kernel`: the input must come from a random linear layer",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_compositions_without_a_limit_name_the_missing_mathematics(name):
    call, message = REFUSED[name]
    with pytest.raises(InvalidInputError, match=message):
        call()
