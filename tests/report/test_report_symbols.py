import pytest

from surefit.report.symbols import symbols


@pytest.mark.parametrize(
    ("plain", "html"),
    [
        ("λ_min(K) > 0", "λ<sub>min</sub>(K) &gt; 0"),
        ("sigma_min(J)^2", "σ<sub>min</sub>(J)<sup>2</sup>"),
        (
            "27 L L_F ||r_0|| / (2 sigma_min^3)",
            "27 L L<sub>F</sub> ‖r<sub>0</sub>‖ / (2 σ<sub>min</sub><sup>3</sup>)",
        ),
        ("max | ||x_i|| - 1 |", "max | ‖x<sub>i</sub>‖ - 1 |"),
        ("C_width n^24 y^T H^-1 y", "C<sub>width</sub> n<sup>24</sup> y^T H<sup>-1</sup> y"),
        ("4 Lambda ||r||^2 <= sqrt(mu)", "4 Λ ‖r‖<sup>2</sup> ≤ √(μ)"),
        ("output weights +-1/sqrt(m)", "output weights ±1/√(m)"),
        ("width_constant / lambda_0^4", "width constant / λ<sub>0</sub><sup>4</sup>"),
        ("duplicate_rows", "duplicate rows"),
        ("pass `step_size=...` on", "pass <code>step_size=...</code> on"),
        ("omega_2 of nu^2 n^(3/2), xi", "ω<sub>2</sub> of ν<sup>2</sup> n<sup>3/2</sup>, ξ"),
        ("deltas, a beta2 and alphabet", "deltas, a beta2 and alphabet"),
        ("layer 2: w", "layer 2: w"),
        ("x_<b>", "x_&lt;b&gt;"),
        ("`<b>`", "<code>&lt;b&gt;</code>"),
    ],
)
def test_formulas_are_set_and_everything_else_is_escaped(plain, html):
    assert symbols(plain) == html
