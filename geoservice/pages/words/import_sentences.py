"""What a reader of files says of rows and of what it took for what, in the languages of the pages.

It says so in English, with names and numbers of the file in it: each sentence is known again by its form. One that is
not known stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from geoservice.domain.languages import Language

_REASONS: Mapping[str, str] = {
    r"sheet (.+): (.+)": "工作表 {0}：{1}",
    r"(\S+) is empty": "{0} 为空",
    r"its code stands in row (\d+) already": "编号已在第 {0} 行出现",
    r"it names no building": "没有写楼栋",
    r"it names no building, and has no code of its own": "没有写楼栋，也没有自己的编号",
    r"it has no place": "没有位置",
    r"its name has more than (\d+) characters": "名称超过 {0} 个字符",
    r"(\S+) is a number that lost its last digits; keep codes as text": "{0} 的数字丢了后几位；编号请存为文本",
    r"(\S+) is a number that lost its last digits": "{0} 的数字丢了后几位",
    r"(\S+) is no code: a number that is not exact, or neither text nor a number":
        "{0} 不是编号：数字不精确，或不是文字",
    r"(\S+) has more than (\d+) characters": "{0} 超过 {1} 个字符",
    r"(\S+) has characters that nobody sees": "{0} 有看不见的字符",
    r"(\S+) begins with a slash, or ends with /history, so that no address leads to it":
        "{0} 以斜杠开头或以 /history 结尾，不能作地址",
    r"(\S+) is a person's identity number": "{0} 是身份证号",
    r"(\S+) is no text": "{0} 不是文字",
    r"(\S+) holds what looks like a person's number": "{0} 里有像个人号码的内容",
    r"(\S+) is a number that is not exact": "{0} 的数字不精确",
    r"(\S+) is none of the words that are known for it, which mean (.+)":
        "{0} 不是认识的词（代码：{1}）；可在“词是什么意思”里说明",
    r"(\S+) is what several of its codes are called": "{0} 是几个代码共用的名称；可在“词是什么意思”里说明",
    r"(\S+) is no whole number": "{0} 不是整数",
    r"(\S+) is larger than any number of its kind": "{0} 太大",
    r"(\S+) is no number": "{0} 不是数字",
    r"(\S+) has a comma that may stand for thousands or before decimals": "{0} 的逗号可能是千位也可能是小数点",
    r"(\S+) is no direction": "{0} 不是方向",
    r"(\S+) is not between (\S+) and (\S+)": "{0} 不在 {1} 到 {2} 之间",
    r"(\S+) is neither yes nor no": "{0} 不是“是”或“否”",
    r"(\S+) states no time zone": "{0} 没有时区",
    r"(\S+) is not between the years (\d+) and (\d+)": "{0} 不在 {1} 年到 {2} 年之间",
    r"(\S+) is no day and no instant": "{0} 不是日期或时间",
    r"its geometry is broken": "图形已损坏",
    r"fewer are 60 and older than .+": "60 岁及以上的人数少于其中一段",
    r"those who are 60 and older are not those of 60 to 79 and those of 80 and more together":
        "60 岁及以上的人数不是 60 到 79 岁与 80 岁及以上之和",
    r"more are floating than there are": "流动人口多于居民",
    r"(.+) is no WKT": "{0} 不是 WKT",
    r"(.+) is no pair of coordinates": "{0} 不是一对坐标",
    r"its coordinates can not be read": "坐标读不出",
    r"it has one coordinate and not the other": "只有一个坐标",
    r"0, 0 is what a device says that does not know": "0, 0 是设备不知道位置时给的",
    r"it has heights, which a layer of places has not": "有高程，请去掉",
    r"it does not lie on the earth, in this CRS": "按这个坐标系不在地球上",
    r"its shape is not valid: (.+)": "图形无效：{0}",
    r"it is a point, and .+": "它是点，图层不收点",
    r"it is several points, and .+": "它是多点，图层不收",
    r"it is a line, and .+": "它是线，图层不收线",
    r"it is several lines, and .+": "它是多线，图层不收",
    r"it is an area, and .+": "它是面，图层不收面",
    r"it is several areas, and .+": "它是多面，图层不收",
    r"it is a collection, and .+": "它是图形的集合，图层不收",
    r"It names no building of the jurisdiction\.": "本辖区没有这栋楼。",
    r"It has no place\.": "没有位置。",
    r"Its shape is no (\w+)\.": "图形不是 {0}。",
    r"It holds what looks like a number or an address of a person\.": "里面有像个人号码或地址的内容。",
    r"(\S+) is missing: give it\.": "缺少 {0}。",
    r"A building has 1 to 200 floors\.": "楼层是 1 到 200。",
    r"A bearing is 0 to below 360 degrees\.": "方向是 0 到 360 度以下。",
    r"A field of view is more than 0 and at most 360 degrees\.": "视角大于 0，最多 360 度。",
    r"A camera sees more than 0 and at most 2,000 metres\.": "可视距离大于 0，最多 2,000 米。",
    r"A row has 0 to 10,000 people of each age\.": "一行中每个年龄段是 0 到 10,000 人。",
    r"A row of households counts 1 to 10,000 of them\.": "一行是 1 到 10,000 户。",
    r"The floating population of a household is part of its residents\.": "流动人口不能多于居民。",
    r"The shape must be valid, .+": "图形必须有效、不空、用经纬度、最多 100,000 个顶点。",
    r"The place is longitude, .+": "位置是经度 -180 到 180、纬度 -90 到 90。",
    r"A text is 1 to 200 characters, .+": "文字是 1 到 200 个字符，没有看不见的字符和个人号码；或是一个代码。",
}  # fmt: skip
_REMARKS: Mapping[str, str] = {
    r"Columns: (.+)\.": "各列：{0}。",
    r"Columns without a name: (.+)\.": "没有列名的列：{0}。",
    r"Sheets with another header, or none, were left out: (.+)\.": "表头不同或没有表头的工作表没有读：{0}。",
    r"Curves of (\d+) features became lines\.": "{0} 个要素的曲线已变成折线。",
    r"Sheet (.+?): (.+)": "工作表 {0}：{1}",
    r"header in (.+), (\d+) rows of features\.": "表头在 {0}，要素 {1} 行。",
    r"(.+) left out as (.+)\.": "{0} 没有读（{1}）。",
    r"the total in row (\d+) is not what stands above adds up to: (.+)\.": "第 {0} 行的合计与上面各行之和不符：{1}。",
    r"(.+) hidden and read like the others\.": "{0} 是隐藏的，照样读了。",
    r"(\d+) cells that are merged with one above were given its value\.": "{0} 个与上面合并的格用了上面的值。",
    r"(\d+) cells hold an error, such as #N/A, and are empty here\.": "{0} 个格是 #N/A 之类的错误，当作空。",
    r"(\S+) is (.+) without those of (.+)\.": "{0} 是 {1} 减去 {2}。",
    r"Columns left out: (.+)\.": "不导入的列：{0}。",
    r"Column (.+) refused: it is about people, by its name\.": "{0} 列不导入：列名是个人信息。",
    r"Column (.+) refused: (\d+%) of its cells look like a person's .+": "{0} 列不导入：{1} 的格像是个人信息。",
    r"(\d+) of (\d+) rows were refused\.": "{1} 行中有 {0} 行不导入。",
    r"Coordinates are (.+?)\.(?: .+)?": "坐标是 {0}。",
    r"Places from (.+) and (.+)\.": "位置取自 {0} 和 {1}。",
    r"Places from (.+), as WKT\.": "位置取自 {0}（WKT）。",
    r"Places from (.+), longitude before latitude\.": "位置取自 {0}，经度在前。",
    r"Places from (.+), latitude before longitude\.": "位置取自 {0}，纬度在前。",
    r"Words of (\S+) that nobody knows here: (.+)\.": "{0} 里不认识的词：{1}。",
    r"(\d+) coordinates were written in degrees, minutes and seconds\.": "{0} 个坐标写成度分秒。",
    r"The file does not say where its features are\.": "文件没有说明要素在哪里。",
    r"(\d+) of (\d+) features lie outside of the jurisdiction, one in row (\d+)\.": (
        "{1} 个要素有 {0} 个在辖区外，如第 {2} 行。"
    ),
    r"Households are named by their building, unit and a running number\.": "户按楼栋、单元和序号命名。",
    r"Heights of (\d+) features are all 0 and were left out\.": "{0} 个要素的高程都是 0，已去掉。",
    r"Heights of (\d+) features were left out\.": "去掉了 {0} 个要素的高程。",
    r"Measures of (\d+) features were left out\.": "去掉了 {0} 个要素的测量值。",
    r"Macros of the workbook were not run\.": "没有运行工作簿里的宏。",
    r"(\d+) sheets are hidden and were not read: (.+)\.": "{0} 张隐藏的工作表没有读：{1}。",
}


#: Parts of a sentence that are words, and no names of the file.
_PARTS: Mapping[str, str] = {
    r"row (\d+)": "第 {0} 行",
    r"(\d+) rows \((.+)\)": "{0} 行（{1}）",
    r"(\w+) from ([^,]+)": "{1} → {0}",
    r"a hint": "填写提示",
    r"an example": "示例",
    r"above the header": "在表头之上",
    r"the header once more": "重复的表头",
    r"a total": "合计",
    r"a footer": "落款",
}


def reason_in(language: Language, reason: str) -> str:
    """Return why a row is refused, which may be several reasons."""
    if language == "en":
        return reason
    return "；".join(_said(_REASONS, part) for part in reason.split("; "))


def remark_in(language: Language, remark: str) -> str:
    """Return what is told of a file."""
    return remark if language == "en" else _said(_REMARKS, remark)


def _said(sentences: Mapping[str, str], sentence: str) -> str:
    for form, translated in sentences.items():
        found = re.fullmatch(form, sentence)
        if found is None:
            continue
        if form.lower().startswith("sheet "):  # what is said of one of its sheets is a sentence in its turn
            return translated.format(found[1], _said(sentences, found[2]))
        return translated.format(*(_part(one) for one in found.groups()))
    return sentence


def _part(text: str) -> str:
    whole = _said(_PARTS, text)
    return whole if whole != text else ", ".join(_said(_PARTS, one) for one in text.split(", "))
