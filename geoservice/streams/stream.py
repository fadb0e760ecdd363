"""One stream of events: what it begins with, what it sends, and when it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from geoservice.auth.model import Identity
from geoservice.services.events import Audience, Audiences, EventService
from geoservice.streams.answers import Send, end
from geoservice.streams.frames import HEARTBEAT, gap, opening
from geoservice.streams.hub import Frame, Hub
from geoservice.streams.subscription import Subscription
from layers.errors import LayerError

HEARTBEAT_S = 15.0
#: So soon a revoked key, a session that ended or a changed posting is heeded.
LOOK_AGAIN_S = 10.0
#: Whoever takes nothing for so long is cut off.
PATIENCE_S = 30.0
_PIECE_BYTES = 64_000
LookAgain = Callable[[], Identity | None]


@dataclass
class Listener:
    """Who listens to a stream, and what for."""

    subscription: Subscription
    audience: Audience | Audiences
    #: Returns who listens as things stand then, None when nobody does any more; None: of the public.
    look_again: LookAgain | None

    def pieces(self, frames: Iterable[Frame]) -> Iterable[bytes]:
        """Return what of some events is for this listener, in pieces."""
        piece = bytearray()
        for frame in frames:
            if self.subscription.means(frame.event) and self.audience.may_hear(frame.event):
                piece += frame.message
            if len(piece) > _PIECE_BYTES:
                yield bytes(piece)
                piece.clear()
        if piece:
            yield bytes(piece)


class EventStream:
    """The body of one stream."""

    def __init__(self, events: EventService, hub: Hub, listener: Listener, send: Send) -> None:
        self._events = events
        self._hub = hub
        self._listener = listener
        self._send = send
        self._spoke_s = self._looked_s = time.monotonic()

    async def run(self) -> None:
        """Tell until cancelled, until nobody takes it, or until whoever listens may no more."""
        number, words = await self._begin(self._listener.subscription.after)
        await self._say(words)
        while await self._still_welcome():
            frames = self._hub.after(number)
            if frames is None:
                frames = await self._read_after(number)
            if frames:
                number = frames[-1].event.number
                for piece in self._listener.pieces(frames):
                    await self._say(piece)
            elif time.monotonic() >= self._spoke_s + HEARTBEAT_S:
                await self._say(HEARTBEAT)
            else:
                await self._hub.wait(max(0.0, self._due_s - time.monotonic()))
        await end(self._send)

    @property
    def _due_s(self) -> float:
        """Return until when there is nothing to do unless something comes."""
        speak_s = self._spoke_s + HEARTBEAT_S
        # Nobody looks again at the public: waiting for that would not be waiting.
        return speak_s if self._listener.look_again is None else min(speak_s, self._looked_s + LOOK_AGAIN_S)

    async def _begin(self, after: int | None) -> tuple[int, bytes]:
        """Return from where on to tell, and what is said first."""
        last = self._hub.last or 0
        if after is None:
            return last, self._opening(last)
        kept = await asyncio.to_thread(self._events.kept)
        if kept.first - 1 <= after <= max(kept.last, last):
            return after, self._opening(after)
        # Too long ago: from the first that is kept. From the future: another database's number.
        begins = kept.first - 1 if after < kept.first else last
        return begins, self._opening(begins) + gap(after, begins)

    def _opening(self, number: int) -> bytes:
        return opening(number, hears_incidents=self._listener.audience.hears_incidents)

    async def _read_after(self, number: int) -> tuple[Frame, ...]:
        """Return events that are no longer held in memory; none while the database is away."""
        try:
            return await self._hub.read_after(number)
        except LayerError:
            await asyncio.sleep(1)
            return ()

    async def _still_welcome(self) -> bool:
        """Look again now and then who is listening; a database that is away changes nothing."""
        look_again = self._listener.look_again
        if look_again is None or time.monotonic() < self._looked_s + LOOK_AGAIN_S:
            return True
        self._looked_s = time.monotonic()
        with suppress(LayerError):
            identity = await asyncio.to_thread(look_again)
            if identity is None:
                return False
            self._listener.audience = await asyncio.to_thread(self._events.audience, identity)
        return True

    async def _say(self, words: bytes) -> None:
        """Send a piece; raise TimeoutError when it is not taken."""
        message = {"type": "http.response.body", "body": words, "more_body": True}
        # Not wait_for: before Python 3.12 it forgets that it was cancelled when the piece is taken in that moment.
        async with asyncio.timeout(PATIENCE_S):
            await self._send(message)
        self._spoke_s = time.monotonic()
