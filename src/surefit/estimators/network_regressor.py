"""Regression with a wide network trained by gradient descent."""

from __future__ import annotations

import numpy as np

from surefit.activations import Activation
from surefit.core.layer import Layer
from surefit.estimators.explicit_networks import explicit_network
from surefit.estimators.target_network import TargetNetwork
from surefit.training import Method

__all__ = ["NetworkRegressor"]


class NetworkRegressor(TargetNetwork):
    r"""A wide network, trained on squared errors from zero output.

    Inputs are standardised, given a constant coordinate and moved to the unit sphere; targets are
    standardised, output by output.
    What the theory says of the fit: `predictions()`, `checks()`, `certificate()`.

    Args:
        width: features per hidden layer; even.
        depth: number of hidden layers.
        activation: a name of the catalogue (`surefit list activations`) or an `Activation`.
        weight_std: standard deviation of the pre-activations of the first layer. The default is
            wide, which conditions the tangent kernel.
        method: `gradient_descent`, `sgd` or `gradient_flow`, or a `Method`. Steps are chosen from
            the largest eigenvalue of the tangent kernel.
        max_iter: how many steps are made at most.
        tol: training ends when the loss is this part of the loss at zero output.
        random_state: of weights and batches.
        verbose: whether a progress bar is shown.

    Attributes:
        trajectory_: what was measured, with the reason why training ended.
        params_: the trained weights.
        network_: the network.
        loss_, loss_curve_: the loss at the end, and at every step.
        n_iter_: how many steps were made.
        sphere_: the map of inputs to the unit sphere.
        problem_: network, loss and data, for every function of the library.
        target_mean_, target_std_: of the targets.

    Cost: `max_iter` times a forward and a backward pass on all samples, one compilation per shape.

    References:
        Song et al. (2021), section 2, for one hidden layer; Jacot, Gabriel, Hongler (2018).

    Example:
        >>> import numpy as np
        >>> from surefit.estimators import NetworkRegressor
        >>> X = np.linspace(-1, 1, 20)[:, None]
        >>> model = NetworkRegressor(width=64, tol=1e-3, random_state=0).fit(X, np.sin(3 * X[:, 0]))
        >>> bool(model.score(X, np.sin(3 * X[:, 0])) > 0.99)
        True
    """

    def __init__(
        self,
        width: int = 512,
        depth: int = 1,
        activation: str | Activation = "tanh",
        *,
        weight_std: float = 4.0,
        method: str | Method = "gradient_descent",
        max_iter: int = 5000,
        tol: float = 1e-4,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        self.width = width
        self.depth = depth
        self.activation = activation
        self.weight_std = weight_std
        self.method = method
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.verbose = verbose

    def _build(self, outputs: int) -> Layer:
        return explicit_network(self.width, self.depth, self.activation, self.weight_std, outputs)
