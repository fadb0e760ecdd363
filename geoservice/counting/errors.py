"""Why a register is not counted: each class is one fact, its fields are numbers and words that we knew before.

Nothing of the file is told, nor its name: any text of it may be about a person.
"""

from __future__ import annotations

from geoservice.errors import GeoserviceError


class RegisterRefused(GeoserviceError):
    """The register can not be counted."""


class RegisterMissing(RegisterRefused):
    """There is no such file, or it may not be read."""


class RegisterTooLarge(RegisterRefused):
    """The register asks for more room than one may; count its sheets one by one, each saved as CSV."""


class RegisterFileTooLarge(RegisterTooLarge):
    """The register has more bytes than a file that is imported may have."""

    advice = "raise-file-bytes"


class RegisterTooLong(RegisterRefused):
    """The register has more rows below its headers than a file that is imported may have features."""

    advice = "raise-features"


class RegisterDamaged(RegisterRefused):
    """The register is damaged, or no .xlsx, .xls, .ods or CSV; open it in a spreadsheet and save it once more."""


class RegisterLocked(RegisterRefused):
    """The register has a password; take it away for the counting."""


class RegisterNotCalculated(RegisterRefused):
    """Formulas of the register were never calculated; open it in a spreadsheet and save it once."""


class RegisterEncodingUnknown(RegisterRefused):
    """The text is neither UTF-8 nor GB18030; save it as CSV UTF-8."""


class RegisterIsNoTable(RegisterRefused):
    """The register is neither a workbook nor a CSV with commas, semicolons or tabs."""


class RegisterWithoutHeader(RegisterRefused):
    """No row names a building or an address and a day of birth, an identity number or an age; say which columns do."""

    advice = "map-register"


class RegisterSheetMissing(RegisterRefused):
    """The workbook has no sheet of the name or number that was given; `number` counts those that were given."""

    advice = "name-sheet"


class RegisterColumnMissing(RegisterRefused):
    """There is no such column as was said, or no column tells what was said of it."""

    advice = "map-register"


class TwoColumnsAlike(RegisterRefused):
    """Two columns seem to tell the same; say which one does."""

    advice = "map-register"


class NoBuildingsYet(RegisterRefused):
    """The jurisdiction has no buildings, by which a register says who lives where; import them first."""


class RegisterWithoutRows(RegisterRefused):
    """No row of the register is one of a person who lives here."""


class MemoryMightBeSwapped(RegisterRefused):
    """Memory can not be kept from swap; switch swap off, give the right to lock memory, or say that it is encrypted."""

    advice = "say-swap-is-encrypted"


class CountingTookTooLong(RegisterRefused):
    """Counting the register took longer than allowed and was stopped."""


class CountingDied(RegisterRefused):
    """The process that counted died: the register is damaged or too big."""


class AnswerRefused(RegisterRefused):
    """The process that counted told something else than numbers and names that it was given; nothing was taken."""


#: By what the counting process says, with the numbers that it says so with.
BY_CODE: dict[str, type[RegisterRefused]] = {
    "too_many_bytes": RegisterFileTooLarge,
    "too_many_rows": RegisterTooLong,
    "too_large": RegisterTooLarge,
    "damaged": RegisterDamaged,
    "locked": RegisterLocked,
    "not_calculated": RegisterNotCalculated,
    "encoding": RegisterEncodingUnknown,
    "no_table": RegisterIsNoTable,
    "no_header": RegisterWithoutHeader,
    "sheet_missing": RegisterSheetMissing,
    "column_missing": RegisterColumnMissing,
    "two_columns": TwoColumnsAlike,
    "swap": MemoryMightBeSwapped,
}
