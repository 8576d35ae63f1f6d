"""What is wrong with a spec, in words."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from surefit.runs.fields import CertifyFields
from surefit.runs.options import refusal
from surefit.runs.own_fields import owners

__all__ = ["conflicts", "explain"]

_BELONGS = {("resnet",): "the branches of residual networks", ("cnn",): "convolutions"}


def conflicts(spec: CertifyFields) -> list[tuple[bool, str]]:
    """Pairs of fields that contradict each other, each with the message about it."""
    classes = len(spec.classes or ())
    return [
        (
            spec.samples is not None and spec.samples_per_class is not None,
            f"`CertifySpec(samples=...)` must not stand beside `samples_per_class`. Got samples = "
            f"{spec.samples} and samples_per_class = {spec.samples_per_class}. Each of them fixes "
            "the number of samples. Leave one of them out.",
        ),
        (
            spec.samples is not None and spec.samples < classes,
            f"`CertifySpec(samples=...)` must be at least the number of classes. Got "
            f"{spec.samples} samples for {classes} classes. Every class needs a sample. Write "
            f"`samples = {classes}` or more, or name fewer classes.",
        ),
        (
            spec.batch_size is not None and spec.method != "sgd",
            f'`CertifySpec(batch_size=...)` must go with `method = "sgd"`. Got batch_size = '
            f"{spec.batch_size} with method = {spec.method!r}, which uses all samples in every "
            'step. Leave batch_size out, or write `method = "sgd"`.',
        ),
        (
            None not in (spec.batch_size, spec.samples) and spec.batch_size > spec.samples,
            f"`CertifySpec(batch_size=...)` must be at most the number of samples. Got batch_size "
            f"= {spec.batch_size} with samples = {spec.samples}. A batch is drawn from the samples "
            f"without repetition. Write `batch_size = {spec.samples}` or less.",
        ),
        *(_misplaced(spec, name, networks) for name, networks in owners().items()),
    ]


def _misplaced(spec: CertifyFields, name: str, networks: tuple[str, ...]) -> tuple[bool, str]:
    """A field of some networks beside a network that has no such thing."""
    value = getattr(spec, name)
    thing = _BELONGS.get(networks, "the equilibrium of implicit networks")
    return (
        value is not None and spec.network not in networks,
        f"`CertifySpec({name}=...)` must go with network {' or '.join(networks)}. Got {name} = "
        f"{value} with network = {spec.network!r}, which has no such choice: it belongs to "
        f"{thing}. Leave {name} out, or write `network = "
        f'"{networks[0]}"`.',
    )


def explain(
    error: ValidationError,
    fields: Mapping[str, FieldInfo],
    values: Mapping[str, Any],
    owner: str = "CertifySpec",
) -> str:
    """Every fault of a spec of the class `owner` in words, one per line."""
    lines: dict[str, None] = {}
    for fault in error.errors(include_url=False):
        name = str(fault["loc"][0]) if fault["loc"] else ""
        if fault["type"] == "extra_forbidden":
            near = difflib.get_close_matches(name.replace("-", "_").lower(), fields, n=1)
            hint = f"Did you mean `{near[0]}`?" if near else "Leave it out."
            line = (
                f"A field of `{owner}` must have a known name. Got {name!r}. {hint} "
                f"Known: {', '.join(fields)}."
            )
        elif name:
            line = refusal(name, fields[name], values[name], owner)
        else:
            line = str(fault["ctx"]["error"])
        lines[line] = None
    return "\n".join(lines)
