"""Certificates that equilibria exist and are unique, on a ball of weights."""

from __future__ import annotations

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np

from surefit.certificates.portable import Statement, Unportable, portable
from surefit.certificates.wording import number
from surefit.core.certificate import Certificate
from surefit.core.check import Check, Sense
from surefit.core.layer import Layer, Params
from surefit.core.precision import as_float64, float64
from surefit.core.spectrum import Enclosure, matrix_norm
from surefit.equilibria import Located, equilibria, equilibrium_places
from surefit.errors import InvalidInputError
from surefit.layers import Equilibrium
from surefit.problem import Problem

__all__ = ["certify_equilibria", "has_equilibria"]

NAME = "L ||aW|| of the equilibrium at {}"
THEOREM = "Equilibria on a ball of weights (docs/certificates/equilibria.md, case 1)"
SCOPE = (
    "Scope: the equilibrium layers alone, for any input; nothing about the loss; evidence float: "
    "the operator norm enclosed with its rounding, not proved by an independent program."
)
# Of the radius at which the bound of the contraction is lost.
_SHARE = 0.5
# Where no weight inside an equilibrium is trained, any radius will do.
_ANY = 2.0**20


@dataclasses.dataclass(frozen=True)
class _Layer:
    """One equilibrium layer: its slope bound L, factor a and the norm of its weights."""

    place: str
    slope: float
    factor: float
    norm: Enclosure
    trained: bool

    def modulus(self, radius: float) -> Enclosure:
        """L a (||W|| + radius), where W is trained."""
        moved, scale = radius if self.trained else 0.0, self.slope * self.factor * (1.0 + 1e-14)
        ends = (scale * (x + moved) for x in (self.norm.lower, self.norm.value, self.norm.upper))
        return Enclosure(*ends, self.norm.evidence, self.norm.failure_probability)

    @property
    def largest(self) -> float:
        """The radius at which the bound of the contraction is 1."""
        room = 1.0 / (self.slope * self.factor) - self.norm.upper
        return room if self.trained else math.inf


@float64
def certify_equilibria(
    problem: Problem, params: Params, radius: float | None = None
) -> Certificate:
    r"""That the equilibrium layers have exactly one equilibrium, for all weights on a ball.

    With $K = \sup|\phi'|$, for all trained weights within `radius` of `params`, and every input:
    $K\,a(\lVert W\rVert + \text{radius}) < 1$, so that $h \mapsto \phi(aWh + x)$ is a contraction.

    Args:
        problem: network and data; any loss.
        params: the weights in the middle of the ball.
        radius: of the ball, in the norm of all trained weights; None: half of the largest for which
            the condition holds.

    Returns:
        A certificate, whether it holds or not; its note says what is missing.

    Raises:
        InvalidInputError: the network has no equilibria, or the radius is not positive.

    Cost:
        The eigenvalues of one matrix per equilibrium layer, and a forward pass of one sample.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> problem = sf.Problem(sf.models.implicit_relu(32, gamma=0.1), np.eye(3), np.ones(3))
        >>> certify_equilibria(problem, problem.init(0)).holds
        True
    """
    _require(problem, radius)
    params = as_float64(params)
    found = equilibria(problem.network, jax.tree.map(jnp.asarray, params), problem.x[:1])
    monotone = [one.place for one in found if not isinstance(one.layer, Equilibrium)]
    layers = [_layer(one) for one in found if isinstance(one.layer, Equilibrium)]
    largest = min((one.largest for one in layers), default=math.inf)
    if radius is None:
        radius = _SHARE * largest if 0.0 < largest < math.inf else _ANY if largest > 0.0 else 0.0
    moduli = [one.modulus(radius) for one in layers]
    checks = [
        _check(one, modulus, f"on the ball of radius {number(radius)}; L is the largest slope")
        for one, modulus in zip(layers, moduli, strict=True)
    ]
    checks += [
        Check.undecided(NAME.format(place), "monotone: no contraction is needed, and none is known")
        for place in monotone
    ]
    modulus = max((one.upper for one in moduli), default=math.nan)
    claim = _claim(problem, radius, modulus)
    holds = all(check.holds for check in checks)
    certificate = Certificate(
        name="equilibria",
        statement=claim if holds else f"Not shown: {claim[0].lower()}{claim[1:]}",
        theorem=THEOREM,
        checks=tuple(checks),
        quantities={"ball_radius": radius, "largest_radius": largest, "modulus": modulus},
        note=" ".join([*_advice(layers, monotone, radius, largest), SCOPE]),
    )
    if not holds:
        return certificate
    try:
        document, arrays = portable(problem, params, Statement("equilibria", radius))
    except Unportable as reason:
        note = f"{certificate.note} It has no form that the checker reads: {reason}."
        return dataclasses.replace(certificate, note=note)
    return dataclasses.replace(certificate, document=document, witness=arrays)


def has_equilibria(network: Layer) -> bool:
    """Whether a network has equilibria in places that are known."""
    try:
        return bool(equilibrium_places(network))
    except InvalidInputError:
        return False


def _require(problem: Problem, radius: float | None) -> None:
    if not equilibrium_places(problem.network):
        raise InvalidInputError(
            '`certify(problem=..., statement="equilibria")` must be about a network with '
            "equilibrium layers. Got none. Other layers have their outputs in closed form, and "
            "nothing has to exist. Use `sf.Equilibrium` or `sf.models.implicit_relu`, or leave "
            "the statement out."
        )
    if radius is not None and not 0.0 < radius < math.inf:
        raise InvalidInputError(
            f"`certify_equilibria(radius=...)` must be a positive number, or None. Got {radius}. "
            "It is how far the trained weights may be from the saved ones. Leave it out."
        )


def _layer(one: Located) -> _Layer:
    factor = float(one.layer.scales(one.layer.features)[0])
    weights = np.asarray(one.params["w"], np.float64)
    return _Layer(
        place=one.place,
        slope=float(one.layer.activation.lipschitz),
        factor=factor,
        norm=matrix_norm(weights),
        trained=one.layer.trained,
    )


def _check(layer: _Layer, modulus: Enclosure, note: str) -> Check:
    name = NAME.format(layer.place)
    if math.isinf(modulus.value):
        return Check(name, math.inf, 1.0, Sense.LESS, note="the slopes have no bound")
    return modulus.check(name, 1.0, Sense.LESS, note)


def _claim(problem: Problem, radius: float, modulus: float) -> str:
    return (
        f"For all trained weights within {number(radius)} of the saved ones the network has "
        f"exactly one equilibrium for each of the {problem.samples} training samples, and for "
        "every other input; applying the layer again and again leads to it, nearer by a factor of "
        f"at most {number(modulus)} each time."
    )


def _advice(layers: list[_Layer], monotone: list[str], radius: float, largest: float) -> list[str]:
    """What fails, by what factor, and what helps."""
    told = [
        f"The equilibrium at {place} is monotone: for all weights it has exactly one, by its "
        "construction, so that nothing has to be certified. The checker knows contractions only."
        for place in monotone
    ]
    for one in layers:
        at = one.modulus(0.0).upper
        if math.isinf(one.slope):
            told.append(
                f"The activation of the equilibrium at {one.place} has no largest slope, so that "
                "nothing bounds it. Use Relu, Tanh or another one with bounded slope."
            )
        elif at >= 1.0:
            told.append(
                f"The equilibrium at {one.place} is not known to be unique: L ||aW|| is "
                f"{number(at)}, need below 1, {number(at)} times too large. Draw these weights "
                "smaller (`weight_std`, `--gamma`), or keep them small while training "
                "(`norm_bound`); weaker conditions for single samples are in "
                "`surefit.equilibria.well_posedness`."
            )
        elif one.modulus(radius).upper >= 1.0:
            told.append(
                f"On the ball of radius {number(radius)} the equilibrium at {one.place} is not "
                f"known to be unique: the radius must be below {number(largest)}, it is "
                f"{number(radius / largest)} times too large. Ask about a smaller ball."
            )
    return told
