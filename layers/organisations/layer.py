"""Organisations as a layer."""

from layers.layer import Column, Layer, Tiling
from layers.style import Style
from layers.title import Title

KINDS = {
    "party_branch": Title("党支部", "Party branch"),
    "partner": Title("共建单位", "Partner organisation"),
    "service_point": Title("服务点", "Service point"),
    "other": Title("其他", "Other", "གཞན།"),
}

ORGANISATIONS = Layer(
    id="organisations",
    title=Title("组织机构", "Organisations", "རྩ་འཛུགས།"),
    one=Title("组织机构", "Organisation", "རྩ་འཛུགས།"),
    description=Title("党支部、共建单位和服务点。", "Party branches, partner organisations and service points."),
    table="organisation",
    geometry="Point",
    columns=(
        Column("name", "text", Title("名称", "Name", "མིང་།"), told=False),
        Column("name_en", "text", Title("英文名称", "English name", "དབྱིན་ཡིག་གི་མིང་།"), nullable=True, told=False),
        Column("kind", "text", Title("类别", "Kind", "རིགས།"), codes=KINDS),
        Column("code", "text", Title("编号", "Code", "ཨང་རྟགས།"), identifier=True),
        Column("grid_code", "text", Title("所属网格", "Grid", "དྲ་མིག"), nullable=True),
    ),
    tiling=Tiling(("code", "name", "name_en", "kind"), cells=16, counted=("kind",)),
    styles=(Style(id="organisations", group="facilities", order=70, symbol="icon", by="kind", legend=tuple(KINDS)),),
)
