import numpy as np

import surefit as sf
from surefit.workflows.issuing import issue_certificates


def test_a_theorem_with_shorter_steps_speaks_of_its_own():
    x = np.eye(3)
    problem = sf.Problem(sf.models.shallow(64, weight_std=2.0), x, np.array([1.0, -1.0, 1.0]))
    params = problem.init(0)
    trained, trajectory = sf.train(problem, params, target_loss=1e-12, monitors=[])
    step = trajectory.step_size
    issued = {item.name: item for item in issue_certificates(problem, trained, step)}
    assert all(item.holds for item in issued.values())
    assert issued["kantorovich_majorant"].quantities["step_size"] == step
    # Its theorem allows at most half the step that training used.
    assert issued["oymak_soltanolkotabi"].quantities["step_size"] < 0.6 * step
    asked = sf.certificates.CERTIFIERS["oymak_soltanolkotabi"]().issue(
        problem, trained, step_size=step
    )
    assert [check.name for check in asked.checks if not check.holds] == ["step size"]
