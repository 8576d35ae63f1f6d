"""Quantities that several theorems ask of one setting, computed once."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import TypeVar

from surefit.theory.setting import Setting

__all__ = ["per_setting"]

T = TypeVar("T")


def per_setting(function: Callable[[Setting], T]) -> Callable[[Setting], T]:
    """Remember the value of `function` for as long as the setting lives."""
    known: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()

    @functools.wraps(function)
    def remembered(setting: Setting) -> T:
        if setting not in known:
            known[setting] = function(setting)
        return known[setting]

    return remembered
