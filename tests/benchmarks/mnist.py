"""Train `simple_cnn` beside the same network in Keras, in pairs, and keep what each pair took.

    python tests/benchmarks/mnist.py                              all: batch 32 and 128, seeds 0 1 2, 5 epochs
    python tests/benchmarks/mnist.py --batch 32 --seeds 0         one pair; running it again replaces it
    python tests/benchmarks/mnist.py --data fashion_mnist

One after the other, ours, Keras, ours, Keras …, each in a process of its own, so that what else the machine
does meets both alike. Every pair is kept in ``.benchmarks``; ``report.py`` makes the table of them.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from environment import ROOT, THEIRS, keep, make_environment, measured

from cnncourse import datasets


def main() -> None:
    """Run the pairs that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", choices=("mnist", "fashion_mnist"), default="mnist")
    parser.add_argument("--root", help="folder with MNIST/raw; else CNNCOURSE_DATA, else ../shared/data")
    parser.add_argument("--batch", type=int, nargs="+", default=[32, 128])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="for both; 0 lets each decide")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cnncourse-bench-") as folder:
        file = write_arrays(chosen.data, chosen.root, Path(folder))
        make_environment()
        for batch in chosen.batch:
            for seed in chosen.seeds:
                pair(chosen.data, file, batch, chosen.epochs, seed, chosen.threads)


def write_arrays(name: str, root: str | None, folder: Path) -> str:
    """Write images and labels to one file that both read."""
    root = root or os.environ.get("CNNCOURSE_DATA") or str(ROOT.parent / "shared" / "data")
    try:
        train, test = (
            getattr(datasets, name)(split, root, download=False) for split in ("train+val", "test")
        )
    except FileNotFoundError as error:
        advice = "set CNNCOURSE_DATA or pass --root, a folder with MNIST/raw or FashionMNIST/raw in it"
        raise SystemExit(f"{name} is missing: {error}.\nFor the benchmark {advice}.") from None
    arrays = {
        f"{split}_{what}": tensor.numpy()
        for split, data in (("train", train), ("test", test))
        for what, tensor in (("images", data.images[:, 0]), ("labels", data.targets))
    }
    path = folder / f"{name}.npz"
    np.savez(path, **arrays)
    return str(path)


def pair(name: str, file: str, batch: int, epochs: int, seed: int, threads: int) -> None:
    """Train with ours, then with Keras, and keep and print the result."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    arguments = (file, batch, epochs, seed, threads)
    found = {
        "ours": measured(sys.executable, "train_ours.py", *arguments),
        "keras": measured(THEIRS, "train_keras.py", *arguments),
    }
    found |= {"data": name, "batch": batch, "epochs": epochs, "seed": seed, "threads": threads}
    found |= {"load": load, "date": time.strftime("%Y-%m-%d")}
    keep(f"{name}-batch{batch}-epochs{epochs}-threads{threads}-seed{seed}", found)
    ours, keras = found["ours"], found["keras"]
    seconds, processor = (ours[what] / keras[what] for what in ("seconds", "processor_seconds"))
    print(
        f"{name}, batch {batch}, {epochs} epochs, seed {seed}: "
        f"ours {ours['seconds']:.1f} s {ours['accuracy']:.2%}, "
        f"Keras {keras['seconds']:.1f} s {keras['accuracy']:.2%}, "
        f"ratio {seconds:.2f} (processor seconds {processor:.2f}; load before {load:.1f})",
        flush=True,
    )


if __name__ == "__main__":
    main()
