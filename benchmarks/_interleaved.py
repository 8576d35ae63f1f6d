"""Several things timed in turn: the load of the machine falls on all of them alike."""

import statistics
import time


def medians(rounds, clock=time.perf_counter, **actions):
    """Median seconds of every action over the rounds, after one round of warming up.

    With `time.process_time` as the clock: seconds of all processors together, in which the work of
    other processes does not count.
    """
    found = {name: [] for name in actions}
    for turn in range(rounds + 1):
        for name, action in actions.items():
            begun = clock()
            action()
            if turn:
                found[name].append(clock() - begun)
    return {name: statistics.median(times) for name, times in found.items()}
