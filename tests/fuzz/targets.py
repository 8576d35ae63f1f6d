"""What is fuzzed: readers of files, each with inputs to begin with.

A target takes the bytes of a file. It may raise the errors of the package and nothing else; the
checker may raise nothing at all.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from surefit.data import load
from surefit.errors import SurefitError
from surefit.runs import CertifySpec
from surefit_checker import check
from surefit_checker.verdict import Verdict

Target = Callable[[bytes, Path], None]


def fuzz_idx(data: bytes, folder: Path) -> None:
    """A file of images beside good labels, then the file as labels."""
    images, labels = folder / "images-idx3-ubyte", folder / "labels-idx1-ubyte"
    images.write_bytes(data)
    labels.write_bytes(_idx((4,), bytes([0, 1, 0, 1])))
    with contextlib.suppress(SurefitError):
        load(images)
    with contextlib.suppress(SurefitError):
        load(f"idx:{labels}", labels=images)


def fuzz_csv(data: bytes, folder: Path) -> None:
    """A table, with what is found in it and with given options."""
    path = folder / "table.csv"
    path.write_bytes(data)
    for options in ({}, {"target": [0], "header": True, "delimiter": ";"}):
        with contextlib.suppress(SurefitError):
            load(path, **options)


def fuzz_npz(data: bytes, folder: Path) -> None:
    """An archive as it is; and as one whose array x has these bytes, since few survive a CRC."""
    for content in (data, _archive({"x": data, "y": _npy(np.array([0, 1]))})):
        path = folder / "arrays.npz"
        path.write_bytes(content)
        with contextlib.suppress(SurefitError):
            load(path)


def fuzz_toml(data: bytes, folder: Path) -> None:
    """A spec; what is read is written and read again, and its name stays in the store."""
    path = folder / "spec.toml"
    path.write_bytes(data)
    with contextlib.suppress(SurefitError):
        spec = CertifySpec.from_file(path)
        assert CertifySpec.from_canonical(json.loads(spec.canonical_json())) == spec
        path.write_text(spec.to_toml(), encoding="utf-8")
        assert CertifySpec.from_file(path) == spec
        assert Path(spec.run_id).name == spec.run_id
        assert spec.run_id.isprintable()


def fuzz_certificate(data: bytes, folder: Path) -> None:
    """A certificate beside good arrays; an archive, where it begins as one, beside a good text."""
    text, arrays = CERTIFICATE
    if data[:2] == b"PK":
        arrays = data
    else:
        text = data
    (folder / "certificate.json").write_bytes(text)
    (folder / "arrays.npz").write_bytes(arrays)
    verdict = check(folder)
    assert isinstance(verdict, Verdict)
    # Nothing but the certificate itself may be proved; its text may be written in another way.
    if verdict.verdict == "proved" and data[:2] != b"PK":
        assert json.loads(text)["arrays"] == json.loads(CERTIFICATE[0])["arrays"]


def _idx(shape: tuple[int, ...], body: bytes, code: int = 8) -> bytes:
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + body


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=True)
    return file.getvalue()


def _archive(members: dict[str, bytes], packed: bool = False) -> bytes:
    file = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content, method)
    return file.getvalue()


def _certificate() -> tuple[bytes, bytes]:
    """A network of two hidden features that fits two samples, as its folder holds it."""
    arrays = {
        "x": np.eye(2),
        "y": np.array([[1.0], [-1.0]]),
        "w0": np.array([[1.0, -1.0], [1.0, 1.0]]),
        "w2": np.array([[1.0, 0.0]]),
    }
    shapes = {
        name: {
            "sha256": hashlib.sha256(array.astype("<f8").tobytes()).hexdigest(),
            "shape": list(array.shape),
            "dtype": "float64",
        }
        for name, array in arrays.items()
    }

    def affine(weights: str) -> dict:
        number = (1.0).hex()
        plain = {"factor": number, "trained": True, "activation": {"name": "identity"}}
        skips = {"bias": None, "skip_in": (0.0).hex(), "skip_out": number, "gain": number}
        skips["skip_out"] = (0.0).hex()
        return {"type": "dense", "weights": weights, **plain, **skips}

    document = {
        "format": "surefit-certificate",
        "version": 1,
        "statement": {
            "kind": "descent",
            "rho": (0.25).hex(),
            "step_size": (0.125).hex(),
            "start_radius": (0.0).hex(),
        },
        "loss": {"kind": "squared", "scale": (0.5).hex()},
        "network": {
            "inputs": "x",
            "targets": "y",
            "offset": None,
            "layers": [affine("w0"), affine("w2")],
        },
        "arrays": shapes,
        "claims": {},
    }
    packed = _archive({name: _npy(array) for name, array in arrays.items()})
    return json.dumps(document, indent=1).encode(), packed


CERTIFICATE = _certificate()
_X, _Y = np.arange(8.0).reshape(4, 2), np.array([0, 1, 0, 1])
_NPY = _npy(_X)

SEEDS: dict[str, list[bytes]] = {
    "idx": [
        _idx((4, 2, 2), bytes(range(16))),
        _idx((4,), bytes([0, 1, 1, 0])),
        _idx((4, 1), struct.pack(">4f", 1.0, 2.0, 3.0, 4.0), code=13),
        _idx((2**32 - 1,) * 3, b""),
        bytes([0, 0, 8, 255]) + bytes(4 * 255),
        gzip.compress(_idx((4, 2, 2), bytes(16)), mtime=0),
        gzip.compress(_idx((2**31, 2), bytes(10_000)), mtime=0),
    ],
    "csv": [
        b"a,b,c\n1,2,0\n3,4,1\n5,6,0\n7,8,1\n",
        b"1;2;x\n3;4;y\n5;6;x\n7;8;y\n",
        b'"a ""b""",c\r\n1,"2"\r\n',
        b"\xef\xbb\xbf1\t2\n3\t4\n",
        b"1,nan\n,2\n",
        b"x" * 5_000 + b",1\n",
        b"1," * 2_000 + b"1\n",
        gzip.compress(b"0,0\n" * 10_000, mtime=0),
        b"1e400,1\n-inf,2\n\n\n",
    ],
    "npz": [
        _archive({"x": _NPY, "y": _npy(_Y)}),
        _archive({"X": _NPY, "y": _npy(np.array(["a", "b", "a", "b"]))}, packed=True),
        _archive({"x": _npy(np.zeros((10_000, 10))), "y": _npy(np.zeros(10_000))}, packed=True),
        _archive({"x": _npy(np.array([None, {}], dtype=object)), "y": _npy(_Y)}),
        _NPY,
        _NPY.replace(b"(4, 2)", b"(2**40, 2)"[:6]),
        b"\x93NUMPY\x01\x00v\x00" + b"(" * 118,
    ],
    "toml": [
        CertifySpec(classes=(0, 1), samples=300).to_toml().encode(),
        b'data = "sphere"\nnetwork = "implicit"\ngamma = 0.1\n',
        b'classes = ["a", "b"]\nstep_size = 1e-3\npreprocess = []\n',
        b'data = "../../etc/passwd"\nactivation = "../x"\n',
        b"x = " + b"[" * 2_000,
        b"width = 1979-05-27T07:32:00Z\n",
    ],
    "certificate": [
        CERTIFICATE[0],
        CERTIFICATE[1],
        b"[" * 5_000,
        b'{"format": "surefit-certificate", "version": 1e400}',
    ],
}
TARGETS: dict[str, Target] = {
    "idx": fuzz_idx,
    "csv": fuzz_csv,
    "npz": fuzz_npz,
    "toml": fuzz_toml,
    "certificate": fuzz_certificate,
}
