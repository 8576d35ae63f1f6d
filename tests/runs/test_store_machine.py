"""A store under any sequence of attempts, some of which die: nothing appears that is not whole."""

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from surefit.core.jsonable import read_json
from surefit.errors import StorageError
from surefit.runs import CertifySpec, Store

SPECS = [CertifySpec(samples=300 + i) for i in range(3)]


class Killed(BaseException):
    """The process dies."""


class Runs(RuleBasedStateMachine):
    """The store beside what it should hold: finished runs, and what is left of unfinished ones."""

    opened = Bundle("opened")

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name) / "runs"
        self.finished, self.left, self.active = {}, {}, {}

    @rule(target=opened, spec=st.sampled_from(SPECS))
    def begin(self, spec):
        context = Store(self.root).begin(spec)
        name = spec.run_id
        if name in self.finished or name in self.active:
            with pytest.raises(StorageError):
                context.__enter__()
            return None
        workspace = context.__enter__()
        assert workspace.resumed == bool(self.left.get(name))
        assert {p.name for p in workspace.path.iterdir()} - {"spec.json"} == self.left.get(
            name, set()
        )
        self.active[name] = set(self.left.pop(name, ()))
        return spec, context, workspace

    @rule(attempt=opened, name=st.sampled_from(["a.txt", "b.txt"]))
    def write(self, attempt, name):
        if attempt is not None and attempt[0].run_id in self.active and attempt[2]._open:
            (attempt[2].path / name).write_text(name)
            self.active[attempt[0].run_id].add(name)

    @rule(attempt=consumes(opened))
    def publish(self, attempt):
        if attempt is not None:
            spec, context, workspace = attempt
            assert workspace.publish() == self.root / spec.run_id
            context.__exit__(None, None, None)
            self.finished[spec.run_id] = self.active.pop(spec.run_id)
            with pytest.raises(StorageError):
                workspace.publish()

    @rule(attempt=consumes(opened))
    def discard(self, attempt):
        if attempt is not None:
            spec, context, workspace = attempt
            workspace.discard()
            context.__exit__(None, None, None)
            self.active.pop(spec.run_id)

    @rule(attempt=consumes(opened), dies=st.booleans())
    def leave(self, attempt, dies):
        if attempt is not None:
            spec, context, _ = attempt
            death = Killed()
            with contextlib.suppress(Killed):
                context.__exit__(*((Killed, death, None) if dies else (None,) * 3))
            if files := self.active.pop(spec.run_id):
                self.left[spec.run_id] = files

    @invariant()
    def what_is_listed_is_whole(self):
        store = Store(self.root)
        assert {run.run_id for run in store.runs()} == set(self.finished)
        assert {run.run_id for run in store.incomplete()} == {*self.left, *self.active}
        for spec in SPECS:
            found = store.find(spec)
            assert (found is not None) == (spec.run_id in self.finished)
            if found is not None:
                assert read_json(found / "spec.json") == spec.canonical()
                there = {path.name for path in found.iterdir()} - {"spec.json"}
                assert there == self.finished[spec.run_id]

    @invariant()
    def nothing_else_is_there(self):
        if self.root.exists():
            assert {path.name for path in self.root.iterdir()} - {".incomplete"} == set(
                self.finished
            )

    def teardown(self):
        self.folder.cleanup()


Runs.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=12,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestRuns = Runs.TestCase
