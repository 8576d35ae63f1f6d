"""What the rows of the tables speak of: a tiny problem, and a folder with bad files."""

from __future__ import annotations

import gzip
import math
import pickle
import struct
from pathlib import Path
from typing import Any

import jax
import numpy as np

import surefit as sf
from surefit import data, report
from surefit import estimators as est
from surefit.core.jsonable import read_json
from surefit.runs import CertifySpec, Store


def library() -> dict[str, Any]:
    """A network of eight features on five samples."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5, 3))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = np.sign(x[:, 0])
    network, implicit = sf.models.shallow(8), sf.models.implicit_relu(8)
    problem = sf.Problem(network, x, y)
    params = problem.init(0)

    def setting(**numbers):
        return sf.theory.Setting(problem, params, **numbers)

    return {
        "sf": sf,
        "np": np,
        "est": est,
        "nan": math.nan,
        "inf": math.inf,
        "x": x,
        "y": y,
        "classes": np.array([0, 1, 0, 1, 1]),
        "network": network,
        "cnn": sf.Serial(sf.Flatten(), sf.Dense(1)),
        "problem": problem,
        "params": params,
        "not_finite": jax.tree.map(lambda leaf: leaf * math.nan, params),
        "implicit": implicit,
        "implicit_params": sf.Problem(implicit, x, y).init(0),
        "k": np.asarray(problem.limit().ntk),
        "setting": setting,
    }


def files() -> dict[str, Any]:
    """The readers, and files in the current directory for them to refuse."""
    write_files(Path())

    def begin(store):
        with store.begin(CertifySpec()):
            raise AssertionError("a run began")

    for name in (".incomplete", CertifySpec().run_id):
        (Path("taken") / name).mkdir(parents=True)
    return {
        **library(),
        "data": data,
        "load": data.load,
        "digits": data.load("digits"),
        "CertifySpec": CertifySpec,
        "Store": Store,
        "Path": Path,
        "read_json": read_json,
        "report": report,
        "begin": begin,
        "taken": Store("taken"),
    }


class Touch:
    """Makes a file where it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path("unpickled"),)


def write_files(folder: Path) -> None:
    """Files that are damaged, of another kind, or not what their names say."""
    (folder / "folder.csv").mkdir()
    texts = {
        "notes.txt": "nothing",
        "empty.csv": "",
        "words.csv": "x,y\n1,0\nb,1\n2,0\n",
        "ragged.csv": "1,2,0\n3,4,1\n5,0\n",
        "gaps.csv": "1,2,0\n3,NA,1\n",
        "good.csv": "a,b,c\n1,2,0\n3,4,1\n5,6,0\n7,8,1\n",
        "twice.csv": "a,a,c\n1,2,0\n3,4,1\n",
        "decimal.csv": "1,5;0\n2,5;1\n",
        "header.csv": "a,b,c\n",
        "one.csv": "a,b,c\n1,2,0\n",
        "dates.csv": "day,a,c\n2026-01-02,1,0\n2026-01-03,2,1\n",
        "target.toml": 'data = "good.csv"\ntarget = true\n',
        "target_grid.toml": '[base]\ndata = "good.csv"\n[grid]\ntarget = ["a", "weight"]\n',
        "text.npz": "not an archive",
        "broken.toml": "width = \n",
        "other.toml": 'colour = "red"\n',
        "deep.toml": "x = " + "[" * 100_000,
        "deep.json": "[" * 100_000,
        "grid.toml": "[base]\nsamples = 20\n[grid]\nwidth = [8]\n",
        "wrong_grid.toml": "[grid]\nwidht = [8]\n",
        "raises.py": "1 / 0",
        "deep/result.json": "[" * 100_000,
        "deep/certificate.json": "[" * 100_000,
        "deep/arrays.npz": "",
        "nonsense/certificate.json": "{}",
        "nonsense/arrays.npz": "",
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "latin.csv").write_bytes("größe,y\n1,0\n2,1\n".encode("latin-1"))
    (folder / "latin.toml").write_bytes('data = "größe"\n'.encode("latin-1"))
    (folder / "damaged.csv.gz").write_bytes(gzip.compress(b"1,2,0\n" * 50)[:-9])
    x, y = np.arange(8.0).reshape(4, 2), np.array([0, 1, 0, 1])
    np.savez(folder / "good.npz", x=x, y=y)
    np.savez(folder / "other.npz", a=x, b=y)
    np.savez(folder / "uneven.npz", x=x[:3], y=y)
    np.savez(folder / "pickled.npz", x=np.array([Touch()], dtype=object), y=y[:1])
    assert pickle.dumps(Touch())
    (folder / "cut.npz").write_bytes((folder / "good.npz").read_bytes()[:200])
    images = b"\0\0\x08\x03" + struct.pack(">3I", 2, 2, 2) + bytes(8)
    (folder / "good-images-idx3-ubyte").write_bytes(images)
    (folder / "lonely-images-idx3-ubyte").write_bytes(images)
    (folder / "cut-images-idx3-ubyte").write_bytes(images[:-3])
    huge = b"\0\0\x08\x03" + struct.pack(">3I", *[2**32 - 1] * 3)
    (folder / "huge-images-idx3-ubyte").write_bytes(huge)
    labels = b"\0\0\x08\x01" + struct.pack(">I", 2) + bytes(2)
    (folder / "good-labels-idx1-ubyte").write_bytes(labels)
