"""How long an import takes beside `import jax`: `python -m benchmarks.import_time`."""

from __future__ import annotations

import statistics
import subprocess
import sys

CASES = {
    "import surefit": "import surefit",
    "surefit.certify": "import surefit; surefit.certify",
    "surefit.NTKClassifier": "import surefit.estimators; surefit.estimators.NTKClassifier",
    "surefit.cli": "import surefit.cli",
}
ROUNDS = 5
# Processor seconds of a process: what waits for a busy machine does not count.
TIMED = "import time\n{}\nprint(time.process_time())"


def seconds(code: str) -> float:
    """Processor seconds of a fresh interpreter that runs the code."""
    done = subprocess.run(
        [sys.executable, "-c", TIMED.format(code)], capture_output=True, text=True, check=True
    )
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    """Print medians over rounds in which all are measured in turn."""
    codes = {"python": "pass", "import jax": "import jax", **CASES}
    found: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(ROUNDS):
        for name, code in codes.items():
            found[name].append(seconds(code))
    median = {name: statistics.median(times) for name, times in found.items()}
    for name, value in median.items():
        print(f"{name:24} {value:6.2f} s  {value / median['import jax']:5.2f} of `import jax`")


if __name__ == "__main__":
    main()
