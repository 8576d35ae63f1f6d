"""Folders that would make a careless reader wait, run out of memory, or divide by zero."""

import io
import os
import tracemalloc
import zipfile

import numpy as np
import pytest

from surefit_checker import check

MEMORY = 500e6


@pytest.fixture
def measured():
    """Verdict of a check that must not take more than half a gigabyte."""

    def run(folder):
        tracemalloc.start()
        try:
            verdict = check(folder)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < MEMORY
        return verdict

    return run


@pytest.fixture
def folder(certificates, tmp_path):
    honest = certificates[0]
    (tmp_path / "certificate.json").write_bytes(honest.text)
    (tmp_path / "arrays.npz").write_bytes(honest.archive)
    return tmp_path


@pytest.mark.parametrize("name", ["bombs", "wrong shapes", "deep nesting", "other members"])
def test_memory(name, certificates, forgeries, measured, folder):
    rng = np.random.default_rng(0)
    for honest in certificates[:3] * 4:
        text, archive, allowed = forgeries[name](honest, rng)
        (folder / "certificate.json").write_bytes(text)
        (folder / "arrays.npz").write_bytes(archive)
        verdict = measured(folder).verdict
        assert allowed is None or verdict in allowed


def test_a_directory_of_a_million_members(folder, measured):
    """The end of the archive lists so many that the list alone would fill the memory."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("x.npy", b"")
    raw = stream.getvalue()
    start, end = raw.index(b"PK\1\2"), raw.index(b"PK\5\6")
    entry, number = raw[start:end], 400_000
    tail = bytearray(raw[end:])
    tail[12:16] = (number * len(entry)).to_bytes(4, "little")
    (folder / "arrays.npz").write_bytes(raw[:start] + entry * number + bytes(tail))
    verdict = measured(folder)
    assert (
        verdict.verdict == "invalid" and "larger than the arrays that are listed" in verdict.reason
    )


@pytest.mark.parametrize("name", ["certificate.json", "arrays.npz"])
def test_pipes_and_devices_are_not_opened(name, folder):
    (folder / name).unlink()
    os.mkfifo(folder / name)
    verdict = check(folder)
    assert verdict.verdict == "invalid" and "as ordinary files" in verdict.reason
    (folder / name).unlink()
    (folder / name).symlink_to("/dev/zero")
    verdict = check(folder)
    assert verdict.verdict == "invalid" and "as ordinary files" in verdict.reason


@pytest.mark.parametrize("step", [5e-324, 1e-300, 1e-100, 1e-18])
def test_steps_too_short_to_count(step, build, tmp_path):
    case = build.two_layer(3, 3, 6)
    own = {"kind": "initialisation", "reach": 1e-2, "step_size": step}
    verdict = check(case.save(tmp_path, own))
    assert verdict.verdict == "cannot decide" and "is too short" in verdict.reason
    own = {"kind": "shadowing", "rho": 1e-2, "step_size": step, "steps": 2}
    verdict = check(case.save(tmp_path, own, scale=1e-150))
    if step <= 1e-100:  # a product without all its digits, or 0
        assert verdict.verdict == "cannot decide" and "is out of range" in verdict.reason
    assert check(case.save(tmp_path, own, scale=1e300)).verdict in ("refused", "cannot decide")


def test_kernels_with_entries_of_all_sizes(build, tmp_path):
    """In many bits too there is a verdict where elimination finds no pivot."""
    case = build.two_layer(3, 3, 6)
    case.arrays["w2"][0, 0] = 2.0**512
    folder = case.save(tmp_path, {"kind": "flow", "rho": 1e-6, "start_radius": 0.0})
    for bits in (53, 256):
        assert check(folder, bits=bits).verdict == "cannot decide"


@pytest.mark.parametrize("size", [1e200, 1.7976931348623157e308])
def test_no_sentence_has_numbers_beyond_float64(size, build, tmp_path):
    layers = [build.dense("w1", 1.0, "relu"), build.dense("w2", 1.0, "identity")]
    case = build.case(layers, {"w1": (2, 2), "w2": (1, 2)}, np.array([[1.0, 0.0]]))
    case.arrays |= {"w1": np.array([[3.0, 0.0], [-1.0, 0.0]]), "y": np.ones((1, 1))}
    case.arrays["w2"] = np.array([[2.0, size]])  # the second feature is 0
    folder = case.save(tmp_path, {"kind": "homogeneous"})
    text = (folder / "certificate.json").read_text().replace("squared", "cross_entropy")
    (folder / "certificate.json").write_text(text)
    for bits in (53, 256):
        verdict = check(folder, bits=bits)
        assert verdict.verdict == ("proved" if size < 1e300 else "cannot decide")
        assert "nan" not in (verdict.statement + verdict.reason).lower()
