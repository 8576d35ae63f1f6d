"""The operations of a network on its data, recorded while it runs."""

from __future__ import annotations

from surefit.curvature.nodes import Node

__all__ = ["Trace", "Untraceable"]


class Untraceable(Exception):
    """A layer for which no share of the bound is known; the message names it."""


class Trace:
    """The operations of a network on the data, in the order of evaluation.

    Args:
        groups: the number of trained layers.
    """

    def __init__(self, groups: int) -> None:
        self.groups = groups
        self.nodes: list[Node] = []
        self.names: list[str] = []  # of the trained layers
        self.places: list[str] = []  # of the nodes, for messages

    def add(self, node: Node, place: str) -> int:
        """The position of a new operation."""
        self.nodes.append(node)
        self.places.append(place)
        return len(self.nodes) - 1

    def numbers(self) -> int:
        """How many numbers the bound keeps: features, and their adjoints for every output."""
        outputs = self.nodes[-1].value.shape[1]
        return (1 + outputs) * sum(node.value.size for node in self.nodes)

    def group(self, place: str) -> int:
        """The number of the next trained layer."""
        self.names.append(place)
        return len(self.names) - 1
