"""Write RESULTS.md from what the benchmarks kept in ``.benchmarks``."""

import json
import os
import platform
import statistics
from itertools import groupby
from pathlib import Path
from typing import Any

import psutil
from report_steps import steps

HERE = Path(__file__).resolve().parent
KEPT = HERE.parents[1] / ".benchmarks"


GPU = """## On a GPU

Not measured: no GPU was at hand. The two networks at the papers' sizes, from random weights, on CamVid at
360×480; the marks to pass are mean IoU of 60.1 (SegNet, a trained encoder, 3,433 images) and 47.7
(SegNet-Basic, 367 images):

```
python -m cnncourse compare --data camvid --root FOLDER --size 360 480 --score-on val --seeds 1 \\
  --epochs 100 --networks "SegNet, full size" "U-Net, full size"
```

It prints mean IoU, seconds and peak memory of the GPU; 367 images by the CSV's seconds per epoch are images
per second."""


def main() -> None:
    """Write the file, or say that there is nothing to write."""
    pairs = [json.loads(path.read_text()) for path in KEPT.glob("*mnist-*.json")]
    rounds = [json.loads(path.read_text()) for path in KEPT.glob("steps-*.json")]
    starting = KEPT / "starting.json"
    if not pairs and not rounds and not starting.exists():
        raise SystemExit("nothing was measured yet; run mnist.py, steps.py and starting.py first")
    parts = ["# Benchmarks", "Written by `make bench`.", f"Machine: {machine()}."]
    parts += trainings(pairs) if pairs else []
    parts += steps(rounds) if rounds else []
    parts += start(json.loads(starting.read_text())) if starting.exists() else []
    parts += [GPU]
    (HERE / "RESULTS.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print("wrote tests/benchmarks/RESULTS.md")


def machine() -> str:
    """Describe processor, memory and Python."""
    name, flags = platform.processor() or platform.machine(), ""
    if Path("/proc/cpuinfo").exists():
        facts = dict(
            line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
        )
        facts = {key.strip(): value.strip() for key, value in facts.items()}
        name = facts.get("model name", name)
        flags = ", with AVX512-BF16" if "avx512_bf16" in facts.get("flags", "") else ""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{cores} cores of {name}{flags}, {memory:.0f} GiB, {system}"


def trainings(pairs: list[dict[str, Any]]) -> list[str]:
    """Return a table for each data set and setting, with the bounds it is held to."""
    parts = [
        "## Training `simple_cnn`",
        "The same layers, data, batch and epochs, and Adam with the same settings. Ours, Keras, ours, "
        "Keras …, one after the other, each in a process of its own whose OpenMP threads keep their cores "
        "(`OMP_PROC_BIND=true`); seconds without loading and compiling. "
        "Bounds: at least 98.0 % on MNIST's test split, and at batch 32 at most 0.8 of Keras' time.",
    ]

    def setting(pair: dict[str, Any]) -> tuple:
        return pair["data"], pair["epochs"], pair["threads"]

    for (data, epochs, threads), group in groupby(sorted(pairs, key=setting), key=setting):
        runs = sorted(group, key=lambda pair: (pair["batch"], pair["seed"]))
        both = " · ".join(sorted({pair[who]["with"] for pair in runs for who in ("ours", "keras")}))
        days = ", ".join(sorted({pair["date"] for pair in runs}))
        limit = f", {threads} thread{'s' * (threads > 1)}" if threads else ""
        parts.append(f"### {data}, {epochs} epoch{'s' * (epochs > 1)}{limit}\n\n{both} · {days}")
        parts.append(_table(runs))
        busy = max(pair["load"] for pair in runs)
        if busy > 2.5:  # the pair before leaves about 2
            parts.append(
                f"The machine had other work to do (load up to {busy:.0f}): the seconds are too high."
            )
    return parts


def _table(runs: list[dict[str, Any]]) -> str:
    lines = [
        "| batch | seed | ours, s | Keras, s | ratio | processor time, ratio | ours, test | Keras, test |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for batch, group in groupby(runs, key=lambda pair: pair["batch"]):
        rows = [
            {
                "seconds": [pair[who]["seconds"] for who in ("ours", "keras")],
                "accuracy": [pair[who]["accuracy"] for who in ("ours", "keras")],
                "ratio": pair["ours"]["seconds"] / pair["keras"]["seconds"],
                "processor": pair["ours"]["processor_seconds"] / pair["keras"]["processor_seconds"],
                "seed": pair["seed"],
            }
            for pair in group
        ]
        lines += [_row(batch, row) for row in rows]
        if len(rows) > 1:
            middle = {
                "seconds": [statistics.median(row["seconds"][k] for row in rows) for k in (0, 1)],
                "accuracy": [statistics.mean(row["accuracy"][k] for row in rows) for k in (0, 1)],
                "ratio": statistics.median(row["ratio"] for row in rows),
                "processor": statistics.median(row["processor"] for row in rows),
                "seed": "**median** (test: mean)",
            }
            lines.append(_row(batch, middle))
    return "\n".join(lines)


def _row(batch: int, row: dict[str, Any]) -> str:
    (ours, keras), (score, other) = row["seconds"], row["accuracy"]
    cells = [
        batch,
        row["seed"],
        f"{ours:.1f}",
        f"{keras:.1f}",
        f"{row['ratio']:.2f}",
        f"{row['processor']:.2f}",
    ]
    return "| " + " | ".join(map(str, [*cells, f"{score:.2%}", f"{other:.2%}"])) + " |"


def start(found: dict[str, Any]) -> list[str]:
    """Tell of the import and of the slowest checks."""
    first, then = ({name: seconds[k] for name, seconds in found["checks"].items()} for k in (0, 1))
    slowest, again = max(first, key=first.__getitem__), max(then, key=then.__getitem__)
    return [
        "## Starting and checking",
        f"Median of 7 imports; the reference of each of {len(first)} exercises, twice · {found['date']}",
        "| what | seconds | bound |\n|---|--:|--:|\n"
        f"| `import cnncourse` beyond `import torch` | {found['import']:.4f} | 0.2 |\n"
        f"| slowest check, first time in a session (`{slowest}`) | {first[slowest]:.2f} | 1 |\n"
        f"| slowest check, from then on (`{again}`) | {then[again]:.2f} | 1 |\n"
        f"| median check | {statistics.median(then.values()):.2f} | 1 |",
    ]


if __name__ == "__main__":
    main()
