"""Exact descent from the saved weights converges: a float run stays near it, and ends well."""

from types import SimpleNamespace

import numpy as np
from flint import arb

from surefit_checker.ball import Ball
from surefit_checker.curvature import two_dense
from surefit_checker.floats import Floats, floats
from surefit_checker.network import Network
from surefit_checker.reading import Folder
from surefit_checker.shadow import Shadow
from surefit_checker.statements import local
from surefit_checker.verdict import Chain, UndecidedError, above, below, demand

MOST = 10**8
FARTHEST = 2.0**500  # so that rounding the step costs a unit in its last place, no more


def started(problem: local.Problem) -> Shadow:
    """The run at its start; it is one in float64, whatever precision the rest is checked in."""
    start, spec, arrays = problem.network, problem.folder.spec.network, problem.folder.arrays
    start = start if start.make is Ball else _built(problem.folder, arrays, Ball)
    layers = start.layers
    fits = two_dense(layers) and layers[0].slot is not None and layers[1].bias is None
    demand(
        fits and not layers[0].activation.kinked,
        "shadowing is known for two dense layers, the hidden one smooth only",
    )
    fits = layers[0].bias is None or layers[0].spec.bias.trained
    demand(fits, "shadowing needs hidden biases to be trained")
    used = floats(layers[0].spec.activation)
    _agree(used, start)
    targets = Ball(arrays[spec.targets])
    if spec.offset is not None:
        targets = targets + Ball(arrays[spec.offset])
    scaled = 2 * problem.loss.scale * problem.statement.step_size
    if not 1.0 / FARTHEST < scaled < FARTHEST:
        raise UndecidedError(f"the step on half the square, {scaled:.3g}, is out of range")
    return Shadow(*layers, targets, scaled, used)


def prove(problem: local.Problem, chain: Chain) -> str:
    """The sentence proved."""
    statement, steps = problem.statement, problem.statement.steps
    demand(steps <= MOST, f"`steps` must be at most {MOST}")
    folder, make = problem.folder, problem.network.make
    run = started(problem)
    run.run(steps)
    chain.at_most("step * (jacobian norm)^2 <= 2, near the run", arb(run.largest), arb(2))
    arrays, w = dict(folder.arrays), run.w
    hidden, out = run.hidden.spec, run.out.spec
    if hidden.bias is not None:
        arrays[hidden.bias.values], w = w[:, -1].copy(), w[:, :-1]
    arrays[hidden.weights], arrays[out.weights] = np.ascontiguousarray(w), run.v
    end = _built(folder, arrays, make)
    _agree(run.floats, end if make is Ball else _built(folder, arrays, Ball))
    near = SimpleNamespace(**vars(statement), start_radius=run.radius)
    local.descent(local.Problem(near, problem.loss, end, folder), chain)
    numbers = chain.numbers
    chain.found(shadow_radius=run.radius, amplification=run.amplification)
    return (
        f"Gradient descent in exact arithmetic on the loss with step size "
        f"{statement.step_size!r} from the saved weights converges to weights with zero loss: "
        f"after {steps} steps it is within {above(run.radius)} of a run in float64 the norm of "
        f"whose residual is then at most {above(numbers['residual_norm'])}; from there on its path "
        f"is no longer than {above(numbers['path_length'])}, and every step shrinks the norm of "
        f"the residual by a factor of at most 1 - {below(problem.step * arb(numbers['rate']))}."
    )


def _built(folder: Folder, arrays: dict[str, np.ndarray], make) -> Network:
    """The network with other numbers in its arrays."""
    return Network(Folder(folder.spec, arrays), make)


def _agree(used: Floats, network: Network) -> None:
    hidden, out = network.layers
    features = out.patches.reshape(*hidden.z.shape) * (1.0 / (out.spec.factor * hidden.spec.gain))
    if not used.agrees(hidden, features):
        raise UndecidedError("NumPy's functions are less accurate here than shadowing assumes")
