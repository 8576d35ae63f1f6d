"""Limit kernels of vectors: by angle, tile by tile and layer by layer, against mpmath."""

import dataclasses

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import surefit as sf
from surefit.tangent import recursion, tiles, vectors
from surefit.tangent.native import fill as native_fill
from surefit.tangent.native.library import library
from surefit.tangent.univariate import evaluate, fit

GAIN = 2**0.5
ANGLES = (1e-8, 1e-6, 1e-4, 1e-2, 0.1)
N, D = 21, 10


def relu(depth, bias=None):
    hidden = [sf.Dense(8, GAIN, bias), sf.Relu()] * depth
    return sf.Serial(*hidden, sf.Dense(1, GAIN, bias))


def batch(norms=True):
    """Random rows; then close to the first ones, an equal pair, a zero row, an opposite pair."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((N, D))
    for k, angle in enumerate(ANGLES):
        across = rng.standard_normal(D)
        across -= across @ x[k] / (x[k] @ x[k]) * x[k]
        across *= np.linalg.norm(x[k]) / np.linalg.norm(across)
        x[6 + k] = x[k] * np.cos(angle) + across * np.sin(angle)
    if not norms:
        return jnp.asarray(x / np.linalg.norm(x, axis=1, keepdims=True))
    x[13], x[14], x[16] = x[12], 0.0, -x[15]
    return jnp.asarray(x)


def exact(depth, bias, a, b):
    """The recursion in 50 digits from the digits of the rows."""
    with mpmath.workdps(50):
        gain, shift = mpmath.mpf(GAIN) ** 2, mpmath.mpf(bias or 0.0) ** 2
        a, b = ([mpmath.mpf(float(v)) for v in row] for row in (a, b))
        c, s, t = (mpmath.fdot(p, q) / D for p, q in ((a, b), (a, a), (b, b)))
        ntk = mpmath.mpf(0)
        for layer in range(depth + 1):
            if layer:
                r = mpmath.sqrt(s * t)
                theta = mpmath.acos(min(c / r, mpmath.mpf(1)))
                ntk *= (mpmath.pi - theta) / (2 * mpmath.pi)
                c = (mpmath.sin(theta) * r + (mpmath.pi - theta) * c) / (2 * mpmath.pi)
                s, t = s / 2, t / 2
            ntk = gain * ntk + gain * c + shift
            c, s, t = (gain * v + shift for v in (c, s, t))
        return float(c), float(ntk)


@pytest.fixture(params=[True, False], ids=["machine", "xla"])
def machine(request, monkeypatch):
    """With the compiled machine, and without."""
    if not request.param:
        monkeypatch.setenv("SUREFIT_NATIVE", "0")
    elif library() is None:
        pytest.skip("no C compiler when this was installed")
    return request.param


@pytest.fixture
def small_tiles(monkeypatch):
    """Everything counts as many pairs, in tiles that overlap."""
    monkeypatch.setattr(vectors, "FEW", 0)
    monkeypatch.setattr(native_fill, "SIZE", 8)
    monkeypatch.setattr(evaluate, "SIZE", 8)
    monkeypatch.setattr(recursion, "SIZE", 8)


PAIRS = [(k, 6 + k) for k in range(len(ANGLES))] + [(0, 5), (3, 17), (18, 20), (12, 13), (4, 4)]


@pytest.mark.parametrize(
    ("depth", "bias", "route"),
    [(3, None, "univariate"), (30, None, "univariate"), (3, 0.3, "tile by tile")],
)
def test_every_route_has_13_digits_down_to_angles_of_1e_8(small_tiles, machine, depth, bias, route):
    x, network = batch(), relu(depth, bias)
    symmetric = sf.limit_kernel(network, x)
    general = sf.limit_kernel(network, x, x[5:])
    assert route in symmetric.route and route in general.route
    assert ("compiled routine" in symmetric.route) and (machine != ("(no" in symmetric.route))
    for i, j in PAIRS:
        due = exact(depth, bias, x[i], x[j])
        for name, value in zip(("nngp", "ntk"), due, strict=True):
            assert float(getattr(symmetric, name)[i, j]) == pytest.approx(value, rel=1e-13)
            if j >= 5:
                assert float(getattr(general, name)[i, j - 5]) == pytest.approx(value, rel=1e-13)


def test_few_pairs_go_layer_by_layer_with_the_same_digits():
    x, network = batch(), relu(3)
    kernel = sf.limit_kernel(network, x)
    assert kernel.route == "recursion"
    for i, j in PAIRS:
        due = exact(3, None, x[i], x[j])
        assert float(kernel.nngp[i, j]) == pytest.approx(due[0], rel=1e-13)
        assert float(kernel.ntk[i, j]) == pytest.approx(due[1], rel=1e-13)


@pytest.mark.parametrize("bias", [None, 0.3])
@pytest.mark.parametrize("few", [0, 2**14])
def test_symmetry_equal_rows_and_zero_rows_are_exact(small_tiles, monkeypatch, bias, few):
    monkeypatch.setattr(vectors, "FEW", few)
    x, network = batch(), relu(3, bias)
    kernel = sf.limit_kernel(network, x)
    for matrix in (np.asarray(kernel.nngp), np.asarray(kernel.ntk)):
        np.testing.assert_array_equal(matrix, matrix.T)
        assert matrix[12, 13] == matrix[12, 12] == matrix[13, 13]
        assert np.isfinite(matrix).all()
        if bias is None:
            assert not matrix[14].any()
    np.testing.assert_allclose(np.diagonal(kernel.nngp), kernel.variance1, rtol=1e-15)
    # Opposite rows have kernel 0 behind one rectifier; here the remains of three.
    whole = network.kernel(sf.tangent.limit.input_kernel(x))
    np.testing.assert_allclose(kernel.ntk, whole.ntk, rtol=0, atol=3e-7 * float(whole.ntk.max()))
    np.testing.assert_allclose(kernel.ntk[16], whole.ntk[16], rtol=1e-9, atol=1e-12)


def test_float32_batches_have_six_digits_at_small_angles_too(small_tiles, machine):
    x, network = batch().astype(jnp.float32), relu(3)
    kernel = sf.limit_kernel(network, x)
    assert kernel.ntk.dtype == np.float32 and "univariate" in kernel.route
    for i, j in PAIRS:
        assert float(kernel.ntk[i, j]) == pytest.approx(exact(3, None, x[i], x[j])[1], rel=4e-6)


def test_equal_norms_make_any_network_a_function_of_the_angle(small_tiles):
    x = batch(norms=False)
    network = sf.Serial(sf.Dense(8, 1.5, 0.2), sf.Erf(), sf.Dense(1, 1.0, 0.1))
    kernel = sf.limit_kernel(network, x)
    assert kernel.route.startswith("univariate")
    whole = network.kernel(sf.tangent.limit.input_kernel(x))
    np.testing.assert_allclose(kernel.ntk, whole.ntk, rtol=1e-12)
    np.testing.assert_allclose(kernel.nngp, whole.nngp, rtol=1e-12)
    assert not sf.limit_kernel(network, batch()).route.startswith("univariate")


def test_smooth_activations_and_branches_go_tile_by_tile(small_tiles):
    branch = sf.Serial(sf.Gelu(), sf.Dense(8, bias_std=0.1))
    network = sf.Serial(sf.Dense(8), sf.Residual(branch, 0.5), sf.LeakyRelu(0.2), sf.Dense(1))
    x = batch()
    whole = network.kernel(sf.tangent.limit.input_kernel(x))
    kernel = sf.limit_kernel(network, x)
    assert "tile by tile" in kernel.route
    far = np.abs(np.asarray(whole.ntk)) > 0
    far[6:11, :5] = far[:5, 6:11] = False  # where the whole matrices have lost digits
    np.testing.assert_allclose(kernel.ntk, np.where(far, whole.ntk, kernel.ntk), rtol=1e-11)


def test_a_shortcut_that_deviates_is_not_used(small_tiles, monkeypatch):
    network, x = relu(2), batch()
    found = fit(network, D, 1.0, "float64")
    longer = (found.ntk[0].chebyshev[0] * 1.001, *found.ntk[0].chebyshev[1:])
    wrong = dataclasses.replace(found.ntk[0], chebyshev=longer, powers=())
    monkeypatch.setattr(
        vectors, "fit", lambda *_: dataclasses.replace(found, ntk=(wrong, found.ntk[1]))
    )
    with pytest.warns(vectors.KernelWarning, match="not used"):
        kernel = sf.limit_kernel(network, x)
    assert "tile by tile" in kernel.route
    assert float(kernel.ntk[0, 5]) == pytest.approx(exact(2, None, x[0], x[5])[1], rel=1e-13)


def test_only_what_is_asked_for_is_there(small_tiles):
    x, network = batch(), relu(3)
    both = sf.limit_kernel(network, x)
    for name, other in (("ntk", "nngp"), ("nngp", "ntk")):
        one = sf.limit_kernel(network, x, get=name)
        assert getattr(one, other) is None
        np.testing.assert_array_equal(getattr(one, name), getattr(both, name))


def test_bad_input_is_refused(monkeypatch):
    x, network = batch(), relu(1)
    for call, error, text in (
        (lambda: sf.limit_kernel(network, x, x[:, 1:]), sf.errors.InvalidInputError, "one shape"),
        (lambda: sf.limit_kernel(network, x[0]), sf.errors.InvalidInputError, "first axis"),
        (
            lambda: sf.limit_kernel(network, jnp.where(jnp.eye(N, D) > 0, jnp.nan, x)),
            sf.errors.InvalidInputError,
            "in 10 of 21 examples, the first of them number 0",
        ),
        (lambda: sf.limit_kernel(network, x, get="ntks"), sf.errors.UnknownNameError, "'ntk'"),
    ):
        with pytest.raises(error, match=text):
            call()
    monkeypatch.setattr("surefit.core.memory.available_bytes", lambda: 1000)
    monkeypatch.setattr("surefit.tangent.inputs.available_bytes", lambda: 1000)
    with pytest.raises(sf.errors.MemoryLimitError, match=r"6\.9 KiB.*Blocks of 5 x 5"):
        sf.limit_kernel(network, x)


def test_contributions_of_layers_add_up_to_the_tangent_kernel():
    branch = sf.Serial(sf.Dense(8, trained=False), sf.Relu(), sf.Dense(8, 0.7, 0.2))
    network = sf.Serial(sf.Dense(8), sf.Residual(branch), sf.Relu(), sf.Dense(1))
    parts = sf.tangent.limit_contributions(network, batch())
    assert list(parts) == ["0", "1.branch.2", "3"]
    whole = sf.limit_kernel(network, batch())
    np.testing.assert_allclose(sum(parts.values()), whole.ntk, rtol=1e-13)
    # Behind the last hidden layer the gradient is the features themselves.
    last = np.asarray(parts["3"])
    np.testing.assert_allclose(last, whole.nngp, rtol=1e-14)
    frozen = sf.Serial(sf.Dense(4, trained=False))
    with pytest.raises(sf.errors.InvalidInputError, match="Got none"):
        sf.tangent.limit_contributions(frozen, batch())


@pytest.mark.parametrize("symmetric", [True, False])
def test_every_entry_has_one_tile_however_many_threads_there_are(monkeypatch, symmetric):
    x = np.random.default_rng(3).standard_normal((67, 5))
    x1, x2 = jnp.asarray(x), None if symmetric else jnp.asarray(x[:41] + 0.5)
    network = sf.Serial(sf.Dense(8, bias_std=0.3), sf.Relu(), sf.Dense(1))
    monkeypatch.setattr(recursion, "SIZE", 16)
    found = []
    for threads in (1, 3):
        monkeypatch.setattr(tiles, "processors", lambda threads=threads: threads)
        found.append(recursion.tiled_kernel(network, x1, x2, ("nngp", "ntk")))
    exact = recursion.recursive_kernel(network, x1, x2)
    for name in ("nngp", "ntk"):
        one, several, due = (np.asarray(getattr(k, name)) for k in (*found, exact))
        np.testing.assert_array_equal(one, several)
        np.testing.assert_allclose(one, due, rtol=1e-13, atol=1e-15)
        if symmetric:
            np.testing.assert_array_equal(one, one.T)


def test_a_matrix_becomes_a_jax_array_without_a_copy():
    places = tiles.starts(40, 40, 16, True)
    (matrix,), _ = tiles.fill(_row_of_tile, (places[1:],), (), places, (40, 40), False)
    array = tiles.placed(matrix, jnp.zeros(1))
    assert array.unsafe_buffer_pointer() == matrix.ctypes.data


def _row_of_tile(size, i, j):
    return (jnp.full(size, i + j, jnp.float64),), i < 0
