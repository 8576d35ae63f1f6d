import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from surefit.cli.certify import what_else
from surefit.core.record import RunRecord
from surefit.runs import CertifySpec

SMALL = ("certify", "--samples", 24, "--classes", 0, 1, "--width", 64, "--out", "runs")


def only_run(root):
    (path,) = [p for p in (root / "runs").iterdir() if p.name != ".incomplete"]
    return path


def test_a_run_is_certified_once_and_found_again(surefit, tmp_path):
    code, out, _ = surefit(*SMALL)
    assert code == 0, out
    for word in ("Theorems", "oymak_soltanolkotabi_2019", "Certificates", "kantorovich", "Report:"):
        assert word in out
    run = only_run(tmp_path)
    names = {"spec.json", "environment.json", "result.json", "trajectory.npz", "report.html"}
    assert names <= {p.name for p in run.iterdir()}
    assert not list((tmp_path / "runs" / ".incomplete").glob("*.scratch"))
    record = RunRecord.load(run)
    assert record.holds is True
    holding = {certificate.name for certificate in record.certificates if certificate.holds}
    assert {"kantorovich_majorant", "bartlett_montanari_rakhlin"} <= holding
    assert not any(theorem.prediction.applies is False and theorem.prediction.failing == ()
                   for theorem in record.theorems)  # fmt: skip
    before = (run / "result.json").stat().st_mtime_ns
    code, out, _ = surefit(*SMALL)
    assert code == 0
    assert "nothing was computed again" in out
    assert (run / "result.json").stat().st_mtime_ns == before


def test_the_printed_command_names_the_same_run(surefit, tmp_path):
    code, _, _ = surefit(*SMALL, "--steps", 3, "--no-antisymmetric")
    assert code == 1
    words = RunRecord.load(only_run(tmp_path)).command.split()[1:]
    code, out, _ = surefit(*words, "--out", "runs")
    assert code == 1
    assert "nothing was computed again" in out


def test_no_certificate_is_exit_code_one_and_says_what_is_missing(surefit, tmp_path):
    code, out, _ = surefit(*SMALL, "--steps", 3)
    assert code == 1
    assert "No certificate after 3 steps" in out
    assert RunRecord.load(only_run(tmp_path)).holds is False


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"data": "my.csv"}, "`--preprocess sphere --weight-std 8 --polish`."),
        ({"data": "wine", "polish": True, "weight_std": 2.0}, "`--preprocess sphere`."),
        ({"data": "my.csv", "preprocess": ["sphere"]}, None),
        ({"data": "my.csv", "loss": "mean_cross_entropy"}, None),
        ({"data": "digits"}, None),
    ],
)
def test_a_table_without_a_certificate_is_shown_another_preprocessing(
    fields, shown, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("my.csv").write_text("1,2,0\n2,1,1\n", encoding="utf-8")
    hint = what_else(CertifySpec.parse(fields))
    assert hint == "" if shown is None else hint.endswith(f"Try the same command with {shown}")


def test_quiet_prints_the_verdict_only(surefit):
    code, out, err = surefit(*SMALL, "--steps", 3, "--quiet")
    assert code == 1
    assert "Theorems" not in out
    assert "No certificate" in out
    assert err == ""


CSV_NAN = "a,b,label\n1,2,0\n3,nan,1\n4,5,1\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--activation", "tahn"), "Did you mean 'tanh'"),
        (("--network", "shalow"), "Did you mean 'shallow'"),
        (("--init", "wid"), "Did you mean 'wide'"),
        (("--loss", "half_square"), "Did you mean 'half_squared'"),
        (("--method", "gradient_decent"), "Did you mean 'gradient_descent'"),
        (("--theorems", "du_2019"), "Did you mean 'du_2018'"),
        (("--monitors", "flip"), "Did you mean 'flips'"),
        (("--preprocess", "center"), "Did you mean 'centre'"),
        (("--labels", "onehot"), "Did you mean 'one_hot'"),
        (("--data", "digit"), "Did you mean 'digits'"),
        (("--data", "nan.csv"), "missing values. Got some in row 1"),
        (("--data", "missing.csv"), "missing.csv"),
        (("--width", "0"), "at least 1"),
        (("--width", "7"), "even number of hidden features"),
        (("--samples", "1"), "at least 2"),
        (("--classes", "0"), "two or more"),
        (("--classes", "0", "77"), "77"),
        (("--depth", "2"), "must be 1 for network 'shallow'"),
        (("--network", "two_layer", "--classes", "0", "1", "2"), "one output"),
        (("--plugin", "nothing.py"), "must name a Python file"),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_is_exit_code_two_and_leaves_nothing(surefit, tmp_path, arguments, message):
    (tmp_path / "nan.csv").write_text(CSV_NAN, encoding="utf-8")
    code, out, err = surefit("certify", *arguments, "--out", "runs")
    assert code == 2, out + err
    assert message in err
    assert "Traceback" not in err
    assert not (tmp_path / "runs").exists()


def test_a_run_that_does_not_fit_into_memory_is_refused_before_it_starts(
    surefit, tmp_path, monkeypatch
):
    from surefit.core import memory

    monkeypatch.setattr(memory, "available_bytes", lambda: 100_000_000)
    code, _, err = surefit("certify", "--out", "runs")
    assert code == 2
    assert "MiB" in err or "GiB" in err
    assert "--samples" in err
    assert not (tmp_path / "runs").exists()


def test_a_store_that_cannot_be_written_is_refused(surefit, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    code, _, err = surefit(*SMALL[:-1], "file/runs")
    assert code == 2
    assert "file" in err


def test_a_spec_file_and_the_options_that_win_over_it(surefit, tmp_path):
    code, toml, _ = surefit("certify", "--width", 32, "--classes", 0, 1, "--show-spec")
    assert code == 0
    (tmp_path / "spec.toml").write_text(toml, encoding="utf-8")
    code, again, _ = surefit("certify", "--spec", "spec.toml", "--seed", 5, "--show-spec")
    assert code == 0
    assert "width = 32" in again
    assert "seed = 5" in again
    assert "classes = [0, 1]" in again


PLUGIN = """
import dataclasses
import jax.numpy as jnp
from surefit.activations import Activation

@dataclasses.dataclass(frozen=True)
class Isru(Activation):
    "z / sqrt(1 + z^2)."
    lipschitz = 1.0
    smoothness = 0.8587  # 48 / (25 sqrt 5), at z = 1/2

    def __call__(self, z):
        return z / jnp.sqrt(1 + z**2)
"""


def test_a_plugin_brings_its_own_activation(tmp_path):
    (tmp_path / "isru.py").write_text(PLUGIN, encoding="utf-8")
    # A process of its own: the class would stay in the catalogue of this one.
    words = [*map(str, SMALL), "--steps", "3", "--plugin", "isru.py", "--activation", "isru"]
    done = run_in_process(words, tmp_path)
    assert done.returncode == 1, done.stderr
    assert "No certificate after 3 steps" in done.stdout


def run_in_process(words, directory, **kwargs):
    return subprocess.run(
        [sys.executable, "-c", "from surefit.cli import main; main()", *words],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        **kwargs,
    )


# Hard enough to go on for several seconds, easy enough to end by itself.
LONG = [
    *("certify", "--samples", "60", "--classes", "0", "1", "--width", "128", "--init", "ntk"),
    *("--steps", "12000", "--monitors", "loss", "gram_smallest", "--theorems", "lee_2019"),
]


@pytest.fixture(scope="module")
def uninterrupted(compiled_alike, tmp_path_factory):
    directory = tmp_path_factory.mktemp("whole")
    done = run_in_process([*LONG, "--out", "runs"], directory)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, *result(directory)


def result(directory):
    with np.load(only_run(directory) / "trajectory.npz") as arrays:
        measured = {name: arrays[name].copy() for name in arrays.files}
    return measured, json.loads((only_run(directory) / "result.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_run_goes_on_and_ends_with_the_same_numbers(tmp_path, sign, uninterrupted):
    command = [sys.executable, "-c", "from surefit.cli import main; main()", *LONG]
    child = subprocess.Popen(
        [*command, "--out", "runs"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    scratch = tmp_path / "runs" / ".incomplete"
    deadline = time.monotonic() + 200
    while not list(scratch.glob("*.scratch/*")) and child.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    child.send_signal(sign)
    _, err = child.communicate(timeout=200)
    if sign is signal.SIGINT:
        assert child.returncode == 3, err
        assert "run the same command again" in err
    else:
        assert child.returncode == -signal.SIGKILL
    assert [p.name for p in (tmp_path / "runs").iterdir()] == [".incomplete"]
    resumed = run_in_process([*LONG, "--out", "runs"], tmp_path)
    code, whole, verdict = uninterrupted
    assert resumed.returncode == code, resumed.stderr
    measured, again = result(tmp_path)
    assert whole.keys() == measured.keys()
    for name, values in whole.items():
        np.testing.assert_array_equal(values, measured[name], err_msg=name)
    assert verdict["verdict"] == again["verdict"]
    assert verdict["spectra"] == again["spectra"]
