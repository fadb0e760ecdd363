"""The words of the administrators' pages about files of features that are brought into layers."""

from __future__ import annotations

IMPORTS: dict[str, tuple[str, ...]] = {
    "import.new": ("导入文件", "Import a file"),
    "import.title": ("把文件导入图层", "Import a file into a layer"),
    "import.choose": ("请选择", "Choose"),
    "import.bring": ("上传并查看各列", "Upload it and look at its columns"),
    "import.left_out": ("不导入", "left out"),
    "import.discard": ("丢弃文件", "Discard the file"),
    # The file
    "field.layer": ("图层", "Layer"),
    "field.file": ("文件", "File"),
    "hint.file": (
        "GeoJSON、GeoPackage、Shapefile（各部分打包成一个 .zip）、FlatGeobuf、GeoParquet、CSV、Excel 或 ODS。"
        "最多 {mib} MB、{features} 个要素（GEOSERVICE_UPLOAD_BYTES、GEOSERVICE_UPLOAD_FEATURES）；"
        "更大的用命令行：geoservice layer import 图层 文件 --jurisdiction {place}。"
        "读取、比较和写入各最多 {seconds} 秒（GEOSERVICE_UPLOAD_S）。一小时内不写入，文件就会删除。",
        "GeoJSON, GeoPackage, shapefile (its parts in one .zip), FlatGeobuf, GeoParquet, CSV, Excel or ODS. At most"
        " {mib} MB and {features} features (GEOSERVICE_UPLOAD_BYTES, GEOSERVICE_UPLOAD_FEATURES); larger ones at the"
        " command line: geoservice layer import LAYER FILE --jurisdiction {place}. Reading, comparing and writing take"
        " {seconds} s each at most (GEOSERVICE_UPLOAD_S). A file that is not written within an hour is removed.",
    ),
    "field.crs": ("坐标系", "Coordinate system"),
    "crs.file": ("按文件说明", "as the file says"),
    "crs.wgs84": ("WGS 84（经纬度）", "WGS 84 (longitude, latitude)"),
    "crs.cgcs2000": ("CGCS2000（经纬度）", "CGCS2000 (longitude, latitude)"),
    "crs.gcj02": ("GCJ-02（高德、腾讯地图）", "GCJ-02 (Amap, Tencent)"),
    "crs.bd09": ("BD-09（百度地图）", "BD-09 (Baidu)"),
    "crs.epsg": ("其他，EPSG 编号", "another, by its EPSG number"),
    "field.epsg": ("EPSG 编号", "EPSG number"),
    "hint.epsg": ("例如 4546。选了“其他”才填。", "Such as 4546. Only where another one is chosen above."),
    # Its columns
    "columns.title": ("{file} 的各列 → {layer}", "Columns of {file} → {layer}"),
    "columns.rows": (
        "{rows} 行，{columns} 列。每一列是什么已按列名预选，请核对。还没有写入任何内容。",
        "{rows} rows, {columns} columns. What each column is was proposed by its name: look at it. Nothing is written"
        " yet.",
    ),
    "columns.people": (
        "这些列像是个人信息，不导入：{columns}",
        "These columns are about people, or look so, and are not taken: {columns}",
    ),
    "columns.show": ("查看将有哪些改动", "Show what would change"),
    "columns.read": ("再读一次", "Read it once more"),
    "columns.holds": ("{how}；内容：{kind}", "{how}; holds {kind}"),
    "columns.ask": ("可能是：{fields}。请选择。", "It could be {fields}: choose."),
    "how.given": ("按您所选", "as you chose"),
    "how.exact": ("按列名", "by its name"),
    "how.contains": ("列名中有这个词", "by a word of its name"),
    "how.ask": ("待选择", "to be decided"),
    "how.dropped": ("没有对应的字段", "nothing of the layer is called so"),
    "how.refused": ("像是个人信息，不导入", "it looks like people, and is not taken"),
    "kind.text": ("文字", "text"),
    "kind.whole numbers": ("整数", "whole numbers"),
    "kind.numbers": ("数字", "numbers"),
    "kind.dates": ("日期", "dates"),
    "kind.yes and no": ("是和否", "yes and no"),
    "kind.nothing": ("空", "nothing"),
    "placing.code": ("编号（按它认出同一要素）", "Code, by which a feature is known again (code)"),
    "placing.lon": ("经度或东坐标", "Longitude or easting (lon)"),
    "placing.lat": ("纬度或北坐标", "Latitude or northing (lat)"),
    "placing.wkt": ("WKT 图形", "Shape as WKT (wkt)"),
    "placing.place": ("一格里的一对坐标", "A pair of coordinates in one cell (place)"),
    "placing.building": ("所在楼栋的编号", "Code of the building it stands in (building)"),
    "placing.crs": ("坐标系（每行相同）", "Coordinate system, the same in every row (crs)"),
    "placing.age_60_plus": ("60 岁及以上人数", "People of 60 and older (age_60_plus)"),
    "field.no_persons": ("{column} 里的短词不是人名", "The short words of {column} are no names of people"),
    "hint.no_persons": (
        "例如楼名。身份证号、电话等照样不导入。",
        "Names of buildings, for example. Numbers of people are refused all the same.",
    ),
    "field.encoding": ("文字编码", "Encoding of its text"),
    "hint.encoding": ("例如 gbk、gb18030、utf-8。", "Such as gbk, gb18030 or utf-8."),
    "field.file_layer": ("文件中的图层", "Layer of the file"),
    "hint.file_layer": ("GeoPackage 里有几层时写出哪一层。", "Of a GeoPackage with several: which one."),
    "field.sheet": ("工作表", "Sheet"),
    "hint.sheet": ("各表表头不同时写出哪一张。", "Where sheets have different headers: which one."),
    "field.swapped": ("经度和纬度对调了", "Longitude and latitude stand in each other's place"),
    "field.degrees": ("小数是什么", "What the decimals are"),
    "degrees.decimal": ("度的小数：29.2404", "degrees: 29.2404"),
    "degrees.minutes": ("分和秒：29.1425 是 29°14′25″", "minutes and seconds: 29.1425 is 29° 14′ 25″"),
    "field.gbt28181": ("方向和类型的数字是 GB/T 28181 的", "Numbers of directions and kinds are those of GB/T 28181"),
    "gbt28181.yes": ("是", "they are"),
    "gbt28181.no": ("不是", "they are not"),
    "field.allow_ballpark": (
        "旧基准没有可靠的换算，接受这样的偏差",
        "No sure way leads from its old datum: places may be that far off",
    ),
    "field.drop_heights": ("去掉高程", "Leave heights out"),
    "field.meanings": ("文件里的词是什么意思", "What words of the file mean"),
    "hint.meanings": (
        "一行一个：字段.词=代码，例如 status.停用=offline。",
        "One a line: FIELD.WORD=CODE, such as status.停用=offline.",
    ),
    # What would change
    "difference.title": ("{file} 将怎样改动 {layer}", "What {file} would change in {layer}"),
    "difference.unwritten": (
        "还没有写入。看过下面的改动再写入。",
        "Nothing is written yet. Look at what would change, then write it.",
    ),
    "difference.nothing": (
        "文件与现有的相同，没有要写入的。",
        "The file is as what is stored: there is nothing to write.",
    ),
    "difference.as_stored": (
        "文件里的要素与现有的相同。要写入的，只有删除下面勾选的。",
        "What the file names is as it is stored. Nothing is written, unless what it does not name is to be removed.",
    ),
    "difference.write": ("写入", "Write it"),
    "difference.added": ("新增", "added"),
    "difference.changed": ("修改", "changed"),
    "difference.missing": ("文件里没有", "not named by the file"),
    "difference.same": ("相同", "the same"),
    "difference.refused": ("不导入的行", "refused rows"),
    "difference.stored": ("现有", "stored now"),
    "difference.field": ("{field}：{n} 个", "{field} of {n}"),
    "table.in_short": ("概要", "In short"),
    "table.changed": ("逐字段的修改，{shown} / {total}", "Changed field by field, {shown} of {total}"),
    "table.refused": (
        "不导入的 {rows} 行，原因 {shown} / {reasons}",
        "{rows} rows are refused, for {shown} of {reasons} reasons",
    ),
    "table.remarks": ("读取时的说明", "What was taken for what"),
    "column.kind_of_difference": ("类别", "Kind"),
    "column.how_many": ("数量", "How many"),
    "column.which": ("哪些", "Which"),
    "column.reason": ("原因", "Reason"),
    "column.rows": ("行", "Rows"),
    "column.remark": ("说明", "Remark"),
    "field.removed": (
        "同时删除文件里没有的 {missing} 个要素",
        "Remove the {missing} stored features that the file does not name, too",
    ),
    "costs.removal": (
        "将删除 {stored} 个现有要素中的 {missing} 个，超过十分之一。",
        "{missing} of the {stored} stored features would be removed, more than a tenth.",
    ),
    # What is wrong
    "error.file_none": ("请选择文件。", "Choose a file."),
    "error.file_kind": (
        "不认识这种文件。请用上面列出的格式；Shapefile 要把各部分打包成一个 .zip。",
        "It is of no kind that is read: take one of those that are listed; of a shapefile all parts in one .zip.",
    ),
    "error.upload_large": (
        "文件太大，没有保存。更大的文件用命令行导入，或由管理员调大 GEOSERVICE_UPLOAD_BYTES。",
        "It is too large, and was not kept. Import it at the command line, or have GEOSERVICE_UPLOAD_BYTES raised.",
    ),
    "error.upload_not_kept": (
        "文件没有保存：服务器的磁盘已满，或者不能写。",
        "It was not kept: the disk of the service is full, or can not be written to.",
    ),
    "error.upload_gone": (
        "这个文件已不在：已经写入、被丢弃，或者过了一小时。改动列表里可以看到写入了什么。",
        "The file is gone: it was written or discarded, or an hour has passed. What was written is among the changes.",
    ),
    "error.upload_busy": (
        "正在读取另一个文件，请稍等再试。",
        "Another file is being read at this moment: try again in a little while.",
    ),
    "error.columns_moved": (
        "文件刚刚按另一种方式读过，各列不同了。请再看一遍。",
        "The file was read otherwise meanwhile, and has other columns: look at them again.",
    ),
    "error.column_twice": ("另一列已经选了这个字段。", "Another column is this field already."),
    "error.column_people": (
        "这一列像是个人信息，不导入。请选“不导入”，若只是像人名而不是，在下面勾选。",
        "It looks like people and is not taken: leave it out, or say below that its short words are no names.",
    ),
    "error.epsg": ("请填 EPSG 编号，四到六位数字。", "Write an EPSG number, four to six digits."),
    "error.epsg_beside": ("填了编号，就请选“其他”。", "With a number, choose another one above."),
    "error.meanings": ("请写成 字段.词=代码，一行一个。", "Write FIELD.WORD=CODE, one a line."),
    "error.meanings_code": (
        "有一行的字段没有代码，或没有这个代码；/v1/layers 列出各字段的代码。",
        "The field of a line has no codes, or not that one; /v1/layers tells the codes of each field.",
    ),
    "error.missing_not_known": (
        "有些行没有导入，就不知道缺了哪些要素。请先改正这些行，或不删除。",
        "Rows are refused, so that nobody knows what is missing: mend them, or remove nothing.",
    ),
    "error.import_moved": (
        "看过之后现有的要素变了，没有写入。下面是现在的改动，请再看一遍。",
        "What is stored changed since this was shown, and nothing was written. Below is what would change now: look"
        " again.",
    ),
    "done.imported": ("已写入，作为一次改动；可以撤销。", "It is written, as one change, which can be undone."),
    "done.import_nothing": ("文件与现有的相同，没有写入。", "The file was as what is stored: nothing was written."),
    "done.discarded": ("文件已丢弃，没有写入。", "The file is discarded. Nothing was written."),
}
