"""Short texts for people in the languages of the service: titles of layers and columns, words of coded values."""

from __future__ import annotations

from typing import NamedTuple


class Title(NamedTuple):
    """A text in Chinese and English, and in Tibetan where it is known."""

    zh: str
    en: str
    bo: str | None = None

    def text(self, language: str) -> str:
        """Return it in a language; in Chinese where that language has none."""
        said: str | None = getattr(self, language, None)
        return said or self.zh

    def in_both(self, language: str) -> str:
        """Return it in a language and then in the other one of Chinese and English; once where they are the same."""
        said = self.text(language)
        return said if self.zh == self.en else f"{said} / {self.en if said == self.zh else self.zh}"
