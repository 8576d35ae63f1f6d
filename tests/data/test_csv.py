import gzip

import numpy as np
import pytest

from surefit.data import load
from surefit.errors import InvalidInputError, MemoryLimitError, StorageError, UnknownNameError


@pytest.fixture
def table(tmp_path):
    def write(text, name="table.csv"):
        path = tmp_path / name
        content = text if isinstance(text, bytes) else text.encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write


PLAIN = "1,2,a\n3,4,b\n5,6,a\n7,8,b\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (PLAIN, "table.csv"),
        ("height,width,kind\n" + PLAIN, "table.csv"),
        ("\ufeffheight,width,kind\r\n" + PLAIN.replace("\n", "\r\n"), "table.csv"),
        (PLAIN.replace(",", ";"), "table.csv"),
        (PLAIN.replace(",", " | "), "table.csv"),
        (PLAIN.replace(",", "\t"), "table.csv"),
        (PLAIN.replace(",", "\t"), "table.tsv"),
        (PLAIN, "table.csv.gz"),
        ("\n" + PLAIN.replace("\n", "\n\n") + "  \n", "table.csv"),
        (PLAIN.replace("a", '"a"'), "table.csv"),
        (PLAIN.rstrip("\n"), "TABLE.CSV"),
    ],
)
def test_spellings_of_one_table(table, text, name):
    data = load(table(text, name))
    np.testing.assert_array_equal(data.x, [[1, 2], [3, 4], [5, 6], [7, 8]])
    assert data.y.tolist() == list("abab")
    assert (data.name.lower(), data.task, data.classes) == (
        "table",
        "classification",
        ("a", "b"),
    )


HEADED = "kind,size,mass\n0,1.5,10\n1,2.5,20\n0,3.5,30\n1,-4e2,45\n"


@pytest.mark.parametrize("target", ["kind", 0, "0", -3])
def test_the_target_by_name_or_number(table, target):
    data = load(table(HEADED), target=target)
    assert data.y.tolist() == [0, 1, 0, 1]
    assert data.task == "classification"
    np.testing.assert_array_equal(data.x[3], [-400.0, 45.0])
    assert "target kind" in data.source


def test_the_last_column_is_the_default_target(table):
    data = load(table(HEADED))
    assert (data.task, data.y.tolist()) == ("regression", [10, 20, 30, 45])


def test_several_targets_are_a_regression(table):
    data = load(table(HEADED), target=["size", "mass"])
    assert data.y.tolist() == [[1.5, 10], [2.5, 20], [3.5, 30], [-400, 45]]
    assert data.x.tolist() == [[0], [1], [0], [1]]


def test_the_task_can_be_given(table):
    path = table(HEADED)
    assert load(path, task="classification").classes == (10, 20, 30, 45)
    assert load(path, target="kind", task="regression").y.dtype == np.float64


def test_labels_that_are_whole_numbers_become_integers(table):
    assert load(table("1,2.0\n3,1.0\n5,2.0\n7,1.0\n")).classes == (1, 2)


def test_names_that_are_numbers(table):
    path = table("2019,2020,2021\n1,2,3\n4,5,6\n")
    assert len(load(path)) == 3
    data = load(path, header=True, target="2019")
    assert data.y.tolist() == [1, 4]


def test_no_header_can_be_forced(table):
    with pytest.raises(InvalidInputError, match=r"Got 'kind' in row 0.*line 1 of"):
        load(table(HEADED), header=False)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a,b,y\n1,2,0\n3,oops,1\n", {}, r"Got 'oops' in row 1 \(counted from 0; line 3 of the f"),
        (
            "a,b,y\n1,2,0\n3,oops,1\n",
            {},
            "column 'b'. If it is the column to predict",
        ),
        ("a;b;y\n1;2,5;0\n", {}, "Got '2,5'.*decimal point"),
        ("a,b,y\n1,,0\n3,4,1\nNA,4,1\n", {}, r"missing values. Got some in rows 0 and 2 \(counted"),
        ("a,b,y\n1,2,0\n3,4,?\n", {}, "missing values. Got some in row 1 "),
        ("a,b,y\n1,2,0\n3,4\n", {}, "3 cells in every line.*Got 2 in line 3"),
        ("a,b,y\n1,2,0\n3,4,5,6\n", {}, "Got 4 in line 3"),
        ("1 2 0\n3 4 1\n", {}, "at least two columns.*Got 1 column with the delimiter ','"),
        ("", {}, "Got no columns with"),
        ("a,b,y\n", {}, "at least one example.*Got 0 examples with 2 features"),
        ("a,b\n1,2\n", {"target": ["a", "b"]}, "Got 1 examples with 0 features"),
        ("a,b,y\n1,inf,0\n3,4,1\n", {}, "must be finite.*row 0"),
        ("a,a,y\n1,2,0\n", {"target": "a"}, "Got 'a', which heads 2 columns"),
        ("a,b,y\n1,2,0\n", {"target": 3}, "Got 3. There are 3 columns: a, b, y. .*from 0 to 2"),
        ("a,b,y\n1,2,0\n", {"target": "-4"}, "Got -4. There are 3 columns"),
        (PLAIN, {"task": "regression"}, "target column of a regression. Got 'a' in row 0.*'2'"),
        (b"a,b\n\xff\xfe,2\n", {}, "text in UTF-8"),
        (PLAIN[:6] + '"' + "x" * 200_000, {}, "table of text"),
    ],
)
def test_what_is_refused(table, text, options, message):
    path = table(text)
    with pytest.raises(InvalidInputError, match=message):
        load(path, **options)


def test_an_unknown_target_suggests_the_nearest(table):
    with pytest.raises(UnknownNameError, match=r"target column must be.*Did you mean 'mass'"):
        load(table(HEADED), target="mas")


def test_a_missing_file(tmp_path):
    with pytest.raises(StorageError, match=r"none\.csv must exist"):
        load(tmp_path / "none.csv")


def test_more_than_memory_holds_is_refused_beforehand(table, monkeypatch):
    path = table(PLAIN * 100)
    monkeypatch.setattr("surefit.core.memory.available_bytes", lambda: 1000)
    with pytest.raises(MemoryLimitError, match=r"about 400 rows of 2 numbers"):
        load(path)


def test_a_first_line_with_the_name_of_the_target_holds_names(table):
    text = "2019,2020,growth\n1,2,0.5\n3,4,0.7\n"
    path = table(text)
    assert load(path, target="growth").y.tolist() == [0.5, 0.7]
    with pytest.raises(InvalidInputError, match=r"'growth' above numbers.*target='growth'"):
        load(path)
    assert load(path, header=True).y.tolist() == [0.5, 0.7]
    assert load(path, header=False).y.tolist() == ["growth", "0.5", "0.7"]
    # One label that is no number among others like it stays a label.
    assert load(table("1,2,a\n3,4,5\n5,6,b\n")).classes == ("5", "a", "b")


def test_a_wide_table_is_not_listed_in_full(table):
    names = [f"c{number}" for number in range(300)]
    path = table(",".join(names) + "\n" + ",".join("1" * 300) + "\n")
    for target in ("d", 300):
        with pytest.raises(InvalidInputError, match=r"and \d+ more") as error:
            load(path, target=target)
        assert len(str(error.value)) < 1000


def test_every_column_with_words_is_named(table):
    with pytest.raises(InvalidInputError, match=r"column 'name'; also 'street'.*target='name'"):
        load(table("name,street,price\nx,y,1\nz,w,2\n"))
