"""Lazy starts generalise worse: the teacher-student experiment of Song et al. (2021)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from surefit.activations import Gelu, parse_activation
from surefit.core.experiment import ExperimentRecord
from surefit.core.memory import require_bytes
from surefit.models import initial_scales
from surefit.problem import Problem
from surefit.runs import Workspace, environment_facts
from surefit.runs.experiments import Song2021Spec
from surefit.runs.experiments.command import command
from surefit.workflows.experiments.agreement import agreement
from surefit.workflows.experiments.experiment import Experiment
from surefit.workflows.experiments.song_2021_checks import mean_agreement, song_2021_checks
from surefit.workflows.experiments.song_2021_data import Images, song_2021_images
from surefit.workflows.experiments.song_2021_figure import COLUMNS, panels, row
from surefit.workflows.experiments.song_2021_network import one_hot, song_2021_network
from surefit.workflows.experiments.song_2021_students import LOSSES, StudentRun, run_student
from surefit.workflows.experiments.song_2021_teacher import Teacher, teach
from surefit.workflows.listener import Listener

__all__ = ["Song2021"]


class Song2021(Experiment):
    r"""Students $V\phi(Wx)$ of a teacher, from starts $(\omega_1/c, c\,\omega_2)$ around He's.

    References:
        Song et al. (2021), arXiv 2111.01875, experiments, with the code and logs released beside.
    """

    name: ClassVar[str] = "song2021"
    spec: ClassVar[type[Song2021Spec]] = Song2021Spec

    def require(self, spec: Song2021Spec) -> None:
        """The activation of the teacher, and as many samples as are asked for."""
        parse_activation(spec.teacher_activation)
        song_2021_images(spec.images, spec.samples, spec.seed)

    def run(
        self, spec: Song2021Spec, workspace: Workspace, listener: Listener
    ) -> ExperimentRecord | None:
        """The teacher, then one student after the other; None if interrupted."""
        listener.stage(f"Preparing {spec.content['data']}")
        scratch = Path(workspace.scratch)
        images = song_2021_images(spec.images, spec.samples, spec.seed)
        _require_memory(spec, images)
        teacher = teach(spec, images, scratch, listener)
        if teacher is None:
            return None
        # One network and one monitor for all students, so that they are compiled once per loss.
        network = song_2021_network(spec, images.x.shape[1], images.count, Gelu())
        monitor = agreement(images.x_test, teacher.test_labels)
        runs = []
        for loss in spec.losses:
            y = one_hot(teacher.labels, images.count)
            problem = Problem(network, images.x, y, LOSSES[loss]())
            for repeat in range(spec.repeats):
                for ratio in spec.ratios:
                    done = run_student(spec, problem, ratio, repeat, monitor, scratch, listener)
                    if done is None:
                        return None
                    runs.append(done)
        return _record(spec, workspace.run_id, images, teacher, runs)


def _record(
    spec: Song2021Spec, run_id: str, images: Images, teacher: Teacher, runs: list[StudentRun]
) -> ExperimentRecord:
    checks = song_2021_checks(runs, len(images.x_test))
    verdicts = [check.holds for check in checks]
    return ExperimentRecord(
        run_id=run_id,
        name=Song2021.name,
        title="Lazy starts generalise worse",
        question=(
            "Students learn the labels of a teacher network from starts whose scales have the same "
            "product and different ratios. Does a start with small output weights, which is lazy, "
            "agree less with the teacher on test samples than He's start?"
        ),
        source=Song2021Spec.paper,
        spec=spec.canonical(),
        environment=environment_facts(),
        verdict=_verdict(spec, runs, verdicts),
        holds=False if False in verdicts else None if None in verdicts or not verdicts else True,
        choices=_choices(spec),
        facts={
            "data": images.description,
            "test samples": len(images.x_test),
            "training accuracy of the teacher": teacher.accuracy,
            "test accuracy of the teacher": teacher.test_accuracy,
            "omega_1 of He": initial_scales("he", spec.width, images.x.shape[1])[0],
            "omega_2 of He": initial_scales("he", spec.width, images.x.shape[1])[1],
        },
        columns=COLUMNS,
        rows=tuple(map(row, runs)),
        panels=panels(runs),
        checks=checks,
        command=command(spec),
    )


def _verdict(spec: Song2021Spec, runs: list[StudentRun], verdicts: list[bool | None]) -> str:
    parts = []
    for loss in spec.losses:
        means = mean_agreement(runs, loss)
        shown = ", ".join(f"{mean:.3f} at {ratio:g}" for ratio, mean in means.items())
        parts.append(f"{loss.replace('_', ' ')}: {shown}")
    held = sum(verdict is True for verdict in verdicts)
    return (
        f"{held} of {len(verdicts)} checks hold. Test agreement with the teacher by omega_2 over "
        f"He's, {'; '.join(parts)}."
    )


def _choices(spec: Song2021Spec) -> dict[str, Any]:
    return {
        "loss": "the paper says mean squares; the stored arguments of the released runs say "
        f"cross-entropy. Here: {' and '.join(spec.losses).replace('_', ' ')}",
        "biases": "the paper's network has none, that of the released script has. Here: "
        f"{'with' if spec.biases else 'without'}",
        "activation of the teacher": "trained as a ReLU network; the released script labels with "
        f"it as a GELU network. Here it labels as {spec.teacher_activation}",
        "step size": f"{spec.step_size:g} with cross-entropy (the paper: 0.01); with mean squares "
        "the inverse of the largest curvature at each start, without which small ratios diverge",
        "size": f"width {spec.width}, {spec.samples} samples, {spec.epochs} epochs, "
        f"{spec.repeats} students per start (the paper: 1000, 60 000, 300, 5)",
        "batches": f"{spec.batch_size} samples drawn anew for every step, not a shuffled pass",
        "arithmetic": "steps in float32, measurements in float64",
        "seed": f"{spec.seed}",
    }


def _require_memory(spec: Song2021Spec, images: Images) -> None:
    """Predict the bytes of a student before anything of that size is allocated."""
    samples, inputs = images.x.shape
    tests = len(images.x_test)
    require_bytes(
        8 * ((samples + tests) * (2 * inputs + 4 * spec.width) + 8 * spec.width * inputs),
        f"training width {spec.width} on {samples} samples",
        "Use a smaller --width or fewer --samples.",
    )
