"""How far a copy is, in bytes: where somebody looks on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from geoservice.lazy_modules import lazily

with lazily():
    from rich import console as consoles


@contextmanager
def bytes_shown(doing: str) -> Iterator[Callable[[int], None]]:
    """Yield what is to be told of each piece of a copy, in bytes."""
    console = consoles.Console(stderr=True)
    if not console.is_terminal:
        yield lambda count: None
        return
    copied = 0
    with console.status(doing) as status:

        def on_bytes(count: int) -> None:
            nonlocal copied
            copied += count
            status.update(f"{doing}: {size_words(copied)}")

        yield on_bytes


def size_words(size: int) -> str:
    """Return a size for people, in decimal units."""
    if size < 1_000_000:
        return f"{size / 1000:,.1f} kB"
    return f"{size / 1_000_000:,.1f} MB" if size < 1_000_000_000 else f"{size / 1_000_000_000:,.2f} GB"
