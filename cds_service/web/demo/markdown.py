"""The detail of a card, which is Markdown, as a tree of elements that a page can build safely.

The tree is data, not markup: a page makes each element itself and sets text as text, so that
nothing in a chart, an order or a card can become markup. CDS Hooks 2.0.1, Card: detail is
GitHub-flavoured Markdown, and clients may not render raw HTML.
"""

import re
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

Tree = list[Any]
"""Nodes in order: a text, or ``[tag, href or "", children]``."""

_SAFE_LINK = re.compile("https?://", re.IGNORECASE)


class _Markdown(MarkdownIt):
    """CommonMark with tables and strikethrough; HTML is text, and links lead to the web only."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False})
        self.enable(["table", "strikethrough"])
        self.disable("image")

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the name the library calls
        return bool(_SAFE_LINK.match(url))


_MARKDOWN = _Markdown()


def tree(text: str) -> Tree:
    """Return the elements of a Markdown text: what is no Markdown, HTML among it, is text.

    A text that is nested deeper than any reader could follow is one paragraph, as it is written.
    """
    try:
        return _children(SyntaxTreeNode(_MARKDOWN.parse(text)))
    except RecursionError:  # the library bounds blocks, but not emphasis within emphasis
        return [["p", "", [text]]]


def _children(node: SyntaxTreeNode) -> Tree:
    return [each for child in node.children for each in _node(child)]


def _node(node: SyntaxTreeNode) -> Tree:
    if node.type == "text":
        return [node.content] if node.content else []
    if node.type in ("softbreak", "hardbreak"):
        return ["\n"] if node.type == "softbreak" else [["br", "", []]]
    if node.type == "code_inline":
        return [["code", "", [node.content]]]
    if node.type in ("fence", "code_block"):
        return [["pre", "", [node.content]]]
    if node.type == "inline" or node.hidden:
        return _children(node)
    return [[node.tag, str(node.attrs.get("href", "")), _children(node)]]
