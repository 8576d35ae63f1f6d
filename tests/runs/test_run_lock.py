import contextlib
import errno
import fcntl
import os
import subprocess
import sys

import pytest

from surefit.errors import BusyRunError, StorageError
from surefit.runs import lock
from surefit.runs.lock import exclusive
from surefit.runs.processes import is_alive

# Processes take the lock again and again; a file made exclusively inside is the witness that no
# two are in at once. Releasing removes the lock file, which is where a careless lock lets two in;
# processes end one after another, so that a holder's number is read, then found to be of nobody.
CONTEST = """
import contextlib, errno, os, signal, sys
from pathlib import Path
from surefit.errors import StorageError
from surefit.runs import lock

directory, processes, supported = Path(sys.argv[1]), 6, sys.argv[2] == "flock"
if not supported:
    def refuse(descriptor):
        raise OSError(errno.ENOLCK, "no locks")
    lock._lock = refuse

def work(rounds):
    entered = 0
    signal.alarm(60)
    while entered < rounds:
        with contextlib.suppress(StorageError), lock.exclusive(directory / "x.lock", "x"):
            os.close(os.open(directory / "witness", os.O_CREAT | os.O_EXCL))
            os.unlink(directory / "witness")
            entered += 1

children, ends = [], {}
for i in range(processes):
    if not (child := os.fork()):
        code = 1
        try:
            work(30 * (i + 1))
            code = 0
        finally:
            os._exit(code)
    children.append(child)
for _ in children:
    child, status = os.wait()
    ends[child] = status
print([ends[child] for child in children])
"""


@pytest.fixture
def no_locks(monkeypatch):
    def refuse(descriptor):
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(lock, "_lock", refuse)


@pytest.mark.parametrize("kind", ["flock", "owner file"])
def test_one_at_a_time(tmp_path, kind):
    done = subprocess.run(
        [sys.executable, "-c", CONTEST, str(tmp_path), kind],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str([0] * 6), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_it_is_free_again_afterwards(tmp_path):
    for _ in range(2):
        with pytest.raises(ValueError, match="out"), exclusive(tmp_path / "x.lock", "x"):
            raise ValueError("out")
    assert list(tmp_path.iterdir()) == []


def test_somebody_who_only_asks_whether_it_is_held_is_waited_for(tmp_path, monkeypatch):
    path = tmp_path / "x.lock"
    path.write_text("4194305")  # more than there are processes: its holder is gone
    with path.open("rb") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        monkeypatch.setattr(lock.time, "sleep", lambda _: fcntl.flock(asking, fcntl.LOCK_UN))
        with exclusive(path, "x"):
            assert path.read_text() == str(os.getpid())


def test_a_holder_who_does_not_say_who_he_is_is_not_waited_for_long(tmp_path, monkeypatch):
    path, waits = tmp_path / "x.lock", []
    path.touch()
    monkeypatch.setattr(lock.time, "sleep", waits.append)
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BusyRunError, match="another process"), exclusive(path, "x"):
            pass
    assert 0 < sum(waits) < 0.5


def test_the_message_names_the_holder(tmp_path):
    with (
        exclusive(tmp_path / "x.lock", "run-7"),
        pytest.raises(StorageError, match=f"run-7, on which process {os.getpid()} works"),
        exclusive(tmp_path / "x.lock", "run-7"),
    ):
        pytest.fail("entered twice")


def test_a_holder_that_has_not_said_its_number(tmp_path):
    with exclusive(tmp_path / "x.lock", "x"):
        (tmp_path / "x.lock").write_bytes(b"")
        with (
            pytest.raises(StorageError, match="another process works"),
            contextlib.ExitStack() as s,
        ):
            s.enter_context(exclusive(tmp_path / "x.lock", "x"))


def test_a_left_over_lock_file_does_not_lock(tmp_path):
    (tmp_path / "x.lock").write_text("999999")
    with exclusive(tmp_path / "x.lock", "x"):
        assert (tmp_path / "x.lock").read_text() == str(os.getpid())


def test_a_lock_file_replaced_while_waiting_is_opened_again(tmp_path, monkeypatch):
    path, take, calls = tmp_path / "x.lock", lock._lock, []

    def replaced_first(descriptor):
        calls.append(descriptor)
        if len(calls) == 1:
            path.unlink()  # what the previous holder does on leaving
        if len(calls) == 2:
            path.unlink()
            path.write_text("of somebody else")
        take(descriptor)

    monkeypatch.setattr(lock, "_lock", replaced_first)
    with exclusive(path, "x"):
        assert len(calls) == 3
        assert path.read_text().startswith(str(os.getpid()))


def test_errors_of_the_file_system_are_explained(tmp_path, monkeypatch):
    with (
        pytest.raises(StorageError, match="must be a directory that can be written"),
        exclusive(tmp_path / "no" / "x.lock", "x"),
    ):
        pytest.fail("entered")

    def fail(descriptor):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(lock, "_lock", fail)
    with (
        pytest.raises(StorageError, match="Input/output error"),
        exclusive(tmp_path / "x.lock", "x"),
    ):
        pytest.fail("entered")


def finished_process():
    return subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@pytest.mark.usefixtures("no_locks")
def test_without_locks_an_owner_file_excludes(tmp_path):
    owner = tmp_path / "x.lock.owner"
    with exclusive(tmp_path / "x.lock", "x"):
        assert list(tmp_path.iterdir()) == [owner]
        with (
            pytest.raises(StorageError, match=f"process {os.getpid()} works") as caught,
            exclusive(tmp_path / "x.lock", "x"),
        ):
            pytest.fail("entered")
        assert f"delete {owner}" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_dead_owner_is_replaced(tmp_path):
    owner = tmp_path / "x.lock.owner"
    owner.write_text(f"{finished_process()} {lock._this_machine()}")
    with exclusive(tmp_path / "x.lock", "x"):
        assert owner.read_text().split() == [str(os.getpid()), lock._this_machine()]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_locks")
@pytest.mark.parametrize("text", ["{dead} of-another-machine", "1 {here}", "", "x {here}"])
def test_without_locks_an_owner_that_may_live_is_respected(tmp_path, text):
    owner = tmp_path / "x.lock.owner"
    text = text.format(dead=finished_process(), here=lock._this_machine())
    owner.write_text(text)
    with pytest.raises(StorageError, match=f"delete {owner}"), exclusive(tmp_path / "x.lock", "x"):
        pytest.fail("entered")
    assert owner.read_text() == text


@pytest.mark.usefixtures("no_locks")
def test_without_locks_an_owner_that_came_after_a_dead_one_is_respected(tmp_path, monkeypatch):
    owner, read = tmp_path / "x.lock.owner", lock._read
    owner.write_text(f"{finished_process()} {lock._this_machine()}")
    new = f"{os.getpid()} {lock._this_machine()}"

    def read_then_replaced(path):
        text = read(path)
        if path == owner:
            owner.write_text(new)  # another process was faster
        return text

    monkeypatch.setattr(lock, "_read", read_then_replaced)
    with (
        pytest.raises(StorageError, match="must be the only one"),
        exclusive(tmp_path / "x.lock", "x"),
    ):
        pytest.fail("entered")
    assert owner.read_text() == new


def test_alive(monkeypatch):
    assert is_alive(os.getpid())
    assert not is_alive(int(finished_process()))

    def forbidden(pid, signal):
        raise PermissionError

    monkeypatch.setattr(os, "kill", forbidden)
    assert is_alive(1)
