"""Learning curves of finished trainings: one run, several side by side, or each over several seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..training.history import History
from . import style
from .curves.data import write
from .picture import Picture, text_width

_COLORS = (0, 5, 2, 10, 7, 3, 8, 9)  # of the palette: those that stand out on white as a line
_DASHES = ("-", (0, (5, 1.6)), (0, (1.2, 1.2)), (0, (6, 1.6, 1.2, 1.6)))
_MARKS = ("o", "s", "^", "D", "v", "P", "X", "p")
_PAD, _AXIS, _GAP, _WIDE = 16, 40, 30, 520  # pixels: border, numbers, between panels, a picture of one panel
_TALL, _EACH = 210, 280  # height of a panel, without and with what stands above and below
_KEY, _SAMPLE = 20, 40  # height of a line of the key, width of a sample in it
_LONGEST = 48  # letters of a name in the key
_WORDS = {"train": "training", "val": "validation", "iou": "IoU"}


@dataclass(frozen=True, eq=False)
class Line:
    """What one name has in one panel: a column of each of its runs, which may differ in length."""

    name: str
    column: str
    runs: tuple[np.ndarray, ...]

    @property
    def mean(self) -> np.ndarray:
        """The mean over the runs, as far as all of them go."""
        shortest = min(map(len, self.runs))
        return np.mean([run[:shortest] for run in self.runs], axis=0)

    @property
    def best(self) -> int | None:
        """The epoch in which the mean is best: a loss lowest, a score highest; None for training columns."""
        values = self.mean * (-1 if self.is_loss else 1)
        if self.column.startswith("train_") or len(values) < 2 or not np.isfinite(values).any():
            return None
        return int(np.argmax(np.where(np.isfinite(values), values, -np.inf))) + 1

    @property
    def lost(self) -> list[int]:
        """The first epoch of each run that went wrong in which the value is not finite."""
        return [int(np.argmin(np.isfinite(run))) + 1 for run in self.runs if not np.isfinite(run).all()]

    @property
    def is_loss(self) -> bool:
        """Whether low values are good."""
        return self.column.endswith("loss")


@dataclass(frozen=True, eq=False)
class Panel:
    """Lines that share a scale."""

    title: str
    quantity: str
    lines: list[Line]

    @property
    def epochs(self) -> int:
        """How far the longest run goes."""
        return max(len(run) for line in self.lines for run in line.runs)


def learning_curves(
    histories: History | Sequence[History] | Mapping[str, History | Sequence[History]],
    columns: str | Sequence[str] = ("train_loss", "val_loss"),
) -> Picture:
    """Draw how trainings went: columns of their histories, epoch by epoch.

    One training is drawn with its losses in one panel and each other quantity in one of its own. Several
    are compared: a panel for each column, with the same scale where the quantity is the same.

    Parameters
    ----------
    histories : History, a list of them, or a dict from names to either
        A list is one training repeated with several seeds: every run is a thin line, their mean a thick one,
        which goes as far as all of them do. At most 8 names.
    columns : str or sequence of str
        Such as "train_loss", "val_loss", "val_accuracy".

    Returns
    -------
    Figure
        Its ``repr`` says where each line begins and ends, and the best validation epoch, which is ringed.

    Raises
    ------
    ValueError
        When there is no history or no epoch in one, or a column is missing; the message says in which.

    Examples
    --------
    >>> history = History({"train_loss": [2.0, 0.5, 0.25], "val_loss": [1.0, 0.625, 0.75]})
    >>> learning_curves(history)
    <Figure: learning curves over 3 epochs; training loss 2.00 to 0.250; \
validation loss 1.00 to 0.750, lowest 0.625 in epoch 2>
    """
    panels = collect(histories, columns)
    alone = panels[0].lines[0].name == ""
    with style.apply():
        labels = list(dict.fromkeys(_label(line, alone) for panel in panels for line in panel.lines))
        across = min(2, len(panels))
        width = _WIDE if across == 1 else style.WIDTH
        spots = _key_spots(labels, width) if len(labels) > 1 else []
        head = _PAD + (_KEY * (spots[-1][1] + 1) + 8 if spots else 0)
        rows = -(-len(panels) // across)
        figure = Picture(width, head + rows * _EACH + 28, describe(panels))
        for n, ((left, row), label) in enumerate(zip(spots, labels, strict=False)):
            _draw_key(figure, n, left, _PAD + _KEY * row, label)
        wide = (width - 2 * _PAD - (across - 1) * _GAP) / across - _AXIS
        for n, panel in enumerate(panels):
            left, top = _PAD + (n % across) * (wide + _AXIS + _GAP) + _AXIS, head + n // across * _EACH
            figure.add_note(left - _AXIS, top + 14, panel.title, fontsize=9.5, weight="bold")
            axes = figure.add_box(left, top + 26, wide, _TALL)
            axes.set_axis_on()
            numbers = [labels.index(_label(line, alone)) for line in panel.lines]
            _draw_panel(axes, panel, numbers, _limits([p for p in panels if p.quantity == panel.quantity]))
        figure.add_note(
            _PAD + _AXIS, head + rows * _EACH + 12, _note(panels), fontsize=8.5, color=style.QUIET
        )
    return figure


def collect(histories: Any, columns: str | Sequence[str]) -> list[Panel]:
    """Return what is drawn: the panels, each with its lines."""
    columns = (columns,) if isinstance(columns, str) else tuple(columns)
    named = histories if isinstance(histories, Mapping) else {"": histories}
    if not named or not columns:
        raise ValueError(f"got {len(named)} histories and {len(columns)} columns; expected at least one each")
    if max(len(named), len(columns)) > len(_COLORS):
        raise ValueError(
            f"got {len(named)} names and {len(columns)} columns; up to {len(_COLORS)} lines can be told "
            "apart: draw the ones of interest"
        )
    lines = [_line(str(name), runs, column) for column in columns for name, runs in named.items()]
    if isinstance(histories, Mapping):
        return [
            Panel(_spoken(column), _quantity(column), [line for line in lines if line.column == column])
            for column in columns
        ]
    quantities = dict.fromkeys(_quantity(column) for column in columns)
    return [
        Panel(_spoken(quantity), quantity, [line for line in lines if _quantity(line.column) == quantity])
        for quantity in quantities
    ]


def describe(panels: Sequence[Panel]) -> str:
    """Say in words where each line begins and ends, and where it is best."""
    alone = panels[0].lines[0].name == ""
    epochs = max(panel.epochs for panel in panels)
    parts = [f"learning curves over {epochs} epoch{'s' * (epochs > 1)}"]
    for panel in panels:
        told = [_told(line, _spoken(line.column) if alone else line.name) for line in panel.lines]
        parts += told if alone else [f"{panel.title}: {', '.join(told)}"]
    return "; ".join(parts)


def _note(panels: Sequence[Panel]) -> str:
    """Explain the marks that are there."""
    lines = [line for panel in panels for line in panel.lines]
    marks = {
        "thin: each run · thick: their mean": any(len(line.runs) > 1 for line in lines),
        "ring: best epoch": any(line.best is not None for line in lines),
        "×: not finite from here on": any(line.lost for line in lines),
    }
    return " · ".join(mark for mark, there in marks.items() if there)


def _told(line: Line, name: str) -> str:
    mean, best = line.mean, line.best
    told = f"{name} (mean of {len(line.runs)} runs)" if len(line.runs) > 1 else name
    told += f" {write(mean[0])}" + (f" to {write(mean[-1])}" if len(mean) > 1 else "")
    if best is not None and best < len(mean):
        told += f", {'lowest' if line.is_loss else 'highest'} {write(mean[best - 1])} in epoch {best}"
    if line.lost:
        among = f"{len(line.lost)} of them, " if len(line.runs) > 1 else ""
        told += f", not finite ({among}from epoch {min(line.lost)})"
    return told


def _line(name: str, runs: Any, column: str) -> Line:
    """Read one column of one training; a list holds its runs with several seeds."""
    runs = [runs] if isinstance(runs, History) else runs
    whose = f" for {name!r}" if name else ""
    if not isinstance(runs, Sequence) or not all(isinstance(run, History) for run in runs):
        raise ValueError(
            f"got {type(runs).__name__}{whose}; expected a History, as `fit` returns it, or a list of them"
        )
    if not runs or not all(map(len, runs)):
        raise ValueError(
            f"there is no history{whose}, or one without an epoch; expected at least one epoch in each"
        )
    for run in runs:
        if column not in run.columns:
            raise ValueError(
                f"the history{whose} has no column {column!r}; choose among columns="
                f"({', '.join(map(repr, run.columns))})"
            )
    return Line(name, column, tuple(np.array(run[column]) for run in runs))


def _quantity(column: str) -> str:
    return column.removeprefix("train_").removeprefix("val_")


def _spoken(column: str) -> str:
    return " ".join(_WORDS.get(word, word) for word in column.split("_"))


def _label(line: Line, alone: bool) -> str:
    label = _spoken(line.column).removesuffix(f" {_spoken(_quantity(line.column))}") if alone else line.name
    return label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"


def _key_spots(labels: list[str], width: float) -> list[tuple[float, int]]:
    """Place the entries of the key one after another: pixels from the left, line."""
    spots: list[tuple[float, int]] = []
    left, row = float(_PAD + _AXIS), 0
    for label in labels:
        needed = _SAMPLE + text_width(label, 9)
        if left + needed > width - _PAD and spots and spots[-1][1] == row:
            left, row = float(_PAD + _AXIS), row + 1
        spots.append((left, row))
        left += needed + 22
    return spots


def _look(n: int) -> dict[str, Any]:
    """What tells line n from the others: color, dashes and mark."""
    return {
        "color": style.PALETTE[_COLORS[n]],
        "linestyle": _DASHES[n % len(_DASHES)],
        "marker": _MARKS[n],
        "markersize": 5,
        "linewidth": 1.9,
    }


def _draw_key(figure: Picture, n: int, left: float, top: float, label: str) -> None:
    sample = figure.add_box(left, top, _SAMPLE - 8, _KEY)
    sample.set(xlim=(0, 1), ylim=(0, 1))
    sample.plot([0, 0.5, 1], [0.5] * 3, **_look(n), markevery=[1])
    figure.add_note(left + _SAMPLE, top + 14, label, fontsize=9)


def _limits(panels: Sequence[Panel]) -> tuple[float, float]:
    """Return one scale for all panels of a quantity; losses start at 0."""
    values = np.concatenate(
        [run[np.isfinite(run)] for panel in panels for line in panel.lines for run in line.runs]
    )
    low, high = (values.min(), values.max()) if values.size else (0.0, 1.0)
    from_zero = panels[0].lines[0].is_loss and low >= 0
    low = 0.0 if from_zero else low
    room = 0.06 * (high - low) or 0.06 * abs(high) or 1.0
    return (low if from_zero else low - room), high + room


def _draw_panel(axes: Axes, panel: Panel, numbers: Sequence[int], limits: tuple[float, float]) -> None:
    last = panel.epochs
    room = min(0.03 * max(last - 1, 1), 0.9)
    axes.set(xlim=(1 - room, last + room), ylim=limits, xlabel="epoch")
    axes.grid(axis="y", color=style.LINE, linewidth=0.7)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    axes.tick_params(length=3)
    every = max(1, round(last / 9))
    for n, line in zip(numbers, panel.lines, strict=True):
        look, mean, best = _look(n), line.mean, line.best
        color = look["color"]
        for run in line.runs if len(line.runs) > 1 else ():
            axes.plot(np.arange(1, len(run) + 1), run, color=color, linewidth=0.8, alpha=0.45)
        first = n * every // len(panel.lines) % every  # marks of lines that lie close do not cover each other
        axes.plot(np.arange(1, len(mean) + 1), mean, **look, markevery=(first, every), zorder=3)
        across = axes.get_xaxis_transform()
        axes.plot(line.lost, [1] * len(line.lost), "x", color=color, mew=2, clip_on=False, transform=across)
        if best is not None:
            axes.plot(
                best, mean[best - 1], "o", ms=10, mfc="none", mec=color, mew=1.5, zorder=4, clip_on=False
            )
