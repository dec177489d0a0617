"""The part of RESULTS.md that tells of single training steps."""

import statistics
from itertools import groupby
from typing import Any

NAMES = {"unet": "U-Net", "segnet": "SegNet"}


def steps(rounds: list[dict[str, Any]]) -> list[str]:
    """Return what is compared, and a table."""
    rounds = sorted(rounds, key=_setting, reverse=True)
    days = ", ".join(sorted({found["date"] for found in rounds}))
    versions = ", ".join(
        sorted({numbers["torch"] for found in rounds for numbers in found["found"].values()})
    )
    lines = [
        "| network, width | who | parameters | multiply–adds per image | s a step | against ours | "
        "processor s | against ours | peak memory | against ours |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for (network, width, threads), group in groupby(rounds, key=_setting):
        limit = f", {threads} thread{'s' * (threads > 1)}" if threads else ""
        lines += _rows(f"{NAMES[network]}, {width}{limit}", list(group))
    parts = [
        "## One training step",
        f"8 images of 3×128×128, 11 classes, AdamW; torch {versions}, on the CPU · {days}. Medians over the "
        "rounds of the medians over steps; a ratio is the median of the ratios within a round, each in a "
        "process of its own, one after the other. Memory: the most that the process held beyond its imports.",
        "- *ours* is `fit`: U-Net padded and batch-normed, SegNet with indices.\n"
        "- *plain* is the same network in straightforward modules and a tutorial's loop, in float32 "
        "(`plain.py`).\n"
        '- *smp* is `segmentation_models_pytorch.Unet("vgg13_bn", encoder_depth=4, decoder_channels=[512, '
        "256, 128, 64])` in that loop. The encoder has the sizes of U-Net's down to the last level, which "
        "has four convolutions of 512 maps instead of two of 1024; the decoder enlarges by nearest neighbor "
        "instead of up-convolutions. *In bfloat16*: with autocast and channels_last, as ours. It has no "
        "encoder of width 16, and no SegNet.",
        "\n".join(lines),
    ]
    busy = max(found["load"] for found in rounds)
    if busy > 2.5:  # the round before leaves about 2
        parts.append(f"The machine had other work to do (load up to {busy:.0f}): the seconds are too high.")
    return parts


def _setting(found: dict[str, Any]) -> tuple[str, int, int]:
    return found["network"], found["width"], found["threads"]


def _rows(label: str, rounds: list[dict[str, Any]]) -> list[str]:
    lines = []
    for who in rounds[0]["found"]:
        found = [(one["found"][who], one["found"]["ours"]) for one in rounds if who in one["found"]]

        def middle(what: str, found: list = found) -> float:
            return statistics.median(numbers[what] for numbers, _ in found)

        def ratio(what: str, found: list = found) -> str:
            return f"{statistics.median(numbers[what] / ours[what] for numbers, ours in found):.2f}"

        cells = [
            label,
            who,
            f"{middle('parameters'):,.0f}",
            f"{middle('multiply_adds') / 1e9:.2f} G",
            f"{middle('seconds'):.2f}",
            ratio("seconds"),
            f"{middle('processor_seconds'):.2f}",
            ratio("processor_seconds"),
            f"{middle('memory') / 2**20:,.0f} MiB",
            ratio("memory"),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines
