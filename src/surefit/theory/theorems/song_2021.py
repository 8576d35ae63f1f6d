"""Song, Ramezani-Kebrya, Pethick, Eftekhari and Cevher: shallow networks, gradient descent."""

from __future__ import annotations

import dataclasses

from surefit.core.prediction import Guarantee, Prediction
from surefit.theory.setting import Setting
from surefit.theory.shallow.explicit import descent
from surefit.theory.shallow_theorem import CITATION, ShallowTheorem
from surefit.theory.shallow_width import printed_width
from surefit.theory.theorem import Provenance

__all__ = ["Song2021"]


@dataclasses.dataclass(frozen=True)
class Song2021(ShallowTheorem):
    r"""Shallow networks with both layers trained: $d_0d_1 \gtrsim n^{3/2}$ parameters, descent.

    Setting:
        $x \mapsto V\phi(Wx)$, $W \in \mathbb R^{d_1 \times d_0}$, $V \in \mathbb R^{d_2 \times
        d_1}$, $\phi$ with bounded $\phi'$ and $\phi''$; $h = \|V\phi(WX) - Y\|_F^2$, without a
        factor 1/2. With $\mu = \sigma_{\min}(\phi(W_0X))$, $\nu = \sup|\phi'|\,\sigma_{\max}(X)\,
        \sigma_{\max}(V_0) + \sigma_{\max}(\phi(W_0X))$ and $\beta = \sqrt2\,\sigma_{\max}(X)
        (\sup|\phi'| + \sup|\phi''|\chi)$ (Lemma 3), $\chi = \sup\sigma_{\max}(V)$ on the ball of
        radius $\mu/(2\beta)$.

    Algorithm:
        Full-batch gradient descent on both layers, $\eta \le 2/(9\nu^2)$ for $h$.

    Assumptions:
        $d_1 \ge n$, $\mu > 0$ and $h_0 \le \frac{\mu^6}{576\beta^2\nu^2}$ (equation (9) with its
        constant).

    Guarantee:
        Upper: $h_k \le (1 - \frac14\eta\mu^2)^{2k}h_0$ on a path of length at most
        $12\nu\sqrt{h_0}/\mu^2$, which keeps it in the ball, where $\lambda_{\min}(JJ^\top) \ge
        \mu^2/4$.

    Constants:
        Explicit in all of this. The width of Theorem 3, equation (20), is
        $\xi\,\sigma_{\max}(X)^2\sqrt n/\sigma_{\min}(X^{*t})^3$ with `xi` unstated: it hides
        logarithms, the activation's Hermite coefficients, the degree $t$ and the probability. It
        rests on Assumption 2 ($\|x_i\| = 1$, $\|Y\|_F \le 1$, $\phi(0) = 0$) and on (19),
        $\omega_1\omega_2 \lesssim 1/\sqrt{d_0d_1}$, none of which the statement above needs.

    Deviations from the paper:
        The constants behind O(.) in (9) and in the step of Theorem 2, whose numerator is printed
        with a dimension that a step does not have, are derived: see
        `surefit.theory.shallow.explicit` for the proof. $\chi$ is the exact fixed point and not
        the bound of the follow-up paper; $\beta$ keeps the factor $\sqrt2$ of the paper, without
        which Lemma 3 is valid as well. $d_1 \ge n$, without which $\mu = 0$, is part of (20) here.

    References:
        C. Song, A. Ramezani-Kebrya, T. Pethick, A. Eftekhari, V. Cevher, Subquadratic
        overparameterization for shallow neural networks, NeurIPS 2021, Theorems 2 and 3, Lemma 3.
    """

    xi: float = 1.0

    title = "Song et al. (2021), Theorem 2, gradient descent"
    locator = "Theorem 2 with Lemma 3"
    citation = CITATION
    url = "https://arxiv.org/abs/2111.01875"
    setting = (
        "Two-layer networks with a smooth activation and both layers trained by gradient descent "
        "on the squared loss."
    )
    guarantee = Guarantee.UPPER
    provenance = Provenance.READ
    unstated = ("xi",)
    form = staticmethod(descent)

    def predict(self, setting: Setting) -> Prediction:
        """As every form, with what the width rests on."""
        prediction = super().predict(setting)
        width = printed_width(setting, self.xi)
        note = f"{prediction.note} {width.note}" if width is not None else prediction.note
        return dataclasses.replace(prediction, note=note)

    def required_width(self, setting: Setting) -> float | None:
        r"""$\max(n, \xi\,\sigma_{\max}(X)^2\sqrt n/\sigma_{\min}(X^{*t})^3)$, equation (20)."""
        width = printed_width(setting, self.xi)
        return None if width is None else width.value
