"""The fields of a spec: what can be chosen for one `surefit certify` run."""

from __future__ import annotations

from surefit.runs.descent_fields import DescentFields
from surefit.runs.options import AtLeastOne, Choice, Positive, Seed, Switch, option

__all__ = ["ADDED_LATER", "CertifyFields"]

# Fields that were added after the first release of the schema, with the value that means what runs
# did before. With this value they are left out of the canonical form, so that ids keep their
# meaning.
ADDED_LATER = {"polish": False, "from_start": False, "floor": False, "target": None}


class CertifyFields(DescentFields):
    """The fields of a spec, each with its type, range, default and description.

    They are the options of the command line, under the same names. Data, network and the steps of
    training have files of their own; here are its end and measurement. To add one, add it to its
    file.
    """

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
        "steps are used up; where no certificate can hold, until the loss is a millionth of that "
        "at the start. Deep networks end at 1e-6, or with cross-entropy where all training samples "
        "are classified correctly.",
        "be a finite number above 0",
        "1e-06",
    )
    polish: Switch = option(
        False,
        "After training, move the weights a little further to an exact fit (Levenberg-Marquardt), "
        "where certificates hold that training alone seldom reaches: for ReLU, deep and implicit "
        "networks. The certificates are then about the polished weights, and say so.",
        "be true or false",
        "true",
    )
    from_start: Switch = option(
        False,
        "Prove also that exact gradient descent from the initial weights converges: before any "
        "training where the network is wide enough, otherwise by running it in float64, bounding "
        "how far exact arithmetic may be. For networks with one hidden layer and a smooth "
        "activation. It takes a few times as long as training.",
        "be true or false",
        "true",
    )
    floor: Switch = option(
        False,
        "Prove also that descent in float64, rounding errors included, falls to its rounding floor "
        "and stays near for many steps. For networks other than two dense layers with a smooth "
        "activation the size of the errors is measured and named in the statement.",
        "be true or false",
        "true",
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
