"""Tangent kernels against neural-tangents: `python -m benchmarks.tangent_kernels [rows] [--out F]`.

Both libraries run in processes of their own, compute the same kernels of the same inputs in turn,
and say what that took. The last release of neural-tangents needs an environment of its own
(`make bench-neural-tangents`); without it only surefit's side is measured. Rows are chosen by a
part of their name. What takes more than a minute is computed once. The table goes to the screen,
and to the file row by row.
"""

import argparse
import contextlib
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks._surefit_kernels import network, parameters
from benchmarks._tangent_cases import CASES
from surefit.tangent import jacobian
from surefit.tangent.limit import input_kernel

ROOT = Path(__file__).parent.parent
PEER = ROOT / ".venv-nt/bin/python"
SCRIPTS = {
    "surefit": [sys.executable, "-m", "benchmarks._surefit_kernels"],
    "floor": [sys.executable, "-m", "benchmarks._surefit_kernels"],
    "peer": [str(PEER), str(ROOT / "benchmarks/peers/neural_tangents_kernels.py")],
}


# Seconds; a side that took longer is not asked again, and its first time counts.
SLOW = 60.0
# With these, glibc takes large arrays from the system and gives them back when they are freed.
# Otherwise every thread keeps some for the next ones, as many as chance will have it.
RETURNING = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}


class Side:
    """One process that computes one case."""

    def __init__(self, name, case, arrays, variables=None):
        wide = {"JAX_ENABLE_X64": str(int(case["dtype"] == "float64"))}
        self.process = subprocess.Popen(
            SCRIPTS[name], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env={**os.environ, **wide, **(variables or {})},
        )  # fmt: skip
        self.write(json.dumps({**case, "arrays": arrays, "side": name}))

    def write(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, line):
        self.write(line)
        answer = self.process.stdout.readline()
        if not answer:
            raise ChildProcessError(line)
        return json.loads(answer)

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


def given(case):
    """Inputs and weights of a case."""
    draw = np.random.default_rng(0)
    arrays = {"x": draw.standard_normal((case["n"], *case["shape"])).astype(case["dtype"])}
    if case["kind"] == "empirical":
        widths = [*case["shape"], *case["widths"], case["outputs"]]
        for k, (m, features) in enumerate(itertools.pairwise(widths)):
            arrays[f"w{k}"] = draw.standard_normal((features, m)).astype(case["dtype"])
    return arrays


def reference(case, arrays):
    """The compared corner in float64: layer by layer, or from the Jacobian."""
    rows = case["compared"]
    arrays = {name: v.astype(np.float64) for name, v in arrays.items()}
    x1, x2 = jnp.asarray(arrays["x"][:rows]), jnp.asarray(arrays["x"][-rows:])
    net = network(case)
    if case["kind"] == "empirical":
        params = parameters(case, arrays)
        # One example after the other: all at once take gigabytes.
        first, second = (
            [np.asarray(jacobian(net, params, one[None])[0]) for one in x] for x in (x1, x2)
        )
        full = jnp.asarray([[a @ b.T for b in second] for a in first])
        return [jnp.trace(full, axis1=2, axis2=3) if case["output"] == "trace" else full]
    kernel = net.kernel(input_kernel(x1, x2, net.needs_cross_positions(False)))
    return [kernel.nngp, kernel.ntk]


def measured(case, names):
    """Medians, memory and largest error relative to the largest entry, per side."""
    arrays = given(case)
    exact = [np.asarray(v) for v in reference(case, arrays)]
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/arrays.npz"
        np.savez(path, **arrays)
        sides = {name: Side(name, case, path) for name in names}
        times = {name: [] for name in names}
        once, found = set(), {}
        for turn in range(case["rounds"] + 1):
            for name in [name for name in sides if name not in once]:
                try:
                    answer = sides[name].ask("run")
                except (ChildProcessError, BrokenPipeError):
                    # It did not survive the case, for lack of memory say.
                    sides.pop(name).close()
                    continue
                if answer["seconds"] > SLOW:
                    once.add(name)
                    times[name].clear()
                if turn or name in once:
                    times[name].append((answer["seconds"], answer["processor"]))
        for name, side in sides.items():
            found[name] = {
                "seconds": statistics.median(a for a, _ in times[name]),
                "processor": statistics.median(b for _, b in times[name]),
                "once": name in once,
                "bytes": side.ask("peak")["bytes"],
            }
            if name != "floor":
                side.ask(f"save {folder}/{name}.npz")
                values = np.load(f"{folder}/{name}.npz")
                found[name]["error"] = max(
                    float(np.abs(values[f"arr_{k}"] - v).max() / np.abs(v).max())
                    for k, v in enumerate(exact)
                )
            side.close()
        for name in set(sides) - once:
            side = Side(name, case, path, RETURNING)
            side.ask("run")
            found[name]["bytes"] = side.ask("peak")["bytes"]
            found[name]["computing"] = side.ask("computing")["bytes"]
            side.close()
    return found


HEADER = (
    "| work | target | surefit | neural-tangents | faster | by processor time | of the product "
    "| memory | of neural-tangents' | error | neural-tangents' error |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
)


def line(case, found):
    """One row of the table; in brackets the memory of computing alone."""
    ours, floor, peer = (found.get(name) for name in ("surefit", "floor", "peer"))
    cells = [case["name"], f"{case['target']}x", f"{ours['seconds']:.3g} s"]
    if peer:
        cells += [
            f"{peer['seconds']:.3g} s{', once' if peer['once'] else ''}",
            f"{peer['seconds'] / ours['seconds']:.1f}x",
            f"{peer['processor'] / ours['processor']:.1f}x",
        ]
    else:
        cells += ["not measured"] * 3
    # Of the kernels of images the product is less than a hundredth.
    share = "" if case["kind"] == "images" else f"{ours['processor'] / floor['processor']:.2g}"
    cells += [share, f"{ours['bytes'] / 2**20:.0f}{_alone(ours, 2**20, '.0f')} MiB"]
    if peer:
        ratio = f"{ours['bytes'] / peer['bytes']:.2f}"
        cells += [ratio + (_alone(ours, peer["computing"], ".2f") if "computing" in peer else "")]
    else:
        cells += [""]
    cells += [f"{ours['error']:.0e}", f"{peer['error']:.0e}" if peer else ""]
    return f"| {' | '.join(cells)} |"


def _alone(side, unit, shown):
    return f" ({side['computing'] / unit:{shown}})" if "computing" in side else ""


def main(arguments=()):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", default=[""])
    parser.add_argument("--rounds", type=int, help="timed computations per side and row")
    parser.add_argument("--samples", type=int, help="n, where that of the table takes too long")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args(list(arguments))
    jax.config.update("jax_enable_x64", True)
    names = ["surefit", "floor", *(["peer"] if PEER.exists() else [])]
    if len(names) < 3:
        print("Without neural-tangents; `make bench-neural-tangents` sets it up.")
    lines = list(HEADER)
    rows = [row for row in CASES if any(part in row["name"] for part in chosen.rows)]
    for number, row in enumerate(rows, start=1):
        case = {**row, "rounds": chosen.rounds or row["rounds"]}
        if chosen.samples:
            case["n"] = chosen.samples
            case["name"] = re.sub(r"n = \d+", f"n = {chosen.samples}", case["name"])
        print(f"{number} of {len(rows)}: {case['name']}", file=sys.stderr, flush=True)
        lines.append(line(case, measured(case, names)))
        print(lines[-1], flush=True)
        if chosen.out:
            chosen.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
