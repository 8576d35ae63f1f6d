"""Allen-Zhu, Li and Song: deep ReLU networks under stochastic gradient descent."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from surefit.core.layer import Params
from surefit.models import fully_connected
from surefit.problem import Problem
from surefit.theory.deep.network import DeepNetwork
from surefit.theory.deep.theorem import AllenZhu
from surefit.theory.growth import over, with_log
from surefit.theory.theorem import Provenance

__all__ = ["AllenZhu2019Sgd"]


@dataclasses.dataclass(frozen=True)
class AllenZhu2019Sgd(AllenZhu):
    r"""Deep ReLU networks of polynomial width under stochastic gradient descent.

    Setting:
        As `AllenZhu2019`; batches of $b$ of the $n$ samples.

    Algorithm:
        $W \leftarrow W - \eta\frac nb\sum_{i\in S}\nabla F_i$ with $\eta =
        C_\eta\frac{b\delta d}{n^5L^2m\log^2m}$: the method `sgd`.

    Assumptions:
        $m \ge C_m\frac{n^{25}L^{12}d\log^5m}{b\,\delta^8}$ and $\delta \le C_\delta/L$.

    Guarantee:
        Upper, with probability $1 - e^{-\Omega(\log^2m)}$ over start and batches: $F$ reaches
        $\epsilon$ after $O(\frac{n^7L^2\log^2m}{b\delta^2}\log\frac1\epsilon)$ steps within
        $\|W_t - W_0\|_F \le C_\omega\frac{n^{3.5}\sqrt d}{\delta\sqrt{bm}}\log m$; this is the rate
        $F_t \le (1 - c\,\frac{\eta\delta m}{dn^2})^tF_0$. Gradients, semi-smoothness, sign
        changes, products and drift as in `AllenZhu2019`.

    Constants:
        All are unstated: `width_constant` $C_m$, `step_constant` $C_\eta$, `rate_constant` $c$,
        `radius_constant` $C_\omega$, `separation_constant` $C_\delta$, and those of the proof,
        `upper_constant`, `lower_constant`, `semi_smoothness_constant`, `flip_constant`,
        `product_constant`, `kernel_constant`.

    Deviations from the paper:
        The powers of the width are not stated in the theorem ($\operatorname{poly}(n, L,
        \delta^{-1})\,d/b$); those above follow from its radius and the condition $\omega^{1/3} \le
        \delta/(n^3L^2\sqrt{\log m})$ of descent. The curve is the mean rate that steps and
        iterations amount to; a single run may lie above it for a while. Otherwise as
        `AllenZhu2019`.

    References:
        Z. Allen-Zhu, Y. Li, Z. Song, A convergence theory for deep learning via
        over-parameterization, ICML 2019, Theorem 2; unconfirmed.
    """

    title = "Allen-Zhu, Li, Song (2019), Theorem 2"
    locator = "Theorem 2"
    setting = (
        "Deep fully connected ReLU networks with first and last layer fixed, trained by "
        "stochastic gradient descent on half the squared loss."
    )
    dynamics = "sgd"
    provenance = Provenance.RECALLED

    def width_for(self, net: DeepNetwork, batch: int) -> float:
        r"""$C_m n^{25}L^{12}d\log^5m/(b\delta^8)$."""
        top = self.width_constant * float(net.samples) ** 25 * net.depth**12 * net.outputs
        return with_log(over(top, batch * net.delta**8), 5)

    def half_step_for(self, net: DeepNetwork, batch: int) -> float:
        r"""$C_\eta b\delta d/(n^5L^2m\log^2m)$."""
        scale = net.samples**5 * net.depth**2 * net.width * math.log(max(net.width, 2)) ** 2
        return self.step_constant * batch * net.delta * net.outputs / scale

    def radius_for(self, net: DeepNetwork, batch: int) -> float:
        r"""$C_\omega n^{3.5}\sqrt d\log m/(\delta\sqrt{bm})$."""
        top = self.radius_constant * net.samples**3.5 * math.sqrt(net.outputs)
        return top * math.log(max(net.width, 2)) / (net.delta * math.sqrt(batch * net.width))

    def _width_note(self) -> str:
        return "width_constant n^25 L^12 d log^5(m) / (b delta^8)"

    def example(self) -> tuple[Problem, Params, float]:
        """The example of `AllenZhu2019` with the step for batches of all samples."""
        x = np.hstack([np.eye(3), np.ones((3, 1))]) / math.sqrt(2.0)
        problem = Problem(fully_connected(128, 2), x, np.array([1.0, -1.0, 1.0]))
        return problem, problem.init(0), 1.0 / (3**4 * 2**2 * 128 * math.log(128) ** 2)
