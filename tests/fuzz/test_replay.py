"""What fuzzing found, and what it would find first: every input once, without atheris."""

import importlib.util
import random
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROUNDS = {"idx": 200, "csv": 250, "npz": 200, "toml": 250, "certificate": 250}
# Numbers and marks that readers stumble over.
PIECES = [b"\xff" * 4, b"\0" * 8, b"PK\6\6", b"[" * 50, b"1e999", b"nan", b'"', b"\n", b",", b"-1"]


@pytest.fixture(scope="module")
def targets():
    spec = importlib.util.spec_from_file_location("fuzz_targets", HERE / "targets.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def little_memory(monkeypatch):
    monkeypatch.setattr("surefit.core.memory.available_bytes", lambda: 2**28)


def mutated(chance, seeds):
    """A seed with a few bytes changed, cut out, repeated or put in."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(data) + 1)
        end = min(len(data), place + chance.randint(1, 20))
        kind = chance.randrange(4)
        if kind == 0 and data:
            data[place % len(data)] = chance.randrange(256)
        elif kind == 1:
            del data[place:end]
        elif kind == 2:
            data[place:place] = data[place:end]
        else:
            data[place:end] = chance.choice(PIECES)
    return bytes(data)


@pytest.mark.parametrize("name", ROUNDS)
def test_seeds_findings_and_mutations(name, targets, tmp_path):
    target, seeds = targets.TARGETS[name], targets.SEEDS[name]
    found = [path.read_bytes() for path in sorted((HERE / "regressions" / name).glob("*"))]
    chance = random.Random(0)
    small = [seed for seed in seeds if len(seed) < 5_000]
    for data in [*seeds, *found, *(mutated(chance, small) for _ in range(ROUNDS[name]))]:
        target(data, tmp_path)


def test_every_target_has_rounds_and_seeds(targets):
    assert set(targets.TARGETS) == set(targets.SEEDS) == set(ROUNDS)


def test_the_seed_certificate_is_proved(targets, tmp_path):
    for name, content in zip(("certificate.json", "arrays.npz"), targets.CERTIFICATE, strict=True):
        (tmp_path / name).write_bytes(content)
    assert targets.check(tmp_path).verdict == "proved"


def test_a_target_can_fail(targets, tmp_path, monkeypatch):
    def broken(*arguments, **options):
        raise KeyError("not one of ours")

    monkeypatch.setattr(targets, "load", broken)
    with pytest.raises(KeyError):
        targets.fuzz_idx(b"", tmp_path)
