"""Hypotheses of the limit kernels of deep equilibrium models."""

from __future__ import annotations

from surefit.activations import Relu
from surefit.core.check import Check, Sense
from surefit.layers import Dense, Equilibrium
from surefit.theory.implicit.unwrapping import chain
from surefit.theory.setting import Setting

__all__ = [
    "deq_width",
    "finite_width_contraction",
    "injection",
    "kernel_contraction",
    "network_of_deq",
    "ntk_scaled",
]

_NAMES = "one equilibrium behind a dense layer"


def _equilibrium(setting: Setting) -> Equilibrium | None:
    found = [layer for layer in setting.structure.layers if isinstance(layer, Equilibrium)]
    return found[0] if len(found) == 1 else None


def deq_width(setting: Setting) -> int | None:
    """Features of the only equilibrium; None if there is none or there are several."""
    implicit = _equilibrium(setting)
    return None if implicit is None else implicit.features


def network_of_deq(setting: Setting) -> Check:
    """There is exactly one equilibrium, and dense layers and activations around it."""
    if _equilibrium(setting) is None:
        note = "the network has no equilibrium or several; models.implicit_linear has one"
        return Check.from_flag(_NAMES, False, note)
    return Check.from_flag(_NAMES, True, f"width {deq_width(setting)}")


def injection(setting: Setting) -> Check:
    """The input enters the equilibrium through a random linear layer and nothing else."""
    name = "linear injection: Dense, Equilibrium, Dense"
    kinds = [type(layer) for layer, _ in chain(setting.problem.network, setting.params)]
    if kinds == [Dense, Equilibrium, Dense]:
        return Check.from_flag(name, True, "the network of the papers")
    if kinds[:2] == [Dense, Relu]:
        return Check.undecided(
            name,
            "the injection is rectified: its limit is known and another one, the papers do not "
            "speak of it",
        )
    return Check.from_flag(name, False, "there are other layers around the equilibrium")


def ntk_scaled(setting: Setting) -> Check:
    """All weights are in NTK parameterisation, of mean zero, and trained."""
    layers = [layer for layer in setting.structure.layers if isinstance(layer, Dense | Equilibrium)]
    problems = []
    if not all(layer.trained for layer in layers):
        problems.append("a layer is fixed")
    names = {layer.parameterisation for layer in layers[1:]}
    if names - {"ntk"} or layers[0].parameterisation not in ("ntk", "unscaled"):
        problems.append(f"parameterisations {', '.join(x.parameterisation for x in layers)}")
    if any(layer.distribution == "non_negative" for layer in layers):
        problems.append("weights are non-negative")
    note = "; ".join(problems) or "ntk, centred, all trained"
    return Check.from_flag("NTK parameterisation, all layers trained", not problems, note)


def kernel_contraction(setting: Setting) -> Check:
    r"""$\sigma_WL_\phi < 1$: the map of standard deviations is a contraction.

    On $s = \sqrt{\Sigma_{ii}}$ the map is $\sigma_WL_\phi$-Lipschitz, and its derivative in the
    off-diagonal entries is $\sigma_W^2E[\phi'\phi'] \le \sigma_W^2L_\phi^2$ by Price's theorem.
    """
    implicit = _equilibrium(setting)
    value = _gain(implicit) * implicit.activation.lipschitz
    note = "sufficient for a unique fixed point of the covariances, not necessary"
    return Check("sigma_W L", value, 1.0, Sense.LESS, note=note)


def finite_width_contraction(setting: Setting) -> Check:
    r"""$2\sigma_WL_\phi < 1$: $\|W\|/\sqrt m \to 2$, so wide equilibria are contractions.

    For the normalised rectifier ($L_\phi = \sqrt2$) it reads $\sigma_W^2 < 1/8$.
    """
    implicit = _equilibrium(setting)
    value = implicit.norm_in_the_limit * implicit.activation.lipschitz
    note = (
        "derived here; the papers' own constant is recalled as the same number for the normalised "
        "rectifier, unconfirmed"
    )
    return Check("2 sigma_W L", value, 1.0, Sense.LESS, note=note)


def _gain(implicit: Equilibrium) -> float:
    # Non-negative weights have no kernel limit; their check of the parameterisation fails.
    return implicit.norm_in_the_limit / 2.0
