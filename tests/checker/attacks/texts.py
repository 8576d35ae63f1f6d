"""Attacks on `certificate.json`. Each returns the files, and the verdicts that are allowed."""

import copy
import json

INVALID = ("invalid",)
SIGNS = {
    "residual_norm": 1, "jacobian_norm": 1, "lipschitz": 1, "path_length": 1, "loss_sum": 1,
    "shadow_radius": 1, "floor": 1, "modulus": 1, "sigma_min": -1, "rate": -1, "largest_step": -1,
}  # fmt: skip
STATEMENTS = {
    "descent": ["rho", "step_size", "start_radius"],
    "flow": ["rho", "start_radius"],
    "shadowing": ["rho", "step_size", "steps"],
    "initialisation": ["reach", "step_size"],
    "stochastic": ["rho", "step_size", "batch_size", "growth", "failure_probability"],
    "floor": ["rho", "step_size", "steps", "error", "arithmetic"],
    "equilibria": ["rho"],
    "accuracy": [],
    "homogeneous": [],
}
EXTREMES = (
    "0x0.0p+0", "-0x0.0p+0", "-0x1.0p+0", "0x0.0000000000001p-1022", "0x1.0p-1022",
    "0x1.fffffffffffffp+1023", "0x1.0p+9999", "0x1.0p-9999", "0x1.0p+512", "0x1.0p-512",
    "0x1.0p-60", "0x1.0p+60", "0x1.8p-1074", "0x1.0p+1024", "0x1.921fb54442d18p+1",
)  # fmt: skip
SPELLINGS = (
    "0X1.0p-3", "+0x1.0p-3", "0x1p-3", " 0x1.0p-3", "0x1.0p-3\n", "0x2.0p-3", "0x1.0P-3", "0.125",
    "1e-3", "nan", "-inf", "infinity", "0x1.0", "0x1.0p-٣", "0x1.ffffffffffffffp-3", "", "0x",
    "0x1._0p-3", "0x1.0p--3", "0x1.0p+00003", "0x1.0p-3\u0000",
)  # fmt: skip
ODD = (
    None, True, False, 0, 1, -1, 2, 0.5, 1e308, 2**31, 2**64, 10**400, "", "x", "w1", "0x1.0p+0",
    [], {}, [[]], [1], ["x"], {"name": "tanh"}, "\ud800", "ﬀ", "x\u0000", "../x", "__class__",
)  # fmt: skip


def one_of(rng, items):
    items = list(items)
    return items[int(rng.integers(len(items)))]


def nodes(value, path=()):
    """The paths of all entries of nested objects and lists."""
    if not isinstance(value, dict | list):
        return
    for key, one in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        yield from nodes(one, (*path, key))


def holder(spec, path):
    for key in path[:-1]:
        spec = spec[key]
    return spec


def numbers(spec):
    """The paths of all real numbers."""
    for path in nodes(spec):
        value = holder(spec, path)[path[-1]]
        if isinstance(value, str) and value.startswith(("0x", "-0x")):
            yield path


def edit(function):
    """The attack that edits a copy of the description; what it returns are the allowed verdicts."""

    def attack(honest, rng):
        spec = copy.deepcopy(honest.spec)
        allowed = function(spec, rng, honest)
        return json.dumps(spec).encode(), honest.archive, allowed

    return attack


def raw(function):
    """The attack that works on the bytes."""

    def attack(honest, rng):
        text, allowed = function(bytearray(honest.text), rng)
        return bytes(text), honest.archive, allowed

    return attack


def flipped(text, rng):
    text[rng.integers(len(text))] ^= 1 << int(rng.integers(8))
    return text, None


def mangled(text, rng):
    at, to = sorted(rng.integers(len(text), size=2).tolist())
    other = one_of(rng, (b"", b"\0", b"0", b"9", b"{", b"]", b",", b'"', b"\xef\xbb\xbf", b"\xff"))
    kind = rng.integers(3)
    cut = {0: slice(at, at), 1: slice(at, at + 1), 2: slice(at, to)}[int(kind)]
    text[cut] = other
    return text, None


def truncated(text, rng):
    return text[: rng.integers(len(text))], INVALID


def nested(text, rng):
    depth = int(10 ** rng.uniform(1, 5.3))
    opening, closing = one_of(rng, ((b"[", b"]"), (b'{"a":', b"}"), (b"[[", b"]]")))
    inner = one_of(rng, (b"", b"1", b"null")) if opening != b'{"a":' else b"1"
    body = opening * depth + inner + (closing * depth if rng.random() < 0.7 else b"")
    if rng.random() < 0.5:
        body = bytes(text).replace(b'"claims": {', b'"claims": {"a": ' + body + b", ", 1)
    return body, INVALID


def doubled(text, rng):
    """A key twice, the second time as before."""
    at = one_of(rng, [i for i, byte in enumerate(text) if text[i : i + 2] == b": "])
    start = text.rindex(b'"', 0, text.rindex(b'"', 0, at))
    key = bytes(text[start:at])
    value = one_of(rng, (b"1", b"null", b'"0x1.0p+0"', b"{}", b"[]"))
    return text[:start] + key + b": " + value + b", " + text[start:], INVALID


def scaled_number(spec, rng, honest):
    path = one_of(rng, numbers(spec))
    at, size = holder(spec, path), 10.0 ** rng.uniform(-16, 0)
    factor = one_of(rng, (1 + size, 1 - size, 2.0 ** rng.integers(-8, 8), 10.0 ** rng.normal()))
    value = float.fromhex(at[path[-1]])
    at[path[-1]] = (factor * value if value else size).hex()


def statement_number(spec, rng, honest):
    own = spec["statement"]
    names = [key for key in own if key != "kind"]
    if not names:
        own["rho"] = "0x1.0p+0"
        return INVALID
    key = one_of(rng, names)
    if key == "arithmetic":
        own[key] = one_of(rng, ("any", "float32", "exact", "", None))
        return None if own[key] == "any" else INVALID
    if isinstance(own[key], int):
        own[key] = one_of(rng, (1, 2, 3, 5, 19, 21, 100, -1, 0, 10**9, 2**70, True))
    else:
        value, size = float.fromhex(own[key]), 10.0 ** rng.uniform(-16, 3)
        own[key] = one_of(rng, (value * (1 + size), value * size, -value, value / (1 + size))).hex()
    return None


def other_kind(spec, rng, honest):
    kind = one_of(rng, STATEMENTS)
    known = {"steps": 20, "batch_size": 2, "arithmetic": one_of(rng, ("any", "float64"))} | {
        key: float(value).hex()
        for key, value in {
            "rho": 1e-5, "step_size": 1e-2, "start_radius": 1e-8, "reach": 1e-2, "growth": 4.0,
            "failure_probability": 0.5, "error": 1e-12,
        }.items()
    }  # fmt: skip
    known |= spec["statement"]
    spec["statement"] = {"kind": kind} | {key: known[key] for key in STATEMENTS[kind]}
    if rng.random() < 0.7:
        spec["claims"] = {}
    if rng.random() < 0.3:
        spec["loss"]["kind"] = one_of(rng, ("squared", "cross_entropy", "hinge"))


def replaced(values):
    def function(spec, rng, honest):
        path = one_of(rng, numbers(spec))
        holder(spec, path)[path[-1]] = one_of(rng, values)

    return function


def odd_value(spec, rng, honest):
    path = one_of(rng, nodes(spec))
    holder(spec, path)[path[-1]] = copy.deepcopy(one_of(rng, ODD))


def other_keys(spec, rng, honest):
    objects = [spec] + [
        one for path in nodes(spec) if isinstance(one := holder(spec, path)[path[-1]], dict)
    ]
    at = one_of(rng, [one for one in objects if one])
    key, claims = one_of(rng, at), spec["claims"]
    value = at[key]
    kind = rng.integers(3)
    if kind != 0:
        other = one_of(rng, (key + " ", key.upper(), "é" + key, "", "__proto__", key + "\u0000"))
        at[other] = value
    if kind != 1:
        del at[key]
    # Nothing has to be claimed; a layer need not be what it was.
    return None if at is claims else INVALID


def optimistic(spec, rng, honest):
    name = one_of(rng, sorted(SIGNS.keys() & honest.numbers.keys()) or ["rate"])
    if name not in honest.numbers:
        spec["claims"] = {name: "0x1.0p+0"}
        return INVALID
    size = one_of(rng, (1e-12, 1e-15, 1e-6, 0.5))
    spec["claims"] = {name: (honest.numbers[name] * (1 - SIGNS[name] * size)).hex()}
    return ("refused",)


def hashes(spec, rng, honest):
    one, two = (one_of(rng, spec["arrays"]) for _ in range(2))
    at, other = spec["arrays"][one], spec["arrays"][two]["sha256"]
    old = at["sha256"]
    digit = format(int(old[5], 16) ^ 1, "x")
    at["sha256"] = one_of(rng, (
        "0" * 64, old.upper(), old[:-1], old + "0", " " + old, "", other, old[:5] + digit + old[6:],
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", None, 0, [old],
    ))  # fmt: skip
    return None if at["sha256"] == old else INVALID


def shapes(spec, rng, honest):
    at = spec["arrays"][one_of(rng, spec["arrays"])]
    old = at["shape"]
    at["shape"] = one_of(rng, (
        old[::-1], [1, *old], [*old, 1], [], [0], [2**20] * 2, [2**29] * 8, [2**30], [1] * 9,
        [-1, *old], [*map(float, old)], [*map(str, old)], [2**1000], [2**27], old[:1], [old], 3,
        [2**27, 1], [True, *old], [old[0] + 1, *old[1:]],
    ))  # fmt: skip
    return None if at["shape"] == old else INVALID


def structure(spec, rng, honest):
    network, layers = spec["network"], spec["network"]["layers"]
    one, two = (one_of(rng, layers) for _ in range(2))
    kind = int(rng.integers(9))
    if kind == 0:
        layers.remove(one)
    elif kind == 1:
        layers.append(copy.deepcopy(one))
    elif kind == 2:
        layers.reverse()
    elif kind == 3 and "activation" in one:
        one["activation"] = one_of(rng, (
            {"name": "relu"}, {"name": "sin"}, {"name": "quadratic"}, {"name": "gelu"},
            {"name": "erf"}, {"name": "identity"}, {"name": "sigmoid", "shifted": True},
            {"name": "leaky_relu", "slope": one_of(rng, EXTREMES)}, {"name": "swish"},
            {"name": "softplus", "shifted": False}, {"name": "tanh", "slope": "0x1.0p+0"},
        ))  # fmt: skip
    elif kind == 4 and "trained" in one:
        one["trained"] = not one["trained"]
    elif kind == 5 and "weights" in one and "weights" in two:
        one["weights"], two["weights"] = two["weights"], one["weights"]
    elif kind == 6:
        network["inputs"], network["targets"] = network["targets"], network["inputs"]
    elif kind == 7:
        one.update(skip_in=one_of(rng, EXTREMES), skip_out=one_of(rng, EXTREMES))
    elif "bias" in one:
        one["bias"] = one_of(rng, (None, {"values": "y", "factor": "0x1.0p+0", "trained": True}))


ATTACKS = {
    "bits of the description": raw(flipped),
    "bytes of the description": raw(mangled),
    "description cut off": raw(truncated),
    "deep nesting": raw(nested),
    "keys twice": raw(doubled),
    "numbers scaled": edit(scaled_number),
    "numbers of the statement": edit(statement_number),
    "other kinds of statements": edit(other_kind),
    "extreme numbers": edit(replaced(EXTREMES)),
    "other spellings of numbers": edit(replaced(SPELLINGS)),
    "odd values": edit(odd_value),
    "other keys": edit(other_keys),
    "optimistic claims": edit(optimistic),
    "wrong hashes": edit(hashes),
    "wrong shapes": edit(shapes),
    "other networks": edit(structure),
}
