"""VGG-16: nothing but 3×3 convolutions, in five stages, and the encoder that FCN and SegNet stand on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from torch import nn

from ..ops.sizes import pair
from .classifier import Classifier

CONVS = (2, 2, 3, 3, 3)  # in each stage of configuration D


def vgg16(
    num_classes: int = 1000,
    width: int = 64,
    *,
    in_channels: int = 3,
    size: int | tuple[int, int] = (224, 224),
    batch_norm: bool = False,
    dropout: float = 0.5,
) -> Classifier:
    """Return VGG-16: five stages that halve the maps and make more of them, then three dense layers.

    ======  ======================================  ===============  ===========
    layer   what it does                            output           parameters
    ======  ======================================  ===============  ===========
    stage1  2 × (3×3 convolution, ReLU), pool       64 × 112 × 112        38,720
    stage2  2 × (3×3 convolution, ReLU), pool       128 × 56 × 56        221,440
    stage3  3 × (3×3 convolution, ReLU), pool       256 × 28 × 28      1,475,328
    stage4  3 × (3×3 convolution, ReLU), pool       512 × 14 × 14      5,899,776
    stage5  3 × (3×3 convolution, ReLU), pool       512 × 7 × 7        7,079,424
    fc6     dense, then ``relu6`` and ``dropout6``  4096             102,764,544
    fc7     dense, then ``relu7`` and ``dropout7``  4096              16,781,312
    fc8     a weighted sum for each class           1000               4,097,000
    ======  ======================================  ===============  ===========

    138,357,544 parameters. Padding of 1 keeps the size within a stage, each pool halves it, so height and
    width must be multiples of 32. Two 3×3 convolutions see 5×5 pixels and three see 7×7, with fewer weights
    than one large kernel and a ReLU between them: that is the point of the paper.

    Parameters
    ----------
    num_classes
        Logits per image.
    width
        Maps of the first stage; all others, and the 64 · ``width`` numbers of fc6 and fc7, grow with it.
    in_channels, size
        What an image has: channels, and (height, width) in pixels, multiples of 32.
    batch_norm
        Normalize after each convolution, which lets a deep network train from a random start. The paper
        (2015) does not: it starts deep networks from the layers of shallower ones.
    dropout
        Probability of silencing a number between the dense layers while training.

    Returns
    -------
    Classifier
        An ``nn.Sequential`` from images [N, C, H, W] to logits [N, K].

    Raises
    ------
    ValueError
        When ``size`` is no multiple of 32; the network raises it for images of another size.

    Source: Simonyan & Zisserman 2015, *Very deep convolutional networks for large-scale image recognition*,
    section 2 and table 1, configuration D. Departure: the convolutions start from He's initialization (He
    et al. 2015), since the paper trains a shallower network first.

    Examples
    --------
    >>> import torch
    >>> model = vgg16(num_classes=5, width=2, size=(32, 64))
    >>> model(torch.zeros(1, 3, 32, 64)).shape
    torch.Size([1, 5])
    >>> model.stage1
    Sequential(
      (conv1_1): Conv2d(3, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
      (relu1_1): ReLU()
      (conv1_2): Conv2d(2, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
      (relu1_2): ReLU()
      (pool1): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
    )
    """
    size = pair(size, "size")
    if size[0] % 32 or size[1] % 32:
        nearest = "×".join(str(max(32, round(n / 32) * 32)) for n in size)
        raise ValueError(
            f"size is {size[0]}×{size[1]}; expected multiples of 32, since five pools halve the maps and "
            f"would leave out the rest: the nearest that works is {nearest}"
        )
    hidden = 64 * width
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (convs, inputs, outputs) in enumerate(stage_plan(in_channels, width), start=1):
        stage = conv_stage(number, convs, inputs, outputs, batch_norm)
        stage[f"pool{number}"] = nn.MaxPool2d(2)
        layers[f"stage{number}"] = nn.Sequential(stage)
    layers["flatten"] = nn.Flatten()
    layers["fc6"] = nn.Linear(outputs * (size[0] // 32) * (size[1] // 32), hidden)
    layers["relu6"] = nn.ReLU()
    layers["dropout6"] = nn.Dropout(dropout)
    layers["fc7"] = nn.Linear(hidden, hidden)
    layers["relu7"] = nn.ReLU()
    layers["dropout7"] = nn.Dropout(dropout)
    layers["fc8"] = nn.Linear(hidden, num_classes)
    model = Classifier(layers, in_channels, size)
    model.apply(start_like_he)
    return model


def stage_plan(in_channels: int, width: int, convs: Iterable[int] = CONVS) -> Iterator[tuple[int, int, int]]:
    """Yield for each stage its number of convolutions, and the channels that go in and come out.

    Channels double from stage to stage, up to 8 times ``width``.

    Examples
    --------
    >>> list(stage_plan(3, 64))
    [(2, 3, 64), (2, 64, 128), (3, 128, 256), (3, 256, 512), (3, 512, 512)]
    >>> list(stage_plan(1, 10, convs=(1, 1)))
    [(1, 1, 10), (1, 10, 20)]
    """
    for stage, count in enumerate(convs):
        out_channels = min(2**stage, 8) * width
        yield count, in_channels, out_channels
        in_channels = out_channels


def conv_stage(
    number: int, convs: int, in_channels: int, out_channels: int, batch_norm: bool = False
) -> OrderedDict[str, nn.Module]:
    """Return the named layers of one stage without its pool: (3×3 convolution, batch norm, ReLU) a few times.

    Parameters
    ----------
    number
        The stage, counted from 1: it becomes part of the names, as in ``conv2_1``.
    convs
        How many convolutions; the first takes ``in_channels``, every one makes ``out_channels``.
    in_channels, out_channels
        Channels that go in and come out; height and width stay.
    batch_norm
        Normalize after each convolution.

    Examples
    --------
    >>> list(conv_stage(2, 2, 64, 128, batch_norm=True))
    ['conv2_1', 'bn2_1', 'relu2_1', 'conv2_2', 'bn2_2', 'relu2_2']
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i in range(1, convs + 1):
        layers[f"conv{number}_{i}"] = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        if batch_norm:
            layers[f"bn{number}_{i}"] = nn.BatchNorm2d(out_channels)
        layers[f"relu{number}_{i}"] = nn.ReLU()
        in_channels = out_channels
    return layers


def start_like_he(layer: nn.Module) -> None:
    """Give a convolution or dense layer random weights that keep the size of the signal through a ReLU.

    Weights are normal with variance 2 / inputs, biases 0: half of the numbers that arrive have been set to
    0 by the ReLU before. Use it as ``model.apply(start_like_he)``.

    Source: He et al. 2015, *Delving deep into rectifiers*, section 2.2, equation 10.

    Examples
    --------
    >>> layer = nn.Conv2d(64, 2000, 3)
    >>> start_like_he(layer)
    >>> round(layer.weight.std().item(), 2) == round((2 / (64 * 9)) ** 0.5, 2)
    True
    """
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
