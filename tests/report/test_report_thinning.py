import hypothesis.extra.numpy
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from surefit.report.thinning import LIMIT, thin

VALUES = st.floats(width=64, allow_nan=True, allow_infinity=True)


@settings(max_examples=60, deadline=None)
@given(hypothesis.extra.numpy.arrays(np.float64, st.integers(1, 400), elements=VALUES))
def test_extremes_ends_and_the_first_break_are_kept(values):
    kept = thin(values, limit=50)
    assert len(kept) <= 50 + 2
    assert (np.diff(kept) > 0).all()
    assert kept[-1] == len(values) - 1
    assert kept[0] == 0
    finite = np.isfinite(values)
    if finite.any():
        assert values[kept][np.isfinite(values[kept])].max() == values[finite].max()
        assert values[kept][np.isfinite(values[kept])].min() == values[finite].min()
    if not finite.all():
        assert int(np.argmin(finite)) in kept


def test_short_series_stay_whole():
    assert thin(np.zeros(LIMIT)).tolist() == list(range(LIMIT))


def test_a_single_spike_in_a_long_run_survives():
    values = np.ones(1_000_000)
    values[765_432] = 9.0
    kept = thin(values)
    assert len(kept) <= LIMIT + 2
    assert 765_432 in kept


def test_both_ends_of_a_logarithmic_axis_are_fine():
    kept = thin(np.random.default_rng(0).normal(size=1_000_000))
    counts, _ = np.histogram(np.log10(kept[1:]), bins=np.arange(0, 7))
    assert counts.min() >= 9
    # On a linear axis, no gap is wider than a hundredth of the axis.
    assert np.diff(kept).max() < 10_000
