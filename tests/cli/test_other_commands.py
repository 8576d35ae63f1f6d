import subprocess
import sys

import pytest


def test_list_shows_every_kind(surefit):
    code, out, _ = surefit("list")
    assert code == 0
    for name in ("digits", "centre", "one_hot", "gelu", "dense", "half_squared", "gradient_flow",
                 "kernel_drift", "arora_2019", "kantorovich", "two_layer", "wide"):  # fmt: skip
        assert name in out


def test_list_of_one_kind(surefit):
    code, out, _ = surefit("list", "theorems")
    assert code == 0
    assert "lee_2019" in out
    assert "digits" not in out


def test_list_of_an_unknown_kind(surefit):
    code, _, err = surefit("list", "theorem")
    assert code == 2
    assert "Did you mean 'theorems'" in err


def test_report_needs_a_run(surefit, tmp_path):
    code, _, err = surefit("report", tmp_path)
    assert code == 2
    assert "result.json" in err


def test_report_is_written_again(surefit, tmp_path):
    arguments = ("--samples", 24, "--classes", 0, 1, "--width", 16, "--steps", 3, "--out", "runs")
    assert surefit("certify", *arguments)[0] == 1
    (page,) = (tmp_path / "runs").glob("*/report.html")
    text = page.read_text(encoding="utf-8")
    page.unlink()
    code, out, _ = surefit("report", page.parent)
    assert code == 0
    assert "report.html" in out
    assert page.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("command", [[], ["certify"], ["list"], ["report"], ["runs"], ["sweep"]])
def test_help_teaches_without_loading_jax(command):
    script = (
        "import sys\n"
        "from surefit.cli import main\n"
        f"sys.argv = ['surefit', *{command!r}, '--help']\n"
        "try:\n    main()\n"
        "except SystemExit as stop:\n    assert not stop.code, stop.code\n"
        "assert 'jax' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Usage: surefit" in done.stdout


def test_commands_are_listed_in_the_order_in_which_they_are_met():
    from typer.main import get_command

    from surefit.cli.app import app

    group = get_command(app)
    names = group.list_commands(None)
    assert names[:3] == ["certify", "verify", "report"]
    assert sorted(names) == sorted(group.commands)
    lines = [group.commands[name].get_short_help_str(200) for name in names]
    assert all(
        30 <= len(line) <= 75 or name == "cite" for name, line in zip(names, lines, strict=True)
    )


def test_version(surefit):
    code, out, _ = surefit("--version")
    assert code == 0
    assert out.startswith("surefit ")


def test_ctrl_c_before_a_command_guards_itself_is_three_and_no_traceback(surefit, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("surefit.cli.listing._kinds", interrupted)
    code, out, err = surefit("list", "theorems")
    assert code == 3 and out == "" and err.strip().startswith("Interrupted.")
