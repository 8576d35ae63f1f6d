r"""Flow on cross-entropy drives the loss of a homogeneous network to zero (Lyu, Li 2020).

The condition is that the *sum* of the losses is below ln 2; see the page on cross-entropy.
"""

from __future__ import annotations

import numpy as np
from flint import arb

from surefit_checker.affine import Affine
from surefit_checker.average import Average
from surefit_checker.ball import float_down, float_up, norm
from surefit_checker.reading import fields
from surefit_checker.statements.classes import margins
from surefit_checker.statements.local import Problem
from surefit_checker.statements.majorant import Chain
from surefit_checker.verdict import InvalidError
from surefit_checker.wording import above, below


def prove(problem: Problem, chain: Chain) -> tuple[str, dict[str, float]]:
    """The sentence proved, and its numbers."""
    fields(problem.statement, ["kind"], "statement")
    if problem.loss != "cross_entropy":
        raise InvalidError("this statement is about cross-entropy")
    degree, weights = _degree(problem)
    found = margins(problem)
    loss = sum(((1 + sum(((-s).exp() for s in one), arb(0))).log() for one in found), arb(0))
    chain.numbers["loss_sum"] = float_up(loss)
    chain.at_most("sum of the losses < ln 2", loss, arb(2).log(), strict=True)
    margin = -(loss.upper().exp() - 1).log()
    gain = degree**2 * margin**2 * arb(problem.scale) / arb(weights) ** 2
    chain.numbers |= {"weight_norm": weights, "smoothed_margin": float_down(margin)}
    start, speed = below(float_down(margin + margin.exp())), below(float_down(gain))
    sentence = (
        f"Every gradient flow on the loss from the saved weights classifies all {len(found)} "
        "samples correctly at all times and drives the loss to zero: the sum of the losses, now "
        f"at most {above(float_up(loss))}, is at most 2/({start} + {speed} t) at "
        "time t."
    )
    return sentence, chain.numbers


def _degree(problem: Problem) -> tuple[int, float]:
    """The degree of homogeneity in the trained weights, and at least their norm.

    Raises:
        InvalidError: the network is not of a kind that is known to be homogeneous.
    """
    trained, sizes = 0, []
    if problem.folder.spec["network"]["offset"] is not None:
        raise InvalidError("with an offset the network is not homogeneous")
    for layer in problem.network.layers:
        if trained == 0 and layer.slot is None:
            continue  # fixed features of the inputs
        if isinstance(layer, Average):
            continue
        bias = layer.bias if isinstance(layer, Affine) else None
        if (
            not isinstance(layer, Affine)
            or not (layer.activation.kinked or layer.activation.linear)
            or (layer.slot is not None and (layer.alpha or layer.beta))
            or (bias is not None and (trained or not layer.bias_trained))
        ):
            raise InvalidError(f"layer {layer.name} is not known to be homogeneous")
        if layer.slot is not None:
            trained += 1
            sizes.append(float(norm(layer.weights.ball().mag())))
            if bias is not None:
                sizes.append(float(norm(bias[0].ball().mag())))
    return trained, float(norm(np.array(sizes)))
