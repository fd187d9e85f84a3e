"""The images of a run on its page: where they come in, and what they were taken for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nicegui.events import GenericEventArguments

from jaxtex.errors import JaxtexError, RunError, Stopped
from jaxtex.ui import examples, inputs, text
from jaxtex.ui.house import House
from jaxtex.ui.parts import Tag, button, heading, on_value, picture
from jaxtex.ui.runs.run import Run

_ACCEPT = ".png,.jpg,.jpeg,.webp,.tif,.tiff,.bmp,.gif,.svg,.svgz"
_BRUSH: dict[str, Any] = {"min": 4, "max": 80, "value": 20}


class Images:
    """The logo and the styles.

    `changed` is called after each change here; `said_kind` gets what styles are said to be.
    """

    def __init__(
        self,
        house: House,
        run: Run,
        changed: Callable[[], Any],
        said_kind: Callable[[str | None], Any],
    ) -> None:
        self.house, self.run, self.changed, self.said_kind = house, run, changed, said_kind

    def build(self, *, fixed: bool) -> None:
        """Makes the elements; what is `fixed` can be looked at only."""
        request, looks = self.run.request, self.run.looks
        content, styles = request.get("content"), request.get("styles", [])
        with Tag("section", "", "images", aria_label=text.CONTENT):
            heading(text.CONTENT)
            if content is not None:
                self._image("content", content, looks.get(content, {}), fixed=fixed)
            elif not fixed:
                self._drop("content", text.CONTENT_HINT, missing=True)
            if content is None and not fixed:
                self._examples("content")
        with Tag("section", "", "images", aria_label=text.STYLES):
            heading(text.STYLES)
            for name in styles:
                self._image("style", name, looks.get(name, {}), fixed=fixed)
            if not fixed:
                more = bool(styles)
                with Tag("details" if more else "div", "", "more"):
                    if more:
                        Tag("summary", text.MORE_STYLES)
                    self._drop("style", text.STYLE_HINT, missing=not more)
                    self._examples("style")
            self._further(fixed=fixed)

    def _further(self, *, fixed: bool) -> None:
        """The images that few runs have: a mask of the logo, a picture to start from."""
        request, looks = self.run.request, self.run.looks
        given = {role: request.get(role) for role in text.FURTHER_IMAGES}
        if fixed and not any(given.values()):
            return
        with Tag("details", "", "more", open="" if any(given.values()) else None):
            Tag("summary", text.FURTHER)
            for role, words in text.FURTHER_IMAGES.items():
                heading(words, 3)
                name = given[role]
                if name is not None:
                    self._image(role, name, looks.get(name, {}), fixed=fixed)
                elif not fixed:
                    self._drop(role, text.FURTHER_HINT, missing=False)

    def _drop(self, role: str, hint: str, *, missing: bool) -> None:
        several = "" if role == "style" else None
        place = Tag("jx-drop", "", "drop", data_run=self.run.id, data_role=role)
        place.set(data_several=several, data_missing="" if missing else None)
        place.on("taken", lambda _: self.changed(), args=[])
        with place:
            with Tag("p"):
                Tag("span", hint + " ")
                Tag("button", text.CHOOSE, "choose", type="button")
            Tag("p", text.FORMATS, "quiet small")
            Tag("input", type="file", accept=_ACCEPT, hidden=True, multiple=several is not None,
                tabindex="-1", aria_label=text.CHOOSE)  # fmt: skip
            Tag("p", "", "said small", role="alert", hidden=True, data_reading=text.UPLOADING,
                data_failed=text.UPLOAD_FAILED)  # fmt: skip

    def _examples(self, role: examples.Role) -> None:
        found = examples.examples(role)
        if not found:
            return
        words = text.EXAMPLE_CONTENTS if role == "content" else text.EXAMPLE_STYLES
        trouble = Tag("p", "", "refused small", role="alert", hidden=True)
        with Tag("div", "", "examples", role="group", aria_label=words):
            for path in found:
                clear = "clear" if examples.is_clear(path) else ""
                made = Tag("button", "", f"example {clear}", type="button", title=path.stem)
                made.set(aria_label=text.USE_EXAMPLE.format(name=path.stem))
                with made:
                    picture(f"/examples/{role}/{path.name}", "", loading="lazy")
                made.on("click", lambda _, path=path: self._use(role, path, trouble), args=[])

    async def _use(self, role: str, path: Path, trouble: Tag) -> None:
        try:
            await inputs.take(self.house, self.run, role, path.name, path)
        except (JaxtexError, RunError, Stopped) as error:
            trouble.say(self.run.plain(str(error)))
        else:
            self.changed()

    def _image(self, role: str, name: str, look: dict[str, Any], *, fixed: bool) -> None:
        with Tag("figure", "", "taken"):
            with Tag("div", "", "pair"):
                if "image" in look:
                    with Tag("div", "", "clear" if look.get("clear") else ""):
                        picture(self._address(look["image"]), text.SHOWS_IMAGE.format(name=name))
                if "ink" in look:
                    says = text.SHOWS_INK.format(name=name)
                    with Tag("div", "", "ink"):
                        picture(self._address(look["ink"]), says)
            with Tag("figcaption", "", "row"):
                Tag("span", name, "grow name")
                if not fixed:
                    away = button(
                        text.TAKE_AWAY.format(name=name), icon="close", bare=True, classes="plain"
                    )
                    away.on("click", lambda _: self._take_away(role, name), args=[])
            about = look.get("about", {})
            if about:
                Tag("p", text.TAKEN_FOR.format(said=about["said"]), "quiet small")
            for note in look.get("notes", []):
                Tag("p", note, "quiet small")
            if role == "style" and not fixed:
                self._correction(name, look)

    def _correction(self, name: str, look: dict[str, Any]) -> None:
        """What one does where a style was taken for something else than it is."""
        request = self.run.request
        alone = len(request["styles"]) == 1
        mask = request.get("style_mask")
        if mask is not None:
            with Tag("div", "", "row small"):
                Tag("span", text.MASK_BY_HAND, "quiet")
                button(text.MASK_FORGET, self._forget_mask, classes="small")
        with Tag("details", "", "wrong"):
            Tag("summary", text.WRONG, "small")
            with Tag("div", "", "row"):
                with Tag("label", "", "field"):
                    Tag("span", text.KIND, "small")
                    kinds = Tag("select")
                    with kinds:
                        chosen = request["options"].get("style_kind") or "auto"
                        for value, words in text.KINDS.items():
                            Tag("option", words, value=value, selected=value == chosen)
                    on_value(kinds, self._say_kind)
                if alone and "image" in look:
                    self._painter(look)
            self.kind_trouble = Tag("p", "", "refused small", role="alert", hidden=True)

    def _painter(self, look: dict[str, Any]) -> None:
        ink = look.get("ink")
        painter = Tag("jx-mask", data_run=self.run.id, data_image=self._address(look["image"]))
        painter.set(data_ink=None if ink is None else self._address(ink))
        painter.on("taken", lambda _: self._look_again(), args=[])
        with painter:
            button(text.PAINT, icon="brush", classes="open small")
            with Tag("dialog", "", "painter", aria_label=text.PAINT_TITLE):
                heading(text.PAINT_TITLE)
                Tag("p", text.PAINT_HINT, "quiet")
                Tag("p", text.PAINT_KEYS, "quiet small", id="paint-keys")
                Tag("canvas", tabindex="0", role="application", aria_label=text.PAINT_TITLE,
                    aria_describedby="paint-keys")  # fmt: skip
                Tag("p", "", "where quiet small", role="status", data_says=text.PAINT_AT,
                    data_white=text.PAINT_WHITE, data_black=text.PAINT_BLACK)  # fmt: skip
                with Tag("div", "", "row"):
                    for value, words in (("add", text.ADD), ("erase", text.ERASE)):
                        with Tag("label", "", "row"):
                            Tag("input", type="radio", name="mode", value=value,
                                checked=value == "add")  # fmt: skip
                            Tag("span", words)
                    with Tag("label", "", "row"):
                        Tag("span", text.BRUSH)
                        Tag("input", type="range", **_BRUSH)
                    button(text.CLEAR_MASK, classes="wipe small")
                Tag("p", "", "said refused small", role="alert", hidden=True)
                with Tag("div", "", "row end"):
                    button(text.CANCEL, classes="close")
                    button(text.USE_MASK, classes="use primary")

    def _take_away(self, role: str, name: str) -> None:
        inputs.take_away(self.house, self.run, role, name)
        self.changed()

    async def _forget_mask(self) -> None:
        inputs.take_away(self.house, self.run, "style_mask", self.run.request["style_mask"])
        await self._look_again()

    async def _say_kind(self, kind: Any) -> None:
        before = self.run.request["options"]
        kept = {key: value for key, value in before.items() if key != "style_kind"}
        self.run.ask(options=kept if kind == "auto" else {**kept, "style_kind": kind})
        self.said_kind(None if kind == "auto" else kind)
        try:
            await self._look_again()
        except (JaxtexError, RunError, Stopped) as error:
            self.run.ask(options=before)
            self.said_kind(before.get("style_kind"))
            self.kind_trouble.say(self.run.plain(str(error)))

    async def _look_again(self, _: GenericEventArguments | None = None) -> None:
        """Has the styles taken apart once more, after what was said of them."""
        await inputs.look_again(self.house, self.run)
        self.changed()

    def _address(self, name: str) -> str:
        number = self.house.board.number(self.run.id)[0]
        return f"/files/{self.run.id}/{name}?{number}"
