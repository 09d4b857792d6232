"""A worker of history.py, run by an interpreter that has transformers: seconds that flat tokens of a Llama take.

stdin: a line of JSON, the size of the model; then a line for each round, the tokens heard before and the tokens to
write. stdout: a line of JSON each; the first says what the model is.
"""

import importlib.metadata
import json
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"

import torch
from transformers import LlamaConfig, LlamaForCausalLM

ANSWERS, sys.stdout = sys.stdout, sys.stderr


def main() -> None:
    """Random weights of the size asked for; each round is one call of ``generate``."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(**json.loads(sys.stdin.readline()))).eval()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("transformers", "torch"))
    tell({"versions": versions, "parameters": sum(p.numel() for p in model.parameters())})
    for line in sys.stdin:
        heard, written = json.loads(line)
        tell(rounded(model, heard, written))


def rounded(model: LlamaForCausalLM, heard: int, written: int) -> dict:
    """Seconds to the first token, which are the hearing, and seconds for those after it."""
    prompt = torch.randint(model.config.vocab_size, (1, heard))
    times = []
    for count in (1, written + 1):
        began = time.perf_counter()
        with torch.inference_mode():
            model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=True, min_new_tokens=count,
                           max_new_tokens=count, pad_token_id=0)  # fmt: skip
        times.append(time.perf_counter() - began)
    return {"hear": times[0], "write": times[1] - times[0]}


def tell(answer: dict) -> None:
    """A line of JSON."""
    print(json.dumps(answer), file=ANSWERS, flush=True)


if __name__ == "__main__":
    main()
