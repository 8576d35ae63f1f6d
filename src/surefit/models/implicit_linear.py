"""Implicit networks with a linear injection: Ling et al., and any activation."""

from __future__ import annotations

import math

from surefit.activations import Activation, Relu
from surefit.core.layer import Layer
from surefit.errors import InvalidInputError
from surefit.implicit import Picard, Solver
from surefit.layers import Dense, Equilibrium, Serial

__all__ = ["implicit_linear", "ling"]


def implicit_linear(
    width: int = 512,
    weight_std: float = 0.25,
    *,
    outputs: int = 1,
    activation: Activation | None = None,
    input_std: float = 1.0,
    bias_std: float | None = None,
    unit_inputs: int | None = None,
    solver: Solver | None = None,
) -> Layer:
    r"""$f = a^\top h/\sqrt m$ with an implicit layer of any activation.

    $$h = \phi\Big(\frac{\sigma_W}{\sqrt m}Wh + \frac{\sigma_U}{\sqrt d}Ux + \sigma_b b\Big).$$

    All entries are standard normal.

    Args:
        width: $m$.
        weight_std: $\sigma_W$; $2\sigma_WL_\phi < 1$ is a contraction for wide networks.
        outputs: number of outputs.
        activation: $\phi$; None: ReLU.
        input_std: $\sigma_U$.
        bias_std: $\sigma_b$; None: no bias.
        unit_inputs: the number $d$ of coordinates of inputs of norm 1, which then enter as
            $\sigma_U Ux$; None: inputs of norm $\sqrt d$.
        solver: how the equilibrium is found; None: `Picard()`.

    References:
        Feng, Kolter (2023), arXiv 2310.14062; Gao, Sun, Liu, Gao (2023), arXiv 2310.10767.
    """
    scale = 1.0 if unit_inputs is None else math.sqrt(unit_inputs)
    return Serial(
        Dense(width, scale * input_std, bias_std),
        Equilibrium(
            width,
            activation if activation is not None else Relu(),
            weight_std,
            solver=solver if solver is not None else Picard(),
        ),
        Dense(outputs),
    )


def ling(
    width: int = 512,
    weight_variance: float = 0.08,
    *,
    output_scale: float = 1.0,
    solver: Solver | None = None,
) -> Layer:
    r"""$\hat y = a^\top z$ with $z = \sigma(Wz + Ux)$, for inputs of norm $\sqrt d$.

    $W_{ij} \sim N(0, 2\sigma_w^2/m)$, $U_{ij} \sim N(0, 2/d)$, $a_i \sim N(0, \kappa^2/m)$, all
    trained.

    Args:
        width: $m$.
        weight_variance: $\sigma_w^2$; below 1/8 the equilibrium is a contraction for wide networks.
        output_scale: $\kappa$; the paper has 1, its Condition 1 needs order $1/\sqrt n$.
        solver: how the equilibrium is found; None: `Picard()`.

    References:
        Ling, Xie, Wang, Zhang, Lin (2023), Global convergence of over-parameterized deep
        equilibrium models, section 3, Assumption 1.

    Raises:
        InvalidInputError: the variance is not positive, or there are no features.
    """
    if not 0.0 < weight_variance < math.inf:
        raise InvalidInputError(
            f"`ling(weight_variance=...)` must be positive and finite. Got {weight_variance}. "
            "Below 1/8 the equilibrium of a wide network exists for every input. Write 0.08."
        )
    return Serial(
        Dense(width, math.sqrt(2.0), parameterisation="standard"),
        Equilibrium(
            width,
            Relu(),
            math.sqrt(2.0 * weight_variance),
            parameterisation="standard",
            solver=solver if solver is not None else Picard(),
        ),
        Dense(1, output_scale, parameterisation="standard"),
    )
