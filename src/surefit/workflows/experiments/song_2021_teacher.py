"""The teacher of Song et al. (2021): trained on true classes, it labels the samples."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

import numpy as np
from jaxtyping import Int

from surefit.activations import Relu, parse_activation
from surefit.losses import MeanCrossEntropy
from surefit.problem import Problem
from surefit.runs.experiments import Song2021Spec
from surefit.workflows.experiments.song_2021_data import Images
from surefit.workflows.experiments.song_2021_network import descend, one_hot, song_2021_network
from surefit.workflows.listener import Listener

__all__ = ["Teacher", "teach"]


@dataclasses.dataclass(frozen=True)
class Teacher:
    """What the teacher says of every sample.

    Args:
        labels: classes of the training samples.
        test_labels: classes of the test samples.
        accuracy: share of the training samples that it classifies correctly.
        test_accuracy: the same of the test samples.
    """

    labels: Int[np.ndarray, " n"]
    test_labels: Int[np.ndarray, " m"]
    accuracy: float
    test_accuracy: float


def teach(spec: Song2021Spec, images: Images, scratch: Path, listener: Listener) -> Teacher | None:
    """Train a ReLU network on the true classes and let it label; None if interrupted."""
    kept = scratch / "teacher.npz"
    if kept.is_file():
        with np.load(kept) as found:
            labels, test_labels = found["labels"], found["test_labels"]
    else:
        listener.stage(f"Teacher: {spec.epochs} epochs on {len(images.x)} samples")
        network = song_2021_network(spec, images.x.shape[1], images.count, Relu())
        problem = Problem(
            network, images.x, one_hot(images.classes, images.count), MeanCrossEntropy()
        )
        found = descend(
            spec, problem, problem.init(spec.seed), spec.step_size, spec.seed, [],
            scratch / "teacher", listener,
        )  # fmt: skip
        if found is None:
            return None
        params, _ = found
        speaking = song_2021_network(
            spec, images.x.shape[1], images.count, parse_activation(spec.teacher_activation)
        )
        says = Problem(speaking, problem.x, problem.y)
        labels = np.argmax(np.asarray(says.predict(params)), axis=1)
        test_labels = np.argmax(np.asarray(says.predict(params, images.x_test)), axis=1)
        draft = scratch / "teacher.partial.npz"
        np.savez(draft, labels=labels, test_labels=test_labels)
        os.replace(draft, kept)
        shutil.rmtree(scratch / "teacher", ignore_errors=True)
    return Teacher(
        labels,
        test_labels,
        float(np.mean(labels == images.classes)),
        float(np.mean(test_labels == images.test_classes)),
    )
