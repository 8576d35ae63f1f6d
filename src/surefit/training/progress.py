"""A progress bar for training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

__all__ = ["Listener", "listening"]

Listener = Callable[[int, int, Mapping[str, float]], None]


@contextmanager
def listening(progress: Listener | bool | None) -> Iterator[Listener]:
    """What to call at every pause: the caller's function, a bar for True, nothing for None."""
    if callable(progress):
        yield progress
    elif not progress:
        yield _silent
    else:
        with _bar() as show:
            yield show


@contextmanager
def _bar() -> Iterator[Listener]:
    from rich import progress as rich

    columns = (
        rich.TextColumn("training"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TextColumn("loss {task.fields[loss]:.3e}"),
        rich.TimeRemainingColumn(),
    )
    with rich.Progress(*columns) as bar:
        task = bar.add_task("training", total=None, loss=float("nan"))

        def show(step: int, steps: int, values: Mapping[str, float]) -> None:
            bar.update(task, completed=step, total=steps, loss=values["loss"])

        yield show


def _silent(step: int, steps: int, values: Mapping[str, float]) -> None:
    pass
