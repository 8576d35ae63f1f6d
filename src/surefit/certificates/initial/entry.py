"""The certificate at initialisation."""

from __future__ import annotations

import math

import numpy as np

from surefit.certificates.initial.features import features
from surefit.certificates.initial.issuing import issued
from surefit.certificates.initial.layers import two_layers
from surefit.certificates.initial.majorant import majorised
from surefit.certificates.initial.path import largest_constant, linear_path_length
from surefit.certificates.initial.start import Start
from surefit.certificates.portable import Unportable, described
from surefit.core.certificate import Certificate
from surefit.core.layer import Params
from surefit.core.precision import as_float64, float64
from surefit.core.rounding import gamma
from surefit.errors import InvalidInputError
from surefit.problem import Problem, require_problem

__all__ = ["certify_at_start"]


@float64
def certify_at_start(
    problem: Problem, params: Params, step_size: float | None = None
) -> Certificate:
    r"""A certificate that gradient descent from `params` converges, before any training.

    The weights are those of an initialisation. In place of the distance to a solution, which is
    long there, Theorem 3 of docs/certificates/initialisation.md takes the length V of the path of
    linearised descent, and it measures in the metric of the tangent kernel how fast the Jacobian
    changes, feature by feature. It asks for $\Lambda_FV < \psi_c \approx 0.11$, which wide networks
    have: about 8 to 10 features per sample, drawn wide (`weight_std` 8), with output weights of
    size $m^{-1/2}$, on centred inputs, from zero output.

    Args:
        problem: two dense layers, both trained, with a smooth activation and one output; a squared
            loss, and data.
        params: the initial weights.
        step_size: of descent on the problem's loss; None: $1/\lambda_{\max}$ of the tangent kernel
            at `params`, for half the square.

    Returns:
        A certificate, whether it holds or not: `explain()` says what is missing and what would
        help. `save(path)` writes what `surefit verify` and `surefit-checker` read.

    Raises:
        InvalidInputError: the loss is no squared loss, the network is another, the parameters are
            not finite, or the step is not positive.

    Cost:
        The spectrum of the tangent kernel, and $2n^2(d + 48)m$ operations for the features: half a
        minute for 1000 samples and 10 240 features on two cores. The checker takes twice as long.

    References:
        Derived for this project, docs/certificates/initialisation.md, Theorem 3.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> network = sf.Serial(
        ...     sf.Dense(512, 8.0, parameterisation="unscaled"),
        ...     sf.Tanh(),
        ...     sf.Dense(1, parameterisation="standard"),
        ... )
        >>> problem = sf.Problem(sf.Centred(network), np.eye(8), np.ones(8))
        >>> sf.certify_at_start(problem, problem.init(0)).holds
        True
    """
    require_problem("certify_at_start", problem)
    factor = _factor(problem, step_size)
    params = as_float64(params)
    try:
        document, arrays = described(problem, params)
    except Unportable as reason:
        raise InvalidInputError(
            "`certify_at_start(problem=...)` must be about a network that the certificate format "
            f"has words for. Got {reason}. The checker computes everything from the files alone. "
            "Use two dense layers, `sf.Serial(sf.Dense(m), sf.Tanh(), sf.Dense(1))`."
        ) from reason
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise InvalidInputError(
            "`certify_at_start(params=...)` must be finite. Got NaN or infinity. These are not "
            "weights of an initialisation. Draw them with `problem.init(seed)`."
        )
    layers = two_layers(document, arrays)
    gram = np.asarray(problem.gram(params))
    values, vectors = np.linalg.eigh(0.5 * (gram + gram.T))
    rounding = gamma(problem.parameters(params) + 32) * float(np.trace(gram))
    step_size = (1.0 - 1e-9) / (float(values[-1]) * factor) if step_size is None else step_size
    start = Start(
        problem=problem,
        parameters=problem.parameters(params),
        residual=np.asarray(problem.residual(params)).ravel(),
        values=values,
        sigma=math.sqrt(max(float(values[0]) - rounding, 0.0)),
        step_size=float(step_size),
        factor=factor,
        layers=layers,
        output_factor=float.fromhex(document["network"]["layers"][1]["factor"]),
    )
    if not (start.sigma > 0.0 and start.step * float(values[-1]) <= 1.0):
        return issued(start, None, math.nan, math.nan, document, arrays)
    length = linear_path_length(values, vectors.T @ start.residual, start.step)
    c = largest_constant(values, start.step)
    found = majorised(features(layers, values, vectors), length, c)
    return issued(start, found, length, c, document, arrays)


def _factor(problem: Problem, step_size: float | None) -> float:
    """2c for the loss c times the square."""
    scale = problem.loss.residual_scale(problem.samples)
    if scale is None:
        raise InvalidInputError(
            "`certify_at_start(problem=...)` must be given a problem with a squared loss. Got "
            f"{type(problem.loss).__name__}. The theorem is about c ||f - y||^2; other losses have "
            "no finite minimiser or another geometry. Use `HalfSquared`, `SumSquared`, "
            "`HalfMeanSquared` or `MeanSquared`."
        )
    if step_size is not None and not 0.0 < step_size < math.inf:
        raise InvalidInputError(
            f"`certify_at_start(step_size=...)` must be a positive number, or None. Got "
            f"{step_size}. It is the step of plain descent on the problem's loss. Leave it out."
        )
    return 2.0 * scale
