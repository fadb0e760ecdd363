"""Parts of a page that are of another language than the page say so."""

from __future__ import annotations

import pytest

from geoservice.pages.shell.spoken import with_languages

#: Markup, and what becomes of it on a Tibetan page.
CASES = (
    ("<p>登录</p>", '<p lang="zh-CN">登录</p>'),
    ("<p>ཐོ་འཇུག</p><p>286 · G01</p>", "<p>ཐོ་འཇུག</p><p>286 · G01</p>"),
    ("<p>名称 <b>ས་ཁྲ།</b> <i>12</i></p>", '<p lang="zh-CN">名称 <b lang="bo">ས་ཁྲ།</b> <i>12</i></p>'),
    ("<p>ས་ཁྲ། 网格</p>", "<p>ས་ཁྲ། 网格</p>"),
    ("<P>a<BR>b</p><li>第一<br/>第二</li>", '<P>a<BR>b</p><li lang="zh-CN">第一<br/>第二</li>'),
    ('<input placeholder="搜索"><b>x</b>', '<input lang="zh-CN" placeholder="搜索"><b>x</b>'),
    ('<nav aria-label="页面"><a>ས་ཁྲ།</a></nav>', '<nav lang="zh-CN" aria-label="页面"><a lang="bo">ས་ཁྲ།</a></nav>'),
    ('<a title="语言">སྐད་ཡིག</a>', '<a title="语言">སྐད་ཡིག</a>'),
    ('<a hreflang="zh-CN" lang="zh-CN">中文</a>', '<a hreflang="zh-CN" lang="zh-CN">中文</a>'),
    ('<p lang="en">中</p>', '<p lang="en">中</p>'),
    ('<script>if (a < b) say("登录");</script><p>x</p>', '<script>if (a < b) say("登录");</script><p>x</p>'),
    ("<!-- 登录 --><p>a &lt; b</p>", "<!-- 登录 --><p>a &lt; b</p>"),
    ('<svg><g><text x="1">网格</text></g></svg>', '<svg><g><text lang="zh-CN" x="1">网格</text></g></svg>'),
    ('<p data-x="a > 登">ས།</p>', '<p data-x="a > 登">ས།</p>'),
    ("<p>没有结束 <b>x", '<p lang="zh-CN">没有结束 <b>x'),
    ("</p><p>多了</div></p>", '</p><p lang="zh-CN">多了</div></p>'),
    ("<?xml version='1.0'?><p>a</p>", "<?xml version='1.0'?><p>a</p>"),
    ("<svg><![CDATA[a]]></svg><![if b]>", "<svg><![CDATA[a]]></svg><![if b]>"),
    ("<script>never ends 登", "<script>never ends 登"),
    ("a < b 登", "a < b 登"),
)  # fmt: skip


@pytest.mark.parametrize(("markup", "said"), CASES)
def test_another_language_is_named_where_it_begins(markup: str, said: str) -> None:
    assert with_languages(markup, "bo") == said
    assert with_languages(said, "bo") == said


def test_pages_in_languages_that_have_all_words_stay_as_they_are() -> None:
    assert with_languages("<p>登录 ས་ཁྲ།</p>", "en") == with_languages("<p>登录 ས་ཁྲ།</p>", "zh") == "<p>登录 ས་ཁྲ།</p>"
