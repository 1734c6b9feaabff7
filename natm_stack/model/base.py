# SPDX-License-Identifier: AGPL-3.0-or-later
"""What all models of files that people write have in common."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from ..i18n import _


class FileModel(BaseModel):
    """Strict: unknown keys and loose types are refused, so that a slip is seen at once."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
"""A short name: lower-case ASCII letters, digits and hyphens, beginning with a letter."""

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
"""The name of a setting, secret or volume; usable as a variable in a template."""

Mode = Annotated[str, StringConstraints(pattern=r"^0[0-7]{3}$")]
"""File mode bits as four octal digits in quotes, for instance "0750"."""

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""A BCP 47 language tag, for instance en or pt-BR."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=400)]
"""A sentence or two, for people."""

Port = Annotated[int, Field(ge=1, le=65535)]

AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9_./@-]*$")]

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def check_domain(value: str) -> str:
    """Accept a DNS name in its ASCII form; `ValueError` says how to write another one."""
    if not value.isascii():
        raise ValueError(_("write the domain in its ASCII form, {ascii} instead of {given}").format(
            ascii=_punycode(value), given=value))
    labels = value.split(".")
    if len(value) > 200 or len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError(_("this is not a domain name; an example: commons.example.org"))
    return value


def _punycode(value: str) -> str:
    try:
        return value.encode("idna").decode("ascii")
    except UnicodeError:
        return "xn--..."


Domain = Annotated[str, AfterValidator(check_domain)]

Texts = dict[Language, Annotated[str, StringConstraints(min_length=1, max_length=400)]]
"""The same text in several languages; English (`en`) is always there."""


def text_in(texts: Texts, language: str) -> str:
    """The text in this language, or in the base language, or in English."""
    return texts.get(language) or texts.get(language.split("-")[0]) or texts["en"]


def texts_field(description: str) -> Texts:
    """A field for `Texts` with its description."""
    made: Texts = Field(description=description, examples=[{"en": "Chat", "fr": "Discussion"}])
    return made


Words = dict[Language, Annotated[str, StringConstraints(min_length=1, max_length=1500)]]
"""A community's own words, in whichever languages it writes; none of them is compulsory."""


def words_in(words: dict[str, str], languages: tuple[str, ...]) -> str:
    """The words in the first of these languages they exist in, else in English, else in any."""
    for language in (*languages, "en"):
        for tag in (language, language.split("-")[0]):
            if tag in words:
                return words[tag]
    return next(iter(words.values()), "")


def _day(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    if isinstance(value, date):
        return value
    raise ValueError(_("this should be a day, written like 2026-05-23"))


Day = Annotated[date, BeforeValidator(_day)]
"""A day, written year-month-day."""


def months_later(day: date, months: int) -> date:
    """The same day some months later, or the last day of that month."""
    years, month = divmod(day.month - 1 + months, 12)
    year = min(day.year + years, date.max.year - 1)
    last = (date(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))
