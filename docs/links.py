"""Whether each link of the built pages leads somewhere: `python docs/links.py docs/_build/html`.

Files and the places in them are looked up on the disk. What leads to the web is counted and not
followed, so that no network is needed. Ends with 1 where a link leads nowhere.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The places of a page, and where its links lead."""

    def __init__(self, text):
        super().__init__()
        self.places, self.links = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note what one tag says."""
        for name, value in attrs:
            if name == "id":
                self.places.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


def main(folder):
    """Print what leads nowhere, and how many links there are."""
    texts = {path.resolve(): path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}
    pages = {path: Page(text) for path, text in texts.items()}
    local = web = wrong = 0
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                web += 1
                continue
            local += 1
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            places = pages[target].places if target in pages else None
            place = unquote(parts.fragment)
            inside = target.is_relative_to(folder.resolve()) and target.exists()
            if not inside or (place and places is not None and place not in places):
                wrong += 1
                print(f"{path.relative_to(folder.resolve())}: {link}: leads nowhere")  # noqa: T201
    found = f"{len(pages)} pages, {local} links among them, {wrong} lead nowhere; {web} to the web"
    print(found)  # noqa: T201
    return 1 if wrong or not local else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("links.py: no folder of built pages; give one, such as docs/_build/html")
    sys.exit(main(Path(sys.argv[1])))
