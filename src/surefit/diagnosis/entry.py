"""`sf.diagnose`: what a network of one's own does on one's own data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.diagnosis.arguments import require_numbers
from surefit.diagnosis.conflicts import equal_inputs
from surefit.diagnosis.curvature import extremes_of_all
from surefit.diagnosis.descent import Course, course, slopes
from surefit.diagnosis.fit import fit_of
from surefit.diagnosis.hardness import hardness_of
from surefit.diagnosis.horizon import horizon_of
from surefit.diagnosis.kernel import DenseKernel, chosen_rows, operator
from surefit.diagnosis.laziness import laziness_of
from surefit.diagnosis.modes import Modes, dense_modes, krylov_modes
from surefit.diagnosis.prepare import like, prepare
from surefit.diagnosis.result import Diagnosis
from surefit.diagnosis.stepsize import step_size_of
from surefit.diagnosis.subject import Subject
from surefit.losses import Loss

__all__ = ["diagnose"]

_KRYLOV = 200


@float64
def diagnose(
    network: Any,
    params: Params | None,
    x: Any,
    y: Any,
    *,
    loss: str | Loss = "squared",
    trained: Params | None = None,
    step_size: float | None = None,
    target_losses: Sequence[float] | None = None,
    tolerance: float = 0.1,
    trainable: Any = None,
    samples: int | None = None,
    hardest: int = 5,
    memory_limit: int | None = None,
    seed: int = 0,
) -> Diagnosis:
    r"""Over-parameterised, safe step, steps to a loss, lazy, hardest samples: in words and numbers.

    All of it is about the network linearised at `params`: exact for gradient descent as long as
    training is lazy, which is one of the answers. Everything runs in float64 where the function
    allows it; where it computes in lower precision inside, the numbers are as good as that and the
    verdicts say so.

    Args:
        network: a function `f(params, x) -> (n, ...)` of a batch in JAX that treats every example
            for itself (Flax: `model.apply`); an Equinox module, called on single examples; a
            PyTorch module (extra `torch`); or a layer.
        params: its parameters, any pytree; None with a module of Equinox or PyTorch.
        x: inputs, one example per row.
        y: targets: as many numbers per example as the network has outputs, or class numbers for
            cross-entropy.
        loss: `squared` ($\frac12\|f - y\|^2$, a sum), `cross_entropy` (a sum),
            `mean_cross_entropy`, any name that `surefit list losses` shows, or a loss.
        trained: the parameters after training from `params`; laziness is then measured.
        step_size: for the steps to a loss; None: the safe one.
        target_losses: losses to be reached; None: shares of the loss now.
        tolerance: $\varepsilon$, how far a lazy network may leave its linearisation.
        trainable: a pytree of booleans in the form of the parameters or of a part of it; None: all
            floating arrays move. In Flax: `{"params": True, "batch_stats": False}`.
        samples: on how many samples the kernel matrix is formed at most; None: what time and memory
            allow (2000 rows). Beyond, step size and steps are matrix-free on all samples, the rest
            speaks of a random part, and the report says so.
        hardest: how many samples are explained.
        memory_limit: bytes that kernels and products may use; None: what is available.
        seed: of the random part and of Lanczos' start.

    Returns:
        The answers. `print(found)` for people, `found.to_dict()` for programs.

    Raises:
        InvalidInputError: shapes do not fit, the function is none of a batch, mixes examples or
            returns NaN, parameters that move are integers or not finite, a number is out of range.
        MemoryLimitError: not even one pair of examples has room.

    Cost:
        A kernel matrix of N = samples times outputs rows and its eigenvectors, $20N^3$ operations;
        a second kernel for laziness; about forty products with the Hessian of the loss.

    References:
        Jacot, Gabriel, Hongler (2018); Lee et al. (2019), section 2.2; Chizat, Oyallon, Bach
        (2019), section 1.2, for laziness and the ratio of curvature and slope.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import surefit as sf
        >>> def f(params, x):
        ...     return jnp.tanh(x @ params["w"]) @ params["v"]
        >>> keys = jax.random.split(jax.random.key(0), 3)
        >>> params = {"w": jax.random.normal(keys[0], (4, 64)),
        ...           "v": jax.random.normal(keys[1], (64,)) / 8}
        >>> x = jax.random.normal(keys[2], (10, 4))
        >>> sf.diagnose(f, params, x, jnp.sin(x[:, 0])).fit.holds
        True
    """
    require_numbers(step_size, target_losses, tolerance, samples, hardest, memory_limit)
    subject = prepare("diagnose", network, params, x, y, loss, trainable)
    original = network if params is None else params
    after = None if trained is None else like("diagnose", "trained", subject, original, trained)
    rows = chosen_rows(subject, samples, memory_limit, seed)
    kernel = DenseKernel.of(subject, rows, memory_limit)
    whole = len(rows) == subject.samples
    extremes = None if whole else extremes_of_all(subject, memory_limit)
    step = step_size_of(subject, kernel, memory_limit)
    eta = step_size if step_size is not None else step.safe if math.isfinite(step.safe) else 1.0
    shown = min(eta, step.safe, math.inf if whole else _safe_on_part(kernel))
    ahead = course(kernel, shown)
    modes = _modes(subject, kernel, whole, memory_limit)
    followed = ahead if whole and eta <= step.safe else None
    if whole and subject.scale is None and followed is None and eta <= step.limit:
        followed = course(kernel, eta)
    targets = None if target_losses is None else tuple(map(float, target_losses))
    equal = equal_inputs(subject)
    lazy = laziness_of(kernel, ahead, after, tolerance, memory_limit)
    return Diagnosis(
        fit=fit_of(subject, kernel, extremes, equal),
        step=step,
        horizon=horizon_of(subject, modes, followed, eta, step.limit, targets, equal),
        lazy=lazy,
        samples=hardness_of(kernel, ahead, shown, hardest),
        precision=subject.precision,
        remarks=_remarks(subject, kernel, whole, ahead, lazy.holds),
    )


def _safe_on_part(kernel: DenseKernel) -> float:
    """A mean over some samples may bend more than that over all."""
    part = kernel.subject
    bound = part.loss.smoothness(part.samples) * kernel.spectrum.largest.upper
    return 1.0 / bound if 0.0 < bound < math.inf else math.inf


def _modes(subject: Subject, kernel: DenseKernel, whole: bool, memory_limit: int | None) -> Modes:
    residual = slopes(subject, np.asarray(subject.predictions())).reshape(-1)
    if whole:
        return dense_modes(kernel, residual)
    return krylov_modes(operator(subject, memory_limit), residual, _KRYLOV, subject.relative_error)


def _remarks(
    subject: Subject, kernel: DenseKernel, whole: bool, ahead: Course, lazy: bool | None
) -> tuple[str, ...]:
    found = [
        "All numbers are about full-batch gradient descent on the training loss at these weights; "
        "momentum, batches and new data are another matter."
    ]
    if lazy is False:
        found.append(
            "Training from here is not lazy: steps to a loss and hardest samples are those of the "
            "linearised network, which the network will leave."
        )
    if not subject.double:
        found.append(
            f"The function computes in {subject.precision}: the kernel is known to about "
            f"{subject.relative_error:.0e} of its largest eigenvalue, and nothing is said about "
            "smaller eigenvalues. Let it compute in float64 to see them."
        )
    if not whole:
        found.append(
            f"The kernel matrix was formed on {kernel.subject.samples} of {subject.samples} "
            "samples drawn at random: rank, laziness and hardest samples speak of these. Step size "
            "and steps to a loss speak of all samples, matrix-free."
        )
    if subject.scale is None:
        found.append(
            f"For this loss descent of the linearised network was followed for {ahead.steps} steps."
        )
    if subject.fixed:
        found.append(f"Arrays that do not move: {', '.join(subject.fixed[:8])}.")
    return tuple(found)
