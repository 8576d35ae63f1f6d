"""A finished run as plain data: all that a report, a table or a later analysis needs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from surefit.core.certificate import Certificate
from surefit.core.check import Check
from surefit.core.condition_history import ConditionHistory
from surefit.core.demands import Demands
from surefit.core.fitted import FittedConstant
from surefit.core.given_files import plain_name, whole
from surefit.core.jsonable import as_float, read_json, write_json
from surefit.core.migrations import CURRENT, load_documents
from surefit.core.prediction import Prediction
from surefit.core.proof import Proof
from surefit.core.timings import add_timings
from surefit.core.trajectory import Trajectory
from surefit.core.widths import FormOutcome, WidthDemand
from surefit.errors import StorageError

__all__ = ["RunRecord", "TheoremRecord"]

SCHEMA = CURRENT["run"]
# Facts whose names end like this are about the clock, not about the problem.
_SECONDS = "_seconds"


@dataclasses.dataclass(frozen=True)
class TheoremRecord:
    """One theorem's part of a run.

    Args:
        name: catalogue name.
        title: what it is called in the field ("Du, Zhai, Poczos, Singh (2019), Theorem 4.1").
        citation: BibTeX entry.
        setting: one sentence: what networks and dynamics it is about.
        url: where to read it.
        prediction: assumptions and promises on this problem.
        outcome: promises compared with the run, one check per promise.
        fitted: the theorem's unstated constants, fitted to the run.
    """

    name: str
    title: str
    citation: str
    setting: str
    url: str
    prediction: Prediction
    outcome: tuple[Check, ...] = ()
    fitted: tuple[FittedConstant, ...] = ()


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """A finished run as plain data.

    Args:
        run_id: hash of the spec.
        spec: the canonical spec that was run.
        environment: versions, platform, date, git revision where known.
        verdict: the outcome in one sentence.
        holds: the verdict as True, False or None.
        problem: facts of data and network (`samples`, `inputs`, `outputs`, `parameters`, `delta`,
            ...), each a number or a short text.
        data_checks: checks of the data (duplicates, norms, separation).
        spectra: name -> eigenvalues in ascending order (`limit_ntk`, `empirical_ntk_initial`,
            `empirical_ntk_final`).
        theorems: every theorem's assumptions, promises and outcome.
        trajectory: what was measured.
        certificates: what was certified at the end.
        command: how to reproduce the run.
        network_checks: checks of the network, at the start and at the end (well-posedness of
            equilibria, say).
        forms: explicit conditions at the start, for networks that a theorem has such forms for.
        widths: what the results of the literature ask of the width, smallest first.
        demands: what results on deep networks ask of width, step and iterations; None for others.
        proofs: what the stand-alone checker said about the certificates in folders of the run, the
            strongest one first.
        conditions: how far a certificate was while training; None for runs without.
        seconds: wall-clock time from the tangent kernel to the last proof, without what an earlier
            attempt took.
    """

    run_id: str
    spec: dict[str, Any]
    environment: dict[str, Any]
    verdict: str
    holds: bool | None
    problem: dict[str, Any]
    data_checks: tuple[Check, ...]
    spectra: dict[str, list[float]]
    theorems: tuple[TheoremRecord, ...]
    trajectory: Trajectory
    certificates: tuple[Certificate, ...] = ()
    command: str = ""
    network_checks: tuple[Check, ...] = ()
    forms: tuple[FormOutcome, ...] = ()
    widths: tuple[WidthDemand, ...] = ()
    demands: Demands | None = None
    proofs: tuple[Proof, ...] = ()
    conditions: ConditionHistory | None = None
    seconds: float = math.nan

    def save(self, directory: Path) -> None:
        """Write `spec.json`, `environment.json`, `result.json`, the trajectory and certificates.

        What a run took goes to `timings.json`: all other files but `environment.json` are the same
        byte for byte when the run is repeated with the same versions and number of threads.
        """
        directory = Path(directory)
        write_json(directory / "spec.json", self.spec)
        write_json(directory / "environment.json", self.environment)
        self.trajectory.save(directory)
        for certificate in self.certificates:
            certificate.save_issued(directory / "certificates" / certificate.name)
        clock = {key: self.problem[key] for key in self.problem if key.endswith(_SECONDS)}
        add_timings(
            directory,
            **clock,
            proofs=[proof.seconds for proof in self.proofs],
            total=self.seconds,
        )
        result = {
            "schema": SCHEMA,
            "run_id": self.run_id,
            "verdict": self.verdict,
            "holds": self.holds,
            "problem": {key: self.problem[key] for key in self.problem if key not in clock},
            "data_checks": [check.to_dict() for check in self.data_checks],
            "network_checks": [check.to_dict() for check in self.network_checks],
            "spectra": self.spectra,
            "theorems": [
                {
                    **{f.name: getattr(item, f.name) for f in dataclasses.fields(item)},
                    "prediction": item.prediction.to_dict(),
                    "outcome": [check.to_dict() for check in item.outcome],
                    "fitted": [dataclasses.asdict(constant) for constant in item.fitted],
                }
                for item in self.theorems
            ],
            "certificates": [certificate.name for certificate in self.certificates],
            "command": self.command,
            "forms": [dataclasses.asdict(form) for form in self.forms],
            "widths": [dataclasses.asdict(demand) for demand in self.widths],
            "demands": None if self.demands is None else dataclasses.asdict(self.demands),
            "proofs": [proof.to_dict() for proof in self.proofs],
            "conditions": None if self.conditions is None else dataclasses.asdict(self.conditions),
        }
        write_json(directory / "result.json", result)

    @classmethod
    def load(cls, directory: Path) -> RunRecord:
        """Read what `save` wrote.

        Raises:
            StorageError: a file is missing, damaged or of a newer schema.
        """
        with whole(Path(directory)):
            return cls._read(Path(directory))

    @classmethod
    def _read(cls, directory: Path) -> RunRecord:
        data, timings = load_documents(directory, "result.json", "timings.json")
        if data["schema"] != SCHEMA:
            raise StorageError(
                f"{directory} must hold a run of `surefit certify`. Got one of schema "
                f"{data['schema']!r}. It is the result of another command, which reads it. Name "
                "the directory of a certify run."
            )
        conditions = data.get("conditions")
        clock = {key: timings[key] for key in timings if key.endswith(_SECONDS)}
        theorems = tuple(
            TheoremRecord(
                **{
                    **item,
                    "prediction": Prediction.from_dict(item["prediction"]),
                    "outcome": tuple(map(Check.from_dict, item["outcome"])),
                    "fitted": tuple(map(FittedConstant.from_dict, item.get("fitted", ()))),
                }
            )
            for item in data["theorems"]
        )
        return cls(
            run_id=plain_name(data["run_id"], directory),
            spec=read_json(directory / "spec.json"),
            environment=read_json(directory / "environment.json"),
            verdict=data["verdict"],
            holds=data["holds"],
            problem=data["problem"] | clock,
            data_checks=tuple(map(Check.from_dict, data["data_checks"])),
            spectra={key: list(map(as_float, values)) for key, values in data["spectra"].items()},
            theorems=theorems,
            trajectory=Trajectory.load(directory),
            certificates=tuple(
                Certificate.load(directory / "certificates" / plain_name(name, directory))
                for name in data["certificates"]
            ),
            command=data["command"],
            # Absent from records that were written before there were such things.
            network_checks=tuple(map(Check.from_dict, data.get("network_checks", ()))),
            forms=tuple(map(FormOutcome.from_dict, data.get("forms", ()))),
            widths=tuple(map(WidthDemand.from_dict, data.get("widths", ()))),
            demands=None if data.get("demands") is None else Demands.from_dict(data["demands"]),
            proofs=_proofs(data.get("proofs", ()), timings.get("proofs", ())),
            conditions=None if conditions is None else ConditionHistory.from_dict(conditions),
            seconds=as_float(timings.get("total")),
        )


def _proofs(told: Sequence[dict[str, Any]], seconds: Sequence[float | None]) -> tuple[Proof, ...]:
    both = zip(told, [*seconds, *[None] * len(told)], strict=False)  # a copy without timings
    return tuple(Proof.from_dict({**one, "seconds": took}) for one, took in both)
