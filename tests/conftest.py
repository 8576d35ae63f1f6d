"""Test-time strictness: 64-bit, strict promotion, and shape-checked annotations everywhere."""

import functools
import importlib.util
import inspect
import os
import signal
import sys
import typing

import beartype
import jaxtyping

full_check = jaxtyping.jaxtyped


def check_shapes(function=None, *, typechecker=None):
    """What the import hook puts around every function: the checks of jaxtyping, at less cost.

    `jaxtyped` binds and checks the arguments of each call twice, for the sake of its messages,
    and most calls of the tests are of small functions. Here beartype checks arguments and result
    once, in one context of shapes, and without a context where no annotation speaks of arrays.
    """
    if function is None:
        return functools.partial(check_shapes, typechecker=typechecker)
    if inspect.isclass(function):
        constructor = function.__dict__.get("__init__")
        generated = "__dataclass_fields__" in function.__dict__ and inspect.isfunction(constructor)
        if generated and not hasattr(constructor, "__wrapped__"):
            function.__init__ = check_shapes(constructor)
        return function
    if not inspect.isfunction(function):
        return full_check(function, typechecker=beartype.beartype)
    hints = {name: _hint(hint, function) for name, hint in function.__annotations__.items()}
    arrays = any(map(_speaks_of_arrays, hints.values()))
    if arrays and inspect.isgeneratorfunction(function):
        return full_check(function, typechecker=beartype.beartype)
    function.__annotations__ = hints
    checked = beartype.beartype(function)
    if not arrays:
        return checked

    @functools.wraps(function)
    def within_one_context(*args, **kwargs):
        with full_check("context"):
            return checked(*args, **kwargs)

    return within_one_context


def _hint(hint, function):
    """The annotation behind its text; what only a type checker can import is anything."""

    def holder(value: hint):
        del value

    try:
        return typing.get_type_hints(holder, function.__globals__, include_extras=True)["value"]
    except Exception:
        return typing.Any


def _speaks_of_arrays(hint):
    if inspect.isclass(hint) and issubclass(hint, jaxtyping.AbstractArray):
        return True
    return any(map(_speaks_of_arrays, typing.get_args(hint)))


# Before the first import of the package, so that every annotation of every function is checked.
jaxtyping.jaxtyped = check_shapes
jaxtyping.install_import_hook("surefit", "beartype.beartype")

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")

from pathlib import Path  # noqa: E402

import pytest  # noqa: E402

# Cases that repeat at length what a faster case finds too: one node id a line.
SLOW_CASES = Path(__file__).with_name("slow_cases.txt")

# Most of the time of the fast tests goes into XLA's compilation of programs that run for
# microseconds. Without fused emitters and optimised code it takes a third of the time, and the
# mathematics is the same. Later versions of XLA have no emitters but the fused ones, and stop at
# flags that they do not know.
QUICK_COMPILATION = "--xla_backend_optimization_level=0"
if jax.__version_info__ < (0, 11):
    QUICK_COMPILATION += " --xla_cpu_use_fusion_emitters=false"
QUICK = pytest.StashKey[bool]()


def pytest_configure(config):
    """Compile quickly in the fast tests, and be interrupted by Ctrl-C wherever the tests run.

    Slow tests, and the processes that tests start, compile as users do; so does everything where
    `XLA_FLAGS` is set, if only to nothing. A shell that starts a job in the background lets it
    ignore interrupts, and whatever the job starts.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[QUICK] = config.option.markexpr == "not slow" and "XLA_FLAGS" not in os.environ
    if config.stash[QUICK]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XLA_FLAGS", QUICK_COMPILATION)
            jax.devices()  # starts the backend, which reads the flags


@pytest.fixture(scope="session")
def quick_compilation():
    """The flags with which XLA compiles quickly, for processes that tests start."""
    return QUICK_COMPILATION


@pytest.fixture(scope="module")
def compiled_alike(pytestconfig):
    """From here on the file's processes compile as its tests do: numbers agree bit by bit."""
    with pytest.MonkeyPatch.context() as patch:
        if pytestconfig.stash[QUICK]:
            patch.setenv("XLA_FLAGS", QUICK_COMPILATION)
        yield


# A helper of several folders, importable by name in every mode of pytest.
_spec = importlib.util.spec_from_file_location(
    "format_numbers", Path(__file__).with_name("format_numbers.py")
)
sys.modules[_spec.name] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules[_spec.name])


@pytest.fixture(scope="session")
def stored_runs():
    """The module `stored_runs.py`: small runs written as plain files."""
    spec = importlib.util.spec_from_file_location(
        "stored_runs", Path(__file__).with_name("stored_runs.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the listed cases slow, before slow ones are left out."""
    lines = SLOW_CASES.read_text(encoding="utf-8").splitlines()
    listed = {line for line in lines if line and not line.startswith("#")}
    for item in items:
        if item.nodeid in listed:
            item.add_marker(pytest.mark.slow)


# Linux lets a process have 65530 mapped regions; a compiled program takes about 25 of them, and
# XLA crashes where there is no more.
MANY_REGIONS = 30_000


def pytest_runtest_teardown(item, nextitem):
    """Between files, forget the compiled programs before there are too many of them."""
    if nextitem is not None and nextitem.path == item.path:
        return
    regions = Path("/proc/self/maps")
    if regions.exists() and regions.read_bytes().count(b"\n") > MANY_REGIONS:
        jax.clear_caches()
