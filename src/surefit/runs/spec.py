"""The validated description of one `surefit certify` run."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr, model_validator

from surefit.errors import InvalidInputError, StorageError
from surefit.runs.faults import conflicts
from surefit.runs.fields import ADDED_LATER, CertifyFields
from surefit.runs.identity import canonical_text, run_id
from surefit.runs.own_fields import own_defaults, owners
from surefit.runs.shell import shell_command
from surefit.runs.sources import fingerprint, is_file, split, without_directory
from surefit.runs.toml import render

__all__ = ["CertifySpec"]

SCHEMA = "certify/1"
LONGEST = 2**20  # bytes of a TOML file


class CertifySpec(CertifyFields):
    """The validated description of one `surefit certify` run.

    The fields are the options of the command line, under the same names. Here types, ranges and
    fields that contradict each other are checked; names (of networks, activations, theorems ...)
    are looked up where the things they name are built.

    Specs are equal exactly if their `run_id`s are made of equal canonical JSON, however they were
    written: as list or tuple, as `1` or `1.0`. A data file counts by its name and content, read
    when the spec is made (`data_sha256`).
    """

    _data_sha256: str | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _check_together(self, info: Any) -> CertifySpec:
        for condition, message in conflicts(self):
            if condition:
                raise InvalidInputError(message)
        for name, value in own_defaults(self.network, self.init).items():
            if name not in self.model_fields_set or getattr(self, name) is None:
                # What was not asked for stays out of `model_fields_set`; the spec is frozen.
                object.__setattr__(self, name, value)
        if info.context is not None:
            self._data_sha256 = info.context["data_sha256"]
        elif is_file(self.data):
            self._data_sha256 = fingerprint(split(self.data)[1])
        return self

    @classmethod
    def from_file(cls, path: Path | str) -> CertifySpec:
        """Read a spec from a TOML file; fields that are not in it have their defaults.

        Paths in it are relative to the current directory, as on the command line.

        Raises:
            StorageError: the file cannot be read.
            InvalidInputError: it is not TOML, or not a spec.
        """
        path = Path(path)
        try:
            with path.open("rb") as file:
                text = file.read(LONGEST + 1)
            if len(text) > LONGEST:
                raise ValueError(f"it is longer than {LONGEST} bytes")
            values = tomllib.loads(text.decode())
        except OSError as cause:
            raise StorageError(
                f"`CertifySpec.from_file(path=...)` must name a TOML file that can be read. Got "
                f"{path}: {cause.strerror}. Correct the path, or begin with the file that "
                "`CertifySpec().to_toml()` writes."
            ) from cause
        except (ValueError, RecursionError) as cause:
            raise InvalidInputError(
                f"`CertifySpec.from_file(path=...)` must name a file in TOML form. Got {path}: "
                f"{cause}. A spec has one `name = value` per line, with text in quotation marks. "
                "Correct that line, or begin with the file that `CertifySpec().to_toml()` writes."
            ) from None
        try:
            return cls.parse(values)
        except InvalidInputError as cause:
            raise InvalidInputError(f"{path}: {cause}") from None

    def to_toml(self) -> str:
        """The spec as a TOML text in which every field is explained; unset fields as comments."""
        return render(type(self).model_fields, dict(self))

    @property
    def data_sha256(self) -> str | None:
        """The SHA-256 of the data file's content when the spec was made; None for a loader."""
        return self._data_sha256

    def canonical(self) -> dict[str, Any]:
        """The run as plain data: every field, defaults included, and the version of the schema.

        This is what a run directory holds as `spec.json`. A data file has its name here, without
        directories, and the SHA-256 of its content. Fields that only some networks have are left
        out for all others, and fields that were added later where they change nothing.
        """
        special = owners()
        fields = {
            name: value
            for name, value in self.model_dump(mode="json").items()
            if (name not in special or value is not None)
            and (name not in ADDED_LATER or value != ADDED_LATER[name])
        }
        data = self.data if self.data_sha256 is None else without_directory(self.data)
        return {**fields, "data": data, "data_sha256": self.data_sha256, "schema": SCHEMA}

    @classmethod
    def from_canonical(cls, values: Mapping[str, Any]) -> CertifySpec:
        """The inverse of `canonical`; the data file is not looked for (see `verify_data`).

        Raises:
            InvalidInputError: the mapping was written by a version with another schema.
        """
        fields = dict(values)
        schema = fields.pop("schema", None)
        if schema != SCHEMA or "data_sha256" not in fields:
            raise InvalidInputError(
                f"`CertifySpec.from_canonical(values=...)` must be of schema {SCHEMA!r}. Got "
                f"schema {schema!r}. It comes from another version of surefit, or was edited; use "
                "that version, or write the spec anew."
            )
        context = {"data_sha256": fields.pop("data_sha256")}
        return cls._validated(fields, context)

    def verify_data(self) -> None:
        """Make sure that the data file is still the one that the run id stands for.

        Raises:
            InvalidInputError: the file is gone or its content is another one.
        """
        if self.data_sha256 is None:
            return
        now = fingerprint(split(self.data)[1])
        if now != self.data_sha256:
            raise InvalidInputError(
                f"`CertifySpec(data=...)` must name the file that the run was specified with. Got "
                f"{self.data} with SHA-256 {now[:10]}..., not {self.data_sha256[:10]}.... The file "
                "was changed since, which makes another run. Make the spec anew, or bring the old "
                "file back."
            )

    def canonical_json(self) -> str:
        """One line of JSON, equal exactly for specs that describe the same run."""
        return canonical_text(self.canonical())

    @property
    def run_id(self) -> str:
        """The name of the run: a readable prefix and the hash of the canonical JSON."""
        return run_id(self.canonical())

    def command(self) -> str:
        """The shell command that makes this run again."""
        own = own_defaults(self.network, self.init)
        chosen = {
            name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if getattr(self, name) != own.get(name, field.default)
        }
        return shell_command("surefit certify", chosen)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CertifySpec):
            return NotImplemented
        return self.canonical_json() == other.canonical_json()

    def __hash__(self) -> int:
        return hash(self.canonical_json())
