"""PyTorch modules as JAX functions, against PyTorch's own outputs and gradients."""

import warnings

import jax
import numpy as np
import pytest

import surefit as sf
from surefit.errors import InvalidInputError

torch = pytest.importorskip("torch")
nn = torch.nn


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)
    # PyTorch warns of what it deprecates in itself.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 6)

    def forward(self, x):
        mixed = torch.cat([x, nn.functional.silu(self.first(x))], dim=1)
        gate = torch.softmax(mixed[:, :6] * 0.5 - 1.0, dim=-1)
        return x + gate * self.second(x) / 2.0 + mixed.mean(dim=1, keepdim=True)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(4, 4, bias=False) for _ in range(3))
        self.norm = nn.LayerNorm(4)

    def forward(self, x):
        x = x.reshape(x.shape[0], 3, 4)
        weights = torch.softmax(self.q(x) @ self.k(x).transpose(1, 2) / 2.0, dim=2)
        return self.norm(x + weights @ self.v(x)).permute(0, 2, 1).flatten(1)


def image(*layers):
    return nn.Sequential(nn.Unflatten(1, (1, 8, 8)), *layers)


MODULES = {
    "mlp relu": (nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Linear(9, 2)), 6),
    "mlp gelu": (nn.Sequential(nn.Linear(6, 9), nn.GELU(), nn.Linear(9, 1)), 6),
    "mlp tanh gelu": (nn.Sequential(nn.Linear(6, 9), nn.GELU("tanh"), nn.Linear(9, 1)), 6),
    "mlp tanh": (nn.Sequential(nn.Linear(6, 9, bias=False), nn.Tanh(), nn.Linear(9, 2)), 6),
    "mlp rest": (
        nn.Sequential(nn.Linear(6, 9), nn.Sigmoid(), nn.Linear(9, 9), nn.Softplus(),
                      nn.Linear(9, 5), nn.ELU(), nn.Linear(5, 5), nn.LeakyReLU(0.1),
                      nn.Linear(5, 2), nn.LogSoftmax(1)), 6,
    ),
    "layer norm": (nn.Sequential(nn.Linear(6, 9), nn.LayerNorm(9), nn.SiLU(), nn.Linear(9, 2)), 6),
    "dropout": (nn.Sequential(nn.Linear(6, 9), nn.Dropout(0.5), nn.ReLU6(), nn.Linear(9, 2)), 6),
    "residual": (Residual(), 6),
    "attention": (Attention(), 12),
    "cnn": (
        image(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
              nn.Conv2d(4, 4, 3, stride=2, groups=2), nn.GELU(), nn.AvgPool2d(1), nn.Flatten(),
              nn.Linear(4, 2)), 64,
    ),
    "cnn pooled": (
        image(nn.Conv2d(1, 4, 3, dilation=2), nn.GroupNorm(2, 4), nn.Tanh(),
              nn.AdaptiveAvgPool2d((2, 1)), nn.Flatten(), nn.Linear(8, 3)), 64,
    ),
}  # fmt: skip


def warmed(module, x):
    """In double precision, running means away from 0 and variances away from 1."""
    module = module.double().train()
    with torch.no_grad():
        module(torch.tensor(x))
    return module.eval()


@pytest.mark.parametrize("name", MODULES)
def test_outputs_and_kernel_equal_those_of_pytorch(name):
    module, width = MODULES[name]
    x = np.random.default_rng(1).standard_normal((5, width))
    module = warmed(module, x)
    function, params = sf.torch.as_jax(module, x)
    with torch.no_grad():
        expected = module(torch.tensor(x)).numpy()
    for rows in (slice(None), slice(0, 1)):  # the number of examples is free
        found = np.asarray(jax.jit(function)(params, x[rows]))
        np.testing.assert_allclose(found, expected[rows], rtol=1e-10, atol=1e-12)
    kernel = sf.empirical_ntk(function, params, x, outputs="full")
    np.testing.assert_allclose(kernel, autograd_kernel(module, x), rtol=1e-9, atol=1e-11)
    assert set(params) == set(dict(module.named_parameters()))


def autograd_kernel(module, x):
    """From gradients that PyTorch's autograd makes, one output of one example at a time."""
    moving = [p for p in module.parameters() if p.requires_grad]
    outputs = module(torch.tensor(x))
    rows = []
    for output in outputs.reshape(-1):
        parts = torch.autograd.grad(output, moving, retain_graph=True, allow_unused=True)
        parts = [torch.zeros_like(p) if g is None else g
                 for g, p in zip(parts, moving, strict=True)]  # fmt: skip
        rows.append(np.concatenate([part.numpy().ravel() for part in parts]))
    n, k = outputs.shape
    gram = np.array(rows) @ np.array(rows).T
    return gram.reshape(n, k, n, k).transpose(0, 2, 1, 3)


def test_a_module_is_diagnosed_as_it_is_and_after_training():
    module = nn.Sequential(nn.Linear(3, 64), nn.Tanh(), nn.Linear(64, 1))
    draw = np.random.default_rng(0)
    x = draw.standard_normal((6, 3))
    y = np.sin(x[:, 0])
    found = sf.diagnose(module, None, x, y)
    assert found.fit.holds is True and found.precision == "float64"
    assert found.fit.parameters == sum(p.numel() for p in module.parameters())
    seen = sf.watch(module, None, x, y, step_size=1e-3, sharpness=False)
    optimiser = torch.optim.SGD(module.parameters(), lr=1e-3)
    inputs, targets = torch.tensor(x).float(), torch.tensor(y).float()
    for _ in range(50):
        optimiser.zero_grad()
        (0.5 * ((module(inputs)[:, 0] - targets) ** 2).sum()).backward()
        optimiser.step()
    record = seen(50, module)
    assert record.loss == pytest.approx(record.predicted, rel=0.05)
    assert record.distance > 0.0


def test_frozen_parameters_do_not_move_and_the_mode_is_left_alone():
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)).train()
    module[0].weight.requires_grad_(False)
    x = np.ones((2, 3))
    function, params = sf.torch.as_jax(module, x)
    assert set(params) == {"0.bias", "2.weight", "2.bias"}
    assert module.training
    np.testing.assert_allclose(
        np.asarray(function(params, x)), module(torch.ones(2, 3)).detach().numpy(), rtol=1e-5
    )
    assert set(sf.torch.parameters_of(module)) == set(params)


class Two(nn.Module):
    def forward(self, x):
        return x, 2 * x


class Branching(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


class Sorting(nn.Module):
    def forward(self, x):
        return torch.sort(x, dim=1)[0]


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (Sorting(), "Got aten.sort.default"),
        (image(nn.ConvTranspose2d(1, 1, 2)), "transposed convolution"),
        (image(nn.MaxPool2d(3, ceil_mode=True)), "ceil_mode"),
        (Two(), "must return one tensor"),
        (Branching(), "torch.export.export"),
        (nn.Bilinear(3, 3, 2), "torch.export.export"),
        (len, "must be a `torch.nn.Module`"),
    ],
)
def test_modules_that_cannot_be_taken(module, said):
    with pytest.raises(InvalidInputError, match=r"as_jax\(module") as caught:
        sf.torch.as_jax(module, np.ones((2, 64)))
    assert said in str(caught.value)


def test_batches_without_examples_and_parameters_given_twice_are_refused():
    with pytest.raises(InvalidInputError, match=r"as_jax\(x=...\)` must hold at least one"):
        sf.torch.as_jax(nn.Linear(3, 1), np.ones((0, 3)))
    with pytest.raises(InvalidInputError, match=r"diagnose\(params=...\)` must be None"):
        sf.diagnose(nn.Linear(3, 1), {}, np.ones((2, 3)), np.ones(2))
