"""What the cells of a sweep cost in a worker: the first one, and those behind it.

Seconds of the processor with those of the checker, which runs in a process of its own. A program is
compiled for every width and every number of samples; a cell that differs in its seed compiles
nothing.
"""

import os
import subprocess
import sys
import tempfile

from surefit.workflows.sweeps.pinned import pinned

CELLS = (
    ("first, with imports", {"width": 64, "samples": 60, "seed": 0}),
    ("another seed", {"width": 64, "samples": 60, "seed": 1}),
    ("another seed", {"width": 64, "samples": 60, "seed": 2}),
    ("another width", {"width": 128, "samples": 60, "seed": 0}),
    ("another number of samples", {"width": 128, "samples": 80, "seed": 0}),
    ("another seed", {"width": 128, "samples": 80, "seed": 1}),
)


def main():
    """A process of its own, like a worker."""
    subprocess.run(
        [sys.executable, "-m", "benchmarks.sweep_cells", "here"], env=pinned(), check=True
    )


def table():
    from surefit.runs import CertifySpec
    from surefit.workflows.sweeps.cell import run

    base = {"data": "digits", "classes": (0, 1), "target_loss": 1e-6, "steps": 20000}
    before = 0.0
    with tempfile.TemporaryDirectory() as out:
        for name, sizes in CELLS:
            run(CertifySpec(**base, **sizes).canonical(), out)
            now = sum(os.times()[:4])
            shown = ", ".join(f"{field} {value}" for field, value in sizes.items())
            print(f"{name:<26} {shown:<32} {now - before:6.2f} s", flush=True)
            before = now


if __name__ == "__main__":
    table() if sys.argv[1:] == ["here"] else main()
