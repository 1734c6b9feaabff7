# SPDX-License-Identifier: AGPL-3.0-or-later
"""natm decide"""

from __future__ import annotations

import sys
from typing import Any

import click

from ..errors import UsageError
from ..i18n import _
from ..plaintext import visible
from .app import App

OUTCOMES = ["trial", "adopt", "adopt_with_conditions", "override", "defer", "refuse", "leave"]


@click.command("decide")
@click.argument("id_", metavar="ID")
@click.option("--outcome", type=click.Choice(OUTCOMES), default=None, help=_("What you decided."))
@click.option("--reason", default=None, help=_("Why, in your own words."))
@click.option("--by", multiple=True, metavar="NAME[:ROLE]",
              help=_("Who decided; repeatable, a pseudonym will do."))
@click.option("--acknowledge", multiple=True, metavar="RULE",
              help=_("A flag you own up to; repeatable, `all` names every one."))
@click.option("--override", "overrides", multiple=True, metavar="RULE",
              help=_("A refusal you go past; repeatable."))
@click.option("--harmed", default="", help=_("Who could be harmed."))
@click.option("--asked", default="", help=_("Who was asked."))
@click.option("--alternative", multiple=True,
              help=_("What else you looked at; repeatable. No technology is always among it."))
@click.option("--condition", multiple=True, help=_("What must be done first; repeatable."))
@click.option("--dissent", multiple=True, help=_("What somebody said against it; repeatable."))
@click.option("--reduces-harm", default="", help=_("An override: what makes the harm smaller."))
@click.option("--responsible", multiple=True, metavar="NAME[:ROLE]",
              help=_("An override: who carries it; repeatable."))
@click.option("--exit-plan", default="", help=_("How you would leave it again."))
@click.option("--reconsider-if", default="", help=_("A no: what would change your mind."))
@click.option("--publish", is_flag=True, help=_("A no that may be told with others' noes."))
@click.option("--until", default=None, metavar="DAY",
              help=_("When you look at it again, for instance 2027-05-23."))
@click.pass_obj
def command(app: App, /, id_: str, **given: Any) -> int:
    """Write down what your community decided about a platform, and why.

    Example: natm decide prosody --outcome adopt --reason "We tried it" --by "Ada:assembly"
    """
    from ..flows.decide import Answers, decide, question

    verdict, _policy = question(app.workspace, id_)
    if not (given["outcome"] and given["reason"] and given["by"]):
        _ask(app, given, verdict)
    flags = verdict.named("flag")
    owned = flags if "all" in given["acknowledge"] else tuple(given["acknowledge"])
    texts = {"who_could_be_harmed": given["harmed"], "who_was_asked": given["asked"],
             "reduces_harm": given["reduces_harm"], "exit_plan": given["exit_plan"],
             "would_reconsider_if": given["reconsider_if"]}
    return app.show(decide(app.workspace, id_, Answers(
        given["outcome"], given["reason"], tuple(map(_person, given["by"])), owned,
        tuple(given["overrides"]), texts, tuple(given["alternative"]), tuple(given["condition"]),
        tuple(given["dissent"]), tuple(map(_person, given["responsible"])), given["until"],
        given["publish"])), "decide/1")


def _person(text: str) -> tuple[str, str]:
    name, _colon, role = text.partition(":")
    return name.strip(), role.strip()


def _ask(app: App, given: dict[str, Any], verdict: Any) -> None:
    """The guide: shows what is known, then asks what the flags left open."""
    if not sys.stdin.isatty():
        raise UsageError(_("--outcome, --reason and --by are needed where nobody can be asked"),
                         code="usage.missing")
    from datetime import date

    from .show_vet import verdict_text

    app.note(verdict_text(verdict, date.today()))
    given["outcome"] = given["outcome"] or click.prompt(
        _("What did you decide?"), type=click.Choice(OUTCOMES), err=True)
    given["reason"] = given["reason"] or click.prompt(_("Why?"), err=True)
    if given["outcome"] in ("adopt", "adopt_with_conditions", "override"):
        given["acknowledge"] = tuple(r.rule for r in verdict.rules if r.result == "flag" and (
            click.confirm(visible(_("Own up to {rule}: {why}").format(
                rule=r.rule, why=r.why)), err=True)))
    if given["outcome"] == "override":
        given["overrides"] = tuple(r.rule for r in verdict.rules if r.result == "refuse" and (
            click.confirm(visible(_("Go past {rule}: {why}").format(
                rule=r.rule, why=r.why)), err=True)))
        given["reduces_harm"] = click.prompt(_("What makes the harm smaller?"), err=True)
        given["responsible"] = _many(_("Who carries it?"))
    for key, words in [("harmed", _("Who could be harmed?")), ("asked", _("Who was asked?")),
                       ("exit_plan", _("How would you leave it again?"))]:
        given[key] = given[key] or click.prompt(words, default="", show_default=False, err=True)
    given["alternative"] = _many(_("What else did you look at? (none at all is added)"))
    given["dissent"] = _many(_("What did anyone say against it?"))
    given["by"] = _many(_("Who decided? NAME, or NAME:ROLE")) or (
        click.prompt(_("At least one name"), err=True),)


def _many(question: str) -> tuple[str, ...]:
    """Answers one to a line, until an empty one."""
    found: list[str] = []
    while True:
        answer = click.prompt(question, default="", show_default=False, err=True).strip()
        if not answer:
            return tuple(found)
        found.append(answer)
