"""Hypotheses that the statements of Gao et al. (2022) share, each by name."""

from __future__ import annotations

import math

from surefit.core.check import Check, Evidence, Sense
from surefit.theory.conditions import enclosed, positive_definite
from surefit.theory.implicit.gao_network import GaoNetwork, gao_network
from surefit.theory.implicit.gao_quantities import (
    feature_gram_smallest,
    lambda_0,
    limit_feature_gram_smallest,
    norm_constant,
)
from surefit.theory.setting import Setting

__all__ = [
    "admissible_gamma",
    "all_trained",
    "features_at_start",
    "gamma_at_most",
    "gaussian_start",
    "lambda_0_positive",
    "network_of_gao",
    "output_norms",
    "output_signs",
    "wide_enough_for_rank",
    "width_at_least",
]


def network_of_gao(setting: Setting) -> Check:
    """Architecture and scalings of equations (1) to (4)."""
    network = gao_network(setting)
    name = "implicit ReLU network with skip term, scaled as in (1)-(4)"
    if isinstance(network, GaoNetwork):
        note = f"width {network.width}, gamma = {network.gamma:.4g}"
        return Check.from_flag(name, True, note)
    note = f"{network}; models.implicit_relu is the network of the paper"
    return Check.from_flag(name, False, note)


def all_trained(network: GaoNetwork) -> Check:
    """Gradient descent moves all of A, W, u, v."""
    fixed = [name for name, layer in network.layers.items() if not layer.trained]
    note = f"fixed: {', '.join(fixed)}" if fixed else "none is fixed"
    return Check.from_flag("A, W, u, v all trained", not fixed, note)


def gaussian_start(network: GaoNetwork) -> Check:
    r"""$W_{ij} \sim N(0, 1)$, which $G^\infty$ is about, and $A$ centred with unit variance."""
    problems = []
    if network.hidden.distribution != "gaussian":
        problems.append(
            f"W is {network.hidden.distribution}; the closed form of lambda_0 is for Gaussian rows"
        )
    if network.equilibrium.distribution == "non_negative":
        problems.append("the entries of A are non-negative, so their mean is not zero")
    note = "; ".join(problems) or (
        f"A is {network.equilibrium.distribution}, W gaussian; taken on trust, the parameters "
        "are those of init"
    )
    name = "W Gaussian, A Gaussian or sub-Gaussian, of variance 1"
    return Check.from_flag(name, not problems, note, evidence=Evidence.ASSUMED)


def output_signs(network: GaoNetwork) -> Check:
    r"""$u_r, v_r = \pm1$."""
    note = "output_scale=1 and Rademacher entries give it"
    defect = network.sign_defect
    return Check("max | |u_r| - 1 |, | |v_r| - 1 |", defect, 1e-12, Sense.AT_MOST, note=note)


def output_norms(network: GaoNetwork) -> Check:
    r"""$\|u(0)\|, \|v(0)\| \le \sqrt m$; signs have equality."""
    return Check(
        "||u(0)||, ||v(0)|| over sqrt(m)",
        network.output_norm,
        1.0 + 1e-12,
        Sense.AT_MOST,
        note="entries +-1 have norm sqrt(m)",
    )


def lambda_0_positive(setting: Setting) -> Check:
    r"""$\lambda_0 > 0$."""
    note = "limit of the Gram matrix of the features phi(x), not of the tangent kernel"
    name = "lambda_0 = smallest eigenvalue of G in the limit"
    return positive_definite(name, limit_feature_gram_smallest(setting), note)


def wide_enough_for_rank(setting: Setting, network: GaoNetwork) -> Check:
    r"""$m \ge n$: the rank of $G$ is at most $m$."""
    note = "G = Phi Phi^T has rank at most m, so that below n its smallest eigenvalue is 0"
    samples = float(setting.problem.samples)
    return Check("m >= n", float(network.width), samples, Sense.AT_LEAST, note=note)


def features_at_start(setting: Setting) -> Check:
    r"""$\lambda_{\min}(G(0)) \ge \frac34\lambda_0$, measured on this draw."""
    note = "Lemma 3.3 gives it with high probability for wide networks; here it is measured"
    bound = 0.75 * lambda_0(setting)
    smallest = feature_gram_smallest(setting)
    return enclosed("smallest eigenvalue of G(0)", smallest, bound, Sense.AT_LEAST, note)


def admissible_gamma(setting: Setting) -> float:
    r"""$\min\{\frac12, \frac1{4c}\}$ with the measured $c$; NaN for other networks."""
    c = norm_constant(setting)
    return math.nan if c is None else min(0.5, 0.25 / c.upper)


def gamma_at_most(setting: Setting, network: GaoNetwork) -> Check:
    r"""$\gamma \le \min\{\frac12, \frac1{4c}\}$: a contraction up to $\|A\| = 2c\sqrt m$."""
    c = norm_constant(setting)
    ends = [min(0.5, 0.25 / end) for end in (c.upper, c.value, c.lower)]
    error = max(ends[2] - ends[1], ends[1] - ends[0])
    note = f"min(1/2, 1/(4c)) with c = {c.value:.5g}, the norms of A and W over sqrt(m)"
    return Check("gamma", network.gamma, ends[1], Sense.AT_MOST, error, c.evidence, note)


def width_at_least(
    network: GaoNetwork, required: float | None, unstated: tuple[str, ...] = (), note: str = ""
) -> Check:
    """The width is at least `required`."""
    if required is None:
        return Check.undecided("width m", "no width is known here", unstated=unstated)
    width = float(network.width)
    return Check("width m", width, required, Sense.AT_LEAST, note=note, unstated=unstated)
