"""The implicit network of Ling et al. (2023), recognised in a problem."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from surefit.activations import Relu
from surefit.core.layer import Layer
from surefit.core.precision import float64
from surefit.core.rounding import gram_operator_error
from surefit.core.spectrum import Enclosure, symmetric_spectrum
from surefit.layers import Dense, Equilibrium
from surefit.theory.implicit.memo import per_setting
from surefit.theory.implicit.norms import weight_norm
from surefit.theory.implicit.unwrapping import chain
from surefit.theory.setting import Setting

__all__ = ["LingNetwork", "ling_network", "ling_norms", "state_gram_smallest"]


@dataclasses.dataclass(frozen=True, eq=False)
class LingNetwork:
    r"""$\hat y = a^\top z$ with $z = \sigma(Wz + Ux)$; parameters as in the paper.

    Args:
        hidden: the layer of $U$.
        equilibrium: the layer of $W$.
        output: the layer of $a$.
        W: $m \times m$.
        U: $m \times d$.
        a: $m$.
    """

    hidden: Dense
    equilibrium: Equilibrium
    output: Dense
    W: Float[np.ndarray, "m m"]
    U: Float[np.ndarray, "m d"]
    a: Float[np.ndarray, " m"]

    @property
    def width(self) -> int:
        """$m$."""
        return self.equilibrium.features

    @property
    def layers(self) -> dict[str, Layer]:
        """The layers by the names of their weights."""
        return {"W": self.equilibrium, "U": self.hidden, "a": self.output}

    @property
    def sigma_w_squared(self) -> float:
        r"""$\sigma_w^2$, for entries of $W$ of variance $2\sigma_w^2/m$."""
        return self.equilibrium.weight_std**2 / 2.0

    @property
    def output_scale(self) -> float:
        r"""$\kappa$, for entries of $a$ of variance $\kappa^2/m$."""
        return self.output.weight_std


@per_setting
def ling_network(setting: Setting) -> LingNetwork | str:
    """The network of the paper with the parameters of the start; a sentence where it is another."""
    layers = chain(setting.problem.network, setting.params)
    if tuple(type(layer) for layer, _ in layers) != (Dense, Equilibrium, Dense):
        return "the network is not Dense, Equilibrium, Dense"
    (hidden, u), (implicit, w), (output, a) = layers
    wrong = []
    if type(implicit.activation) is not Relu:
        wrong.append(f"the activation inside is {type(implicit.activation).__name__}, not Relu")
    if hidden.bias_std is not None or output.bias_std is not None:
        wrong.append("there are biases")
    if output.features != 1:
        wrong.append(f"there are {output.features} outputs")
    scaled = [layer.scales(4)[0] != 1.0 for layer in (hidden, implicit, output)]
    wrong += [
        f"the layer multiplies {name} by a factor"
        for name, flag in zip(("U", "W", "a"), scaled, strict=True)
        if flag
    ]
    if wrong:
        return "; ".join(wrong)
    U, W, a = (np.asarray(part["w"], np.float64) for part in (u, w, a))
    return LingNetwork(hidden, implicit, output, W, U, a[0])


@per_setting
def ling_norms(setting: Setting) -> tuple[Enclosure, Enclosure, Enclosure] | None:
    r"""$\|W(0)\|$, $\|U(0)\|$, $\|a(0)\|$; None for other networks."""
    network = ling_network(setting)
    if not isinstance(network, LingNetwork):
        return None
    return tuple(weight_norm(matrix) for matrix in (network.W, network.U, network.a[None, :]))


@per_setting
@float64
def state_gram_smallest(setting: Setting) -> Enclosure | None:
    r"""$\lambda_0 = \lambda_{\min}(G(0))$ of $G = Z^\top Z$, the Gram matrix of the equilibria.

    The error includes that of the equilibria, whose relative residual is $\rho$: at most
    $\rho\|z\|(1 + \|W\|)/(1 - \|W\|)$ each. None for other networks, where $\|W\| \ge 1$ and where
    an equilibrium was not found.

    Cost: the equilibria, $2n^2m$ operations and the spectrum of an $n \times n$ matrix.
    """
    network = ling_network(setting)
    if not isinstance(network, LingNetwork) or not ling_norms(setting)[0].upper < 1.0:
        return None
    x = np.asarray(setting.problem.x) @ network.U.T
    solution = network.equilibrium.solve({"w": jnp.asarray(network.W)}, jnp.asarray(x))
    if not bool(np.all(np.asarray(solution.converged))):
        return None
    z, w = np.asarray(solution.state), ling_norms(setting)[0].upper
    share = float(np.max(np.asarray(solution.residual))) + 2.0**-52 * (network.width + 8)
    share *= (1.0 + w) / (1.0 - w)
    size = float(np.linalg.norm(z))
    error = gram_operator_error(z) + share * (2.0 + share) * size**2
    gram = z @ z.T
    return symmetric_spectrum((gram + gram.T) / 2.0, error, eigenvectors=False).smallest
