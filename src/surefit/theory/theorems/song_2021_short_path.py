"""Song et al.: shallow networks under gradient descent, with the short path of another theorem."""

from __future__ import annotations

import dataclasses

from surefit.core.prediction import Guarantee
from surefit.theory.shallow.explicit import descent_short_path
from surefit.theory.shallow_theorem import CITATION, ShallowTheorem
from surefit.theory.theorem import Provenance

__all__ = ["Song2021ShortPath"]


@dataclasses.dataclass(frozen=True)
class Song2021ShortPath(ShallowTheorem):
    r"""Shallow networks with both layers trained, descent on a short path: no factor $\nu/\mu$.

    Setting:
        $x \mapsto V\phi(Wx)$, $\phi$ with bounded $\phi'$ and $\phi''$; $h = \|V\phi(WX) -
        Y\|_F^2$; $\mu$, $\nu$ and $\beta$ as in Lemma 3 (see `Song2021`).

    Algorithm:
        Full-batch gradient descent on both layers, $\eta \le 1/(4B^2)$ for $h$ with
        $B = \nu + \min(\beta R, \frac\mu2)$, $R = 8\sqrt{h_0}/\mu$.

    Assumptions:
        $d_1 \ge n$, $\mu > 0$ and $\sqrt{h_0} \le \mu^2/(16\beta)$.

    Guarantee:
        Upper: $h_k \le (1 - \frac14\eta\mu^2)^kh_0$ on a path of length at most $R$, on which
        $\lambda_{\min}(JJ^\top) \ge \mu^2/4$.

    Constants:
        All explicit.

    Deviations from the paper:
        The paper has the condition with the factor $\nu/\mu$ (`Song2021`). This is the theorem of
        Oymak and Soltanolkotabi with $\alpha = \mu/2$ and Lemmas 1 and 3 of the paper for the
        ball; their loss has a factor 1/2, so that their step is halved. It is proved in
        `OymakSoltanolkotabi2019`, which asks the Jacobian itself instead of Lemma 3 and is never
        weaker.

    References:
        C. Song, A. Ramezani-Kebrya, T. Pethick, A. Eftekhari, V. Cevher, Subquadratic
        overparameterization for shallow neural networks, NeurIPS 2021, Lemmas 1 and 3; S. Oymak,
        M. Soltanolkotabi, Overparameterized nonlinear learning, ICML 2019, section 2.
    """

    title = "Song et al. (2021), Lemma 3, with the short path of Oymak, Soltanolkotabi (2019)"
    locator = "Lemma 3, and section 2 of Oymak and Soltanolkotabi (2019)"
    citation = CITATION
    url = "https://arxiv.org/abs/2111.01875"
    setting = (
        "Two-layer networks with a smooth activation and both layers trained by gradient descent "
        "on the squared loss."
    )
    guarantee = Guarantee.UPPER
    provenance = Provenance.READ
    form = staticmethod(descent_short_path)
