"""From a classifier to a fully convolutional network with the same weights."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..ops.sizes import pair, whole
from .chain import Call, chain
from .inputs import check_at_least
from .sharing import Step, body_step, head_steps

WINDOWS_AT_ONCE = 16  # enough to keep two cores busy; 64 windows of VGG-16 at 224×224 would need 1.6 GB


@torch.inference_mode(False)  # the copies shall be able to train, wherever they are made
def to_fcn(
    classifier: nn.Module, input_size: int | Sequence[int], *, exact: bool = True
) -> FullyConvolutional:
    """Return a network that slides ``classifier`` over an image of any size, with copies of its weights.

    A fully connected layer on maps of h×w cells is a convolution with an h×w kernel that has just one place
    to be; on a larger image it has more. So the flattening goes, the first fully connected layer becomes
    such a convolution, and those after it become 1×1 convolutions. The output is [N, K, rows, columns], and

        ``fcn(image)[:, :, i, j]`` equals ``classifier(image[:, :, y : y + h, x : x + w])``

    for (y, x) = (i · ``fcn.stride[0]``, j · ``fcn.stride[1]``), the product of all strides, and every
    window of ``input_size`` = (h, w) that fits. On an image of that size there is one position: the
    classifier's logits.

    Overlapping windows share their work: each convolution runs over the whole image once. **Zero padding
    stands in the way.** The classifier sees zeros around its crop where the larger image goes on, at every
    layer that pads; no single pass can give what it computes. From the first layer whose result depends on
    where the crop ends (it pads, or pools a last window that is cut off, or pools adaptively into parts
    that do not divide the map), the windows are therefore evaluated one by one, exact and as slow as
    cropping. ``fcn.window_reason`` says where that begins, or is None. With ``exact=False`` everything is
    shared, as in the FCN paper: the cells near the edge of a window then see the image instead of zeros.

    Measured on one core: 49 windows of AlexNet on 416×416 pixels take 1.4 s exact, as long as cropping, and
    0.23 s shared; 4,233 windows of ``simple_cnn``, which does not pad, on 128×192 take 0.011 s instead of
    0.6 s.

    Parameters
    ----------
    classifier
        Layers one after another: an ``nn.Sequential``, nested or not, or a network whose forward calls its
        layers so, as torchvision's AlexNet and VGG. It is left as it was.
    input_size
        Height and width in pixels (or one number for both) of the images that it was trained on; (C, height,
        width) where no convolution tells the number of channels.
    exact
        Equal the classifier on every crop, at the price above; False shares all work between the windows.

    Returns
    -------
    FullyConvolutional
        It is in training or eval mode as the classifier is; the equality holds in eval mode.

    Raises
    ------
    ValueError
        When a layer cannot be converted (it is named), when layers do not follow one another, or when the
        classifier does not take images of this size.

    Source: Long et al. 2015, *Fully convolutional networks for semantic segmentation*, section 3.1.

    Examples
    --------
    >>> classifier = nn.Sequential(
    ...     nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 5 * 5, 3)
    ... )
    >>> fcn = to_fcn(classifier, 12)
    >>> image = torch.rand(1, 1, 20, 31)
    >>> heat = fcn(image)
    >>> heat.shape, fcn.stride
    (torch.Size([1, 3, 5, 10]), (2, 2))
    >>> torch.allclose(heat[:, :, 2, 7], classifier(image[:, :, 4:16, 14:26]), atol=1e-6)
    True
    """
    if not isinstance(classifier, nn.Module):
        raise TypeError(f"the classifier is a {type(classifier).__name__}; expected an nn.Module")
    channels, size = _input_shape(classifier, input_size)
    calls = _record(classifier, (1, channels, *size))
    cut = next((i for i, call in enumerate(calls) if len(call.after) == 2), len(calls))
    body = [body_step(call, exact) for call in calls[:cut]]
    head = head_steps(calls[cut:], calls[cut - 1].after if cut else (1, channels, *size))
    start = next((i for i, step in enumerate(body) if step.reason), len(body) + len(head))
    extent = calls[start].before[2:] if start < len(body) else size
    fcn = FullyConvolutional(body + head, start, (channels, *size), extent)
    return fcn.train(classifier.training)


class FullyConvolutional(nn.Module):
    """A classifier that slides over images of any size, made by :func:`to_fcn`.

    Attributes
    ----------
    window, stride
        Height and width of the crop that one output position stands for, and the pixels from one to the next.
    window_reason
        Why, and from which layer on, the windows are evaluated one by one; None when they share everything.
    shared, windowed
        The layers that run over the whole image, and those that run on each window.
    """

    def __init__(
        self, steps: list[Step], start: int, shape: tuple[int, int, int], extent: tuple[int, ...]
    ) -> None:
        """Take the steps for crops [C, H, W]; those from ``start`` on run on windows of ``extent`` cells."""
        super().__init__()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for step in steps:
            name = step.name.replace(".", "_")
            while name in layers:  # a layer that the classifier calls twice
                name += "_again"
            layers[name] = step.layer
        items = list(layers.items())
        self.shared = nn.Sequential(OrderedDict(items[:start]))
        self.windowed = nn.Sequential(OrderedDict(items[start:]))
        self.in_channels, self.window = shape[0], shape[1:]
        self.stride = _product(steps)
        self.window_reason = None
        if start < len(steps):
            self.window_reason = f"layer {steps[start].name!r} {steps[start].reason}"
        self._extent, self._move = extent, _product(steps[start:])

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits [N, K, rows, columns] of images [N, C, H, W], one position for each window."""
        check_at_least(x, self.in_channels, self.window)
        rows, columns = (
            (n - window) // stride + 1
            for n, window, stride in zip(x.shape[2:], self.window, self.stride, strict=True)
        )
        maps = self.shared(x)
        if self.window_reason is not None:
            return self._on_windows(maps, rows, columns)
        # there may be one more, of a window that lacks only pixels which its pooling would leave out
        return maps[:, :, :rows, :columns]

    def _on_windows(self, maps: Tensor, rows: int, columns: int) -> Tensor:
        """Run the rest on each window of ``maps``, a few at a time to spare memory."""
        (height, width), (y, x) = self._extent, self._move
        corners = [(i * y, j * x) for i in range(rows) for j in range(columns)]
        crops = [image[:, top : top + height, left : left + width] for image in maps for top, left in corners]
        batches = (crops[i : i + WINDOWS_AT_ONCE] for i in range(0, len(crops), WINDOWS_AT_ONCE))
        logits = torch.cat([self.windowed(torch.stack(batch)) for batch in batches])
        # [N · rows · columns, K, 1, 1] -> [N, K, rows, columns]
        return logits.view(len(maps), rows, columns, -1).permute(0, 3, 1, 2)


def _product(steps: list[Step]) -> tuple[int, int]:
    return math.prod(step.stride[0] for step in steps), math.prod(step.stride[1] for step in steps)


def _input_shape(classifier: nn.Module, input_size: int | Sequence[int]) -> tuple[int, tuple[int, int]]:
    """Return the channels and (height, width) of the classifier's images."""
    if not isinstance(input_size, int) and len(input_size) == 3:
        return whole(input_size[0], "channels"), pair(tuple(input_size[1:]), "input_size")
    height, width = pair(input_size, "input_size")
    for layer in classifier.modules():
        if isinstance(layer, nn.Conv2d):
            return layer.in_channels, (height, width)
        if isinstance(layer, nn.Linear):
            return max(1, layer.in_features // (height * width)), (height, width)
    raise ValueError(
        "the classifier has neither a convolution nor a fully connected layer; expected layers one after "
        "another, such as nn.Sequential(nn.Conv2d(…), nn.ReLU(), nn.Flatten(), nn.Linear(…))"
    )


def _record(classifier: nn.Module, shape: tuple[int, ...]) -> list[Call]:
    """Return the layers that the classifier calls on a random image of this shape."""
    weight = next(classifier.parameters())
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(shape, generator=generator).to(weight.device, weight.dtype)
    try:
        return chain(classifier, x)
    except RuntimeError as error:
        raise ValueError(
            f"the classifier does not take an image of {'×'.join(map(str, shape[1:]))} ({error}): "
            f"pass the input_size that it was made for"
        ) from error
