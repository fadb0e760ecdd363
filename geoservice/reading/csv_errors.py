"""What is wrong with the text of a CSV. The docstring is the sentence for people."""

from __future__ import annotations

from geoservice.errors import GeoserviceError


class HeaderMissing(GeoserviceError):
    """The first line of a CSV must name its columns, separated by commas, semicolons or tabs."""


class EncodingNotUtf8(GeoserviceError):
    """The text is not UTF-8."""

    advice = "state-encoding"


class TextNotInEncoding(GeoserviceError):
    """The text of the file is not in the encoding stated."""

    advice = "state-encoding"


class QuotesBroken(GeoserviceError):
    """A quotation mark is not closed, or text follows the one that closes; within quotation marks, one is doubled."""


class LineEndsMixed(GeoserviceError):
    """A carriage return stands alone in a row, though lines end in newlines: save the file with one kind of ends."""


class RowTooWide(GeoserviceError):
    """A row has more fields than the header names: nobody can tell what stands in which column, or behind them."""


class RowTooLong(GeoserviceError):
    """A row is longer than any honest one; perhaps a quotation mark is missing."""
