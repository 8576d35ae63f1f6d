"""Exact descent from the saved weights converges: a float run stays near it, and ends well."""

from __future__ import annotations

import dataclasses

import numpy as np
from flint import arb

from surefit_checker.ball import Ball, float_down
from surefit_checker.floats import floats
from surefit_checker.network import Network, build
from surefit_checker.reading import Folder, fields, real
from surefit_checker.shadow import Shadow
from surefit_checker.statements import descent
from surefit_checker.statements.local import Problem
from surefit_checker.statements.majorant import Chain
from surefit_checker.two_layer import applies
from surefit_checker.verdict import InvalidError, UndecidedError
from surefit_checker.wording import above, below

KEYS = ["kind", "rho", "step_size", "steps"]
MOST = 10**8
FARTHEST = 2.0**500  # so that rounding the step costs a unit in its last place, no more


def prove(problem: Problem, chain: Chain) -> tuple[str, dict[str, float]]:
    """The sentence proved, and its numbers."""
    statement = fields(problem.statement, KEYS, "statement")
    step, steps = real(statement, "step_size"), statement["steps"]
    if not step > 0 or type(steps) is not int or not 1 <= steps <= MOST:
        raise InvalidError("`step_size` must be positive, `steps` a whole number from 1 to 10^8")
    # The run is one in float64, whatever precision its end is checked in.
    start, make = problem.network, problem.network.make
    if make is not Ball:
        start = build(Folder(problem.folder.spec, problem.folder.arrays), Ball)
    layers = start.layers
    if not applies(layers) or layers[0].slot is None or layers[1].bias is not None:
        raise InvalidError("shadowing is known for two dense layers, the hidden one smooth only")
    if layers[0].bias is not None and not layers[0].bias_trained:
        raise InvalidError("shadowing needs hidden biases to be trained")
    spec = problem.folder.spec["network"]
    used = floats(spec["layers"][0]["activation"])
    _agree(used, start)
    targets = Ball(problem.folder.arrays[spec["targets"]])
    if spec["offset"] is not None:
        targets = targets + Ball(problem.folder.arrays[spec["offset"]])
    scaled = 2 * problem.scale * step
    if not 1.0 / FARTHEST < scaled < FARTHEST:
        raise UndecidedError(f"the step on half the square, {scaled:.3g}, is out of range")
    run = Shadow(*layers, targets, scaled, used)
    run.run(steps)
    chain.at_most("step * (jacobian norm)^2 <= 2, near the run", arb(run.largest), arb(2))
    end = dataclasses.replace(
        problem,
        statement={
            "kind": "descent",
            "rho": statement["rho"],
            "step_size": statement["step_size"],
            "start_radius": run.radius.hex(),
        },
        network=build(_end(problem.folder, run), make),
    )
    _agree(used, end.network if make is Ball else build(_end(problem.folder, run), Ball))
    _, numbers = descent.prove(end, chain)
    numbers |= {"shadow_radius": run.radius, "amplification": run.amplification}
    contraction = float_down(2 * arb(problem.scale) * arb(step) * arb(numbers["rate"]))
    sentence = (
        f"Gradient descent in exact arithmetic on the loss with step size {step!r} from the "
        f"saved weights converges to weights with zero loss: after {steps} steps it is within "
        f"{above(run.radius)} of a run in float64 the norm of whose residual is then at most "
        f"{above(numbers['residual_norm'])}; from there on its path is no longer than "
        f"{above(numbers['path_length'])}, and every step shrinks the norm of the residual by a "
        f"factor of at most 1 - {below(contraction)}."
    )
    return sentence, numbers


def _agree(used, network: Network) -> None:
    hidden, out = network.layers
    if not used.agrees(
        hidden, out.patches.reshape(*hidden.z.shape) * (1.0 / (out.factor * hidden.gain))
    ):
        raise UndecidedError("NumPy's functions are less accurate here than shadowing assumes")


def _end(folder: Folder, run: Shadow) -> Folder:
    """The folder with the weights that the run ends with."""
    arrays, w = dict(folder.arrays), run.w
    hidden, out = folder.spec["network"]["layers"]
    if hidden["bias"] is not None:
        arrays[hidden["bias"]["values"]], w = w[:, -1].copy(), w[:, :-1]
    arrays[hidden["weights"]], arrays[out["weights"]] = np.ascontiguousarray(w), run.v
    return Folder(folder.spec, arrays)
