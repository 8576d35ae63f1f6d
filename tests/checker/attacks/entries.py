"""Attacks on the entries of arrays. Each returns the files, and the verdicts that are allowed."""

import hashlib
import io
import json

import numpy as np


def stored(arrays):
    """The archive."""
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def resigned(honest, arrays):
    """Both files for other arrays, hashed again."""
    described = {
        name: {
            "sha256": hashlib.sha256(np.ascontiguousarray(a, "<f8").tobytes()).hexdigest(),
            "shape": list(a.shape),
            "dtype": "float64",
        }
        for name, a in arrays.items()
    }
    return json.dumps(honest.spec | {"arrays": described}).encode(), stored(arrays), None


def one_of(rng, items):
    items = list(items)
    return items[int(rng.integers(len(items)))]


def changed(honest, rng, change, names=None):
    """The arrays with one of them changed."""
    name = one_of(rng, names or honest.arrays)
    return honest.arrays | {name: change(honest.arrays[name].copy())}


def flipped(rng):
    def change(a):
        bits = a.reshape(-1).view(np.uint64)
        # Every part of a number equally often: sign, exponent, high and low digits.
        bit = one_of(rng, (63, rng.integers(52, 63), rng.integers(26, 52), rng.integers(26)))
        bits[rng.integers(len(bits))] ^= np.uint64(1) << np.uint64(bit)
        return a

    return change


def moved(rng):
    size = 10.0 ** rng.uniform(-17, 0)

    def change(a):
        step = size * rng.normal(size=a.shape)
        if rng.random() < 0.5:  # one entry only
            at = rng.integers(a.size)
            step = np.where(np.arange(a.size).reshape(a.shape) == at, step, 0.0)
        if rng.random() < 0.1:
            return np.nextafter(a, np.where(rng.random(a.shape) < 0.5, np.inf, -np.inf))
        return a + step

    return change


def exchanged(rng):
    def change(a):
        flat = a.reshape(-1)
        return one_of(rng, (
            a[::-1], np.roll(a, 1, 0), np.roll(a, 1, -1), -a, a[..., ::-1],
            rng.permutation(flat).reshape(a.shape), np.ascontiguousarray(a.T).reshape(a.shape),
        ))  # fmt: skip

    return change


def special(values):
    def make(rng):
        def change(a):
            a.reshape(-1)[rng.integers(a.size)] = one_of(rng, values)
            return a

        return change

    return make


def again(make, names=None):
    """The attack with new hashes."""
    return lambda honest, rng: resigned(honest, changed(honest, rng, make(rng), names))


def unsigned(make):
    """The attack with the old hashes: never accepted."""

    def attack(honest, rng):
        arrays = changed(honest, rng, make(rng))
        same = all(arrays[name].tobytes() == a.tobytes() for name, a in honest.arrays.items())
        return honest.text, stored(arrays), None if same else ("invalid",)

    return attack


def not_finite(honest, rng):
    arrays = changed(honest, rng, special((np.nan, np.inf, -np.inf))(rng))
    return *resigned(honest, arrays)[:2], ("invalid",)


def two_exchanged(honest, rng):
    """The entries of two arrays, each cut or repeated to the other's shape."""
    one, two = (one_of(rng, honest.arrays) for _ in range(2))
    a, b = honest.arrays[one], honest.arrays[two]
    if rng.random() < 0.5:
        return resigned(honest, honest.arrays | {one: b, two: a})
    cut = {one: np.resize(b, a.shape), two: np.resize(a, b.shape)}
    return resigned(honest, honest.arrays | cut)


def labels(rng):
    def change(y):
        at = rng.integers(len(y))
        kind = rng.integers(4)
        if kind == 0:
            y[at] *= -1
        elif kind == 1:
            y = np.roll(y, 1, 0)
        elif kind == 2:
            y[at] = rng.choice([-1.0, 0.0, 1.0, 2.0])
        else:
            y[at] += 10.0 ** rng.uniform(-12, 0)
        return y

    return change


def scaled(rng):
    some = 2.0 ** rng.integers(-9, 9), 10.0 ** rng.normal()
    factor = one_of(rng, (0.0, -1.0, 1e-300, 1e300, *some))
    return lambda a: a * factor


def duplicated(rng):
    def change(x):
        x[0] = x[-1] * (1.0 + one_of(rng, (0.0, 1e-15, 1e-9, 1e-3)))
        return x

    return change


TINY = (5e-324, -5e-324, 2.0**-1022, 1e-310, 0.0, -0.0, 1e-200)
HUGE = (1.7976931348623157e308, -1e308, 1e155, 1e200, 2.0**512)
ATTACKS = {
    "bits, old hashes": unsigned(flipped),
    "bits, new hashes": again(flipped),
    "weights moved, old hashes": unsigned(moved),
    "weights moved, new hashes": again(moved),
    "entries exchanged, old hashes": unsigned(exchanged),
    "entries exchanged, new hashes": again(exchanged),
    "arrays exchanged": two_exchanged,
    "wrong labels": again(labels, ["y"]),
    "scaled arrays": again(scaled),
    "equal samples": again(duplicated, ["x"]),
    "not finite": not_finite,
    "denormal entries": again(special(TINY)),
    "huge entries": again(special(HUGE)),
}
