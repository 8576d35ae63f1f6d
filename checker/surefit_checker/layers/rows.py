r"""Bounds on a ball of derivatives that are linear in the sizes of a direction's parts.

A direction has one part per trained layer, of Frobenius norms $v_j$ with $\lVert v\rVert_2 = 1$.
Of rows $P$, of shape (1 + samples, parts), the first one bounds the norm over all samples by
$\sum_jP_{0j}v_j$, the others the same of every sample. Sizes, of shape (1 + samples,), are ordered
likewise. Entries bound single features, (samples, features), for directions of norm 1 as a whole.
"""

import numpy as np

from surefit_checker.ball import norm, up


def sizes(each: np.ndarray, whole: float | None = None) -> np.ndarray:
    """Of all samples together, by default the largest, and of each."""
    return np.concatenate([[np.max(each) if whole is None else whole], each])


def times(rows: np.ndarray, factor: float | np.ndarray) -> np.ndarray:
    """Rows behind a map of this size, or of these sizes."""
    return up(rows * np.reshape(factor, (-1, 1)), 1)


def with_part(rows: np.ndarray, slot: int | None, own: np.ndarray) -> np.ndarray:
    """Rows with more, of these sizes, of a part."""
    rows = rows.copy()
    if slot is not None:
        rows[:, slot] = up(rows[:, slot] + own, 1)
    return rows


def within(rows: np.ndarray, rho: float) -> np.ndarray:
    """Sizes of the way of what is differentiated, in a ball."""
    return up(norm(rows, 1) * rho, 1)


def improved(rows: np.ndarray, entry: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and entries, each bound improved by the others."""
    batch = np.minimum(rows[0], norm(rows[1:], 0))
    sample = np.minimum(rows[1:], batch)
    whole = norm(sample, 1).reshape(-1, *[1] * (entry.ndim - 1))
    return np.vstack([batch, sample]), np.minimum(entry, whole)


def bend(q: np.ndarray, rows: np.ndarray, bent: np.ndarray) -> None:
    """Adds to q the term with the second derivative of the activation, for every pair of parts.

    `bent` are the sizes of what an activation's bend does to the outputs.
    """
    bent, sample = bent[1:, None], rows[1:]
    once = np.outer(rows[0], np.max(bent * sample, 0))
    both = np.array([norm(bent * one[:, None] * sample, 0) for one in sample.T])
    q += up(np.minimum(np.minimum(once, once.T), both), 4)


def couple(q: np.ndarray, slot: int, rows: np.ndarray, outputs: np.ndarray, reach: float) -> None:
    """Adds to q the term with a change of a part and one of what its weights see, in these rows.

    `outputs` are the sizes of the derivatives of the outputs; `reach` is a factor.
    """
    one = np.minimum(np.max(outputs[1:]) * rows[0], outputs[0] * np.max(rows[1:], 0))
    term = up(reach * np.minimum(one, norm(outputs[1:, None] * rows[1:], 0)), 4)
    q[slot] += term
    q[:, slot] += term
