"""The network of Allen-Zhu, Li and Song, recognised in a setting."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from surefit.activations import Relu
from surefit.core.check import Check, Evidence
from surefit.data.pairs import separation
from surefit.theory.implicit.memo import per_setting
from surefit.theory.setting import Setting

__all__ = ["DeepNetwork", "deep_network", "network_checks"]


@dataclasses.dataclass(frozen=True)
class DeepNetwork:
    r"""The numbers that the theorems are about.

    Args:
        samples: $n$.
        depth: $L$, the number of trained matrices.
        width: $m$.
        outputs: $d$.
        delta: $\delta = \min_{i\ne j}\|x_i - x_j\|$; infinite for a single sample.
    """

    samples: int
    depth: int
    width: int
    outputs: int
    delta: float


def _separation(setting: Setting) -> float:
    r"""$\delta$ of the inputs as they are."""
    rows = np.asarray(setting.problem.x).reshape(setting.problem.samples, -1)
    return separation(rows).delta if len(rows) > 1 else math.inf


@per_setting
def deep_network(setting: Setting) -> DeepNetwork | None:
    """The numbers; None where the network is another one."""
    if any(check.holds is False for check in network_checks(setting)):
        return None
    structure = setting.structure
    return DeepNetwork(
        samples=setting.problem.samples,
        depth=len(structure.dense) - 2,
        width=structure.dense[0].features,
        outputs=setting.problem.outputs,
        delta=_separation(setting),
    )


def network_checks(setting: Setting) -> tuple[Check, ...]:
    r"""$B\phi(W_L\cdots\phi(W_1\phi(Ax)))$, its scales at the start, and only $W_\ell$ trained."""
    return _architecture(setting), _scales(setting), _trained(setting)


def _architecture(setting: Setting) -> Check:
    structure = setting.structure
    problems = []
    if not structure.fully_connected or len(structure.dense) < 3:
        problems.append("the network is not made of at least three dense layers in a row")
    if {type(layer) for layer in structure.activations} != {Relu}:
        problems.append("the activations are not ReLU")
    if any(layer.bias_std is not None for layer in structure.dense):
        problems.append("there are biases")
    if len(set(structure.hidden_widths)) > 1:
        problems.append(f"the hidden widths are {structure.hidden_widths}")
    return _flag("deep fully connected ReLU network of one width, no biases", problems)


def _scales(setting: Setting) -> Check:
    structure, problems = setting.structure, []
    dense = structure.dense
    incoming = (structure.inputs or 1, *structure.hidden_widths)
    width = dense[0].features if dense else 1
    for place, (layer, m) in enumerate(zip(dense, incoming, strict=False)):
        due = 1.0 / layer.features if place == len(dense) - 1 else 2.0 / width
        scale, std, _, _ = layer.scales(m)
        if scale != 1.0:
            problems.append(f"dense layer {place + 1} multiplies its weights by {scale:.4g}")
        elif not math.isclose(std**2, due, rel_tol=1e-9):
            problems.append(f"dense layer {place + 1} has variance {std**2:.4g}, not {due:.4g}")
        elif layer.distribution != "gaussian":
            problems.append(f"dense layer {place + 1} is drawn as {layer.distribution}")
    name = "variances 2/m of A and W, 1/d of B, Gaussian, no factors"
    return _flag(name, problems, Evidence.ASSUMED)


def _trained(setting: Setting) -> Check:
    flags = [layer.trained for layer in setting.structure.dense]
    right = len(flags) >= 3 and flags == [False, *[True] * (len(flags) - 2), False]
    return _flag("W_1..W_L trained, A and B fixed", [] if right else ["others are trained"])


def _flag(name: str, problems: list[str], evidence: Evidence = Evidence.FLOAT) -> Check:
    note = "; ".join(problems)
    if problems:
        note += "; models.fully_connected is the network of the paper"
    return Check.from_flag(name, not problems, note, evidence=evidence)
