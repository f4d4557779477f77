"""What a reader of HTML sees."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "br", "hr", "link", "img", "input"}


class Seen(HTMLParser):
    """A page as it is shown: `text` is all of it, `visible` what stands in no closed fold."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.deepest = 0
        self.bold: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._text: list[str] = []
        self._visible: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == [], self._open
        self.text, self.visible = "".join(self._text), "".join(self._visible)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            folded = tag == "details" and "open" not in dict(attrs)
            self._open.append((tag, folded))
            self.deepest = max(self.deepest, len(self._open))
        if tag == "b":
            self.bold.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        inside = [tag for tag, _ in self._open]
        if "style" in inside:
            return
        self._text.append(data)
        if "b" in inside:
            self.bold[-1] += data
        folded = [place for place, (_, folded) in enumerate(self._open) if folded]
        if not folded or (inside[folded[0] :][1:2] == ["summary"] and len(folded) == 1):
            self._visible.append(data)


ALLOWED_TAGS = {
    *("b", "code", "details", "div", "i", "li", "mark", "p", "pre", "small", "span", "style"),
    *("summary", "table", "td", "tr", "ul"),
}


def harmless(html: str) -> Seen:
    """A fragment, after making sure that it can do nothing but be read."""
    seen = Seen(html)
    assert seen.tags <= ALLOWED_TAGS, seen.tags - ALLOWED_TAGS
    assert seen.attributes <= {"class", "open"}, seen.attributes
    return seen
