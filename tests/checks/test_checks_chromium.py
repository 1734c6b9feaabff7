# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the browser is told about names and authorities (the browser itself is proved for real)."""

from __future__ import annotations

from natm_stack.checks.chromium import FLAGS, certificates, resolver_rules
from natm_stack.checks.job import Stack


def stack(**urls: str) -> Stack:
    return Stack("commons.localhost", "/ca.crt", ("172.28.0.66", 443), {}, urls, {}, {})


def test_only_the_stacks_names_lead_anywhere():
    rules = resolver_rules(stack(chat="https://chat.commons.localhost", docs="https://d.test:8443"))
    assert rules == (
        "MAP chat.commons.localhost:443 172.28.0.66:443, MAP d.test:8443 172.28.0.66:443, "
        "MAP * ~NOTFOUND, EXCLUDE 172.28.0.66"
    )


def test_ports_past_the_edge_lead_to_the_service_behind_them():
    made = Stack("c.test", "/ca.crt", ("172.28.0.66", 443), {}, {"video": "https://v.c.test"}, {}, {
        "20000-20047/udp": ("janus-janus", 20000), "3478/udp": ("janus-turn", 3478),
        "3478/tcp": ("janus-turn", 3478), "5349/tcp": ("janus-turn", 5349)})
    assert resolver_rules(made, {"janus-turn": "172.28.1.3"}.__getitem__) == (
        "MAP v.c.test:443 172.28.0.66:443, MAP v.c.test:3478 172.28.1.3:3478, "
        "MAP v.c.test:0 172.28.1.3:3478, MAP v.c.test:5349 172.28.1.3:5349, "
        "MAP * ~NOTFOUND, EXCLUDE 172.28.0.66, EXCLUDE 172.28.1.3"
    )


def test_certificates_are_always_checked():
    assert not any("certificate" in flag or "insecure" in flag for flag in FLAGS)


def test_a_bundle_is_taken_apart():
    one = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    assert certificates(f"# a root\n{one}\n# another\n{one}") == [one, one]
    assert certificates("") == []
