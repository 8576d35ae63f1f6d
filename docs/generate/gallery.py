"""The theorem gallery: `python docs/generate/gallery.py` writes docs/theorems.md and its figures."""

import inspect
import re
from pathlib import Path

import numpy as np

from surefit.core.curve import Curve
from surefit.core.precision import float64
from surefit.testing.theorem import plain_run
from surefit.theory import THEOREMS

DOCS = Path(__file__).parents[1]
STEPS = 200
HEAD = """# Theorem gallery

Every theorem of the catalogue: what it says, and what it says about its own *example*, the smallest case that satisfies it
(or, where constants are unstated, every assumption that can be decided). This page and its figures are made from the
catalogue by `make gallery`; nothing in it is written by hand.

In the tables "cannot say" mostly means that a bound depends on a constant that the source does not state. The figures
show a run of {steps} steps (or as many steps of an integrator, for gradient flow) on the example: the squared residual
$\\lVert r_k\\rVert^2$ as it was measured, and what the theorem promises of it. For theorems about stochastic descent the
run is one of full-batch descent. To ask all of them about your own data and network, see [Start](index.md).

| theorem | about | guarantee |
|---|---|---|
{rows}
"""
MARK = {True: "holds", False: "fails", None: "cannot say"}


def cell(text):
    return (
        re.sub(r"\s+", " ", str(text)).replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")
    )


def number(value):
    return "–" if value is None or np.isnan(value) else f"{value:.3g}"


def factor(value):
    """A rate; what is missing to 1, where that is little."""
    if value is None or not 0.99 < value <= 1.0:
        return number(value)
    return "1 to rounding" if value == 1.0 else f"1 − {1.0 - value:.3g}"


def statement(theorem):
    """The docstring of the theorem: what does not depend on any example."""
    text = inspect.getdoc(type(theorem))
    summary, _, rest = text.partition("\n\n")
    parts = re.split(r"^([A-Z][\w ]*):$", rest, flags=re.MULTILINE)
    sections = [
        f"**{name}.** {inspect.cleandoc(body).strip()}"
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    ]
    source = f"Source: {theorem.locator}, [{theorem.url}]({theorem.url}); statement {theorem.provenance}."
    return "\n\n".join([" ".join(summary.split()), *sections, source])


def title(theorem):
    return f"## {theorem.title} {{#{theorem.catalogue_name}}}"


def citation(theorem):
    return f"```bibtex\n{theorem.citation.strip()}\n```"


def assumptions(prediction):
    lines = ["| assumption, on the example | value | | bound | |", "|---|---|---|---|---|"]
    lines += [
        f"| {cell(c.name)} | {number(c.value)} | {cell(c.sense)} | {number(c.bound)} | {MARK[c.holds]} |"
        for c in prediction.assumptions
    ]
    return "\n".join(lines)


def promises(prediction, trajectory):
    lines = ["| promise | kind | at the start | at the end | depends on |", "|---|---|---|---|---|"]
    for promise in prediction.promises:
        bound = promise.bound
        ends = (
            bound(np.array([0.0, trajectory.steps])) if isinstance(bound, Curve) else [bound, bound]
        )
        hidden = ", ".join(f"`{name}`" for name in promise.unstated) or "–"
        lines.append(
            f"| `{promise.monitor}` | {promise.guarantee} | {number(ends[0])} | {number(ends[1])} | {hidden} |"
        )
    return "\n".join(lines)


def draw(theorem, prediction, trajectory, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.hashsalt": "surefit", "svg.fonttype": "none", "font.size": 9})
    (promise,) = [p for p in prediction.promises if p.monitor == "squared_residual"]
    measured = trajectory["squared_residual"]
    figure, axes = plt.subplots(figsize=(5.6, 2.6), layout="constrained")
    tight = promise.guarantee == "tight"
    label = "promised, two-sided" if tight else "promised upper bound"
    times = np.linspace(0.0, trajectory.steps, 201)
    axes.plot(times, promise.bound(times), "--", color="#b3541e", label=label)
    axes.plot(measured.times, measured.values, color="#2f4b8f", lw=2, label="measured")
    axes.set(
        yscale="log",
        xlabel="time" if trajectory.method == "gradient_flow" else "step",
        ylabel="squared residual",
    )
    axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


@float64
def entry(theorem, figure=None):
    """The part of the page about one theorem, evaluated on its example."""
    setting = theorem.example_setting()
    prediction = theorem.predict(setting)
    trajectory = plain_run(setting, STEPS)
    if figure is not None:
        draw(theorem, prediction, trajectory, figure)
    problem = setting.problem
    example = (
        f"**Example.** {problem.samples} samples, {int(np.size(problem.y))} residuals, "
        f"`{theorem.dynamics}`. All assumptions together: {MARK[prediction.applies]}. "
        f"Width asked for: {number(prediction.width)}; factor of the squared residual per step (rate, for flow): "
        f"{factor(prediction.rate)}; largest step: {number(prediction.step_size)}."
    )
    name = theorem.catalogue_name
    parts = [title(theorem), statement(theorem), example, assumptions(prediction)]
    parts += [promises(prediction, trajectory), f"![measured and promised]({FIGURES}/{name}.svg)"]
    if prediction.note:
        parts.append(cell(prediction.note))
    return "\n\n".join([*parts, citation(theorem)])


FIGURES = "theorems"


def head(theorems):
    rows = "\n".join(
        f"| [{cell(t.title)}](#{t.catalogue_name}) | {cell(t.setting)} | {t.guarantee} |"
        for t in theorems
    )
    return HEAD.format(steps=STEPS, rows=rows)


def main():
    """Write the page and its figures."""
    theorems = [cls() for cls in THEOREMS.entries().values()]
    parts = [head(theorems)]
    for theorem in theorems:
        print(theorem.catalogue_name, flush=True)
        parts.append(entry(theorem, DOCS / FIGURES / f"{theorem.catalogue_name}.svg"))
    (DOCS / "theorems.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
