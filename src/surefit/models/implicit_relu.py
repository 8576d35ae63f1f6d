"""The implicit ReLU network of Gao et al. and its variants."""

from __future__ import annotations

from typing import Literal

from surefit.activations import Relu
from surefit.core.layer import Layer
from surefit.errors import UnknownNameError
from surefit.implicit import Picard, Solver
from surefit.layers import Dense, Equilibrium, Serial, Sum

__all__ = ["implicit_relu"]

Trained = Literal["all", "implicit"]


def implicit_relu(
    width: int = 512,
    gamma: float = 0.1,
    *,
    skip: bool = True,
    distribution: Literal["gaussian", "rademacher", "uniform"] = "gaussian",
    implicit_distribution: Literal["gaussian", "rademacher", "uniform", "non_negative"]
    | None = None,
    trained: Trained = "all",
    output_scale: float = 1.0,
    solver: Solver | None = None,
    norm_bound: float | None = None,
) -> Layer:
    r"""$\hat y = u^\top z + v^\top\phi$ with $z = \sigma(\frac{\gamma}{\sqrt m}Az + \phi)$.

    $\phi = \frac{1}{\sqrt m}\sigma(Wx)$ and $\sigma$ the rectifier; entries of $A$ and $W$ are
    standard normal, those of $u$ and $v$ are $\pm1$. The layers compute $h = \sqrt m\,z$ and
    $\sqrt m\,\phi$, and divide at the output: the rectifier is homogeneous, so that function,
    parameters and gradients are those of the paper.

    Args:
        width: $m$.
        gamma: $\gamma$; below 1/2 the equilibrium exists for every input if the network is wide.
        skip: whether there is the term $v^\top\phi$.
        distribution: of the entries of $W$ and (unless given) of $A$; variance 1.
        implicit_distribution: of the entries of $A$ alone; `non_negative` has the operator norm
            $\gamma$ instead of $2\gamma$.
        trained: `all` weights, or only those inside the equilibrium (`implicit`).
        output_scale: $\kappa$, in front of $u$ and $v$.
        solver: how the equilibrium is found; None: `Picard()`.
        norm_bound: keeps $\frac{\gamma}{\sqrt m}\|A\|$ below this number while training, by
            rescaling; see `Equilibrium`. The theorems are about training without it.

    Raises:
        InvalidInputError: `gamma` or `width` is out of range.
        UnknownNameError: a name is not known.

    References:
        Gao, Liu, Liu, Rajan, Gao (2022), A global convergence theory for deep ReLU implicit
        networks via over-parameterization, equations (1)-(4), Assumption 1, Remark 2.1. A-only
        training is the subject of arXiv 2209.15562, non-negative weights that of arXiv 2205.07463;
        their exact scalings are not reproduced here.
    """
    if trained not in Trained.__args__:
        raise UnknownNameError("`implicit_relu(trained=...)`", trained, Trained.__args__)
    every = trained == "all"
    hidden = Dense(width, parameterisation="unscaled", distribution=distribution, trained=every)
    implicit = Equilibrium(
        width,
        Relu(),
        gamma,
        distribution=implicit_distribution or distribution,
        solver=solver if solver is not None else Picard(),
        norm_bound=norm_bound,
    )

    def output() -> Dense:
        return Dense(1, output_scale, distribution="rademacher", trained=every)

    through = Serial(implicit, output())
    if not skip:
        return Serial(hidden, Relu(), *through.layers)
    return Serial(hidden, Relu(), Sum(through, output()))
