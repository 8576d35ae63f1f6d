"""Two ways of doing one thing, timed in turn."""

import statistics
import time

import jax


def compare(title, ours, other, rounds=7):
    """Time both in turn after a warm-up and print median seconds and the median ratio."""
    times = []
    for _ in range(rounds + 1):
        pair = []
        for side in (ours, other):
            start = time.perf_counter()
            jax.block_until_ready(side())
            pair.append(time.perf_counter() - start)
        times.append(pair)
    times = times[1:]
    ratio = statistics.median(b / a for a, b in times)
    first, second = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"{title}: {first:.4g} s against {second:.4g} s, {ratio:.2f} times as fast")
