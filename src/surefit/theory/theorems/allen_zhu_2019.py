"""Allen-Zhu, Li and Song: deep ReLU networks of polynomial width under gradient descent."""

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

__all__ = ["AllenZhu2019"]


@dataclasses.dataclass(frozen=True)
class AllenZhu2019(AllenZhu):
    r"""Deep ReLU networks of width $n^{24}L^{12}d\,\delta^{-8}$: geometric decay under descent.

    Setting:
        $f(x) = B\phi(W_L\cdots\phi(W_1\phi(Ax)))$, $\phi$ ReLU, entries of $A$, $W_\ell$ ~
        $N(0, 2/m)$, of $B$ ~ $N(0, 1/d)$; $A$, $B$ fixed. $\|x_i\| = 1$, $\|x_i - x_j\| \ge
        \delta$; $F = \frac12\sum_i\|f(x_i) - y_i\|^2$.

    Algorithm:
        Full-batch gradient descent with step $\eta = C_\eta\frac{d\delta}{n^4L^2m}$.

    Assumptions:
        $m \ge C_m\frac{n^{24}L^{12}d\log^5m}{\delta^8}$ and $\delta \le C_\delta/L$.

    Guarantee:
        Upper, with probability $1 - e^{-\Omega(\log^2m)}$ over the start: $F_t \le (1 -
        c\,\frac{\eta\delta m}{dn^2})^tF_0$ and $\|W_t - W_0\|_F \le \omega =
        C_\omega\frac{n^3\sqrt d}{\delta\sqrt m}\log m$. Along the run the proof bounds gradients
        (Theorem 3: $\|\nabla_{W_\ell}F\|_F^2 \le C_\uparrow\frac{nm}dF$, $\|\nabla_{W_L}F\|_F^2
        \ge c_\downarrow\frac{\delta m}{dn^2}F$), the first-order error of $F$ (Theorem 4,
        semi-smoothness), sign changes ($\le C_fm\omega^{2/3}L$), products of matrices ($\le
        C_p\sqrt L$) and the drift of the tangent kernel (Theorem 5: $|\Delta K(x,x')| \le
        C_K\sqrt{\log m}\,\omega^{1/3}L^3\sqrt{K(x,x)K(x',x')}$).

    Constants:
        All are unstated: `width_constant` $C_m$, `step_constant` $C_\eta$, `rate_constant` $c$,
        `radius_constant` $C_\omega$, `separation_constant` $C_\delta$, `upper_constant`
        $C_\uparrow$, `lower_constant` $c_\downarrow$, `semi_smoothness_constant` (the larger one
        of its two terms), `flip_constant` $C_f$, `product_constant` $C_p$, `kernel_constant` $C_K$.
        `allen_zhu_2019_limit` has the constants of the limit of infinite width.

    Deviations from the paper:
        $d$ counts the outputs, in the paper also the inputs; the paper's last coordinate
        $1/\sqrt2$ is not asked for, since it enters through $\delta$ only (it rules out $x_i
        \approx -x_j$; the preprocessing step append_coordinate adds it). The largest step is taken
        as an upper bound. The drift is summed to the Frobenius norm. The width is the one restated
        by Basri et al. for one output.

    References:
        Z. Allen-Zhu, Y. Li, Z. Song, A convergence theory for deep learning via
        over-parameterization, ICML 2019, Theorems 1, 3, 4, 5; restated in R. Basri et al.,
        Frequency bias in neural networks for input of non-uniform density, 2020, appendix D. The
        lower bound of Theorem 3, Theorem 4 and Lemma 7.3 are unconfirmed.
    """

    title = "Allen-Zhu, Li, Song (2019), Theorem 1"
    locator = "Theorem 1"
    setting = (
        "Deep fully connected ReLU networks with first and last layer fixed, trained by gradient "
        "descent on half the squared loss."
    )
    provenance = Provenance.RESTATED

    def width_for(self, net: DeepNetwork, batch: int) -> float:
        r"""$C_m n^{24}L^{12}d\log^5m/\delta^8$."""
        top = self.width_constant * float(net.samples) ** 24 * net.depth**12 * net.outputs
        return with_log(over(top, net.delta**8), 5)

    def half_step_for(self, net: DeepNetwork, batch: int) -> float:
        r"""$C_\eta d\delta/(n^4L^2m)$."""
        scale = net.samples**4 * net.depth**2 * net.width
        return self.step_constant * net.outputs * net.delta / scale

    def radius_for(self, net: DeepNetwork, batch: int) -> float:
        r"""$C_\omega n^3\sqrt d\log m/(\delta\sqrt m)$."""
        top = self.radius_constant * net.samples**3 * math.sqrt(net.outputs)
        return top * math.log(max(net.width, 2)) / (net.delta * math.sqrt(net.width))

    def _width_note(self) -> str:
        return "width_constant n^24 L^12 d log^5(m) / delta^8"

    def example(self) -> tuple[Problem, Params, float]:
        r"""Three inputs in the normalisation of the paper, width 128, depth 2, the largest step.

        Every assumption without an unstated constant holds.
        """
        x = np.hstack([np.eye(3), np.ones((3, 1))]) / math.sqrt(2.0)
        problem = Problem(fully_connected(128, 2), x, np.array([1.0, -1.0, 1.0]))
        # The inputs are at a distance of 1.
        return problem, problem.init(0), 1.0 / (3**4 * 2**2 * 128)
