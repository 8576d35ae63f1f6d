"""What measuring adds to training, and what expensive monitors cost beside what they say."""

import statistics
import time

import jax

import surefit as sf
from benchmarks._interleaved import medians
from benchmarks.training_loop import network_and_data, trained
from surefit.training import MONITORS
from surefit.training.costs import gradient_flops

EPOCHS = 48
CHEAP = (
    "accuracy", "distance", "distance_per_layer", "feature_norm_largest", "feature_norm_smallest",
    "flips", "flips_per_layer", "gradient_lower_ratio", "gradient_norm", "gradient_upper_ratio",
    "margin", "path_length", "pl_ratio",
)  # fmt: skip
EXPENSIVE = (
    "feature_gram_smallest", "gram_smallest", "kernel_drift", "operator_norm",
    "semi_smoothness_step", "separateness",
)  # fmt: skip


def _single(problem, params, name):
    """Median seconds of one measurement in float64."""
    moving, fixed = problem.split(params)
    monitor = MONITORS[name]()

    @jax.jit
    def start(moving, fixed):
        return monitor.start(sf.training.View(problem, moving, moving, fixed))

    @jax.jit
    def measure(carry, initial, moving, fixed):
        return monitor.measure(carry, sf.training.View(problem, initial, moving, fixed))

    carry, times = start(moving, fixed), []
    # The parameters have to differ from the start: some quantities are quotients of movements.
    after = jax.tree.map(lambda leaf: 1.001 * leaf, moving)
    for _ in range(4):
        begun = time.perf_counter()
        jax.block_until_ready(measure(carry, moving, after, fixed))
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:])


def main():
    problem, params = network_and_data()
    for precision in ("float32", "float64"):
        times = medians(
            3,
            time.process_time,
            **{
                f"{kind}_{steps}": trained(problem, params, steps, monitors, precision=precision)
                for kind, monitors in (("bare", ()), ("cheap", CHEAP))
                for steps in (1, 1 + EPOCHS)
            },
        )
        bare, cheap = (
            times[f"{kind}_{1 + EPOCHS}"] - times[f"{kind}_1"] for kind in ("bare", "cheap")
        )
        print(
            f"{len(CHEAP)} cheap monitors add {100 * (cheap / bare - 1):.1f} % to {EPOCHS} epochs "
            f"of 784-1024-1024-1, n = 1000, {precision} (processor time)"
        )
    jax.config.update("jax_enable_x64", True)
    gradient = _single(problem, params, "gradient_norm")
    unit = gradient_flops(problem, params, problem.samples)
    for name in EXPENSIVE:
        seconds = _single(problem, params, name)
        stated = MONITORS[name]().flops(problem, params) / unit
        print(
            f"One measurement of {name}, n = 1000: {seconds / gradient:.3g} gradients, "
            f"stated {stated:.3g}"
        )
