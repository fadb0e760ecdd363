"""The promise about people, as a rule: what a text may not carry. The README says what is looked for and what is not.

The database's geoservice.holds_personal_number (values.sql) holds the same texts; a test holds them together.
"""

from __future__ import annotations

import re
import unicodedata
from string import ascii_lowercase, ascii_uppercase

#: Digits that NFKC leaves as they are: Arabic, Persian, Devanagari, Tibetan, in discs and rings.
FROM = "٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९༠༡༢༣༤༥༦༧༨༩⓿❶❷❸❹❺❻❼❽❾➀➁➂➃➄➅➆➇➈➊➋➌➍➎➏➐➑➒⓵⓶⓷⓸⓹⓺⓻⓼⓽"
TO = "0123456789" * 5 + "123456789" * 3
#: What nobody sees between two digits.
UNSEEN = (
    r"[\u00ad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\ufe00-\ufe0f\ufeff]"
)
#: Links, and numbers that are said to be an order's: not searched.
LEFT_OUT = r"https?://[!-~]+|([订工运]单号?|单号|order|ticket)( no\.?| number| id)?[ :#.-]{0,3}[0-9-]+"
#: Signs, blanks and line ends that may stand between groups of digits; ␣ below.
_GAP = r"([\t-\r -/:-@\[-`{-~\u0080-\u00bf\u2000-\u206f\u2212\u3000-\u303f\u30fb]{1,4})"
#: A number begins: no digit before it, no letter but of such a word, no degrees; ⊢ below.
_BEGINS = r"((?<![0-9a-z])|(?<=tel)|(?<=phone)|(?<=mobile)|(?<=call)|(?<=[wv]x))(?<![0-9][0-9]\.)"
_KINDS = (
    # A mobile number, also after +86, no decimal fraction: in groups of three and more, digit by digit, in Chinese.
    r"⊢(\+?0{0,2}86␣?)?(?![0-9]+\.[0-9]+(?!\.?[0-9]))1[3-9]"
    r"([0-9]␣?[0-9]{4}␣?[0-9]{4}|[0-9]{2}␣?[0-9]{4}␣?[0-9]{3}|[0-9]{2}␣?[0-9]{3}␣?[0-9]{4}"
    r"|[0-9]␣?[0-9]{3}␣?[0-9]{5}|[0-9]{3}␣?[0-9]{6})(?![0-9])",
    r"(?<![0-9])1␣[3-9](␣[0-9]){9}(?![0-9])",
    r"[一幺壹][ -]?[三四五六七八九叁肆伍陆柒捌玖]"
    r"([ -]?[〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖]){9}(?![〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖])",
    # An identity number: region, day of birth, three digits and a check; in groups, the first of three and more.
    r"(?<![0-9])(?=[0-9]{3}|([0-9]␣){17}[0-9x])[1-9](␣?[0-9]){5}␣?(1␣?[89]|2␣?0)(␣?[0-9]){2}"
    r"␣?(0␣?[1-9]|1␣?[0-2])␣?(0␣?[1-9]|[12]␣?[0-9]|3␣?[01])(␣?[0-9]){3}␣?[0-9x](?![0-9])",
    # A telephone after its area code.
    r"⊢0[1-9][0-9]{1,2}␣?[2-8][0-9]{2,3}␣?[0-9]{4}(?![0-9])",
    # An e-mail address.
    r"[0-9a-z_]@[0-9a-z-]+\.[a-z]{2}",
    # A number plate: province, letter, five or six letters and digits.
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-hj-np-z][ .·•-]?"
    r"(?=[a-z]*[0-9])[0-9a-z]{4,5}[0-9a-z学警挂港澳](?![0-9a-z])",
    # A messenger's id after its name: called an id, or a word with a digit in it.
    r"(微信|扣扣|(?<![a-z])(weixin|wechat|qq|[wv]x))"
    r"((号码?|id)␣?(?=[0-9a-z_-]{5})[0-9a-z]|␣?(?=[0-9a-z_]{5})[a-z_]{0,40}[0-9])",
)
PERSONAL = "|".join(_KINDS).replace("⊢", _BEGINS).replace("␣", _GAP)

_TABLE = str.maketrans(FROM + ascii_uppercase, TO + ascii_lowercase)
_UNSEEN, _LEFT_OUT, _PERSONAL = (re.compile(pattern) for pattern in (UNSEEN, LEFT_OUT, PERSONAL))


def holds_personal_number(words: str) -> bool:
    """Return whether a text carries what looks like a number or an address by which a person is reached or known."""
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKC", words).translate(_TABLE))
    return _PERSONAL.search(_LEFT_OUT.sub(" ", plain)) is not None
