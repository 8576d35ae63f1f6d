"""`surefit runs`: the store seen by people: list, show, compare, delete, export, log, migrate."""

from surefit.cli.run_store.group import register

__all__ = ["register"]
