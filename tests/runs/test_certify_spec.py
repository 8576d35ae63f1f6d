import json
import re
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import surefit.runs
from surefit.errors import InvalidInputError, StorageError
from surefit.runs import CertifySpec
from surefit.runs.own_fields import owners
from surefit.runs.toml import literal

CANONICAL = (
    '{"activation": "tanh", "antisymmetric": true, "batch_size": null, "classes": null, '
    '"data": "digits", "data_sha256": null, "depth": 1, "every": null, "init": "wide", '
    '"labels": "auto", "loss": "half_squared", "method": "gradient_descent", "monitors": null, '
    '"network": "shallow", "noise": 0.0, "preprocess": ["centre", "unit_norm"], '
    '"samples": null, "samples_per_class": null, "schema": "certify/1", "seed": 0, '
    '"step_size": "auto", "steps": 200000, "target_loss": null, "theorems": null, '
    '"weight_std": null, "width": 512}'
)

# One valid change of every field; the batch size needs its method beside it.
CHANGES = {
    "data": "wine",
    "target": "price",
    "classes": (0, 1),
    "samples": 300,
    "samples_per_class": 150,
    "preprocess": ("unit_norm", "centre"),
    "labels": "one_hot",
    "noise": 1e-12,
    "network": "two_layer",
    "activation": "erf",
    "init": "ntk",
    "weight_std": 2.0,
    "width": 513,
    "depth": 2,
    "antisymmetric": False,
    "loss": "logistic",
    "method": "sgd",
    "step_size": 0.1,
    "batch_size": 8,
    "steps": 100,
    "target_loss": 1e-6,
    "polish": True,
    "from_start": True,
    "floor": True,
    "theorems": (),
    "monitors": (),
    "every": 10,
    "seed": 1,
}


def test_public_names():
    assert set(surefit.runs.__all__) == {
        "CertifySpec",
        "FailedRun",
        "Store",
        "Workspace",
        "environment_facts",
    }


def test_the_canonical_text_and_the_id_are_fixed():
    # Ids name directories on people's disks: a change here needs a new schema version.
    assert CertifySpec().canonical_json() == CANONICAL
    assert CertifySpec().run_id == "digits-shallow-tanh-512-s0-a0b33d874a"


def test_every_single_change_makes_another_run():
    assert set(CHANGES) == set(CertifySpec.model_fields) - set(owners())
    base = {"method": "sgd"}
    specs = [CertifySpec.parse(base), CertifySpec()]
    for name, value in CHANGES.items():
        specs.append(
            CertifySpec.parse({name: value} if name != "batch_size" else {name: 8, **base})
        )
    texts = {spec.canonical_json() for spec in specs}
    ids = {spec.run_id for spec in specs}
    assert len(texts) == len(ids) == len(specs) - 1  # `method` is the base of the batch size
    assert len(set(specs)) == len(ids)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"classes": (0, 1)}, {"classes": [0, 1]}),
        ({"classes": (0, 1)}, {"classes": ["0", " 1 "]}),
        ({"classes": (0, 1)}, {"classes": [0.0, 1.0]}),
        ({"classes": ("007", "-0")}, {"classes": ["007", "-0"]}),
        ({"width": 64}, {"width": 64.0}),
        ({"width": 64}, {"width": "64"}),
        ({"step_size": 1}, {"step_size": 1.0}),
        ({"step_size": 0.1}, {"step_size": "1e-1"}),
        ({"noise": 0}, {"noise": -0.0}),
        ({"theorems": ["b", "a"]}, {"theorems": ("a", "b", "a")}),
        ({"data": "wine"}, {"data": " wine "}),
        ({"steps": 200_000}, {}),
        ({"antisymmetric": True}, {"antisymmetric": "true"}),
    ],
)
def test_spelling_does_not_make_another_run(one, other):
    one, other = CertifySpec.parse(one), CertifySpec.parse(other)
    assert one == other
    assert hash(one) == hash(other)
    assert one.run_id == other.run_id


def test_a_spec_equals_no_other_thing():
    assert CertifySpec() != CertifySpec().canonical()


def test_a_spec_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        CertifySpec().width = 3


@pytest.mark.parametrize(
    ("data", "prefix"),
    [
        ("digits", "digits-"),
        ("openml:mnist_784", "openml_mnist_784-"),
        ("x" * 300, "x" * 24 + "-"),
        ("openml:Überfluß", "openml_berflu-"),
        ("日本", "x-"),
    ],
)
def test_ids_are_readable_and_safe_as_directory_names(data, prefix):
    name = CertifySpec(data=data, width=10**40).run_id
    assert name.startswith(prefix)
    assert re.fullmatch(r"[a-z0-9_-]+", name)
    assert len(name) < 128


FAULTS = [
    ({"width": 0}, "width", "a whole number of at least 1. Got 0 (int)"),
    ({"width": 1.5}, "width", "Got 1.5 (float)"),
    ({"width": True}, "width", "Got True (bool)"),
    ({"width": None}, "width", "Got None (NoneType)"),
    ({"depth": -1}, "depth", "at least 1"),
    ({"samples": 1}, "samples", "a whole number of at least 2. Got 1"),
    ({"samples_per_class": 0}, "samples_per_class", "at least 1"),
    ({"classes": [3]}, "classes", "two or more different class labels"),
    ({"classes": [3, 3]}, "classes", "two or more different class labels"),
    ({"classes": [3, "3"]}, "classes", "two or more different class labels"),
    ({"classes": {0, 1}}, "classes", "Got {0, 1} (set)"),
    ({"classes": [0, 1.5]}, "classes", "a whole number or a word"),
    ({"classes": [False, True]}, "classes", "a whole number or a word"),
    ({"classes": "01"}, "classes", "Got '01' (str)"),
    ({"preprocess": "unit_norm"}, "preprocess", 'Write for example `preprocess = ["centre"'),
    ({"preprocess": [""]}, "preprocess", "list the names of steps"),
    ({"data": "  "}, "data", "a source's name, a path"),
    ({"data": "a\x00b"}, "data", "a source's name, a path"),
    ({"data": "\ud800"}, "data", "a source's name, a path"),
    ({"noise": -0.1}, "noise", "a finite number of at least 0"),
    ({"noise": float("nan")}, "noise", "a finite number of at least 0"),
    ({"step_size": float("inf")}, "step_size", 'a finite number above 0, or "auto"'),
    ({"step_size": 0}, "step_size", 'a finite number above 0, or "auto"'),
    ({"step_size": "fast"}, "step_size", "largest eigenvalue"),
    ({"batch_size": 0, "method": "sgd"}, "batch_size", "at least 1"),
    ({"steps": 0}, "steps", "at least 1"),
    ({"target_loss": 0}, "target_loss", "a finite number above 0"),
    ({"every": 0}, "every", "at least 1"),
    ({"seed": -1}, "seed", "from 0 to 4294967295"),
    ({"seed": 2**32}, "seed", "from 0 to 4294967295"),
    ({"antisymmetric": "perhaps"}, "antisymmetric", "true or false"),
    ({"theorems": [1]}, "theorems", "list names of theorems"),
    ({"monitors": {"loss": 1}}, "monitors", "list names of monitors"),
    ({"network": ["a"]}, "network", "the name of a network"),
    ({"samples": 9, "samples_per_class": 3}, "samples", "Leave one of them out"),
    ({"samples": 2, "classes": [0, 1, 2]}, "samples", "2 samples for 3 classes"),
    ({"batch_size": 8}, "batch_size", "Leave batch_size out"),
    ({"batch_size": 8, "samples": 7, "method": "sgd"}, "batch_size", "`batch_size = 7` or less"),
]


@pytest.mark.parametrize(("values", "field", "words"), FAULTS)
def test_faults_are_explained(values, field, words):
    with pytest.raises(InvalidInputError) as caught:
        CertifySpec.parse(values)
    message = str(caught.value)
    assert f"`CertifySpec({field}=...)` must " in message
    assert " Got " in message
    assert words in message
    assert "pydantic" not in message


def test_long_values_are_cut_in_messages():
    with pytest.raises(InvalidInputError) as caught:
        CertifySpec.parse({"classes": [0.5] * 1000})
    assert len(str(caught.value)) < 500


def test_all_faulty_fields_are_named_at_once():
    with pytest.raises(InvalidInputError) as caught:
        CertifySpec.parse({"width": 0, "depth": "x", "colour": "red"})
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert all(" must " in line and " Got " in line for line in lines)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("widht", "Did you mean `width`?"),
        ("step-size", "Did you mean `step_size`?"),
        ("Seed", "Did you mean `seed`?"),
        ("zzz", "Leave it out."),
    ],
)
def test_unknown_fields_get_a_suggestion(name, hint):
    with pytest.raises(InvalidInputError, match="known name") as caught:
        CertifySpec.parse({name: 3})
    assert hint in str(caught.value)
    assert repr(name) in str(caught.value)


def test_every_field_explains_itself_and_its_example_is_valid():
    for name, field in CertifySpec.model_fields.items():
        assert len(field.description) > 20
        assert field.description.endswith(".")
        extra = field.json_schema_extra
        value = tomllib.loads(f"x = {extra['instead']}")["x"]
        beside = {"method": "sgd"} if name == "batch_size" else {}
        beside |= {"network": owners()[name][0]} if name in owners() else {}
        assert getattr(CertifySpec.parse({name: value, **beside}), name) is not None


names = st.text(min_size=1, max_size=8).filter(lambda s: s.strip() == s and s.isprintable())
words = st.from_regex(r"[A-Za-z0-9_]{1,12}", fullmatch=True)
counts = st.integers(1, 10**6)
positive = st.floats(min_value=0, exclude_min=True, allow_infinity=False)


@st.composite
def fields(draw):
    values = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "data": words,
                "classes": st.lists(
                    st.integers(-5, 5) | words, min_size=2, max_size=6, unique_by=str
                ),
                "preprocess": st.lists(names, max_size=3),
                "labels": names,
                "noise": st.floats(min_value=0, allow_infinity=False) | st.just(-0.0),
                "network": names,
                "activation": names,
                "init": names,
                "width": counts,
                "depth": counts,
                "antisymmetric": st.booleans(),
                "loss": names,
                "step_size": st.just("auto") | positive,
                "steps": counts,
                "target_loss": st.none() | positive,
                "theorems": st.none() | st.lists(names, max_size=3),
                "monitors": st.none() | st.lists(names, max_size=3),
                "every": st.none() | counts,
                "seed": st.integers(0, 2**32 - 1),
            },
        )
    )
    size = draw(st.sampled_from(["samples", "samples_per_class", None]))
    if size:
        values[size] = draw(st.integers(20, 10**6))
    if draw(st.booleans()):
        values |= {"method": "sgd", "batch_size": draw(st.integers(1, 20))}
    return values


# Parsing is not done in the strategy: type checking draws random numbers of its own.
@given(fields())
@settings(deadline=None, max_examples=150)
def test_json_round_trip(values):
    spec = CertifySpec.parse(values)
    again = CertifySpec.from_canonical(json.loads(spec.canonical_json()))
    assert again == spec
    assert dict(again) == dict(spec)
    assert again.run_id == spec.run_id


@given(fields())
@settings(deadline=None, max_examples=150)
def test_toml_round_trip(values):
    spec = CertifySpec.parse(values)
    again = CertifySpec.parse(tomllib.loads(spec.to_toml()))
    assert again == spec
    assert dict(again) == dict(spec)


@given(fields(), fields() | st.none())
@settings(deadline=None, max_examples=100)
def test_specs_are_equal_exactly_if_their_fields_and_ids_are(values, others):
    one = CertifySpec.parse(values)
    other = CertifySpec.parse(values if others is None else others)
    assert (one == other) is (dict(one) == dict(other)) is (one.run_id == other.run_id)


@pytest.mark.parametrize("change", [{"schema": "certify/0"}, {"schema": None}])
def test_another_schema_is_refused(change):
    with pytest.raises(InvalidInputError, match="must be of schema 'certify/1'"):
        CertifySpec.from_canonical({**CertifySpec().canonical(), **change})


def test_a_canonical_spec_needs_the_data_hash():
    values = CertifySpec().canonical()
    del values["data_sha256"]
    with pytest.raises(InvalidInputError, match="schema"):
        CertifySpec.from_canonical(values)


def test_toml_file(tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text('width = 64\nclasses = [0, "one"]\n# a comment\n')
    spec = CertifySpec.from_file(path)
    assert (spec.width, spec.classes, spec.depth) == (64, (0, "one"), 1)
    assert CertifySpec.from_file(str(path)) == spec


def test_the_toml_example_has_every_field_and_its_description():
    text = CertifySpec().to_toml()
    flowing = re.sub(r"\n# ", " ", text)
    for name, field in CertifySpec.model_fields.items():
        assert re.search(rf"^(# )?{name} = ", text, re.MULTILINE)
        assert field.description in flowing
    assert max(map(len, text.splitlines())) <= 100


def test_toml_text_with_every_character_class():
    spec = CertifySpec.parse({"labels": 'a "b" \\ é 日 🙂', "classes": ["x", "y"]})
    assert CertifySpec.parse(tomllib.loads(spec.to_toml())) == spec


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (None, StorageError, "No such file"),
        (b"width 64", InvalidInputError, "in TOML form"),
        (b"\xff\xfe", InvalidInputError, "in TOML form"),
        (b"width = 0", InvalidInputError, "spec.toml: `CertifySpec(width=...)` must"),
        (b"[run]\nwidth = 1", InvalidInputError, "Got 'run'"),
    ],
)
def test_toml_file_faults(tmp_path, content, kind, words):
    path = tmp_path / "spec.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(kind) as caught:
        CertifySpec.from_file(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


@given(st.text(max_size=20))
def test_toml_strings(text):
    assert tomllib.loads(f"x = {literal(text)}")["x"] == text
