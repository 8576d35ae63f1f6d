"""Specs come back from every form in which they are written, and bad ones are refused in words."""

import contextlib
import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surefit.errors import InvalidInputError
from surefit.runs import CertifySpec
from surefit.runs.kernel_spec import KernelSpec
from surefit.runs.toml import literal

QUICK = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
POSITIVE = st.floats(1e-300, 1e300)
PRINTED = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12)
FIELDS = {
    "data": st.sampled_from(["digits", "sphere", "openml:mnist_784", "openml:../x"]),
    "classes": st.none() | st.lists(st.integers(0, 9), min_size=2, max_size=4, unique=True),
    "samples": st.none() | st.integers(4, 10**9),
    "network": st.sampled_from(["shallow", "two_layer", "multilayer"]),
    "activation": PRINTED,
    "width": st.integers(1, 10**12),
    "step_size": st.just("auto") | POSITIVE,
    "steps": st.integers(1, 10**9),
    "seed": st.integers(0, 2**32 - 1),
    "noise": st.just(0.0) | POSITIVE,
    "weight_std": st.floats(1e-300, 1e100),
    "target": st.none() | PRINTED,
    "preprocess": st.lists(st.sampled_from(["centre", "unit_norm", "flatten"]), max_size=3),
    "polish": st.booleans(),
}
VALID = st.fixed_dictionaries({}, optional=FIELDS)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@QUICK
@given(values=VALID)
def test_a_spec_comes_back_from_every_form(values, tmp_path):
    spec = CertifySpec.parse(values)
    assert CertifySpec(**values) == spec
    assert CertifySpec.from_canonical(spec.canonical()) == spec
    canonical = json.loads(spec.canonical_json())
    assert CertifySpec.from_canonical(canonical).canonical_json() == spec.canonical_json()
    path = tmp_path / "spec.toml"
    path.write_text(spec.to_toml(), encoding="utf-8")
    assert CertifySpec.from_file(path) == spec
    path.write_text(
        "".join(
            f"{name} = {literal(value)}\n" for name, value in values.items() if value is not None
        ),
        encoding="utf-8",
    )
    assert CertifySpec.from_file(path) == spec
    assert CertifySpec.from_file(path).run_id == spec.run_id


@QUICK
@given(VALID)
def test_a_run_is_named_as_a_file_may_be(values):
    for spec in (
        CertifySpec.parse(values),
        KernelSpec.parse({key: values[key] for key in ("activation", "data") if key in values}),
    ):
        name = spec.run_id
        assert Path(name).name == name
        assert name.isprintable()
        assert len(name.encode()) < 200
        assert not name.startswith(".")


@QUICK
@given(st.dictionaries(st.sampled_from(sorted(CertifySpec.model_fields)) | st.text(), ANYTHING))
def test_anything_is_a_spec_or_refused_in_words(values):
    with contextlib.suppress(InvalidInputError):
        spec = CertifySpec.parse(values)
        assert CertifySpec.from_canonical(spec.canonical()) == spec
    try:
        CertifySpec.parse(values)
    except InvalidInputError as error:
        for line in str(error).split("\n"):
            assert " must " in line
            assert "Got " in line


@QUICK
@given(text=st.text(max_size=60))
def test_any_text_is_a_toml_file_or_refused_in_words(text, tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with contextlib.suppress(InvalidInputError):
        CertifySpec.from_file(path)
