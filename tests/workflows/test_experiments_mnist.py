"""Numbers of the experiment on MNIST, where its test files are present."""

from pathlib import Path

import numpy as np
import pytest

import surefit as sf
from surefit.implicit import Picard
from surefit.runs.experiments import Gao2022Spec
from surefit.workflows.experiments.feature_gram import limit_ends
from surefit.workflows.experiments.two_classes import two_classes

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(
    not (DATA / "t10k-images-idx3-ubyte.gz").is_file(),
    reason="the IDX files of MNIST are not in ../shared/data",
)


def samples(seed):
    spec = Gao2022Spec.parse({"data_dir": str(DATA), "seed": seed})
    assert (spec.widths, spec.samples_per_class) == ((500, 1000, 2000, 4000), 500)
    return two_classes(spec.images, (0, 1), 500, labels="zero_one", noise=0.0, seed=seed)


def test_the_limit_of_the_features_on_mnist():
    # Over random choices of 500 + 500 images the largest eigenvalue varies by less than 1 %, the
    # smallest, which the two closest images decide, by about 10 %.
    ends = np.array([limit_ends(samples(seed).train.vectors) for seed in range(3)])
    np.testing.assert_allclose(ends[:, 1], 282.0, rtol=0.02)
    np.testing.assert_allclose(ends[:, 0], 7.8e-4, rtol=0.15)


def test_the_limit_of_the_features_on_one_known_choice():
    # 500 zeros and then 500 ones, drawn by NumPy's generator with seed 0.
    images = sf.data.load(f"{DATA}/t10k-images-idx3-ubyte.gz")
    pixels, labels = (np.asarray(part) for part in (images.x, images.y))
    rng = np.random.default_rng(0)
    rows = [rng.choice(np.flatnonzero(labels == c), 500, replace=False) for c in (0, 1)]
    x = pixels.reshape(len(pixels), -1)[np.concatenate(rows)].astype(float)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    np.testing.assert_allclose(limit_ends(x), (7.8e-4, 282.0), rtol=0.02)
    np.testing.assert_allclose(np.linalg.norm(x, 2) ** 2, 421.0, rtol=0.002)


def test_what_is_left_is_tested_on():
    # The test file has 980 zeros: 500 for training leave 480.
    assert samples(0).test_per_class == 480


@pytest.mark.slow
def test_wider_is_faster_without_the_random_initial_output():
    data = samples(0)
    errors, random = [], []
    for width in (500, 1000, 2000):
        network = sf.models.implicit_relu(width, 0.1, solver=Picard(tolerance=1e-8))
        problem = sf.Problem(network, data.train.vectors, data.train.y)
        params = problem.init(0)
        eigenvalues, vectors = np.linalg.eigh(np.asarray(problem.gram(params)))
        assert 800 < eigenvalues[-1] < 950
        assert 0.01 < eigenvalues[0] < 0.04
        # 1000 steps of descent on the linearisation at the start.
        factors = (1 - eigenvalues / eigenvalues[-1]) ** 1000
        for kept, start in (
            (errors, -np.asarray(problem.y)[:, 0]),
            (random, np.asarray(problem.residual(params))),
        ):
            kept.append(float(np.sum((factors * (vectors.T @ start)) ** 2)) / 1000)
    assert errors[0] > errors[1] > errors[2]
    # With it, the order is another one: the reason why the experiment subtracts it.
    assert not random[0] > random[1] > random[2]
    assert min(random) > 5 * max(errors)
