"""From scores to probabilities, and from probabilities to a loss."""

from __future__ import annotations

from .arrays import Array, as_floats, as_real, namespace


def softmax(logits: Array) -> Array:
    """Turn each row of scores into probabilities: exp(z_k) / Σ_j exp(z_j).

    Adding a number to all scores of a row changes nothing, since it multiplies every exp alike. So the row's
    largest score is subtracted first: no exp is then larger than 1, and nothing overflows.

    Parameters
    ----------
    logits
        NumPy array (or nested list) or torch tensor [N, K]: K scores for each of N images.

    Returns
    -------
    array or tensor
        [N, K], positive, each row with the sum 1.

    Raises
    ------
    ValueError
        When ``logits`` is not [N, K].

    Source: Goodfellow, Bengio & Courville 2016, *Deep Learning*, sections 4.1 and 6.2.2.3.

    Examples
    --------
    >>> softmax([[0.0, 0.0], [1000.0, 0.0]])
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    (logits,) = as_floats(logits=logits)
    _check(logits)
    xp = namespace(logits)
    exps = xp.exp(logits - xp.amax(logits, axis=1, keepdims=True))
    return exps / exps.sum(axis=1, keepdims=True)


def cross_entropy(logits: Array, labels: Array) -> Array:
    """Return the mean of −log p over a batch, p being the probability that softmax gives to the right class.

    The log of softmax is the score minus the log of Σ_j exp(z_j). Written like this nothing divides, and no
    probability is rounded to 0 before its log is taken: a score 1000 below the best costs 1000, not infinity.

    Parameters
    ----------
    logits
        NumPy array (or nested list) or torch tensor [N, K]: K scores for each of N images.
    labels
        Integers [N] in 0..K-1: the right classes.

    Returns
    -------
    array or tensor
        A scalar; a tensor keeps its gradient, (softmax − one-hot) / N.

    Raises
    ------
    ValueError
        When the shapes do not fit, or a label is no class.
    TypeError
        When labels are not integers.

    Source: Goodfellow, Bengio & Courville 2016, *Deep Learning*, section 6.2.2.3.

    Examples
    --------
    >>> round(float(cross_entropy([[2.0, 0.0, 0.0], [0.0, 0.0, 1000.0]], [0, 2])), 4)
    0.1198
    """
    (logits,), labels = as_floats(logits=logits), as_real(labels, "labels")
    _check(logits)
    _check_labels(labels, logits)
    xp = namespace(logits)
    largest = xp.amax(logits, axis=1)
    log_sums = largest + xp.log(xp.exp(logits - largest[:, None]).sum(axis=1))  # [N]
    scores = logits[range(len(labels)), labels]  # [N], those of the right classes
    return (log_sums - scores).mean()


def pixel_cross_entropy(logits: Array, target: Array, ignore_index: int = 255) -> Array:
    """Return the mean of −log p over all pixels that count, p being the probability of a pixel's right class.

    Each pixel is one small classification: its K scores stand along axis 1. Pixels without a class are left
    out of the sum and of the count, and every other pixel of the batch counts alike, so that an image with
    few such pixels weighs less than a full one.

    Parameters
    ----------
    logits
        NumPy array or torch tensor [N, K, H, W]: K scores for each pixel of N images.
    target
        Integers [N, H, W]: classes in 0..K-1, or ``ignore_index`` where there is none.
    ignore_index
        Pixels with this target do not count; it may also be the number of a class.

    Returns
    -------
    array or tensor
        A scalar; a tensor keeps its gradient, which is 0 at the pixels left out.

    Raises
    ------
    ValueError
        When the shapes do not fit, a target is no class, or no pixel counts.
    TypeError
        When the target does not hold integers.

    Source: Long et al. 2015, *Fully convolutional networks for semantic segmentation*, section 4.

    Examples
    --------
    >>> logits = [[[[1.0, 0.0, 9.0]], [[0.0, 0.0, 0.0]]]]  # two classes, three pixels
    >>> round(float(pixel_cross_entropy(logits, [[[0, 1, 255]]])), 4)  # mean of 0.3133 and 0.6931
    0.5032
    """
    (logits,), target = as_floats(logits=logits), as_real(target, "target")
    if logits.ndim != 4 or tuple(target.shape) != (logits.shape[0], *logits.shape[2:]):
        raise ValueError(
            f"logits has shape {tuple(logits.shape)} and target {tuple(target.shape)}; expected [N, K, H, W] "
            "and [N, H, W]: K scores and one class number for each pixel"
        )
    counted = target != ignore_index
    if not counted.any():
        raise ValueError(
            f"all pixels have the ignore_index {ignore_index}, so there is no loss; expected at least one "
            "with a class: leave this batch out"
        )
    pixels = namespace(logits).moveaxis(logits, 1, -1)[counted]  # [number of counted pixels, K]
    return cross_entropy(pixels, target[counted])


def _check(logits: Array) -> None:
    if logits.ndim != 2 or 0 in logits.shape:
        raise ValueError(
            f"logits has shape {tuple(logits.shape)}; expected [N, K], K scores for each of N images: "
            "flatten each image's scores into one row"
        )


def _check_labels(labels: Array, logits: Array) -> None:
    number, classes = logits.shape
    if "int" not in str(labels.dtype):
        raise TypeError(
            f"labels holds {labels.dtype}; expected integers: pass class numbers, not one-hot rows"
        )
    if tuple(labels.shape) != (number,):
        raise ValueError(
            f"labels has shape {tuple(labels.shape)}; expected [{number}]: one class number for each row of "
            "logits"
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"labels run from {int(labels.min())} to {int(labels.max())}; expected 0 to {classes - 1}, "
            f"since logits has {classes} columns: count classes from 0"
        )
