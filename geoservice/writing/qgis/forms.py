"""Forms: what fields are called, what fills them in, what has to hold, and how they stand on the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from geoservice.writing.qgis.elements import element, flag, option
from geoservice.writing.qgis.fields import Field
from geoservice.writing.qgis.relations import Relation
from geoservice.writing.qgis.words import ATTRIBUTES, REQUIRED

#: What QGIS asks of a field, as bits (QgsFieldConstraints): that it is filled in, that an expression holds.
_NOT_NULL, _EXPRESSION = 1, 4
#: How strictly: nothing is saved before it holds.
_HARD = "1"


def aliases(fields: Sequence[Field]) -> Element:
    """Return what fields are called."""
    return element("aliases", *(element("alias", field=one.name, index=str(n), name=one.title)
                                for n, one in enumerate(fields)))  # fmt: skip


def widgets(fields: Sequence[Field]) -> Element:
    """Return what fills fields in."""
    made = element("fieldConfiguration")
    for one in fields:
        if one.widget is not None:
            config = element("config", option(one.widget.config))
            made.append(element("field", element("editWidget", config, type=one.widget.type), name=one.name))
    return made


def form(fields: Sequence[Field], relations: Sequence[Relation], language: str) -> Iterator[Element]:
    """Yield all that a layer keeps of its form.

    Parameters
    ----------
    relations
        Those whose parent it is; each has a page of the form.
    """
    yield aliases(fields)
    yield widgets(fields)
    yield element("defaults", *(element("default", field=one.name, expression=one.default, applyOnUpdate="0")
                                for one in fields if one.default is not None))  # fmt: skip
    yield from _constraints(fields, language)
    yield element("editable", *(element("field", name=one.name, editable=flag(one.written or not one.shown))
                                for one in fields))  # fmt: skip
    yield element("editorlayout", text="tablayout")
    shown = [
        element("attributeEditorField", name=one.name, index=str(n), showLabel="1")
        for n, one in enumerate(fields) if one.shown
    ]  # fmt: skip
    pages = [_page(ATTRIBUTES.text(language), *shown), *(_page(one.child.title, _rows(one)) for one in relations)]
    yield element("attributeEditorForm", *pages)


def _constraints(fields: Sequence[Field], language: str) -> Iterator[Element]:
    asked, expressions = element("constraints"), element("constraintExpressions")
    for one in fields:
        bits = _NOT_NULL * one.required + _EXPRESSION * (one.rule is not None)
        if bits:
            strength = {f"{what}_strength": _HARD if bits & bit else "0"
                        for what, bit in (("notnull", _NOT_NULL), ("exp", _EXPRESSION))}  # fmt: skip
            asked.append(element("constraint", field=one.name, constraints=str(bits), unique_strength="0", **strength))
            expression, words = one.rule or ("", f"{one.title}: {REQUIRED.text(language)}")
            expressions.append(element("constraint", field=one.name, exp=expression, desc=words))
    yield from (asked, expressions)


def _page(title: str, *children: Element) -> Element:
    return element("attributeEditorContainer", *children, name=title, columnCount="1", groupBox="0", showLabel="1",
                   visibilityExpressionEnabled="0", visibilityExpression="")  # fmt: skip


def _rows(relation: Relation) -> Element:
    """Return what shows the rows that belong to a feature."""
    return element("attributeEditorRelation", name=relation.id, relation=relation.id, label="", showLabel="0",
                   relationWidgetTypeId="relation_editor", nmRelationId="", forceSuppressFormPopup="0")  # fmt: skip
