"""The words of printed maps."""

from __future__ import annotations

PRINT: dict[str, tuple[str, ...]] = {
    "title": ("打印地图", "Print a map"),
    "paper": ("纸张", "Paper"),
    "orientation": ("方向", "Orientation"),
    "orientation.landscape": ("横向", "Landscape"),
    "orientation.portrait": ("纵向", "Portrait"),
    "subject": ("内容", "Of"),
    "subject.view": ("地图当前视图", "What the map shows"),
    "narrowed.page": (
        "图纸按地图的筛选画出，图名下有说明。", "Sheets are narrowed as the map is; their heads say so."
    ),
    "narrowed.all": ("不筛选", "Show all"),
    "subject.whole": ("全辖区", "The whole jurisdiction"),
    "atlas": ("图册：每个网格一页", "Atlas: a sheet for each grid"),
    "scale": ("比例尺", "Scale"),
    "scale.fit": ("自动", "As it fits"),
    "layers": ("图层", "Layers"),
    "apply": ("更新", "Draw"),
    "print": ("打印", "Print"),
    "pdf": ("下载 PDF", "PDF"),
    "png": ("下载图片", "Picture (PNG)"),
    "no_files": (
        "服务器上没有 Chromium，不能生成 PDF；请用浏览器打印。",
        "The server has no Chromium, so there is no PDF: print from your browser.",
    ),
    "parts": ("图册分册", "Parts of the atlas"),
    "parts_of": ("第 {first}–{last} 页，共 {total} 页：", "Sheets {first}–{last} of {total}:"),
    # On the sheet
    "narrowed": ("在办事件只画出 {x} / 共 {y}：{filters}", "Incidents in hand, {x} of {y} here: {filters}"),
    "off": ("未画出：{lines}", "Not drawn: {lines}"),
    "then": ("；", "; "),
    "status": ("状态", "status"),
    "none": ("无", "none"),
    "days": ("{n} 天", "{n} days"),
    "ring.late": ("超期", "Late"),
    "ring.soon": ("快到期", "Due soon"),
    "printed": ("打印时间 {at}", "Printed {at}"),
    "by": ("打印者 {login}", "By {login}"),
    "sheet_of": ("第 {number} 页，共 {total} 页", "Sheet {number} of {total}"),
    "edition": (
        "第 {number} 版网格，{since} 起生效，共 {grids} 个",
        "Grids: edition {number}, in force from {since}, {grids} in all",
    ),
    "no_edition": ("尚无生效的网格", "No grids are in force"),
    "legend": ("图例", "Legend"),
    "key_map": ("位置", "Where it is"),
    "crs": ("投影：{crs}", "Projection: {crs}"),
    "code": ("编号", "Code"),
    "and": ("、", ", "),
    "neighbours": ("相邻网格", "Neighbours"),
    "too_many": (
        "未画{layer}：此范围内有 {count} 个，一页最多画 {most} 个。请用更大的比例尺。",
        "{layer} is not drawn: {count} here, {most} at most on a sheet. Choose a larger scale.",
    ),
}  # fmt: skip
