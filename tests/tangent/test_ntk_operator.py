"""Products with the tangent kernel, nothing formed; plans; blocks under a memory limit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.tangent import ntk_operator, plan_ntk, tangent_kernel
from surefit.tangent.asked import require_batches
from surefit.tangent.footprint import bytes_per_example

NETWORK = sf.Serial(sf.Dense(6, bias_std=0.5), sf.Tanh(), sf.Dense(2))
PARAMS = NETWORK.init(jax.random.key(0), (3,))
X1, X2 = (jax.random.normal(jax.random.key(s), (n, 3)) for s, n in ((1, 7), (2, 4)))


def matrix(kernel):
    """(n1, n2, k, k) as the operator orders rows and columns."""
    n1, n2, k, _ = kernel.shape
    return np.asarray(jnp.transpose(kernel, (0, 2, 1, 3))).reshape(n1 * k, n2 * k)


@pytest.fixture(scope="module")
def kernels():
    return tuple(
        matrix(sf.empirical_ntk(NETWORK, PARAMS, X1, x2, outputs="full")) for x2 in (None, X2)
    )


def test_products_are_those_of_the_matrix(kernels):
    whole, between = kernels
    v = np.linspace(-1.0, 1.0, 14)
    operator = ntk_operator(NETWORK, PARAMS, X1)
    assert operator.shape == (14, 14) and operator.dtype == np.float64 and operator.T is operator
    np.testing.assert_allclose(operator @ v, whole @ v, rtol=1e-11)
    two = np.stack([v, v**2], axis=1)
    np.testing.assert_allclose(operator @ two, whole @ two, rtol=1e-11)
    np.testing.assert_allclose(operator.as_scipy().matvec(v), whole @ v, rtol=1e-11)
    np.testing.assert_allclose(operator.as_lineax().mv(jnp.asarray(v)), whole @ v, rtol=1e-11)
    np.testing.assert_allclose(operator.as_symmetric()(v), whole @ v, rtol=1e-11)
    wide = ntk_operator(NETWORK, PARAMS, X1, X2)
    np.testing.assert_allclose(wide(v[:8]), between @ v[:8], rtol=1e-11)
    np.testing.assert_allclose(wide.rmatvec(v), between.T @ v, rtol=1e-11)
    np.testing.assert_allclose(wide.T @ v, between.T @ v, rtol=1e-11)


def test_layers_add_up_and_are_their_own_kernels():
    v = np.linspace(-1.0, 1.0, 14)
    parts = ntk_operator(NETWORK, PARAMS, X1, per_layer=True)
    kernels = sf.empirical_ntk(NETWORK, PARAMS, X1, outputs="full", per_layer=True)
    assert list(parts) == list(kernels) == ["0", "2"]
    for name, part in parts.items():
        np.testing.assert_allclose(part @ v, matrix(kernels[name]) @ v, rtol=1e-11)
    total = kernels["0"] + kernels["2"]
    whole = sf.empirical_ntk(NETWORK, PARAMS, X1, outputs="full")
    np.testing.assert_allclose(total, whole, rtol=1e-12)


def test_the_spectrum_from_products_is_that_of_the_matrix(kernels):
    extremes = sf.core.spectrum.lanczos_extremes(ntk_operator(NETWORK, PARAMS, X1).as_symmetric())
    values = np.linalg.eigvalsh(kernels[0])
    assert extremes.largest.contains(values[-1]) and extremes.smallest.contains(values[0])


def test_products_go_through_the_network_in_blocks_that_fit(kernels):
    v = np.linspace(-1.0, 1.0, 14)
    # Three copies of 18 + 6 + 12 parameters, and three examples.
    example = bytes_per_example(NETWORK.apply, PARAMS, X1)
    assert 8 * (6 + 6 + 6 + 2) <= example <= 8 * 200
    operator = ntk_operator(NETWORK, PARAMS, X1, memory_limit=3 * 8 * 36 + 3 * example)
    assert operator.block == 3
    np.testing.assert_allclose(operator @ v, kernels[0] @ v, rtol=1e-11)
    with pytest.raises(sf.errors.MemoryLimitError, match="room for the gradient and one example"):
        ntk_operator(NETWORK, PARAMS, X1, memory_limit=10)


def test_verdicts_and_vectors_that_do_not_fit_are_refused():
    operator = ntk_operator(NETWORK, PARAMS, X1)
    with pytest.raises(sf.errors.InvalidInputError, match="a vector of length 14"):
        operator @ np.ones(7)
    with pytest.raises(sf.errors.InvalidInputError, match="the kernel of one batch"):
        ntk_operator(NETWORK, PARAMS, X1, X2).as_symmetric()
    narrow = jax.tree.map(lambda p: p.astype(jnp.float32), PARAMS)
    with pytest.raises(sf.errors.InvalidInputError, match="must be asked of a float64 kernel"):
        ntk_operator(NETWORK, narrow, X1.astype(jnp.float32)).as_symmetric()
    frozen = sf.Dense(2, trained=False)
    with pytest.raises(sf.errors.InvalidInputError, match="must have a trained parameter"):
        ntk_operator(frozen, frozen.init(jax.random.key(0), (3,)), X1)


@pytest.mark.parametrize("outputs", ["mean", "full", "per_output"])
def test_a_kernel_in_blocks_is_the_kernel(outputs):
    form = "trace" if outputs == "mean" else outputs
    whole = plan_ntk(NETWORK, PARAMS, X1, form=form)
    limit = whole.bytes - 1
    plan = plan_ntk(NETWORK, PARAMS, X1, form=form, memory_limit=limit)
    assert whole.block == 7 and plan.block == 4 and plan.bytes <= limit
    expected = sf.empirical_ntk(NETWORK, PARAMS, X1, outputs=outputs)
    found = sf.empirical_ntk(NETWORK, PARAMS, X1, outputs=outputs, memory_limit=limit)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_plan_says_how_and_what_it_takes():
    plan = plan_ntk(NETWORK, PARAMS, X1)
    assert plan.route == "layers" and [part.route for part in plan.parts] == ["pairs", "pairs"]
    # 2 n^2 (D + kF), a column of ones for the biases.
    assert plan.operations == 2 * 49 * ((4 + 2 * 6) + (6 + 2 * 2))
    assert plan.result_bytes == 49 * 8 and "0: pairs" in str(plan)
    general = plan_ntk(NETWORK.apply, PARAMS, X1)
    assert general.route == "general"
    assert {part.name: part.route for part in general.parts} == {
        "0/w": "pairs",
        "0/b": "direct",
        "2/w": "pairs",
    }


def test_a_kernel_beyond_memory_says_what_would_fit():
    x = jax.ShapeDtypeStruct((10**6, 3), jnp.float64)

    class Rows:  # the shape is all that a plan asks for
        shape, dtype = x.shape, x.dtype

        def __len__(self):
            return 10**6

    with pytest.raises(sf.errors.MemoryLimitError) as refused:
        plan_ntk(NETWORK.apply, PARAMS, Rows(), memory_limit=2**30)
    message = str(refused.value)
    assert "7.3 TiB" in message and "Every pair of examples has 8 bytes" in message
    assert "Blocks of 4096 x 4096 examples would fit" in message
    with pytest.raises(sf.errors.InvalidInputError, match="a positive number of bytes"):
        sf.empirical_ntk(NETWORK, PARAMS, X1, memory_limit=0)


def test_bad_batches_are_refused():
    for x1, x2, words in (
        (X1, jnp.ones((2, 4)), "batches of examples of one shape"),
        (jnp.ones(()), None, "batches of examples of one shape"),
        (jnp.ones((0, 3)), None, "at least one example"),
        (X1, X2.at[1, 0].set(jnp.nan), r"empirical_ntk\(x2=...\)` must be finite.*1 of 4"),
    ):
        with pytest.raises(sf.errors.InvalidInputError, match=words):
            require_batches("empirical_ntk", x1, x2)


def test_an_equilibrium_that_is_not_found_is_told():
    with pytest.warns(sf.layers.equilibrium.EquilibriumWarning):
        network = sf.Serial(sf.Dense(4), sf.Equilibrium(4, weight_std=3.0), sf.Dense(1))
    params = network.init(jax.random.key(0), (3,))
    with pytest.raises(sf.errors.NumericalError):
        sf.empirical_ntk(network, params, X1)


def test_strips_of_a_triangle_are_the_whole_kernel():
    x = jax.random.normal(jax.random.key(3), (300, 3))
    for outputs in ("mean", "per_output", "full"):
        whole = np.asarray(sf.empirical_ntk(NETWORK, PARAMS, x, outputs=outputs))
        rows = sf.empirical_ntk(NETWORK, PARAMS, x[:7], x, outputs=outputs)
        np.testing.assert_allclose(whole[:7], rows, rtol=1e-11, atol=1e-12)
        turned = whole.transpose((1, 0, 3, 2)[: whole.ndim] if whole.ndim != 3 else (1, 0, 2))
        np.testing.assert_allclose(whole, turned, rtol=1e-12, atol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["trace", "full"])
def test_a_plan_is_not_less_than_what_the_program_takes(form):
    pooled = sf.Serial(sf.Conv(4, 3), sf.Relu(), sf.GlobalAveragePool(), sf.Dense(2))
    dense = sf.Serial(sf.Dense(256), sf.Relu(), sf.Dense(64), sf.Bias(0.1), sf.Relu(), sf.Dense(4))
    for network, shape in ((pooled, (16, 16, 3)), (dense, (64,))):
        params = network.init(jax.random.key(0), shape)
        x = jax.random.normal(jax.random.key(1), (96, *shape))
        run = jax.jit(lambda p, x, n=network: tangent_kernel(n, p, x, None, form))
        taken = run.lower(params, x).compile().memory_analysis()
        bytes_taken = taken.temp_size_in_bytes + taken.output_size_in_bytes
        plan = plan_ntk(network, params, x, form=form)
        assert bytes_taken <= plan.bytes <= 8 * bytes_taken
