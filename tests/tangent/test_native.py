"""The machine in C: every operation and variant, whole kernels, and what happens without it."""

import ctypes

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import surefit as sf
from surefit.activations.arc_cosine import rectified
from surefit.tangent import vectors
from surefit.tangent.formulas import formula
from surefit.tangent.formulas.graph import COLUMN, PAIR, ROW, Graph, evaluate
from surefit.tangent.formulas.trace import UnknownFormulaError, trace
from surefit.tangent.native import library as native
from surefit.tangent.native.fill import fill, values_of
from surefit.tangent.native.library import Library, library, missing
from surefit.tangent.native.program import arctangent, compiled

needs_machine = pytest.mark.skipif(library() is None, reason="no C compiler when installed")
# Not multiples of anything, more than a chunk of columns and more than a tile of rows.
N, M = 301, 139


def variants():
    """The machine by each set of processor instructions that runs here."""
    found = ctypes.CDLL(str(native.FOLDER / native.FILE))
    for level, name in native.LEVELS:
        if level <= found.surefit_level() and hasattr(found, f"surefit_f64_{name}"):
            yield name, Library(native.functions(found, level), library().operations)


def formulas(graph):
    """One of every operation, with one number on either side where the operation has two."""
    p, row = graph.input("product", PAIR), graph.input("row", ROW)
    column, do = graph.input("column", COLUMN), graph.apply
    for name in ("add", "sub", "mul", "div", "max", "min", "lt", "le", "gt", "ge", "eq", "ne"):
        yield do(name, p, row)
        yield do(name, row, p)
        yield do(name, column, p)
        yield do(name, graph.constant(0.25), p)
    positive, small = do("gt", p, column), do("lt", do("abs", p), row)
    yield from (do("and", positive, small), do("or", positive, small), do("not", positive))
    yield from (do("neg", p), do("sqrt", do("abs", p)), do("atan", p))
    yield do("atan", do("mul", p, graph.constant(1e4)))
    yield do("add", do("mul", row, p), column)
    yield do("sub", row, do("mul", p, p))
    yield do("select", small, do("mul", row, graph.constant(3.0)), p)
    yield do("select", do("lt", row, graph.constant(0.5)), p, column)
    yield do("add", row, column)


@needs_machine
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_operation_of_every_variant_is_that_of_numpy(dtype):
    rng = np.random.default_rng(1)
    y1, y2 = (rng.standard_normal((n, 3)).astype(dtype) for n in (N, M))
    given = {"row": rng.random(N).astype(dtype), "column": rng.random(M).astype(dtype)}
    graph = Graph()
    wanted = list(formulas(graph))
    due = evaluate(
        wanted,
        {"product": y1 @ y2.T, "row": given["row"][:, None], "column": given["column"][None, :]},
        dtype,
    )
    for name, machine in variants():
        for k in range(0, len(wanted), 2):
            pair = wanted[k : k + 2]
            program = compiled(pair, None, graph.input("product", PAIR), dtype, machine.operations)
            rows = np.ascontiguousarray(values_of(program.rows, given, N, dtype).T)
            columns = values_of(program.columns, given, M, dtype)
            found, _ = fill(machine, program, y1, y2, rows, columns, False)
            for node, value, exact in zip(pair, found, due[k : k + 2], strict=True):
                np.testing.assert_allclose(
                    value,
                    np.broadcast_to(exact, value.shape),
                    rtol=0 if exact.dtype == bool else 40 * np.finfo(dtype).eps,
                    atol=2 * np.finfo(dtype).eps,
                    err_msg=f"{name}: {node.name}",
                )


@needs_machine
def test_polynomials_of_either_sign_and_rule():
    rng = np.random.default_rng(2)
    y1, y2 = rng.uniform(-1, 1, (N, 1)), rng.uniform(-1, 1, (M, 1))
    x, pair = y1 @ y2.T, (tuple(rng.standard_normal(7)), tuple(rng.standard_normal(7)))
    for name, machine in variants():
        for rule, value in (
            ("horner", np.polynomial.polynomial.polyval),
            ("clenshaw", np.polynomial.chebyshev.chebval),
        ):
            for border in (0.0, -2.0, 2.0):
                graph = Graph()
                p = graph.input("product", PAIR)
                other = graph.apply("gt", p, graph.constant(border))
                node = graph.polynomial(p, other, pair, rule)
                program = compiled([node], None, p, "float64", machine.operations)
                empty = np.empty((N, 0)), np.empty((0, M))
                (found,), _ = fill(machine, program, y1, y2, *empty, False)
                exact = np.where(x > border, value(x, pair[1]), value(x, pair[0]))
                np.testing.assert_allclose(found, exact, rtol=0, atol=1e-14, err_msg=name)


def test_arctangent_has_the_precision_of_its_numbers():
    x = np.linspace(1e-3, 1, 200)
    value = x * np.polynomial.polynomial.polyval(x * x, arctangent("float64"))
    exact = np.array([float(mpmath.atan(v)) for v in x])
    np.testing.assert_allclose(value, exact, rtol=5e-16)


RESIDUAL = sf.Residual(sf.Serial(sf.LeakyRelu(0.2), sf.Dense(8, bias_std=0.1)), 0.5)
NETWORKS = {
    "relu": (sf.Dense(8, 2**0.5, 0.3), sf.Relu()) * 2,
    "gelu": (sf.Dense(8, 2**0.5, 0.3), sf.Gelu()) * 2,
    "erf": (sf.Dense(8, 2**0.5, 0.3), sf.Erf()) * 2,
    "residual": (sf.Dense(8), RESIDUAL, sf.Quadratic(), sf.Dense(8, 0.7), sf.Erf()),
    "homogeneous": (sf.Dense(8), sf.Residual(sf.Serial(sf.Relu(), sf.Dense(8))), sf.LeakyRelu(0.1)),
}


def batch(offset=0.0):
    """Random rows, close pairs, an equal pair, a zero row, an opposite pair."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((N, 11)) + offset
    x[200:220] = x[:20] * (1 + 1e-9 * rng.standard_normal((20, 11)))
    x[230], x[231], x[240] = x[229], 0.0, -x[239]
    return x


@needs_machine
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("offset", [0.0, 5.0])
def test_whole_kernels_are_those_of_the_formula_and_symmetric_bit_by_bit(name, offset):
    network, x = sf.Serial(*NETWORKS[name], sf.Dense(1)), batch(offset)
    kernel = sf.limit_kernel(network, jnp.asarray(x))
    assert "compiled routine" in kernel.route and "(no" not in kernel.route
    other = sf.limit_kernel(network, jnp.asarray(x[:130]), jnp.asarray(x[100:]))
    due = vectors._recursion(network, x, x)
    for kind in ("nngp", "ntk"):
        matrix, part = np.asarray(getattr(kernel, kind)), np.asarray(getattr(other, kind))
        np.testing.assert_array_equal(matrix, matrix.T)
        assert matrix[229, 230] == matrix[229, 229] == matrix[230, 230]
        size = np.abs(due[kind]).max()
        # Rounded products of far pairs; pairs as close as 1e-9 lose nothing.
        np.testing.assert_allclose(matrix, due[kind], rtol=1e-12, atol=1e-14 * size)
        np.testing.assert_allclose(part, due[kind][:130, 100:], rtol=1e-12, atol=1e-14 * size)
    np.testing.assert_allclose(np.diagonal(kernel.nngp), kernel.variance1, rtol=1e-14)
    np.testing.assert_allclose(other.variance2, kernel.variance1[100:], rtol=1e-14)


def test_small_batches_have_nothing_to_compile():
    network = sf.Serial(*NETWORKS["relu"], sf.Dense(1))
    assert sf.limit_kernel(network, jnp.ones((1, 5))).route == "recursion"


@needs_machine
def test_one_row_and_many(monkeypatch):
    monkeypatch.setattr(vectors, "FEW", 0)
    network, x = sf.Serial(*NETWORKS["erf"], sf.Dense(1)), batch()
    whole = sf.limit_kernel(network, jnp.asarray(x))
    one = sf.limit_kernel(network, jnp.asarray(x[:1]))
    line = sf.limit_kernel(network, jnp.asarray(x[:1]), jnp.asarray(x), get="ntk")
    assert "compiled routine" in one.route and line.nngp is None
    np.testing.assert_allclose(one.ntk, whole.ntk[:1, :1], rtol=1e-14)
    np.testing.assert_allclose(line.ntk, whole.ntk[:1], rtol=1e-12)


def test_formulas_of_other_functions_are_not_made_up():
    with pytest.raises(UnknownFormulaError, match="exp"):
        trace(lambda x: 2 * jnp.exp(x), "float64", {"x": PAIR})
    with pytest.raises(UnknownFormulaError, match="reduce_sum"):
        trace(lambda x: x + jnp.sum(x), "float64", {"x": PAIR})
    with pytest.raises(UnknownFormulaError, match="transpose"):
        trace(lambda x: x.T, "float64", {"x": PAIR})
    assert (
        formula(sf.Serial(sf.Dense(8, bias_std=1.0), sf.Sin(), sf.Dense(1)), 5, "float64") is None
    )


def test_a_function_with_the_name_of_an_operation_is_read_as_it_is():
    import jax

    @jax.jit
    def gap(a, b, c):
        return a + b * c

    _, own = trace(lambda x, y: gap(x, y[None, :], y[None, :]), "float64", {"x": PAIR, "y": COLUMN})
    assert own.name == "add"

    def dual(c, s, t, d):
        s, t = s[:, None], t[None, :]
        return rectified(c, s, t, s, t, 1 / s, 1 / t, d)

    kinds = {"c": PAIR, "s": ROW, "t": COLUMN, "d": PAIR}
    assert [node.name for node in trace(dual, "float64", kinds)[1]] == ["rectified"] * 3


def test_layers_that_the_machine_does_not_know_go_by_xla(monkeypatch):
    network = sf.Serial(sf.Dense(8, bias_std=1.0), sf.Sin(), sf.Dense(1))
    kernel = sf.limit_kernel(network, jnp.asarray(batch()[:129, :3]))
    assert "layers it does not know" in kernel.route or library() is None


def test_a_library_of_other_sources_is_not_used(monkeypatch):
    if library() is None:
        pytest.skip("no C compiler when installed")
    monkeypatch.setattr(native, "stamp", lambda: "0" * 16)
    native._loaded.cache_clear()
    try:
        assert library() is None and "install surefit again" in missing()
    finally:
        native._loaded.cache_clear()


def test_without_a_file_and_without_wish(monkeypatch, tmp_path):
    monkeypatch.setenv("SUREFIT_NATIVE", "0")
    assert library() is None and missing() == "SUREFIT_NATIVE=0"
    monkeypatch.delenv("SUREFIT_NATIVE")
    monkeypatch.setattr(native, "FILE", "nothing.so")
    native._loaded.cache_clear()
    try:
        assert library() is None and "without a C compiler" in missing()
    finally:
        native._loaded.cache_clear()


def test_the_build_without_a_compiler_makes_nothing(tmp_path, monkeypatch):
    import importlib.util

    root = native.FOLDER.parents[3]
    if not (root / "hatch_build.py").exists():
        pytest.skip("not a checkout")
    pytest.importorskip("hatchling")
    spec = importlib.util.spec_from_file_location("hatch_build", root / "hatch_build.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    assert build.LIBRARY == native.FILE and build.SOURCES == native.SOURCES
    for compiler in ("/nonexistent", "false"):
        monkeypatch.setenv("CC", compiler)
        assert build.compiled(native.FOLDER, tmp_path) is None
