"""Networks in the certificate format at any precision: residuals, gradients, steps.

An interpreter of docs/certificate-format.md that shares nothing with the package or its checker.
Arrays hold floats, or Arb's numbers with their radius dropped after every step.
"""

import itertools
import json
import math

import numpy as np
from flint import arb, arb_mat, ctx
from scipy.special import erf

from format_numbers import floats


class Floats:
    """float64."""

    tiny = 1e-16

    def array(self, values):
        return np.asarray(values, np.float64)

    def of(self, name, z):
        return erf(z) if name == "erf" else getattr(np, name)(z)

    def number(self, value):
        return float(value)

    def norm(self, x):
        return float(np.linalg.norm(x))

    def settled(self, x):
        return x

    def solve(self, a, b):
        return np.linalg.solve(a, b)


class Balls:
    """Arb, in the precision of its context."""

    def __init__(self):
        self.tiny = arb(2) ** (16 - ctx.prec)
        self.array = np.frompyfunc(arb, 1, 1)
        self.settled = np.frompyfunc(lambda x: x.mid(), 1, 1)
        self._functions = {
            name: np.frompyfunc(getattr(arb, name), 1, 1)
            for name in ("tanh", "sin", "cos", "exp", "log", "erf")
        }

    def of(self, name, z):
        return self._functions[name](z)

    def number(self, value):
        return arb(value)

    def norm(self, x):
        x = self.settled(x)  # the square of a ball around 0 would have no root
        return np.sum(x * x).sqrt()

    def solve(self, a, b):
        found = arb_mat(a.tolist()).solve(arb_mat([[one] for one in b]))
        return np.array(found.entries(), object)


def _kinked(z, spec, field):
    slope = np.where(z > 0, 1.0, spec.get("slope", 0.0))
    return z * slope, field.array(slope)


def _tanh(z, spec, field):
    t = field.of("tanh", z)
    return t, 1.0 - t * t


def _sigmoid(z, spec, field):
    e = field.of("exp", z)
    s = e / (1.0 + e)
    return s - (0.5 if spec["shifted"] else 0.0), s * (1.0 - s)


def _softplus(z, spec, field):
    e = field.of("exp", z)
    shift = field.of("log", field.array([2.0]))[0] if spec["shifted"] else 0.0
    return field.of("log", 1.0 + e) - shift, e / (1.0 + e)


def _erf(z, spec, field):
    root = field.norm(field.array([1.0, 1.0]))
    return field.of("erf", z), root * (2.0 * _density(z * root, field))


def _gelu(z, spec, field):
    root = field.norm(field.array([1.0, 1.0]))
    share = 0.5 + 0.5 * field.of("erf", z / root)
    return z * share, share + z * _density(z, field)


def _density(z, field):
    """Of the normal distribution."""
    pi = arb.pi() if isinstance(field, Balls) else math.pi
    return field.of("exp", -0.5 * z * z) * (2.0 * pi) ** -0.5


# From z, the description and the arithmetic to the function and its derivative.
ACTIVATIONS = {
    "identity": lambda z, _, field: (z, np.full(z.shape, field.number(1.0))),
    "relu": _kinked,
    "leaky_relu": _kinked,
    "tanh": _tanh,
    "sin": lambda z, _, field: (field.of("sin", z), field.of("cos", z)),
    "quadratic": lambda z, _, field: (z * z, 2.0 * z),
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "erf": _erf,
    "gelu": _gelu,
}


def _activation(spec, z, field):
    return ACTIVATIONS[spec["name"]](z, spec, field)


def _windows(space, channels, layer):
    """Indices into a flat example, one more than they are, 0 beyond the border."""
    ids = np.arange(1, math.prod(space) * channels + 1).reshape(*space, channels)
    counts, starts = [], []
    for size, w, s in zip(space, layer["window"], layer["strides"], strict=True):
        valid = layer["padding"] == "valid"
        count = (size - w) // s + 1 if valid else -(-size // s)
        starts.append(0 if valid else -(max((count - 1) * s + w - size, 0) // 2))
        counts.append(count)
    found = np.zeros((math.prod(counts), math.prod(layer["window"]), channels), int)
    for p, place in enumerate(itertools.product(*map(range, counts))):
        for q, offset in enumerate(itertools.product(*map(range, layer["window"]))):
            at = [
                b + i * s + o
                for b, i, s, o in zip(starts, place, layer["strides"], offset, strict=True)
            ]
            if layer["padding"] == "circular":
                at = [a % size for a, size in zip(at, space, strict=True)]
            if all(0 <= a < size for a, size in zip(at, space, strict=True)):
                found[p, q] = ids[tuple(at)]
    return found, tuple(counts)


class _Linear:
    """Without weights: pools and averages, as one matrix."""

    def __init__(self, layer, shape):
        space, channels = shape[:-1], shape[-1]
        if layer["type"] == "global_average":
            layer = {"window": space, "strides": [1] * len(space), "padding": "valid"}
            self.shape = (channels,)
        ids, counts = _windows(space, channels, layer)
        self.shape = getattr(self, "shape", (*counts, channels))
        self.matrix = np.zeros((ids.shape[0] * channels, math.prod(shape) + 1))
        rows = np.arange(len(self.matrix)).reshape(ids.shape[0], 1, channels)
        self.matrix[np.broadcast_to(rows, ids.shape), ids] += 1.0 / ids.shape[1]
        self.matrix, self.arrays = self.matrix[:, 1:], []

    def forward(self, h, arrays, field):
        exact = field.array(self.matrix)
        return h @ exact.T, exact

    def backward(self, g, exact, arrays, field):
        return g @ exact, {}


class _Affine:
    """Dense layers and convolutions."""

    def __init__(self, layer, shape, arrays):
        self.spec, bias = layer, layer["bias"]
        self.arrays = [layer["weights"]] if layer["trained"] else []
        self.arrays += [bias["values"]] if bias and bias["trained"] else []
        w = arrays[layer["weights"]]
        self.index, self.positions = None, 1
        if layer["type"] == "dense":
            self.shape = (len(w),)
            return
        ids, counts = _windows(shape[:-1], shape[-1], layer)
        features, self.positions = w.shape[-2], len(ids)
        self.shape = (*counts, features)
        own = np.arange(w.size).reshape(w.shape)
        own = np.broadcast_to(own, (len(ids), *w.shape[-2:]))
        # Entry (position, feature), input -> weight; the last one is the zero.
        self.index = np.full((len(ids), features, math.prod(shape) + 1), w.size)
        for p, row in enumerate(ids.reshape(len(ids), -1)):
            self.index[p, :, row] = own[p].T
        self.index = self.index.reshape(-1, self.index.shape[2])[:, 1:]

    def forward(self, h, arrays, field):
        spec, w = self.spec, arrays[self.spec["weights"]]
        if self.index is not None:
            w = np.append(w.ravel(), field.number(0.0))[self.index]
        z = spec["factor"] * (h @ w.T)
        if spec["bias"]:
            b = arrays[spec["bias"]["values"]]
            b = b.ravel() if b.ndim > 1 else np.tile(b, self.positions)
            z = z + spec["bias"]["factor"] * b
        z = z + spec["skip_in"] * h if spec["skip_in"] else z
        value, slope = _activation(spec["activation"], z, field)
        out = spec["gain"] * value
        return out + spec["skip_out"] * h if spec["skip_out"] else out, (h, w, slope)

    def backward(self, g, kept, arrays, field):
        (h, w, slope), spec, found = kept, self.spec, {}
        delta = spec["gain"] * (g * slope)
        back = spec["factor"] * (delta @ w)
        back = back + spec["skip_in"] * delta if spec["skip_in"] else back
        back = back + spec["skip_out"] * g if spec["skip_out"] else back
        for name in self.arrays:
            if name == spec["weights"]:
                own = spec["factor"] * (delta.T @ h)
                if self.index is not None:
                    flat = field.array(np.zeros(arrays[name].size + 1))
                    np.add.at(flat, self.index, own)
                    own = flat[:-1]
            else:
                own = spec["bias"]["factor"] * np.sum(delta, axis=0)
                if arrays[name].ndim == 1:
                    own = np.sum(own.reshape(self.positions, -1), axis=0)
            found[name] = own.reshape(arrays[name].shape)
        return back, found


class _Equilibrium:
    """By Newton's method, from the last equilibrium on."""

    def __init__(self, layer, shape):
        self.spec, self.state = layer, None
        self.arrays = [layer["weights"]] if layer["trained"] else []
        self.shape = (shape[0] * (1 + layer["keep_input"]),)

    def applied(self, state, a, h, field):
        """The layer once, and its slopes."""
        return _activation(self.spec["activation"], self.spec["factor"] * (state @ a.T) + h, field)

    def forward(self, h, arrays, field):
        a = arrays[self.spec["weights"]]
        state = field.array(np.zeros(h.shape)) if self.state is None else self.state
        for number in range(200):
            value, slope = self.applied(state, a, h, field)
            wrong = value - state
            if field.norm(wrong) <= field.tiny * (1 + field.norm(state)):
                break
            if number >= 10 or self.state is not None:
                wrong = np.stack(
                    [
                        field.solve(self._matrix(own, a), row)
                        for own, row in zip(slope, wrong, strict=True)
                    ]
                )
            state = field.settled(state + wrong)
        self.state = state
        out = np.concatenate([state, h], 1) if self.spec["keep_input"] else state
        return out, (state, slope)

    def _matrix(self, slope, a):
        """Of the equation that changes of a sample's state solve."""
        return np.eye(len(a)) - self.spec["factor"] * (slope[:, None] * a)

    def backward(self, g, kept, arrays, field):
        (state, slope), a = kept, arrays[self.spec["weights"]]
        size = state.shape[1]
        delta = np.stack(
            [
                own * field.solve(self._matrix(own, a).T, row)
                for own, row in zip(slope, g[:, :size], strict=True)
            ]
        )
        back = delta + g[:, size:] if self.spec["keep_input"] else delta
        found = dict.fromkeys(self.arrays, self.spec["factor"] * (delta.T @ state))
        return back, found


class Network:
    """What a certificate is about, in one arithmetic.

    Args:
        document, arrays: as the format has them, numbers in hexadecimal.
        field: `Floats()` or `Balls()`.
    """

    def __init__(self, document, arrays, field):
        spec = floats(json.loads(json.dumps(document)))
        own = spec["network"]
        self.field, self.statement, self.scale = field, spec["statement"], spec["loss"]["scale"]
        x = arrays[own["inputs"]]
        shape, self.layers = x.shape[1:], []
        for layer in own["layers"]:
            if layer["type"] == "flatten":
                shape = (math.prod(shape),)
                continue
            if layer["type"] in ("pool", "global_average"):
                made = _Linear(layer, shape)
            elif layer["type"] == "equilibrium":
                made = _Equilibrium(layer, shape)
            else:
                made = _Affine(layer, shape, arrays)
            self.layers.append(made)
            shape = made.shape
        self.trained = [name for layer in self.layers for name in layer.arrays]
        self.arrays = {name: field.array(values) for name, values in arrays.items()}
        self.inputs = self.arrays[own["inputs"]].reshape(len(x), -1)
        self.targets = self.arrays[own["targets"]]
        self.offset = None if own["offset"] is None else self.arrays[own["offset"]]
        self.start = np.concatenate([self.arrays[name].ravel() for name in self.trained])

    def __call__(self, theta):
        """The outputs, and the pull-back of what stands before them."""
        arrays, at, kept, h = dict(self.arrays), 0, [], self.inputs
        for name in self.trained:
            shape, size = arrays[name].shape, arrays[name].size
            arrays[name], at = theta[at : at + size].reshape(shape), at + size
        for layer in self.layers:
            h, own = layer.forward(h, arrays, self.field)
            kept.append(own)

        def pull(g):
            found, g = {}, g.reshape(h.shape)
            for layer, own in zip(reversed(self.layers), reversed(kept), strict=True):
                g, gradients = layer.backward(g, own, arrays, self.field)
                found |= gradients
            return np.concatenate([found[name].ravel() for name in self.trained])

        return h if self.offset is None else h - self.offset, pull

    def residual(self, theta):
        """Residual and its pull-back."""
        outputs, pull = self(theta)
        return (outputs - self.targets).ravel(), pull

    def jacobian(self, theta):
        """Row by row."""
        r, pull = self.residual(theta)
        rows = self.field.array(np.eye(len(r)))
        return r, np.stack([pull(row) for row in rows])

    @property
    def step(self):
        """On half the square."""
        return 2 * self.field.number(self.scale) * self.field.number(self.statement["step_size"])

    def advanced(self, theta, step, r, pull):
        """One step of descent on half the square."""
        return self.field.settled(theta - step * pull(r))
