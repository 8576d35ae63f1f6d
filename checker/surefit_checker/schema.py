"""The format as a table, and the readers that it is made of (docs/certificate-format.md).

A reader takes a value and where it stands, returns what it means, or ends the check. A dictionary
stands for an object with exactly these keys, each read by its reader.
"""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

from surefit_checker.verdict import InvalidError

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
NUMBER = re.compile(r"-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,4}")
LARGEST = 2**30


def demand(condition: bool, message: str) -> None:
    """Ends the check where the folder says something that the format does not allow."""
    if not condition:
        raise InvalidError(message)


def given(value: Any, where: str, reader: Any) -> Any:
    """A value, read."""
    if not isinstance(reader, dict):
        return reader(value, where)
    got = sorted(value) if isinstance(value, dict) else type(value).__name__
    demand(got == sorted(reader), f"{where}: must have the keys {sorted(reader)}, got {got}")
    return SimpleNamespace(
        **{key: given(value[key], f"{where}: `{key}`", one) for key, one in reader.items()}
    )


def text(value: Any, where: str) -> str:
    """A string."""
    demand(isinstance(value, str), f"{where} must be a string")
    return value


def boolean(value: Any, where: str) -> bool:
    """True or false."""
    demand(type(value) is bool, f"{where} must be true or false")
    return value


def whole(value: Any, where: str) -> int:
    """A positive whole number."""
    fits = type(value) is int and 1 <= value <= LARGEST
    demand(fits, f"{where} must be a positive whole number")
    return value


def real(value: Any, where: str) -> float:
    """A finite number, written in hexadecimal."""
    written = isinstance(value, str) and NUMBER.fullmatch(value)
    demand(bool(written), f"{where} must be a number in hexadecimal, got {value!r}")
    try:
        return float.fromhex(value)
    except OverflowError as error:
        raise InvalidError(f"{where} is out of range") from error


def positive(value: Any, where: str) -> float:
    """A number above 0."""
    number = real(value, where)
    demand(number > 0, f"{where} must be positive, got {number}")
    return number


def option(reader: Any):
    """What a reader reads, or null."""
    return lambda value, where: None if value is None else given(value, where, reader)


def items(reader: Any, most: int):
    """A list of so many values."""

    def read(value: Any, where: str) -> tuple:
        fits = isinstance(value, list) and 1 <= len(value) <= most
        demand(fits, f"{where} must be a list of 1 to {most} values")
        return tuple(given(one, f"{where}, {i}", reader) for i, one in enumerate(value, 1))

    return read


def mapping(reader: Any):
    """An object with any names as keys."""

    def read(value: Any, where: str) -> dict:
        named = isinstance(value, dict) and all(NAME.fullmatch(key) for key in value)
        demand(named, f"{where} must map names")
        return {key: given(one, f"{where}: `{key}`", reader) for key, one in value.items()}

    return read


def one_of(*known: Any):
    """One of some values."""

    def read(value: Any, where: str) -> Any:
        demand(repr(value) in map(repr, known), f"{where} must be one of {known}, got {value!r}")
        return value

    return read


def tagged(key: str, table: dict[str, dict]):
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
PADDING = one_of("valid", "same", "circular")
WINDOWS = {"window": items(whole, 8), "strides": items(whole, 8), "padding": PADDING}
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
NETWORK = {
    "inputs": text,
    "targets": text,
    "offset": option(text),
    "layers": items(tagged("type", LAYERS), 1000),
}
CERTIFICATE = {
    "format": one_of("surefit-certificate"),
    "version": one_of(1),
    "statement": tagged("kind", STATEMENTS),
    "loss": {"kind": one_of("squared", "cross_entropy"), "scale": positive},
    "network": NETWORK,
    "arrays": mapping({"sha256": text, "shape": items(whole, 8), "dtype": one_of("float64")}),
    "claims": mapping(real),
}
