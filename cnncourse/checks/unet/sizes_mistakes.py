"""How people get the output size of an unpadded U-Net wrong."""

from __future__ import annotations

from functools import partial
from math import ceil

from ...models import unet_output_size
from ..exercise import Misconception
from ..results import changed
from . import sizes_ways as ways
from .sizes_ways import every_check, guarded, instead, naming, refusing, right, terse, unchecked, walk, walks


def _with_halves(n: int, depth: int, **losses: int) -> float:
    return walk(n, depth, lambda n: n / 2, **losses)


MISTAKES = (
    Misconception(
        "another loss than 4 for a pair of convolutions",
        "Each level has two 3×3 convolutions, and without padding each takes 2 pixels, one at each end: the "
        "pair takes 4.",
        (
            *walks(down=2, bottom=2, up=2),
            *walks(down=6, bottom=6, up=6),
            *walks(down=8, bottom=8, up=8),
            *walks(down=1, bottom=1, up=1),
            *walks(down=3, bottom=3, up=3),
            *walks(down=4, bottom=2, up=4),
            *walks(down=4, bottom=4, up=2),
            *walks(down=2, bottom=4, up=4),
            *walks(down=4, bottom=2, up=2),
        ),
    ),
    Misconception(
        "the bottom forgotten",
        "Between the last pool and the first up-convolution lie two convolutions too: another 4 go, there "
        "where a pixel stands for 2^depth of the image.",
        walks(bottom=0),
    ),
    Misconception(
        "the convolutions on the way up forgotten",
        "After each up-convolution come two more 3×3 convolutions without padding: take 4 away there too.",
        (*walks(up=0), *walks(up=0, bottom=0)),
    ),
    Misconception(
        "the convolutions on the way down forgotten",
        "Before each pool come two 3×3 convolutions without padding: take 4 away before you halve.",
        (*walks(down=0), *walks(down=0, bottom=0)),
    ),
    Misconception(
        "the way up forgotten",
        "The size is wanted at the end of the network: after the bottom each up-convolution doubles, as "
        "often as a pool has halved.",
        (
            *ways.down_only(4),
            *ways.down_only(2),
            *ways.down_only(0),
            *every_check(lambda n, depth: n // 2**depth),
        ),
    ),
    Misconception(
        "doubling forgotten",
        "A 2×2 up-convolution of stride 2 turns each pixel into 2×2: on the way up double the size first, "
        "then take 4 away.",
        walks(grown=1),
    ),
    Misconception(
        "pool before the convolutions",
        "On each level the two convolutions come first and the pool after them: n − 4, then halve.",
        (
            *walks(down=0, below=4),
            *walks(down=0, below=4, bottom=0),
            naming(partial(walk, down=0, below=4, bottom=0), ways.divides),
            naming(partial(walk, down=0, below=4), ways.divides),
        ),
    ),
    Misconception(
        "convolutions before the up-convolution",
        "On the way up the up-convolution comes first and its two convolutions after it: 2 · n, then − 4. "
        "The pair at the bottom is passed once.",
        (*walks(up=8), *walks(up=8, bottom=0)),
    ),
    Misconception(
        "padded convolutions",
        "This U-Net does not pad: each 3×3 convolution takes 2 pixels away. Yours gives back the size of the "
        "image.",
        (*walks(down=0, bottom=0, up=0), *every_check(lambda n, depth: n)),
    ),
    Misconception(
        "the up-convolution takes pixels",
        "A 2×2 up-convolution of stride 2 turns each pixel into 2×2: it doubles the size exactly.",
        (*walks(joint=1), *walks(joint=2), *walks(joint=-1)),
    ),
    Misconception(
        "the last layer takes pixels",
        "The last convolution is 1×1: it changes the number of maps, not their size.",
        (*walks(head=2), *walks(head=1)),
    ),
    Misconception(
        "the size of the skip",
        "The skip is cropped to the maps from below, and not these to the skip: what comes up decides.",
        every_check(lambda n, depth: n - 8),
    ),
    Misconception(
        "lost at one end only",
        "What is lost is lost at both ends. Yours takes off one border only.",
        every_check(lambda n, depth: n - (6 * 2**depth - 4)),
    ),
    Misconception(
        "184 for every depth",
        "Only at depth 4 are 184 pixels lost. With another number of pools there are fewer or more "
        "convolutions, and each counts for more pixels of the image the deeper it lies.",
        (
            *every_check(lambda n, depth: n - 184),
            *every_check(lambda n, depth: n - 46 * depth),
            terse(lambda n, depth: n - 184, lambda n, depth: (n + 4) % 16 == 0),
            naming(lambda n, depth: n - 184, lambda n, depth: (n + 4) % 16 == 0),
            unchecked(lambda n, depth: walk(n, 4)),
            unchecked(lambda n, depth: round(n * 388 / 572)),
            unchecked(lambda n, depth: n * 388 // 572),
            guarded(lambda n, depth: round(n * 388 / 572)),
            guarded(lambda n, depth: n * 388 // 572),
        ),
    ),
    Misconception(
        "every convolution counted in pixels of the image",
        "A convolution below k pools takes 2 pixels of its own map, and each of these stands for 2^k pixels "
        "of the image.",
        (
            *every_check(lambda n, depth: n - 4 * (2 * depth + 1)),
            *every_check(lambda n, depth: n - 2 * (2 * depth + 1)),
            *every_check(lambda n, depth: n - 4 * depth),
            *every_check(lambda n, depth: n - 8 * depth),
        ),
    ),
    Misconception(
        "levels added up wrongly",
        "Add up what is lost, level by level: 4 · 2^k by a pair of convolutions below k pools, once on the "
        "way down, once on the way up, and at the bottom once in all.",
        (
            *every_check(lambda n, depth: n - 12 * 2**depth),
            *every_check(lambda n, depth: n - 12 * 2**depth + 4),
            *every_check(lambda n, depth: n - 8 * 2**depth),
            *every_check(lambda n, depth: n - 16 * 2**depth + 8),
            *every_check(lambda n, depth: n - 6 * 2**depth),
        ),
    ),
    Misconception(
        "depth off by one",
        "The depth is the number of pools: at depth 4 there are 4 pools, 4 up-convolutions and 5 levels.",
        (*ways.deeper(-1), *ways.deeper(1)),
    ),
    Misconception(
        "no error where a pool does not divide",
        "Half of an odd size is no size, and a pool that rounds drops a row without a word, so that crops no "
        "longer fit: raise ValueError when a pool would meet an odd size.",
        (
            unchecked(walk),
            unchecked(right),
            unchecked(lambda n, depth: walk(n, depth, lambda n: ceil(n / 2))),
            unchecked(lambda n, depth: walk(n, depth, lambda n: round(n / 2))),
            unchecked(lambda n, depth: int(_with_halves(n, depth))),
            instead(lambda n, depth: None),
            instead(lambda n, depth: -1),
            instead(lambda n, depth: 0),
            instead(lambda n, depth: False),
            instead(lambda n, depth: right(ways.below(n, depth), depth)),
            instead(lambda n, depth: right(ways.below(n, depth) + 2**depth, depth)),
            instead(ways.below),
            instead(lambda n, depth: ways.below(n, depth) + 2**depth),
            instead(lambda n, depth: (ways.below(n, depth), ways.below(n, depth) + 2**depth)),
        ),
    ),
    Misconception(
        "only the first pool checked",
        "Every pool must halve without remainder, not the first alone: look at the size before each of them.",
        tuple(
            check(size, lambda n, depth: n % 2 == 0) for check in (naming, terse) for size in (walk, right)
        ),
    ),
    Misconception(
        "another number of pools checked",
        "All `depth` pools must halve without remainder, no more and no fewer: the sizes that work lie "
        "2^depth apart.",
        tuple(
            check(size, works)
            for check in (naming, terse)
            for size in (walk, right)
            for works in (
                lambda n, depth: (n + 4) % 2 ** (depth - 1) == 0,
                lambda n, depth: (n + 4) % 2 ** (depth + 1) == 0,
                lambda n, depth: (n + 4) % 16 == 0,
                lambda n, depth: (n + 4) % 4 == 0,
                lambda n, depth: (n + 4) % (2 * depth) == 0,
            )
        ),
    ),
    Misconception(
        "multiples of 2^depth demanded",
        "Two convolutions come before the first pool, so it meets n − 4, not n. Multiples of 2^depth are "
        "right for padded networks; here 572 works, and 576 does not.",
        tuple(
            check(size, works)
            for check in (naming, terse)
            for size in (walk, right)
            for works in (ways.divides, lambda n, depth: n % 16 == 0)
        ),
    ),
    Misconception(
        "convolutions before later pools forgotten",
        "Two convolutions come before every pool, not before the first alone. So n − 4 need not be a "
        "multiple of 2^depth; n + 4 must.",
        tuple(
            check(size, lambda n, depth: (n - 4) % 2**depth == 0)
            for check in (naming, terse)
            for size in (walk, right)
        ),
    ),
    Misconception(
        "no size named",
        "The error must help: its text names the nearest sizes that work, below and above.",
        (terse(right, ways.fits), ways.named(lambda n, d: (ways.odd(n, d),))),
    ),
    Misconception(
        "sizes named that do not work",
        "The sizes that your error names do not work. Those that do lie 2^depth apart, 4 less than a "
        "multiple of it, such as 572 for 4 pools.",
        tuple(
            ways.named(sizes)
            for sizes in (
                lambda n, d: (ways.multiple(n, 2**d), ways.multiple(n, 2**d) + 2**d),
                lambda n, d: (ways.multiple(n, 2**d) + 2**d,),
                lambda n, d: (ways.multiple(n, 16), ways.multiple(n, 16) + 16),
                lambda n, d: (n - 1, n + 1),
                lambda n, d: (n + 1,),
                lambda n, d: (n - n % 2,),
                lambda n, d: (n - 2, n + 2),
                lambda n, d: (n - 2**d, n + 2**d),
                lambda n, d: (ways.multiple(n, 2**d) + 4, ways.multiple(n, 2**d) + 4 + 2**d),
                lambda n, d: (ways.multiple(n, 2), ways.multiple(n, 2) + 2),
                lambda n, d: (556, 572),
                lambda n, d: (572,),
                lambda n, d: (556, 572, 588),
                lambda n, d: (n - (n + 4) % 16, n - (n + 4) % 16 + 16),
                lambda n, d: (ways.multiple(n, 2**d) + 8, ways.multiple(n, 2**d) + 8 + 2**d),
                lambda n, d: (ways.below(n, d) + 4, ways.below(n, d) + 4 + 2**d),
            )
        ),
    ),
    Misconception(
        "only the next smaller size named",
        "Name the nearest sizes on both sides: here the next larger one is nearer.",
        (refusing(lambda n, depth: f"{n} does not work, use {ways.below(n, depth)}"),),
    ),
    Misconception(
        "all sizes named",
        "Name the nearest sizes that work, one below n and one above, and no others.",
        (refusing(lambda n, depth: f"one of {list(range(max(n - 40, 0), n + 40))}"),),
    ),
    Misconception(
        "another error than ValueError",
        "A size that does not work is a ValueError: `raise ValueError(…)`. An assert raises AssertionError, "
        "which Python leaves out when it is asked to optimize.",
        tuple(
            refusing(lambda n, depth: f"use {ways.below(n, depth)}", error)
            for error in (AssertionError, ArithmeticError, IndexError, RuntimeError, TypeError, Exception)
        ),
    ),
    Misconception(
        "a float instead of a whole number",
        "A size is a whole number. / always gives a float: 568 / 2 is 284.0. // gives an int.",
        (
            changed(unet_output_size, float),
            unchecked(lambda n, depth: float(right(n, depth))),
            terse(lambda n, depth: float(right(n, depth)), ways.fits),
            unchecked(lambda n, depth: float(walk(n, depth))),
            unchecked(_with_halves),
            guarded(_with_halves),
            unchecked(lambda n, depth: n - 184.0),
            unchecked(lambda n, depth: n / 1),
            unchecked(lambda n, depth: n / 2**depth),
            unchecked(partial(_with_halves, bottom=0)),
            unchecked(partial(_with_halves, up=0)),
            unchecked(partial(_with_halves, down=2, bottom=2, up=2)),
        ),
    ),
    Misconception(
        "height and width instead of one number",
        "Rows and columns are reckoned alike, so one number goes in and one comes out.",
        (
            changed(unet_output_size, lambda size: (size, size)),
            changed(unet_output_size, lambda size: size**2),
            unchecked(lambda n, depth: (right(n, depth), right(n, depth))),
        ),
    ),
)
