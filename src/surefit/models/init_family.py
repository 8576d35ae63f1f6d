r"""The family $V\phi(Wx)$ of two-layer networks, by the scales of its two Gaussian layers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from surefit.activations import Activation, Gelu
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.layers import Dense, Serial

__all__ = ["INITIALISATIONS", "initial_scales", "ratio_sweep", "shallow_family"]

Scales = tuple[float, float]

INITIALISATIONS = ("he", "lecun", "ntk", "song")


def initial_scales(init: str | Sequence[float], width: int, inputs: int) -> Scales:
    r"""The standard deviations $(\omega_1, \omega_2)$ of the entries of $W$ and $V$.

    | init | $\omega_1$ | $\omega_2$ |
    |---|---|---|
    | `he` | $\sqrt{2/d_0}$ | $\sqrt{2/d_1}$ |
    | `lecun` | $1/\sqrt{d_0}$ | $1/\sqrt{d_1}$ |
    | `ntk` | 1 | $1/\sqrt{d_1}$ |
    | `song` | 1 | $1/\sqrt{d_0d_1}$ |

    `ntk` has the outputs that the NTK parameterisation has at the start for inputs of unit norm;
    the weights of the two move at different speeds.

    Args:
        init: a name of the table, or the pair $(\omega_1, \omega_2)$ itself.
        width: $d_1$.
        inputs: $d_0$.

    Raises:
        UnknownNameError: no such name.
        InvalidInputError: a size below 1, or a pair that is not two positive numbers.

    References:
        Song et al. (2021), arXiv 2111.01875, equations (17) and (19): $\omega_1\omega_2 \lesssim
        1/\sqrt{d_0d_1}$, which `song` and `lecun` meet with equality, `he` up to a factor 2 and
        `ntk` up to $\sqrt{d_0}$.
    """
    if width < 1 or inputs < 1:
        raise InvalidInputError(
            "`initial_scales(width=..., inputs=...)` must be at least 1. Got "
            f"{width} and {inputs}. The scales are those of a layer with features "
            "and inputs. Write how many there are."
        )
    if isinstance(init, str):
        named = {
            "he": (math.sqrt(2.0 / inputs), math.sqrt(2.0 / width)),
            "lecun": (1.0 / math.sqrt(inputs), 1.0 / math.sqrt(width)),
            "ntk": (1.0, 1.0 / math.sqrt(width)),
            "song": (1.0, 1.0 / math.sqrt(inputs * width)),
        }
        if init not in named:
            raise UnknownNameError("`initial_scales(init=...)`", init, named)
        return named[init]
    pair = tuple(map(float, init))
    if len(pair) != 2 or not all(0.0 < scale < math.inf for scale in pair):
        raise InvalidInputError(
            "`initial_scales(init=...)` must be a name or two positive numbers. Got "
            f"{pair}. They are the standard deviations of the entries of W and of V. Write "
            f"one of {', '.join(INITIALISATIONS)}, or (omega1, omega2)."
        )
    return pair


def ratio_sweep(
    init: str | Sequence[float], factors: Sequence[float], width: int, inputs: int
) -> tuple[Scales, ...]:
    r"""Scales of equal product, $(\omega_1/c, c\,\omega_2)$ for every factor $c$.

    Every $\omega_2/\omega_1$ is $c^2$ times that of `init`: small ratios are lazy, large ones not.

    Args:
        init: the pair in the middle, as for `initial_scales`.
        factors: $c$ for every member.
        width: $d_1$.
        inputs: $d_0$.

    Raises:
        UnknownNameError: no such name.
        InvalidInputError: a factor that is not positive, or as for `initial_scales`.

    References:
        Song et al. (2021), experiments: ten values of $\omega_2$ around He's.
    """
    omega1, omega2 = initial_scales(init, width, inputs)
    bad = [factor for factor in factors if not 0.0 < factor < math.inf]
    if not factors:
        raise InvalidInputError(
            "`ratio_sweep(factors=...)` must hold at least one factor. Got none. Every factor is "
            "one network of the sweep. Write (0.25, 1.0, 4.0)."
        )
    if bad:
        raise InvalidInputError(
            f"`ratio_sweep(factors=...)` must be positive and finite. Got {bad[0]}. A factor "
            "multiplies the scale of one layer and divides that of the other."
        )
    return tuple((omega1 / factor, omega2 * factor) for factor in factors)


def shallow_family(
    width: int,
    inputs: int,
    outputs: int = 1,
    activation: Activation | None = None,
    init: str | Sequence[float] = "he",
) -> Serial:
    r"""$f(x) = V\phi(Wx)$, $W_{ij} \sim N(0, \omega_1^2)$, $V_{ij} \sim N(0, \omega_2^2)$.

    No biases, no factor in front, both layers trained.

    Args:
        width: $d_1$, the number of hidden features.
        inputs: $d_0$, coordinates of an example, on which the named scales depend.
        outputs: $d_2$.
        activation: $\phi$; None: GELU. Theorems ask for $\phi(0) = 0$: `Softplus(shifted=True)`
            and `Sigmoid(shifted=True)` are those of their kind.
        init: a name of the table of `initial_scales`, or the pair $(\omega_1, \omega_2)$.

    Raises:
        UnknownNameError: no such initialisation.
        InvalidInputError: a size below 1, or scales that are not positive.

    References:
        Song et al. (2021), arXiv 2111.01875, equation (17).

    Example:
        >>> import surefit as sf
        >>> sf.models.shallow_family(50, inputs=4, init="lecun").layers[0].weight_std
        0.5
    """
    omega1, omega2 = initial_scales(init, width, inputs)
    return Serial(
        Dense(width, omega1, parameterisation="unscaled"),
        activation if activation is not None else Gelu(),
        Dense(outputs, omega2, parameterisation="unscaled"),
    )
