# SPDX-License-Identifier: AGPL-3.0-or-later
"""A small client of up2k, copyparty's protocol for uploads that can be taken up again.

The file is cut into parts, each known by its hash. An offer with all hashes is answered with those
the server still lacks; they are sent one by one, in any order, at any time. After an interruption
one makes the same offer again.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

import httpx

MIB = 1024 * 1024
SMALLEST_PART = MIB
MOST_PARTS = 256
# What it answers while it reads its settings again, as when a member comes for the first time.
BUSY, PATIENCE_S = 503, 30


class UploadRefused(Exception):
    """The server did not take the offer or a part; the message holds its status and words."""


@dataclass(frozen=True)
class Offer:
    """What the server answered: where the file goes, by which key, which parts it still wants."""

    folder: str
    key: str
    wanted: tuple[str, ...]


@dataclass(frozen=True)
class Upload:
    """One file on its way into one folder."""

    client: httpx.Client
    folder: str
    name: str
    data: bytes
    modified: int

    @classmethod
    def of(cls, client: httpx.Client, folder: str, name: str, data: bytes) -> Upload:
        """A file to be put into a folder, given by its address."""
        return cls(client, folder, name, data, int(time.time()))

    @property
    def part_size(self) -> int:
        """As long as a part is, by the protocol; the last one may be shorter."""
        size, step = SMALLEST_PART, SMALLEST_PART // 2
        while True:
            for factor in (1, 2):
                count = -(-len(self.data) // size)
                if count <= MOST_PARTS or (size >= 32 * MIB and count <= 4096):
                    return size
                size += step
                step *= factor

    def parts(self) -> dict[str, bytes]:
        """The parts by their hashes, in the file's order."""
        size = self.part_size
        pieces = (self.data[at:at + size] for at in range(0, len(self.data), size))
        return {part_hash(piece): piece for piece in pieces}

    def offer(self) -> Offer:
        """Tell the server of the file; the first time, and again after an interruption."""
        size = self.part_size
        hashes = [part_hash(self.data[at:at + size]) for at in range(0, len(self.data), size)]
        body = {"name": self.name, "size": len(self.data), "lmod": self.modified, "hash": hashes}
        answer = _patiently(partial(self.client.post, self.folder, json=body)).json()
        return Offer(str(answer["purl"]), str(answer["wark"]), tuple(answer["hash"]))

    def send(self, offer: Offer, hashes: tuple[str, ...]) -> None:
        """Send these parts."""
        parts = self.parts()
        address = str(httpx.URL(self.folder).join(quote(offer.folder)))
        for hash_ in hashes:
            headers = {"X-Up2k-Hash": hash_, "X-Up2k-Wark": offer.key,
                       "Content-Type": "application/octet-stream"}
            _patiently(partial(self.client.post, address, content=parts[hash_], headers=headers))

    def complete(self) -> int:
        """Offer, send what is wanted, and see that nothing is missing; how many parts went up."""
        offer = self.offer()
        self.send(offer, offer.wanted)
        missing = self.offer().wanted
        if missing:
            raise UploadRefused(f"{len(missing)} parts are still missing after all were sent")
        return len(offer.wanted)


def part_hash(data: bytes) -> str:
    """The name of a part: the first 33 bytes of its SHA-512."""
    return base64.urlsafe_b64encode(hashlib.sha512(data).digest()[:33]).decode("ascii")


def _patiently(send: Callable[[], httpx.Response]) -> httpx.Response:
    """As the web page does: where the server reads its settings again, wait and send it again."""
    end = time.monotonic() + PATIENCE_S
    while (answer := send()).status_code == BUSY and time.monotonic() < end:
        time.sleep(0.5)
    return _checked(answer)


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.status_code != httpx.codes.OK:
        raise UploadRefused(f"status {answer.status_code}: {answer.text[:200]}")
    return answer
