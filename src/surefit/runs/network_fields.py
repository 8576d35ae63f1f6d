"""The fields of a spec that describe the network."""

from __future__ import annotations

from surefit.runs.data_fields import DataFields
from surefit.runs.options import AtLeastOne, Deviation, Name, Switch, option

__all__ = ["NetworkFields"]


class NetworkFields(DataFields):
    """The network, its size and its initial weights."""

    network: Name = option(
        "shallow",
        "The network (`surefit list`); `shallow` is one hidden layer, `implicit` has infinitely "
        "many layers with the same weights. Implicit networks have defaults of their own, those of "
        "their papers: ReLU, Gaussian weights, a random initial output, at most 2000 steps. So "
        "have the deep networks `fc`, `cnn` and `resnet`: ReLU, three trained layers between two "
        "fixed ones, a random initial output, at most 100 000 steps.",
        "be the name of a network",
        '"shallow"',
    )
    activation: Name = option(
        "tanh",
        "The activation function (`surefit list`). Smooth ones have the explicit "
        "curvature bounds that certificates need. `implicit` and `ling` are ReLU networks.",
        "be the name of an activation",
        '"tanh"',
    )
    init: Name = option(
        "wide",
        "The initial distribution of the weights. `wide` draws hidden weights so large that inputs "
        "of norm 1 reach the curved part of the activation, which conditions the tangent kernel "
        "far better than unit variance. `he`, `lecun` and `song` are for `shallow` without factors "
        "in front of the layers, as Song et al. (2021) have it; they start at a random output and "
        "make at most 2000 steps. `ntk` is the parameterisation of that name; the start that Song "
        "et al. call NTK is `standard`. For `implicit` it is the distribution of the weights: "
        "`gaussian`, `rademacher`, `uniform`, or `non_negative` (inside the equilibrium). `fc`, "
        "`cnn` and `resnet` have their own, `allen_zhu`.",
        "be the name of an initialisation",
        '"wide"',
    )
    weight_std: Deviation | None = option(
        None,
        "Standard deviation of a first-layer pre-activation for an input of norm 1. Unset: what "
        "`init` says (4 for `wide`, otherwise 1). `implicit`, `ling` and the starts `he`, `lecun` "
        "and `song` have a fixed one.",
        "be a number above 0 and at most 1e100",
        "2.0",
    )
    width: AtLeastOne = option(
        512,
        "Neurons in each hidden layer. The wider, the closer training stays to its kernel "
        "prediction. For `cnn` it is positions times channels: 8 channels on images of 8 x 8.",
        "be a whole number of at least 1",
        "512",
    )
    depth: AtLeastOne = option(
        1,
        "The number of hidden layers; of `fc`, `cnn` and `resnet` that of the trained ones, which "
        "lie behind a fixed one (3 if it is left out).",
        "be a whole number of at least 1",
        "1",
    )
    antisymmetric: Switch = option(
        True,
        "Start at output 0: hidden features come in pairs of opposite output weights (with several "
        "hidden layers the initial output is subtracted instead), and the tangent kernel is as "
        "without. Otherwise the initial output is random and its size enters the bounds. Implicit "
        "and deep networks start at random unless this is asked for.",
        "be true or false",
        "true",
    )
