# SPDX-License-Identifier: AGPL-3.0-or-later
"""A room's link: five plain words that can be said over a telephone, 40 bits of chance."""

from __future__ import annotations

import re
import secrets

WORDS = tuple("""
able acorn actor after agent alarm album amber angel ankle apple april apron arrow autumn baby
badge baker banana barn basket bath beaver bench bird blanket boat bonus book boot bottle bowl box
branch brave brick bridge bright brook brother brown brush bucket button cabin cactus cake camel
camera camp candle canoe carpet carrot castle cat cave cello chain cherry chess chicken circle
city clever clock cloud clover coat cobra coconut coffee copper corn cotton couch cousin cow crane
crayon cream cricket crown cup curtain daisy dancer desert desk dinner doctor dolphin donkey door
dragon drum duck dune eagle early earth east echo elbow elm engine evening falcon family farmer
feather fern fiddle field finger fire fish flag flame flute forest fork fox friend frog garden
gate gentle giant ginger glass globe goat gold grape grass green guitar hammer happy harbor hazel
heart hedge helmet hero hill holiday honey hope house ice igloo island ivy jacket jar jolly jungle
kettle kind kite kitten ladder lake lamp lantern leaf lemon letter lily lion lobster lucky magnet
mango maple market melon milk mirror monday monkey moon morning mountain music napkin needle nest
north nurse nutmeg ocean olive onion orange orchard otter owl oyster paddle panda paper parade
parrot pebble pencil penguin pepper piano picnic pillow planet plum pocket pony potato puppy quiet
rabbit radio river robin rocket rose salad school shadow silver singer sister spoon spring star
story sugar summer table tiger toast tomato tower train tulip turtle valley velvet violin wagon
walnut water window winter yellow zebra
""".split())  # noqa: SIM905

LINK = re.compile(r"[a-z]{2,10}(-[a-z]{2,10}){4}")


def new_link() -> str:
    """A link nobody has; whoever makes rooms looks whether it is taken."""
    return "-".join(secrets.choice(WORDS) for _ in range(5))
