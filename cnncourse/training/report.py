"""What `fit` says while it trains: a bar and a line per epoch, or live curves."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

from .hardware import Hardware
from .history import History


class Report:
    """Prints what it runs on, a bar that goes when it is done, and one line for each epoch.

    Where there are live curves, they are fed instead. The printed text holds no seconds, so that a notebook
    which is run again has the same outputs.
    """

    def __init__(self, steps: int, epochs: int, hardware: Hardware, progress: bool, curves: Any = None):
        """Say nothing yet."""
        self._steps, self._epochs, self._hardware = steps, epochs, hardware
        self._speaks, self._curves = progress, curves
        self._epoch = 0
        self._bar: tqdm = tqdm(disable=True)

    def __enter__(self) -> Report:
        """Print the hardware and start the bar."""
        self.say(f"Training on {self._hardware}.")
        self._bar = tqdm(
            total=self._steps * self._epochs,
            desc=f"epoch 1/{self._epochs}",
            unit="step",
            file=sys.stdout,
            leave=False,
            mininterval=0.5,
            disable=not self._speaks or self._curves is not None,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away."""
        self._bar.close()

    def step(self, loss: float) -> None:
        """Report a training step."""
        self._bar.update()
        if self._curves is not None:
            self._curves.step(loss=loss)

    def epoch(self, numbers: dict[str, float]) -> None:
        """Report the end of an epoch."""
        self._epoch += 1
        if self._curves is not None:
            self._curves.epoch(**{name: value for name, value in numbers.items() if name != "train_loss"})
        else:
            shown = ", ".join(f"{name} {value:.4f}" for name, value in numbers.items())
            self.say(f"epoch {self._epoch}/{self._epochs}: {shown}")
            self._bar.set_description(f"epoch {min(self._epoch + 1, self._epochs)}/{self._epochs}")

    def kept(self, history: History) -> None:
        """Say why the training ended and which weights the model has now."""
        why = f"Interrupted in epoch {len(history) + 1}" if history.interrupted else "Stopped"
        best = history.best_epoch
        if len(history) == self._epochs:
            why = "Finished"
        kept = f"kept the weights of epoch {best}, the best" if best else "kept the weights as they are now"
        self.say(f"{why}: {kept}.")

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        if self._speaks:
            tqdm.write(text, file=sys.stdout)
