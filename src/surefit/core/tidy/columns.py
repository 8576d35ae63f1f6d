"""The columns of the tidy table: names, types, meanings and units, in their order."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["ASKED", "COLUMNS", "RESULT_COLUMNS", "Column", "column_type", "ordered"]

# Fields of a spec whose value in the run is known only once it ran ("auto", all samples, a limit of
# steps): the plain name is what was used, and what was asked for gets this suffix.
ASKED = "_asked"


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of the tidy table.

    Args:
        name: its name.
        type: `str`, `int`, `float` or `bool`; every value is of this type or None.
        meaning: what it is, in a sentence without a full stop.
        unit: of a number; empty where there is none.
    """

    name: str
    type: type
    meaning: str
    unit: str = ""


COLUMNS: tuple[Column, ...] = (
    Column("run_id", str, "the name of the run and of its directory"),
    Column("kind", str, "`certify`, `kernel` or `experiment`"),
    Column("experiment", str, "the name of the experiment; for experiments only"),
    Column(
        "status",
        str,
        "`target_reached`, `steps_done` or `diverged` (how training ended), `done` (a run without "
        "training), `failed`, `unreadable`; in listings also `running` and `interrupted`",
    ),
    Column("converged", bool, "whether training ended at its target: a loss or a certificate"),
    Column("proved", bool, "whether the stand-alone checker proved a certificate of the run"),
    Column("holds", bool, "the verdict as yes or no; absent: cannot be said"),
    Column("data", str, "the data: a name, or the name of a file"),
    Column("data_sha256", str, "the SHA-256 of the data file; for files only"),
    Column("target", str, "the column to predict; absent: the one that the source chooses"),
    Column("classes", str, "the classes that were kept, in order, with spaces between them"),
    Column("samples", int, "samples used for training", "samples"),
    Column("inputs", int, "coordinates of one sample", "coordinates"),
    Column("outputs", int, "outputs of the network", "outputs"),
    Column("network", str, "the network"),
    Column("activation", str, "the activation function"),
    Column("init", str, "the initial distribution of the weights"),
    Column("width", int, "neurons in each hidden layer", "neurons"),
    Column("depth", int, "hidden layers", "layers"),
    Column("gamma", float, "standard deviation of the weights inside an equilibrium"),
    Column("loss", str, "the loss function"),
    Column("method", str, "the training method that was used"),
    Column("seed", int, "the seed of everything random"),
    Column("step_size", float, "the step that was used; for flow the time between records"),
    Column("steps", float, "steps made; for flow the time reached", "steps"),
    Column("target_loss", float, "the loss at which training was to end", "loss"),
    Column("first_loss", float, "the training loss at the start", "loss"),
    Column("final_loss", float, "the training loss at the end", "loss"),
    Column("accuracy", float, "share of the training samples classified correctly at the end"),
    Column("distance", float, "Euclidean distance of the weights from their start, at the end"),
    Column("kernel_drift", float, "relative change of the tangent kernel since the start"),
    Column(
        "lambda_min_limit",
        float,
        "smallest eigenvalue of the tangent kernel of infinite width on the training samples",
    ),
    Column("lambda_min_initial", float, "smallest eigenvalue of the tangent kernel at the start"),
    Column("lambda_min_final", float, "smallest eigenvalue of the tangent kernel at the end"),
    Column(
        "rate_measured",
        float,
        "the factor by which the squared residual shrank per step over the second half of "
        "training, by least squares; for flow the exponent of its decay per unit of time",
    ),
    Column(
        "rate_predicted",
        float,
        "the best such factor or exponent that a theorem promises whose assumptions all hold",
    ),
    Column("rate_theorem", str, "the theorem that promises it"),
    Column(
        "rate_kernel",
        float,
        "that factor or exponent for the slowest direction of the kernel at the start",
    ),
    Column("parameters", int, "trained parameters", "parameters"),
    Column("test_accuracy", float, "share of the test samples classified correctly; kernel runs"),
    Column("test_rmse", float, "root mean square error on the test samples; kernel runs"),
    Column(
        "seconds",
        float,
        "wall-clock time of the run, from the tangent kernel to the last proof; absent for runs of "
        "older versions",
        "seconds",
    ),
    Column("seconds_training", float, "that of training alone, compilation included", "seconds"),
    Column("created", str, "when the run was finished, in ISO form, UTC"),
    Column("verdict", str, "the outcome in one sentence"),
    Column("error", str, "the class of the error that ended the run; failures only"),
    Column("message", str, "what that error said"),
    Column("attempts", int, "how many times a failed run was tried", "attempts"),
    Column("samples_asked", int, "the field `samples` of the spec", "samples"),
    Column("samples_per_class", int, "samples asked of each class", "samples"),
    Column("inputs_asked", str, "the field `inputs` of an experiment"),
    Column("method_asked", str, "the field `method` of the spec: a name or `auto`"),
    Column("step_size_asked", str, "the field `step_size` of the spec: a number or `auto`"),
    Column("steps_asked", int, "the field `steps` of the spec: the limit", "steps"),
    Column("preprocess", str, "the preprocessing steps, in order"),
    Column("labels", str, "how targets are coded"),
    Column("noise", float, "relative length of the random vector added to every input"),
    Column("weight_std", float, "standard deviation of a first pre-activation"),
    Column("antisymmetric", bool, "whether the network starts at output 0"),
    Column("trained", str, "which weights of an implicit network are trained"),
    Column("skip", bool, "whether an implicit network has a path around its equilibrium"),
    Column("output_scale", float, "the factor of the output of an implicit network"),
    Column("tau", str, "the factor of residual branches: a formula or a number"),
    Column("window", int, "positions of a filter along every axis", "positions"),
    Column("shared", bool, "whether a convolution has the same weights at all positions"),
    Column("bias_scale", float, "the factor of the fixed random biases of a convolution"),
    Column("batch_size", int, "samples per step of stochastic descent", "samples"),
    Column("polish", bool, "whether the weights were moved to an exact fit after training"),
    Column("from_start", bool, "whether convergence from the initial weights was to be proved"),
    Column("floor", bool, "whether descent in float64 down to its rounding floor was to be proved"),
    Column("theorems", str, "the theorems that were asked for; absent: all"),
    Column("monitors", str, "the measurements that were asked for; absent: the standard ones"),
    Column("every", int, "steps between measurements", "steps"),
    Column("bias_std", float, "standard deviation of the biases; kernel runs"),
    Column("kernel", str, "which kernel was asked for: `ntk`, `nngp` or `both`"),
    Column("pooling", str, "what is behind the convolutions; kernel runs"),
    Column("ridge", float, "weight decay towards the start; kernel runs"),
    Column("observation_noise", str, "variance of the noise of targets: a number or `auto`"),
    Column("test_fraction", float, "the share of the samples kept for testing; kernel runs"),
    Column("compare_width", int, "the width of the network trained beside a kernel", "neurons"),
    Column("compare_steps", int, "the steps of that training", "steps"),
)

# What came out, beside what was asked for and the facts of the data.
RESULT_COLUMNS = frozenset(
    {
        "status",
        "converged",
        "proved",
        "holds",
        "step_size",
        "steps",
        "first_loss",
        "final_loss",
        "accuracy",
        "distance",
        "kernel_drift",
        "lambda_min_limit",
        "lambda_min_initial",
        "lambda_min_final",
        "rate_measured",
        "rate_predicted",
        "rate_theorem",
        "rate_kernel",
        "test_accuracy",
        "test_rmse",
        "seconds",
        "seconds_training",
        "created",
        "verdict",
        "error",
        "message",
        "attempts",
    }
)

_BY_NAME = {column.name: (place, column) for place, column in enumerate(COLUMNS)}


def ordered(names: Iterable[str]) -> list[str]:
    """Column names in the order of `COLUMNS`, unknown ones behind them by name."""
    end = len(COLUMNS)
    return sorted(set(names), key=lambda name: (_BY_NAME.get(name, (end,))[0], name))


def column_type(name: str, rows: Iterable[Mapping[str, Any]]) -> type:
    """The type of a column: the same in every export for those of `COLUMNS`.

    A column that the table does not know (a field of an experiment) is `bool` or `float` where all
    of its values are, and `str` otherwise.
    """
    if name in _BY_NAME:
        return _BY_NAME[name][1].type
    kinds = {type(row[name]) for row in rows if row.get(name) is not None}
    if kinds == {bool}:
        return bool
    return float if kinds and kinds <= {int, float} else str
