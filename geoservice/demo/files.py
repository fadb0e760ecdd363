"""The files of a made-up town, as a town has them: to try how a second one is set up, and for the guide."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geoservice.demo.community import build_community
from geoservice.demo.model import Community
from layers.shifted import gcj02_of_wgs84

#: So far east of the demo community, degrees: its neighbour, whose outlines do not meet.
EAST_DEG = 0.03
_TOWN = """\
# A made-up town beside the demo community. Paths are beside this file; it can be run again.
[town]
code = "qinghe"
name = "清河社区"
name_en = "Qinghe community"
time_zone = "Asia/Shanghai"
crs = "wgs84"

[outline]
file = "outline.geojson"

[calendar]
work = ["mon-fri 09:00-13:00 15:30-18:30"]

[services]
file = "事项清单.csv"

[basemap]
file = "basemap.geojson"

[buildings]
file = "楼栋.geojson"

[households]
file = "住户台账.csv"

[grids]
propose = { grids = 8, households = [300, 500] }
publish = true

[[cameras]]
file = "点位表.csv"
crs = "gcj02"

[organisations]
file = "单位.csv"
crs = "gcj02"
"""
_ROSTER = """
[staff]
file = "花名册.csv"
"""
_STATUS = {"online": "在线", "offline": "离线", "maintenance": "维护"}


def write_town_files(folder: Path, *, now: datetime) -> tuple[Path, ...]:
    """Write the files of the town into a folder that is there, and return them.

    Parameters
    ----------
    now
        The instant that counts as the present; must carry a zone.
    """
    community = build_community(now=now, seed=7)
    written = [
        _geojson(folder / "outline.geojson", [({"code": "qinghe"}, community.outline)]),
        _geojson(folder / "basemap.geojson", _basemap(community)),
        _geojson(folder / "楼栋.geojson", _buildings(community)),
        _csv(folder / "住户台账.csv", _households(community)),
        _csv(folder / "点位表.csv", _cameras(community)),
        _csv(folder / "单位.csv", _organisations(community)),
        _csv(folder / "事项清单.csv", _services(community)),
        _csv(folder / "花名册.csv", _roster(community)),
        folder / "town.toml",
    ]
    written[-1].write_text(_TOWN + _ROSTER, encoding="utf-8")
    return tuple(written)


def _east(geom: Any) -> Any:
    return shapely.transform(geom, lambda lonlat: np.round(lonlat + np.array([EAST_DEG, 0.0]), 7))


def _geojson(file: Path, features: Iterable[tuple[dict[str, object], Any]]) -> Path:
    told = [
        {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(_east(geom))}
        for properties, geom in features
    ]
    text = json.dumps({"type": "FeatureCollection", "features": told}, ensure_ascii=False)
    file.write_text(text, encoding="utf-8")
    return file


def _csv(file: Path, rows: Iterable[Sequence[object]]) -> Path:
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        csv.writer(out).writerows(rows)
    return file


def _basemap(community: Community) -> Iterator[tuple[dict[str, object], Any]]:
    for number, one in enumerate(community.basemap, start=1):
        yield {"编号": f"M{number:04d}", "类别": one.kind, "名称": one.name or None}, one.geom


def _buildings(community: Community) -> Iterator[tuple[dict[str, object], Any]]:
    for one in community.buildings:
        told = {
            "楼栋编码": one.code,
            "楼栋名称": one.name,
            "用途": one.kind,
            "层数": one.floors,
            "详细地址": one.address,
        }
        yield told, one.geom


def _households(community: Community) -> Iterator[Sequence[object]]:
    yield ("楼栋编码", "户数", "0-13岁", "14-17岁", "18-59岁", "60-79岁", "80岁以上", "流动人口")
    sums: dict[str, Counter[str]] = {}
    bands = ("age_0_13", "age_14_17", "age_18_59", "age_60_79", "age_80_plus", "floating")
    for one in community.households:
        counts = sums.setdefault(one.building_code, Counter())
        counts.update({"households": 1} | {band: getattr(one, band) for band in bands})
    for code, counts in sorted(sums.items()):
        yield (code, counts["households"], *(counts[band] for band in bands))


def _cameras(community: Community) -> Iterator[Sequence[object]]:
    yield ("设备编码", "经度", "纬度", "方位角", "视场角", "监控距离", "设备状态")
    for one in community.cameras:
        # Every tenth of a real ledger does not say where it looks.
        known = int(one.code[-1], 36) % 10 != 0
        yield (one.code, *_shifted(one.position), one.bearing_deg if known else "", one.fov_deg, one.range_m,
               _STATUS[one.status])  # fmt: skip


def _organisations(community: Community) -> Iterator[Sequence[object]]:
    yield ("机构编码", "单位名称", "类别", "经度", "纬度")
    for one in community.organisations:
        yield (one.code, one.name, one.kind, *_shifted(one.position))


def _services(community: Community) -> Iterator[Sequence[object]]:
    yield ("事项编码", "事项名称", "英文名称", "大类", "办理时限(小时)", "是否敏感")
    for one in community.services:
        yield (one.code, one.name, one.name_en, one.group, one.hours, "否")


def _roster(community: Community) -> Iterator[Sequence[object]]:
    yield ("工号", "岗位", "责任网格", "开始日期")
    words = {"grid_officer": "专职网格员", "police_officer": "民警"}
    codes = sorted(grid.code for grid in community.grids)
    for one in community.postings:
        # As the grids will be called that are proposed.
        grid = f"qinghe-{codes.index(one.grid_code) + 1:02d}"
        yield one.staff_code, words[one.role], grid, one.valid_from.isoformat()


def _shifted(place: shapely.Point) -> tuple[float, float]:
    lon, lat = gcj02_of_wgs84(np.array([place.x + EAST_DEG]), np.array([place.y]))
    return round(float(lon[0]), 6), round(float(lat[0]), 6)
