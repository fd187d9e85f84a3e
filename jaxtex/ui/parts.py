"""The pieces that pages are made of: plain HTML elements, which browsers and readers know."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement
from nicegui.events import GenericEventArguments

from jaxtex.ui import text

Handler = Callable[..., Any]

_VALUE = "(event) => emit(event.target.value)"
_SUBMIT = "(event) => { event.preventDefault(); emit(event.target.elements[0].value) }"
_CHECKED = "(event) => emit(event.target.checked)"


class Tag(TextElement):
    """An HTML element; what is made inside `with` lies in it."""

    def __init__(self, tag: str, words: str = "", classes: str = "", **attributes: Any) -> None:
        """`attributes` have underscores for hyphens and one at the end of Python's own words.

        One that is None or False is left out. Words are text, never markup.
        """
        super().__init__(tag=tag, text=words)
        if classes:
            self.classes(classes)
        self.set(**attributes)

    def set(self, **attributes: Any) -> "Tag":
        """Changes attributes; None and False take one away. What is so already is not sent."""
        before = dict(self._props)
        for name, value in attributes.items():
            key = name.rstrip("_").replace("_", "-")
            if key == "value" and self.tag in ("input", "select"):
                # As a property: Vue sets `value` with each picture of the page, over what is being
                # typed; this one only when it changes.
                key = ".value"
            if value is None or value is False:
                self._props.pop(key, None)
            else:
                self._props[key] = value
        if self._props != before:
            self.update()
        return self

    def say(self, words: str) -> None:
        """Changes the words, and shows nothing where there are none."""
        self.text = words
        self.set(hidden=not words)


def button(
    words: str,
    on_click: Handler | None = None,
    *,
    icon: str | None = None,
    classes: str = "",
    bare: bool = False,
    **attributes: Any,
) -> Tag:
    """A button; a `bare` one shows its icon alone and has the words for readers and as a hint."""
    if bare:
        attributes |= {"aria_label": words, "title": words}
    made = Tag("button", "", f"button {classes}", type="button", **attributes)
    with made:
        if icon is not None:
            Tag("i", icon, "material-icons", aria_hidden="true")
        if not bare:
            Tag("span", words)
    if on_click is not None:
        made.on("click", lambda _: on_click(), args=[])
    return made


def link(words: str, address: str, classes: str = "", **attributes: Any) -> Tag:
    """A link within this server, or to a file of it."""
    return Tag("a", words, classes, href=address, **attributes)


def heading(words: str, level: int = 2, classes: str = "") -> Tag:
    """A heading."""
    return Tag(f"h{level}", words, classes)


def picture(address: str, says: str, classes: str = "", **attributes: Any) -> Tag:
    """An image; `says` is for those who do not see it."""
    return Tag("img", "", classes, src=address, alt=says, **attributes)


def on_value(element: Tag, handler: Handler, event: str = "change") -> Tag:
    """Has the value of an input, a list of choices or a text area go to `handler`."""
    return element.on(event, lambda given: handler(_only(given)), js_handler=_VALUE)


def on_checked(element: Tag, handler: Handler) -> Tag:
    """Has it go to `handler` whether a box is ticked."""
    return element.on("change", lambda given: handler(_only(given)), js_handler=_CHECKED)


def choice(
    choices: dict[str, str], value: str, handler: Handler, *, name: str, classes: str = ""
) -> Tag:
    """Buttons of which one is pressed: `choices` are words by value; `name` is the group's."""
    group = Tag("div", "", f"choice {classes}", role="group", aria_label=name)
    buttons: dict[str, Tag] = {}

    def press(chosen: str) -> Any:
        for each, made in buttons.items():
            made.set(aria_pressed="true" if each == chosen else "false")
        return handler(chosen)

    with group:
        for each, words in choices.items():
            buttons[each] = button(words, lambda each=each: press(each))
            buttons[each].set(aria_pressed="true" if each == value else "false")
    return group


def two_step(words: str, sure: str, done: Handler) -> None:
    """A button that takes something away for good: it asks once more, until one turns from it."""
    client = ui.context.client
    first = button(words, icon="delete", bare=True, classes="small plain")
    second = button(sure, done, classes="small warn", hidden=True)

    def ask(is_asked: bool) -> None:
        first.set(hidden=is_asked)
        second.set(hidden=not is_asked)
        if is_asked:
            client.run_javascript(script("focusOn", second.html_id))

    first.on("click", lambda _: ask(True), args=[])
    second.on("blur", lambda _: ask(False), args=[])


def renamer(words: str, name: str, done: Handler) -> None:
    """A button that shows a field for another name; `done` returns why it cannot be had, if so."""
    client = ui.context.client
    first = button(words, icon="edit", bare=True, classes="small plain")
    with Tag("form", "", "row rename", hidden=True) as form:
        field = Tag("input", type="text", value=name, maxlength="60", aria_label=text.NEW_NAME)
        button(text.SAVE_NAME, classes="small primary").set(type="submit")
        button(text.CANCEL, lambda: show(False), classes="small plain")
        refused = Tag("p", "", "refused small", role="alert", hidden=True)

    def show(is_shown: bool) -> None:
        form.set(hidden=not is_shown)
        first.set(hidden=is_shown)
        refused.say("")
        client.run_javascript(script("focusOn", (field if is_shown else first).html_id))

    async def save(given: GenericEventArguments) -> None:
        said = done(_only(given))
        said = await said if isinstance(said, Awaitable) else said
        if said is not None:
            refused.say(said)
        elif not form.is_deleted:
            show(False)

    first.on("click", lambda _: show(True), args=[])
    field.on("keydown.escape", lambda _: show(False), args=[])
    form.on("submit", save, js_handler=_SUBMIT)


def script(function: str, *values: Any) -> str:
    """A call of a function of the page's script with JSON values."""
    return f"{function}({', '.join(json.dumps(each) for each in values)})"


def _only(given: GenericEventArguments) -> Any:
    return given.args[0] if isinstance(given.args, list) else given.args
