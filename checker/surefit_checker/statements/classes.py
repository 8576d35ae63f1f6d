"""Labels and margins of classifiers."""

from __future__ import annotations

import numpy as np
from flint import arb

from surefit_checker.statements.local import Problem
from surefit_checker.verdict import InvalidError


def margins(problem: Problem) -> list[list[arb]]:
    r"""Per sample: by how much the output of its class exceeds every other, enclosed.

    One output with labels +-1: the label times the output, alone.

    Raises:
        InvalidError: the targets are neither +-1 nor one-hot.
    """
    network = problem.network
    y = problem.folder.arrays[problem.folder.spec["network"]["targets"]]
    out = (network.residual + network.make(y)).ball()
    values = [[arb(m, r) for m, r in zip(*row, strict=True)] for row in zip(
        out.mid.tolist(), out.rad.tolist(), strict=True)]  # fmt: skip
    if y.shape[1] == 1:
        if not np.all(np.abs(y) == 1.0):
            raise InvalidError("the targets of one output must be 1 or -1")
        return [[f[0] * float(label)] for f, label in zip(values, y[:, 0], strict=True)]
    if not np.all(np.sort(y, 1) == np.eye(y.shape[1])[-1]):
        raise InvalidError("the targets must be one-hot")
    found = []
    for f, label in zip(values, np.argmax(y, 1).tolist(), strict=True):
        found.append([f[label] - other for j, other in enumerate(f) if j != label])
    return found
