"""Markdown of forms and letters: text that means nothing in it, and the page that a browser prints."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Final

from cpl.patterns import regex
from cpl.render import one_line, visible

_MARKS: Final = regex(r"[\\`*_~|\[\]]")
_ENTITY: Final = regex(r"&(?=#?\w+;)")
_FIRST: Final = regex(r"(?:[-+=>#:]|\d+(?=[.)]))")
_STYLE: Final = """\
@page { size: A4 PAPER; margin: 15mm; }
body { font-family: "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", SimSun, sans-serif;
  font-size: 10.5pt; line-height: 1.5; margin: 0 auto; max-width: WIDTH; color: #000; background: #fff; }
h1 { font-size: 16pt; text-align: center; margin: 0 0 6mm; }
h2 { font-size: 12pt; margin: 5mm 0 2mm; }
table { border-collapse: collapse; width: calc(100% - 2px); margin: 0 0 4mm; page-break-inside: auto; }
tr { page-break-inside: avoid; }
th, td { border: 1px solid #000; padding: 1.5mm 2mm; text-align: left; vertical-align: top; font-weight: normal;
  overflow-wrap: break-word; }
hr { border: 0; border-top: 1px dashed #666; margin: 8mm 0; }
@media print { hr { page-break-after: always; border: 0; margin: 0; } }
"""
_PAGE: Final = """\
<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
{body}</body>
</html>
"""


def inline(text: str) -> str:
    """The text in one line, so that it is nothing but text in a paragraph, a heading or a cell of a table."""
    line = visible(one_line(text))
    return _ENTITY.sub("&amp;", _MARKS.sub(r"\\\g<0>", line)).replace("<", "&lt;")


def block(text: str) -> str:
    """The text as paragraphs whose lines end where they did, and which are nothing but paragraphs."""
    paragraphs = re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n").strip())
    return "\n\n".join("  \n".join(_line(line) for line in each.split("\n")) for each in paragraphs)


def _line(text: str) -> str:
    """A line that begins nothing: no heading, list, quotation, rule or code."""
    line = inline(text)
    found = _FIRST.match(line)
    if found is None:
        return line
    digits = found[0] if found[0].isdigit() else ""
    return f"{digits}\\{line[len(digits) :]}"


def pages(*, title: str, language: str, landscape: bool = False) -> Callable[[str], str]:
    """Makes of a text a whole page of HTML that has no script and loads nothing; HTML in the text is text.

    Whatever has to be loaded for it is loaded when this returns.
    """
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "link", "autolink"])
    style = _STYLE.replace("PAPER", "landscape" if landscape else "portrait")
    style = style.replace("WIDTH", "267mm" if landscape else "180mm")
    head = {"language": escape(language), "title": escape(visible(title)), "style": style}
    return lambda text: _PAGE.format(body=reader.render(text), **head)
