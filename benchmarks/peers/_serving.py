"""A process that computes one kernel again and again on request, and says what that took.

Both sides of a comparison are such processes, each in its own environment; this file uses nothing
but the standard library and NumPy. Every request is one line; the answer is one line of JSON.
"""

import json
import resource
import sys
import time

import numpy as np


def resident():
    """Bytes that the process holds in memory now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def serve(prepare):
    """Answer `run`, `save PATH` and `memory` until the input ends.

    Args:
        prepare: makes an action from the case and the arrays; the action returns finished arrays.
    """
    case = json.loads(sys.stdin.readline())
    arrays = dict(np.load(case["arrays"]))
    # What the libraries themselves hold does not count.
    before = resident()
    action = prepare(case, arrays)
    for line in sys.stdin:
        words = line.split(maxsplit=1)
        answer = {}
        if words[0] == "run":
            begun, used = time.perf_counter(), time.process_time()
            result = action()
            answer["seconds"] = time.perf_counter() - begun
            answer["processor"] = time.process_time() - used
        elif words[0] == "save":
            rows = case["compared"]
            np.savez(words[1].strip(), *(np.asarray(v[:rows, -rows:]) for v in result))
        elif words[0] == "memory":
            peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            answer["bytes"] = peak - before
        print(json.dumps(answer), flush=True)
