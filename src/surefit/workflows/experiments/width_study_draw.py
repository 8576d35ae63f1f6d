"""One draw of the weights at one width: the kernel at its start, and how far training moves it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import jax
import numpy as np
from jaxtyping import Float

from surefit import models
from surefit.core.jsonable import as_float, read_json, replace_json
from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.core.spectrum import power_norm
from surefit.core.trajectory import Status
from surefit.core.tree import difference
from surefit.problem import Problem
from surefit.runs.experiments import AllenZhu2019WidthSpec
from surefit.training import GradientDescent, train
from surefit.workflows.listener import Listener

__all__ = ["Draw", "limit_distance", "operator_norm", "run_draw"]


@dataclasses.dataclass(frozen=True)
class Draw:
    r"""What was measured for one draw at one width.

    Args:
        width: $m$.
        kernel_error: $\|K(0) - K_\infty\|_F/\|K_\infty\|_F$.
        step_size: $1/\lambda_{\max}(K(0))$.
        distance: $\|W_t - W_0\|_F$ for $t = 0..T$.
        operator: $\max_\ell\|W_{\ell,T} - W_{\ell,0}\|_2$.
        limit: $\|W_T - W_0\|_F$ if the kernel were $K_\infty$ throughout, from the same residual.
        loss: at the start and at the end.
        complaint: why it ended early; empty if it did not.
    """

    width: int
    kernel_error: float
    step_size: float
    distance: Float[np.ndarray, " t"]
    operator: float
    limit: float
    loss: Float[np.ndarray, " 2"]
    complaint: str = ""

    @property
    def frobenius(self) -> float:
        r"""$\|W_T - W_0\|_F$."""
        return float(self.distance[-1])


def run_draw(
    spec: AllenZhu2019WidthSpec,
    width: int,
    repeat: int,
    data: tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n 1"]],
    scratch: Path,
    listener: Listener,
) -> Draw | None:
    """Measure one draw, or read it where it is done; None if interrupted.

    Args:
        spec: what to do.
        width: $m$.
        repeat: which draw.
        data: inputs and targets.
        scratch: where to keep it.
        listener: hears of progress.
    """
    kept = scratch / f"width-{width}-draw-{repeat}.json"
    if kept.is_file():
        return _read(kept)
    listener.stage(f"Width {width}, draw {repeat + 1} of {spec.repeats}")
    problem = Problem(models.fully_connected(width, spec.depth), *data)
    params = problem.init(spec.seed + repeat)
    limit, gram = np.asarray(problem.limit().ntk), np.asarray(problem.gram(params))
    step = 1.0 / float(np.linalg.eigvalsh(gram)[-1])
    residual = np.asarray(problem.residual(params))
    trained, run = train(
        problem,
        params,
        GradientDescent(step_size=step),
        steps=spec.steps,
        monitors=["distance"],
        every=1,
        progress=listener.training,
    )
    if run.status is Status.INTERRUPTED:
        return None
    loss = np.asarray(run["loss"].values)
    done = Draw(
        width=width,
        kernel_error=float(np.linalg.norm(gram - limit) / np.linalg.norm(limit)),
        step_size=step,
        distance=np.asarray(run["distance"].values),
        operator=operator_norm(problem.split(params)[0], problem.split(trained)[0]),
        limit=limit_distance(limit, residual, step, spec.steps),
        loss=loss[[0, -1]],
        complaint=run.message if run.status is Status.DIVERGED else "",
    )
    replace_json(kept, dataclasses.asdict(done))
    return done


def limit_distance(
    kernel: Float[np.ndarray, "n n"], residual: Float[np.ndarray, " n"], step: float, steps: int
) -> float:
    r"""$\|W_T - W_0\|_F$ of descent on a model that is linear in its weights.

    $$W_T - W_0 = -J^\top\eta\sum_{t<T}(I - \eta K)^tr_0,\qquad
    \|W_T - W_0\|_F^2 = \sum_i\lambda_i\Bigl(\eta\sum_{t<T}(1-\eta\lambda_i)^t\Bigr)^2
    \langle v_i, r_0\rangle^2.$$

    Args:
        kernel: $K = JJ^\top$.
        residual: $r_0$.
        step: $\eta$.
        steps: $T$.
    """
    values, vectors = np.linalg.eigh(kernel)
    powers = (1.0 - step * values)[:, None] ** np.arange(steps)
    pushed = step * powers.sum(axis=1) * (vectors.T @ residual)
    return float(np.sqrt(np.sum(np.maximum(values, 0.0) * pushed**2)))


@float64
def operator_norm(before: Params, after: Params) -> float:
    r"""$\max_\ell\|W_\ell - W_{\ell,0}\|_2$ by the Lanczos method, from below, to about 1e-6."""
    norms = []
    for change in map(np.asarray, jax.tree.leaves(difference(after, before))):
        if not np.any(change):
            norms.append(0.0)
            continue
        found = power_norm(lambda v, a=change: a @ v, lambda u, a=change: a.T @ u, change.shape)
        norms.append(found.value)
    return max(norms)


def _read(path: Path) -> Draw:
    data = read_json(path)
    for name in ("distance", "loss"):
        data[name] = np.array([as_float(value) for value in data[name]])
    for name in ("kernel_error", "step_size", "operator", "limit"):
        data[name] = as_float(data[name])
    return Draw(**data)
