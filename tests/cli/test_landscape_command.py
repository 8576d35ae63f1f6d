def test_help_teaches(surefit):
    code, out, _ = surefit("experiment", "allen_zhu2019_landscape", "--help")
    assert code == 0
    for words in (
        "1811.03962",
        "--network residual --depth 8",
        "the pointwise Hessian",
        "The paper draws at 5",
    ):
        assert words in " ".join(out.split())


def test_bad_input_is_exit_code_two(surefit, tmp_path):
    command = ("experiment", "allen_zhu2019_landscape", "--out", "runs")
    code, _, err = surefit(*command, "--points", 6)
    assert code == 2
    assert "Write for example `--points 7`" in err
    code, _, err = surefit(*command, "--epochs", 5, 0)
    assert code == 2
    assert "in increasing order" in err
    assert not (tmp_path / "runs").exists()
