"""Which networks are certified after a polish: `python -m benchmarks.tables.certificates`.

Every row of the table is trained with Adam, polished, certified, and checked by the stand-alone
checker, for several seeds. Each result is kept as one line of a file as soon as it is there; a
later call goes on behind it.
"""

import argparse
import dataclasses
import json
import math
import pathlib
import re
import tempfile
import time

import jax
import jax.numpy as jnp
import numpy as np

import surefit as sf
from surefit.workflows.proving import prove

# Of Adam, whose rate falls to 0 like a cosine; fewer steps where n p is larger than this.
STEPS, FEWER, LARGE = 3000, 1000, 6.2e6
RATE = 1e-2


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table: the same network and data for every seed.

    Args:
        kind: of the network, one of `NETWORKS`.
        n: samples; 360 are all zeros and ones, with labels -1 and 1; other numbers are the first
            ones of all ten digits, odd or even.
        width: features of a hidden layer.
        activation: its name.
        std: of the weights of the first layer.
        centred: whether the mean of the features is subtracted.
        classes: 10: one output per digit.
    """

    kind: str
    n: int
    width: int
    activation: str = "tanh"
    std: float = 1.0
    centred: bool = True
    classes: int = 1

    @property
    def name(self):
        parts = [self.kind, self.activation, f"std={self.std:g}"]
        parts += [] if self.centred else ["not centred"]
        parts += ["ten classes"] if self.classes > 1 else []
        return ", ".join([*parts, f"n={self.n}", f"m={self.width}"])


def _deep(row, activation):
    return sf.models.multilayer(row.width, 3, row.classes, activation, row.std, zero_start=False)


def _residual(row, activation):
    block = sf.Residual(sf.Serial(sf.Dense(row.width), activation))
    return sf.Serial(
        sf.Dense(row.width, row.std, parameterisation="unscaled"),
        activation,
        *[block] * 3,
        sf.Dense(row.classes),
    )


def _implicit(row, activation):
    return sf.models.implicit_linear(
        row.width, 0.4, input_std=row.std, unit_inputs=64, activation=activation
    )


def _cnn(row, activation):
    return sf.Serial(
        sf.Conv(row.width, 3, padding="same", weight_std=2.0),
        activation,
        sf.Conv(row.width, 3, padding="same"),
        activation,
        sf.Flatten(),
        sf.Dense(row.classes),
    )


def _shallow(parameterisation):
    def build(row, activation):
        return sf.models.shallow(
            row.width, row.classes, activation, row.std, parameterisation, antisymmetric=False
        )

    return build


NETWORKS = {
    "two layers": _shallow("ntk"),
    "two layers, standard": _shallow("standard"),
    "three hidden layers": _deep,
    "residual, four layers": _residual,
    "implicit": _implicit,
    "convolutions": _cnn,
}
ACTIVATIONS = {"tanh": sf.Tanh, "gelu": sf.Gelu, "softplus": sf.Softplus, "relu": sf.Relu}
WIDTHS = (32, 64, 128, 256, 512, 1024)
NARROW = (32, 64, 128, 256)
ROWS = (
    *[Row("two layers", 360, m, std=4.0) for m in WIDTHS],
    *[Row("two layers", 360, m, centred=False) for m in WIDTHS],
    *[Row("two layers, standard", 360, m, std=4.0) for m in WIDTHS],
    *[Row("two layers, standard", 360, m, centred=False) for m in WIDTHS],
    *[Row("two layers", 360, m, "softplus", 4.0) for m in (64, 256, 1024)],
    *[Row("two layers", 360, m, "gelu", 4.0) for m in (32, 64, 256, 1024)],
    *[Row("two layers", 360, m, "relu") for m in WIDTHS],
    *[Row("three hidden layers", 360, m, "relu") for m in NARROW],
    *[Row("three hidden layers", 360, m, std=2.0) for m in NARROW],
    *[Row("residual, four layers", 360, m, std=2.0) for m in (32, 64, 128)],
    *[Row("implicit", 360, m, "relu", 2.0) for m in (64, 128, 256)],
    Row("convolutions", 360, 8),
    Row("two layers", 300, 512, std=4.0, classes=10),
    *[Row("two layers", 1000, m, std=4.0) for m in WIDTHS],
    *[Row("two layers", 1000, m, centred=False) for m in (64, 256, 1024)],
    *[Row("two layers", 1000, m, "relu") for m in (64, 256, 1024)],
    *[Row("three hidden layers", 1000, m, "relu") for m in (64, 128, 256)],
    *[Row("two layers", 1000, 512, std=std, classes=10) for std in (1.0, 4.0)],
)


def _problem(row):
    images = row.kind == "convolutions"
    data = sf.data.prepare(
        sf.data.load("digits"),
        ("centre", "unit_norm") if row.centred else ("unit_norm",),
        classes=(0, 1) if row.n == 360 else None,
        samples=row.n,
    )
    y = data.y
    if row.n == 360 or row.classes == 10:
        assert y.shape[1] == row.classes
    else:
        y = np.where(np.asarray(data.labels) % 2 == 0, -1.0, 1.0)
    x = data.x.reshape(-1, 8, 8, 1) if images else data.vectors
    return sf.Problem(NETWORKS[row.kind](row, ACTIVATIONS[row.activation]()), x, y)


def _adam(problem):
    """Training with Adam, compiled once for all seeds."""

    steps = STEPS if problem.samples * problem.parameters(problem.init(0)) <= LARGE else FEWER

    def loss(params):
        return 0.5 * jnp.sum((problem.network.apply(params, problem.x) - problem.y) ** 2)

    @jax.jit
    def run(params):
        def step(k, state):
            params, first, second = state
            gradient = jax.grad(loss)(params)
            first = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g, first, gradient)
            second = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g * g, second, gradient)
            rate = 0.5 * RATE * (1.0 + jnp.cos(jnp.pi * k / steps))
            one, two = 1.0 - 0.9 ** (k + 1.0), 1.0 - 0.999 ** (k + 1.0)
            params = jax.tree.map(
                lambda w, a, b: w - rate * (a / one) / (jnp.sqrt(b / two) + 1e-12),
                params,
                first,
                second,
            )
            return params, first, second

        zero = jax.tree.map(jnp.zeros_like, params)
        return jax.lax.fori_loop(0, steps, step, (params, zero, zero))[0]

    return run


def _result(row, seed, problem, adam):
    begun = time.perf_counter()
    params = jax.block_until_ready(adam(problem.init(seed)))
    trained, before = time.perf_counter(), float(jnp.linalg.norm(problem.residual(params)))
    params, done = sf.polish(problem, params, condition=0.3, seed=seed)
    polished = time.perf_counter()
    certificate = sf.certify(problem, params, certifiers=["kantorovich_majorant"])
    issued = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        proof = prove([certificate], pathlib.Path(folder) / "certificate")
    numbers = certificate.quantities
    first = next((step.residual for step in done.steps if step.condition < 1.0), math.nan)
    return {
        "row": row.name,
        "seed": seed,
        "parameters_per_equation": problem.parameters(params) / problem.residuals,
        "residual_after_training": before,
        "polishing_steps": done.steps[-1].number,
        "moved": done.relative_distance,
        "fires_at": first,
        **{
            name: numbers[name]
            for name in (
                "residual", "sigma_min", "sigma_max", "lipschitz", "fire_residual", "condition",
                "radius", "rate",
            )
        },
        "rate": 1.0 - numbers["rate"],
        "issued": bool(certificate.holds),
        "verdict": "" if proof is None else proof.verdict,
        "reason": certificate.note.partition("Scope:")[0] if proof is None else proof.reason,
        "polish": done.message,
        "seconds": {
            "training": round(trained - begun, 2),
            "polish": round(polished - trained, 2),
            "issue": round(issued - polished, 2),
            "check": round(time.perf_counter() - issued, 2),
        },
    }  # fmt: skip


def _number(value):
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{value:.2g}" if 0.01 <= value < 100 else f"{value:.1e}"
    return text.replace("e-0", "e-").replace("e+0", "e")


def _range(values):
    """The smallest and the largest of the seeds."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return "–"
    low, high = _number(min(finite)), _number(max(finite))
    return low if low == high else f"{low} … {high}"


def table(results):
    """The results as lines of Markdown, seeds of a row together."""
    print("| network | p/N | proved | σ | Λ | C < 1 from ‖r‖ | s* | 1 - rate |")
    print("|---|---|---|---|---|---|---|---|")
    for row in ROWS:
        own = [one for one in results if one["row"] == row.name]
        if not own:
            continue
        proved = [one for one in own if one["verdict"] == "proved"]
        columns = ("sigma_min", "lipschitz", "fires_at", "radius", "rate")
        cells = [_range([one[name] for one in (proved or own)]) for name in columns]
        share = f"{own[0]['parameters_per_equation']:.3g}"
        print(f"| {row.name} | {share} | {len(proved)} of {len(own)} | {' | '.join(cells)} |")
    for one in results:
        if one["verdict"] != "proved":
            said = f"{one['verdict']} {one['reason']}".strip()
            print(f"\n{one['row']}, seed {one['seed']}: {said} {one['polish']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=pathlib.Path, default="certificates.jsonl")
    parser.add_argument("--rows", default="", help="a regular expression of names of rows")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--show", action="store_true", help="only print what the file holds")
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    lines = options.file.read_text().splitlines() if options.file.exists() else []
    # Of a row that was run twice the later result counts.
    results = {(one["row"], one["seed"]): one for one in map(json.loads, lines)}
    for row in () if options.show else ROWS:
        missing = [seed for seed in options.seeds if (row.name, seed) not in results]
        if not re.search(options.rows, row.name) or not missing:
            continue
        problem = _problem(row)
        adam = _adam(problem)
        for seed in missing:
            last = results[row.name, seed] = _result(row, seed, problem, adam)
            with options.file.open("a") as file:
                file.write(json.dumps(last) + "\n")
            print(f"{row.name}, seed {seed}: {last['verdict'] or last['reason']}", flush=True)
    table(list(results.values()))


if __name__ == "__main__":
    main()
