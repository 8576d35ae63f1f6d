"""A sweep in a process of its own: `python drive.py STORE GRID OPTIONS`, both JSON."""

import json
import sys

from surefit.errors import SurefitError
from surefit.runs import CertifySpec
from surefit.workflows.sweeps import SweepListener, sweep


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


class Ear(SweepListener):
    def started(self, run_id, worker):
        say("started", run_id, worker)

    def waiting(self, run_id, why):
        say("waiting", run_id, why)


def main():
    store, grid, options = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
    cells = [CertifySpec.parse(fields) for fields in grid]
    try:
        outcome = sweep(cells, store, listener=Ear(), **options)
    except SurefitError as error:
        say(type(error).__name__, error)
        sys.exit(2)
    told = {name: getattr(outcome, name) for name in ("finished", "reused", "failed")}
    say(json.dumps({**told, "interrupted": outcome.interrupted}))


if __name__ == "__main__":
    main()
