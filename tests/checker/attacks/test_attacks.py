"""Forged and damaged certificates: what is accepted is true, and nothing but a verdict comes out.

An accepted folder must be accepted in 256 bits as well, and its statement must hold by a
computation that shares nothing with the checker.
"""

import shutil
import signal
import sys
from collections import Counter

import numpy as np
import pytest

from surefit_checker import check

CLASSES = [
    "bits, old hashes",
    "bits, new hashes",
    "weights moved, old hashes",
    "weights moved, new hashes",
    "entries exchanged, old hashes",
    "entries exchanged, new hashes",
    "arrays exchanged",
    "wrong labels",
    "scaled arrays",
    "equal samples",
    "not finite",
    "denormal entries",
    "huge entries",
    "bits of the description",
    "bytes of the description",
    "description cut off",
    "deep nesting",
    "keys twice",
    "numbers scaled",
    "numbers of the statement",
    "other kinds of statements",
    "extreme numbers",
    "other spellings of numbers",
    "odd values",
    "other keys",
    "optimistic claims",
    "wrong hashes",
    "wrong shapes",
    "other networks",
    "bits of the archive",
    "bits of headers",
    "bytes of headers",
    "archive cut off",
    "more bytes in the archive",
    "other members",
    "other headers of arrays",
    "bombs",
    "other folders",
]


class Endless(BaseException):
    """A check that takes too long; no exception that anybody catches."""


def stop(*_):
    raise Endless


@pytest.fixture
def bounded():
    """A check that must end within a second of work, and within a minute if it waits."""
    before = [(one, signal.signal(one, stop)) for one in (signal.SIGVTALRM, signal.SIGALRM)]

    def run(folder, **options):
        signal.setitimer(signal.ITIMER_VIRTUAL, 1.0)
        signal.alarm(60)
        try:
            return check(folder, **options)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
            signal.alarm(0)

    yield run
    for number, handler in before:
        signal.signal(number, handler)


@pytest.fixture
def attacked(bounded, truth, tmp_path):
    """Writes the files of an attack and judges the verdict on them."""
    folder = tmp_path / "forged"

    def run(name, honest, text, archive, allowed, change=lambda folder: None, twice=True):
        folder.mkdir(exist_ok=True)
        (folder / "certificate.json").write_bytes(text)
        (folder / "arrays.npz").write_bytes(archive)
        change(folder)
        try:
            verdict = bounded(folder)
            assert verdict.verdict in ("proved", "refused", "cannot decide", "invalid")
            assert allowed is None or verdict.verdict in allowed, verdict
            assert (verdict.reason == "") == (verdict.verdict == "proved")
            # Where more bits prove it, the answer in fewer is that it is not decided.
            if verdict.verdict == "proved" and truth(folder, verdict, honest):
                again = bounded(folder, bits=256)
                assert again.verdict == "proved" or "in float64 only" in again.reason, again
            elif twice and verdict.verdict in ("refused", "cannot decide"):
                again = bounded(folder, bits=256)
                # A claim is refused if what is proved in the same precision is worse.
                known = verdict.verdict == "refused" and "is claimed to be" not in verdict.reason
                assert not known or again.verdict != "proved", verdict
        except BaseException as error:
            kept = tmp_path / "kept"
            if folder.is_dir():
                shutil.copytree(folder, kept, symlinks=True)
            error.add_note(f"{name} of {honest.name}, kept in {kept}")
            raise
        return verdict.verdict

    yield run
    shutil.rmtree(folder, ignore_errors=True)


def attack(name, number, certificates, forgeries, attacked, tmp_path, seed=0):
    """So many forgeries of a class, of all honest certificates in turn; the verdicts."""
    rng, counts = np.random.default_rng((seed, CLASSES.index(name))), Counter()
    for i in range(number):
        honest = certificates[i % len(certificates)]
        made = forgeries[name](honest, rng)
        if len(made) == 2:  # a change of the folder
            change, allowed = made
            made = honest.text, honest.archive, allowed
            counts[attacked(name, honest, *made, change)] += 1
            shutil.rmtree(tmp_path / "forged", ignore_errors=True)
            (tmp_path / "forged").unlink(missing_ok=True)
        else:
            counts[attacked(name, honest, *made)] += 1
    return counts


def test_every_class_is_run(forgeries):
    assert sorted(CLASSES) == sorted(forgeries)


@pytest.mark.parametrize("name", CLASSES)
def test_a_sample(name, certificates, forgeries, attacked, tmp_path):
    counts = attack(name, 36, certificates, forgeries, attacked, tmp_path)
    assert sum(counts.values()) == 36  # three of every certificate


@pytest.mark.slow
@pytest.mark.parametrize("name", CLASSES)
def test_many(name, certificates, forgeries, attacked, tmp_path):
    counts = attack(name, 300, certificates, forgeries, attacked, tmp_path, seed=1)
    sys.stdout.write(f"{name}: {dict(counts)}\n")
    assert sum(counts.values()) == 300


@pytest.mark.slow
def test_every_bit_of_the_headers(certificates, header_bits, attacked):
    honest, counts = certificates[0], Counter()
    for made in header_bits(honest):
        counts[attacked("every bit of the headers", honest, *made)] += 1
    sys.stdout.write(f"every bit of the headers: {dict(counts)}\n")
    assert sum(counts.values()) > 7000
