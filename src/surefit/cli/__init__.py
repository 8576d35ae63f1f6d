"""The command line: `surefit COMMAND --help` explains each command."""

from surefit.cli.app import main

__all__ = ["main"]
