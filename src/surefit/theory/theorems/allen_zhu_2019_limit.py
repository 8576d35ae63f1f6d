"""The constants of Allen-Zhu, Li and Song in the limit of infinite width."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from surefit.core.check import Check
from surefit.core.layer import Params
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.models import fully_connected
from surefit.problem import Problem
from surefit.theory import conditions
from surefit.theory.clock import geometric_curve, geometric_factor
from surefit.theory.deep.limit import LayerKernels, layer_kernels
from surefit.theory.deep.network import deep_network, network_checks
from surefit.theory.deep.theorem import CITATION
from surefit.theory.implicit.memo import per_setting
from surefit.theory.setting import Setting
from surefit.theory.theorem import Provenance, Theorem

__all__ = ["AllenZhu2019Limit"]


@dataclasses.dataclass(frozen=True)
class AllenZhu2019Limit(Theorem):
    r"""Deep ReLU networks with the constants of the limit of infinite width in place of orders.

    Setting:
        The network of `AllenZhu2019`. $\hat K_\ell = \Sigma_{\ell-1}\prod_{k=\ell}^L
        \kappa_0(\Sigma_{k-1})$ on the data with $\Sigma_0 = \kappa_1(XX^\top)$, $\Sigma_\ell =
        \kappa_1(\Sigma_{\ell-1})$; $\hat K = \sum_\ell\hat K_\ell$ and $K = \frac m{2d}\hat K$.

    Algorithm:
        Full-batch gradient descent with $\eta \le 1/\lambda_{\max}(K_0)$, $K_0$ the Gram matrix at
        the start. ($1/\lambda_{\max}(K)$ of the limit overshoots at small widths.)

    Assumptions:
        $\lambda_{\min}(\hat K) > 0$, and the Gram matrix of the finite network stays within
        $\theta\lambda_{\min}(K)$ of $K$: taken for true from $m \ge (C\|\hat K\|_F/(\theta
        \lambda_{\min}(\hat K)))^2$ on, since $\|K_0 - K\|_F = O(\|K\|_F/\sqrt m)$.

    Guarantee:
        Upper: $\|r_t\|^2 \le (1 - (1-\theta)\eta\lambda_{\min}(K))^t\|r_0\|^2$. For
        $\nabla_{W_\ell}F = \sum_r J_{\ell,r}^\top e_r$ with the residual $e_r$ of output $r$ and
        $J_{\ell,r}J_{\ell,s}^\top \to 1[r=s]\,K_\ell$: $\|\nabla_{W_\ell}F\|_F^2 \to
        \sum_re_r^\top K_\ell e_r$, and with $\operatorname{tr}\hat K_\ell = n$, $\sum_r\|e_r\|^2 =
        2F$: $\|\nabla_{W_\ell}F\|_F^2 \le (1+\theta)\frac{nm}dF$, $\|\nabla_{W_L}F\|_F^2 \ge
        (1-\theta)\frac md\lambda_{\min}(\hat K_L)F$, and $F$ satisfies the Polyak-Lojasiewicz
        inequality with $(1-\theta)\lambda_{\min}(K)$, a lower bound of $\lambda_{\min}$ of the Gram
        matrix as well.

    Constants:
        `deviation_constant` $C$ is unstated; on small sets of digits it is about 4 for two
        layers. `accuracy` $\theta$ is the user's choice.

    Deviations from the paper:
        The paper has $\Omega(\delta/n^2)$ in the place of $\lambda_{\min}(\hat K_L)$. The limit
        makes no statement at any finite width; the width above is that of the concentration of the
        kernel at the start, with its constant unknown.

    References:
        Z. Allen-Zhu, Y. Li, Z. Song (2019), Theorem 3; S. Arora, S. S. Du, W. Hu, Z. Li,
        R. Salakhutdinov, R. Wang, On exact computation with an infinitely wide neural net, NeurIPS
        2019, section 3.1 (the kernel).
    """

    accuracy: float = 0.5
    deviation_constant: float = 1.0

    title = "Allen-Zhu, Li, Song (2019), Theorem 3 in the limit of infinite width"
    locator = "Theorem 3, in the limit"
    citation = CITATION
    url = "https://arxiv.org/abs/1811.03962"
    setting = (
        "Wide fully connected ReLU networks with first and last layer fixed, trained by gradient "
        "descent on half the squared loss."
    )
    guarantee = Guarantee.UPPER
    provenance = Provenance.RECALLED
    reproved = True
    unstated = ("deviation_constant",)

    def assumptions(self, setting: Setting) -> tuple[Check, ...]:
        """Network and start, dynamics, the limit kernel, the step, the width with its constant."""
        kernels = _kernels(setting)
        return (
            *network_checks(setting),
            conditions.independent_start(setting),
            conditions.runs(setting, self.dynamics),
            conditions.squared_loss(setting),
            conditions.unit_norm_inputs(setting),
            conditions.positive_definite(
                "smallest eigenvalue of the limit kernel",
                None if kernels is None else kernels.spectrum().smallest,
            ),
            conditions.step_size_at_most(setting, self._largest_step(setting)),
            conditions.width_at_least(
                setting,
                self.required_width(setting),
                self.unstated,
                "(deviation_constant ||K||_F / (accuracy lambda_min(K)))^2",
            ),
        )

    def predict(self, setting: Setting) -> Prediction:
        """The curve, and gradients, ratio and Gram matrix along the run."""
        net, kernels = deep_network(setting), _kernels(setting)
        if net is None or kernels is None or setting.loss_scale is None:
            return self._prediction(
                setting, note="No promise: network or loss is not the theorem's."
            )
        smallest = max(kernels.spectrum().smallest.lower, 0.0)
        last = max(kernels.spectrum(net.depth).smallest.lower, 0.0)
        share = 1.0 - self.accuracy
        floor = share * net.width / (2.0 * net.outputs) * smallest
        curve = geometric_curve(setting, floor, self.dynamics)

        def promise(monitor: str, bound: float, kind: Guarantee = Guarantee.LOWER) -> Promise:
            return Promise(monitor, bound, kind, source=self.locator, unstated=self.unstated)

        promises = [] if curve is None else [
            Promise("squared_residual", curve, source=self.locator, unstated=self.unstated)
        ]  # fmt: skip
        promises += [
            promise("gradient_upper_ratio", 1.0 + self.accuracy, Guarantee.UPPER),
            promise("pl_ratio", 2.0 * setting.loss_scale * floor),
            promise("gram_smallest", floor),
        ]
        if 0.0 < net.delta < math.inf:
            lower = share * last * net.samples**2 / net.delta
            promises.append(promise("gradient_lower_ratio", lower))
        return self._prediction(
            setting,
            promises=tuple(promises),
            rate=geometric_factor(setting, floor, self.dynamics),
            step_size=self._largest_step(setting),
            note=f"lambda_min = {smallest:.4g} of the limit kernel without its factor m / (2 d).",
        )

    def required_width(self, setting: Setting) -> float | None:
        r"""$(C\|\hat K\|_F/(\theta\lambda_{\min}(\hat K)))^2$; None for other networks."""
        kernels = _kernels(setting)
        if kernels is None:
            return None
        smallest = kernels.spectrum().smallest.lower
        if smallest <= 0.0:
            return math.inf
        size = float(np.linalg.norm(kernels.total))
        return (self.deviation_constant * size / (self.accuracy * smallest)) ** 2

    def _largest_step(self, setting: Setting) -> float:
        # The value and not its upper end, which the automatic step need not know.
        return setting.own_step(1.0 / setting.gram_spectrum.largest.value)

    def example(self) -> tuple[Problem, Params, float]:
        """Three inputs in the normalisation of the paper, width 256, depth 2, 0.99 of the step."""
        x = np.hstack([np.eye(3), np.ones((3, 1))]) / math.sqrt(2.0)
        problem = Problem(fully_connected(256, 2), x, np.array([1.0, -1.0, 1.0]))
        params = problem.init(0)
        gram = np.asarray(problem.gram(params))
        return problem, params, 0.99 / float(np.linalg.eigvalsh(gram)[-1])


@per_setting
def _kernels(setting: Setting) -> LayerKernels | None:
    net = deep_network(setting)
    if net is None:
        return None
    rows = np.asarray(setting.problem.x).reshape(net.samples, -1)
    return layer_kernels(rows, net.depth)
