"""A hook of mkdocs: formulas become MathML, which browsers draw without a script from elsewhere."""

from __future__ import annotations

import html
import re
from typing import Any

from latex2mathml.converter import convert

_FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<latex>.*?)\\[)\]]</(?P=tag)>', re.DOTALL
)


def on_page_content(content: str, **_: Any) -> str:
    """Turn what the extension `arithmatex` has marked into MathML."""

    def render(match: re.Match[str]) -> str:
        display = "block" if match["tag"] == "div" else "inline"
        tag = match["tag"]
        return f"<{tag}>{convert(html.unescape(match['latex']), display=display)}</{tag}>"

    return _FORMULA.sub(render, content)
