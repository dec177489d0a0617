"""The light of a scene: time of day, weather, and where the sun stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from .colors import Color, blend
from .dice import Dice


@dataclass(frozen=True)
class Mood:
    """Light as the painter needs it; colors are 0..255, factors multiply the color of a thing."""

    zenith: Color  # the sky above, and where it meets the ground
    horizon: Color
    cloud: Color
    clouds: float  # 0: none, 1: many
    sun: Color  # factors of a face in the sun, and of one in the shade
    shade: Color
    shadow: float  # how much light a cast shadow takes: 0 none, 1 all
    haze: float  # 1 / metres: what a metre of air hides
    lamps: bool = False  # windows and street lamps are lit
    wet: float = 0.0  # how much of itself the street shows on the road
    side: int = 1  # the sun stands to the left (-1) or to the right (1),
    behind: bool = True  # behind the camera or before it
    slant: float = 1.0  # metres of shadow for each metre of height

    @cached_property
    def middle(self) -> Color:
        """Factors of the ground and of what faces up."""
        return blend(self.sun, self.shade, 0.4)

    def on_side(self, facing: int) -> Color:
        """Return the factors of a face that looks to the left (-1) or to the right (1)."""
        return self.sun if facing == self.side else self.shade

    @property
    def on_front(self) -> Color:
        """Factors of a face that looks at the camera."""
        return self.sun if self.behind else self.shade


CLEAR = Mood(
    zenith=(78, 140, 218), horizon=(204, 226, 242), cloud=(252, 252, 252), clouds=0.6,
    sun=(1.12, 1.08, 1.0), shade=(0.62, 0.66, 0.76), shadow=0.5, haze=0.004,
)  # fmt: skip
MORNING = Mood(
    zenith=(112, 158, 214), horizon=(255, 228, 190), cloud=(255, 240, 222), clouds=0.5,
    sun=(1.18, 1.04, 0.84), shade=(0.66, 0.66, 0.78), shadow=0.42, haze=0.011,
)  # fmt: skip
OVERCAST = Mood(
    zenith=(160, 168, 178), horizon=(214, 217, 219), cloud=(226, 229, 232), clouds=1.2,
    sun=(0.92, 0.92, 0.93), shade=(0.8, 0.81, 0.84), shadow=0.0, haze=0.008,
)  # fmt: skip
EVENING = Mood(
    zenith=(70, 76, 132), horizon=(255, 176, 112), cloud=(240, 142, 122), clouds=0.7,
    sun=(1.02, 0.76, 0.58), shade=(0.52, 0.48, 0.6), shadow=0.3, haze=0.009, lamps=True,
)  # fmt: skip
HAZE = Mood(
    zenith=(186, 197, 206), horizon=(226, 227, 222), cloud=(220, 222, 222), clouds=0.3,
    sun=(0.98, 0.96, 0.92), shade=(0.8, 0.81, 0.83), shadow=0.1, haze=0.026,
)  # fmt: skip

MOODS = (CLEAR, CLEAR, MORNING, OVERCAST, OVERCAST, EVENING, HAZE)


def draw_mood(dice: Dice) -> Mood:
    """Return the light of one scene, each a little different."""
    mood = dice.pick(MOODS)
    return replace(
        mood,
        zenith=dice.near(mood.zenith, 14),
        horizon=dice.near(mood.horizon, 10),
        clouds=mood.clouds * dice.uniform(0.3, 1.3),
        shadow=mood.shadow * dice.uniform(0.7, 1.15),
        haze=mood.haze * dice.uniform(0.6, 1.4),
        wet=dice.uniform(0.15, 0.4) if dice.chance(0.5) and mood is OVERCAST else 0.0,
        side=dice.pick((-1, 1)),
        behind=dice.chance(0.6) and mood is not EVENING,
        slant=dice.uniform(0.5, 1.7) if mood in (CLEAR, OVERCAST) else dice.uniform(1.2, 2.6),
    )
