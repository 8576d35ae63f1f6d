"""Seeds of one network trained at once (vmap) against one after the other, as sweeps do it.

Both make the same number of steps from the same starts by the compiled loop of `train`, with one
thread, as the workers of a sweep have. The ratio is seconds of the processor one after the other,
over seconds at once: above 1, vmap is faster. `equal` says whether the weights agree bit by bit,
`apart` how far they are from each other.
"""

import subprocess
import sys
import time

from surefit.workflows.sweeps.pinned import pinned

SEEDS, ROUNDS = 8, 5
WIDTHS, SAMPLES, INPUTS = (16, 64, 256, 1024), (50, 150, 300), 64
WORK = 1.5e9  # operations of one run


def main():
    """A process of its own: libraries read the number of threads when they start."""
    subprocess.run(
        [sys.executable, "-m", "benchmarks.seed_batches", "here"], env=pinned(), check=True
    )


def table():
    import jax

    jax.config.update("jax_enable_x64", True)
    print(f"{SEEDS} seeds of a network with one hidden layer (tanh), {INPUTS} inputs, float64")
    print(f"{'width':>6} {'n':>5} {'steps':>6} {'one by one s':>13} {'vmap s':>8} {'ratio':>6}"
          f"  {'equal':<6} apart")  # fmt: skip
    for width in WIDTHS:
        for samples in SAMPLES:
            print(row(width, samples), flush=True)


def row(width, samples):
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    import numpy as np

    import surefit as sf
    from benchmarks._interleaved import medians
    from surefit.training.compiled import Window, advance, start, with_traced_numbers

    rng = np.random.default_rng(0)
    x = rng.normal(size=(samples, INPUTS))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    problem = sf.Problem(sf.models.shallow(width), x, np.sign(rng.normal(size=samples)))
    steps = int(np.clip(WORK / (6 * samples * width * INPUTS), 10, 1000))
    method = with_traced_numbers(sf.GradientDescent(step_size=1e-3))
    window = Window(jnp.asarray(-jnp.inf), jnp.asarray(jnp.inf))
    runs = []
    for seed in range(SEEDS):
        moving, fixed = problem.split(jax.tree.map(jnp.asarray, problem.init(seed)))
        runs.append((moving, fixed, start(problem, problem, method, (), moving, fixed)[0]))
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *runs)

    def one(moving, fixed, state):
        arrived = advance(
            problem, method, (), length=steps, fixed=fixed, begin=jnp.asarray(0),
            end=jnp.asarray(steps), moving=moving, state=state, carries={}, window=window,
            key=jax.random.key(0),
        )  # fmt: skip
        return arrived.moving

    together = eqx.filter_jit(eqx.filter_vmap(one))
    found = {}

    def alone():
        found["alone"] = jax.block_until_ready([one(*run) for run in runs])

    def at_once():
        found["at once"] = jax.block_until_ready(together(*stacked))

    seconds = medians(ROUNDS, clock=time.process_time, alone=alone, at_once=at_once)
    single = jax.tree.map(lambda *leaves: jnp.stack(leaves), *found["alone"])
    pairs = list(zip(jax.tree.leaves(single), jax.tree.leaves(found["at once"]), strict=True))
    equal = all(bool((a == b).all()) for a, b in pairs)
    apart = max(float(jnp.max(jnp.abs(a - b) / (1 + jnp.abs(a)))) for a, b in pairs)
    ratio = seconds["alone"] / seconds["at_once"]
    return (
        f"{width:6d} {samples:5d} {steps:6d} {seconds['alone']:13.3f} {seconds['at_once']:8.3f} "
        f"{ratio:6.2f}  {'yes' if equal else 'no':<6} {apart:.1e}"
    )


if __name__ == "__main__":
    table() if sys.argv[1:] == ["here"] else main()
