# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tells natm what Ansible does: one JSON object a line, into the file NATM_EVENTS names."""

from __future__ import annotations

import json
import os
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: natm_events
    type: notification
    short_description: Writes one JSON object for every task that begins or ends
    description: Used by natm to show progress; it never writes what a task hides with no_log.
"""


class CallbackModule(CallbackBase):
    """Writes events; what a task hides with no_log stays hidden."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "natm_events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self._stream = open(os.environ["NATM_EVENTS"], "a", encoding="utf-8", buffering=1)

    def _say(self, event, host, task, **more):
        line = {"at": time.time(), "event": event, "host": host, "task": task, **more}
        self._stream.write(json.dumps(line) + "\n")

    def v2_runner_on_start(self, host, task):
        self._say("start", host.get_name(), task.get_name())

    def v2_runner_on_ok(self, result):
        self._say("ok", result._host.get_name(), result._task.get_name(),
                  changed=bool(result._result.get("changed")))

    def v2_runner_on_skipped(self, result):
        self._say("skipped", result._host.get_name(), result._task.get_name())

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if ignore_errors:
            return self._say("ok", result._host.get_name(), result._task.get_name(), changed=False)
        hidden = result._result.get("_ansible_no_log") or result._task.no_log
        return self._say("failed", result._host.get_name(), result._task.get_name(),
                         action=result._task.action,
                         message="" if hidden else _words(result._result))

    def v2_runner_on_unreachable(self, result):
        self._say("unreachable", result._host.get_name(), result._task.get_name(),
                  message=_words(result._result))


def _words(result):
    """What went wrong, in Ansible's or the program's own words."""
    parts = [str(result.get("msg", "")), str(result.get("stderr", "")).strip()]
    for item in result.get("results", []):
        if isinstance(item, dict) and item.get("failed"):
            parts.append(str(item.get("msg", "")))
    text = "\n".join(dict.fromkeys(p for p in parts if p))
    # The beginning says what failed, the end what a container said last.
    return text if len(text) < 8000 else f"{text[:1500]}\n[...]\n{text[-6000:]}"
