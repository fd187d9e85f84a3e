"""The form of all options, made from the house's table; what is refused stands beside its field."""

from collections.abc import Callable, Mapping
from typing import Any

from jaxtex.errors import JaxtexError
from jaxtex.options import Option, grouped
from jaxtex.ui import text
from jaxtex.ui.parts import Tag, heading, on_checked, on_value
from jaxtex.ui.runs import asked


class Options:
    """Values of options by name; `changed` gets all of them after each that is allowed."""

    def __init__(self, values: Mapping[str, Any], changed: Callable[[dict[str, Any]], Any]) -> None:
        self.values, self.changed = dict(values), changed
        self.fields: dict[str, tuple[Tag, Tag]] = {}
        self.counts: dict[str, Tag] = {}
        self.groups: dict[str, Tag] = {}

    def build(self, *, fixed: bool) -> None:
        """Makes the form; what is `fixed` can be read only."""
        with Tag("section", "", "options", aria_label=text.OPTIONS):
            heading(text.OPTIONS)
            for group, members in grouped(list(asked.FORM.values())).items():
                with Tag("details", "", "group") as folded:
                    with Tag("summary"):
                        Tag("span", group, "grow")
                        self.counts[group] = Tag("span", "", "quiet small")
                    with Tag("fieldset"):
                        Tag("legend", group, "unseen")
                        for option in members:
                            self.groups[option.name] = folded
                            self._field(option, fixed=fixed)
        self._count()

    def set(self, name: str, value: Any) -> None:
        """Takes a value over from elsewhere on the page.

        Raises:
          SettingsError: it is refused.
        """
        values = {**self.values, name: value}
        if value is None:
            del values[name]
        asked.check_options(values)
        self.show(name, value)
        self.changed(values)

    def show(self, name: str, value: Any) -> None:
        """Shows a value that was said elsewhere."""
        values = {key: each for key, each in self.values.items() if key != name}
        self.values = values if value is None else {**values, name: value}
        if name in self.fields:
            self.fields[name][0].set(value=_shown(asked.FORM[name], value))
        self._count()

    def refuse(self, said: str) -> None:
        """Shows a sentence beside the field that it is about, if there is one."""
        name = asked.field_of(said)
        if name is not None and name in self.fields:
            self.groups[name].set(open="")
            self._show_error(name, said)

    def _field(self, option: Option, *, fixed: bool) -> None:
        hint, error = f"hint-{option.name}", f"error-{option.name}"
        value = self.values.get(option.name)
        with Tag("div", "", "field"):
            with Tag("label", "", "row" if option.kind == "flag" else ""):
                if option.kind == "flag":
                    field = Tag("input", type="checkbox", checked=bool(value))
                Tag("span", _words(option.name), "name")
                if option.kind == "choice":
                    field = self._choices(option, value)
                elif option.kind != "flag":
                    field = self._words(option, value)
            field.set(aria_describedby=f"{hint} {error}", name=option.name, disabled=fixed)
            Tag("p", option.help, "quiet small", id=hint)
            said = Tag("p", "", "refused small", id=error, role="alert", hidden=True)
        if option.kind == "flag":
            on_checked(field, lambda given: self._take(option, given or None))
        else:
            on_value(field, lambda given: self._type(option, str(given)))
        self.fields[option.name] = field, said

    def _choices(self, option: Option, value: Any) -> Tag:
        field = Tag("select")
        with field:
            Tag("option", option.said_default or text.PRESETS_OWN, value="", selected=value is None)
            for each in option.choices:
                Tag("option", each, value=each, selected=each == value)
        return field

    def _words(self, option: Option, value: Any) -> Tag:
        field = Tag("input", type="text", autocomplete="off", spellcheck="false")
        default = option.said_default or option.shape
        field.set(value=_shown(option, value), placeholder=default)
        if option.kind in ("number", "whole"):
            field.set(inputmode="decimal")
        if option.choices:
            field.set(list=f"list-{option.name}")
            with Tag("datalist", id=f"list-{option.name}"):
                for each in option.choices:
                    Tag("option", value=each)
        return field

    def _type(self, option: Option, words: str) -> None:
        try:
            value = asked.parse(option, words)
        except JaxtexError as error:
            self._show_error(option.name, str(error), words)
        else:
            self._take(option, value, words)

    def _take(self, option: Option, value: Any, words: str | None = None) -> None:
        values = {key: each for key, each in self.values.items() if key != option.name}
        if value is not None:
            values[option.name] = value
        try:
            asked.check_options(values)
        except JaxtexError as error:
            self._show_error(option.name, str(error), words)
            return
        self._show_error(option.name, "", words)
        self.values = values
        self._count()
        self.changed(values)

    def _show_error(self, name: str, said: str, words: str | None = None) -> None:
        """Shows a sentence beside a field, or none; what was typed there stays."""
        field, error = self.fields[name]
        field.set(aria_invalid="true" if said else None)
        if words is not None:
            field.set(value=words)
        error.say(said)

    def _count(self) -> None:
        for group, members in grouped(list(asked.FORM.values())).items():
            count = sum(option.name in self.values for option in members)
            if group in self.counts:
                self.counts[group].say(text.GROUP_COUNT.format(count=count) if count else "")


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _shown(option: Option, value: Any) -> str:
    if value is None:
        return ""
    if option.several and isinstance(value, list):
        return " ".join(f"{each:g}" if isinstance(each, float) else str(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
