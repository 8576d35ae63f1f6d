"""Hypotheses about the architecture and the random start."""

from __future__ import annotations

from surefit.activations import Activation
from surefit.core.check import Check, Evidence, Sense
from surefit.theory.setting import Setting

__all__ = [
    "every_layer_trained",
    "fixed_output_signs",
    "gaussian_first_layer",
    "independent_start",
    "network_is_fully_connected",
    "network_is_two_layer",
    "only_first_layer_trained",
    "smooth_activation",
]


def _absent(name: str) -> Check:
    return Check.from_flag(name, False, "the network does not have one hidden dense layer")


def network_is_two_layer(setting: Setting, activation: type[Activation] | None = None) -> Check:
    r"""$f(x) = s\sum_r a_r\phi(w_r^\top x)$: dense, activation, dense, one output, no biases.

    Args:
        setting: what is asked about.
        activation: the class of $\phi$, if the theorem is about one activation.
    """
    kind = activation.__name__ if activation is not None else "any activation"
    name = f"one hidden layer, {kind}, one output, no biases"
    two = setting.structure.two_layer
    if two is None:
        return _absent(name)
    problems = []
    if activation is not None and type(two.activation) is not activation:
        problems.append(f"the activation is {type(two.activation).__name__}")
    if setting.problem.outputs != 1:
        problems.append(f"there are {setting.problem.outputs} outputs")
    if two.biased:
        problems.append("there are biases")
    note = "; ".join(problems) or f"hidden width {two.width}"
    return Check.from_flag(name, not problems, note)


def gaussian_first_layer(setting: Setting, std: float | None = None) -> Check:
    r"""$w_r \sim N(0, \kappa^2 I)$, not rescaled in the network; with `std`, $\kappa$ is that."""
    name = "first-layer weights Gaussian, unscaled" + (f", std {std:g}" if std else "")
    two = setting.structure.two_layer
    if two is None:
        return _absent(name)
    problems = []
    if two.hidden.distribution != "gaussian":
        problems.append(f"the distribution is {two.hidden.distribution}")
    if two.hidden_scale != 1.0:
        problems.append(f"the layer multiplies its weights by {two.hidden_scale:.4g}")
    if std is not None and two.weight_std != std:
        problems.append(f"the standard deviation is {two.weight_std:.4g}")
    note = "; ".join(problems) or f"standard deviation {two.weight_std:.4g}"
    if problems:
        note += "; models.two_layer has the network of the paper"
    return Check.from_flag(name, not problems, note, evidence=Evidence.ASSUMED)


def fixed_output_signs(setting: Setting) -> Check:
    r"""Output weights $\pm1/\sqrt m$, which never move."""
    name = "max | sqrt(m) |a_r| - 1 |, a_r fixed"
    two = setting.structure.two_layer
    if two is None:
        return _absent(name)
    if two.output.trained:
        return Check.from_flag("output weights fixed", False, "the output layer is trained")
    return Check(name, two.sign_defect, 1e-12, Sense.AT_MOST, note="output weights +-1/sqrt(m)")


def only_first_layer_trained(setting: Setting) -> Check:
    """Gradient descent moves the hidden weights and nothing else."""
    name = "only the first layer trained"
    two = setting.structure.two_layer
    if two is None:
        return _absent(name)
    flags = (two.hidden.trained, two.output.trained)
    note = {
        (True, False): "hidden layer trained, output layer fixed",
        (True, True): "the output layer is trained as well",
    }.get(flags, "the hidden layer is fixed")
    return Check.from_flag(name, flags == (True, False), note)


def independent_start(setting: Setting) -> Check:
    """The parameters are a fresh draw with independent entries.

    It cannot be seen from the parameters and is taken on trust. Features that start in pairs of
    opposite sign are not independent, although the proofs of the papers carry over with half as
    many features: undecided. Outputs measured from their values at the start are a shift of the
    targets and leave the draw as it is.
    """
    name = "independent random start"
    if setting.structure.antisymmetric:
        return Check.undecided(
            name,
            "features start in pairs that cancel, so half of them are independent; the proof "
            "carries over, the statement does not say so",
        )
    note = "taken on trust: the parameters are those of init"
    return Check.from_flag(name, True, note, evidence=Evidence.ASSUMED)


def network_is_fully_connected(setting: Setting) -> Check:
    """Dense layers with an activation between any two, and nothing else."""
    structure = setting.structure
    others = sorted({type(layer).__name__ for layer in structure.layers})
    note = f"layers found: {', '.join(others)}" + ("" if structure.sequential else ", Residual")
    return Check.from_flag("fully connected network", structure.fully_connected, note)


def every_layer_trained(setting: Setting) -> Check:
    """Gradient descent moves every dense layer."""
    fixed = [i for i, layer in enumerate(setting.structure.dense, 1) if not layer.trained]
    note = f"fixed: dense layer {', '.join(map(str, fixed))}" if fixed else "none is fixed"
    return Check.from_flag("every layer trained", not fixed, note)


def smooth_activation(setting: Setting) -> Check:
    r"""$\sup|\phi''| < \infty$ for every activation: then $\phi'$ is Lipschitz."""
    structure = setting.structure
    named = {type(layer).__name__: layer.smoothness for layer in structure.activations}
    worst = max(named, key=named.__getitem__, default=None)
    note = (
        "no activation: linear" if worst is None else f"sup |phi''| = {named[worst]:.4g} ({worst})"
    )
    return Check.from_flag("activations with Lipschitz derivative", structure.smooth, note)
