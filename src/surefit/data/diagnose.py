"""What the theory asks of the data, checked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg
import scipy.sparse.linalg
from jaxtyping import Float64, Shaped

from surefit.core.check import Check
from surefit.data.checks import (
    contradicting_labels,
    duplicate_rows,
    name_pair,
    parallel_bound,
    parallel_rows,
    separated,
    unit_norm,
)
from surefit.data.dataset import refuse_non_finite
from surefit.data.norms import refuse_zero_rows, row_norms, unit_rows
from surefit.data.pairs import closest, equal_rows
from surefit.data.rows import RowsError
from surefit.errors import InvalidInputError

__all__ = ["Diagnosis", "diagnose"]

# Up to this size a dense eigenvalue is quicker than iterating.
DENSE = 500


class Diagnosis(NamedTuple):
    """What was found.

    Args:
        checks: duplicates, contradictions, parallel rows, separation, norms.
        facts: name -> number or short text.
    """

    checks: tuple[Check, ...]
    facts: dict[str, float | int | str]


def diagnose(
    x: Float64[np.ndarray, "n ..."],
    y: Shaped[np.ndarray, "..."],
    task: str = "classification",
    rows: Shaped[np.ndarray, "..."] | None = None,
) -> Diagnosis:
    r"""Check what the theory asks of the data.

    Checks: `contradicting_labels` (equal inputs with different labels: no function reaches loss
    zero), `duplicate_rows` and `parallel_rows`, `antiparallel_rows` (normalised rows, or a row and
    the opposite of another, within 1e-12: the limit kernel of a network without biases can be
    singular), `separation` ($\delta > 0$) and `unit_norm`.

    Facts: `samples`, `inputs`, `delta` and `closest_pair`, `min_norm`, `max_norm`, `sigma_max` (of
    the matrix with the inputs as rows), `coherence` (the largest $|\cos|$ between two rows) and
    `coherent_pair`, `orthogonality` (coherence times n - 1: below 1 the normalised rows are nearly
    orthogonal in the sense that their Gram matrix is diagonally dominant, hence positive
    definite), `classes` (how often each occurs).

    Args:
        x: the inputs; images count as vectors.
        y: labels or targets.
        task: "classification" or "regression".
        rows: what to call the rows; by default 0 to n - 1.

    Returns:
        The checks and the facts.

    Raises:
        InvalidInputError: a row is zero or not finite (the message names the rows), all labels
            of a classification are equal, or x and y differ in length.

    Cost:
        Three passes of $n^2 d$ operations, and memory as for `separation`.
    """
    names = np.arange(len(x)) if rows is None else rows
    vectors, labels = _checked(x, y, names)
    facts: dict[str, float | int | str] = {}
    if task == "classification":
        kinds, counts = np.unique(labels, return_counts=True)
        _refuse_one_class(kinds)
        facts["classes"] = ", ".join(f"{a}: {c}" for a, c in zip(kinds, counts, strict=True))
    nearest = closest(vectors)
    unit = unit_rows(vectors, "`diagnose(x=...)`")
    along, against = (
        closest(unit, sign, within=parallel_bound(vectors.shape[1])) for sign in (1, -1)
    )
    norms = row_norms(vectors)
    twins = equal_rows(vectors)
    checks = (
        contradicting_labels(twins, labels, names),
        duplicate_rows(twins, names),
        parallel_rows("parallel_rows", along, vectors.shape[1], names),
        parallel_rows("antiparallel_rows", against, vectors.shape[1], names),
        separated(nearest, names),
        unit_norm(norms, names),
    )
    coherent = min(along, against, key=lambda found: found.distance)
    coherence = max(0.0, 1.0 - coherent.distance**2 / 2)
    facts |= {
        "samples": len(vectors),
        "inputs": vectors.shape[1],
        "delta": nearest.distance,
        "closest_pair": name_pair(nearest.pair, names),
        "min_norm": float(norms.min()),
        "max_norm": float(norms.max()),
        "sigma_max": _largest_singular_value(vectors),
        "coherence": coherence,
        "coherent_pair": name_pair(coherent.pair, names),
        "orthogonality": coherence * (len(vectors) - 1),
    }
    return Diagnosis(checks, facts)


def _checked(x: np.ndarray, y: np.ndarray, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if x.size == 0 or not len(x) == len(y) == len(names):
        raise InvalidInputError(
            "`diagnose(x=..., y=..., rows=...)` must be given at least one example, and equally "
            f"many inputs, labels and names of rows. Got {len(x)}, {len(y)} and {len(names)}, "
            f"inputs of shape {x.shape}. Check how they were selected."
        )
    vectors = x.reshape(len(x), -1)
    try:
        refuse_non_finite(vectors, "`diagnose(x=...)`")
        refuse_zero_rows(vectors, "`diagnose(x=...)`")
    except RowsError as error:
        raise error.renumbered(names) from None
    return vectors, y.reshape(len(y), -1)


def _refuse_one_class(kinds: np.ndarray) -> None:
    if len(kinds) == 1:
        raise InvalidInputError(
            f"`diagnose(y=...)` must hold at least two classes. Got {kinds[0]!s} only. A constant "
            "fits it, so there is nothing to learn. The first rows of a sorted file often belong "
            "to one class: select with samples_per_class=..., shuffle=True, or more samples."
        )


def _largest_singular_value(x: np.ndarray) -> float:
    # The scale keeps squares in range; the smaller Gram matrix has the same largest eigenvalue.
    scale = float(np.max(np.abs(x)))
    x = x / scale
    if min(x.shape) > DENSE:
        start = np.random.default_rng(0).standard_normal(min(x.shape))
        found = scipy.sparse.linalg.svds(x, k=1, v0=start, return_singular_vectors=False)
        return scale * float(found[0])
    gram = x @ x.T if len(x) < x.shape[1] else x.T @ x
    last = len(gram) - 1
    top = scipy.linalg.eigh(gram, eigvals_only=True, subset_by_index=(last, last))[0]
    return scale * float(np.sqrt(top))
