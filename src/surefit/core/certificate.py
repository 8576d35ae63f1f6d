"""A statement about gradient descent on one problem, with the checks and arrays behind it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from surefit.core.check import Check, Evidence
from surefit.core.jsonable import read_json, write_json
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
    """

    name: str
    statement: str
    theorem: str
    checks: tuple[Check, ...]
    quantities: dict[str, float]
    witness: dict[str, np.ndarray] = dataclasses.field(default_factory=dict, repr=False)
    note: str = ""

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
        """Write `certificate.json` and `certificate.npz` into the directory `path`.

        The directory is made if absent.

        Raises:
            StorageError: the directory cannot be written.
        """
        path = Path(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            write_json(path / "certificate.json", self.to_dict())
            with (path / "certificate.npz").open("wb") as file:
                np.savez_compressed(file, **self.witness)
        except OSError as cause:
            raise StorageError(
                f"`Certificate.save(path=...)` must be given a writable directory. Got {path}: "
                f"{cause}. Choose another directory."
            ) from cause
        return path

    @classmethod
    def load(cls, path: Path) -> Certificate:
        """Read what `save` wrote.

        Raises:
            StorageError: a file is missing or damaged.
        """
        path = Path(path)
        data = read_json(path / "certificate.json")
        try:
            with np.load(path / "certificate.npz") as arrays:
                witness = {name: arrays[name] for name in arrays.files}
        except (OSError, ValueError) as cause:
            raise StorageError(
                f"{path / 'certificate.npz'} must be readable. {cause}. Copy the certificate again."
            ) from cause
        return cls(
            name=data["name"],
            statement=data["statement"],
            theorem=data["theorem"],
            checks=tuple(map(Check.from_dict, data["checks"])),
            quantities={
                key: float("nan" if value is None else value)
                for key, value in data["quantities"].items()
            },
            witness=witness,
            note=data["note"],
        )
