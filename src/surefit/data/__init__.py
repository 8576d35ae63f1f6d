"""Data: sources, preprocessing, label codings, and what the theory asks of them."""

from surefit.data.dataset import Dataset
from surefit.data.diagnose import Diagnosis, diagnose
from surefit.data.labels import CODINGS, LabelCode, label_code
from surefit.data.loader import LOADERS, Loader, load, options_of
from surefit.data.pairs import Separation, separation
from surefit.data.perturb import perturb
from surefit.data.prepare import PreparedData, prepare
from surefit.data.select import select
from surefit.data.step import STEPS, Step, parse_steps

__all__ = [
    "CODINGS",
    "LOADERS",
    "STEPS",
    "Dataset",
    "Diagnosis",
    "LabelCode",
    "Loader",
    "PreparedData",
    "Separation",
    "Step",
    "diagnose",
    "label_code",
    "load",
    "options_of",
    "parse_steps",
    "perturb",
    "prepare",
    "select",
    "separation",
]
