"""Classification with a wide network trained by gradient descent."""

from __future__ import annotations

import numpy as np

from surefit.activations import Activation
from surefit.core.layer import Layer
from surefit.estimators.class_network import ClassNetwork
from surefit.estimators.explicit_networks import explicit_network
from surefit.training import Method

__all__ = ["NetworkClassifier"]


class NetworkClassifier(ClassNetwork):
    r"""A wide network, trained on classes from zero output.

    Inputs are standardised, given a constant coordinate and moved to the unit sphere.
    What the theory says of the fit: `predictions()`, `checks()`, `certificate()`.

    Args:
        width: features per hidden layer; even.
        depth: number of hidden layers.
        activation: a name of the catalogue (`surefit list activations`) or an `Activation`.
        weight_std: standard deviation of the pre-activations of the first layer. The default is
            wide, which conditions the tangent kernel.
        loss: `half_squared` on one-hot labels (+1 and -1 for two classes), which certificates
            speak of, or `cross_entropy`.
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
        classes_: the labels.

    Cost: `max_iter` times a forward and a backward pass on all samples, one compilation per shape.

    References:
        Song et al. (2021), section 2, for one hidden layer; Jacot, Gabriel, Hongler (2018).

    Example:
        >>> from sklearn.datasets import load_iris
        >>> from surefit.estimators import NetworkClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = NetworkClassifier(width=64, max_iter=500, random_state=0).fit(X[::2], y[::2])
        >>> bool(model.score(X[1::2], y[1::2]) > 0.9)
        True
    """

    def __init__(
        self,
        width: int = 512,
        depth: int = 1,
        activation: str | Activation = "tanh",
        *,
        weight_std: float = 4.0,
        loss: str = "half_squared",
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
        self.loss = loss
        self.method = method
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.verbose = verbose

    def _build(self, outputs: int) -> Layer:
        return explicit_network(self.width, self.depth, self.activation, self.weight_std, outputs)
