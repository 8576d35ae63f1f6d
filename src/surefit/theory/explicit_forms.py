"""The explicit forms of the theorem on shallow networks, held against one start."""

from __future__ import annotations

from surefit.core.precision import float64
from surefit.core.widths import FormOutcome
from surefit.theory.catalogue import THEOREMS
from surefit.theory.setting import Setting
from surefit.theory.shallow_theorem import ShallowTheorem
from surefit.theory.shallow_view import shallow_view

__all__ = ["explicit_forms"]


@float64
def explicit_forms(setting: Setting) -> tuple[FormOutcome, ...]:
    r"""Which explicit conditions on $h(w_0)$ hold at the start, and by what factor the others fail.

    Whatever the dynamics of the setting: the conditions are about the start only.

    Args:
        setting: the user's problem and start.

    Returns:
        One entry per theorem of this kind, those that hold first, then by the factor; none for
        networks other than $V\phi(Wx)$ with a smooth activation and both layers trained, and none
        for a loss that is no multiple of the square.

    Cost:
        That of the theorems themselves, with which the spectra are shared.

    Example:
        >>> import surefit as sf
        >>> theorem = sf.theory.THEOREMS["song_2021"]()
        >>> problem, params, step = theorem.example()
        >>> [form.holds for form in explicit_forms(sf.theory.Setting(problem, params, step))]
        [True, True, True]
    """
    view = shallow_view(setting)
    if view is None or setting.loss_scale is None:
        return ()
    found = []
    for name, theorem in THEOREMS.entries().items():
        if not issubclass(theorem, ShallowTheorem):
            continue
        said = theorem().convergence(view)
        condition = said.hypotheses[-1]
        found.append(
            FormOutcome(
                name=name,
                title=theorem.title,
                dynamics=theorem.dynamics,
                condition=condition.name,
                initial=said.initial.value,
                threshold=said.threshold.value,
                holds=said.holds,
                failing=tuple(check.name for check in said.hypotheses if check.holds is not True),
                width=view.typical_width(theorem.form),
            )
        )
    return tuple(sorted(found, key=lambda form: (form.holds is not True, form.excess)))
