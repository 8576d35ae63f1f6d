"""Which cell is next: alike ones to one worker, costly ones first, nothing lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefit.runs import CertifySpec
from surefit.workflows.sweeps.agenda import Agenda
from surefit.workflows.sweeps.plan import Cell, unique_cells


def cells(widths, seeds=2, **fields):
    return [Cell(CertifySpec(width=w, seed=s, **fields)) for w in widths for s in range(seeds)]


def always(cell):
    return True


def test_costly_groups_first_and_each_worker_keeps_its_own():
    agenda = Agenda(cells([10, 30, 20], seeds=3))
    order = {"a": [], "b": []}
    group = {"a": None, "b": None}
    for _ in range(3):
        for worker in "ab":
            cell = agenda.next(worker, group[worker], 0.0, always)
            order[worker].append((cell.spec.width, cell.spec.seed))
            group[worker] = cell.group
    assert order["a"] == [(30, 0), (30, 1), (30, 2)]
    assert order["b"] == [(20, 0), (20, 1), (20, 2)]
    # One group is left: the second worker helps the first.
    assert agenda.next("a", group["a"], 0.0, always).spec.width == 10
    assert agenda.next("b", group["b"], 0.0, always).spec.width == 10


def test_what_does_not_fit_is_passed_over():
    agenda = Agenda(cells([10, 30], seeds=1))
    small = agenda.next("a", None, 0.0, lambda cell: cell.spec.width < 20)
    assert small.spec.width == 10
    assert agenda.next("b", None, 0.0, lambda cell: cell.spec.width < 20) is None
    assert len(agenda) == 1


def test_a_cell_that_is_put_back_is_the_next_of_its_group():
    agenda = Agenda(cells([10], seeds=3))
    first = agenda.next("a", None, 0.0, always)
    agenda.put_back(first)
    assert agenda.next("a", first.group, 0.0, always) is first


def test_a_busy_cell_comes_back_when_its_time_has_come():
    agenda = Agenda(cells([10], seeds=1))
    cell = agenda.next("a", None, 0.0, always)
    agenda.later(cell, 5.0)
    assert len(agenda) == 1
    assert agenda.next("a", None, 4.0, always) is None
    assert agenda.next("a", None, 5.0, always) is cell
    assert len(agenda) == 0


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=8),
    st.lists(st.sampled_from(["take a", "take b", "put back", "later", "leave"]), max_size=40),
)
def test_nothing_is_lost_and_nothing_is_given_twice(widths, moves):
    everything = {cell.run_id for cell in unique_cells([c.spec for c in cells(widths)])}
    agenda = Agenda(unique_cells([c.spec for c in cells(widths)]))
    held, done, group = [], set(), {"a": None, "b": None}
    for now, move in enumerate([*moves, *["take a"] * 100], start=100):
        if move.startswith("take"):
            worker = move[-1]
            cell = agenda.next(worker, group[worker], float(now), always)
            if cell is not None:
                assert cell.run_id not in done and cell not in held
                group[worker] = cell.group
                held.append(cell)
                if now % 2:
                    done.add(held.pop().run_id)
        elif move == "leave":
            agenda.leave("a")
        elif held and move == "put back":
            agenda.put_back(held.pop())
        elif held:
            agenda.later(held.pop(), now + 3.0)
    assert done | {cell.run_id for cell in held} == everything
    assert len(agenda) == 0


def test_equal_specs_are_one_cell():
    same = [CertifySpec(width=10.0), CertifySpec(width=10)]
    assert len(unique_cells(same)) == 1


@pytest.mark.parametrize("field", ["width", "samples", "activation", "classes"])
def test_groups_tell_shapes_apart(field):
    base = {"width": 10, "samples": 20, "activation": "tanh", "classes": (0, 1)}
    other = base | {field: {"width": 11, "samples": 30, "activation": "gelu",
                            "classes": (0, 2)}[field]}  # fmt: skip
    groups = [Cell(CertifySpec(**fields)).group for fields in (base, other)]
    assert groups[0] != groups[1]
    assert Cell(CertifySpec(**base, seed=7)).group == groups[0]
