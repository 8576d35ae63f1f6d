r"""The tangent kernel of the deep ReLU network in the limit of infinite width, layer by layer."""

from __future__ import annotations

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.activations.arc_cosine import rectifier_dual, step_dual
from surefit.core.precision import float64
from surefit.core.rounding import UNIT_ROUNDOFF
from surefit.core.spectrum import Spectrum, symmetric_spectrum

__all__ = ["LayerKernels", "layer_kernels"]


@dataclasses.dataclass(frozen=True, eq=False)
class LayerKernels:
    r"""$\hat K_1, \dots, \hat K_L$ without their factor $\frac{m}{2d}$.

    Args:
        layers: shape (L, n, n); the diagonal is $\|x_i\|^2$.
    """

    layers: Float[np.ndarray, "layers n n"]

    @property
    def total(self) -> Float[np.ndarray, "n n"]:
        r"""$\hat K = \sum_\ell\hat K_\ell$."""
        return self.layers.sum(axis=0)

    def spectrum(self, layer: int | None = None) -> Spectrum:
        r"""Of $\hat K_\ell$, $\ell$ = `layer` $\ge 1$, or of $\hat K$; 256 roundings an entry."""
        kernel = self.total if layer is None else self.layers[layer - 1]
        error = 256.0 * UNIT_ROUNDOFF * float(np.linalg.norm(kernel))
        return symmetric_spectrum((kernel + kernel.T) / 2.0, error, eigenvectors=False)


@float64
def layer_kernels(x: Float[np.ndarray, "n d"], depth: int) -> LayerKernels:
    r"""What $W_\ell$ alone contributes to the tangent kernel of `models.fully_connected`.

    With $\kappa_0(\rho) = (\pi-\arccos\rho)/\pi$ and $\kappa_1(\rho) = (\sqrt{1-\rho^2} +
    \rho(\pi-\arccos\rho))/\pi$, $\Sigma_0 = \kappa_1(\langle x, x'\rangle)$ and $\Sigma_\ell =
    \kappa_1(\Sigma_{\ell-1})$ for inputs of unit norm:

    $$K_\ell = \frac{m}{2d}\hat K_\ell,\qquad
    \hat K_\ell = \Sigma_{\ell-1}\prod_{k=\ell}^L\kappa_0(\Sigma_{k-1}).$$

    Different outputs share nothing. For $n$ samples and the residual $e_r$ of output $r$,
    $\|\nabla_{W_\ell}F\|_F^2 \to \sum_re_r^\top K_\ell e_r$: with $\operatorname{tr}\hat K_\ell =
    n$ it is at most $\frac{nm}{d}F$, and at least $\frac md\lambda_{\min}(\hat K_\ell)F$.

    Args:
        x: inputs, one per row.
        depth: $L$.

    Cost: $3L$ matrices of $n^2$ entries.

    References:
        Arora, Du, Hu, Li, Salakhutdinov, Wang (2019), On exact computation with an infinitely wide
        neural net, section 3.1 (the recursion); first and last layer fixed here.
    """
    return LayerKernels(np.asarray(_layers(jnp.asarray(x, jnp.float64), depth)))


@partial(jax.jit, static_argnames="depth")
def _layers(rows: Float[Array, "n d"], depth: int) -> Float[Array, "layers n n"]:
    gram = rows @ rows.T
    squares = jnp.diagonal(gram)
    first, second = jnp.broadcast_arrays(squares[:, None], squares[None, :])

    def kappa_1(sigma: Float[Array, "n n"]) -> Float[Array, "n n"]:
        value = 2.0 * rectifier_dual(sigma, first, second)
        # The diagonal is known exactly.
        return jnp.where(jnp.eye(len(rows), dtype=bool), first, value)

    sigmas, slopes = [kappa_1(gram)], []
    for _ in range(depth):
        slopes.append(2.0 * step_dual(sigmas[-1], first, second))
        sigmas.append(kappa_1(sigmas[-1]))
    found, product = [], jnp.ones_like(gram)
    for layer in range(depth, 0, -1):
        slope = jnp.where(jnp.eye(len(rows), dtype=bool), 1.0, slopes[layer - 1])
        product = product * slope
        found.insert(0, sigmas[layer - 1] * product)
    return jnp.stack(found)
