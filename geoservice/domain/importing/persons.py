"""Columns that are about people are refused: by what they are called, and by what stands in them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from itertools import pairwise

from geoservice.domain.counting.identity import check_of
from geoservice.domain.importing.words import LONGEST, forms
from geoservice.domain.privacy import holds_personal_number

#: Characters of a cell that are looked at.
_LOOKED_AT = 1000
#: A larger share of a column's cells refuses the column.
SHARE_MAX = 0.05

_ZH = (
    "姓名 户主 业主 房东 房主 租客 租户 承租人 负责人 法人 联系人 网格员 楼长 曾用名 身份证 公民身份 证件"
    " 护照 社保 手机 电话 联系方式 微信 邮箱 出生 生日 年龄 性别 民族 宗教 政治面貌 婚姻 文化程度 学历 职业 工作单位"
    " 健康 残疾 病 重点人员 重点类别 信访 精神 吸毒 刑满 低保 车牌 照片 人脸 指纹 银行"
    " 账号 与户主关系 籍贯 用户名 密码 口令"
).split()  # fmt: skip
#: Words of a header that is written with Latin letters.
_LATIN = frozenset(
    "person owner tenant landlord contact phone telephone tel mobile email mail passport ssn idcard idno"
    " nationalid dob birth birthday birthdate age gender sex religion ethnicity nationality health disability diagnosis"
    " plate licenceplate licenseplate photo face fingerprint account iban surname firstname lastname forename"
    " householder wechat qq password passwd pwd login username user ip mac rtsp"
    " vorname nachname familienname eigentümer mieter telefon handy geburtsdatum geburt alter geschlecht kennzeichen"
    " ausweis passwort benutzer".split()
)
#: Two words in a row, in any of these orders.
_LATIN_PAIRS = frozenset({("id", "no"), ("id", "number"), ("id", "card"), ("first", "name"), ("last", "name"),
                          ("family", "name"), ("given", "name"), ("full", "name")})  # fmt: skip
_WORD = re.compile(r"[A-ZÄÖÜ]+(?![a-zäöüß])|[A-ZÄÖÜ]?[a-zäöüß]+")

#: Surnames of nine in ten people of China, those of one character.
_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石"
    "姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_TWO_CHARACTERS = ("欧阳", "司马", "上官", "诸葛", "皇甫", "尉迟", "公孙", "慕容", "司徒", "端木", "令狐", "东方")
#: What Tibetan names are made of, which have no surname.
_TIBETAN = (
    "扎西 次仁 达瓦 达娃 卓玛 尼玛 旦增 丹增 平措 格桑 索朗 索南 拉姆 央金 白玛 多吉 罗布 边巴 普布 洛桑"
    " 嘎玛 德吉 仁青 仁增 强巴 晋美 顿珠 曲珍 曲扎 央宗 巴桑 米玛 拉巴 卓嘎 群培 益西 加措 土登 阿旺 云丹"
    " 次旦 次旺 贡布 江白 曲措 旺堆 欧珠 桑珠 班典 朗杰 格列"
).split()  # fmt: skip
_ENDS_A_PLACE = tuple(
    "路街巷村镇乡区园苑楼栋幢号院里庄店厂校站部局所室队会社党城府湖河江山桥广场寺塔门馆房家型类业机层米"
)
_HAN = re.compile(r"[\u4e00-\u9fff·]{2,8}")
#: GB 11643: region, day of birth, number, check character.
_IDENTITY = re.compile(r"[1-9][0-9]{5}([0-9]{4})([0-9]{2})([0-9]{2})[0-9]{3}[0-9X]")


def is_about_people(header: str) -> bool:
    """Return whether a column is about people, or holds secrets, by its header."""
    if any(word in form for form in forms(header) for word in _ZH):
        return True
    said = unicodedata.normalize("NFKC", header[:LONGEST])
    words = [word.casefold() for word in _WORD.findall(said)]
    pairs = set(pairwise(words))
    return not _LATIN.isdisjoint((*words, *forms(said))) or not _LATIN_PAIRS.isdisjoint(pairs)


def personal_share(texts: Iterable[str], *, names: bool = True, key: bool = False) -> tuple[float, str | None]:
    """Return the share of cells that are about a person, and what most of them are.

    Parameters
    ----------
    texts
        Cells that are not empty.
    names
        Whether names are looked for.
    key
        Whether cells are codes: then only whole identity numbers count, since long codes hold all kinds of digits.
    """
    counts: dict[str, int] = {}
    total = 0
    for text in texts:
        total += 1
        found = personal(text, names=names, key=key)
        if found is not None:
            counts[found] = counts.get(found, 0) + 1
    if not counts:
        return 0.0, None
    return sum(counts.values()) / total, max(counts, key=lambda kind: counts[kind])


def personal(text: str, *, names: bool = True, key: bool = False) -> str | None:
    """Return what a cell says of a person: `identity number`, `number` by which one is reached, `name`; or None."""
    said = unicodedata.normalize("NFKC", text[:_LOOKED_AT]).strip().upper()
    shaped = _IDENTITY.fullmatch(said)
    if shaped is not None:
        return "identity number" if _is_day(shaped) and (check_of(said) == said[17] or said.endswith("000")) else None
    if not key and holds_personal_number(said):
        return "number"
    return "name" if names and is_name_of_person(said) else None


def is_name_of_person(text: str) -> bool:
    """Return whether a text is a Chinese or Tibetan name in Chinese characters, as far as that can be seen."""
    if _HAN.fullmatch(text) is None or text.endswith(_ENDS_A_PLACE):
        return False
    if text.startswith(_TWO_CHARACTERS):
        return 3 <= len(text) <= 4
    if any(text.startswith(part) for part in _TIBETAN):
        return len(text) <= 8 and (len(text) == 2 or any(text.endswith(part) for part in _TIBETAN))
    return len(text) in (2, 3) and text[0] in _SURNAMES


def _is_day(shaped: re.Match[str]) -> bool:
    try:
        return 1850 <= date(*(int(part) for part in shaped.groups())).year <= 2100
    except ValueError:
        return False
