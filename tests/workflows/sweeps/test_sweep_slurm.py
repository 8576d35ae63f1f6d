"""The example for Slurm in the documentation, with a stand-in for Slurm."""

import os
import re
from pathlib import Path

import pytest

from surefit.runs import Store
from surefit.workflows.sweeps import sweep

from .conftest import TINY, results

PAGE = Path(__file__).parents[3] / "docs" / "sweeps.md"
# Runs the job where it is submitted.
SBATCH = """#!/bin/sh
cp "$1" {folder}/job.sh
sh -c 'exec sh {folder}/job.sh' > {folder}/job.out 2>&1 &
echo "Submitted batch job $!"
"""
GRID = """
[base]
steps = 9
[grid]
width = [15, 16]
seed = { count = 2 }
"""


@pytest.mark.slow
def test_the_example_of_the_page(lab, monkeypatch):
    pytest.importorskip("dask_jobqueue")
    (script,) = re.findall(r"^```py\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    bin = lab.folder / "bin"
    bin.mkdir()
    for name, text in {"sbatch": SBATCH.format(folder=lab.folder), "scancel": "#!/bin/sh"}.items():
        (bin / name).write_text(text)
        (bin / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin}{os.pathsep}{os.environ['PATH']}")
    (lab.folder / "grid.toml").write_text(GRID)
    assert "dask=cluster.scheduler_address" in script and "jobs=10" in script
    script = script.replace("jobs=10", "jobs=1").replace("cores=8", "cores=2")
    script = script.replace("processes=8", "processes=2").replace("dask=", f"job={TINY!r}, dask=")
    (lab.folder / "script.py").write_text(script)
    with lab.python("script.py", cwd=lab.folder) as process:
        told = process.communicate(timeout=120)[0]
    assert process.returncode == 0, told
    assert "#SBATCH --cpus-per-task=2" in told and "#SBATCH -t 04:00:00" in told
    assert "finished=4, reused=0, failed=()" in told
    assert len(Store(lab.folder / "runs").runs()) == 4
    assert lab.alone(60.0)
    sweep(lab.cells(seeds=2), lab.folder / "here", workers=1, job=TINY)
    assert results(lab.folder / "runs") == results(lab.folder / "here")
