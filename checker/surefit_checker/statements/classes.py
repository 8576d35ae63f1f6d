r"""Statements about classes: all are right, and flow keeps them so (docs: cross-entropy)."""

import numpy as np
from flint import arb

from surefit_checker.ball import norm
from surefit_checker.layers.dense import Dense
from surefit_checker.statements.local import Problem
from surefit_checker.verdict import Chain, above, below, demand, float_down


def margins(problem: Problem) -> list[list[arb]]:
    r"""Per sample: by how much the output of its class exceeds every other, enclosed.

    One output with labels $\pm1$: the label times the output, alone.
    """
    y = problem.folder.arrays[problem.folder.spec.network.targets]
    out = problem.network.outputs.ball()
    rows = zip(out.mid.tolist(), out.rad.tolist(), strict=True)
    values = [list(map(arb, mid, rad)) for mid, rad in rows]
    if y.shape[1] == 1:
        demand(bool(np.all(np.abs(y) == 1.0)), "the targets of one output must be 1 or -1")
        return [[f[0] * float(label)] for f, label in zip(values, y[:, 0], strict=True)]
    demand(bool(np.all(np.sort(y, 1) == np.eye(y.shape[1])[-1])), "the targets must be one-hot")
    labels = np.argmax(y, 1).tolist()
    return [
        [f[label] - other for j, other in enumerate(f) if j != label]
        for f, label in zip(values, labels, strict=True)
    ]


def accuracy(problem: Problem, chain: Chain) -> str:
    """The saved weights classify all samples correctly."""
    found = margins(problem)
    smallest = min(float_down(m) for one in found for m in one)
    chain.found(smallest_margin=smallest)
    for number, one in enumerate(found):
        for margin in one:
            chain.at_most(f"0 < margin of sample {number}", arb(0), margin, strict=True)
            chain.steps.pop()
    chain.at_most("0 < smallest margin", arb(0), arb(smallest), strict=True)
    return (
        f"The saved weights classify all {len(found)} samples correctly, by a margin of at least "
        f"{below(smallest)} in the outputs."
    )


def homogeneous(problem: Problem, chain: Chain) -> str:
    """Flow on cross-entropy drives the loss of a homogeneous network to zero (Lyu, Li 2020)."""
    demand(problem.loss.kind == "cross_entropy", "this statement is about cross-entropy")
    degree, weights = _degree(problem)
    found = margins(problem)
    loss = sum(((1 + sum(((-s).exp() for s in one), arb(0))).log() for one in found), arb(0))
    chain.found(loss_sum=loss)
    chain.at_most("sum of the losses < ln 2", loss, arb(2).log(), strict=True)
    margin = -(loss.upper().exp() - 1).log()
    gain = degree**2 * margin**2 * arb(problem.loss.scale) / arb(weights) ** 2
    chain.found(weight_norm=weights, smoothed_margin=margin)
    return (
        f"Every gradient flow on the loss from the saved weights classifies all {len(found)} "
        "samples correctly at all times and drives the loss to zero: the sum of the losses, now "
        f"at most {above(loss)}, is at most 2/({below(margin + margin.exp())} + {below(gain)} t) "
        "at time t."
    )


def _degree(problem: Problem) -> tuple[int, float]:
    """The degree of homogeneity in the trained weights, and at least their norm.

    Raises:
        InvalidError: the network is not of a kind that is known to be homogeneous.
    """
    sizes, network = [], problem.network
    demand(
        problem.folder.spec.network.offset is None, "with an offset the network is not homogeneous"
    )
    for number, layer in enumerate(network.moving):  # before are fixed features of the inputs
        fits = (
            isinstance(layer, Dense)
            and (layer.activation.kinked or layer.activation.linear)
            and not (layer.slot is not None and (layer.spec.skip_in or layer.spec.skip_out))
            and (layer.bias is None or (layer.spec.bias.trained and number == 0))
        )
        demand(fits, f"layer {layer.spec.name} is not known to be homogeneous")
        if layer.slot is not None:
            own = [layer.weights] if layer.bias is None else [layer.weights, layer.bias]
            sizes += [float(norm(values.mag())) for values in own]
    return network.parts, float(norm(np.array(sizes)))
