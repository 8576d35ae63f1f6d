"""Kernels of images in blocks of pairs, against the recursion over all pairs layer by layer."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.errors import InvalidInputError, MemoryLimitError
from surefit.tangent import limit
from surefit.tangent.images import blocks, covers, image_kernel, kernel, pays
from surefit.tangent.images.plan import plan
from surefit.tangent.inputs import input_kernel

RELU, GAP, FLAT, OUT = sf.Relu(), sf.GlobalAveragePool(), sf.Flatten(), sf.Dense(1)


def conv(window=3, **others):
    return sf.Conv(4, window, **others)


NETWORKS = {
    "strides": (
        (5, 3, 1),
        sf.Serial(conv(strides=2), RELU, conv(2, padding="valid"), sf.Erf(), FLAT, OUT),
    ),
    # On the ring: strides divide, and windows of pooling tile.
    "average": ((4, 4, 1), sf.Serial(conv(), RELU, conv(strides=2, bias_std=0.3), RELU, GAP, OUT)),
    "pooled": ((4, 4, 1), sf.Serial(conv(), sf.LeakyRelu(0.2), sf.AveragePool(), FLAT, OUT)),
    # Off the ring: they do not.
    "border": (
        (5, 3, 1),
        sf.Serial(conv(strides=2), sf.Gelu(), sf.AveragePool(2, 1), conv(2), GAP, OUT),
    ),
    "branches": (
        (3, 3, 1),
        sf.Serial(
            conv(), sf.Residual(sf.Serial(RELU, conv()), 0.5), sf.LayerNorm(), RELU, FLAT, OUT
        ),
    ),
}
SLOW = {
    "flatten": ((4, 5, 2), sf.Serial(conv(bias_std=0.3), RELU, conv(trained=False), FLAT, OUT)),
    "torus": (
        (4, 3, 1),
        sf.Serial(conv(padding="circular"), RELU, GAP, sf.Dense(4), RELU, OUT),
    ),
    "local": (
        (6, 5),
        sf.Serial(
            sf.Sum(conv(shared=False), conv(1)), sf.Bias(0.3), RELU, conv(shared=False), GAP, OUT
        ),
    ),
    "nested": (
        (8, 8, 1),
        sf.Serial(
            conv(), RELU, sf.AveragePool(), conv(), RELU, sf.AveragePool(), conv(), RELU, GAP, OUT
        ),
    ),
    "overlapping": (
        (5, 4, 2),
        sf.Serial(conv(), RELU, sf.AveragePool(3, 2, "same"), conv(), RELU, GAP, OUT),
    ),
    "valid": ((7, 5, 1), sf.Serial(conv(padding="valid"), sf.Gelu(), conv(2), RELU, GAP, OUT)),
    "linearised": ((5, 2), sf.Linearised(sf.Serial(conv(4), sf.Tanh(), FLAT, OUT))),
}


def recursion(network, x):
    cross = network.needs_cross_positions(False)
    return jax.jit(lambda x: network.kernel(input_kernel(x, None, cross)))(x)


def part(k, rows, columns):
    """That of some examples with some others."""
    return dataclasses.replace(
        k,
        nngp=k.nngp[rows, columns],
        ntk=k.ntk[rows, columns],
        variance1=k.variance1[rows],
        variance2=k.variance2[columns],
        symmetric=rows == columns,
    )


def images(shape, n, seed=0):
    return jax.random.normal(jax.random.key(seed), (n, *shape))


def assert_same(found, exact, tolerance=1e-13):
    for name in ("nngp", "ntk", "variance1", "variance2"):
        value, other = getattr(found, name), getattr(exact, name)
        assert value.dtype == other.dtype
        np.testing.assert_allclose(value, other, rtol=0, atol=tolerance * jnp.abs(other).max())
    assert (found.width, found.gaussian, found.symmetric) == (
        exact.width, exact.gaussian, exact.symmetric,
    )  # fmt: skip


@pytest.mark.parametrize(
    "name", [*NETWORKS, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]
)
def test_blocks_agree_with_the_recursion(name):
    shape, network = (NETWORKS | SLOW)[name]
    x1, x2 = images(shape, 5), images(shape, 3, seed=1)
    x1 = x1.at[3].set(0.0)
    assert covers(network, shape)
    exact = recursion(network, jnp.concatenate([x1, x2]))
    first, second = slice(0, 5), slice(5, 8)
    assert_same(image_kernel(network, x1), part(exact, first, first))
    assert_same(image_kernel(network, x1, x2), part(exact, first, second))


@pytest.fixture(scope="module")
def many():
    """More images than a block holds, some of them equal, and their kernel."""
    shape, network = SLOW["flatten"]
    x = images(shape, 131)
    x = x.at[130].set(x[2]).at[7].set(0.0).at[8].set(-0.0)
    return network, x, image_kernel(network, x)


def test_several_blocks_and_one_that_is_not_full(many):
    network, x, found = many
    assert blocks.block_size(plan(network, x.shape[1:]), x.shape[1:-1], 8, len(x)) == 128
    few = jnp.asarray([0, 5, 7, 126, 127, 128, 130])
    exact = recursion(network, x[few])
    pairs = np.ix_(few, few)
    for name in ("nngp", "ntk"):
        np.testing.assert_allclose(getattr(found, name)[pairs], getattr(exact, name), rtol=1e-12)


def test_symmetric_equals_general(many):
    network, x, found = many
    general = image_kernel(network, x, x)
    for name in ("nngp", "ntk"):
        value, other = getattr(found, name), getattr(general, name)
        assert (value == value.T).all()
        np.testing.assert_allclose(value, other, rtol=1e-14)


def test_equal_images_are_exact(many):
    _, _, found = many
    for matrix in (found.nngp, found.ntk):
        assert matrix[130, 2] == matrix[2, 130] == matrix[2, 2] == matrix[130, 130]
        assert matrix[7, 8] == matrix[7, 7]
        assert jnp.isfinite(matrix).all()
    assert jnp.linalg.eigvalsh(found.ntk).min() > -1e-12


def test_multiples_of_an_image_are_parallel(many):
    network = sf.Serial(conv(bias_std=None), RELU, conv(), RELU, FLAT, OUT)
    factors = jnp.asarray([1.0, 0.3, 7.0, 1e-3, 2.1])
    x = factors[:, None, None, None] * images((4, 5, 2), 1)
    found = image_kernel(network, x)
    for matrix in (found.nngp, found.ntk):
        exact = factors[:, None] * factors[None, :] * matrix[0, 0]
        np.testing.assert_allclose(matrix, exact, rtol=1e-14)


def test_single_precision(many):
    network, x, found = many
    single = image_kernel(network, x.astype(jnp.float32))
    assert single.ntk.dtype == jnp.float32
    scale = jnp.abs(found.ntk).max()
    assert jnp.abs(single.ntk.astype(jnp.float64) - found.ntk).max() < 1e-6 * scale


def test_draws_of_wide_networks():
    shape, n, draws, width = (4, 4, 1), 3, 60, 64
    network = sf.Serial(
        sf.Conv(width, 3), RELU, sf.Conv(width, 3, strides=2, bias_std=0.3), RELU, GAP,
        sf.Dense(width),
    )  # fmt: skip
    x = images(shape, n)

    @jax.jit
    def second_moments(key):
        f = network.apply(network.init(key, shape), x)
        return f @ f.T / width

    found = np.asarray([second_moments(k) for k in jax.random.split(jax.random.key(5), draws)])
    # Means over networks of a finite width differ from the limit by about 1 / width.
    error = found.std(axis=0, ddof=1) / draws**0.5
    limit = image_kernel(network, x, get=("nngp",)).nngp
    assert (np.abs(found.mean(axis=0) - limit) < 4 * error + 1.0 / width * limit).all()
    assert error.max() < 0.05 * limit.max()


def test_only_what_is_asked_for():
    shape, network = NETWORKS["average"]
    x = images(shape, 5)
    only = image_kernel(network, x, get=("nngp",))
    assert only.ntk is None
    np.testing.assert_allclose(only.nngp, image_kernel(network, x).nngp, rtol=1e-14)


def test_limit_kernel_uses_blocks_where_there_is_much_to_do(many, monkeypatch):
    network, x, found = many
    assert not pays(network, x[:3], None)
    assert "layer by layer" in sf.limit_kernel(network, x[:3]).route
    monkeypatch.setattr(kernel, "_MANY", 1)
    chosen = sf.limit_kernel(network, x)
    assert (chosen.ntk == found.ntk).all()
    assert chosen.route == "images, in blocks of 128 pairs"
    monkeypatch.setattr(limit, "image_kernel", None)
    # Under a trace, and for outputs that are images, layer by layer as before.
    jax.make_jaxpr(lambda v: sf.limit_kernel(network, v).ntk)(x[:3])
    assert sf.limit_kernel(sf.Serial(conv(), RELU), x[:3]).ntk.shape == (3, 3, 4, 5)


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (sf.Serial(conv(), RELU), (4, 4, 1)),
        (sf.Serial(sf.Dense(3), RELU), (4,)),
        # Compositions without a limit: the layers say why.
        (sf.Serial(conv(), RELU, RELU, FLAT), (4, 4, 1)),
        (sf.Serial(conv(), sf.Residual(RELU), FLAT), (4, 4, 1)),
        (sf.Serial(conv(), sf.Sum(RELU, sf.Erf()), FLAT), (4, 4, 1)),
        # A ring that strides do not divide.
        (sf.Serial(conv(padding="circular", strides=2), GAP), (5, 1)),
        (sf.Serial(conv(padding="circular"), GAP), (2, 1)),
        (sf.Serial(sf.Bias(shared=False), FLAT), (4, 1)),
    ],
)
def test_others_are_not_covered(network, shape):
    assert not covers(network, shape)


def test_bad_input(monkeypatch):
    x = images((4, 4, 1), 2)
    with pytest.raises(InvalidInputError, match=r"must be a network that `covers` knows"):
        image_kernel(sf.Serial(conv(), RELU), x)
    monkeypatch.setattr("surefit.core.memory.available_bytes", lambda: 100)
    with pytest.raises(MemoryLimitError, match="the kernels of 2 x 2 images must fit"):
        image_kernel(NETWORKS["average"][1], x)
