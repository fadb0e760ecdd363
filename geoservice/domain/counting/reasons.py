"""What may be said of a row of a register: a fixed list, so that nothing of the row is needed to say it."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a row is not counted, or counted with a remark."""

    NO_BUILDING = "no_building"
    BUILDING_UNKNOWN = "building_unknown"
    NO_HOUSEHOLD = "no_household"
    NO_BIRTH = "no_birth"
    NO_SUCH_DAY = "no_such_day"
    IMPOSSIBLE_AGE = "impossible_age"
    CHECK_DIGIT = "check_digit"

    DUPLICATE = "duplicate"
    DEAD = "dead"
    MOVED = "moved"
    ELSEWHERE = "elsewhere"
    FOOTER = "footer"
    EXAMPLE_ROW = "example_row"
    HEADER_AGAIN = "header_again"
    EMPTY_ROW = "empty_row"

    ID_LOST_DIGITS = "id_lost_digits"
    CHECK_DIGIT_BESIDE_BIRTH = "check_digit_beside_birth"
    BIRTH_DIFFERS = "birth_differs"
    MONTH_ONLY = "month_only"
    AGE_ALONE = "age_alone"
    UNIT_UNKNOWN = "unit_unknown"
    FLOATING_UNKNOWN = "floating_unknown"
    FLAG_UNKNOWN = "flag_unknown"


#: The person should count and can not: too many of these refuse the whole register.
FAILED = frozenset(
    {
        Reason.NO_BUILDING, Reason.BUILDING_UNKNOWN, Reason.NO_HOUSEHOLD, Reason.NO_BIRTH, Reason.NO_SUCH_DAY,
        Reason.IMPOSSIBLE_AGE, Reason.CHECK_DIGIT,
    }
)  # fmt: skip
#: The row is not of somebody who lives there, or not for the first time.
LEFT_OUT = frozenset(
    {
        Reason.DUPLICATE, Reason.DEAD, Reason.MOVED, Reason.ELSEWHERE, Reason.FOOTER, Reason.EXAMPLE_ROW,
        Reason.HEADER_AGAIN, Reason.EMPTY_ROW,
    }
)  # fmt: skip

SENTENCES = {
    Reason.NO_BUILDING: "The row names no building.",
    Reason.BUILDING_UNKNOWN: "No building here is called as the row has it.",
    Reason.NO_HOUSEHOLD: "The row names neither a room nor a household.",
    Reason.NO_BIRTH: "The row has neither a day of birth, nor an identity number, nor an age.",
    Reason.NO_SUCH_DAY: "The day of birth is no day, or can be read in two ways.",
    Reason.IMPOSSIBLE_AGE: "The day of birth is to come, or more than 120 years ago.",
    Reason.CHECK_DIGIT: "The identity number is mistyped, and nothing else tells the age.",
    Reason.DUPLICATE: "The person was counted already.",
    Reason.DEAD: "The person has died.",
    Reason.MOVED: "The person has moved away.",
    Reason.ELSEWHERE: "The person is registered here and lives elsewhere.",
    Reason.FOOTER: "The row is a footer.",
    Reason.EXAMPLE_ROW: "The row is an example, or a hint on how to fill in.",
    Reason.HEADER_AGAIN: "The row is the header once more.",
    Reason.EMPTY_ROW: "The row holds no more than its number.",
    Reason.ID_LOST_DIGITS: "The identity number was kept as a number, and its last digits are lost.",
    Reason.CHECK_DIGIT_BESIDE_BIRTH: "The identity number is mistyped; the day of birth or the age was taken.",
    Reason.BIRTH_DIFFERS: "The day of birth is not that of the identity number, which was taken.",
    Reason.MONTH_ONLY: "Only the month of birth is known; its first day was taken.",
    Reason.AGE_ALONE: "Only the age is known, and not at which day.",
    Reason.UNIT_UNKNOWN: "The unit is neither a number up to 99 nor a letter, and was left out.",
    Reason.FLOATING_UNKNOWN: "Nothing tells where the person is registered; taken for registered here.",
    Reason.FLAG_UNKNOWN: "A mark is neither yes nor no, and was taken for no.",
}
