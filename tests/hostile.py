# SPDX-License-Identifier: AGPL-3.0-or-later
"""Values that would be programs, structure or line breaks in one language or another."""

from __future__ import annotations

from hypothesis import strategies as st

HOSTILE = [
    "$HOME ${PATH} $$", "'\"`", "\\", "a\\", '"}', "a\nb", "\r", "a: b # c", "{{ 7*7 }}", "{% x %}",
    "{$HOME} {env.HOME}", "../../etc", "..", "\x00", "\x1b[0m", "\x7f", "\x85", "\x9f", "\u2028",
    "\u2029", "\ufeff", "\ufffe", "</script>", "<!--", "<% x %>", "?>", "]]", "--[[", "|", "&x",
    "*x", "!tag", "- a", "--all", "%", "@", "# x", " ", "", "\u202eabc", "नमस्ते", "שלום", "😀",
    "\ud800", "no", "~", "2.10", "0750", "1:30", "2026-01-01", "x" * 5000,
]

texts = st.one_of(
    st.sampled_from(HOSTILE), st.text(st.characters(), max_size=80),
    st.lists(st.sampled_from(HOSTILE), max_size=4).map("".join))
"""Such values, pieces of them put together, and any text at all."""
