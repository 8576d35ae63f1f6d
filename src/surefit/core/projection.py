"""Projected descent: whether a network brings its parameters back, and doing it."""

from __future__ import annotations

from collections.abc import Iterable

import jax

from surefit.core.layer import Layer, Params
from surefit.core.tree import combine, partition

__all__ = ["project_parts", "projected", "projects"]


def project_parts(layers: Iterable[Layer], params: tuple[Params, ...]) -> tuple[Params, ...]:
    """The parameters of several layers, projected one by one; the same object if none changes."""
    parts = tuple(layer.project(own) for layer, own in zip(layers, params, strict=True))
    same = all(part is own for part, own in zip(parts, params, strict=True))
    return params if same else parts


def projected(network: Layer, moving: Params, fixed: Params) -> Params:
    """The trained parameters after the network's projection.

    Args:
        network: any layer.
        moving: the trained parameters.
        fixed: the others, which a projection never moves.
    """
    params = combine(moving, fixed)
    found = network.project(params)
    return moving if found is params else partition(found, network.trainable(found))[0]


def projects(network: Layer, params: Params) -> bool:
    """Whether the network has a projection, be it active at these parameters or not.

    Cost: none; nothing is computed.
    """
    answers = []

    def ask(params: Params) -> Params:
        found = network.project(params)
        answers.append(found is not params)
        return found

    jax.eval_shape(ask, params)
    return answers[0]
