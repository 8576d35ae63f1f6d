"""A PyTorch module as a JAX function of its parameters and of a batch."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from surefit.errors import InvalidInputError, MissingDependencyError
from surefit.torch.running import Program

__all__ = ["as_jax", "parameters_of"]


def as_jax(module: Any, x: Any) -> tuple[Callable[[dict[str, Any], Any], Any], dict[str, Any]]:
    """A PyTorch module as `f(params, x)` in JAX, with its parameters.

    The module is exported in evaluation mode by the documented route, `torch.export.export` and
    `run_decompositions`, to a graph of core ATen operations, which is then run with JAX arrays. The
    number of examples stays free. Operations of small networks are known; another one is named in
    the error.

    Args:
        module: with one input, a batch, and one output with a row per example.
        x: a batch of at least two examples whose shape and type are those of the data. Floating
            inputs are exported in the type of the module's parameters.

    Returns:
        The function, and the parameters by the names of `module.named_parameters()` (float64 ones
        stay NumPy arrays where JAX is in float32 mode). Buffers (running means) are part of the
        function, and so are parameters with `requires_grad=False`.

    Raises:
        MissingDependencyError: PyTorch is not installed, or older than 2.6.
        InvalidInputError: the module cannot be exported, or uses an operation that is not known.

    References:
        PyTorch documentation, torch.export: `export`, `ExportedProgram.run_decompositions`,
        `graph_signature`; core ATen operators in "IRs".

    Example:
        `function, params = sf.torch.as_jax(module, x)`, then `sf.empirical_ntk(function, params,
        x)` and everything else that takes a function.
    """
    torch = _torch()
    _require_module(torch, module)
    batch = _example(torch, module, x)
    program = _exported(torch, module, batch)
    signature = program.graph_signature
    state = {**program.state_dict, **program.constants}
    fixed, names = {}, {}
    moving = {name for name, value in module.named_parameters() if value.requires_grad}
    for node, name in {
        **signature.inputs_to_parameters,
        **signature.inputs_to_buffers,
        **signature.inputs_to_lifted_tensor_constants,
    }.items():
        if name in moving:
            names[node] = name
        else:
            fixed[node] = _array(state[name])
    params = {name: _as_leaf(state[name]) for name in names.values()}
    found = Program(program.graph, names, fixed, tuple(signature.user_inputs))
    _require_runs(found, params, batch)
    return found, params


def parameters_of(module: Any) -> dict[str, Any]:
    """The parameters of a module as they are now, in the form that `as_jax` returns them.

    Args:
        module: the one that was exported, after some training, say.
    """
    return {name: _as_leaf(p) for name, p in module.named_parameters() if p.requires_grad}


def _torch() -> Any:
    try:
        import torch
    except ImportError as cause:
        raise MissingDependencyError(
            "`as_jax(module=...)` must find PyTorch. Got no module named torch. It exports the "
            "graph. Install it with `pip install 'surefit[torch]'`."
        ) from cause
    if not hasattr(torch, "export") or _version(torch.__version__) < (2, 6):
        raise MissingDependencyError(
            f"`as_jax(module=...)` must find PyTorch 2.6 or newer. Got {torch.__version__}. Older "
            "ones export other graphs. Install it with `pip install 'surefit[torch]'`."
        )
    return torch


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")[:2]
    return int(major), int(minor)


def _require_module(torch: Any, module: Any) -> None:
    if not isinstance(module, torch.nn.Module):
        raise InvalidInputError(
            f"`as_jax(module=...)` must be a `torch.nn.Module`. Got {type(module).__name__}. Its "
            "parameters are asked for by name. Wrap a function in a module with a `forward`."
        )


def _example(torch: Any, module: Any, x: Any) -> Any:
    x = np.asarray(x)
    if x.ndim == 0 or not len(x):
        raise InvalidInputError(
            f"`as_jax(x=...)` must hold at least one example along its first axis. Got shape "
            f"{x.shape}. The graph is traced for examples of its shape. Pass a few rows of data."
        )
    # Sizes 0 and 1 are treated as constants by the exporter.
    rows = np.resize(x, (2, *x.shape[1:])) if len(x) == 1 else x[:2]
    batch = torch.from_numpy(np.array(rows))
    own = next((p.dtype for p in module.parameters() if p.is_floating_point()), torch.float32)
    return batch.to(own) if batch.is_floating_point() else batch


def _exported(torch: Any, module: Any, batch: Any) -> Any:
    training = module.training
    module.eval()
    try:
        # Types that PyTorch itself deprecates are not the user's business.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            free = torch.export.Dim.AUTO
            program = torch.export.export(module, (batch,), dynamic_shapes=({0: free},))
            return program.run_decompositions()
    except Exception as cause:  # whatever the module or the exporter raises
        lines = str(cause).strip().splitlines()
        raise InvalidInputError(
            "`as_jax(module=...)` must be a module that `torch.export.export` takes, with one "
            f"batch as its input. Got {type(cause).__name__}: {lines[0] if lines else ''} Branches "
            "on the values of tensors cannot be exported. Write them with `torch.where`, or wrap "
            "the module so that its forward takes a batch only."
        ) from cause
    finally:
        module.train(training)


def _require_runs(program: Program, params: dict[str, Any], batch: Any) -> None:
    """Trace once, so that what cannot be run is said here."""
    try:
        jax.eval_shape(program, params, batch.numpy())
    except InvalidInputError:
        raise
    except Exception as cause:  # an operation with arguments that were not foreseen
        raise InvalidInputError(
            "`as_jax(module=...)` must use operations as they are known here. Got "
            f"{type(cause).__name__}: {cause}. The graph is run operation by operation in JAX. "
            "Write that part of the module in other words, or the network in JAX."
        ) from cause


def _as_leaf(tensor: Any) -> Any:
    value = _array(tensor)
    wide = value.dtype.itemsize == 8 and not jax.config.jax_enable_x64
    return value if wide else jnp.asarray(value)


def _array(tensor: Any) -> np.ndarray:
    import torch

    value = tensor.detach().cpu()
    if value.dtype in (torch.bfloat16, torch.float16):
        value = value.to(torch.float32)
    return value.numpy().copy()
