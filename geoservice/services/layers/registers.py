"""Households out of a register of persons: its buildings are those of the jurisdiction, and only counts come back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

from geoservice.counting.answer import RegisterCount
from geoservice.counting.errors import NoBuildingsYet
from geoservice.counting.register import count_register
from geoservice.reading.limits import Limits
from geoservice.reading.workbooks import LIMITS
from geoservice.services.lookups import get_jurisdiction
from layers.buildings.queries import building_spellings
from layers.db.session import Database
from layers.households.queries import households_beside

Per = Literal["unit", "building"]
#: So many spellings that mean several buildings are told.
_TOLD = 10
_SEAL_LENGTH = 16


@dataclass(frozen=True)
class Counted:
    """A register as counts."""

    register: RegisterCount
    #: Names and addresses that several buildings have, so that no row is found by them.
    ambiguous: tuple[str, ...]
    #: Households that are stored of the same buildings and would stay beside those that were counted.
    beside: int = 0

    @property
    def note(self) -> str:
        """What the history tells of the file: nothing that is in it or on it, but by what it is known again."""
        seal = self.register.seal
        known_by = "" if seal is None else f", seal {seal[:_SEAL_LENGTH]}"
        return f"register of {self.register.bytes} bytes{known_by}"

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was taken for what, and what was left out."""
        return (*self.register.features.remarks, *self._more_remarks())

    def _more_remarks(self) -> Iterator[str]:
        if self.ambiguous:
            told = ", ".join(self.ambiguous[:_TOLD]) + (
                f" … {_TOLD} of {len(self.ambiguous)}" if len(self.ambiguous) > _TOLD else ""
            )
            yield (
                f"{len(self.ambiguous)} names or addresses are those of several buildings, so no row is found by them:"
                f" {told}"
            )
        if self.beside:
            yield (
                f"{self.beside} households of the same buildings are stored from elsewhere and stay beside these:"
                " people are counted twice unless what the register does not name is removed."
            )
        if not self.register.memory_locked:
            yield "Memory could not be kept from swap while persons were in it."
        if self.register.seal is None:
            yield "No key can be kept in the data directory, so this register is not known again."


class RegisterService:
    """Counts registers for jurisdictions; what was counted is imported like any features."""

    def __init__(self, database: Database, limits: Limits, seal_key: bytes | None) -> None:
        """Count for a database.

        Parameters
        ----------
        limits
            Of a file that is imported: its bytes, and as many rows as a file may have features.
        seal_key
            As of `count_register`.
        """
        self._database = database
        self._limits = replace(LIMITS, file_bytes=limits.file_bytes, features=limits.features)
        self._seal_key = seal_key

    def count(
        self, jurisdiction_code: str, source: Path | int, *, as_of: date, per: Per = "unit",
        refuse_above: float = 0.02, here: Sequence[str] = (), columns: Mapping[str, str] | None = None,
        sheets: Sequence[str] | None = None, swap_is_encrypted: bool = False,
    ) -> Counted:  # fmt: skip
        """Return the households of a register by the buildings of a jurisdiction; parameters as of `count_register`.

        Raises
        ------
        JurisdictionUnknown
        RegisterRefused
            One of its kin; nothing of the file is in it.
        """
        with self._database.transaction() as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            spellings = building_spellings(connection, jurisdiction.id)
        if not spellings.codes:
            raise NoBuildingsYet(jurisdiction=jurisdiction.code)
        register = count_register(
            source, buildings=spellings.codes, as_of=as_of, per=per, refuse_above=refuse_above, sheets=sheets,
            jurisdiction_names=here, columns=columns, swap_is_encrypted=swap_is_encrypted,
            seal_key=self._seal_key, limits=self._limits,
        )  # fmt: skip
        with self._database.transaction() as connection:
            features = register.features
            beside = households_beside(connection, jurisdiction.id, set(features.buildings or ()), set(features.keys))
        return Counted(register, spellings.ambiguous, beside)
