"""Looks at a site that Sphinx has built: dead links, missing files, raw types, names out of reach.

python docs/check_site.py SITE
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FRONT = "index.html"
# Types and defaults in a signature that Sphinx could not read.
_RAW = re.compile(r"~[a-z_]+\.\w+|\bjaxlib\.\w+|<function \w+")


class _Page(HTMLParser):
    """The ids of a page, where its links go, and the files that it is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.files: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser."""
        found = {name: value for name, value in attrs if value}
        self.ids |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.add(found["href"])
        elif tag == "link" and found.get("rel") in ("stylesheet", "icon", "preload"):
            self.files.add(found["href"])
        elif "src" in found:
            self.files.add(found["src"])

    def handle_data(self, data: str) -> None:
        """Called by the parser."""
        self.text += data


class Site:
    """All pages of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.pages = {
            path.relative_to(self.folder).as_posix(): _Page(path.read_text(encoding="utf-8"))
            for path in self.folder.rglob("*.html")
            if not path.relative_to(self.folder).parts[0].startswith("_static")
        }

    def problems(self) -> list[str]:
        """Links that lead nowhere, files that are not there or come from elsewhere, raw types."""
        found = []
        for name, page in sorted(self.pages.items()):
            for link in sorted(page.links):
                if _outside(link):
                    continue
                target, fragment = self._target(name, link)
                if not (self.folder / target).is_file():
                    found.append(f"{name}: the link {link} leads nowhere")
                elif fragment and target in self.pages and not self._has(target, fragment):
                    found.append(f"{name}: the link {link} leads to no such place")
            for file in sorted(page.files):
                if file.startswith("data:"):
                    continue
                if _outside(file):
                    found.append(f"{name}: {file} is fetched from elsewhere")
                elif not (self.folder / self._target(name, file)[0]).is_file():
                    found.append(f"{name}: {file} is missing")
            if name.startswith("reference/"):
                raw = sorted(set(_RAW.findall(page.text)))
                found += [f"{name}: {each} is shown as it stands in the code" for each in raw]
        return found

    def within_two_clicks(self) -> set[str]:
        """The places that are one or two links from the front page."""
        first = {self._target(FRONT, link) for link in self.pages[FRONT].links}
        near = {target for target, _ in first if target in self.pages} | {FRONT}
        links = {
            self._target(name, link)
            for name in near
            for link in self.pages[name].links
            if not _outside(link)
        }
        return {place for target, place in links if target in self.pages and place}

    def _has(self, page: str, place: str) -> bool:
        return place in self.pages[page].ids or place == "top"

    def _target(self, page: str, link: str) -> tuple[str, str]:
        """The file in the site and the place in it that a link of a page means."""
        parts = urlsplit(link)
        if not parts.path:
            return page, unquote(parts.fragment)
        path = (self.folder / page).parent / unquote(parts.path)
        return _relative(path, self.folder), unquote(parts.fragment)


def _relative(path: Path, folder: Path) -> str:
    path = path.resolve()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _outside(link: str) -> bool:
    parts = urlsplit(link)
    return bool(parts.scheme or parts.netloc)


def public_names() -> set[str]:
    """The names that docs/python.md calls public; rooms and the version have no place."""
    import jaxtex

    rooms = {"jaxtex.texture", "jaxtex.textures", "jaxtex.msgnet"}
    names = {f"jaxtex.{name}" for name in jaxtex.__all__ if name != "__version__"} - rooms
    names |= {f"jaxtex.textures.{name}" for name in jaxtex.textures.__all__}
    return names | {f"jaxtex.msgnet.{name}" for name in jaxtex.msgnet.__all__}


def main(folder: str) -> None:
    """Prints what is wrong with a site; exits with 1 where something is."""
    site = Site(Path(folder))
    wrong = site.problems()
    far = public_names() - site.within_two_clicks()
    wrong += [f"{name}: is more than two clicks from the front page" for name in sorted(far)]
    print("\n".join(wrong) or f"{len(site.pages)} pages: nothing is missing")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main(sys.argv[1])
