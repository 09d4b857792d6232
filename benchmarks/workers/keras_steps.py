"""A worker of train_speed.py: steps of the same network in Keras 3, ``keras_steps.py BACKEND JOB``; needs keras."""

import json
import os
import sys
import time
from importlib import import_module

JOB = json.loads(sys.argv[2])
os.sched_setaffinity(0, range(JOB["first_core"], JOB["first_core"] + JOB["cores"]))  # before a backend counts the cores
os.environ |= {"KERAS_BACKEND": sys.argv[1], "OMP_NUM_THREADS": str(JOB["cores"]), "TF_CPP_MIN_LOG_LEVEL": "3"}

import keras  # noqa: E402  once the cores are set
import numpy as np  # noqa: E402  once the cores are set

WARM_UP = 2  # steps


def network() -> keras.Model:
    """Embeddings summed, LSTM layers, and heads that each see the attributes before their own."""
    sizes, size, hidden = JOB["sizes"], JOB["size"], JOB["head_size"]
    heard = [keras.Input((JOB["window"],), dtype="int32") for _ in sizes]
    drawn = [keras.Input((JOB["window"],), dtype="int32") for _ in sizes[:-1]]
    embedded = [keras.layers.Embedding(n + 1, size)(x) for n, x in zip(sizes, heard, strict=True)]
    x = keras.layers.Dropout(JOB["dropout"])(keras.layers.add(embedded))
    for _ in range(JOB["layers"]):
        x = keras.layers.LSTM(size, return_sequences=True)(x)
        x = keras.layers.Dropout(JOB["dropout"])(x)
    logits = []
    for i, n in enumerate(sizes):
        parts = [keras.layers.Dense(hidden)(x)]
        parts += [keras.layers.Embedding(m, hidden)(y) for m, y in zip(sizes[:i], drawn[:i], strict=True)]
        part = keras.layers.add(parts) if i else parts[0]
        logits.append(keras.layers.Dense(n)(keras.layers.Activation("gelu")(part)))
    return keras.Model([*heard, *drawn], logits)


def main() -> None:
    """Train on one batch of random rows; the seconds of each step as one line of JSON."""
    keras.utils.set_random_seed(0)
    model = network()
    optimiser = keras.optimizers.AdamW(
        JOB["learning_rate"], weight_decay=JOB["weight_decay"], beta_2=0.99, global_clipnorm=1.0
    )
    losses = [keras.losses.SparseCategoricalCrossentropy(from_logits=True) for _ in JOB["sizes"]]
    model.compile(optimiser, losses)
    rng, shape = np.random.default_rng(0), (JOB["batch"], JOB["window"])
    heard = [rng.integers(0, n, shape, np.int32) for n in JOB["sizes"]]
    drawn = [np.roll(column, -1, 1) for column in heard]
    seconds = []
    for _ in range(WARM_UP + JOB["steps"]):
        began = time.perf_counter()
        model.train_on_batch([*heard, *drawn[:-1]], drawn)  # returns the loss, so the step is over
        seconds.append(time.perf_counter() - began)
    told = f"keras {keras.__version__}, {sys.argv[1]} {import_module(sys.argv[1]).__version__}"
    print(json.dumps({"seconds": seconds[WARM_UP:], "version": told, "parameters": model.count_params()}))


if __name__ == "__main__":
    main()
