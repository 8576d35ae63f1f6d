"""Whether an accepted statement is true, without the checker: singular values and short runs.

All by an interpreter of the format in NumPy, with Jacobians by complex steps.
"""

import itertools
import json
import math
import zipfile

import numpy as np

from format_numbers import floats

STEPS = 2


def contents(folder):
    """The description and the arrays."""
    with zipfile.ZipFile(folder / "arrays.npz") as archive:
        arrays = {}
        for name in archive.namelist():
            with archive.open(name) as file:
                arrays[name.removesuffix(".npy")] = np.lib.format.read_array(file)
    return json.loads((folder / "certificate.json").read_bytes()), arrays


class Claim:
    """What a folder says, and what the checker proved of it."""

    def __init__(self, build, folder, verdict):
        spec, arrays = contents(folder)
        self.build, self.numbers = build, verdict.numbers
        self.statement, self.scale = floats(spec["statement"]), floats(spec["loss"]["scale"])
        self.case = build.Case(floats(spec["network"]), arrays)
        self.rng = np.random.default_rng(0)

    def holds(self):
        """Raises AssertionError where the statement is false."""
        kind = self.statement["kind"]
        with np.errstate(all="ignore"):
            getattr(self, f"_{kind}")()

    def _facts(self):
        case, own = self.case, self.numbers
        self.r, self.j, self.theta = case.residual(), case.jacobian(), case.theta()
        values = np.linalg.svd(self.j, compute_uv=False)
        assert self.j.shape[0] <= self.j.shape[1]
        # Of the interpreter's own rounding errors.
        reach = np.abs(self.j) @ np.abs(self.theta) + np.abs(self.r)
        self.noise = 1e-13 * (np.max(reach) + np.max(np.abs(case.arrays[case.network["targets"]])))
        if self.statement["kind"] != "shadowing":
            assert own["residual_norm"] >= np.linalg.norm(self.r) - self.noise
            assert own["sigma_min"] <= values[-1] + 1e-12 * values[0]
            assert own["jacobian_norm"] >= values[0] * (1 - 1e-12)

    def _away(self, distance):
        step = self.rng.normal(size=self.theta.size)
        return self.theta + distance * step / np.linalg.norm(step)

    def _curvature(self):
        rho = self.statement["rho"]
        one, two = self._away(rho * 0.999), self._away(rho * self.rng.random())
        change = self.case.at(one).jacobian() - self.case.at(two).jacobian()
        bound = self.numbers["lipschitz"] * np.linalg.norm(one - two) * (1 + 1e-6)
        # A distance is known up to the spacing of the weights.
        error = 1e-13 * (np.linalg.norm(self.j) + self.numbers["lipschitz"] * self._spread())
        assert np.linalg.norm(change, 2) <= bound + error

    def _spread(self):
        return float(np.linalg.norm(self.theta))

    def _run(self, theta, step, steps, bound):
        """Descent on half the square; `bound` sees every step."""
        path, centre = 0.0, theta
        for k in range(steps):
            case = self.case.at(theta)
            r = case.residual()
            bound(k, float(np.linalg.norm(r)), path, float(np.linalg.norm(theta - centre)))
            after = theta - step * case.jacobian().T @ r
            path, theta = path + float(np.linalg.norm(after - theta)), after
        return theta

    def _local(self, step):
        own, start = self.numbers, self._away(self.statement.get("start_radius", 0.0))
        fit, slack = 1 - step * own["rate"], 1e-13 * (1 + self._spread())
        assert own["rate"] > 0 and 0 <= fit <= 1
        before = None

        def bound(k, r, path, distance):
            nonlocal before
            assert before is None or r <= fit * before + self.noise
            assert path <= own["path_length"] * (1 + 1e-9) + slack
            assert distance <= self.statement["rho"] + slack
            before = r

        self._run(start, step, STEPS, bound)

    def _descent(self):
        self._facts()
        self._curvature()
        self._local(2 * self.scale * self.statement["step_size"])

    def _flow(self):
        self._facts()
        self._curvature()
        own = self.numbers
        # What is proved for flow is proved for short steps.
        self._local(1 / (own["jacobian_norm"] + own["lipschitz"] * self.statement["rho"]) ** 2)

    def _shadowing(self):
        self._facts()
        step, steps = 2 * self.scale * self.statement["step_size"], self.statement["steps"]
        if steps > 200:
            return
        self.theta = self._run(self.theta, step, steps, lambda *_: None)
        self.case = self.case.at(self.theta)
        r, own = np.linalg.norm(self.case.residual()), self.numbers
        moved = own["jacobian_norm"] * own["shadow_radius"] * (1 + 1e-6)
        assert r <= own["residual_norm"] + 2 * moved + self.noise
        self._curvature()
        self._local(step)

    def _stochastic(self):
        self._facts()
        self._curvature()
        own, b = self.statement, self.statement["batch_size"]
        n = len(self.case.arrays[self.case.network["targets"]])
        blocks = self.j.reshape(n, -1, self.j.shape[1])
        largest = max(
            np.linalg.norm(blocks[list(rows)].reshape(-1, self.j.shape[1]), 2)
            for rows in itertools.combinations(range(n), b)
        )
        assert 2 * self.scale * own["step_size"] * n / b * largest**2 < 1.85
        assert 1 / own["growth"] < self.numbers["failure_probability"]
        assert self.numbers["failure_probability"] <= own["failure_probability"] < 1

    def _initialisation(self):
        self._facts()
        own, step = self.numbers, 2 * self.scale * self.statement["step_size"]
        first = (own["jacobian_norm"] * own["linear_path_length"]) * (1 + 1e-6)

        def bound(k, r, path, distance):
            assert r <= first * (1 - step * own["rate"]) ** k + self.noise
            assert path <= own["path_length"] * (1 + 1e-9) + 1e-13 * self._spread()

        self._run(self.theta, step, 10 * STEPS, bound)

    def _floor(self):
        self._facts()
        self._curvature()
        own, statement, theta = self.numbers, self.statement, self.theta
        step, r = 2 * self.scale * statement["step_size"], own["residual_norm"]
        for _ in range(min(STEPS, statement["steps"])):
            case = self.case.at(theta)
            away = self.rng.normal(size=theta.size)
            theta = theta - step * case.jacobian().T @ case.residual()
            theta += statement["error"] * away / np.linalg.norm(away)
            fit, slack = 1 - own["contraction"], 1e-13 * (1 + self._spread())
            r = fit * r + own["contraction"] * own["floor"]
            assert np.linalg.norm(self.case.at(theta).residual()) <= r * (1 + 1e-9) + self.noise
            moved = np.linalg.norm(theta - self.theta)
            assert moved <= own["path_length"] * (1 + 1e-9) + slack
            assert own["path_length"] <= statement["rho"] * (1 + 1e-12)

    def _equilibria(self):
        z, implicit = np.linspace(-4, 4, 4001), 0
        for layer in self.case.network["layers"]:
            if layer["type"] == "equilibrium":
                slopes = np.diff(self.build._function(layer["activation"])(z)) / np.diff(z)
                own = self.statement["rho"] if layer["trained"] else 0.0
                norm = np.linalg.norm(self.case.arrays[layer["weights"]], 2) + own
                modulus = np.max(np.abs(slopes)) * layer["factor"] * norm
                assert modulus <= self.numbers["modulus"] * (1 + 1e-9) and modulus < 1
                implicit += 1
        assert implicit > 0

    def _margins(self):
        outputs = self.build.forward(self.case.network, self.case.arrays)
        y = self.case.arrays[self.case.network["targets"]]
        if y.shape[1] == 1:
            return (outputs * y)[:, 0], np.max(np.abs(outputs))
        of = outputs[y == 1.0][:, None] - outputs
        return np.min(np.where(y == 1.0, np.inf, of), 1), np.max(np.abs(outputs))

    def _accuracy(self):
        margins, size = self._margins()
        assert np.min(margins) > -1e-13 * size
        assert self.numbers["smallest_margin"] <= np.min(margins) + 1e-13 * size

    def _homogeneous(self):
        margins, size = self._margins()
        loss = float(np.sum(np.log1p(np.exp(-margins))))
        assert loss - 1e-12 * size <= self.numbers["loss_sum"] < math.log(2)
        theta = self.case.theta()
        large, middle, small = (
            self.build.forward(self.case.network, self.case.at(c * theta).arrays)
            for c in (1.0, 0.5, 0.25)
        )
        degree = np.divide(middle, large, out=np.zeros_like(large), where=large != 0.0)
        assert np.allclose(small, middle * degree, rtol=1e-10, atol=1e-280)
