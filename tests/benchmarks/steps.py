"""Take training steps of U-Net and SegNet beside a plain implementation and segmentation-models-pytorch.

    python tests/benchmarks/steps.py                            both, width 16 and 64, three rounds
    python tests/benchmarks/steps.py --networks unet --widths 64 --rounds 1

A round lets each take its steps, one after the other and in a process of its own, so that what else the
machine does meets all alike. Every round is kept in ``.benchmarks``; ``report.py`` makes the table of them.
"""

import argparse
import os
import sys
import time

from environment import THEIRS, keep, make_environment, measured


def main() -> None:
    """Run the rounds that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--networks", nargs="+", choices=("unet", "segnet"), default=["unet", "segnet"])
    parser.add_argument("--widths", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=4, help="that are counted, after two that are not")
    parser.add_argument("--threads", type=int, default=0, help="for all; 0 lets each decide")
    chosen = parser.parse_args()
    make_environment()
    for number in range(chosen.rounds):
        for network in chosen.networks:
            for width in chosen.widths:
                take(network, width, number, chosen.steps, chosen.threads)


def take(network: str, width: int, number: int, steps: int, threads: int) -> None:
    """Let each take its steps, and keep and print what they took."""
    whos = {"ours": sys.executable, "plain": sys.executable}
    if (network, width) == ("unet", 64):  # the one that segmentation-models-pytorch has an encoder for
        whos |= {"smp": str(THEIRS), "smp in bfloat16": str(THEIRS)}
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    found = {
        who: measured(python, "train_steps.py", who, network, width, steps, threads)
        for who, python in whos.items()
    }
    about = {"network": network, "width": width, "threads": threads, "load": load}
    about |= {"date": time.strftime("%Y-%m-%d"), "found": found}
    keep(f"steps-{network}-{width}-threads{threads}-{number}", about)
    for who, numbers in found.items():
        print(
            f"{network}, width {width}, {who}: {numbers['seconds']:.3f} s a step "
            f"(processor {numbers['processor_seconds']:.2f} s; load before {load:.1f}), "
            f"{numbers['memory'] / 2**20:.0f} MiB, {numbers['parameters'] / 1e6:.2f} M parameters",
            flush=True,
        )


if __name__ == "__main__":
    main()
