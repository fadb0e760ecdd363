"""A jurisdiction to draw."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from geoservice.maps.builders import MapFrame
from layers.catalogue import catalogue
from layers.jurisdictions.model import Visitors


@dataclass(frozen=True)
class Figures:
    grids: int = 8
    households: int = 3100
    residents: int = 8987
    floating: int = 6001
    received: int = 286
    closed: int = 153
    in_hand: int = 133


@dataclass(frozen=True)
class Jurisdiction:
    code: str = "sare"
    name: str = "萨热社区"
    name_en: str = "Sare community"
    bbox: tuple[float, float, float, float] = (91.76, 29.23, 91.78, 29.25)
    attribution: str | None = None
    visitors: Visitors = "open"
    statistics: Figures = Figures()
    time_zone: str = "Asia/Shanghai"


@pytest.fixture
def jurisdiction() -> Jurisdiction:
    return Jurisdiction()


@pytest.fixture
def frame() -> MapFrame:
    return MapFrame(
        language="zh",
        layers=set(catalogue()),
        nonce="n0nce",
        asset_url=lambda file: f"/assets/v/{file}",
        layer_url=lambda layer: f"/layers/{layer}",
        tile_set_url=lambda layer: f"/tiles/{layer}.json",
        settings={"words": {}},
    )
