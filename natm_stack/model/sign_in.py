# SPDX-License-Identifier: AGPL-3.0-or-later
"""The parts of platform.yml about members: how they sign in, and who keeps their accounts."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Literal

from pydantic import Field, model_validator

from ..i18n import _
from .base import AbsolutePath, FileModel, Identifier, Key, Port, Text, Texts


class ProgramSpec(FileModel):
    """A program in a running service."""

    service: Identifier
    command: list[str] = Field(min_length=1)


class MembersSpec(FileModel):
    """How accounts are made: a program in a running service that speaks our small protocol.

    It is called with an action (create, reset, remove, list, purge, end) as its last word and one
    JSON object on standard input; it prints one JSON object. See CONTRIBUTING.md.
    An account platform's program knows more of them, for all the others.
    """

    service: Identifier
    command: list[str] = Field(min_length=1)
    standing: bool = Field(
        default=False,
        description="Accounts cannot be deleted: proofs use standing ones, locked between runs.",
    )
    steward_proofs: bool = Field(
        default=False,
        description="Proofs need a steward: the first of their throwaway members is one.",
    )
    proof_members: int = Field(
        default=2, ge=1, le=5, description="How many throwaway members its proofs have.")
    remains: Texts = Field(
        default={}, description="What stays of a member who is removed, and how to save or delete "
        "it: a sentence that stewards are told.")
    invites: ProgramSpec | None = Field(
        default=None, description="An account platform's program that makes one-time links.")


class MailUse(FileModel):
    """That a platform sends mail: the service gets a way out where the stack has a mail server."""

    service: Identifier
    reason: Text


Method = Literal["native", "header", "ldap", "oidc"]


class SignIn(FileModel):
    """A way to sign in; the list in platform.yml is in order of preference.

    The first one is taken that the stack's account platform provides; `native`, accounts of the
    platform's own, is there without one.
    """

    method: Method
    service: Identifier | None = Field(
        default=None, description="ldap, oidc: the service that asks the account platform.")
    secret: Key | None = Field(
        default=None, description="ldap, oidc: which of the secrets is its password there.")
    route: str | None = Field(default=None, description="oidc: the route that members come by.")
    redirect_paths: list[AbsolutePath] = Field(
        default=[], description="oidc: where on that route a sign-in may end.")
    logout_paths: list[AbsolutePath] = Field(
        default=[], description="oidc: where on that route a sign-out may end.")

    @model_validator(mode="after")
    def _complete(self) -> SignIn:
        if self.method in ("ldap", "oidc") and not (self.service and self.secret):
            raise ValueError(_("sign-in by {method} needs service and secret").format(
                method=self.method))
        if self.method == "oidc" and (self.route is None or not self.redirect_paths):
            raise ValueError(_("sign-in by oidc needs route and redirect_paths"))
        return self


class ProvidedSpec(FileModel):
    """A way of signing in that an account platform provides to the others."""

    service: Identifier
    port: Port
    base: str | None = Field(
        default=None, pattern=r"^[a-z]+=[a-z0-9-]+(,[a-z]+=[a-z0-9-]+)*$",
        description="ldap: what people, groups and services stand under, as in dc=natm.")
    route: str | None = Field(
        default=None, description="header: where members sign in; oidc: the issuer's route.")
    cookie: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9_-]{1,60}$",
        description="header: the gate's cookie, which the edge shows to no other platform.")


class GateSpec(FileModel):
    """What the gate in front of a route does, where the platform signs in by `header`.

    The edge asks the account platform who somebody is and tells the platform by the headers
    Remote-User, Remote-Name (UTF-8), Remote-Email and Remote-Groups, which come from nobody else.
    """

    lets_in: Literal["members", "programs", "everyone"] = Field(
        default="members",
        description="members: nobody else; programs: also those that send a member's name and "
        "password with each request, which the platform never sees; everyone: strangers too, and "
        "the platform is told who is a member.")
    opened_by: Key | None = Field(
        default=None,
        description="A setting: with one of its values that `opens` names, everyone is let in.")
    shows: str = Field(
        pattern=r"^/[A-Za-z0-9_./?=&:;|-]*$",
        description="An address where a member who is signed in finds their own account name.")

    @model_validator(mode="after")
    def _opens_for_members(self) -> GateSpec:
        if self.opened_by is not None and self.lets_in != "members":
            raise ValueError(_("opened_by opens what is for members: lets_in must say so"))
        return self


def unmet_sign_in(
    ways: Iterable[SignIn], provides: Iterable[ProvidedSpec], *,
    services: Container[str], secrets: Container[str], routes: Container[str],
) -> list[str]:
    """Names in `sign_in` and `provides` that the rest of the file does not have."""
    parts: list[SignIn | ProvidedSpec] = [*ways, *provides]
    problems = [
        _("sign_in or provides names service {service}, which services lacks").format(
            service=part.service)
        for part in parts if part.service and part.service not in services]
    problems += [
        _("sign_in names secret {secret}, which secrets lacks").format(secret=part.secret)
        for part in parts
        if isinstance(part, SignIn) and part.secret and part.secret not in secrets]
    return problems + [
        _("sign_in or provides names route {route}, which routes lacks").format(
            route=repr(part.route))
        for part in parts if part.route is not None and part.route not in routes]
