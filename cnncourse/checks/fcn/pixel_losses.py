"""Losses over pixels, put together of parts that can be exchanged."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

Loss = Callable[..., Tensor]
Logs = Callable[[Tensor], Tensor]  # scores [N, K, H, W] -> logs of probabilities of the same shape


def stable(x: Tensor) -> Tensor:
    """Return log-softmax along the classes, as is right."""
    return torch.log_softmax(x, 1)


def _log_of_softmax(x: Tensor) -> Tensor:
    return torch.log(torch.softmax(x, 1))


def _log_of_share(x: Tensor) -> Tensor:
    return torch.log(torch.exp(x) / torch.exp(x).sum(1, keepdim=True))


def minus_log_sum(x: Tensor) -> Tensor:
    """Return scores minus log Σ exp, without a shift."""
    return x - torch.log(torch.exp(x).sum(1, keepdim=True))


UNSTABLE = (_log_of_softmax, _log_of_share, minus_log_sum)
_STYLES = (stable, *UNSTABLE)
_USUAL = (stable, _log_of_softmax)  # for mistakes that are rarely made together with another formula


def _counted(t: Tensor, ignore: int) -> Tensor:
    return t != ignore


def each(logs: Logs, x: Tensor, t: Tensor, keep: Tensor, instead: int = 0) -> Tensor:
    """Return the loss of each pixel [N, H, W]; where not ``keep``, that of the class ``instead``."""
    return -logs(x).gather(1, torch.where(keep, t, instead)[:, None])[:, 0]


def _kept(logs: Logs, x: Tensor, t: Tensor, ignore: int) -> Tensor:
    """Return the losses of the pixels that count, in a row."""
    keep = _counted(t, ignore)
    return each(logs, x, t, keep)[keep]


def zeroed(logs: Logs, x: Tensor, t: Tensor, ignore: int) -> Tensor:
    """Return the losses of all pixels, 0 where they do not count."""
    keep = _counted(t, ignore)
    return each(logs, x, t, keep).masked_fill(~keep, 0)


def multiplied(logs: Logs, x: Tensor, t: Tensor, ignore: int) -> Tensor:
    """Return the losses times the mask: where infinite ones are masked, NaN."""
    keep = _counted(t, ignore)
    return each(logs, x, t, keep) * keep


def loss(
    reduce: Callable[[Tensor], Tensor], logs: Logs = stable, losses: Callable[..., Tensor] = _kept
) -> Loss:
    """Reduce the losses of some pixels to one number."""
    return lambda x, t, ignore_index=255: reduce(losses(logs, x, t, ignore_index))


def in_styles(reduce: Callable[[Tensor], Tensor], losses: Callable[..., Tensor] = _kept) -> tuple[Loss, ...]:
    """Return the loss with another last step, for stable and unstable logs."""
    return tuple(loss(reduce, logs, losses) for logs in _STYLES)


def of_logs(*others: Logs) -> tuple[Loss, ...]:
    """Return the mean loss made of other logs."""
    return tuple(loss(torch.mean, logs) for logs in others)


def over(axis: int | tuple[int, ...]) -> tuple[Loss, ...]:
    """Return losses with softmax over another axis."""

    def log_softmax(x: Tensor) -> Tensor:
        return x - torch.logsumexp(x, axis, keepdim=True)

    def log_of_share(x: Tensor) -> Tensor:
        return torch.log(torch.exp(x) / torch.exp(x).sum(axis, keepdim=True))

    def log_of_softmax(x: Tensor) -> Tensor:
        return torch.log(torch.exp(log_softmax(x)))

    return of_logs(log_softmax, log_of_share, log_of_softmax)


def as_class(choose: Callable[[Tensor, int, int], Tensor]) -> tuple[Loss, ...]:
    """Return the mean over all pixels, where those that should not count got a class."""

    def made(logs: Logs) -> Loss:
        def wrong(x: Tensor, t: Tensor, ignore_index: int = 255) -> Tensor:
            classes = choose(t, ignore_index, x.shape[1])
            return -logs(x).gather(1, classes[:, None]).mean()

        return wrong

    return tuple(made(logs) for logs in _USUAL)


def put(t: Tensor, ignore: int, classes: int, to: int) -> Tensor:
    """Give ignored pixels a class."""
    return torch.where(t == ignore, to % classes, t)


def keeping(which: Callable[[Tensor, Tensor, int], Tensor]) -> tuple[Loss, ...]:
    """Return losses that keep other pixels: ``which(logits, target, ignore_index)``."""

    def indexed(logs: Logs, x: Tensor, t: Tensor, ignore: int) -> Tensor:
        keep = which(x, t, ignore)
        rows, labels = logs(x).movedim(1, -1)[keep], t[keep]
        return -rows[torch.arange(len(labels)), labels].mean()

    def selected(x: Tensor, t: Tensor, ignore: int) -> Tensor:
        keep = which(x, t, ignore)
        return F.cross_entropy(x.movedim(1, -1)[keep], t[keep], ignore_index=-12345)

    def one_hot(logs: Logs, x: Tensor, t: Tensor, ignore: int) -> Tensor:
        keep = which(x, t, ignore)
        hot = F.one_hot(t[keep], x.shape[1])
        return -(hot * logs(x).movedim(1, -1)[keep]).sum(1).mean()

    ways: list[Callable[..., Tensor]] = [partial(way, logs) for way in (indexed, one_hot) for logs in _USUAL]
    return tuple(with_default(way) for way in (selected, *ways))


def looked_up(losses: Callable[[Tensor, Tensor], Tensor]) -> tuple[Loss, ...]:
    """Return losses that look up the class of every pixel before they leave some out."""

    def made(logs: Logs) -> Loss:
        return lambda x, t, ignore_index=255: (
            losses(logs(x), t).flatten()[(t != ignore_index).flatten()].mean()
        )

    return tuple(made(logs) for logs in _USUAL)


def with_default(way: Callable[[Tensor, Tensor, int], Tensor]) -> Loss:
    """Return the loss with ignore_index=255 by default."""
    return lambda x, t, ignore_index=255: way(x, t, ignore_index)


def rows(arrange: Callable[[Tensor], Tensor]) -> tuple[Loss, ...]:
    """Return losses for which ``arrange`` makes rows of scores [pixels, K] of the logits."""

    def made(logs: Logs) -> Loss:
        def wrong(x: Tensor, t: Tensor, ignore_index: int = 255) -> Tensor:
            labels = t.reshape(-1)
            keep = _counted(labels, ignore_index)
            rows = logs(arrange(x))[keep]
            return -rows[torch.arange(len(rows)), labels[keep]].mean()

        return wrong

    return tuple(made(logs) for logs in _USUAL)


def per_image(part: Callable[[list[Tensor]], Tensor]) -> tuple[Loss, ...]:
    """Join the losses of each image in some way."""

    def made(logs: Logs) -> Loss:
        def wrong(x: Tensor, t: Tensor, ignore_index: int = 255) -> Tensor:
            return part([_kept(logs, a[None], b[None], ignore_index) for a, b in zip(x, t, strict=True)])

        return wrong

    return tuple(made(logs) for logs in _USUAL)


def per_class(x: Tensor, t: Tensor, ignore_index: int = 255) -> Tensor:
    """Return the mean of the classes' means."""
    losses, labels = _kept(stable, x, t, ignore_index), t[t != ignore_index]
    return torch.stack([losses[labels == k].mean() for k in labels.unique()]).mean()


def divided(by: Callable[[Tensor], float]) -> tuple[Loss, ...]:
    """Return the sum of the losses over another number, found from the logits."""

    def made(logs: Logs) -> Loss:
        return lambda x, t, ignore_index=255: _kept(logs, x, t, ignore_index).sum() / by(x)

    return tuple(made(logs) for logs in _USUAL)


def scores(x: Tensor) -> Tensor:
    """Return the scores as they are."""
    return x


def of_prediction(score: Callable[[Tensor, Tensor], Tensor]) -> tuple[Loss, ...]:
    """Return what ``score`` says of predicted and true classes, over the pixels that count or over all."""
    return (
        lambda x, t, ignore_index=255: score(x.argmax(1)[t != ignore_index], t[t != ignore_index]),
        lambda x, t, ignore_index=255: score(x.argmax(1), t),
    )


def _one_hot(x: Tensor, t: Tensor, ignore: int) -> tuple[Tensor, Tensor]:
    keep = _counted(t, ignore)
    return x.movedim(1, -1)[keep], F.one_hot(t[keep], x.shape[1]).to(x.dtype)


def against_one_hot(compare: Callable[[Tensor, Tensor], Tensor]) -> Loss:
    """Compare rows of scores with one-hot rows."""
    return lambda x, t, ignore_index=255: compare(*_one_hot(x, t, ignore_index))


def own_choice(x: Tensor, t: Tensor, ignore_index: int = 255) -> Tensor:
    """Take the prediction for the truth."""
    return F.cross_entropy(x, torch.where(t == ignore_index, t, x.argmax(1)), ignore_index=ignore_index)


def silenced(x: Tensor, t: Tensor, ignore_index: int = 255) -> Tensor:
    """Set scores and target of ignored pixels to 0, and count them."""
    keep = _counted(t, ignore_index)
    return F.cross_entropy(x * keep[:, None], t * keep)
