"""A worker of train_speed.py: steps of our network in torch, ``torch_steps.py PRECISION JOB``."""

import json
import os
import sys
import time

JOB = json.loads(sys.argv[2])
os.sched_setaffinity(0, range(JOB["first_core"], JOB["first_core"] + JOB["cores"]))  # before torch counts the cores
os.environ["OMP_NUM_THREADS"] = str(JOB["cores"])

import torch  # noqa: E402  once the cores are set

from antiphon.codec import NoteCodec  # noqa: E402  once the cores are set
from antiphon.models.base import Batch, count_parameters  # noqa: E402  once the cores are set
from antiphon.models.registry import build  # noqa: E402  once the cores are set

WARM_UP = 2  # steps


def main() -> None:
    """Train on one batch of random rows; the seconds of each step as one line of JSON."""
    torch.manual_seed(0)
    torch.set_num_threads(JOB["cores"])
    model = build("lstm", {key: JOB[key] for key in ("size", "layers", "dropout", "head_size")}, NoteCodec()).train()
    rate = {"lr": JOB["learning_rate"], "weight_decay": JOB["weight_decay"], "betas": (0.9, 0.99)}
    optimiser = torch.optim.AdamW(model.parameters(), **rate)
    shape = JOB["batch"], JOB["window"]
    rows = torch.stack([torch.randint(size, shape) for size in JOB["sizes"]], -1)
    batch = Batch(rows, rows.roll(-1, 1), torch.ones(shape))
    seconds = [step(model, optimiser, batch) for _ in range(WARM_UP + JOB["steps"])][WARM_UP:]
    told = {"version": f"torch {torch.__version__}", "parameters": count_parameters(model)}
    print(json.dumps({"seconds": seconds, **told}))


def step(model: torch.nn.Module, optimiser: torch.optim.Optimizer, batch: Batch) -> float:
    """One step, in seconds."""
    began = time.perf_counter()
    optimiser.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=sys.argv[1] == "bf16"):
        loss = model.loss(batch)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
