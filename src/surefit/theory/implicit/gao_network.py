"""The implicit network of Gao et al. (2022), recognised in a problem."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from jaxtyping import Float

from surefit.activations import Relu
from surefit.core.layer import Layer
from surefit.layers import Dense, Equilibrium, Sum
from surefit.theory.implicit.memo import per_setting
from surefit.theory.implicit.unwrapping import chain
from surefit.theory.setting import Setting

__all__ = ["GaoNetwork", "gao_network"]


@dataclasses.dataclass(frozen=True, eq=False)
class GaoNetwork:
    r"""$\hat y = u^\top z + v^\top\phi$, $z = \sigma(\frac\gamma{\sqrt m}Az + \phi)$.

    $\phi = \frac1{\sqrt m}\sigma(Wx)$; parameters as in the paper.

    Args:
        hidden: the layer of $W$.
        equilibrium: the layer of $A$.
        of_state: the layer of $u$.
        of_features: the layer of $v$.
        W: $m \times d$.
        A: $m \times m$.
        u: $m$.
        v: $m$.
    """

    hidden: Dense
    equilibrium: Equilibrium
    of_state: Dense
    of_features: Dense
    W: Float[np.ndarray, "m d"]
    A: Float[np.ndarray, "m m"]
    u: Float[np.ndarray, " m"]
    v: Float[np.ndarray, " m"]

    @property
    def width(self) -> int:
        """$m$."""
        return self.equilibrium.features

    @property
    def gamma(self) -> float:
        r"""$\gamma$."""
        return self.equilibrium.weight_std

    @property
    def layers(self) -> dict[str, Layer]:
        """The layers by the names of their weights."""
        return {
            "W": self.hidden,
            "A": self.equilibrium,
            "u": self.of_state,
            "v": self.of_features,
        }

    @property
    def sign_defect(self) -> float:
        r"""$\max_r |\,|u_r| - 1|$ over both vectors: 0 if all output weights are $\pm1$."""
        return float(np.max(np.abs(np.abs(np.concatenate([self.u, self.v])) - 1.0)))

    @property
    def output_norm(self) -> float:
        r"""$\max(\|u\|, \|v\|)/\sqrt m$."""
        largest = max(np.linalg.norm(self.u), np.linalg.norm(self.v))
        return float(largest) / math.sqrt(self.width)


@per_setting
def gao_network(setting: Setting) -> GaoNetwork | str:
    """The network of the paper with the parameters of the start; a sentence where it is another."""
    layers = chain(setting.problem.network, setting.params)
    kinds = tuple(type(layer) for layer, _ in layers)
    if kinds == (Dense, Relu, Equilibrium, Dense):
        return "the skip term v^T phi is missing; its Gram matrix is what the proof rests on"
    if kinds != (Dense, Relu, Sum) or len(layers[2][0].branches) != 2:
        return "the network is not Dense, Relu, Sum(Serial(Equilibrium, Dense), Dense)"
    (hidden, own), _, (both, params) = layers
    branches = sorted(
        (chain(branch, part) for branch, part in zip(both.branches, params, strict=True)),
        key=len,
        reverse=True,
    )
    found = [[type(layer) for layer, _ in branch] for branch in branches]
    if found != [[Equilibrium, Dense], [Dense]]:
        return "the branches of the sum are not Serial(Equilibrium, Dense) and Dense"
    ((implicit, a), (of_state, u)), ((of_features, v),) = branches
    wrong = _scalings(hidden, implicit, (of_state, of_features))
    if wrong:
        return "; ".join(wrong)
    arrays = (np.asarray(part["w"], np.float64) for part in (own, a, u, v))
    W, A, u, v = arrays  # the paper's names
    return GaoNetwork(hidden, implicit, of_state, of_features, W, A, u[0], v[0])


def _scalings(hidden: Dense, implicit: Equilibrium, outputs: tuple[Dense, Dense]) -> list[str]:
    wrong = []
    if type(implicit.activation) is not Relu:
        wrong.append(f"the activation inside is {type(implicit.activation).__name__}, not Relu")
    if any(layer.bias_std is not None for layer in (hidden, *outputs)):
        wrong.append("there are biases")
    if any(layer.features != 1 for layer in outputs):
        wrong.append(f"there are {outputs[0].features} outputs")
    # At any width, as tables of parameterisations agree by accident at width 1.
    scales = [layer.scales(4)[0] for layer in (hidden, implicit, *outputs)]
    due = [1.0, implicit.weight_std / 2.0, 0.5, 0.5]
    names = ("1 before W", "gamma/sqrt(m) before A", "1/sqrt(m) before u", "1/sqrt(m) before v")
    wrong += [f"the factor is not {name}" for s, t, name in zip(scales, due, names, strict=True)
              if not math.isclose(s, t, rel_tol=1e-15)]  # fmt: skip
    return wrong
