"""Train `simple_cnn` once with `fit`, and print seconds and test accuracy as JSON."""

import json
import sys
import time

import numpy as np
import torch

from cnncourse.datasets import Dataset
from cnncourse.models import simple_cnn
from cnncourse.training import choose_hardware, evaluate, fit


def main(file: str, batch: int, epochs: int, seed: int, threads: int) -> dict:
    """Train on the arrays in a file; 0 threads leaves the number to torch."""
    if threads:
        torch.set_num_threads(threads)
    arrays = np.load(file)
    train, test = (
        Dataset(
            torch.from_numpy(arrays[f"{split}_images"])[:, None],
            torch.from_numpy(arrays[f"{split}_labels"]),
            tuple(map(str, range(10))),
        )
        for split in ("train", "test")
    )
    # What torch loads and prepares at the very first step is no part of training.
    fit(simple_cnn(), train.subset(slice(2 * batch)), None, 1, batch_size=batch, progress=False)
    torch.manual_seed(seed)
    model = simple_cnn()
    wall, processor = time.perf_counter(), time.process_time()
    fit(model, train, None, epochs, lr=1e-3, batch_size=batch, seed=seed, progress=False)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return {
        "seconds": wall,
        "processor_seconds": processor,
        "accuracy": evaluate(model, test).accuracy,
        "with": f"torch {torch.__version__.partition('+')[0]}, {choose_hardware()}",
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], *map(int, sys.argv[2:]))))
