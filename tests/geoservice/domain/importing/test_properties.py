"""Properties as a program sends them: what does not fit is told in a sentence, whatever it is."""

from __future__ import annotations

import pytest

from geoservice.domain.importing.properties import faults_of
from layers.catalogue import catalogue


@pytest.mark.parametrize("value", [[], {}, [[]], {"dome": 1}, 1, True, 0.5, "", "no code"])
def test_what_is_none_of_the_codes_is_told(value: object) -> None:
    (told,) = faults_of(catalogue()["cameras"], {"kind": value})

    assert told.startswith("The property kind is one of ")


def test_a_number_that_the_column_does_not_hold_is_told() -> None:
    assert list(faults_of(catalogue()["households"], {"age_0_13": 2**31 - 1})) == []
    assert list(faults_of(catalogue()["households"], {"age_0_13": 13800138000}))
