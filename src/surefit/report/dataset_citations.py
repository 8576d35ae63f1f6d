"""The sources of the data sets that can be chosen by name."""

from __future__ import annotations

import re

__all__ = ["dataset_entry"]


def _uci(key: str, title: str, author: str, year: int, doi: str) -> str:
    return "\n".join(
        [
            f"@misc{{{key},",
            f"  title = {{{title}}},",
            f"  author = {{{author}}},",
            f"  year = {{{year}}},",
            "  howpublished = {UCI Machine Learning Repository},",
            f"  doi = {{{doi}}},",
            "}",
        ]
    )


_ENTRIES = {
    "digits": _uci(
        "alpaydin1998optical",
        "Optical Recognition of Handwritten Digits",
        "Alpaydin, E. and Kaynak, C.",
        1998,
        "10.24432/C50P49",
    ),
    "breast_cancer": _uci(
        "wolberg1995breast",
        "Breast Cancer Wisconsin (Diagnostic)",
        "Wolberg, William and Mangasarian, Olvi and Street, Nick and Street, W.",
        1995,
        "10.24432/C5DW2B",
    ),
    "wine": _uci(
        "aeberhard1992wine",
        "Wine",
        "Aeberhard, Stefan and Forina, M.",
        1992,
        "10.24432/C5PC7J",
    ),
    "diabetes": """@article{efron2004least,
  title = {Least angle regression},
  author = {Efron, Bradley and Hastie, Trevor and Johnstone, Iain and Tibshirani, Robert},
  journal = {The Annals of Statistics},
  volume = {32},
  number = {2},
  pages = {407--499},
  year = {2004},
}""",
}

_OPENML = """@article{vanschoren2013openml,
  title = {{OpenML}: networked science in machine learning},
  author = {Vanschoren, Joaquin and van Rijn, Jan N. and Bischl, Bernd and Torgo, Luis},
  journal = {SIGKDD Explorations},
  volume = {15},
  number = {2},
  pages = {49--60},
  year = {2013},
}"""


def dataset_entry(source: str) -> str | None:
    """BibTeX of a data set, or of the place that it comes from.

    Args:
        source: the field `data` of a spec.

    Returns:
        None for files of one's own, synthetic data, and sources that nobody has described.
    """
    kind, _, name = source.partition(":")
    if kind != "openml" or not name:
        return _ENTRIES.get(source)
    plain = re.sub(r"[^\w.-]", "", name)
    named = (
        f"@misc{{openml_{plain},\n  title = {{OpenML data set {_escaped(name)}}},\n"
        f"  howpublished = {{{_place(name)}}},\n}}"
    )
    return f"{_OPENML}\n\n{named}"


def _place(name: str) -> str:
    if name.isdigit():
        return rf"\url{{https://www.openml.org/d/{name}}}"
    return rf"\url{{https://www.openml.org}}, data set of the name {_escaped(name)}"


def _escaped(text: str) -> str:
    return re.sub(r"([&%$#_{}])", r"\\\1", text.replace("\\", ""))
