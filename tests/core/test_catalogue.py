import pytest

from surefit.core.catalogue import Catalogue, snake_case
from surefit.errors import InvalidInputError, UnknownNameError


class Fruit:
    pass


class Apple(Fruit):
    """An entry by the snake case of its name."""


class RedApple(Apple):
    name = "red"


class _Hidden(Fruit):
    pass


FRUITS = Catalogue("fruit", Fruit, "surefit.losses")


def test_entries_are_concrete_public_subclasses_by_name():
    assert FRUITS.entries() == {"apple": Apple, "red": RedApple}
    assert FRUITS["red"] is RedApple
    assert "red_apple" not in FRUITS
    assert list(FRUITS) == FRUITS.names() == ["apple", "red"]


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'apple'") as error:
        FRUITS["aple"]
    assert error.value.suggestion == "apple"
    with pytest.raises(LookupError, match="Known: apple, red"):
        FRUITS["zzz"]


def test_two_modules_cannot_share_a_name_but_a_class_can_be_defined_again():
    first = type("Pear", (Fruit,), {"__module__": "one"})
    again = type("Pear", (Fruit,), {"__module__": "one"})
    assert FRUITS["pear"] is again
    second = type("Pear", (Fruit,), {"__module__": "two"})
    with pytest.raises(InvalidInputError, match="'pear' in both one and two"):
        FRUITS.names()
    for cls in (first, again, second):
        cls.__name__ = "_Gone"
    assert "pear" not in FRUITS


@pytest.mark.parametrize(
    ("camel", "snake"),
    [("LeakyRelu", "leaky_relu"), ("DuEtAl2018", "du_et_al_2018"), ("Dense", "dense")],
)
def test_snake_case(camel, snake):
    assert snake_case(camel) == snake
