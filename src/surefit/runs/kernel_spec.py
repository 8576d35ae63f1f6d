"""The validated description of one `surefit kernel` run."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, model_validator

from surefit.errors import InvalidInputError
from surefit.runs.data_fields import DataFields
from surefit.runs.identity import canonical_text, digest
from surefit.runs.options import AtLeastOne, Deviation, Name, NotNegative, Positive, Seed, option
from surefit.runs.shell import shell_command
from surefit.runs.sources import fingerprint, is_file, split, without_directory

__all__ = ["KernelSpec"]

SCHEMA = "kernel/1"
# Fields of single networks, with what they are there if nothing is said.
_OWN: dict[str, dict[str, Any]] = {
    "resnet": {"tau": "1/sqrt(L)"},
    "cnn": {"window": 3, "pooling": "flatten"},
    "implicit": {"gamma": 0.25},
}
_Fraction = Annotated[float, Field(ge=0, lt=1)]
_NETWORKS = "`shallow`, `fc`, `resnet`, `cnn` or `implicit`"


class KernelSpec(DataFields):
    """What `surefit kernel` is to compute: data, network and what is asked of its kernels."""

    network: Literal["shallow", "fc", "resnet", "cnn", "implicit"] = option(
        "fc",
        "The network, of infinite width, all layers trained, without biases unless `bias_std` is "
        "given: `shallow` has one hidden layer, `fc` has `depth` of them, `resnet` adds `depth` "
        "branches W phi(h) to h (pre-activation; the residual network of `surefit certify` has no "
        "known limit), `cnn` convolves images, `implicit` is the equilibrium of a layer.",
        f"be {_NETWORKS}",
        '"fc"',
    )
    activation: Name = option(
        "relu",
        "The activation function (`surefit list`).",
        "be the name of an activation",
        '"relu"',
    )
    depth: AtLeastOne = option(
        3,
        "Hidden layers of `fc` and `cnn`, branches of `resnet`; `shallow` and `implicit` have 1.",
        "be a whole number of at least 1",
        "3",
    )
    weight_std: Deviation | None = option(
        None,
        "Standard deviation of a pre-activation whose inputs have mean square 1. Unset: sqrt(2) "
        "for rectifiers, which keeps the size of features, otherwise 1.",
        "be a number above 0 and at most 1e100",
        "1.5",
    )
    bias_std: NotNegative = option(
        0.0,
        "Standard deviation of the biases of hidden layers; 0: none.",
        "be a finite number of at least 0",
        "0.1",
    )
    tau: Positive | Literal["1/L", "1/sqrt(L)"] | None = option(
        None,
        "Network `resnet` only: the factor of its branches. Unset: 1/sqrt(L), with L the depth.",
        'be "1/L", "1/sqrt(L)" or a finite number above 0',
        '"1/L"',
    )
    window: AtLeastOne | None = option(
        None,
        "Network `cnn` only: positions of a filter along every axis. Unset: 3.",
        "be a whole number of at least 1",
        "3",
    )
    pooling: Literal["flatten", "average"] | None = option(
        None,
        "Network `cnn` only: behind the convolutions, all positions (`flatten`) or their mean "
        "(`average`, whose kernel costs more). Unset: flatten.",
        "be `flatten` or `average`",
        '"flatten"',
    )
    gamma: Positive | None = option(
        None,
        "Network `implicit` only: standard deviation of the weights inside the equilibrium. It "
        "exists for wide networks where 2 gamma L < 1, L the Lipschitz constant. Unset: 0.25.",
        "be a finite number above 0",
        "0.25",
    )
    kernel: Literal["ntk", "nngp", "both"] = option(
        "both",
        "Which kernel: `ntk` (all layers trained), `nngp` (the last layer trained, and regression "
        "with the Gaussian process of the outputs at the start), or both.",
        "be `ntk`, `nngp` or `both`",
        '"both"',
    )
    ridge: NotNegative = option(
        0.0,
        "Weight decay towards the start, which is added to the eigenvalues of the kernel: kernel "
        "ridge regression in the end. 0: interpolation.",
        "be a finite number of at least 0",
        "0.01",
    )
    observation_noise: NotNegative | Literal["auto"] = option(
        "auto",
        "The variance of the noise of targets in the Gaussian process. `auto`: noise and amplitude "
        "of the kernel have the largest marginal likelihood; with a number the amplitude is 1.",
        'be a finite number of at least 0, or "auto"',
        "0.01",
    )
    test_fraction: _Fraction = option(
        0.2,
        "The share of the samples kept for testing, drawn at random with `seed`, of every class "
        "alike. 0: none.",
        "be a number from 0 to below 1",
        "0.2",
    )
    compare_width: AtLeastOne | None = option(
        None,
        "Also train the network at this width, from output 0, and lay its curve over the predicted "
        "ones. Unset: nothing is trained.",
        "be a whole number of at least 1",
        "512",
    )
    compare_steps: AtLeastOne = option(
        200,
        "Steps of that training.",
        "be a whole number of at least 1",
        "200",
    )
    seed: Seed = option(
        0,
        "Seeds the choice of test samples, the noise on inputs, and the trained network.",
        "be a whole number from 0 to 2^32 - 1",
        "0",
    )

    _data_sha256: str | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _complete(self) -> KernelSpec:
        for name, owner in ((n, who) for who, fields in _OWN.items() for n in fields):
            if getattr(self, name) is not None and self.network != owner:
                raise InvalidInputError(
                    f"`KernelSpec({name}=...)` must go with network {owner}. Got {name} = "
                    f"{getattr(self, name)} with network = {self.network!r}, which has no such "
                    f'choice. Leave {name} out, or write `network = "{owner}"`.'
                )
        for name, value in _OWN.get(self.network, {}).items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        if self.network in ("shallow", "implicit"):
            if self.depth != 1 and "depth" in self.model_fields_set:
                raise InvalidInputError(
                    f"`KernelSpec(depth=...)` must be 1 for network {self.network!r}. Got "
                    f"{self.depth}. It has one hidden layer. Leave depth out, or write `network = "
                    '"fc"` for more.'
                )
            object.__setattr__(self, "depth", 1)
        if is_file(self.data):
            self._data_sha256 = fingerprint(split(self.data)[1])
        return self

    def canonical(self) -> dict[str, Any]:
        """The run as plain data; a data file by its name and content."""
        data = self.data if self._data_sha256 is None else without_directory(self.data)
        own = {"data": data, "data_sha256": self._data_sha256, "schema": SCHEMA}
        return {**self.plain(), **own}

    def canonical_json(self) -> str:
        """One line of JSON, equal exactly for specs that describe the same run."""
        return canonical_text(self.canonical())

    @property
    def run_id(self) -> str:
        """The name of its directory: a readable prefix and the hash of the canonical JSON."""
        data = self.data if self._data_sha256 is None else PurePath(self.data).stem
        words = [_word(data), _word(self.network), _word(self.activation)]
        parts = ["kernel", *words, f"d{self.depth}", f"s{self.seed}"]
        return "-".join([*parts, digest(self.canonical())])

    def command(self) -> str:
        """The shell command that makes this run again."""
        chosen = {
            name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if name in self.model_fields_set and getattr(self, name) != field.default
        }
        return shell_command("surefit kernel", chosen)


def _word(text: str) -> str:
    """A part of a name; no separator of paths gets through."""
    return "".join(c if c.isalnum() else "_" for c in text.lower())[:24]
