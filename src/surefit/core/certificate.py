"""A statement about gradient descent on one problem, with the checks and arrays behind it."""

from __future__ import annotations

import contextlib
import dataclasses
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from surefit.core.check import Check, Evidence
from surefit.core.given_files import whole
from surefit.core.jsonable import as_float, read_json, write_json
from surefit.errors import StorageError

__all__ = ["Certificate"]


@dataclasses.dataclass(frozen=True)
class Certificate:
    """A statement about gradient descent on one problem, with the checks and arrays behind it.

    Args:
        name: catalogue name of the certifier that issued it.
        statement: what is claimed, in words, with its numbers.
        theorem: the theorem behind the statement, with locator.
        checks: the hypotheses, checked at the saved weights.
        quantities: the numbers of the statement (`sigma_min`, `radius`, `rate`, ...).
        witness: the arrays that the checks were computed from (weights, data).
        note: limits of the statement.
        document: the statement and the network in the format of docs/certificate-format.md, about
            the arrays of `witness`; None where the certificate does not hold or the format has no
            words for the network.
    """

    name: str
    statement: str
    theorem: str
    checks: tuple[Check, ...]
    quantities: dict[str, float]
    witness: dict[str, np.ndarray] = dataclasses.field(default_factory=dict, repr=False)
    note: str = ""
    document: dict[str, Any] | None = dataclasses.field(default=None, repr=False)

    @property
    def holds(self) -> bool | None:
        """True if every check holds, False if one fails, None if that cannot be said."""
        verdicts = [check.holds for check in self.checks]
        if any(verdict is False for verdict in verdicts):
            return False
        return None if not verdicts or any(verdict is None for verdict in verdicts) else True

    @property
    def evidence(self) -> Evidence:
        """The weakest evidence among the checks: a chain is as strong as its weakest link."""
        levels = (check.evidence for check in self.checks)
        return min(levels, key=lambda level: level.strength, default=Evidence.ASSUMED)

    def explain(self) -> str:
        """The certificate in words: statement, verdict, every check, limits."""
        verdict = {
            True: "HOLDS",
            False: "DOES NOT HOLD",
            None: "CANNOT BE DECIDED",
        }[self.holds]
        lines = [
            f"Certificate {self.name}: {verdict} (evidence: {self.evidence})",
            f"  {self.statement}",
            f"  By {self.theorem}, from these checks:",
            *(f"    {check}" + (f" - {check.note}" if check.note else "") for check in self.checks),
        ]
        return "\n".join([*lines, f"  {self.note}"] if self.note else lines)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready mapping without the witness arrays."""
        return {
            "name": self.name,
            "statement": self.statement,
            "theorem": self.theorem,
            "holds": self.holds,
            "evidence": self.evidence,
            "checks": [check.to_dict() for check in self.checks],
            "quantities": dict(self.quantities),
            "note": self.note,
        }

    def save(self, path: Path) -> Path:
        """Write the certificate into the directory `path`, which is made if absent.

        `certificate.json` and `arrays.npz` are what a checker reads (`surefit verify PATH`); the
        former is only written where there is a `document`. `issued.json` is what was found here.

        Raises:
            StorageError: the directory cannot be written.
        """
        path = self.save_issued(path)
        with _writing(path):
            if self.document is None:
                (path / "certificate.json").unlink(missing_ok=True)
            else:
                write_json(path / "certificate.json", self.document)
            # Not compressed: weights hardly shrink, and a checker refuses suspicious ratios.
            with (path / "arrays.npz").open("wb") as file:
                np.savez(file, **self.witness)
        return path

    def save_issued(self, path: Path) -> Path:
        """Write `issued.json` only: the statement with its checks, without the arrays.

        Raises:
            StorageError: the directory cannot be written.
        """
        path = Path(path)
        with _writing(path):
            path.mkdir(parents=True, exist_ok=True)
            write_json(path / "issued.json", self.to_dict())
        return path

    @classmethod
    def load(cls, path: Path) -> Certificate:
        """Read what `save` or `save_issued` wrote.

        Raises:
            StorageError: a file is missing or damaged.
        """
        with whole(Path(path)):
            return cls._read(Path(path))

    @classmethod
    def _read(cls, path: Path) -> Certificate:
        data = read_json(path / "issued.json")
        document = path / "certificate.json"
        return cls(
            name=data["name"],
            statement=data["statement"],
            theorem=data["theorem"],
            checks=tuple(map(Check.from_dict, data["checks"])),
            quantities={key: as_float(value) for key, value in data["quantities"].items()},
            witness=_arrays(path / "arrays.npz"),
            note=data["note"],
            document=read_json(document) if document.exists() else None,
        )


def _arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.exists():
        return {}
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile) as cause:
        raise StorageError(
            f"{path} must be readable. Got an error: {cause}. Copy the certificate again."
        ) from cause


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise StorageError(
            f"`Certificate.save(path=...)` must be given a writable directory. Got {path}: "
            f"{cause}. Choose another directory."
        ) from cause
