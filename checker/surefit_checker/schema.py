"""The format as a table, and the readers that it is made of (docs/certificate-format.md).

A reader takes a value and where it stands, returns what it means, or ends the check. A dictionary
stands for an object with exactly these keys, each read by its reader; a list with one reader for a
list of any length.
"""

import math
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from surefit_checker.verdict import demand

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
NUMBER = re.compile(r"-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,4}")
LARGEST = 2**30


def given(value: Any, where: str, reader: Any) -> Any:
    """A value, read."""
    if isinstance(reader, list):
        demand(isinstance(value, list) and 1 <= len(value) <= 1000, f"{where} must be a list")
        return tuple(given(one, f"{where}, {i}", *reader) for i, one in enumerate(value, 1))
    if not isinstance(reader, dict):
        return reader(value, where)
    got = sorted(value) if isinstance(value, dict) else type(value).__name__
    demand(got == sorted(reader), f"{where}: must have the keys {sorted(reader)}, got {got}")
    read = {key: given(value[key], f"{where}: `{key}`", one) for key, one in reader.items()}
    return SimpleNamespace(**read)


def reader_of(what: str, fits: Callable, meaning: Callable = lambda value: value) -> Callable:
    """A reader of values that fit."""

    def read(value: Any, where: str) -> Any:
        demand(fits(value), f"{where} must be {what}, got {value!r:.99}")
        return meaning(value)

    return read


def one_of(*known: Any) -> Callable:
    """One of some values; 1 is not true, nor 1.0."""
    return reader_of(f"one of {known}", lambda value: repr(value) in map(repr, known))


def number(what: str, above: float = -math.inf) -> Callable:
    """A finite number above another one."""

    def fits(value: Any) -> Any:
        return isinstance(value, str) and NUMBER.fullmatch(value) and float.fromhex(value) > above

    return reader_of(f"{what}, in hexadecimal", fits, float.fromhex)


def _named(value: Any) -> bool:
    return isinstance(value, dict) and all(map(NAME.fullmatch, value))


text = reader_of("a string", lambda value: isinstance(value, str))
boolean = one_of(True, False)
whole = reader_of("a whole number", lambda value: type(value) is int and 1 <= value <= LARGEST)
real, positive = number("a number"), number("a positive number", above=0.0)


def option(reader: Any) -> Callable:
    """What a reader reads, or null."""
    return lambda value, where: None if value is None else given(value, where, reader)


def mapping(reader: Any) -> Callable:
    """An object with any names as keys."""
    names = reader_of("an object with names as keys", _named)
    return lambda value, at: vars(given(value, at, dict.fromkeys(names(value, at), reader)))


def tagged(key: str, table: dict[str, dict]) -> Callable:
    """An object whose other keys depend on the value of one."""

    def read(value: Any, where: str) -> SimpleNamespace:
        tag = one_of(*table)(value.get(key) if isinstance(value, dict) else None, f"{where}: {key}")
        return given(value, where, {key: text, **table[tag]})

    return read


ACTIVATION = tagged("name", {
    **{one: {} for one in ("identity", "relu", "tanh", "erf", "sin", "gelu", "quadratic")},
    "leaky_relu": {"slope": real},
    "softplus": {"shifted": boolean},
    "sigmoid": {"shifted": boolean},
})  # fmt: skip
WEIGHTS = {"weights": text, "factor": positive, "trained": boolean, "activation": ACTIVATION}
BIAS = {"values": text, "factor": real, "trained": boolean}
AFFINE = WEIGHTS | {"bias": option(BIAS), "skip_in": real, "skip_out": real, "gain": positive}
WINDOWS = {"window": [whole], "strides": [whole], "padding": one_of("valid", "same", "circular")}
LAYERS = {
    "dense": AFFINE,
    "conv": AFFINE | WINDOWS | {"shared": boolean},
    "pool": WINDOWS,
    "global_average": {},
    "flatten": {},
    "equilibrium": WEIGHTS | {"keep_input": boolean},
}
DESCENT = {"rho": positive, "step_size": positive}
STATEMENTS = {
    "flow": {"rho": positive, "start_radius": real},
    "descent": DESCENT | {"start_radius": real},
    "stochastic": DESCENT | {"batch_size": whole, "growth": real, "failure_probability": real},
    "shadowing": DESCENT | {"steps": whole},
    "floor": DESCENT | {"steps": whole, "error": positive, "arithmetic": one_of("any", "float64")},
    "initialisation": {"step_size": positive, "reach": positive},
    "equilibria": {"rho": positive},
    "accuracy": {},
    "homogeneous": {},
}
LAYER = tagged("type", LAYERS)
NETWORK = {"inputs": text, "targets": text, "offset": option(text), "layers": [LAYER]}
CERTIFICATE = {
    "format": one_of("surefit-certificate"),
    "version": one_of(1),
    "statement": tagged("kind", STATEMENTS),
    "loss": {"kind": one_of("squared", "cross_entropy"), "scale": positive},
    "network": NETWORK,
    "arrays": mapping({"sha256": text, "shape": [whole], "dtype": one_of("float64")}),
    "claims": mapping(real),
}
