"""One style for every picture: palette, signed colors, sizes, font, and how a number is written."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

# Okabe & Ito's eight colors, then three dark ones chosen for the largest smallest difference (CIEDE2000) to
# all others under simulated protanopia, deuteranopia and tritanopia; tests/viz/test_style.py measures it.
PALETTE = (
    "#0072B2",  # blue
    "#E69F00",  # orange
    "#009E73",  # bluish green
    "#CC79A7",  # reddish purple
    "#56B4E9",  # sky blue
    "#D55E00",  # vermilion
    "#F0E442",  # yellow
    "#000000",  # black
    "#960000",  # dark red
    "#0000A5",  # ink blue
    "#694B5A",  # mauve
)
IGNORE = "#DADDDA"  # pixels that do not count; hatched wherever it stands beside classes

POSITIVE, NEGATIVE = "#0072B2", "#D55E00"
ACCENT = "#C27C00"  # "where we are": the amber outline, dark enough for 3:1 on white
INK, QUIET, LINE, SURFACE = "#1B1F24", "#59636E", "#D5D9DE", "#FFFFFF"

DPI = 100
WIDTH = 800  # pixels of the widest figure: what a notebook shows without scrolling
FONT = ("DejaVu Sans",)  # ships with matplotlib, so every machine draws the same pixels


def apply() -> AbstractContextManager[None]:
    """Return a context in which matplotlib draws in the style of the course; outside, nothing changes.

    Examples
    --------
    >>> import matplotlib
    >>> before = matplotlib.rcParams["axes.titlesize"]
    >>> with apply():
    ...     matplotlib.rcParams["axes.titlesize"]
    9.5
    >>> matplotlib.rcParams["axes.titlesize"] == before
    True
    """
    import matplotlib
    from cycler import cycler

    return matplotlib.rc_context(
        {
            "axes.axisbelow": True,
            "axes.edgecolor": LINE,
            "axes.grid": False,
            "axes.labelcolor": QUIET,
            "axes.labelsize": 9,
            "axes.prop_cycle": cycler(color=PALETTE),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlecolor": INK,
            "axes.titlesize": 9.5,
            "figure.dpi": DPI,
            "figure.facecolor": SURFACE,
            "font.family": "sans-serif",
            "font.sans-serif": FONT,
            "font.size": 9,
            "hatch.color": "#B4BAC1",
            "hatch.linewidth": 0.8,
            "image.cmap": "gray",
            "savefig.bbox": None,
            "savefig.dpi": "figure",
            "text.color": INK,
            "xtick.color": QUIET,
            "ytick.color": QUIET,
        }
    )


def signed_map() -> Colormap:
    """Return the diverging map: vermilion below zero, white at zero, blue above, equally dark at both ends.

    Examples
    --------
    >>> [float(part) for part in signed_map()(0.5)[:3]]
    [1.0, 1.0, 1.0]
    """
    from matplotlib.colors import LinearSegmentedColormap

    # 256 entries have no middle one; 257 put zero exactly on white.
    stops = ["#7A2E00", NEGATIVE, "#F6CBB2", "#FFFFFF", "#B5D6EA", POSITIVE, "#003A5C"]
    return LinearSegmentedColormap.from_list("cnncourse.signed", stops, N=257).with_extremes(bad=IGNORE)


def number(value: float) -> str:
    """Write a number for a small cell: a true minus sign, two or three digits that matter, no empty decimals.

    Examples
    --------
    >>> [number(v) for v in (3.0, -2, 0.5, 1 / 3, -12.345, 1234.5, 0.0625, 0.00012)]
    ['3', '−2', '0.5', '0.33', '−12.3', '1234', '0.06', '1.2e−4']
    """
    size = abs(value)
    if value != value:
        text = "nan"
    elif size == float("inf"):
        text = "∞" if value > 0 else "−∞"
    elif float(value).is_integer() and size < 1e6:
        text = str(int(value))
    elif 1e-3 <= size < 1e6:
        text = f"{value:.{3 if size < 0.01 else 2 if size < 10 else 1 if size < 100 else 0}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        mantissa, exponent = f"{value:.1e}".split("e")
        text = f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    return text.replace("-", "−")
