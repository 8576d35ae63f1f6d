"""Kernels of convolutional networks against explicit loops over positions, and against draws."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.testing.claims import quick_jit
from surefit.testing.limit import claim_limit

KEY = jax.random.key(11)


def limit_of(network, *batches):
    """Compiled as a whole: one program instead of one per operation."""
    return quick_jit(lambda *x: sf.limit_kernel(network, *x))(*batches)


def relu_pair(c, s, t):
    """The dual of the rectifier and of its derivative, by Cho and Saul's formula."""
    rho = min(1.0, max(-1.0, c / math.sqrt(s * t)))
    theta = math.acos(rho)
    value = math.sqrt(s * t) * (math.sin(theta) + (math.pi - theta) * rho) / (2 * math.pi)
    return value, (math.pi - theta) / (2 * math.pi)


def neighbours(space, window, stride, padding):
    """For every window the positions that it sees, None beyond the border."""
    found = []
    per_axis = []
    for n in space:
        if padding == "valid":
            count, low = (n - window) // stride + 1, 0
        else:
            count = math.ceil(n / stride)
            low = max((count - 1) * stride + window - n, 0) // 2
        per_axis.append([[i * stride - low + d for d in range(window)] for i in range(count)])
    for windows in itertools.product(*per_axis):
        seen = []
        for place in itertools.product(*windows):
            if padding == "circular":
                place = tuple(i % n for i, n in zip(place, space, strict=True))  # noqa: PLW2901
            inside = all(0 <= i < n for i, n in zip(place, space, strict=True))
            seen.append(np.ravel_multi_index(place, space) if inside else None)
        found.append(seen)
    return found, tuple(len(windows) for windows in per_axis)


class Loops:
    """Covariances of all pairs of (example, position), by nested loops only."""

    def __init__(self, x):
        n, *space, channels = x.shape
        rows = np.asarray(x).reshape(n, -1, channels)
        self.space, self.n = tuple(space), n
        self.sigma = {
            (i, p, j, q): float(rows[i, p] @ rows[j, q]) / channels
            for i in range(n) for p in range(rows.shape[1])
            for j in range(n) for q in range(rows.shape[1])
        }  # fmt: skip
        self.theta = dict.fromkeys(self.sigma, 0.0)

    def conv(self, window, stride, padding, weight_std, bias_std):
        seen, self.space = neighbours(self.space, window, stride, padding)
        q = window ** len(self.space)
        sigma, theta = {}, {}
        for i, j in itertools.product(range(self.n), repeat=2):
            for p, p2 in itertools.product(range(len(seen)), repeat=2):
                a = b = 0.0
                for u, v in zip(seen[p], seen[p2], strict=True):
                    if u is not None and v is not None:
                        a += self.sigma[i, u, j, v] / q
                        b += self.theta[i, u, j, v] / q
                sigma[i, p, j, p2] = weight_std**2 * a + bias_std**2
                theta[i, p, j, p2] = weight_std**2 * (a + b) + bias_std**2
        self.sigma, self.theta = sigma, theta
        return self

    def relu(self):
        sigma, theta = {}, {}
        for (i, p, j, q), c in self.sigma.items():
            dual, slope = relu_pair(c, self.sigma[i, p, i, p], self.sigma[j, q, j, q])
            sigma[i, p, j, q] = dual
            theta[i, p, j, q] = slope * self.theta[i, p, j, q]
        self.sigma, self.theta = sigma, theta
        return self

    def pool(self, window, stride):
        seen, self.space = neighbours(self.space, window, stride, "valid")
        for name in ("sigma", "theta"):
            old, new = getattr(self, name), {}
            for i, j in itertools.product(range(self.n), repeat=2):
                for p, q in itertools.product(range(len(seen)), repeat=2):
                    pairs = itertools.product(seen[p], seen[q])
                    new[i, p, j, q] = float(np.mean([old[i, u, j, v] for u, v in pairs]))
            setattr(self, name, new)
        return self

    def output(self, pooled):
        """NNGP and tangent kernel of a dense layer behind flatten or a global mean."""
        count = math.prod(self.space)
        places = [(p, q) for p in range(count) for q in range(count) if pooled or p == q]

        def mean(v):
            return np.array(
                [[np.mean([v[i, p, j, q] for p, q in places]) for j in range(self.n)]
                 for i in range(self.n)]
            )  # fmt: skip

        return mean(self.sigma), mean(self.sigma) + mean(self.theta)


@pytest.mark.parametrize("pooled", [False, True], ids=["flatten", "global mean"])
@pytest.mark.parametrize("padding", ["same", "valid", "circular"])
def test_kernels_equal_loops_over_positions(padding, pooled):
    x = jax.random.normal(KEY, (2, 5, 4, 3))
    head = sf.GlobalAveragePool() if pooled else sf.Flatten()
    network = sf.Serial(
        sf.Conv(8, 3, 1, padding, 1.4, 0.3), sf.Relu(), sf.Conv(8, 2, 1, padding, 1.2, 0.2),
        sf.Relu(), head, sf.Dense(1),
    )  # fmt: skip
    loops = Loops(x).conv(3, 1, padding, 1.4, 0.3).relu().conv(2, 1, padding, 1.2, 0.2).relu()
    nngp, ntk = loops.output(pooled)
    limit = limit_of(network, x)
    # The arc cosine in the loops loses half the digits on the diagonal.
    np.testing.assert_allclose(limit.nngp, nngp, rtol=1e-7)
    np.testing.assert_allclose(limit.ntk, ntk, rtol=1e-7)
    np.testing.assert_allclose(limit.nngp, limit.nngp.T, rtol=1e-13)
    mixed = limit_of(network, x[:1], x)
    np.testing.assert_allclose(mixed.nngp, nngp[:1], rtol=1e-7)
    np.testing.assert_allclose(mixed.variance2, np.diag(nngp), rtol=1e-7)


def test_strides_and_average_pooling_equal_loops_over_positions():
    x = jax.random.normal(KEY, (2, 9, 2))
    network = sf.Serial(
        sf.Conv(8, 3, 2, "same", 1.4, 0.3), sf.Relu(), sf.AveragePool(2, 1),
        sf.Conv(8, 2, 1, "circular", 1.1, 0.1), sf.Relu(), sf.Flatten(), sf.Dense(1),
    )  # fmt: skip
    loops = Loops(x).conv(3, 2, "same", 1.4, 0.3).relu().pool(2, 1)
    nngp, ntk = loops.conv(2, 1, "circular", 1.1, 0.1).relu().output(pooled=False)
    limit = limit_of(network, x)
    np.testing.assert_allclose(limit.nngp, nngp, rtol=1e-7)
    np.testing.assert_allclose(limit.ntk, ntk, rtol=1e-7)


def test_a_window_over_everything_is_a_dense_layer():
    x = jax.random.normal(KEY, (3, 2, 2, 3))
    conv = sf.Serial(
        sf.Conv(5, 2, padding="valid", bias_std=0.5), sf.Relu(), sf.Flatten(), sf.Dense(1)
    )
    dense = sf.Serial(sf.Dense(5, bias_std=0.5), sf.Relu(), sf.Dense(1))
    params = conv.init(KEY, (2, 2, 3))
    flat = x.reshape(3, -1)
    same = (params[0], (), params[3])
    np.testing.assert_allclose(conv.apply(params, x), dense.apply(same, flat), rtol=1e-13)
    np.testing.assert_allclose(limit_of(conv, x).ntk, limit_of(dense, flat).ntk, rtol=1e-13)


def test_flatten_does_not_see_whether_weights_are_shared_and_pooling_does():
    # Neighbouring positions are alike, as in a photograph.
    x = 1.0 + 0.3 * jax.random.normal(KEY, (3, 4, 2))

    def kernel(shared, head):
        conv = sf.Conv(4, 2, bias_std=0.3, shared=shared)
        return limit_of(sf.Serial(conv, sf.Relu(), head, sf.Dense(1)), x)

    for name in ("nngp", "ntk"):
        flat = [getattr(kernel(shared, sf.Flatten()), name) for shared in (True, False)]
        np.testing.assert_allclose(flat[0], flat[1], rtol=1e-14)
        mean = [getattr(kernel(shared, sf.GlobalAveragePool()), name) for shared in (True, False)]
        assert np.all(mean[0] > 1.05 * mean[1])


NETWORKS = {
    "valid, strides": sf.Conv(2, (2, 1), (1, 2), "valid", 1.2, 0.4),
    "circular, standard": sf.Conv(2, 2, 1, "circular", 1.2, 0.4, "standard"),
    "not shared": sf.Conv(2, 2, bias_std=0.4, shared=False),
    "not trained": sf.Conv(2, 2, trained=False),
    "pooled, not shared": sf.Serial(
        sf.Conv(24, 2, shared=False), sf.Relu(), sf.GlobalAveragePool(), sf.Dense(1)
    ),
    "residual on images": sf.Serial(
        sf.Residual(sf.Conv(2, 2, bias_std=0.5), 0.6), sf.GlobalAveragePool()
    ),
    "sum on images": sf.Sum(sf.Conv(2, 1), sf.Conv(2, 2, shared=False)),
    "biases of their own": sf.Serial(
        sf.Conv(2, 2), sf.Bias(0.7), sf.Bias(0.4, trained=False, shared=False)
    ),
    "padded pooling": sf.Serial(sf.Conv(3, 1), sf.AveragePool(2, 1, "same")),
    "tanh and pooling": sf.Serial(
        sf.Conv(32, 2), sf.Tanh(), sf.GlobalAveragePool(), sf.Dense(1, bias_std=0.3)
    ),
    "centred": sf.Serial(sf.Centred(sf.Conv(2, 2)), sf.GlobalAveragePool()),
}


# Each compiles hundreds of draws; the others cover what these add only in passing.
LONG = {"circular, standard", "sum on images", "padded pooling", "tanh and pooling"}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in NETWORKS]
)
def test_limit_kernel_of_images_is_the_mean_over_draws(name):
    claim_limit(NETWORKS[name], jax.random.normal(KEY, (3, 3, 2, 2)), seeds=768)


@pytest.mark.slow
def test_layer_norm_on_images_tends_to_its_limit():
    network = sf.Serial(
        sf.Conv(96, 2), sf.LayerNorm(0.2), sf.Relu(), sf.GlobalAveragePool(), sf.Dense(1)
    )
    claim_limit(network, 0.3 * jax.random.normal(KEY, (3, 3, 2, 2)), seeds=256, finite_width=0.04)


@pytest.mark.slow
def test_the_kernel_of_a_wide_network_is_near():
    network = sf.Serial(
        sf.Conv(96, 2), sf.Relu(), sf.AveragePool(2), sf.Conv(96, 2, padding="circular"),
        sf.Relu(), sf.GlobalAveragePool(), sf.Dense(1),
    )  # fmt: skip
    x = jax.random.normal(KEY, (3, 4, 4, 2))

    def draw(key):
        return sf.empirical_ntk(network, network.init(key, (4, 4, 2)), x)

    draws = np.asarray(jax.jit(jax.vmap(draw))(jax.random.split(KEY, 24)))
    limit = limit_of(network, x).ntk
    error = draws.std(axis=0, ddof=1) / math.sqrt(24)
    # Five standard errors, and what a finite width adds.
    bound = 5 * error + 2 / 96 * jnp.max(limit)
    assert np.all(np.abs(draws.mean(axis=0) - limit) <= bound)


def test_input_kernels_are_those_of_coordinates():
    x = jax.random.normal(KEY, (3, 4, 2))
    k = limit_of(sf.Flatten(), x)
    flat = x.reshape(3, -1)
    np.testing.assert_allclose(k.nngp, flat @ flat.T / 8, rtol=1e-13)
    assert (k.width, k.space, k.gaussian) == (8, (), False)


def test_black_patches_have_kernels_of_zero():
    x = jax.random.normal(KEY, (3, 3, 3, 1)).at[:, :, :2].set(0.0).at[2].set(0.0)
    network = sf.Serial(sf.Conv(32, 2), sf.Relu(), sf.GlobalAveragePool(), sf.Dense(1))
    claim_limit(network, x, seeds=512)
    limit = limit_of(network, x)
    assert not np.any(limit.nngp[2]) and not np.any(limit.ntk[2])


@pytest.mark.parametrize("pooled", [False, True])
def test_kernels_in_blocks_are_the_same(monkeypatch, pooled):
    head = sf.GlobalAveragePool() if pooled else sf.Flatten()
    network = sf.Serial(sf.Conv(3, 3), sf.Relu(), head, sf.Dense(1))
    x, other = (jax.random.normal(jax.random.key(i), (n, 5, 5, 1)) for i, n in ((0, 7), (1, 4)))
    whole = [sf.limit_kernel(network, x), sf.limit_kernel(network, x, other)]
    monkeypatch.setattr("surefit.tangent.limit._BLOCK", 20_000)
    blocks = [sf.limit_kernel(network, x), sf.limit_kernel(network, x, other)]
    for one, two in zip(whole, blocks, strict=True):
        for name in ("nngp", "ntk", "variance1", "variance2"):
            np.testing.assert_allclose(getattr(one, name), getattr(two, name), atol=1e-15)
        assert (one.symmetric, one.space) == (two.symmetric, two.space)
    np.testing.assert_array_equal(blocks[0].ntk, blocks[0].ntk.T)
