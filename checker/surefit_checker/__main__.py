"""`surefit-checker DIR`."""

from __future__ import annotations

import argparse
import sys

from surefit_checker.checking import check


def main(arguments: list[str] | None = None) -> int:
    """Check the certificate in a folder; 0 proved, 1 not proved, 2 damaged or bad input."""
    parser = argparse.ArgumentParser(
        prog="surefit-checker", description="Verifies a certificate from its weights and data."
    )
    parser.add_argument("folder", help="with certificate.json and arrays.npz")
    parser.add_argument("--bits", type=int, default=53, help="precision (default: float64)")
    options = parser.parse_args(arguments)
    verdict = check(options.folder, options.bits)
    lines = [verdict.statement] if verdict.statement else []
    lines += [f"  {s.name}: {s.value:.12g} {s.relation} {s.bound:.12g}" for s in verdict.steps]
    lines += [f"  {name} = {value:.12g}" for name, value in verdict.numbers.items()]
    lines += [f"{verdict.verdict}: {verdict.reason}" if verdict.reason else verdict.verdict]
    sys.stdout.write("\n".join(lines) + "\n")
    return verdict.exit_code


if __name__ == "__main__":
    raise SystemExit(main())
