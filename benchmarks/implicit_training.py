"""Full-batch training epochs of the implicit ReLU network.

Warm-started equilibria and adjoints against cold ones, against the matrix products that must be
done, and against torchdeq where `make bench-peers` has set up its environment.
"""

import functools
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import surefit as sf
from surefit.core.tree import add_scaled
from surefit.implicit import Picard
from surefit.training.evaluation import cold_hints, evaluate

SAMPLES, INPUTS, WIDTH, GAMMA, TOLERANCE = 1000, 784, 1024, 0.25, 1e-6
EPOCHS = 12
PEERS = pathlib.Path(__file__).parents[1] / ".venv-peers/bin/python"
PEER_SCRIPT = pathlib.Path(__file__).parent / "peers/torchdeq_training.py"


def make_problem(solver):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(SAMPLES, INPUTS)) + 0.8  # mean cosine 0.4, as images have
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    network = sf.models.implicit_relu(WIDTH, GAMMA, solver=solver)
    problem = sf.Problem(network, x, np.sign(rng.normal(size=SAMPLES)))
    single = jnp.asarray(problem.x, jnp.float32), jnp.asarray(problem.y, jnp.float32)
    return eqx.tree_at(lambda p: (p.x, p.y), problem, single)


def products(problem, params, hints, forward, backward):
    """The products of one epoch alone: inputs, iterations in both directions, gradients."""
    hidden, _, ((equilibrium, _), _) = params
    h = hints[0].state

    @jax.jit
    def run(w, a, h, x):
        first = x @ w.T
        h = jax.lax.fori_loop(0, forward, lambda _, h: h @ a.T, h)
        p = jax.lax.fori_loop(0, backward, lambda _, p: p @ a, h)
        return first, p.T @ h, p.T @ x

    scaled = GAMMA / WIDTH**0.5 * equilibrium["w"]
    return lambda: run(hidden["w"], scaled, h, problem.x)


class Peer:
    """torchdeq in its own process; `seconds()` is one epoch."""

    def __init__(self, problem, params, step_size, solver, folder):
        hidden, _, ((equilibrium, u), v) = params
        arrays = {
            "x": problem.x, "y": problem.y[:, 0], "W": hidden["w"],
            "A": equilibrium["w"], "u": u["w"][0], "v": v["w"][0],
        }  # fmt: skip
        path = pathlib.Path(folder) / "arrays.npz"
        np.savez(path, **{name: np.asarray(a, np.float32) for name, a in arrays.items()})
        config = {
            "threads": len(os.sched_getaffinity(0)), "arrays": str(path), "solver": solver,
            "gamma": GAMMA, "tolerance": TOLERANCE, "step_size": step_size,
        }  # fmt: skip
        self.process = subprocess.Popen(
            [PEERS, PEER_SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.process.stdin.write(json.dumps(config) + "\n")

    def epoch(self):
        self.process.stdin.write("step\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    problem = make_problem(Picard(tolerance=TOLERANCE))
    params = problem.network.init(jax.random.key(0), (INPUTS,))
    moving, fixed = problem.split(params)
    step_size = 1.0 / 3000.0

    @jax.jit
    def cold(moving):
        found = evaluate(problem, moving, fixed)
        return add_scaled(moving, -step_size, found.gradient), found.loss

    @jax.jit
    def warm(moving, state):
        moving = add_scaled(moving, -step_size, state.gradient)
        return moving, evaluate(problem, moving, fixed, state.hints)

    begin = jax.jit(lambda m: evaluate(problem, m, fixed, cold_hints(problem, m, fixed)))
    sides = {"warm": (moving, begin(moving)), "cold": (moving, 0.0)}
    times = {"warm": [], "cold": []}
    with tempfile.TemporaryDirectory() as folder:
        peers = {}
        if PEERS.exists():
            solvers = ("fixed_point_iter", "anderson")
            peers = {s: Peer(problem, params, step_size, s, folder) for s in solvers}
            times.update({solver: [] for solver in peers})
        for _ in range(EPOCHS):
            for name, step in (("warm", warm), ("cold", lambda m, _: cold(m))):
                start = time.perf_counter()
                sides[name] = jax.block_until_ready(step(*sides[name]))
                times[name].append(time.perf_counter() - start)
            answers = {name: peer.epoch() for name, peer in peers.items()}
            for name, answer in answers.items():
                times[name].append(answer["seconds"])
        for peer in peers.values():
            peer.close()
    gap = max(
        float(jnp.abs(a - b).max())
        for a, b in zip(*(jax.tree.leaves(side[0]) for side in sides.values()), strict=True)
    )
    assert gap < 1e-4, gap
    report(times, problem, sides["warm"], fixed)


def report(times, problem, state, fixed):
    seconds = {name: statistics.median(values[2:]) for name, values in times.items()}
    title = f"Implicit ReLU network, n = {SAMPLES}, d = {INPUTS}, m = {WIDTH}, float32"
    names = {"cold": "cold-started Picard and adjoint", "fixed_point_iter": "torchdeq, fixed point",
             "anderson": "torchdeq, Anderson"}  # fmt: skip
    for name, other in names.items():
        if name in seconds:
            ratios = [b / a for a, b in zip(times["warm"][2:], times[name][2:], strict=True)]
            print(f"{title}: epoch {seconds['warm']:.3g} s against {seconds[name]:.3g} s "
                  f"({other}), {statistics.median(ratios):.2f} times as fast")  # fmt: skip
    if "anderson" not in seconds:
        print("torchdeq is not measured: `make bench-peers` sets up its environment.")
    moving, found = state
    params = eqx.combine(moving, fixed)
    forward, backward = iterations(problem, params, found)
    run = products(problem, params, found.hints, forward, backward)
    spent = []
    for _ in range(EPOCHS):
        start = time.perf_counter()
        jax.block_until_ready(run())
        spent.append(time.perf_counter() - start)
    due = statistics.median(spent[2:])
    print(f"{title}: {forward} + {backward} iterations; their products and those of the gradients "
          f"alone take {due:.3g} s, the epoch {seconds['warm'] / due:.2f} times that")  # fmt: skip


def iterations(problem, params, found):
    """Forward and adjoint iterations of one warm-started epoch."""
    layer = problem.network.layers[2].branches[0].layers[0]
    matrix = layer.matrix(params[2][0][0])
    x = layer.activation(problem.x @ params[0]["w"].T)
    hint = found.hints[0]
    solver = layer.solver
    steps = jax.jit(functools.partial(solver.solve, layer.activation))(matrix, x, hint.start())
    adjoint = solver.solve_linear(
        matrix, layer.activation.derivative(hint.state), hint.cotangent, True,
        hint.dual.start(hint.cotangent) * 1.001,
    )  # fmt: skip
    return int(steps.steps.max()), int(adjoint.steps.max())
