"""HTML that objects show of themselves in a notebook, taken apart."""

from html.parser import HTMLParser

SMALL = 2**15
"""Characters of HTML that a notebook keeps for every object that it shows."""


class Cells(HTMLParser):
    """Texts of the cells of a table, tags that are open at the end."""

    def __init__(self, text):
        super().__init__()
        self.open, self.rows, self.tags, self.text = [], [], set(), ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if self.open[-1] in ("td", "th"):
            self.rows[-1].append(data)
