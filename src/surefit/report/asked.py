"""What was asked: the spec in words, and field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from surefit.core.record import RunRecord
from surefit.report.markup import Html, element, section, table
from surefit.report.numbers import number, value
from surefit.report.order import ordered

__all__ = ["asked", "headline", "in_words"]

FIELDS = {
    "data": "data",
    "data_sha256": "SHA-256 of the data file",
    "target": "column to predict",
    "classes": "classes kept",
    "samples": "samples in all",
    "samples_per_class": "samples of each class",
    "preprocess": "preprocessing, in order",
    "labels": "coding of the labels",
    "noise": "standard deviation of the perturbation",
    "network": "network",
    "activation": "activation",
    "init": "initialisation",
    "weight_std": "standard deviation of the first layer",
    "width": "width m",
    "depth": "hidden layers",
    "gamma": "contraction modulus γ",
    "antisymmetric": "output zero at the start",
    "loss": "loss",
    "method": "training method",
    "step_size": "step size η",
    "batch_size": "samples per step",
    "steps": "steps at most",
    "target_loss": "stop at this loss",
    "theorems": "theorems compared",
    "monitors": "quantities measured",
    "every": "measured every so many steps",
    "seed": "random seed",
    "schema": "version of the spec's form",
}


def _flat(spec: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The fields of a spec; nested ones with a dotted name."""
    for key, item in spec.items():
        if isinstance(item, dict):
            yield from _flat(item, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", item


def _plain(item: Any) -> str:
    if isinstance(item, list | tuple):
        return " and ".join(map(_plain, item)) if len(item) < 3 else ", ".join(map(_plain, item))
    if isinstance(item, bool) or not isinstance(item, int | float):
        return str(item).replace("_", " ")
    return number(item)


def _data_words(spec: dict[str, Any]) -> str:
    count = ""
    if spec.get("samples"):
        count = f"{_plain(spec['samples'])} samples of "
    elif spec.get("samples_per_class"):
        count = f"{_plain(spec['samples_per_class'])} samples per class of "
    classes = f", classes {_plain(spec['classes'])}" if spec.get("classes") else ""
    return f"{count}{_plain(spec.get('data') or 'the given data')}{classes}"


def _network_words(spec: dict[str, Any]) -> str:
    name = spec.get("network")
    parts = [
        f"{label} {_plain(spec[key])}" if label != "activation" else f"{_plain(spec[key])} {label}"
        for key, label in (("width", "width"), ("depth", "depth"), ("activation", "activation"))
        if spec.get(key) and not (key == "depth" and spec[key] == 1)
    ]
    words = f"{_plain(name)} network" if name else "network"
    return f"{words} ({', '.join(parts)})" if parts else words


def _training_words(spec: dict[str, Any], record: RunRecord) -> str:
    parts = [f"Train it by {_plain(spec.get('method') or record.trajectory.method)}"]
    if spec.get("loss"):
        parts.append(f"on the {_plain(spec['loss'])} loss")
    details = []
    if spec.get("step_size") == "auto":
        used = number(record.trajectory.step_size)
        details.append(f"a step size chosen from the tangent kernel ({used})")
    elif spec.get("step_size") is not None:
        details.append(f"step size {_plain(spec['step_size'])}")
    if spec.get("steps") is not None:
        details.append(f"at most {_plain(spec['steps'])} steps")
    if details:
        parts.append(f"with {' and '.join(details)}")
    return " ".join(parts)


def headline(record: RunRecord) -> str:
    """The title of the page: data and network in a few words."""
    spec = dict(_flat(record.spec))
    if not {"data", "network"} & set(spec):
        return f"Run {record.run_id}"
    title = f"{_network_words(spec)} on {_data_words(spec)}"
    return title[:1].upper() + title[1:]


def in_words(record: RunRecord) -> str:
    """The question that the run answers, as a short paragraph."""
    spec = dict(_flat(record.spec))
    return (
        f"Take {_data_words(spec)}, and a {_network_words(spec)}. {_training_words(spec, record)}. "
        "Will it fit the data, how fast, which theorem says so, and can it be proved?"
    )


def asked(record: RunRecord) -> Html:
    """The section with the question and the table of the spec."""
    fields = ordered(dict(_flat(record.spec)), FIELDS)
    rows = [[FIELDS.get(key, key), element("code", key), value(item)] for key, item in fields]
    return section(
        "asked",
        "What was asked",
        element("p", in_words(record), class_="lead"),
        element(
            "details",
            element("summary", f"The spec, all {len(rows)} fields"),
            table("Spec of the run", ["meaning", "field", "value"], rows, class_="facts"),
        )
        if rows
        else element("p", "The spec of this run is empty.", class_="note"),
    )
