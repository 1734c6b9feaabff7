# SPDX-License-Identifier: AGPL-3.0-or-later
"""criteria.yml: the questions a dossier answers, and the words it may answer with.

Which questions there are is data. The code knows only what kinds of answer there can be.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from ..i18n import _
from .base import FileModel, Key, Texts

UNKNOWN, CONTESTED, NOT_APPLICABLE = "unknown", "contested", "not_applicable"
"""What every facet may say besides its own words."""

Flag = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,40}$")]
Method = Annotated[str, StringConstraints(pattern=r"^M-[A-Z]{2,10}$")]
Drift = Literal["major", "minor", "patch", "event"]
Pattern = Annotated[str, StringConstraints(pattern=r"^\^.*\$$", max_length=200)]


class Facet(FileModel):
    """One thing that can be known, and what may be said about it."""

    says: Texts = Field(description="Its name, for people.")
    one: list[str] | None = Field(default=None, description="One of these words.")
    many: list[str] | None = Field(default=None, description="Several of these words.")
    many_like: Pattern | None = Field(default=None, description="Several words of this form.")
    number: str | None = Field(default=None, description="A number, in this unit.")
    map: list[str] | None = Field(default=None, description="For each of these ...")
    map_like: Pattern | None = Field(default=None, description="For each word of this form ...")
    to: list[str] | None = Field(default=None, description="... one of these words.")

    @model_validator(mode="after")
    def _one_kind(self) -> Facet:
        kinds = (self.one, self.many, self.many_like, self.number, self.map, self.map_like)
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError(
                _("give one kind of answer: one, many, many_like, number, map, map_like"))
        if (self.to is None) == bool(self.map or self.map_like):
            raise ValueError(_("`to` belongs to map and map_like, and to nothing else"))
        return self

    def problem(self, value: Any) -> str | None:
        """What is wrong with a value for this facet, or None."""
        if self.one is not None:
            return None if value in self.one else f"choose one of: {', '.join(self.one)}"
        if self.number is not None:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            good = number and 0 <= value < 1e12
            return None if good else f"this should be a number ({self.number}), not below zero"
        if self.many is not None or self.many_like is not None:
            return self._list_problem(value)
        return self._map_problem(value)

    def _list_problem(self, value: Any) -> str | None:
        if not isinstance(value, list):
            return "this should be a list, in square brackets"
        return next((p for p in map(self._word_problem, value) if p), None)

    def _word_problem(self, word: Any) -> str | None:
        allowed = self.many if self.many is not None else self.map
        if allowed is not None:
            return None if word in allowed else f"{word!r} is not one of: {', '.join(allowed)}"
        good = isinstance(word, str) and re.search(self._form, word)
        return None if good else f"{str(word)[:60]!r} does not fit {self._form}"

    def _map_problem(self, value: Any) -> str | None:
        if not isinstance(value, dict) or not value:
            return "this should be keys and values, as in {en: complete}"
        allowed = self.to or []
        for key, word in value.items():
            problem = self._word_problem(key)
            if problem:
                return problem
            if word != UNKNOWN and word not in allowed:
                return f"{key}: choose one of: {', '.join(allowed)}"
        return None

    @property
    def _form(self) -> str:
        return (self.many_like or self.map_like or "")[:-1] + r"\Z"


class Again(FileModel):
    """When an answer must be looked at again: after months, or when the version moves so far."""

    months: int = Field(ge=1, le=60)
    after: Drift


class Question(FileModel):
    """One question, what it wants as evidence, who can look, and its facets."""

    number: str = Field(pattern=r"^V[0-9]{2}$")
    asks: Texts
    wants: Texts
    who: list[Key] = Field(min_length=1)
    again: Again
    methods: list[Method] = []
    facets: dict[Key, Facet] = Field(min_length=1)


class Basis(FileModel):
    """A kind of ground for a claim."""

    says: Texts
    wants: Key | None = Field(default=None, description="The kind of evidence it must come with.")
    hearsay: bool = Field(
        default=False, description="Counts against a platform only where a policy accepts it.")


class MethodSpec(FileModel):
    """How a result is gathered, and what it cannot see."""

    does: Texts
    blind: Texts


class Criteria(FileModel):
    """All questions."""

    criteria: Literal["natm-criteria/1"]
    version: str
    stands_as: Texts
    oldest_months: int = Field(ge=1, le=18)
    bases: dict[Key, Basis]
    assessors: dict[Key, Texts]
    methods: dict[Method, MethodSpec]
    anti_features: dict[Flag, Texts]
    questions: dict[Key, Question] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_meet(self) -> Criteria:
        for id_, question in self.questions.items():
            strange = {*question.who} - {*self.assessors} | {*question.methods} - {*self.methods}
            if strange:
                raise ValueError(_("{id} names what is not there: {names}").format(
                    id=id_, names=", ".join(sorted(strange))))
        return self

    @cached_property
    def facets(self) -> dict[str, Facet]:
        """Every facet by its whole name, `question.facet`."""
        return {f"{id_}.{name}": facet for id_, question in self.questions.items()
                for name, facet in question.facets.items()}

    def facet(self, path: str) -> Facet | None:
        """The facet of a path; a third part names one key of a map."""
        found = self.facets.get(".".join(path.split(".")[:2]))
        inner = path.split(".")[2:]
        if found is None or len(inner) > 1 or (inner and found.to is None):
            return None
        return found
