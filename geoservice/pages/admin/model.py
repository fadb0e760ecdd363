"""What a page of administrators is made of, whatever its area: a table, one thing with its facts, a form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

#: How something stands; told by words, the colour comes on top.
State = Literal["", "good", "soon", "bad"]


class Cell(NamedTuple):
    """A cell of a table, or a fact."""

    text: str
    url: str = ""
    state: State = ""
    #: Columns that it goes over.
    span: int = 1


class Action(NamedTuple):
    """Something that can be done."""

    word: str
    url: str
    #: It costs nothing and is done at once; else it leads to a page that says what it costs.
    at_once: bool = False


@dataclass(frozen=True)
class Table:
    """The table of an area."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    #: What is told in place of no rows.
    empty: str
    #: Its columns are days, from this one on, which whoever reads it may choose: it stays a table on a phone.
    first_day: str = ""


@dataclass(frozen=True)
class Field:
    """A field of a form. Its words are those of `field.NAME` and, where there are any, `hint.NAME`, or its own.

    None has a length: a browser would cut what is pasted and say nothing; what is too long is refused in words.
    """

    name: str
    kind: Literal["text", "date", "number", "select", "check", "area", "file"] = "text"
    #: Of a select: what is sent, and what is shown.
    options: Sequence[tuple[str, str]] = ()
    required: bool = False
    #: Words of its own: of what whoever fills it in brought along, such as a column of a file.
    label: str = ""
    hint: str = ""
    #: Of a text: what it may be, to be chosen or written.
    offered: Sequence[str] = ()
    #: Of a file: how its name may end.
    endings: Sequence[str] = ()


@dataclass(frozen=True)
class Form:
    """A form on its own page."""

    title: str
    #: Where it is sent.
    url: str
    #: Word of its button.
    send: str
    back: str
    fields: Sequence[Field] = ()
    #: What it costs, before it is done.
    costs: Sequence[str] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    #: Sentences by the field that they are about; "" is the whole.
    errors: Mapping[str, str] = field(default_factory=dict)
    #: It edits what others may edit meanwhile, of which `stored` are the values now.
    stored: Mapping[str, str] | None = None
    #: Word of the sentence that is said when they are not what they were; whoever sends it again means it all the same.
    changed: str = "error.changed"
    #: What else can be done with the thing that it edits.
    ways: Sequence[Action] = ()
    #: Digest of costs that follow from what is written, and are shown now: sent with it, the form counts.
    agreed: str = ""
    #: What it brings along of what was shown with it: sent, it counts for that alone.
    shown: str = ""

    @property
    def brings_file(self) -> bool:
        """Return whether a file is sent with it."""
        return any(one.kind == "file" for one in self.fields)

    @property
    def seen(self) -> str:
        """Return what the form brings along, so that it is known whether what it edits was changed meanwhile."""
        return digest_of(() if self.stored is None else [repr(one) for one in sorted(self.stored.items())])


def digest_of(sentences: Sequence[str]) -> str:
    """Return what is equal for equal sentences."""
    return hashlib.sha256("\n".join(sentences).encode("utf-8", "replace")).hexdigest()[:16]


class CostsUnseen(Exception):
    """What a form costs follows from what it says, and was not shown yet.

    Parameters
    ----------
    costs
        In sentences.
    """

    def __init__(self, costs: Sequence[str]) -> None:
        super().__init__()
        self.costs = tuple(costs)


class Sentence(str):
    """What stands against a form in a sentence of its own, in place of the key of one."""


class Refused(Exception):
    """A form was not taken.

    Parameters
    ----------
    errors
        Keys of sentences, or a Sentence, by the field that they are about.
    """

    def __init__(self, **errors: str) -> None:
        super().__init__()
        self.errors = errors
