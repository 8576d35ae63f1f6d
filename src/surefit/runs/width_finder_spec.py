"""The validated description of one search for the smallest width at which descent succeeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from surefit.errors import InvalidInputError
from surefit.runs.descent_fields import DescentFields
from surefit.runs.identity import canonical_text, digest
from surefit.runs.options import AtLeastOne, AtLeastTwo, Positive, Seed, option
from surefit.runs.own_fields import own_defaults
from surefit.runs.shell import shell_command
from surefit.runs.spec import CertifySpec

__all__ = ["WidthFinderSpec"]

NAME = "width_finder"
SCHEMA = f"{NAME}/1"
METHODS = ("auto", "gradient_descent", "sgd")


def _several(value: Any) -> Any:
    if isinstance(value, str | set | frozenset | Mapping):
        raise ValueError("the order matters")
    return (value,) if isinstance(value, int) else value


_Sizes = Annotated[tuple[AtLeastTwo, ...], BeforeValidator(_several), Field(min_length=1)]
_Probability = Annotated[float, Field(gt=0.0, lt=1.0)]


class WidthFinderSpec(DescentFields):
    """What `surefit width --target-loss` is to look for.

    Data, network and method are those of `CertifySpec`, with the same defaults; `samples` may be
    several numbers. Names are looked up where the things they name are built.
    """

    samples: _Sizes | None = option(
        None,
        "How many samples to use in total: the first ones in the order of the source. Several "
        "numbers (not with `--certified`): the width for each of them, and its law. Unset: all.",
        "list one or more whole numbers of at least 2",
        "[50, 100, 200]",
    )
    width: AtLeastOne | None = option(
        None,
        "The width at which the search begins. Unset: four times the square root of the number of "
        "residuals.",
        "be a whole number of at least 1",
        "32",
    )
    target_loss: Positive | None = option(
        None,
        "A run succeeds if its loss is at most this within the steps.",
        "be a finite number above 0",
        "1e-06",
    )
    probability: _Probability = option(
        0.9,
        "The probability, over draws of the initial weights, with which descent is to succeed.",
        "be a number above 0 and below 1",
        "0.9",
    )
    level: _Probability = option(
        0.95,
        "The confidence level of every interval: of the probability at each width, and of the "
        "smallest width.",
        "be a number above 0 and below 1",
        "0.95",
    )
    seeds: AtLeastOne = option(
        20,
        "The most draws of the initial weights per width. A quarter of them come first; more "
        "follow while the confidence interval of the probability of success contains the one that "
        "is asked for. With `--certified`: how many draws of every size, 3 if it is left out.",
        "be a whole number of at least 1",
        "20",
    )
    steps: AtLeastOne | None = option(
        None,
        "The limit of steps. Unset: four times as many as the tangent kernel of infinite width "
        "needs for the target loss, at least 1000 and at most 100 000; where there is no such "
        "kernel, 20 000.",
        "be a whole number of at least 1",
        "20000",
    )
    largest_width: AtLeastTwo = option(
        4096,
        "Widths beyond this are not tried. With `--certified` they are estimated; 16384 if it is "
        "left out.",
        "be a whole number of at least 2",
        "4096",
    )
    seed: Seed = option(
        0,
        "The seed of the first draw, the others follow; it is also that of the data (noise, "
        "synthetic sources) of all draws.",
        "be a whole number from 0 to 4294967295",
        "0",
    )

    _run: CertifySpec = PrivateAttr()

    @model_validator(mode="after")
    def _check_together(self) -> WidthFinderSpec:
        if self.target_loss is None:
            raise InvalidInputError(
                "`WidthFinderSpec(target_loss=...)` must be given. Got none. A run succeeds where "
                "its loss reaches it. Write for example `target_loss = 1e-06`."
            )
        if self.samples is not None and len(set(self.samples)) < len(self.samples):
            raise InvalidInputError(
                f"`WidthFinderSpec(samples=...)` must be different numbers. Got "
                f"{list(self.samples)}. Each has its own smallest width. Leave repetitions out."
            )
        if self.method not in METHODS:
            raise InvalidInputError(
                f"`WidthFinderSpec(method=...)` must be one of {', '.join(METHODS)}. Got "
                f"{self.method!r}. Success is counted in steps of descent. Leave method out."
            )
        # The width is any: those that are tried are looked at when they are.
        self._run = self._certify(self.sizes[0], self.width or 2, self.seed, self.steps or 1)
        return self

    @property
    def sizes(self) -> tuple[int | None, ...]:
        """The numbers of samples, None for all of them."""
        return (None,) if self.samples is None else self.samples

    def certify(self, samples: int | None, width: int, seed: int, steps: int) -> CertifySpec:
        """The run of `surefit certify` that makes the same steps.

        Args:
            samples: of it; None: all.
            width: of it.
            seed: of its initial weights. With noise on the inputs, or a synthetic source, the data
                of another seed are others: those of the search have `self.seed`.
            steps: its limit.
        """
        return self._certify(samples, width, seed, steps)

    def _certify(self, samples: int | None, width: int, seed: int, steps: int) -> CertifySpec:
        shared = set(DescentFields.model_fields) - {"samples", "width"}
        values = {name: getattr(self, name) for name in self.model_fields_set & shared}
        own = {"width": width, "seed": seed, "steps": steps, "target_loss": self.target_loss}
        if samples is not None:
            own["samples"] = samples
        return CertifySpec.parse({**values, **own})

    def canonical(self) -> dict[str, Any]:
        """The search as plain data, with the defaults of its network; a file by its content."""
        run = self._run.canonical()
        more = set(type(self).model_fields) - set(DescentFields.model_fields)
        shared = {name: run[name] for name in DescentFields.model_fields if name in run}
        mine = self.model_dump(mode="json", include={*more, "samples", "width"})
        own = {"data_sha256": run["data_sha256"], "experiment": NAME, "schema": SCHEMA}
        return {**shared, **mine, **own}

    def canonical_json(self) -> str:
        """One line of JSON, equal exactly for specs that describe the same search."""
        return canonical_text(self.canonical())

    @property
    def run_id(self) -> str:
        """The name of its directory: `width-digits-shallow-tanh-s0-3f9a1c2b7d`."""
        data, network, activation, *_ = self._run.run_id.split("-")
        parts = ["width", data, network, activation, f"s{self.seed}"]
        return "-".join([*parts, digest(self.canonical())])

    def command(self) -> str:
        """The shell command that makes this search again."""
        own = own_defaults(self.network, self.init)
        chosen = {
            name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if name in self.model_fields_set and getattr(self, name) != own.get(name, field.default)
        }
        return shell_command("surefit width", chosen)
