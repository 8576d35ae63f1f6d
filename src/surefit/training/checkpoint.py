"""The state of an unfinished run on disk: whole or not there, whenever the process is killed."""

from __future__ import annotations

import dataclasses
import json
import os
import time
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from surefit.errors import StorageError
from surefit.training.fingerprint import require_same
from surefit.training.ledger import Block
from surefit.training.numbers import is_auto

__all__ = ["Checkpoint", "Saved"]

FORMAT = 1
INTERVAL = 5.0
"""Least number of seconds between two writes."""
_SHARE = 0.05  # of the time at most goes into writing


@dataclasses.dataclass(frozen=True)
class Saved:
    """What a run needs to go on.

    Args:
        step: how many steps were made.
        leaves: trained parameters, state of the method and carries of monitors, flattened.
        losses: loss and squared residual at this step.
        numbers: the method's settled numbers.
        block: all measurements so far.
        seconds: time spent so far.
    """

    step: int
    leaves: list[np.ndarray]
    losses: tuple[float, float]
    numbers: dict[str, float | str]
    block: Block
    seconds: float


class Checkpoint:
    """One file in a directory, replaced atomically. One process at a time may use it.

    Args:
        directory: where the file is; made if it does not exist.
        identity: the fingerprint of the run.

    Raises:
        StorageError: the directory cannot be made or written.
    """

    def __init__(self, directory: Path | str, identity: Mapping[str, str]) -> None:
        self.path = Path(directory) / "training.npz"
        self._identity = dict(identity)
        self._written, self._cost = time.monotonic(), 0.0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._temporary.open("wb"):
                pass
            self._temporary.unlink()
        except OSError as cause:
            raise StorageError(
                f"`train(checkpoint=...)` must be a directory that can be written. Got "
                f"{self.path.parent}: {cause.strerror}. The run is kept there so that it can go on "
                "after an interruption. Name another directory."
            ) from cause

    @property
    def _temporary(self) -> Path:
        return self.path.with_suffix(".partial")

    @property
    def due(self) -> bool:
        """Whether enough time has passed since the last write."""
        pause = max(INTERVAL, self._cost / _SHARE)
        return time.monotonic() - self._written >= pause

    def save(self, saved: Saved) -> None:
        """Replace the file: after a crash at any time the old or the new one is there, whole.

        Raises:
            StorageError: the file cannot be written.
        """
        begun = time.monotonic()
        head = {
            "format": FORMAT,
            "identity": self._identity,
            "step": saved.step,
            # Hexadecimal keeps every bit, and NaN.
            "losses": [float(x).hex() for x in saved.losses],
            "numbers": {
                name: x if is_auto(x) else float(x).hex() for name, x in saved.numbers.items()
            },
            "seconds": saved.seconds,
            "leaves": len(saved.leaves),
            "series": list(saved.block),
        }
        arrays = {"head": np.frombuffer(json.dumps(head).encode(), np.uint8)}
        arrays |= {f"leaf{i}": leaf for i, leaf in enumerate(saved.leaves)}
        for i, (steps, values) in enumerate(saved.block.values()):
            arrays |= {f"steps{i}": steps, f"values{i}": values}
        try:
            with self._temporary.open("wb") as file:
                np.savez(file, **arrays)
                file.flush()
                os.fsync(file.fileno())
            self._temporary.replace(self.path)
            _sync_directory(self.path.parent)
        except OSError as cause:
            raise StorageError(
                f"{self.path} must be writable while training. {cause.strerror}. Make room or "
                "repair the disk, then run the same call again: it goes on from the last "
                "checkpoint."
            ) from cause
        self._written = time.monotonic()
        self._cost = self._written - begun

    def load(self) -> Saved | None:
        """The state that was saved; None if nothing was.

        Raises:
            InvalidInputError: it belongs to another run; the message says in what they differ.
            StorageError: the file is damaged.
        """
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as members:
                arrays = {name: members[name] for name in members.files}
            head = json.loads(arrays["head"].tobytes())
            form, identity = head["format"], head["identity"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as cause:
            raise self._damaged(cause) from cause
        if form != FORMAT:
            raise self._damaged(f"it has format {form!r} and not {FORMAT}")
        require_same(identity, self._identity, self.path.parent)
        try:
            return _unpack(head, arrays)
        except (ValueError, KeyError, TypeError) as cause:
            raise self._damaged(cause) from cause

    def _damaged(self, cause: Any) -> StorageError:
        return StorageError(
            f"{self.path} must be a checkpoint that `train` wrote. {cause}. It was damaged or "
            "edited, or another version of surefit wrote it; training never leaves a partial file. "
            "Delete it to start this run anew."
        )


def _unpack(head: dict[str, Any], arrays: dict[str, np.ndarray]) -> Saved:
    loss, squared_residual = map(float.fromhex, head["losses"])
    return Saved(
        step=int(head["step"]),
        leaves=[arrays[f"leaf{i}"] for i in range(head["leaves"])],
        losses=(loss, squared_residual),
        numbers={
            name: text if is_auto(text) else float.fromhex(text)
            for name, text in head["numbers"].items()
        },
        block={
            name: (arrays[f"steps{i}"], arrays[f"values{i}"])
            for i, name in enumerate(head["series"])
        },
        seconds=float(head["seconds"]),
    )


def _sync_directory(directory: Path) -> None:
    # The rename itself must reach the disk; systems without this have no call for it.
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
