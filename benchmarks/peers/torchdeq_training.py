"""Full-batch epochs of the implicit ReLU network in torchdeq, timed on request.

Runs in an environment of its own (`make bench-peers`). Reads one JSON line with the sizes and one
`.npz` path with data and weights, then answers every line `step` with the seconds of one epoch.
"""

import json
import sys
import time

import numpy as np
import torch
from torchdeq import get_deq


def main():
    config = json.loads(sys.stdin.readline())
    torch.set_num_threads(config["threads"])
    arrays = {name: torch.from_numpy(a) for name, a in np.load(config["arrays"]).items()}
    x, y = arrays["x"], arrays["y"]
    weights = {name: arrays[name].clone().requires_grad_() for name in ("A", "W", "u", "v")}
    width = len(weights["A"])
    deq = get_deq(
        f_solver=config["solver"], b_solver=config["solver"], ift=True,
        f_max_iter=200, b_max_iter=200, f_tol=config["tolerance"], b_tol=config["tolerance"],
        f_stop_mode="rel", b_stop_mode="rel",
    )  # fmt: skip

    def epoch():
        feature = torch.relu(x @ weights["W"].T) / width**0.5
        inner = (config["gamma"] / width**0.5) * weights["A"]
        states, info = deq(lambda z: torch.relu(z @ inner.T + feature), torch.zeros_like(feature))
        outputs = states[-1] @ weights["u"] + feature @ weights["v"]
        loss = 0.5 * torch.sum((outputs - y) ** 2)
        gradients = torch.autograd.grad(loss, list(weights.values()))
        with torch.no_grad():
            for weight, gradient in zip(weights.values(), gradients, strict=True):
                weight.sub_(config["step_size"] * gradient)
        return loss.item(), info["rel_lowest"].max().item()

    for _ in sys.stdin:
        start = time.perf_counter()
        loss, residual = epoch()
        answer = {"seconds": time.perf_counter() - start, "loss": loss, "residual": residual}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
