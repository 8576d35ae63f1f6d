"""Command-line options made from the fields of a spec, so that both have one definition."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from surefit.runs import CertifySpec

__all__ = ["given", "with_fields"]

_PANELS = {
    "Data": (
        "data", "target", "classes", "samples", "samples_per_class", "preprocess", "labels",
        "noise",
    ),
    "Network": ("network", "activation", "init", "weight_std", "width", "depth", "antisymmetric"),
    "Implicit networks": ("gamma", "trained", "skip", "output_scale"),
    "Deep networks": ("tau", "window", "shared", "bias_scale"),
    "Training": ("loss", "method", "step_size", "batch_size", "steps", "target_loss", "seed"),
    "Search": ("probability", "level", "seeds", "largest_width", "weight_stds"),
    "Theory and measurement": ("theorems", "monitors", "every"),
}  # fmt: skip


def _panel(name: str, other: str) -> str:
    return next((title for title, names in _PANELS.items() if name in names), other)


def _bare(annotation: Any) -> Any:
    """The type without `Annotated` and without `| None`."""
    if typing.get_origin(annotation) is Annotated:
        return _bare(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        rest = [arg for arg in typing.get_args(annotation) if arg is not type(None)]
        return _bare(rest[0]) if len(rest) == 1 else str
    return annotation


def _option(name: str, field: FieldInfo, panel: str) -> inspect.Parameter:
    bare = _bare(field.annotation)
    flag = "--" + name.replace("_", "-")
    names = [flag]
    if typing.get_origin(bare) is tuple:
        # Class labels may be words or numbers; the spec decides.
        kind: Any = list[str]
        metavar = "VALUE ..."
    elif bare is bool:
        kind, names, metavar = bool, [f"{flag}/--no-{flag[2:]}"], None
    else:
        kind = bare if bare in (int, float) else str
        metavar = {int: "INTEGER", float: "NUMBER"}.get(kind, "NAME")
    default = field.default
    shown = " ".join(map(str, default)) if isinstance(default, tuple) else str(default)
    # The spec holds the defaults; an option that is not given stays None.
    said = field.description
    if bare is bool and default is not False:
        said = f"{said} {'On by default. ' * bool(default)}The contrary: `--no-{flag[2:]}`."
    elif bare is not bool and default is not None:
        said = f"{said} Default: `{shown}`."
    info = typer.Option(
        *names,
        help=said,
        metavar=metavar,
        show_default=False,
        rich_help_panel=panel,
    )
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, info],
    )


def with_fields(
    function: Callable[..., None], spec: type[BaseModel] = CertifySpec, panel: str | None = None
) -> Callable[..., None]:
    """Give a command with `**fields` one option per field of the spec, before its own options.

    Args:
        function: the command.
        spec: the class with the fields.
        panel: the heading of its options in the help; None: several, by subject.
    """
    own = [
        parameter
        for parameter in inspect.signature(function, eval_str=True).parameters.values()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    options = [
        _option(name, field, _panel(name, "Other") if panel is None else panel)
        for name, field in spec.model_fields.items()
    ]
    parameters = [*options, *own]
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    function.__annotations__ = {p.name: p.annotation for p in parameters}
    return function


def given(fields: dict[str, Any], spec: Path | None) -> CertifySpec:
    """The spec from a file, if any, with the options that were given on the command line."""
    values: dict[str, Any] = {}
    if spec is not None:
        base = CertifySpec.from_file(spec)
        values = {name: getattr(base, name) for name in base.model_fields_set}
    values.update({name: value for name, value in fields.items() if value not in (None, [])})
    return CertifySpec.parse(values)
