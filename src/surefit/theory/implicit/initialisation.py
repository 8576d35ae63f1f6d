r"""Random starts of the network of Gao et al. (2022): what holds with probability $1 - \delta$.

The paper leaves the constants unstated. These are derived here, each with its proof.
"""

from __future__ import annotations

import math

__all__ = [
    "entry_deviation_probability",
    "gram_width",
    "norm_constant_of_gaussians",
    "output_bound",
    "required_corrected_width",
    "width_before_drawing",
]


def norm_constant_of_gaussians(m: int, d: int, delta: float) -> float:
    r"""$c = \max(2 + \frac t{\sqrt m}, 1 + \frac{\sqrt d + t}{\sqrt m})$ with a margin $t$.

    $t^2 = 2\log\frac4\delta$. Then $\|A\|, \|W\| \le c\sqrt m$ with probability at least
    $1 - \delta$: $P(\|A\| > 2\sqrt m + t) \le 2e^{-t^2/2}$ and $P(\|W\| > \sqrt m + \sqrt d + t)
    \le 2e^{-t^2/2}$ for Gaussian matrices.

    Args:
        m: width.
        d: inputs.
        delta: failure probability, for both matrices together.

    References:
        R. Vershynin, High-dimensional probability (2018), section 7.3 (Gordon's inequality with
        Gaussian concentration); Lemma 2.1 of the paper has an unstated constant.
    """
    t = math.sqrt(2.0 * math.log(4.0 / delta))
    root = math.sqrt(m)
    return max(2.0 + t / root, 1.0 + (math.sqrt(d) + t) / root)


def entry_deviation_probability(m: int, s: float) -> float:
    r"""$2e^{-ms^2/(3 + 4s)}$, a bound on $P(|G_{ij}(0) - G^\infty_{ij}| > s)$ for unit inputs.

    Bernstein's inequality for the mean of $m$ products $\sigma(a)\sigma(a')$ of standard Gaussians:
    $E[\sigma(a)^q\sigma(a')^q] \le \frac12(2q - 1)!! \le \frac{q!}2\cdot\frac32\cdot2^{q-2}$ for
    $q \ge 2$, so that variance factor $3/2$ and scale 2 apply.

    Args:
        m: width.
        s: deviation.
    """
    return 2.0 * math.exp(-m * s**2 / (3.0 + 4.0 * s))


def gram_width(n: int, least: float, delta: float) -> float:
    r"""$16(3 + \frac{\lambda_0}n)\frac{n^2}{\lambda_0^2}\log\frac{n(n + 1)}\delta$.

    From this width on $\|G(0) - G^\infty\|_2 \le \lambda_0/4$ with probability at least
    $1 - \delta$, hence $\lambda_{\min}(G(0)) \ge \frac34\lambda_0$: every one of the
    $n(n + 1)/2$ entries is within $s = \lambda_0/(4n)$ of its mean. Lemma 3.3 of the paper with its
    constant.

    Args:
        n: samples.
        least: $\lambda_0$.
        delta: failure probability.
    """
    return 16.0 * (3.0 + least / n) * n**2 / least**2 * math.log(n * (n + 1) / delta)


def output_bound(n: int, c: float, gamma: float, delta: float) -> float:
    r"""With probability $1 - \delta$, $|\hat y_i(0)| \le$ this for all samples.

    Given $A$ and $W$ the output $u^\top z_i + v^\top\phi_i$ is a sum of independent signs, and by
    Hoeffding's inequality $|\hat y_i(0)|^2 \le 2(\|z_i\|^2 + \|\phi_i\|^2)\log\frac{2n}\delta$.
    Moreover $\|\phi_i\| \le \|W\|/\sqrt m \le c$ and $\|z_i\| \le \|\phi_i\|/(1 - \gamma c)$.

    Args:
        n: samples.
        c: bound on $\|A\|$ and $\|W\|$ over $\sqrt m$.
        gamma: of the equilibrium; infinite where $\gamma c \ge 1$.
        delta: failure probability.
    """
    if gamma * c >= 1.0:
        return math.inf
    squares = c**2 * (1.0 + 1.0 / (1.0 - gamma * c) ** 2)
    return math.sqrt(2.0 * squares * math.log(2.0 * n / delta))


def required_corrected_width(n: int, c: float, least: float, x_norm: float, e0: float) -> float:
    r"""The three terms of the corrected theorem.

    $$\max\Big\{\frac{144n\|X\|^2e_0^2}{(\sqrt{3/4} - \sqrt{1/2})^2\lambda_0^3},
    \frac{64c^2ne_0^2}{\lambda_0^2}, \frac{144ne_0^2}{c^2\lambda_0^2}\Big\}.$$

    They keep $W$ within $R'$; $\|u\|, \|v\| \le 2\sqrt m$; and $\|W\|, \|A\| \le 2c\sqrt m$. The
    first constant is 5702.

    Args:
        n: samples.
        c: bound on the norms over $\sqrt m$.
        least: $\lambda_0$.
        x_norm: $\|X\|$.
        e0: residual norm at the start.
    """
    if least <= 0.0:
        return math.inf
    unit = n * e0**2 / least**2
    room = (math.sqrt(0.75) - math.sqrt(0.5)) ** 2
    return max(144.0 * x_norm**2 / (room * least), 64.0 * c**2, 144.0 / c**2) * unit


def width_before_drawing(
    n: int, d: int, least: float, x_norm: float, y_norm: float, gamma: float, delta: float
) -> float:
    r"""A width that suffices with probability $1 - \delta$, before anything is drawn.

    A third of $\delta$ each goes to the norms, to $G(0)$ and to the outputs, with $e_0 \le \|y\| +
    \sqrt n\max_i|\hat y_i(0)|$. $c$ is that of the smallest width that $G(0)$ and $\gamma$ allow.

    Args:
        n: samples.
        d: inputs.
        least: $\lambda_0$.
        x_norm: $\|X\|$.
        y_norm: $\|y\|$.
        gamma: of the equilibrium.
        delta: failure probability.

    Returns:
        The width; infinite where no width makes $\gamma \le \min\{\frac12, \frac1{4c}\}$ likely.
    """
    share = delta / 3.0
    if least <= 0.0 or not gamma < 0.125:  # c tends to 2
        return math.inf
    t = math.sqrt(2.0 * math.log(4.0 / share))
    # gamma <= 1/(4c), for both terms of c.
    room = 0.25 / gamma
    needed = max(
        gram_width(n, least, share), (t / (room - 2.0)) ** 2, ((math.sqrt(d) + t) / (room - 1)) ** 2
    )
    c = norm_constant_of_gaussians(math.ceil(needed), d, share)
    e0 = y_norm + math.sqrt(n) * output_bound(n, c, gamma, share)
    # This c bounds the norms at every larger width as well, and e_0 with it.
    return max(needed, required_corrected_width(n, c, least, x_norm, e0))
