"""Compiles surefit/tangent/native/machine.c into the wheel, where there is a C compiler.

`CC` names the compiler; without it cc, gcc and clang are tried. Where none works, the wheel is pure
Python and the package does without. Nothing depends on the machine that builds: the library has a
variant for each set of processor instructions and picks one when it is loaded.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import sys_tags

FOLDER = Path("src/surefit/tangent/native")
SOURCES = ("machine.c", "machine.h")
LIBRARY = {"win32": "machine.dll", "darwin": "machine.dylib"}.get(sys.platform, "machine.so")
# Floating-point exceptions are never asked about; every result is that of IEEE arithmetic.
FLAGS = ("-O3", "-std=gnu11", "-fPIC", "-fno-math-errno", "-fno-trapping-math")
VARIANTS = {
    "base": (),
    "v3": ("-march=x86-64-v3",),
    "v4": ("-march=x86-64-v4", "-mprefer-vector-width=512"),
}


class CustomBuildHook(BuildHookInterface):
    """Asked by hatchling for every wheel."""

    def initialize(self, version: str, build_data: dict) -> None:
        """Compile, and say that the wheel is for this platform."""
        source = Path(self.root) / FOLDER
        with tempfile.TemporaryDirectory() as work:
            made = compiled(source, Path(work))
            if made is None:
                self.app.display_info("no working C compiler: the wheel is pure Python")
                return
            if version == "editable":
                installed(made, source)
            else:
                self.kept = Path(tempfile.mkdtemp())
                shutil.copy(made, self.kept / LIBRARY)
                place = (FOLDER / LIBRARY).relative_to("src").as_posix()
                build_data["force_include"][str(self.kept / LIBRARY)] = place
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform()}"

    def finalize(self, version: str, build_data: dict, artifact_path: str) -> None:
        """Remove what was compiled."""
        if hasattr(self, "kept"):
            shutil.rmtree(self.kept)


def installed(library: Path, folder: Path) -> None:
    """Put the library beside its sources; processes that have loaded the old one keep it."""
    shutil.copy(library, folder / f"{LIBRARY}.new")
    os.replace(folder / f"{LIBRARY}.new", folder / LIBRARY)


def platform() -> str:
    """The tag of this platform, without a promise about others."""
    promises = ("manylinux", "musllinux")
    return next(tag.platform for tag in sys_tags() if not tag.platform.startswith(promises))


def compiled(source: Path, work: Path) -> Path | None:
    """The library, compiled in a folder; None where no compiler can."""
    named = os.environ.get("CC")
    for words in [named] if named else ["cc", "gcc", "clang"]:
        command = shlex.split(words)
        if command and shutil.which(command[0]):
            made = _compiled(command, source, work)
            if made is not None:
                return made
    return None


def _compiled(command: list[str], source: Path, work: Path) -> Path | None:
    # By names without folders, so that equal sources give equal libraries.
    for name in SOURCES:
        shutil.copy(source / name, work)
    stamp = hashlib.sha256(b"".join((source / name).read_bytes() for name in SOURCES)).hexdigest()
    running = {}
    for variant, own in VARIANTS.items():
        named = [f"-DVARIANT={variant}", *([f"-DSTAMP={stamp[:16]}"] if variant == "base" else [])]
        line = [*command, *FLAGS, *own, *named, "-c", SOURCES[0], "-o", f"{variant}.o"]
        running[variant] = _started(line, work)
    done = [variant for variant, process in running.items() if process.wait() == 0]
    if "base" not in done:
        return None
    objects = [f"{variant}.o" for variant in done]
    strip = [] if sys.platform == "darwin" else ["-s"]
    line = [*command, "-shared", *strip, *objects, "-o", LIBRARY, "-lm"]
    return work / LIBRARY if _started(line, work).wait() == 0 else None


def _started(line: list[str], work: Path) -> subprocess.Popen:
    return subprocess.Popen(line, cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    # For work on the machine itself: `python hatch_build.py`.
    native = Path(__file__).parent / FOLDER
    with tempfile.TemporaryDirectory() as folder:
        result = compiled(native, Path(folder))
        if result is None:
            raise SystemExit("no working C compiler")
        installed(result, native)
