r"""The results of Table 1 of Song et al. (2021), each as the widths that its formula gives."""

from __future__ import annotations

import math
from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from surefit.core.check import Evidence
from surefit.core.rounding import UNIT_ROUNDOFF
from surefit.core.spectrum import symmetric_spectrum
from surefit.data.pairs import separation
from surefit.models import two_layer
from surefit.tangent import limit_kernel
from surefit.theory.deep.demands import deep_demands
from surefit.theory.deep.sizes import deep_sizes
from surefit.theory.growth import over, with_log
from surefit.theory.setting import Setting
from surefit.theory.shallow.explicit import descent, descent_short_path, flow
from surefit.theory.shallow_view import ShallowView, shallow_view
from surefit.theory.shallow_width import printed_width
from surefit.theory.theorem import Provenance
from surefit.theory.width_row import Requirement, WidthRow

__all__ = ["CONSTANTS", "width_rows"]

CONSTANTS = (
    "oymak_soltanolkotabi",
    "kawaguchi_huang",
    "song_yang",
    "du",
    "zou_gu",
    "allen_zhu",
    "allen_zhu_sgd",
    "du_deep",
    "du_deep_growth",
    "nguyen",
    "xi",
    "chernoff",
    "sgd",
)
"""The factors that the results hide in O(.)."""


def width_rows(setting: Setting, constants: Mapping[str, float]) -> list[WidthRow]:
    """All rows, in the order of Table 1.

    Args:
        setting: the user's problem.
        constants: a value for every name in `CONSTANTS`.
    """
    view = shallow_view(setting)
    rows = [*_table_1(setting, constants), *_deep(setting, constants)]
    if view is None:
        note = "The network is not V phi(W x) with a smooth activation and both layers trained."
        return [*rows, *(_silent(name, note) for name in ("song_2021", "song_2021_sgd"))]
    return [*rows, *_song(setting, view, constants), *_explicit(view)]


def _deep(setting: Setting, constants: Mapping[str, float]) -> list[WidthRow]:
    """Results on deep networks that Table 1 does not list."""
    sizes = deep_sizes(setting)
    if sizes is None:
        return []
    listed = {"allen_zhu_2019", "zou_gu_2019"}
    rows = [demand.row for demand in deep_demands(sizes, constants)]
    return [row for row in rows if row.result not in listed]


def _table_1(setting: Setting, c: Mapping[str, float]) -> list[WidthRow]:
    """The results of others; none of them speaks of the user's activation."""
    x = np.asarray(setting.problem.x).reshape(setting.problem.samples, -1)
    n, inputs = x.shape
    outputs, depth = setting.problem.outputs, max(1, len(setting.structure.hidden_widths))
    units = _unit_rows(x)
    gap = 0.0 if units is None or n == 1 else separation(units).delta
    gap = math.inf if n == 1 else gap
    smallest = 0.0 if units is None else _relu_smallest(units)
    delta = setting.failure_probability
    # One more coordinate, 1/sqrt(2), brings unit rows closer by that factor.
    sizes = deep_sizes(setting)
    near = gap / math.sqrt(2.0) if sizes is None else sizes.delta
    depth = depth if sizes is None else sizes.depth
    deep = f"depth {depth}, all hidden layers"
    two, recalled = "depth 2, first layer", Provenance.RECALLED
    return [
        _row("oymak_soltanolkotabi_2020", two, "n^2", "parameters", Provenance.RESTATED,
             ("c n^2 / d_0", c["oymak_soltanolkotabi"] * n**2 / inputs), "oymak_soltanolkotabi",
             "For generic data: d_0 d_1 counts."),
        _row("kawaguchi_huang_2019", "any depth, last layer", "n", "parameters",
             Provenance.RESTATED, ("c n", c["kawaguchi_huang"] * n), "kawaguchi_huang",
             "The last hidden features must be independent: their number counts."),
        _row("song_yang_2019", two, "n^2", "width", Provenance.RESTATED,
             ("c n^2", c["song_yang"] * n**2), "song_yang",
             "Conditions on the data are hidden in the constant."),
        _row("du_2018", two, "n^6", "width", Provenance.RESTATED,
             ("c n^6 / (lambda_0^4 delta^3)", over(c["du"] * n**6, smallest**4 * delta**3)), "du",
             f"lambda_0 = {smallest:.4g} of the ReLU limit kernel of the normalised inputs."),
        _row("zou_gu_2019", deep, "n^8 L^12", "width", Provenance.RESTATED,
             ("c k n^8 L^12 / phi^4", over(c["zou_gu"] * outputs * n**8 * depth**12, gap**4)),
             "zou_gu", f"Separation {gap:.4g} of the normalised inputs."),
        _row("allen_zhu_2019", deep, "n^24 L^12", "width", recalled,
             ("c k n^24 L^12 log^5(m) / delta^8",
              with_log(over(c["allen_zhu"] * outputs * n**24 * depth**12, near**8), 5)),
             "allen_zhu",
             f"Separation {near:.4g} in the paper's normalisation; assumed at most O(1/L)."),
    ]  # fmt: skip


def _song(setting: Setting, view: ShallowView, c: Mapping[str, float]) -> list[WidthRow]:
    n, inputs = view.x.shape
    least = Requirement("n", float(n))
    kernel = view.typical.kernel
    smallest = max(kernel.smallest.lower, 0.0)
    features = Requirement(
        "c n log(n) / lambda_min(K)", over(c["chernoff"] * n * math.log(max(n, 2)), smallest)
    )
    printed = printed_width(setting, c["xi"])
    found = []
    if printed is None:
        found.append(_silent("song_2021", "The inputs are not of unit norm, as (20) asks."))
    else:
        twenty = Requirement("xi sigma_max(X)^2 sqrt(n) / sigma_min(X^{*t})^3", printed.equation_20)
        found.append(
            WidthRow("song_2021", "depth 2, both layers", "gradient_descent", "n^(3/2)",
                     "parameters", (least, features, twenty), ("xi", "chernoff"), Provenance.READ,
                     note=printed.note)
        )  # fmt: skip
    order = Requirement("xi n^(3/2) / d_0", c["xi"] * n**1.5 / inputs)
    found.append(
        WidthRow("song_2021_order", "depth 2, both layers", "gradient_descent", "n^(3/2)",
                 "parameters", (least, order), ("xi",), Provenance.READ,
                 note="Equation (21), for data on the sphere with n ~ d_0^t.")
    )  # fmt: skip
    batch = Requirement(
        "c n^2 / (sqrt(b) d_0)", c["sgd"] * n**2 / (math.sqrt(setting.batch) * inputs)
    )
    found.append(
        WidthRow("song_2021_sgd", "depth 2, both layers", "sgd", "n^2 / sqrt(b)", "parameters",
                 (least, batch), ("sgd",), Provenance.RECALLED, note=f"b = {setting.batch}.")
    )  # fmt: skip
    return found


def _explicit(view: ShallowView) -> list[WidthRow]:
    """The three forms in which nothing is hidden, for a typical draw."""
    n = float(view.x.shape[0])
    forms = (
        ("song_2021_explicit", "gradient_descent", descent, "h_0 <= mu^6 / (576 beta^2 nu^2)"),
        ("song_2021_short_path", "gradient_descent", descent_short_path,
         "h_0 <= mu^4 / (256 beta^2)"),
        ("song_2021_sharp", "gradient_flow", flow, "h_0 <= mu^4 / (16 beta^2)"),
    )  # fmt: skip
    return [
        WidthRow(name, "depth 2, both layers", dynamics, "explicit", "width",
                 (Requirement("n", n), Requirement(formula, view.typical_width(form))), (),
                 Provenance.READ, Evidence.SAMPLED, "For a typical draw at these scales.")
        for name, dynamics, form, formula in forms
    ]  # fmt: skip


def _row(
    result: str,
    network: str,
    scaling: str,
    counts: str,
    provenance: Provenance,
    requirement: tuple[str, float],
    constant: str,
    note: str,
) -> WidthRow:
    return WidthRow(result, network, "gradient_descent", scaling, counts,
                    (Requirement(*requirement),), (constant,), provenance, note=note)  # fmt: skip


def _silent(result: str, note: str) -> WidthRow:
    return WidthRow(result, "depth 2, both layers", "gradient_descent", "n^(3/2)", "parameters",
                    (), ("xi",), Provenance.READ, note=note)  # fmt: skip


def _unit_rows(x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"] | None:
    """The rows with norm 1; None where a row is zero."""
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    return None if np.any(norms == 0.0) else x / norms


def _relu_smallest(units: Float[np.ndarray, "n d"]) -> float:
    r"""$\lambda_0 = \lambda_{\min}(H^\infty)$, the lower end of its enclosure."""
    limit = np.asarray(limit_kernel(two_layer(2), jnp.asarray(units)).ntk)
    # As for every limit kernel: 256 roundings per entry.
    error = 256.0 * UNIT_ROUNDOFF * float(np.linalg.norm(limit))
    spectrum = symmetric_spectrum((limit + limit.T) / 2, error, eigenvectors=False)
    return max(0.0, spectrum.smallest.lower)
