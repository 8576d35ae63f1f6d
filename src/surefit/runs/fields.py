"""The fields of a spec: what can be chosen for one `surefit certify` run."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from surefit.runs.options import (
    AtLeastOne,
    AtLeastTwo,
    Choice,
    Classes,
    Name,
    Names,
    NotNegative,
    Positive,
    Seed,
    StepSize,
    Switch,
    option,
)

__all__ = ["CertifyFields"]


class CertifyFields(BaseModel):
    """The fields of a spec, each with its type, range, default and description.

    They are the options of the command line, under the same names. To add one, add it here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    data: Name = option(
        "digits",
        "The data: a source's name (`surefit list`), the path of a CSV, NPZ or IDX file, or "
        "`openml:name`. A path is relative to the current directory. The content of the file is "
        "part of the run's identity: editing it makes another run.",
        "be a source's name, a path or `openml:name`",
        '"digits"',
    )
    classes: Classes | None = option(
        None,
        "The classes to keep, in the order in which the label coding uses them (with two: the "
        "first is -1, the second +1). Unset: all of them, sorted.",
        "list two or more different class labels, each a whole number or a word",
        "[0, 1]",
    )
    samples: AtLeastTwo | None = option(
        None,
        "How many samples to use in total: the first ones in the order of the source. Unset: all. "
        "The Gram matrix of n samples needs memory of order n^2.",
        "be a whole number of at least 2",
        "300",
    )
    samples_per_class: AtLeastOne | None = option(
        None,
        "How many samples of each class to use, instead of a total number.",
        "be a whole number of at least 1",
        "150",
    )
    preprocess: Names = option(
        ("centre", "unit_norm"),
        "Preprocessing steps, in the order in which they are done (`surefit list`). "
        "Most theorems ask for inputs of norm 1.",
        "list the names of steps, in order",
        '["centre", "unit_norm"]',
    )
    labels: Name = option(
        "auto",
        "How targets are coded, for example plus-minus 1 or one-hot (`surefit list`). "
        "`auto` chooses by the number of classes.",
        "be the name of a label coding",
        '"auto"',
    )
    noise: NotNegative = option(
        0.0,
        "Relative length of a random vector added to every input after preprocessing. It separates "
        "duplicate or parallel rows, which would make the limit kernel singular; the result then "
        "holds for the perturbed data.",
        "be a finite number of at least 0",
        "0.001",
    )
    network: Name = option(
        "shallow",
        "The network (`surefit list`); `shallow` is one hidden layer.",
        "be the name of a network",
        '"shallow"',
    )
    activation: Name = option(
        "tanh",
        "The activation function (`surefit list`). Smooth ones have the explicit "
        "curvature bounds that certificates need.",
        "be the name of an activation",
        '"tanh"',
    )
    init: Name = option(
        "wide",
        "The initial distribution of the weights. `wide` draws hidden weights so large that inputs "
        "of norm 1 reach the curved part of the activation, which conditions the tangent kernel "
        "far better than unit variance.",
        "be the name of an initialisation",
        '"wide"',
    )
    weight_std: Positive | None = option(
        None,
        "Standard deviation of a first-layer pre-activation for an input of norm 1. Unset: what "
        "`init` says (4 for `wide`, otherwise 1).",
        "be a finite number above 0",
        "2.0",
    )
    width: AtLeastOne = option(
        512,
        "Neurons in each hidden layer. The wider, the closer training stays to its kernel "
        "prediction.",
        "be a whole number of at least 1",
        "512",
    )
    depth: AtLeastOne = option(
        1,
        "The number of hidden layers.",
        "be a whole number of at least 1",
        "1",
    )
    antisymmetric: Switch = option(
        True,
        "Start at output 0: hidden features come in pairs of opposite output weights (with several "
        "hidden layers the initial output is subtracted instead), and the tangent kernel is as "
        "without. Otherwise the initial output is random and its size enters the bounds.",
        "be true or false",
        "true",
    )
    loss: Name = option(
        "half_squared",
        "The loss (`surefit list`); the theorems are mostly about the squared loss.",
        "be the name of a loss",
        '"half_squared"',
    )
    method: Name = option(
        "gradient_descent",
        "The training method (`surefit list`).",
        "be the name of a method",
        '"gradient_descent"',
    )
    step_size: StepSize = option(
        "auto",
        "The step size (learning rate). `auto` takes it from the largest eigenvalue of the "
        "empirical Gram matrix at the start, where descent is stable.",
        'be a finite number above 0, or "auto"',
        '"auto"',
    )
    batch_size: AtLeastOne | None = option(
        None,
        'Samples per step, for `method = "sgd"` only. Unset: the method\'s own choice.',
        "be a whole number of at least 1",
        "32",
    )
    steps: AtLeastOne = option(
        200_000,
        "The upper limit of the number of steps; training ends earlier at the target loss or "
        "when a certificate holds.",
        "be a whole number of at least 1",
        "200000",
    )
    target_loss: Positive | None = option(
        None,
        "Stop as soon as the loss is at most this. Unset: go on until a certificate holds or the "
        "steps are used up.",
        "be a finite number above 0",
        "1e-06",
    )
    theorems: Choice | None = option(
        None,
        "The theorems to compare with the run (`surefit list`). Unset: all of them; an "
        "empty list: none.",
        "list names of theorems",
        '["du_et_al_2018"]',
    )
    monitors: Choice | None = option(
        None,
        "What to measure during training (`surefit list`). Unset: the standard "
        "quantities, and those that the theorems speak of.",
        "list names of monitors",
        '["loss", "gradient_norm"]',
    )
    every: AtLeastOne | None = option(
        None,
        "Measure every so many steps. Unset: densely at the start, then ever more rarely.",
        "be a whole number of at least 1",
        "100",
    )
    seed: Seed = option(
        0,
        "The seed of everything random: synthetic data, the perturbation, the initial weights, the "
        "batches.",
        "be a whole number from 0 to 4294967295",
        "0",
    )
