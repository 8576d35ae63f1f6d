"""One target under atheris: `python tests/fuzz/run.py npz --seconds 60`.

Coverage guides what is tried next. The run ends with exit code 0 where nothing was found; an input
that was is left in `fuzz/`, and belongs into `regressions/TARGET/` once its fault is mended. Needs
`atheris`, one of the `dev` dependencies on Linux.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import atheris

HERE = Path(__file__).parent
READERS = ["surefit", "surefit_checker", "csv", "gzip", "json", "tomllib", "zipfile"]
MEGABYTES, LONGEST, SLOWEST = 1024, 65536, 20


def main() -> None:
    """Set up the corpus, and fuzz."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--seconds", type=int, default=60, help="how long (default: 60)")
    parser.add_argument("--findings", type=Path, default=Path("fuzz"), help="where they are left")
    options = parser.parse_args()
    sys.path.insert(0, str(HERE))
    with atheris.instrument_imports(include=READERS):
        import targets

        from surefit.core import memory
    # What is refused does not depend on the machine, and 14 small files are not read every time.
    memory.available_bytes = lambda: MEGABYTES * 2**19
    target, seeds = targets.TARGETS[options.target], targets.SEEDS[options.target]
    options.findings.mkdir(parents=True, exist_ok=True)
    shared = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=shared) as work:
        folder, corpus = Path(work) / "files", Path(work) / "corpus"
        folder.mkdir()
        corpus.mkdir()
        for number, seed in enumerate(seeds):
            (corpus / f"seed{number}").write_bytes(seed)
        for path in sorted((HERE / "regressions" / options.target).glob("*")):
            (corpus / path.name).write_bytes(path.read_bytes())
        arguments = [
            sys.argv[0],
            f"-max_total_time={options.seconds}",
            f"-rss_limit_mb={MEGABYTES}",
            f"-max_len={LONGEST}",
            f"-timeout={SLOWEST}",
            "-seed=1",
            "-print_final_stats=1",
            f"-artifact_prefix={options.findings}/{options.target}-",
            str(corpus),
        ]
        atheris.Setup(arguments, lambda data: target(data, folder))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
