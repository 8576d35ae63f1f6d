import contextlib
import errno
import os
import tempfile
from pathlib import Path

import pytest

from surefit.core.check import Check, Sense
from surefit.core.jsonable import read_json, write_json
from surefit.core.record import RunRecord
from surefit.core.trajectory import Status, Trajectory
from surefit.errors import StorageError
from surefit.runs import CertifySpec, Store

SPEC = CertifySpec(classes=(0, 1), samples=300)


def finish(store, spec=SPEC, **result):
    with store.begin(spec) as workspace:
        (workspace.path / "certificates").mkdir()
        (workspace.path / "certificates" / "a.txt").write_text("proof")
        write_json(workspace.path / "result.json", result)
        return workspace.publish()


def everything(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_nothing_is_made_before_begin(tmp_path):
    store = Store(tmp_path / "runs")
    assert store.find(SPEC) is None
    assert store.runs() == store.incomplete() == []
    assert everything(tmp_path) == []


def test_a_published_run_is_found(tmp_path):
    store = Store(str(tmp_path / "deep" / "runs"))
    path = finish(store, verdict="It fits.", holds=True)
    assert path == tmp_path / "deep" / "runs" / SPEC.run_id == store.find(SPEC)
    assert store.find(CertifySpec(samples=301)) is None
    (run,) = store.runs()
    assert (run.run_id, run.path, run.verdict, run.holds) == (SPEC.run_id, path, "It fits.", True)
    assert CertifySpec.from_canonical(run.spec) == SPEC
    assert everything(store.root) == [
        ".incomplete",
        SPEC.run_id,
        f"{SPEC.run_id}/certificates",
        f"{SPEC.run_id}/certificates/a.txt",
        f"{SPEC.run_id}/result.json",
        f"{SPEC.run_id}/spec.json",
    ]


def test_a_whole_record_can_be_published(tmp_path):
    store = Store(tmp_path)
    record = RunRecord(
        run_id=SPEC.run_id,
        spec=SPEC.canonical(),
        environment={},
        verdict="It fits.",
        holds=True,
        problem={},
        data_checks=(Check("q", 1.0, 2.0, Sense.LESS),),
        spectra={},
        theorems=(),
        trajectory=Trajectory("gradient_descent", 0.1, 3.0, {}, Status.STEPS_DONE),
    )
    with store.begin(SPEC) as workspace:
        record.save(workspace.path)
        workspace.publish()
    assert RunRecord.load(store.find(SPEC)).spec == SPEC.canonical()
    assert store.runs()[0].verdict == "It fits."


def test_checkpoints_are_dropped_on_publishing(tmp_path):
    store = Store(tmp_path)
    with store.begin(SPEC) as workspace:
        (workspace.scratch / "step_100.npz").write_bytes(b"weights")
        path = workspace.publish()
        assert workspace.published == path
    assert everything(path) == ["spec.json"]
    assert everything(tmp_path / ".incomplete") == []


@pytest.mark.parametrize("place", ["path", "scratch"])
@pytest.mark.parametrize("trouble", [None, ValueError, KeyboardInterrupt])
def test_unpublished_work_is_kept_for_the_next_attempt(tmp_path, place, trouble):
    store = Store(tmp_path)
    with contextlib.suppress(ValueError, KeyboardInterrupt), store.begin(SPEC) as workspace:
        assert not workspace.resumed
        (getattr(workspace, place) / "step_100").write_text("weights")
        if trouble:
            raise trouble
    assert store.runs() == []
    assert [run.run_id for run in store.incomplete()] == [SPEC.run_id]
    with store.begin(SPEC) as workspace:
        assert workspace.resumed
        assert (getattr(workspace, place) / "step_100").read_text() == "weights"
        workspace.publish()
    assert store.incomplete() == []
    assert store.find(SPEC)


def test_an_attempt_that_left_nothing_leaves_no_trace(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(ValueError, match="bad"), store.begin(SPEC):
        raise ValueError("bad")
    assert everything(tmp_path) == [".incomplete"]


def test_discard(tmp_path):
    store = Store(tmp_path)
    with store.begin(SPEC) as workspace:
        (workspace.path / "a").write_text("x")
        (workspace.scratch / "b").write_text("x")
        workspace.discard()
    assert everything(tmp_path) == [".incomplete"]
    with store.begin(SPEC) as workspace:
        assert not workspace.resumed


@pytest.mark.parametrize("call", ["publish", "discard"])
@pytest.mark.parametrize("first", ["publish", "discard", "leave"])
def test_a_workspace_is_used_once(tmp_path, call, first):
    with Store(tmp_path).begin(SPEC) as workspace:
        if first != "leave":
            getattr(workspace, first)()
            with pytest.raises(StorageError, match="must be called once"):
                getattr(workspace, call)()
    with pytest.raises(StorageError, match="must be called once"):
        getattr(workspace, call)()


def test_a_finished_run_is_not_overwritten(tmp_path):
    store = Store(tmp_path)
    path = finish(store)
    before = everything(tmp_path)
    with pytest.raises(StorageError, match="must be given a run that is not finished"):
        finish(store)
    assert everything(tmp_path) == before
    assert store.find(SPEC) == path


def test_other_runs_do_not_wait(tmp_path):
    store = Store(tmp_path)
    with store.begin(SPEC), store.begin(CertifySpec(seed=1)) as other:
        other.publish()
    assert [run.spec["seed"] for run in store.runs()] == [1]


def test_one_process_cannot_begin_a_run_twice(tmp_path):
    store = Store(tmp_path)
    with store.begin(SPEC) as workspace:
        (workspace.path / "a").write_text("x")
        with pytest.raises(StorageError, match=f"process {os.getpid()} works"), store.begin(SPEC):
            pass
        assert (workspace.path / "a").exists()


def foreign(root):
    (root / "notes").mkdir()
    (root / "file.txt").write_text("x")
    (root / SPEC.run_id.replace("digits", "copy")).write_text("a file")
    for name, text in {"broken": "{", "list": "[]", "other": "{}", "text": '"x"'}.items():
        (root / name).mkdir()
        (root / name / "spec.json").write_text(text)
    renamed = root / f"{SPEC.run_id[:-1]}x"
    renamed.mkdir()
    write_json(renamed / "spec.json", SPEC.canonical())


def test_foreign_directories_are_ignored(tmp_path):
    store = Store(tmp_path)
    foreign(tmp_path)
    path = finish(store)
    assert [run.path for run in store.runs()] == [path]


@pytest.mark.parametrize("text", [None, "{", "[]"])
def test_a_run_without_readable_result_is_listed_without_verdict(tmp_path, text):
    store = Store(tmp_path)
    path = finish(store, verdict="x", holds=True)
    (path / "result.json").unlink()
    if text is not None:
        (path / "result.json").write_text(text)
    (run,) = store.runs()
    assert run.verdict is run.holds is None


def test_runs_are_sorted(tmp_path):
    store = Store(tmp_path)
    for seed in (3, 1, 2):
        finish(store, CertifySpec(seed=seed))
    assert [run.spec["seed"] for run in store.runs()] == [1, 2, 3]


@pytest.mark.parametrize("kind", ["edited", "file", "empty", "link"])
def test_a_name_that_is_taken_is_refused_at_the_start(tmp_path, kind):
    store, target = Store(tmp_path), tmp_path / SPEC.run_id
    if kind == "edited":
        finish(store)
        write_json(target / "spec.json", {**SPEC.canonical(), "width": 3})
    elif kind == "file":
        target.write_text("x")
    elif kind == "empty":
        target.mkdir()
    else:
        target.symlink_to(tmp_path / "nowhere")
    assert store.find(SPEC) is None
    with pytest.raises(StorageError, match="nothing else under the name"), store.begin(SPEC):
        pytest.fail("the work began")
    assert os.path.lexists(target)


def test_a_name_taken_during_the_work_is_refused_on_publishing(tmp_path):
    store = Store(tmp_path)
    with store.begin(SPEC) as workspace:
        (workspace.path / "a").write_text("x")
        (tmp_path / SPEC.run_id).mkdir()
        with pytest.raises(StorageError, match="nothing else under the name"):
            workspace.publish()
        (tmp_path / SPEC.run_id).rmdir()
        assert (workspace.publish() / "a").read_text() == "x"


def test_a_run_is_not_published_under_another_spec(tmp_path):
    store = Store(tmp_path)
    with store.begin(SPEC) as workspace:
        write_json(workspace.path / "spec.json", CertifySpec(seed=9).canonical())
        with pytest.raises(StorageError, match="must find the spec of the run"):
            workspace.publish()
        (workspace.path / "spec.json").unlink()
        with pytest.raises(StorageError, match="must be a readable JSON file"):
            workspace.publish()
    assert store.runs() == []


def test_a_damaged_spec_in_a_workspace_is_repaired(tmp_path):
    store = Store(tmp_path)
    with store.begin(SPEC) as workspace:
        (workspace.scratch / "a").write_text("x")
        (workspace.path / "spec.json").write_text("{")
    with store.begin(SPEC) as workspace:
        assert read_json(workspace.publish() / "spec.json") == SPEC.canonical()


def test_everything_is_on_the_disk_before_the_run_gets_its_name(tmp_path, monkeypatch):
    events, fsync, rename = [], os.fsync, Path.rename

    def log_fsync(descriptor):
        events.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    def log_rename(self, target):
        events.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", log_fsync)
    monkeypatch.setattr(Path, "rename", log_rename)
    path = finish(Store(tmp_path))
    work = tmp_path / ".incomplete" / SPEC.run_id
    assert events.count("rename") == 1
    at = events.index("rename")
    inside = [Path(str(item).replace(str(path), str(work))) for item in path.rglob("*")]
    assert set(events[:at]) == {str(item) for item in [work, *inside]}
    # A directory after what is in it; the root after the renaming.
    assert events.index(str(work)) == at - 1
    assert events[at + 1 :] == [str(tmp_path)]


# A root that cannot be written.


def refused(root, reason):
    with pytest.raises(StorageError) as caught, Store(root).begin(SPEC):
        pytest.fail("the work began")
    message = str(caught.value)
    assert message.startswith(
        f"`Store(root=...)` must be a directory that can be written. Got {root}"
    )
    assert reason in message
    return message


@pytest.mark.parametrize("below", ["file", "file/runs", "file/a/b"])
def test_a_root_below_a_file(tmp_path, below):
    (tmp_path / "file").write_text("x")
    message = refused(tmp_path / below, "Not a directory")
    assert "--out" in message
    assert everything(tmp_path) == ["file"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_a_root_on_a_file_system_that_takes_no_files():
    assert "--out" in refused(Path("/proc/surefit/runs"), "No such file")


def test_no_permission_to_make_the_root_leaves_nothing_half_made(tmp_path, monkeypatch):
    mkdir = os.mkdir

    def guarded(path, mode=0o777, **options):
        if Path(path).name == ".incomplete":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        mkdir(path, mode, **options)

    monkeypatch.setattr(os, "mkdir", guarded)
    refused(tmp_path / "a" / "b", "Permission denied")
    assert everything(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "reason", "advice"),
    [
        (errno.EROFS, "Read-only file system", "--out"),
        (errno.EACCES, "Permission denied", "--out"),
        (errno.ENOSPC, "No space left", "free some space"),
        (errno.EDQUOT, "quota", "free some space"),
    ],
)
def test_an_existing_root_that_cannot_be_written(tmp_path, monkeypatch, number, reason, advice):
    def fail(**options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "TemporaryFile", fail)
    message = refused(tmp_path / "runs", reason)
    assert advice in message
    assert everything(tmp_path) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_without_write_permission(tmp_path):
    tmp_path.chmod(0o500)
    try:
        refused(tmp_path / "runs", "Permission denied")
    finally:
        tmp_path.chmod(0o700)


def test_a_root_that_cannot_be_listed(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="Not a directory"):
        Store(tmp_path / "file").runs()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_up_during_the_work(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(StorageError, match="No space left") as caught:  # noqa: SIM117
        with store.begin(SPEC) as workspace:
            (workspace.scratch / "step_100").write_text("weights")
            (workspace.path / "trajectory.npz").symlink_to("/dev/full")
            (workspace.path / "trajectory.npz").write_bytes(bytes(100_000))
    assert "goes on from its last checkpoint" in str(caught.value)
    assert store.runs() == []
    with store.begin(SPEC) as workspace:
        assert (workspace.scratch / "step_100").read_text() == "weights"
        (workspace.path / "trajectory.npz").unlink()
        workspace.publish()


@pytest.mark.parametrize("fault", ["fsync", "rename"])
def test_a_disk_that_fills_up_on_publishing(tmp_path, monkeypatch, fault):
    store = Store(tmp_path)

    def fail(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with store.begin(SPEC) as workspace:
        (workspace.path / "result.json").write_text("{}")
        with monkeypatch.context() as patch:
            patch.setattr(*((os, "fsync") if fault == "fsync" else (Path, "rename")), fail)
            with pytest.raises(StorageError, match="free some space"):
                workspace.publish()
        assert store.runs() == []
        workspace.publish()
    assert len(store.runs()) == 1


def test_other_errors_of_the_work_pass_unchanged(tmp_path):
    with pytest.raises(FileNotFoundError), Store(tmp_path).begin(SPEC):
        Path(tmp_path / "no" / "such").read_text()


def test_a_file_system_that_cannot_sync_directories(tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(os, "fsync", fail)
    assert finish(Store(tmp_path)).is_dir()


def test_the_home_directory_is_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert finish(Store("~/runs")).parent == tmp_path / "runs"
