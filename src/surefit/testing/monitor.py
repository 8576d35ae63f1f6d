"""What every monitor must satisfy."""

from __future__ import annotations

import inspect
import itertools

import jax
import jax.numpy as jnp
import numpy as np

from surefit.activations import Tanh
from surefit.core.precision import float64
from surefit.layers import Dense, Serial
from surefit.models import implicit_relu, two_layer
from surefit.problem import Problem
from surefit.testing.claims import claim, claim_close, claim_value_semantics, quick_jit
from surefit.training.evaluation import evaluate
from surefit.training.methods import GradientDescent
from surefit.training.monitor import Monitor, Move
from surefit.training.view import View

__all__ = ["check_monitor"]


@float64
def check_monitor(monitor: Monitor, problem: Problem | None = None) -> None:
    """The conformance suite of monitors.

    The class says what it measures; the monitor is a frozen dataclass; the carry keeps its
    structure; a measurement is a float64 number, or one per label, finite at the start, the same
    every time and the same when compiled; a few steps of descent can be watched, and watching does
    not depend on which other monitors are there.

    Args:
        monitor: what to check.
        problem: what to check it on; None: the first of three small ones that it can measure, the
            last of which has an equilibrium.

    Raises:
        AssertionError: naming the property that fails.

    Example:
        >>> from surefit.testing import check_monitor
        >>> from surefit.training import MONITORS
        >>> check_monitor(MONITORS["distance"]())
    """
    claim_value_semantics(monitor)
    _claim_words(monitor)
    candidates = _problems() if problem is None else [problem]
    found = [p for p in candidates if monitor.obstacle(p, p.init(0)) is None]
    claim(monitor, "can measure a small problem", found, "Every one met an obstacle.")
    problem = found[0]
    initial, fixed = problem.split(problem.init(0))
    views = _views(problem, initial, fixed)
    carry = monitor.start(views[0])
    _claim_measurement(monitor, problem, carry, views[0])
    carry = _claim_carry(monitor, carry, views)
    last = monitor.measure(carry, views[-1])
    claim_close(
        monitor, "measures the same every time", monitor.measure(carry, views[-1]), last, 0.0
    )
    compiled = jax.jit(
        lambda carry, moving: monitor.measure(carry, View(problem, initial, moving, fixed))
    )
    claim_close(monitor, "measures the same when compiled, from a view of its own",
                compiled(carry, views[-1].moving), last,
                1e-9 * (1.0 + np.abs(np.asarray(last))))  # fmt: skip
    cost = monitor.flops(problem, views[0].params)
    claim(monitor, "`flops` is a number that is not negative", cost >= 0.0, f"Got {cost}.")
    claim(monitor, "`flops` is positive for an expensive monitor",
          cost > 0.0 or not monitor.expensive,
          "Without it nobody knows how often it may be measured.")  # fmt: skip


def _problems() -> list[Problem]:
    x = np.random.default_rng(5).normal(size=(6, 3))
    y = np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0])
    smooth = Serial(Dense(8, bias_std=0.5), Tanh(), Dense(1, bias_std=0.1))
    networks = (smooth, two_layer(8), implicit_relu(8))
    return [Problem(network, x, y) for network in networks]


def _views(problem: Problem, initial, fixed) -> list[View]:
    """The start and three steps of descent."""
    method, key = GradientDescent(step_size=0.05), jax.random.key(0)

    @quick_jit
    def step(moving, state, number):
        return method.step(problem, moving, fixed, state, step=number, key=key)

    moving, state = initial, quick_jit(lambda part: evaluate(problem, part, fixed))(initial)
    views = [View(problem, initial, moving, fixed, state)]
    for number in range(3):
        moving, state = step(moving, state, jnp.asarray(number))
        views.append(View(problem, initial, moving, fixed, state))
    return views


def _claim_words(monitor: Monitor) -> None:
    for name in ("title", "unit"):
        text = getattr(monitor, name, None)
        claim(monitor, f"`{name}` is a text", isinstance(text, str), f"Got {text!r}.")
    claim(monitor, "`title` says what is measured", bool(monitor.title.strip()))
    summary = (inspect.getdoc(type(monitor)) or "").partition("\n")[0]
    own = "__doc__" in vars(type(monitor)) and not summary.startswith(f"{type(monitor).__name__}(")
    claim(monitor, "begins its docstring with words, for lists", not summary.startswith("$"),
          f"Got {summary!r}. Put the formula below.")  # fmt: skip
    claim(monitor, "has a docstring that begins with a sentence",
          own and summary.endswith("."), f"Got {summary!r}.")  # fmt: skip


def _claim_measurement(monitor: Monitor, problem: Problem, carry, view: View) -> None:
    value = jnp.asarray(monitor.measure(carry, view))
    claim(monitor, "measures in float64", value.dtype == jnp.float64, f"Got {value.dtype}.")
    labels = monitor.labels(problem, view.params)
    due = (len(labels),) if labels else ()
    claim(monitor, "measures a number, or one number per label", value.shape == due,
          f"Got shape {value.shape} with the labels {labels}.")  # fmt: skip
    claim(monitor, "has labels that differ", len(set(labels)) == len(labels), f"Got {labels}.")
    claim(monitor, "is finite at the start", jnp.isfinite(value).all(), f"Got {value}.")


def _claim_carry(monitor: Monitor, carry, views: list[View]):
    def form(tree) -> list:
        leaves, structure = jax.tree.flatten(tree)
        return [structure, *[(jnp.shape(leaf), jnp.asarray(leaf).dtype) for leaf in leaves]]

    before = form(carry)
    for step, (old, new) in enumerate(itertools.pairwise(views), start=1):
        carry = monitor.update(carry, Move(jnp.asarray(step), old.moving, new.moving))
    claim(monitor, "keeps structure, shapes and types of its carry", form(carry) == before,
          f"{before} became {form(carry)}.")  # fmt: skip
    return carry
