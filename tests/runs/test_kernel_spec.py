"""Fields of `surefit kernel`: identity, defaults of networks, refusals."""

import shlex

import pytest

from surefit.errors import InvalidInputError
from surefit.runs.kernel_spec import KernelSpec


def test_equal_specs_have_equal_ids_and_other_ones_not():
    base = KernelSpec.parse({"network": "resnet", "depth": 10})
    assert base.run_id.startswith("kernel-digits-resnet-relu-d10-s0-")
    same = KernelSpec.parse({"depth": 10.0, "network": "resnet", "tau": "1/sqrt(L)"})
    assert same.run_id == base.run_id
    for change in ({"tau": 0.5}, {"ridge": 1e-9}, {"test_fraction": 0.1}, {"compare_width": 8}):
        assert KernelSpec.parse({"network": "resnet", "depth": 10, **change}).run_id != base.run_id


def test_networks_have_their_own_defaults():
    assert KernelSpec.parse({"network": "cnn"}).window == 3
    assert KernelSpec.parse({"network": "cnn"}).pooling == "flatten"
    assert KernelSpec.parse({"network": "implicit"}).gamma == 0.25
    assert KernelSpec.parse({"network": "shallow"}).depth == 1
    assert KernelSpec.parse({}).tau is None


def test_a_data_file_counts_by_name_and_content(tmp_path):
    file = tmp_path / "points.csv"
    file.write_text("a,b,y\n1,2,0\n3,4,1\n", encoding="utf-8")
    first = KernelSpec.parse({"data": str(file)})
    assert first.canonical()["data"] == "points.csv"
    assert first.run_id.startswith("kernel-points-fc-")
    file.write_text("a,b,y\n1,2,0\n3,4,2\n", encoding="utf-8")
    assert KernelSpec.parse({"data": str(file)}).run_id != first.run_id


def test_the_command_makes_the_same_spec():
    values = {"network": "resnet", "depth": 10, "classes": (0, 1), "ridge": 0.5, "tau": "1/L"}
    words = shlex.split(KernelSpec.parse(values).command())
    assert words[:2] == ["surefit", "kernel"]
    assert words[words.index("--classes") + 1 : words.index("--classes") + 3] == ["0", "1"]
    assert words[words.index("--tau") + 1] == "1/L"
    assert "--seed" not in words


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"network": "transformer"}, "must be `shallow`, `fc`, `resnet`, `cnn` or `implicit`"),
        ({"kernel": "rbf"}, "must be `ntk`, `nngp` or `both`"),
        ({"test_fraction": 1.0}, "must be a number from 0 to below 1"),
        ({"ridge": -1}, "must be a finite number of at least 0"),
        ({"depth": 0}, "must be a whole number of at least 1"),
        ({"observation_noise": "much"}, 'at least 0, or "auto"'),
        ({"tau": 0.5}, r"KernelSpec\(tau=\.\.\.\)` must go with network resnet. Got tau = 0.5"),
        ({"gamma": 0.5, "network": "cnn"}, "must go with network implicit"),
        ({"window": 3}, "must go with network cnn"),
        ({"network": "shallow", "depth": 2}, "must be 1 for network 'shallow'. Got 2"),
        ({"widht": 3}, "must have a known name"),
    ],
)
def test_faulty_fields_are_explained(values, message):
    with pytest.raises(InvalidInputError, match=message):
        KernelSpec.parse(values)
