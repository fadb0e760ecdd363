"""Why a file that was brought is not read, in words, by the error that says so."""

from __future__ import annotations

REFUSALS: dict[str, tuple[str, ...]] = {
    "refusal.at_command_line": (
        "请用命令行导入：geoservice layer import {layer} 文件 --jurisdiction {place}",
        "Import it at the command line: geoservice layer import {layer} FILE --jurisdiction {place}",
    ),
    "refusal.FileTooLarge": (
        "文件超过 {mib} MB（GEOSERVICE_UPLOAD_BYTES）。",
        "The file has more than {mib} MB (GEOSERVICE_UPLOAD_BYTES).",
    ),
    "refusal.TooManyFeatures": (
        "文件里的要素超过 {features} 个（GEOSERVICE_UPLOAD_FEATURES）。",
        "The file holds more than {features} features (GEOSERVICE_UPLOAD_FEATURES).",
    ),
    "refusal.ReadingTookTooLong": (
        "{seconds} 秒（GEOSERVICE_UPLOAD_S）内没有读完，已停止。",
        "It was not read within {seconds} s (GEOSERVICE_UPLOAD_S), and reading was stopped.",
    ),
    "refusal.TookTooLong": (
        "{seconds} 秒（GEOSERVICE_UPLOAD_S）内没有比较或写完，没有写入任何内容。",
        "It was not compared or written within {seconds} s (GEOSERVICE_UPLOAD_S), and nothing was written.",
    ),
    "refusal.ReaderDied": (
        "读取文件的进程中止了：文件已损坏、有问题，或需要的内存太多。",
        "The process that read the file died: the file is damaged or hostile, or needs more memory than allowed.",
    ),
    "refusal.ReaderBusy": (
        "正在读取另一个文件，请稍等再试。",
        "Another file is being read at this moment: try again in a little while.",
    ),
    "refusal.FileNotWhatItSays": (
        "文件内容与扩展名不符。",
        "The file does not hold what the end of its name says.",
    ),
    "refusal.FileUnreadable": ("文件已损坏，或不合格式。", "The file is damaged, or not as its format demands."),
    "refusal.ShapefileIncomplete": (
        "Shapefile 不全：.shp、.shx、.dbf 都要在 .zip 里。",
        "The shapefile is not whole: the .shp, the .shx and the .dbf must all be in the .zip.",
    ),
    "refusal.ArchiveRefused": (
        ".zip 里应当只有一个 Shapefile，不加密，解压后不超过限额。",
        "The .zip has to hold one shapefile and nothing strange, without a password, and within limits once unpacked.",
    ),
    "refusal.FileInUse": (
        "GeoPackage 还有没写进去的内容：请在另一个程序里关闭它再上传。",
        "Not all is in the GeoPackage yet: close it in the other program, then bring it again.",
    ),
    "refusal.LayerNotStated": ("文件里有几个图层，请写出哪一个。", "The file holds several layers: name one."),
    "refusal.LayerMissing": ("文件里没有这个图层或工作表。", "The file holds no such layer or sheet."),
    "refusal.WorkbookUnreadable": (
        "工作簿已损坏或不合格式，请用表格软件打开后另存一次。",
        "The workbook is damaged, or not as its format demands: open it in a spreadsheet and save it once more.",
    ),
    "refusal.WorkbookLocked": (
        "工作簿打不开，请不加密码另存为 .xlsx。",
        "The workbook can not be opened as it is: save it as .xlsx, without a password.",
    ),
    "refusal.WorkbookTooLarge": (
        "工作簿展开后太大，请把工作表另存为 CSV。",
        "The workbook asks for more room than one may: save the sheet as CSV.",
    ),
    "refusal.NotCalculated": (
        "工作表里有从未计算过的公式，请用表格软件打开后保存一次。",
        "Formulas of the sheet were never calculated: open the workbook in a spreadsheet and save it once.",
    ),
    "refusal.CellNotExact": (
        "有的数字超过 15 位，后几位已丢失：请把那一列设为文本，重新录入。",
        "A number has more digits than the 15 that spreadsheets keep: format the column as text and enter it anew.",
    ),
    "refusal.SheetEmpty": ("工作簿里没有可读的工作表。", "The workbook has no sheet with rows that can be read."),
    "refusal.SheetNotStated": ("各工作表的表头不同，请写出哪一张。", "Sheets have different headers: name one."),
    "refusal.HeaderAbsent": (
        "没有找到表头。请在第一个要素上面写出列名。",
        "No row has names of columns: write them above the first feature.",
    ),
    "refusal.HeaderMissing": ("CSV 的第一行必须是列名。", "The first line of a CSV must name its columns."),
    "refusal.ColumnsNotClear": ("有的列不清楚是什么，请选择。", "Which column is which is not clear: choose."),
    "refusal.ColumnsUnknown": ("所选的列不在文件里。", "A column that was chosen is not in the file."),
    "refusal.ChoicesUnknown": (
        "关于文件的说明里有图层没有的字段或代码。",
        "What is said of the file names fields or codes that the layer has not.",
    ),
    "refusal.OldestNotTold": (
        "文件只说 60 岁及以上有多少人，没有分出 80 岁及以上。请给其中一列，或用命令行。",
        "The file tells how many are 60 and older, and not which of them are 80 and older: name a column that does.",
    ),
    "refusal.LayerWithoutPlaces": (
        "文件没有说明要素在哪里：图形、经纬度、WKT、坐标对或楼栋。",
        "Nothing in the file says where its features are: a geometry, lon and lat, WKT, a pair or a building.",
    ),
    "refusal.KeyAbsent": (
        "没有选哪一列是编号，就认不出同一要素。请选择。",
        "No column is the code, by which the same feature is known again: choose one.",
    ),
    "refusal.CoordinateAlone": ("只有一个坐标，请选另一个。", "One coordinate has a column and the other has none."),
    "refusal.CoordinatesSwapped": (
        "经度和纬度似乎对调了。若是，请勾选。",
        "Longitude and latitude seem to stand in each other's place: say so if they do.",
    ),
    "refusal.DegreesNotSure": (
        "所有坐标的小数都可能是分和秒，请选择。",
        "The decimals of all coordinates could be minutes and seconds: choose.",
    ),
    "refusal.NumbersNotSure": (
        "方向或类型这一列是序号。请说明是不是 GB/T 28181 的。",
        "A column of directions or kinds holds numbers of a list: say whether they are those of GB/T 28181.",
    ),
    "refusal.NoFeatures": ("文件里没有要素。", "The file holds no features."),
    "refusal.GeometryTypeRefused": ("图形的类型不对。", "The kind of its geometry is not read."),
    "refusal.EncodingNotStated": (
        "文件没有说明文字编码，请写出，或加上 .cpg。",
        "The file does not say for certain how its text is encoded: say it, or add a .cpg file.",
    ),
    "refusal.EncodingUnknown": ("没有这种编码，例如 gbk、utf-8。", "There is no such encoding: gbk, utf-8 or alike."),
    "refusal.EncodingWrong": ("文字不是这种编码。", "The text of the file is not in that encoding."),
    "refusal.EncodingNotUtf8": ("文字不是 UTF-8，请写出编码。", "The text is not UTF-8: say its encoding."),
    "refusal.TextNotInEncoding": ("文字不是这种编码。", "The text of the file is not in that encoding."),
    "refusal.QuotesBroken": (
        "引号没有成对，或引号后还有文字。",
        "A quotation mark is not closed, or text follows the one that closes.",
    ),
    "refusal.LineEndsMixed": (
        "换行不一致，请用一种换行另存。",
        "Ends of lines are mixed: save the file with one kind.",
    ),
    "refusal.RowTooWide": ("有一行的格数比表头多。", "A row has more fields than the header names."),
    "refusal.RowTooLong": ("有一行太长，可能少了引号。", "A row is too long; perhaps a quotation mark is missing."),
    "refusal.CrsNotStated": (
        "文件没有说明坐标系，请选择，或问问制作的人。",
        "The file does not say its coordinate system: choose it, or ask whoever made the file.",
    ),
    "refusal.CrsNotSure": (
        "文件在中国，没有说清是 WGS 84、CGCS2000 还是 GCJ-02（相差 300 到 700 米），请选择。",
        "It lies in China and does not say whether it is WGS 84, CGCS2000 or GCJ-02, 300 to 700 m apart: choose.",
    ),
    "refusal.CrsUnknown": ("不认识文件的坐标系，请选择。", "The file names a coordinate system that is not known."),
    "refusal.UnknownCrs": ("没有这个坐标系。", "There is no such coordinate system."),
    "refusal.DatumNotSure": (
        "从这个旧基准到 WGS 84 没有可靠的换算。请找 CGCS2000 或 WGS 84 的文件，或接受偏差。",
        "No sure way is known from its datum to WGS 84: ask for CGCS2000 or WGS 84, or say that it may be off.",
    ),
    "refusal.CrsCanNotBeTrue": ("坐标不可能是这个坐标系的。", "The coordinates can not be in that system."),
    "refusal.OutsideCrs": ("坐标超出这个坐标系的范围。", "The coordinates lie outside that system."),
}
