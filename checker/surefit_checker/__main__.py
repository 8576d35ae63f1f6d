"""`surefit-checker DIR`."""

import argparse
import dataclasses
import json
import sys

from surefit_checker.checking import check
from surefit_checker.verdict import Verdict


def in_words(verdict: Verdict) -> str:
    """The sentence proved, the chain of inequalities, and the verdict."""
    lines = [verdict.statement] if verdict.statement else []
    lines += [f"  {s.name}: {s.value:.12g} {s.relation} {s.bound:.12g}" for s in verdict.steps]
    lines += [f"  {name} = {value:.12g}" for name, value in verdict.numbers.items()]
    lines += [f"{verdict.verdict}: {verdict.reason}" if verdict.reason else verdict.verdict]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Check the certificate in a folder; 0 proved, 1 not proved, 2 damaged or bad input."""
    parser = argparse.ArgumentParser(
        prog="surefit-checker", description="Verifies a certificate from its weights and data."
    )
    parser.add_argument("folder", help="with certificate.json and arrays.npz")
    parser.add_argument("--bits", type=int, default=53, help="precision (default: float64)")
    parser.add_argument("--json", action="store_true", help="answer as one JSON object")
    options = parser.parse_args(arguments)
    verdict = check(options.folder, options.bits)
    answer = json.dumps(dataclasses.asdict(verdict)) if options.json else in_words(verdict)
    sys.stdout.write(answer + "\n")
    return verdict.exit_code


if __name__ == "__main__":
    raise SystemExit(main())
