"""Attacks on the folder itself: functions that change it, and the verdicts that are allowed."""

import os
import shutil

INVALID = ("invalid",)
FILES = ("certificate.json", "arrays.npz")


def one_of(rng, items):
    items = list(items)
    return items[int(rng.integers(len(items)))]


def _linked(target):
    def change(path):
        path.unlink()
        path.symlink_to(target)

    return change


def _moved(path):
    """A link to where the file is now: what is read is the same."""
    other = path.with_name("elsewhere")
    path.rename(other)
    path.symlink_to(other)


def _directory(path):
    path.unlink()
    path.mkdir()


def _pipe(path):
    path.unlink()
    os.mkfifo(path)


def _sparse(size):
    def change(path):
        with path.open("r+b") as file:
            file.truncate(size)

    return change


def _exchanged(path):
    one, two = (path.with_name(name) for name in FILES)
    one.rename(path.with_name("other"))
    two.rename(one)
    path.with_name("other").rename(two)


def _inside(path):
    """The whole folder one level deeper."""
    (path.parent / "deeper").mkdir()
    for name in FILES:
        path.with_name(name).rename(path.parent / "deeper" / name)


def _a_file(path):
    folder = path.parent
    shutil.rmtree(folder)
    folder.write_bytes(b"{}")


def _nothing(path):
    shutil.rmtree(path.parent)


CHANGES = (
    (lambda path: path.unlink(), INVALID),
    (lambda path: path.write_bytes(b""), INVALID),
    *((_linked(target), INVALID) for target in (
        "/dev/zero", "/dev/null", "/dev/random", "/dev/full", "nowhere", "arrays.npz", ".",
        "certificate.json", "/proc/self/mem", "/proc/self/environ", "/", "/dev/stdin",
    )),
    (_moved, ("proved",)),
    (_directory, INVALID),
    (_pipe, INVALID),
    (_sparse(2**34), INVALID),
    (_sparse(2**20), INVALID),
    (_exchanged, INVALID),
    (_inside, INVALID),
    (_a_file, INVALID),
    (_nothing, INVALID),
    (lambda path: path.with_name("more").write_bytes(b"x"), ("proved",)),
)  # fmt: skip


def folders(honest, rng):
    change, allowed = one_of(rng, CHANGES)
    name = one_of(rng, FILES)
    return lambda folder: change(folder / name), allowed


ATTACKS = {"other folders": folders}
