"""Two first classifiers: one convolution, and three."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from ..ops.sizes import output_shape
from .classifier import Classifier
from .inputs import image_size


def simple_cnn(
    num_classes: int = 10,
    in_channels: int = 1,
    size: int | tuple[int, int] = (28, 28),
    width: int = 32,
) -> Classifier:
    """Return the smallest network worth the name: look, keep the strongest, decide.

    ========  ==============================  ============  ==========
    layer     what it does                    output        parameters
    ========  ==============================  ============  ==========
    conv      3×3 convolution, unpadded       32 × 26 × 26         320
    relu      negative values become 0        32 × 26 × 26           0
    pool      maximum of each 2×2 window      32 × 13 × 13           0
    flatten   one row of numbers per image    5408                   0
    fc        a weighted sum for each class   10                54,090
    ========  ==============================  ============  ==========

    54,410 parameters, nearly all of them in ``fc``, which has a weight for every number of every map.

    Parameters
    ----------
    num_classes
        Logits per image.
    in_channels, size
        What an image has: channels, and (height, width) in pixels, at least 4×4.
    width
        Maps that the convolution makes.

    Returns
    -------
    Classifier
        An ``nn.Sequential`` from images [N, C, H, W] to logits [N, K].

    Raises
    ------
    ValueError
        When ``size`` is too small; the network raises it for images of another size.

    Examples
    --------
    >>> import torch
    >>> model = simple_cnn()
    >>> sum(p.numel() for p in model.parameters())
    54410
    >>> model(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """
    size = image_size(size, least=4)
    maps = output_shape(output_shape(size, (3, 3)), (2, 2), (2, 2))
    layers = OrderedDict(
        conv=nn.Conv2d(in_channels, width, 3),
        relu=nn.ReLU(),
        pool=nn.MaxPool2d(2),
        flatten=nn.Flatten(),
        fc=nn.Linear(width * maps[0] * maps[1], num_classes),
    )
    return Classifier(layers, in_channels, size)


def classic_cnn(
    num_classes: int = 10,
    in_channels: int = 3,
    size: int | tuple[int, int] = (224, 224),
    width: int = 32,
    hidden: int = 128,
    dropout: float = 0.0,
) -> Classifier:
    """Return the basic network of three convolutions: ever more maps, ever smaller, then two dense layers.

    ===========  ==============================  ===============  ==========
    layer        what it does                    output           parameters
    ===========  ==============================  ===============  ==========
    conv1        3×3 convolution, unpadded       32 × 222 × 222          896
    relu1 pool1  strongest of each 2×2 window    32 × 111 × 111            0
    conv2        3×3 convolution, unpadded       64 × 109 × 109       18,496
    relu2 pool2  strongest of each 2×2 window    64 × 54 × 54              0
    conv3        3×3 convolution, unpadded       128 × 52 × 52        73,856
    relu3        negative values become 0        128 × 52 × 52             0
    flatten      one row of numbers per image    346112                    0
    fc1          fully connected, then ``relu4``  128             44,302,464
    dropout      silences a share while training  128                      0
    fc2          a weighted sum for each class   10                    1,290
    ===========  ==============================  ===============  ==========

    44,397,002 parameters, 99.8 % of them in ``fc1``: a fully connected layer has a weight for every number of
    every map and each of its outputs, and no pooling follows the third convolution. This is also where a
    network learns its training images by heart. So ``dropout`` stands between the two dense layers: while
    training, each of the 128 numbers becomes 0 with this probability and the others are scaled up to keep the
    mean, so that ``fc2`` cannot rely on any single one. In eval mode it does nothing.

    Parameters
    ----------
    num_classes
        Logits per image.
    in_channels, size
        What an image has: channels, and (height, width) in pixels, at least 18×18.
    width
        Maps of the first convolution; the others make two and four times as many.
    hidden
        Numbers between the two dense layers.
    dropout
        Probability of silencing each of them while training; 0 leaves the layer without effect.

    Returns
    -------
    Classifier
        An ``nn.Sequential`` from images [N, C, H, W] to logits [N, K].

    Raises
    ------
    ValueError
        When ``size`` is too small; the network raises it for images of another size.

    Source of dropout: Srivastava et al. 2014, *Dropout: a simple way to prevent neural networks from
    overfitting*, section 4. The paper scales the weights down at test time; torch scales the outputs up while
    training, which gives the same mean.

    Examples
    --------
    >>> import torch
    >>> model = classic_cnn(in_channels=1, size=28, width=8, dropout=0.5)
    >>> model(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """
    size = image_size(size, least=18)
    pooled = size
    for _ in range(2):
        pooled = output_shape(output_shape(pooled, (3, 3)), (2, 2), (2, 2))
    maps = output_shape(pooled, (3, 3))
    layers = OrderedDict(
        conv1=nn.Conv2d(in_channels, width, 3),
        relu1=nn.ReLU(),
        pool1=nn.MaxPool2d(2),
        conv2=nn.Conv2d(width, 2 * width, 3),
        relu2=nn.ReLU(),
        pool2=nn.MaxPool2d(2),
        conv3=nn.Conv2d(2 * width, 4 * width, 3),
        relu3=nn.ReLU(),
        flatten=nn.Flatten(),
        fc1=nn.Linear(4 * width * maps[0] * maps[1], hidden),
        relu4=nn.ReLU(),
        dropout=nn.Dropout(dropout),
        fc2=nn.Linear(hidden, num_classes),
    )
    return Classifier(layers, in_channels, size)
