"""What a certificate may claim: one file per kind of statement, with a function `prove`."""

from __future__ import annotations

from surefit_checker.statements import descent, flow, shadowing

STATEMENTS = {"descent": descent.prove, "flow": flow.prove, "shadowing": shadowing.prove}
