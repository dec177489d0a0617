"""What happened in each epoch of a training."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

_FORMAT = "cnncourse history 1"


@dataclass(eq=False)
class History:
    """The record of a training: one number per epoch in each column.

    ``history["val_loss"]`` is a list with one value per epoch. `fit` writes the columns ``train_loss``,
    ``seconds`` and, with validation data, ``val_loss``, ``val_accuracy`` and for masks ``val_mean_iou``.

    Examples
    --------
    >>> history = History()
    >>> for loss in (0.9, 0.4, 0.5):
    ...     history.add(train_loss=loss - 0.1, val_loss=loss)
    >>> history["val_loss"], history.best_epoch
    ([0.9, 0.4, 0.5], 2)
    >>> print(history)
    epoch  train_loss  val_loss
        1      0.8000    0.9000
        2      0.3000    0.4000  best
        3      0.4000    0.5000
    """

    columns: dict[str, list[float]] = field(default_factory=dict)
    interrupted: bool = False

    def add(self, **values: float) -> None:
        """Add one epoch, with the same columns as the others.

        Raises
        ------
        ValueError
            When columns are missing or new.
        """
        if self.columns and values.keys() != self.columns.keys():
            raise ValueError(f"got the columns {', '.join(values)}, expected {', '.join(self.columns)}")
        for name, value in values.items():
            self.columns.setdefault(name, []).append(float(value))

    def __getitem__(self, column: str) -> list[float]:
        """Return a column, one value per epoch."""
        if column not in self.columns:
            raise KeyError(f"no column {column!r}; there are {', '.join(self.columns) or 'none yet'}")
        return self.columns[column]

    def __len__(self) -> int:
        """Return the number of finished epochs."""
        return len(next(iter(self.columns.values()), []))

    @property
    def best_epoch(self) -> int | None:
        """The epoch, counted from 1, with the lowest validation loss; None where there is no finite one."""
        losses = self.columns.get("val_loss", [])
        finite = [loss for loss in losses if math.isfinite(loss)]
        return losses.index(min(finite)) + 1 if finite else None

    def save(self, path: str | Path) -> None:
        """Write the history to a JSON file; a file that is there is replaced as a whole."""
        path = Path(path)
        content = {"format": _FORMAT, "columns": self.columns, "interrupted": self.interrupted}
        beside = path.with_name(path.name + ".part")
        beside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        beside.replace(path)

    @classmethod
    def load(cls, path: str | Path) -> History:
        """Read a history that `save` wrote.

        Raises
        ------
        FileNotFoundError
            When there is no such file.
        ValueError
            When the file is no history.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            known = content["format"] == _FORMAT
            columns = {str(name): [float(v) for v in values] for name, values in content["columns"].items()}
            interrupted = bool(content["interrupted"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is not a history that History.save wrote: {error!r}") from None
        if not known or len({len(values) for values in columns.values()}) > 1:
            raise ValueError(f"{path} is not a history that History.save wrote, or it is damaged")
        return cls(columns, interrupted)

    def __str__(self) -> str:
        """Return the table of all epochs, without the seconds, which are never the same twice."""
        names = [name for name in self.columns if name != "seconds"]
        lines = ["  ".join(["epoch", *names])]
        for epoch in range(1, len(self) + 1):
            cells = [f"{self.columns[name][epoch - 1]:>{len(name)}.4f}" for name in names]
            best = "  best" if epoch == self.best_epoch and len(self) > 1 else ""
            lines.append("  ".join([f"{epoch:>5}", *cells]) + best)
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Return the table: it is what a cell shows."""
        return str(self)
