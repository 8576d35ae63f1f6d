"""Tangent kernels against neural-tangents: `python -m benchmarks.tangent_kernels [rows] [--out F]`.

Both libraries run in processes of their own, compute the same kernels of the same inputs in turn,
and say what that took. The last release of neural-tangents needs an environment of its own
(`make bench-peers`); without it only surefit's side is measured. Rows are chosen by a part of their
name. The table goes to the file, or to the screen.
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


class Side:
    """One process that computes one case."""

    def __init__(self, name, case, arrays):
        wide = str(int(case["dtype"] == "float64"))
        self.process = subprocess.Popen(
            SCRIPTS[name], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env={**os.environ, "JAX_ENABLE_X64": wide},
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
        first, second = (jacobian(net, params, x) for x in (x1, x2))
        full = jnp.einsum("iap,jbp->ijab", first, second)
        return [jnp.trace(full, axis1=2, axis2=3) if case["output"] == "trace" else full]
    kernel = net.kernel(input_kernel(x1, x2, net.needs_cross_positions(False)))
    return [kernel.nngp, kernel.ntk]


def measured(case, names):
    """Medians, peak memory and largest error relative to the largest entry, per side."""
    arrays = given(case)
    exact = [np.asarray(v) for v in reference(case, arrays)]
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/arrays.npz"
        np.savez(path, **arrays)
        sides = {name: Side(name, case, path) for name in names}
        times = {name: [] for name in names}
        found = {}
        for turn in range(case["rounds"] + 1):
            for name in list(sides):
                try:
                    answer = sides[name].ask("run")
                except (ChildProcessError, BrokenPipeError):
                    # It did not survive the case, for lack of memory say.
                    sides.pop(name).close()
                    continue
                if turn:
                    times[name].append((answer["seconds"], answer["processor"]))
        for name, side in sides.items():
            found[name] = {
                "seconds": statistics.median(a for a, _ in times[name]),
                "processor": statistics.median(b for _, b in times[name]),
                "bytes": side.ask("memory")["bytes"],
            }
            if name != "floor":
                side.ask(f"save {folder}/{name}.npz")
                values = np.load(f"{folder}/{name}.npz")
                found[name]["error"] = max(
                    float(np.abs(values[f"arr_{k}"] - v).max() / np.abs(v).max())
                    for k, v in enumerate(exact)
                )
            side.close()
    return found


HEADER = (
    "| work | target | surefit | neural-tangents | faster | by processor time | of the product "
    "| memory | of neural-tangents' | error | neural-tangents' error |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
)


def line(case, found):
    """One row of the table."""
    ours, floor, peer = (found.get(name) for name in ("surefit", "floor", "peer"))
    cells = [case["name"], f"{case['target']}x", f"{ours['seconds']:.3g} s"]
    if peer:
        cells += [
            f"{peer['seconds']:.3g} s",
            f"{peer['seconds'] / ours['seconds']:.1f}x",
            f"{peer['processor'] / ours['processor']:.1f}x",
        ]
    else:
        cells += ["not measured"] * 3
    cells += [f"{ours['processor'] / floor['processor']:.2g}", f"{ours['bytes'] / 2**20:.0f} MiB"]
    cells += [f"{ours['bytes'] / peer['bytes']:.2f}" if peer else ""]
    cells += [f"{ours['error']:.0e}", f"{peer['error']:.0e}" if peer else ""]
    return f"| {' | '.join(cells)} |"


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
        print("Without neural-tangents; `make bench-peers` sets it up.")
    lines = list(HEADER)
    for row in CASES:
        if any(part in row["name"] for part in chosen.rows):
            case = {**row, "rounds": chosen.rounds or row["rounds"]}
            if chosen.samples:
                case["n"] = chosen.samples
                case["name"] = re.sub(r"n = \d+", f"n = {chosen.samples}", case["name"])
            lines.append(line(case, measured(case, names)))
            print(lines[-1], flush=True)
    if chosen.out:
        chosen.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
