"""What every data set of the course is: images and targets in memory, and batches made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from cnncourse.ops.sizes import whole

Augment = Callable[[Any, Any], tuple[Any, Any]]


class Sample(NamedTuple):
    """One picture and what is known about it."""

    image: Tensor  # float32 [C, H, W] in 0..1
    target: Tensor  # int64: a class number, or one for each pixel [H, W]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with their targets, held in memory, so that a batch costs an index and no decoding.

    Parameters
    ----------
    images : Tensor
        uint8 [N, C, H, W].
    targets : Tensor
        Class numbers: [N], or masks [N, H, W].
    classes : tuple of str
        Names, in the order of the class numbers.
    palette : tuple of str
        One color "#rrggbb" for each class; () where no picture needs them.
    ignore_index : int, optional
        The value of targets that do not count.
    name : str
        What messages call it.

    Raises
    ------
    ValueError
        When shapes do not belong together, or a target is neither a class nor ignored.

    Examples
    --------
    >>> images = torch.arange(24, dtype=torch.uint8).reshape(4, 1, 2, 3)
    >>> data = Dataset(images, torch.tensor([0, 1, 1, 0]), classes=("cat", "dog"))
    >>> data
    Dataset(4 images [1, 2, 3], 2 classes)
    >>> image, target = data[1]
    >>> image.shape, target
    (torch.Size([1, 2, 3]), tensor(1))
    >>> [len(images) for images, targets in data.batches(3)]
    [3, 1]
    """

    images: Tensor
    targets: Tensor
    classes: tuple[str, ...]
    palette: tuple[str, ...] = ()
    ignore_index: int | None = None
    name: str = "Dataset"

    def __post_init__(self) -> None:
        """Refuse what could not be trained on."""
        if self.images.dtype != torch.uint8 or self.images.ndim != 4:
            raise ValueError(
                f"{self.name}: expected images uint8 [N, C, H, W], got {_described(self.images)}; "
                "for values in 0..1 use (255 * images).round().to(torch.uint8)"
            )
        count, _, *size = self.images.shape
        if list(self.targets.shape) not in ([count], [count, *size]) or self.targets.is_floating_point():
            raise ValueError(
                f"{self.name}: expected whole-number targets [{count}] or masks {[count, *size]} for "
                f"{count} images of {size[0]}×{size[1]}, got {_described(self.targets)}"
            )
        if self.palette and len(self.palette) != len(self.classes):
            raise ValueError(f"{self.name}: {len(self.palette)} colors for {len(self.classes)} classes")
        found = _values(self.targets)
        unknown = [v for v in found if not 0 <= v < len(self.classes) and v != self.ignore_index]
        if unknown:
            ignored = "" if self.ignore_index is None else f" or {self.ignore_index} (ignored)"
            raise ValueError(
                f"{self.name}: targets hold {unknown[0]}, expected 0 to {len(self.classes) - 1}{ignored}"
            )

    @property
    def num_classes(self) -> int:
        """How many classes there are, the ignored one not counted."""
        return len(self.classes)

    @property
    def has_masks(self) -> bool:
        """Whether there is a class for each pixel rather than one for each image."""
        return self.targets.ndim == 3

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.images)

    def __getitem__(self, index: int) -> Sample:
        """Return one sample; a negative index counts from the end."""
        return Sample(self.images[index].float() / 255, self.targets[index].long())

    def __iter__(self) -> Iterator[Sample]:
        """Go through all samples in order."""
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        """Return name, number, image shape and classes."""
        shape, classes = list(self.images.shape[1:]), f"{len(self.classes)} classes"
        return f"{self.name}({len(self)} {'images' if len(self) != 1 else 'image'} {shape}, {classes})"

    def subset(self, indices: slice | Sequence[int] | Tensor) -> Dataset:
        """Return the data set of the chosen samples only.

        Indices are a slice, numbers, or one bool for each sample: ``data.subset(slice(100))``,
        ``data.subset([3, 1])``, ``data.subset(data.targets == 7)``.
        """
        chosen = indices if isinstance(indices, slice) else torch.as_tensor(indices)
        if not isinstance(chosen, slice) and chosen.numel() == 0:
            chosen = chosen.long()  # an empty list has no type of its own
        return replace(self, images=self.images[chosen], targets=self.targets[chosen])

    def to(self, device: torch.device | str) -> Dataset:
        """Return the data set with its tensors on a device."""
        return replace(self, images=self.images.to(device), targets=self.targets.to(device))

    def batches(
        self, size: int, *, shuffle: bool = False, seed: int = 0, augment: Augment | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Return an iterator over batches: images float32 [B, C, H, W] in 0..1, and int64 targets.

        Every sample comes exactly once; the last batch holds what is left over.

        Parameters
        ----------
        size : int
            Samples in a batch, at least 1.
        shuffle : bool
            Whether to mix the order. The same seed gives the same order.
        seed : int
            Of the order, and of torch's random numbers in ``augment``; use another one in each epoch.
        augment : callable, optional
            ``augment(image, target) -> (image, target)``, called for each sample: a function of your own,
            or a transform of ``torchvision.transforms.v2``, which moves image and mask together. Where one
            uncovers pixels, say what they become: ``fill={tv_tensors.Image: 0, tv_tensors.Mask: 255}``.

        Raises
        ------
        ValueError
            When ``size`` is below 1, or ``augment`` makes the samples of a batch differ in shape.
        TypeError
            When ``size`` is not an integer, or ``augment`` returns something else than a pair.
        """
        whole(size, "the batch size")
        order = torch.arange(len(self))
        if shuffle:
            order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))
        return self._batches(order.to(self.images.device), size, seed, augment)

    def _batches(
        self, order: Tensor, size: int, seed: int, augment: Augment | None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        for number, chosen in enumerate(order.split(size)):
            images, targets = self.images[chosen].float().div_(255), self.targets[chosen].long()
            if augment is not None:
                images, targets = _augmented(images, targets, augment, seed * 1_000_003 + number)
            yield images, targets


def _augmented(images: Tensor, targets: Tensor, augment: Augment, seed: int) -> tuple[Tensor, Tensor]:
    """Call ``augment`` on each sample, wrapped so that transforms know an image from a mask."""
    from torchvision import tv_tensors

    masks = targets.ndim == 3
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        pairs = [
            _pair(augment(tv_tensors.Image(image), tv_tensors.Mask(target) if masks else target))
            for image, target in zip(images, targets, strict=True)
        ]
    shapes = {tuple(image.shape[1:]) for image, _ in pairs} | {tuple(t.shape) for _, t in pairs if masks}
    if len(shapes) > 1:
        raise ValueError(
            f"augment returned the sizes {', '.join(map(str, sorted(shapes)))} in one batch; expected one "
            "size for all images and masks: crop or resize to a fixed one"
        )
    new_images = torch.stack([torch.as_tensor(image) for image, _ in pairs])
    new_targets = torch.stack([torch.as_tensor(target) for _, target in pairs])
    return new_images.as_subclass(Tensor), new_targets.as_subclass(Tensor)


def _pair(augmented: Any) -> tuple[Any, Any]:
    if not isinstance(augmented, (tuple, list)) or len(augmented) != 2:
        raise TypeError(
            f"augment returned {type(augmented).__name__}, expected (image, target): "
            "take both as arguments and return both"
        )
    return augmented[0], augmented[1]


def _values(targets: Tensor) -> list[int]:
    """Return which values occur; bytes are counted, since ``torch.unique`` takes twenty times as long."""
    if targets.dtype == torch.uint8:
        return torch.bincount(targets.flatten(), minlength=256).nonzero().flatten().tolist()
    return torch.unique(targets).tolist()


def _described(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"
