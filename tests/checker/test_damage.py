"""Whatever is done to a folder, it is not proved; and nothing but a verdict comes out."""

import io
import json
import shutil
import zipfile

import numpy as np
import pytest

from surefit_checker import check

NAME = "two layers"


@pytest.fixture
def folder(fitted, honest, tmp_path):
    folder = fitted(NAME).save(tmp_path / "certificate", honest(NAME))
    assert check(folder).verdict == "proved"
    return folder


@pytest.fixture
def resaved(fitted, honest, tmp_path):
    """The verdict on a folder whose arrays were changed before it was written, hashes and all."""

    def run(**arrays):
        case = fitted(NAME)
        changed = type(case)(case.network, case.arrays | arrays)
        return check(changed.save(tmp_path / "resaved", honest(NAME)))

    return run


def leaves(spec, path=()):
    """All entries of nested objects and lists, by their paths."""
    if not isinstance(spec, dict | list):
        return {path: spec}
    items = spec.items() if isinstance(spec, dict) else enumerate(spec)
    return {key: v for k, one in items for key, v in leaves(one, (*path, k)).items()}


def test_flipped_bits_of_the_description(folder):
    rng, path = np.random.default_rng(0), folder / "certificate.json"
    raw = path.read_bytes()
    before, proved = leaves(json.loads(raw)), 0
    for _ in range(300):
        damaged = bytearray(raw)
        damaged[int(rng.integers(len(raw)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(damaged))
        if check(folder).verdict == "proved":
            proved += 1
            # White space, or a digit of a number: the proof is of the other network or step.
            after = leaves(json.loads(bytes(damaged)))
            assert after.keys() == before.keys()
            for key in before:
                if after[key] != before[key]:
                    assert before[key].startswith("0x") and float.fromhex(after[key]) > 0
    assert proved < 100


def test_flipped_bits_of_the_arrays(folder, fitted):
    rng, path = np.random.default_rng(0), folder / "arrays.npz"
    raw = path.read_bytes()
    bodies = [(raw.index(a.tobytes()), a.nbytes) for a in fitted(NAME).arrays.values()]
    for _ in range(200):
        damaged, position = bytearray(raw), int(rng.integers(len(raw)))
        damaged[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(damaged))
        verdict = check(folder)
        inside = any(start <= position < start + size for start, size in bodies)
        # Outside the entries there are dates and the like, which nobody reads.
        assert verdict.verdict == "invalid" if inside else verdict.verdict in ("invalid", "proved")


def test_truncated_and_missing_files(folder, tmp_path):
    for name in ("certificate.json", "arrays.npz"):
        raw = (folder / name).read_bytes()
        for length in (0, 10, len(raw) // 2, len(raw) - 1):
            (folder / name).write_bytes(raw[:length])
            assert check(folder).exit_code == 2
        (folder / name).unlink()
        assert check(folder).exit_code == 2
        (folder / name).write_bytes(raw)
    shutil.rmtree(folder)
    assert check(folder).exit_code == 2


def test_swapped_arrays(fitted, honest, tmp_path):
    case = fitted(NAME)
    folder = case.save(tmp_path / "swapped", honest(NAME))
    arrays = case.arrays
    np.savez(folder / "arrays.npz", **(arrays | {"x": arrays["x"][::-1]}))
    verdict = check(folder)
    assert verdict.verdict == "invalid" and "does not have the listed hash" in verdict.reason


def test_perturbed_weights_with_new_hashes(fitted, resaved):
    w = fitted(NAME).arrays["w1"]
    assert resaved().verdict == "proved"
    assert resaved(w1=w + 1e-5).verdict == "refused"
    assert resaved(w1=w[::-1]).verdict == "refused"


def test_wrong_labels_with_new_hashes(fitted, resaved):
    y = fitted(NAME).arrays["y"]
    wrong = y.copy()
    wrong[3] *= -1
    verdict = resaved(y=wrong)
    assert verdict.verdict == "refused" and verdict.steps
    assert resaved(y=y[::-1]).verdict == "refused"


def test_entries_that_are_not_finite(fitted, resaved):
    for bad in (np.nan, np.inf, -np.inf):
        x = fitted(NAME).arrays["x"].copy()
        x[2, 1] = bad
        verdict = resaved(x=x)
        assert verdict.verdict == "invalid" and "not finite" in verdict.reason


def test_entries_of_every_size_end_in_a_verdict(fitted, resaved):
    w = fitted(NAME).arrays["w2"]
    for factor in (5e-324, 1e-310, 1e-150, 1e150, 1e300):
        assert resaved(w2=np.sign(w) * factor).verdict in ("refused", "cannot decide")


EDITS = {
    "format": lambda s: s.update(format="other"),
    "version": lambda s: s.update(version=2),
    "version as boolean": lambda s: s.update(version=True),
    "digits of another script": lambda s: s["statement"].update(rho="0x1.0p-١"),
    "too many digits": lambda s: s["statement"].update(rho="0x1." + "0" * 10_000 + "p-1"),
    "version as text": lambda s: s.update(version="1"),
    "unknown key": lambda s: s.update(comment="trust me"),
    "missing key": lambda s: s.pop("claims"),
    "unknown statement": lambda s: s["statement"].update(kind="magic"),
    "key of another statement": lambda s: s["statement"].update(kind="flow"),
    "unknown layer": lambda s: s["network"]["layers"][0].update(type="attention"),
    "unknown key of a layer": lambda s: s["network"]["layers"][0].update(dropout=0.5),
    "unknown activation": lambda s: s["network"]["layers"][0]["activation"].update(name="swish"),
    "decimal number": lambda s: s["statement"].update(rho="0.5"),
    "plain number": lambda s: s["statement"].update(rho=0.5),
    "infinite number": lambda s: s["statement"].update(rho="inf"),
    "nan": lambda s: s["statement"].update(rho="nan"),
    "overflowing number": lambda s: s["statement"].update(rho="0x1.0p+2000"),
    "negative radius": lambda s: s["statement"].update(rho=(-1.0).hex()),
    "zero step": lambda s: s["statement"].update(step_size=(0.0).hex()),
    "negative step": lambda s: s["statement"].update(step_size=(-1e-3).hex()),
    "zero factor": lambda s: s["network"]["layers"][0].update(factor=(0.0).hex()),
    "start radius beyond rho": lambda s: s["statement"].update(start_radius=(1.0).hex()),
    "another loss": lambda s: s["loss"].update(kind="hinge"),
    "negative scale": lambda s: s["loss"].update(scale=(-0.5).hex()),
    "no layers": lambda s: s["network"].update(layers=[]),
    "layers left out": lambda s: s["network"]["layers"].pop(),
    "layers of another order": lambda s: s["network"]["layers"].reverse(),
    "nothing trained": lambda s: [x.update(trained=False) for x in s["network"]["layers"]],
    "trained as number": lambda s: s["network"]["layers"][0].update(trained=1),
    "unknown array": lambda s: s["network"].update(inputs="z"),
    "array used twice": lambda s: s["network"].update(offset="y"),
    "shared weights": lambda s: s["network"]["layers"].insert(1, s["network"]["layers"][0]),
    "wrong hash": lambda s: s["arrays"]["x"].update(sha256="0" * 64),
    "wrong shape": lambda s: s["arrays"]["x"].update(shape=s["arrays"]["x"]["shape"][::-1]),
    "huge shape": lambda s: s["arrays"]["x"].update(shape=[2**20, 2**20]),
    "huge product": lambda s: s["arrays"]["x"].update(shape=[2**29] * 8),
    "negative shape": lambda s: s["arrays"]["x"].update(shape=[-12, -5]),
    "shape of booleans": lambda s: s["arrays"]["x"].update(shape=[True, 60]),
    "another type": lambda s: s["arrays"]["x"].update(dtype="object"),
    "array not listed": lambda s: s["arrays"].pop("x"),
    "path as name": lambda s: s["arrays"].update({"../x": s["arrays"]["x"]}),
    "unknown claim": lambda s: s["claims"].update(beauty=(1.0).hex()),
    "list for an object": lambda s: s.update(network=[]),
    "null for an object": lambda s: s.update(statement=None),
    "skip between different widths": lambda s: s["network"]["layers"][0].update(
        skip_in=(1.0).hex()
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_edited_descriptions_are_invalid(name, folder, edited):
    def edit(spec):
        EDITS[name](spec)

    verdict = edited(folder, edit)
    assert verdict.verdict == "invalid" and verdict.exit_code == 2, verdict
    assert verdict.reason


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"format": NaN}',
        b'{"version": 1, "version": 1}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b" " * (2**20 + 1),
        b"1" * 10_000,
    ],
    ids=range(10),
)
def test_other_texts_are_invalid(raw, folder):
    (folder / "certificate.json").write_bytes(raw)
    assert check(folder).exit_code == 2


def rewritten(folder, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(folder / "arrays.npz", "w", compression) as archive:
        for name, raw in members:
            archive.writestr(name, raw)
    return check(folder)


def members_of(folder):
    with zipfile.ZipFile(folder / "arrays.npz") as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def test_archives_with_other_members(folder):
    members = members_of(folder)
    assert rewritten(folder, members, zipfile.ZIP_DEFLATED).verdict == "proved"
    assert rewritten(folder, members[1:]).exit_code == 2
    assert rewritten(folder, [*members, ("evil.npy", b"")]).exit_code == 2
    with pytest.warns(UserWarning, match="Duplicate name"):
        assert rewritten(folder, [*members, members[0]]).exit_code == 2
    assert rewritten(folder, [("../x.npy", members[0][1]), *members[1:]]).exit_code == 2


def npy(array, **kwargs):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, **kwargs)
    return stream.getvalue()


def test_arrays_of_other_kinds(folder, fitted):
    members, x = dict(members_of(folder)), fitted(NAME).arrays["x"]
    for other in (
        npy(np.asfortranarray(x)),
        npy(x.astype(">f8")),
        npy(x.astype(np.float32)),
        npy(x.astype("c8")),
        npy(x, version=(2, 0)),
        npy(x.reshape(-1)),
        npy(np.array([object()] * x.size), allow_pickle=True),
        members["x.npy"] + b"\0",
        members["x.npy"][1:],
        b"\0" * len(members["x.npy"]),
    ):
        assert rewritten(folder, (members | {"x.npy": other}).items()).exit_code == 2


def test_a_bomb_is_not_unpacked(folder):
    members = dict(members_of(folder))
    bomb = members["x.npy"] + b"\0" * 2**26
    verdict = rewritten(folder, (members | {"x.npy": bomb}).items(), zipfile.ZIP_DEFLATED)
    assert verdict.verdict == "invalid" and "another size than listed" in verdict.reason
    # A directory that lies about the size is found by the size of what comes out.
    path = folder / "arrays.npz"
    raw = bytearray(path.read_bytes())
    honest = len(members["x.npy"]).to_bytes(4, "little")
    raw = raw.replace(len(bomb).to_bytes(4, "little"), honest)
    path.write_bytes(bytes(raw))
    assert check(folder).exit_code == 2


def test_arrays_that_nothing_uses(fitted, honest, tmp_path):
    case = fitted(NAME)
    more = type(case)(case.network, case.arrays | {"extra": np.ones(3)})
    verdict = check(more.save(tmp_path, honest(NAME)))
    assert verdict.verdict == "invalid" and "does not use the arrays" in verdict.reason


def test_huge_windows(build, tmp_path):
    case = build.convolutional()
    folder = case.save(tmp_path, {"kind": "flow", "rho": 1e-3, "start_radius": 0.0})
    path = folder / "certificate.json"
    for key, value in (("window", [2**30, 2**30]), ("strides", [0, 1]), ("padding", "mirror")):
        spec = json.loads(path.read_text())
        spec["network"]["layers"][0][key] = value
        path.write_text(json.dumps(spec))
        assert check(folder).exit_code == 2
        case.save(tmp_path, {"kind": "flow", "rho": 1e-3, "start_radius": 0.0})


def test_layers_that_would_be_too_large(build, tmp_path):
    """Refused by their sizes, before anything of that size is made."""
    m = 2**12
    x = build.sphere(2**13, 1)
    layers = [build.conv("w1", 1.0, [1]), {"type": "flatten"}, build.dense("w2", 1.0, "identity")]
    case = build.case(layers, {"w1": (m, 1), "w2": (1, m * 4)}, np.repeat(x[:, :, None], 4, 1))
    verdict = check(case.save(tmp_path, {"kind": "flow", "rho": 1.0, "start_radius": 0.0}))
    assert verdict.verdict == "invalid" and "larger than this checker takes" in verdict.reason
    case = build.case(layers[2:], {"w2": (1, 1)}, build.sphere(2**14 + 1, 1))
    case.network["layers"][0] = build.dense("w2", 1.0, "identity")
    verdict = check(case.save(tmp_path, {"kind": "flow", "rho": 1.0, "start_radius": 0.0}))
    assert verdict.verdict == "invalid" and "more than this checker takes" in verdict.reason


def test_the_precision_of_others_is_left_alone(folder):
    from flint import ctx

    before = ctx.prec
    check(folder, bits=200)
    assert ctx.prec == before
