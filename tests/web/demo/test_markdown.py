"""The detail of a card as a tree: what may be an element, and what stays text."""

import pytest

from cds_service.web.demo.markdown import tree


def test_paragraphs_emphasis_and_lists_become_elements() -> None:
    assert tree("**On record:**\n- *fever*\n- pain") == [
        ["p", "", [["strong", "", ["On record:"]]]],
        ["ul", "", [["li", "", [["em", "", ["fever"]]]], ["li", "", ["pain"]]]],
    ]


def test_a_link_to_the_web_is_a_link() -> None:
    assert tree("[ACR](https://acsearch.acr.org/)") == [
        ["p", "", [["a", "https://acsearch.acr.org/", ["ACR"]]]]
    ]


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x",
                "file:///etc/passwd", "//evil.example", "&#106;avascript:alert(1)"]
)  # fmt: skip
def test_a_link_to_anything_else_stays_text(address: str) -> None:
    assert '["a"' not in str(tree(f"[here]({address})")).replace("'", '"')
    assert "here" in str(tree(f"[here]({address})"))


@pytest.mark.parametrize(
    "markup", ["<img src=x onerror=alert(1)>", "<script>x</script>", "<b>x</b>"]
)
def test_html_is_text(markup: str) -> None:
    assert tree(f"before {markup}") == [["p", "", [f"before {markup}"]]]
    assert tree(markup) == [["p", "", [markup]]]


def test_an_image_is_never_loaded() -> None:
    assert tree("![x](https://example.org/x.png)") == [
        ["p", "", ["!", ["a", "https://example.org/x.png", ["x"]]]]
    ]


def test_tables_code_and_breaks_are_elements() -> None:
    found = str(tree("| a |\n|---|\n| 1 |\n\n`code`  \nnext\n\n    block"))
    for tag in ("table", "thead", "th", "td", "code", "br", "pre"):
        assert f"['{tag}'" in found


@pytest.mark.parametrize("text", ["*a " * 2000 + "b*" * 2000, "**a _b " * 900 + "c_ d** " * 900])
def test_what_is_nested_without_end_is_text(text: str) -> None:
    assert tree(text) == [["p", "", [text]]]


def test_an_empty_text_is_an_empty_tree() -> None:
    assert tree("") == []
