"""A process that computes one kernel again and again on request, and says what that took.

Both sides of a comparison are such processes, each in its own environment; this file uses nothing
but the standard library and NumPy. Every request is one line; the answer is one line of JSON.
"""

import json
import sys
import time

import numpy as np


def held(what):
    """Bytes of memory that the process holds now (`VmRSS`) or held at its peak (`VmHWM`).

    `getrusage` will not do: a process starts with the peak of the one that started it.
    """
    with open("/proc/self/status", encoding="ascii") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith(what))


def forget_peak():
    """From here on the peak counts."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def serve(prepare, start):
    """Answer `run`, `save PATH`, `peak` and `computing` until the input ends.

    Args:
        prepare: makes an action from the case and the arrays; the action returns finished arrays.
        start: lets the library start and compile something small.
    """
    case = json.loads(sys.stdin.readline())
    arrays = dict(np.load(case["arrays"]))
    start()
    # What the libraries themselves hold does not count.
    forget_peak()
    before = held("VmRSS")
    action = prepare(case, arrays)
    result = None
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
        elif words[0] == "peak":
            answer["bytes"] = held("VmHWM") - before
        elif words[0] == "computing":
            # Above inputs and programs: what one more computation takes, its result included.
            result = None
            forget_peak()
            now = held("VmRSS")
            result = action()
            answer["bytes"] = held("VmHWM") - now
        print(json.dumps(answer), flush=True)
