"""Song et al.: shallow networks under gradient flow, with the sharp condition."""

from __future__ import annotations

import dataclasses

from surefit.core.prediction import Guarantee
from surefit.theory.shallow.explicit import flow
from surefit.theory.shallow_theorem import CITATION, ShallowTheorem
from surefit.theory.theorem import Provenance

__all__ = ["Song2021Sharp"]


@dataclasses.dataclass(frozen=True)
class Song2021Sharp(ShallowTheorem):
    r"""Shallow networks with both layers trained, gradient flow: no factor $\nu/\mu$.

    Setting:
        $x \mapsto V\phi(Wx)$, $\phi$ with bounded $\phi'$ and $\phi''$; $h = \|V\phi(WX) -
        Y\|_F^2$; $\mu = \sigma_{\min}(\phi(W_0X))$ and $\beta = \sqrt2\,\sigma_{\max}(X)
        (\sup|\phi'| + \sup|\phi''|\chi)$ (Lemma 3), $\chi = \sup\sigma_{\max}(V)$ on the ball
        of radius $\mu/(2\beta)$.

    Algorithm:
        Gradient flow of both layers on $h$.

    Assumptions:
        $d_1 \ge n$, $\mu > 0$ and $\sqrt{h_0} \le \mu^2/(4\beta)$.

    Guarantee:
        Upper: $h(t) \le e^{-\mu^2t}h_0$ on a path of length at most $2\sqrt{h_0}/\mu$, on which
        $\lambda_{\min}(JJ^\top) \ge \mu^2/4$.

    Constants:
        All explicit.

    Deviations from the paper:
        Theorem 1 asks for $h_0 = O(\mu^6/(\beta^2\nu^2))$ and states no rate. The path is shorter
        than its Lemma 2 has it by the factor $\nu/\mu$, because a flow approaches the solution
        over its whole length; hence the weaker condition, which is that of Bartlett, Montanari
        and Rakhlin with Lemma 3 for the curvature. Proof in `surefit.theory.shallow.explicit`.

    References:
        C. Song, A. Ramezani-Kebrya, T. Pethick, A. Eftekhari, V. Cevher, Subquadratic
        overparameterization for shallow neural networks, NeurIPS 2021, Theorem 1, Lemmas 1 to 3.
    """

    title = "Song et al. (2021), Theorem 1, gradient flow, sharp form"
    locator = "Theorem 1 with Lemma 3, sharpened"
    citation = CITATION
    url = "https://arxiv.org/abs/2111.01875"
    setting = (
        "Two-layer networks with a smooth activation and both layers trained by gradient flow on "
        "the squared loss."
    )
    guarantee = Guarantee.UPPER
    dynamics = "gradient_flow"
    provenance = Provenance.READ
    form = staticmethod(flow)
