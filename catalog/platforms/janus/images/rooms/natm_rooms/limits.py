# SPDX-License-Identifier: AGPL-3.0-or-later
"""How often is too often: buckets of tokens, for each address and for all together.

Memory is bounded: of the addresses, those not heard of for longest are forgotten first.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from .errors import Refused, too_many

Clock = Callable[[], float]
MOST_ADDRESSES = 4096


class Bucket:
    """Holds `size` tokens and gets `rate` of them back each second."""

    __slots__ = ("_clock", "_rate", "_size", "_then", "_tokens")

    def __init__(self, size: float, rate: float, clock: Clock = time.monotonic) -> None:
        self._size, self._rate, self._clock = size, rate, clock
        self._tokens, self._then = size, clock()

    def wait(self) -> float:
        """Seconds until a token is there; 0 where one is."""
        now = self._clock()
        self._tokens = min(self._size, self._tokens + (now - self._then) * self._rate)
        self._then = now
        return 0.0 if self._tokens >= 1 else (1 - self._tokens) / self._rate

    def take(self) -> float:
        """Take one token; the seconds to wait where there is none."""
        wait = self.wait()
        if not wait:
            self._tokens -= 1
        return wait


class Limit:
    """A bucket for each key and one for all keys together; either may say no."""

    def __init__(self, each: tuple[float, float], all_: tuple[float, float],
                 clock: Clock = time.monotonic) -> None:
        self._each, self._clock = each, clock
        self._all = Bucket(*all_, clock)
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def check(self, key: str) -> None:
        """Whether another try is allowed, without counting one."""
        self._refuse(self._bucket(key).wait() or self._all.wait())

    def take(self, key: str) -> None:
        """Count a try; refuse it where there were too many."""
        self._refuse(self._bucket(key).take())
        self._refuse(self._all.take())

    def _bucket(self, key: str) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(*self._each, self._clock)
            if len(self._buckets) > MOST_ADDRESSES:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        return bucket

    @staticmethod
    def _refuse(wait: float) -> None:
        if wait:
            raise too_many(wait)


class Connections:
    """How many web sockets are open, for each address and over all."""

    def __init__(self, each: int, all_: int) -> None:
        self._each, self._most = each, all_
        self._open: Counter[str] = Counter()

    def enter(self, key: str) -> None:
        """One more, or a refusal."""
        if self._open[key] >= self._each or self._open.total() >= self._most:
            if not self._open[key]:
                del self._open[key]
            raise Refused(429, "too_many", 10)
        self._open[key] += 1

    def leave(self, key: str) -> None:
        """One less."""
        self._open[key] -= 1
        if self._open[key] <= 0:
            del self._open[key]


class Limits:
    """All limits of the service, by what they guard."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.requests = Limit((240, 20), (3000, 300), clock)
        self.pages = Limit((3000, 300), (20_000, 3000), clock)
        self.sign_in = Limit((10, 1 / 30), (60, 1), clock)
        self.sign_in_name = Limit((30, 1 / 20), (1000, 10), clock)
        self.join = Limit((40, 1), (400, 20), clock)
        self.rejoin = Limit((20, 1 / 2), (400, 40), clock)
        self.guess_room = Limit((20, 1 / 30), (300, 1), clock)
        self.guess_pin = Limit((6, 1 / 60), (600, 5), clock)
        self.guess_pin_room = Limit((60, 1 / 10), (600, 5), clock)
        self.make_room = Limit((60, 1 / 4), (120, 1), clock)
        self.sockets = Connections(each=64, all_=160)


def network_of(address: str) -> str:
    """What counts as one address: of IPv6, the network that one household has."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return f"{IPv6Address(int(found) >> 64 << 64)}/64"
    return str(found)
