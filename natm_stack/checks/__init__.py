# SPDX-License-Identifier: AGPL-3.0-or-later
"""What proofs are written with. It runs in the verifier's container and needs nothing else of ours.

A proof is a pytest function in a platform's `proofs.py`. It does on the live server what a member
does, and asserts what came of it: the text is the same text, the bytes are the same bytes, what
should be refused was refused. The first line of its docstring is what a volunteer reads in the
table of results, so it begins with "A member ...":

    import pytest

    def test_page_is_read_back(stack, members, web, marker):
        "A member writes a page and reads the same words back."
        ada = members[0]
        with web() as client:
            answer = client.post(f"{stack.url('docs')}/api", data={"text": marker, ...})
            assert answer.status_code == 200, "the page was not saved"
            ...

    @pytest.mark.browser
    def test_sign_in_page(stack, members, browser):
        "A member signs in with a browser."
        browser.goto(stack.url("docs"))

Fixtures (natm_stack.checks.plugin):

    stack     the stack as a member meets it. Routes are named as in platform.yml, "" is the domain:
              .domain  .settings (of this platform)  .ca_file (what members trust)
              .host("docs")     "docs.commons.example.org"
              .url("docs")      "https://docs.commons.example.org", with a port where it is not 443
              .address("docs")  the address to connect to: the edge's
              .connect("docs")  (address, port), for clients that take both beside a name
              .port("5222/tcp") (address, port) of a port published past the edge
              .sign_in          how members come in: "native", "header", "ldap", "oidc"; where it is
                                not native, .url("account") and .url("gate") are there too
              .tls()            an `ssl.SSLContext` that trusts what members trust and nothing else
    members   two throwaway members made on this platform for this run, gone after it:
              .name  .password. Their names begin with "natm-proof-". The first is a steward where
              platform.yml says `steward_proofs: true` under `members`.
    web       web() is a new httpx.Client: checks certificates against ca_file, follows no redirect,
              waits 20 seconds at most, is closed after the proof. web(member) also sends HTTP
              Basic sign-in.
    visit     where members come in by the one account (`stack.sign_in == "header"`): visit(member)
              is an httpx.Client that has signed in at the gate, as a browser has.
    account   account() is a browser without scripts for the sign-in itself (checks.account).
    browser   a page of a real Chromium with an empty profile (Playwright's sync API), which
              checks certificates like any browser. Such proofs carry `@pytest.mark.browser`.
    browsers  browsers() is one more such page, with cookies of its own: another person.
    marker    a string that occurs nowhere else: put it in what you write, then look for it.

What to know:

- A proof has 120 seconds, fixtures included, and is then "failed". Waiting is done in short steps
  with a limit of its own, so that the cause can be told in words.
- Give every assertion its message: it is the cause people read. Passwords in it are blotted out.
- `@pytest.mark.one_account` and `@pytest.mark.own_accounts` stand on proofs of what there is with
  one way of signing in alone; with the other they are not counted.
- `pytest.skip("why")` gives "not run", never "passed". So do proofs for a browser in a run without
  one, and proofs that need members where none could be made.
- Proofs of one platform run one after the other; those of other platforms at the same time.
- A proof removes what it made when the platform's `purge` cannot.
- Names resolve in the container, but only to the edge: nothing else can be reached from there.
- Playwright's sync API keeps an event loop running: no `asyncio.run` while `browser` is in use.
"""
