"""What a run ran on: the facts that someone needs who wants the same numbers again."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

__all__ = ["environment_facts"]

PACKAGES = ("surefit", "jax", "jaxlib", "numpy")


def environment_facts() -> dict[str, Any]:
    """Versions, platform, devices, precision, date and, in a checkout, the git revision.

    There are no user names, host names or paths in it, so that it can be published.

    Returns:
        A JSON-ready mapping; a fact that cannot be found out is None.
    """
    return {
        **{name: _version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "cpu_count": os.cpu_count(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        **_jax_facts(),
        **_git_facts(Path(__file__).resolve().parent),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _jax_facts() -> dict[str, Any]:
    import jax

    try:
        devices = [f"{device.platform}: {device.device_kind}" for device in jax.devices()]
    except RuntimeError:  # no usable backend
        devices = []
    return {
        "devices": dict(sorted(Counter(devices).items())) or None,
        "x64": bool(jax.config.jax_enable_x64),
    }


def _git(directory: Path, *arguments: str) -> str | None:
    # Variables that git sets for its hooks would point it to another repository; and looking
    # must not take the lock that somebody else's commit needs.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    try:
        answer = subprocess.run(
            ["git", "-C", str(directory), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
            env=environment,
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return answer.stdout.strip()


def _git_facts(directory: Path) -> dict[str, Any]:
    # A package installed inside somebody's repository is not a checkout of surefit: git must
    # track these very files.
    if not _git(directory, "ls-files", "--", "*.py"):
        return {"git_revision": None, "git_modified": None}
    changes = _git(directory, "status", "--porcelain", "--untracked-files=no", "--", ":/")
    return {
        "git_revision": _git(directory, "rev-parse", "HEAD"),
        "git_modified": None if changes is None else bool(changes),
    }
