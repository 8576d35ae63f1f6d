"""Where the statements of Gao et al. (2022) come from."""

from __future__ import annotations

__all__ = ["CITATION", "SETTING", "URL"]

CITATION = """@inproceedings{gao2022global,
  title = {A Global Convergence Theory for Deep {ReLU} Implicit Networks via
           Over-Parameterization},
  author = {Gao, Tianxiang and Liu, Hailiang and Liu, Jia and Rajan, Hridesh and Gao, Hongyang},
  booktitle = {International Conference on Learning Representations},
  year = {2022},
  eprint = {2110.05645},
  archiveprefix = {arXiv}
}"""

URL = "https://arxiv.org/abs/2110.05645"

SETTING = (
    "Implicit ReLU networks with a skip term, all four weights trained by {dynamics} on half the "
    "squared loss."
)
