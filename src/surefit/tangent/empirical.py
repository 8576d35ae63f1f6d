"""The empirical tangent kernel, as users ask for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.arguments import require_instance
from surefit.core.layer import Layer, Params
from surefit.core.own_params import explained
from surefit.tangent.asked import Asked, require_batches, understood
from surefit.tangent.blockwise import in_blocks
from surefit.tangent.gram import gradient_parts, tangent_kernel
from surefit.tangent.moving import unwrapped
from surefit.tangent.plan import plan_ntk
from surefit.tangent.products import by_name, summed
from surefit.tangent.walk import factorises

__all__ = ["empirical_ntk"]

_NETWORK = "a layer or a function"
Outputs = Literal["mean", "trace", "per_output", "full"] | int
Kernels = Float[Array, "n1 n2"] | Float[Array, "n1 n2 k"] | Float[Array, "n1 n2 k k"]


def empirical_ntk(
    network: Layer | Callable,
    params: Params,
    x1: Any,
    x2: Any = None,
    outputs: Outputs = "mean",
    *,
    per_layer: bool = False,
    memory_limit: int | None = None,
) -> Kernels | dict[str, Kernels]:
    r"""$\langle\nabla f(x_i), \nabla f(x'_j)\rangle$ over the trained parameters.

    Gradients are not formed where their inner products can be had from two factors: of a dense
    layer $(HH'^\top)\circ(GG'^\top)$. That holds for the library's layers, equilibria included, and
    for products, convolutions and look-ups in any JAX function; the gradients of other parameters
    (biases, gains) are formed. `surefit.tangent.plan_ntk` shows the route of every part.

    Args:
        network: a layer, or any function `f(params, x) -> (n, ...)` of a batch that treats every
            example for itself; all floating arrays in the parameters of a function count as
            trained.
        params: its parameters, any pytree.
        x1: first batch.
        x2: second batch; None: the first again, and one triangle is computed.
        outputs: `full` gives every pair of outputs as trailing axes; `per_output` their diagonal;
            `trace` its sum; `mean` its mean, which is what the limit kernel is the limit of; a
            number picks one output.
        per_layer: a dictionary of the contributions of the layers (of a function: of the
            parameters under one name), which add up to the kernel.
        memory_limit: bytes that may be used; None: what is available. The kernel is computed in
            blocks of examples that fit.

    Returns:
        Shape (n1, n2), for `per_output` (n1, n2, k), for `full` (n1, n2, k, k), in the precision of
        the parameters.

    Raises:
        InvalidInputError: `outputs` is none of the above, the batches do not match or are not
            finite.
        MemoryLimitError: not even one pair of examples, or the result, has room.

    Cost:
        One forward and k backward passes; the Gram matrices see `surefit.tangent.routes`, by half
        less where x2 is None. For dense layers of width m and outputs k, $2n_1n_2m(1+c)$ operations
        per layer, with $c = k$, for `full` $k^2$.

    References:
        Jacot, Gabriel, Hongler (2018), section 4. Factors: Novak, Sohl-Dickstein, Schoenholz
        (2022), arXiv 2206.08720, section 3.

    Example:
        >>> import jax
        >>> import surefit as sf
        >>> network = sf.Serial(sf.Dense(64), sf.Relu(), sf.Dense(2))
        >>> x = jax.random.normal(jax.random.key(0), (5, 3))
        >>> params = network.init(jax.random.key(1), (3,))
        >>> sf.empirical_ntk(network, params, x, outputs="full").shape
        (5, 5, 2, 2)
    """
    x1, x2 = require_batches("empirical_ntk", x1, x2)
    advice = "It maps parameters and a batch to outputs. Write `sf.Serial(...)` or a function."
    require_instance("`empirical_ntk(network=...)`", network, Callable | Layer, _NETWORK, advice)
    if isinstance(network, Layer):
        network.output_shape(x1.shape[1:])
        with explained("empirical_ntk", network, params, x1.shape[1:]):
            return _kernels(network, params, x1, x2, outputs, per_layer, memory_limit)
    return _kernels(network, params, x1, x2, outputs, per_layer, memory_limit)


def _kernels(
    network: Layer | Callable,
    params: Params,
    x1: Array,
    x2: Array | None,
    outputs: Outputs,
    per_layer: bool,
    memory_limit: int | None,
) -> Kernels | dict[str, Kernels]:
    network, params = unwrapped(network, params)
    apply = network.apply if isinstance(network, Layer) else network
    asked = understood(outputs, eqx.filter_eval_shape(apply, params, x1))
    plan = plan_ntk(network, params, x1, x2, asked.form, asked.only, memory_limit)

    def compute(a: Array, b: Array | None) -> Kernels | dict[str, Kernels]:
        return _compiled(network, params, a, b, asked, per_layer)

    found = in_blocks(compute, x1, x2, plan.block)
    _require_solved(network, params, x1, x2, found)
    return found


@eqx.filter_jit
def _compiled(
    network: Layer | Callable,
    params: Params,
    x1: Array,
    x2: Array | None,
    asked: Asked,
    per_layer: bool,
) -> Kernels | dict[str, Kernels]:
    # Accelerators round factors of products to few bits unless told otherwise.
    with jax.default_matmul_precision("highest"):
        if not per_layer:
            kernel = tangent_kernel(network, params, x1, x2, asked.form, asked.only)
            return asked.finish(kernel)
        first = gradient_parts(network, params, x1, asked.only)
        second = None if x2 is None else gradient_parts(network, params, x2, asked.only)
        whole = isinstance(network, Layer) and factorises(network, params)
        found = {}
        for name, chosen in by_name(first, whole=whole).items():
            others = None if second is None else [second[i] for i in chosen]
            found[name] = asked.finish(summed([first[i] for i in chosen], others, asked.form))
        return found


def _require_solved(
    network: Layer | Callable, params: Params, x1: Array, x2: Array | None, found: Any
) -> None:
    """Let an equilibrium that was not found say so: in compiled code it can only be NaN."""
    kernels = jax.tree.leaves(found)
    if not isinstance(network, Layer) or not kernels:
        return
    try:
        missing = any(
            bool(jnp.isnan(kernel[0]).any()) or bool(jnp.isnan(kernel[:, 0]).any())
            for kernel in kernels
        )
    except jax.errors.ConcretizationTypeError:
        return
    if missing:
        for x in (x1, x2):
            if x is not None:
                network.apply(params, x)
