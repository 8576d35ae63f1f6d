"""The kernels that `tangent_kernels` compares, and how much faster they are meant to be."""

import math

HE = math.sqrt(2.0)


def _case(name, kind, target, n, shape, **others):
    return {
        "name": name, "kind": kind, "target": target, "n": n, "shape": shape,
        "activation": "relu", "weight_std": HE, "bias_std": None, "outputs": 1,
        "dtype": "float64", "rounds": 3, "compared": 24, **others,
    }  # fmt: skip


def _dense(name, target, n, depth, **others):
    return _case(name, "dense", target, n, [784], widths=[1] * depth, **others)


def _images(name, target, n, side, end):
    return _case(
        name, "images", target, n, [side, side, 1],
        widths=[1] * 3, end=end, dtype="float32", compared=8,
    )  # fmt: skip


def _empirical(name, target, n, outputs, output, implementation, **others):
    return _case(
        name, "empirical", target, n, [784], widths=[1024, 1024], outputs=outputs, output=output,
        implementation=implementation, dtype="float32", compared=8, **others,
    )  # fmt: skip


BEST, DEFAULT = "STRUCTURED_DERIVATIVES", "JACOBIAN_CONTRACTION"

CASES = [
    _dense("ReLU, depth 3, n = 4000", 4, 4000, 3),
    _dense("ReLU, depth 10, n = 4000", 15, 4000, 10),
    _dense("ReLU, depth 50, n = 4000", 60, 4000, 50),
    _dense("ReLU with bias, depth 3, n = 2000", 3, 2000, 3, bias_std=0.3),
    _dense("GELU with bias, depth 3, n = 2000", 3, 2000, 3, activation="gelu", bias_std=0.3),
    _dense("erf with bias, depth 3, n = 2000", 3, 2000, 3, activation="erf", bias_std=0.3),
    _dense("tanh with bias, depth 3, n = 500", 3, 500, 3, activation="tanh", bias_std=0.3),
    _images("convolutions, flatten, 8x8x1, n = 500, float32", 10, 500, 8, "flatten"),
    _images("convolutions, flatten, 28x28x1, n = 200, float32", 10, 200, 28, "flatten"),
    _images("convolutions, average, 8x8x1, n = 100, float32", 30, 100, 8, "average"),
    _empirical("empirical, one output, n = 1000, its best", 1.5, 1000, 1, "trace", BEST),
    _empirical("empirical, one output, n = 256, its default", 20, 256, 1, "trace", DEFAULT),
    _empirical("empirical, trace of 10, n = 128, its best", 1.5, 128, 10, "trace", BEST),
    _empirical("empirical, trace of 10, n = 128, its default", 20, 128, 10, "trace", DEFAULT),
    _empirical("empirical, all of 10, n = 128, its best", 1.5, 128, 10, "full", BEST),
]
