# SPDX-License-Identifier: AGPL-3.0-or-later
"""What `natm members` commands show people; importing this teaches `as_text`."""

from __future__ import annotations

import io

from ..i18n import _, ngettext
from ..model.members import (
    Adoption,
    GroupsReport,
    Invitation,
    MemberAccount,
    MembersReport,
    NewMembers,
    Problem,
    ShownMember,
)
from .show import as_text, table

SHOWN = 50
"""So many wrong lines are enough to see what is the matter."""


@as_text.register
def members_text(report: MembersReport) -> str:
    """Members, or what became of one."""
    if report.name is None:
        rows = [(m.name, m.display_name, _role(m), ", ".join(m.groups),
                 _("locked") if m.disabled else ", ".join(m.platforms)) for m in report.members]
        head = (_("name"), _("display name"), _("role"), _("groups"), _("platforms"))
        text = table(head, rows)
    else:
        text = "\n".join(f"✓ {id_}" for id_ in report.done)
    text += "".join(f"\n✗ {id_}: {why}" for id_, why in report.failed.items())
    if report.first_password:
        text += "\n\n" + _(
            "{name}'s first password, shown this once: {password}\n"
            "Hand it over in person or by another safe way.").format(
            name=report.name, password=report.first_password)
    if report.remains:
        text += "\n\n" + _("What remains of {name}:").format(name=report.name)
        text += "".join(f"\n  {id_}: {says}" for id_, says in report.remains.items())
    return text.lstrip("\n")


def _role(member: MemberAccount) -> str:
    return _("steward") if member.steward else ""


@as_text.register
def shown_text(shown: ShownMember) -> str:
    """One member, line by line."""
    one = shown.member
    state = _("removed") if shown.removed else _("locked") if one.disabled else _("open")
    lines = [(_("name"), one.name), (_("display name"), one.display_name),
             (_("state"), state), (_("role"), _role(one) or _("member")),
             (_("groups"), ", ".join(one.groups)), (_("e-mail"), one.email),
             (_("platforms"), ", ".join(one.platforms)), (_("account since"), shown.since),
             (_("password since"), shown.password_since),
             (_("second factor"), _("on") if shown.second_factor else "")]
    text = "\n".join(f"{label}: {value}" for label, value in lines if value)
    return text + "".join(f"\n✗ {id_}: {why}" for id_, why in shown.failed.items())


@as_text.register
def groups_text(report: GroupsReport) -> str:
    """Groups, and who is in them."""
    return table((_("group"), _("members")),
                 [(one.name, ", ".join(one.members)) for one in report.groups])


@as_text.register
def new_text(report: NewMembers) -> str:
    """New members with their passwords or links, or what is wrong with their lines."""
    if report.problems:
        return _problems(report.problems)
    parts = []
    if report.first_passwords:
        parts += [table((_("name"), _("first password")), list(report.first_passwords.items())),
                  _("Shown this once. Hand each over in person or by another safe way.")]
    parts += [_invitation(one, code=report.count == 1) for one in report.invitations]
    if report.kept_in:
        parts.append(_("written to {file}, which only you can read; delete it when all is "
                       "handed over").format(file=report.kept_in))
    parts += [f"✗ {id_}: {why}" for id_, why in report.failed.items()]
    if not report.invitations:
        words = ngettext("{n} account was made", "{n} accounts were made", report.count) if (
            report.made) else ngettext("{n} member can be made, nothing is wrong",
                                       "{n} members can be made, nothing is wrong", report.count)
        parts.append(words.format(n=report.count))
    return "\n".join(parts)


def _problems(problems: tuple[Problem, ...]) -> str:
    lines = [f"✗ {one.where}: {one.message}" for one in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(_("and {n} more").format(n=len(problems) - SHOWN))
    return "\n".join([*lines, _("Nothing was changed.")])


def _invitation(one: Invitation, *, code: bool) -> str:
    """A link that works once, and where it went."""
    if one.sent:
        return _("✓ {name}: sent to {email}; it works once, until {until}").format(
            name=one.name, email=one.email, until=one.until)
    lines = [_("✗ {name}: the letter to {email} could not be sent: {why}").format(
        name=one.name, email=one.email, why=one.why)] if one.why else []
    if one.url:
        lines += [_("{name}: works once, until {until}").format(name=one.name, until=one.until),
                  f"  {one.url}"]
        lines += [_qr(one.url), _("Give it to nobody else: whoever opens it first gets the "
                                  "account.")] if code else []
    return "\n".join(lines)


def _qr(text: str) -> str:
    """The link for a telephone's camera."""
    import segno

    drawn = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(drawn, border=2, compact=True)
    return drawn.getvalue().rstrip("\n")


@as_text.register
def adoption_text(report: Adoption) -> str:
    """Whose accounts were taken over, and which are left to a steward."""
    parts = [_("taken into the one account: {names}").format(
        names=", ".join(report.adopted) or _("nobody"))]
    if report.locked:
        parts.append(_("locked, as before; their names stay taken: {names}").format(
            names=", ".join(report.locked)))
    if report.stewards:
        parts.append(_("stewards: {names}").format(names=", ".join(report.stewards)))
    left = {name: ids for name, ids in report.called_stewards.items()
            if name not in report.stewards}
    if left:
        parts.append(_("called stewards by a platform, and none here unless you name them by "
                       "--steward NAME: {names}").format(names=", ".join(
                           f"{name} ({', '.join(ids)})" for name, ids in left.items())))
    if report.foreign:
        parts += ["", _("Not natm's names; what was made with them stays under them:"), table(
            (_("platform"), _("account"), _("display name"), _("belongs to")),
            [(one.platform, one.name, one.display_name, one.belongs_to or "?")
             for one in report.foreign])]
    if any(not one.belongs_to for one in report.foreign):
        parts.append(_("`natm members adopt --match OLD=NAME` notes whose they are. natm cannot "
                       "rename them: docs/people.md says what each platform can."))
    parts += [f"✗ {id_}: {why}" for id_, why in report.failed.items()]
    return "\n".join([*parts, "", new_text(report.people)]) if report.people.count else (
        "\n".join(parts))
