# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a member does with files, tried on the live server."""

from __future__ import annotations

import hashlib
import os
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import httpx
import pytest

from natm_stack.checks.account import sign_in_page
from natm_stack.checks.up2k import Upload, UploadRefused

MIB = 1024 * 1024


def home(stack: Any, member: Any) -> str:
    """The address of a member's own folder."""
    return f"{stack.url('files')}/~{member.name}/"


def shared(stack: Any, member: Any) -> str:
    """A folder among the shared ones that is removed together with this proof's member."""
    return f"{stack.url('files')}/{stack.settings['shared_folder']}/{member.name}/"


def same(answer: httpx.Response, data: bytes) -> bool:
    """Whether exactly these bytes came back."""
    got = hashlib.sha256(answer.content).digest()
    return answer.status_code == 200 and got == hashlib.sha256(data).digest()


def test_large_file_survives_an_interruption(stack, members, web, marker):
    """A member uploads 20 MB, is cut off half way, goes on later, and gets the same bytes back."""
    data, name = os.urandom(20 * MIB), f"{marker}.bin"
    address = home(stack, members[0])
    first = web(members[0])
    upload = Upload.of(first, address, name, data)
    offer = upload.offer()
    half = len(offer.wanted) // 2
    assert half >= 5, f"the server asked for {len(offer.wanted)} parts only"
    upload.send(offer, offer.wanted[:half])
    first.close()
    again = Upload(web(members[0]), address, name, data, upload.modified)
    assert len(again.offer().wanted) == len(offer.wanted) - half, "the first half was not kept"
    assert again.complete() == len(offer.wanted) - half, "parts went up twice"
    assert same(web(members[0]).get(address + name), data), "other bytes came back"


def test_network_drive(stack, members, web, marker):
    """A member uses the files as a network drive: folder, file, list, read, rename, delete."""
    client, data = web(members[0]), marker.encode() * 1000
    folder = f"{home(stack, members[0])}{marker}"
    assert client.request("MKCOL", folder).status_code == 201, "no folder was made"
    assert client.put(f"{folder}/a.txt", content=data).status_code == 201, "the file was refused"
    newer = data + b"newer"
    assert client.put(f"{folder}/a.txt", content=newer).status_code in (200, 201, 204), \
        "a newer version was refused"
    assert listed(client, folder) == {"a.txt"}, "the list does not hold the one file"
    assert same(client.get(f"{folder}/a.txt"), newer), "other bytes came back"
    moved = client.request("MOVE", f"{folder}/a.txt", headers={"Destination": f"{folder}/b.txt"})
    assert moved.status_code in (201, 204), "the file was not renamed"
    assert same(client.get(f"{folder}/b.txt"), newer), "other bytes came back after renaming"
    assert client.get(f"{folder}/a.txt").status_code == 404, "the old name is still there"
    assert client.delete(folder).status_code in (200, 204), "the folder was not deleted"
    assert client.request("PROPFIND", folder, headers={"Depth": "0"}).status_code == 404, \
        "the deleted folder is still there"


def listed(client: httpx.Client, folder: str) -> set[str]:
    """The names in a folder, by WebDAV."""
    answer = client.request("PROPFIND", folder, headers={"Depth": "1"})
    assert answer.status_code == 207, f"the folder was not listed: {answer.status_code}"
    tree = ElementTree.fromstring(answer.content)
    paths = [str(node.text).rstrip("/") for node in tree.iter("{DAV:}href")]
    own = httpx.URL(folder).path.rstrip("/")
    return {path.rsplit("/", 1)[-1] for path in paths if not path.endswith(own)}


def test_own_folder_is_private(stack, members, web, marker):
    """A member cannot list, read, change or delete anything in another member's own folder."""
    ada, bo = members
    folder, secret = home(stack, ada), f"private {marker}".encode()
    owner, other = web(ada), web(bo)
    assert owner.put(f"{folder}{marker}.txt", content=secret).status_code == 201, "not saved"
    tries = {
        "list": other.get(f"{folder}?ls"),
        "list as a drive": other.request("PROPFIND", folder, headers={"Depth": "1"}),
        "read": other.get(f"{folder}{marker}.txt"),
        "write": other.put(f"{folder}intruder.txt", content=b"x"),
        "overwrite": other.put(f"{folder}{marker}.txt", content=b"x"),
        "rename": other.request("MOVE", f"{folder}{marker}.txt",
                                headers={"Destination": f"{folder}gone.txt"}),
        "delete": other.delete(f"{folder}{marker}.txt"),
        "new folder": other.request("MKCOL", f"{folder}intruder"),
    }
    let_in = [what for what, answer in tries.items() if answer.status_code not in (401, 403, 404)]
    assert not let_in, f"another member could: {', '.join(let_in)}"
    assert all(marker not in answer.text for what, answer in tries.items() if "list" in what), \
        "a refusal told what is in the folder"
    with pytest.raises(UploadRefused):
        Upload.of(other, folder, "intruder.bin", b"x").complete()
    assert same(owner.get(f"{folder}{marker}.txt"), secret), "the file is not as it was"
    assert listed(owner, folder) >= {f"{marker}.txt"}, "the owner's list is wrong"
    assert "intruder" not in owner.get(f"{folder}?ls").text, "something was left in the folder"


def test_shared_folder(stack, members, web, marker):
    """A member puts a file into the shared folder and another member reads and answers it."""
    ada, bo = members
    folder, name = shared(stack, ada), quote(f"invitation {marker}.txt")
    words, answer = f"Come on Sunday {marker}".encode(), f"I will {marker}".encode()
    assert web(ada).request("MKCOL", folder).status_code == 201, "no folder was made"
    assert web(ada).put(folder + name, content=words).status_code == 201, "the file was refused"
    assert same(web(bo).get(folder + name), words), "the other member read other bytes"
    assert web(bo).put(f"{folder}answer.txt", content=answer).status_code == 201, \
        "the other member's file was refused"
    assert same(web(ada).get(f"{folder}answer.txt"), answer), "the answer came back changed"


def test_strangers_are_refused(stack, members, web, marker):
    """A member's files are closed to strangers and to whoever has a wrong password."""
    address = f"{home(stack, members[0])}{marker}.txt"
    words = marker[::-1]  # not the name of the file: the page to sign in on repeats what was asked
    assert web(members[0]).put(address, content=words.encode()).status_code == 201, "not saved"
    stranger, wrong = web(), web()
    wrong.auth = (members[0].name, f"not-{marker}")
    swapped = web()
    swapped.auth = (members[1].name, members[0].password)
    for who, client in [("a stranger", stranger), ("a wrong password", wrong),
                        ("another member's password", swapped)]:
        for path in (address, home(stack, members[0]), shared(stack, members[0])):
            answer = client.get(path)
            assert answer.status_code in (401, 403, 404), f"{who} got in: {answer.status_code}"
            assert words not in answer.text, f"{who} read the file"
        written = client.put(f"{address}.new", content=b"x")
        assert written.status_code in (401, 403), f"{who} could write: {written.status_code}"
    front = stranger.get(f"{stack.url('files')}/?ls")
    assert members[0].name not in front.text, "the page for strangers names a member"


def test_nobody_can_register(stack, members, web, request):
    """A member's page keeps to this server, asks search engines to stay away, registers nobody."""
    # A stranger sees the sign-in: copyparty's own, or the gate's, which is proven elsewhere.
    client = request.getfixturevalue("visit")(members[0]) if stack.one_account else web()
    answer = client.get(f"{stack.url('files')}/", headers={"User-Agent": "Mozilla/5.0"})
    assert "noindex" in answer.headers.get("X-Robots-Tag", ""), "search engines may list it"
    policy = answer.headers.get("Content-Security-Policy", "")
    assert "default-src 'self'" in policy, "the page may load things from other hosts"
    assert "register" not in answer.text.lower(), "the page offers to register"


@pytest.mark.one_account
def test_nobody_passes_for_the_health_check(stack, members, web):
    """A member or a stranger who claims to be the health check's account is not believed."""
    liar = {"Remote-User": "natm-watch", "Remote-Groups": "members"}
    for client in (web(members[0]), web()):
        for path in ("/~natm-watch/", "/~natm-watch/?ls", "/.cpr/metrics"):
            answer = client.get(stack.url("files") + path, headers=liar)
            assert answer.status_code in (401, 403, 404), f"{path} answered {answer.status_code}"


@pytest.mark.browser
def test_sign_in_with_a_browser(stack, members, web, browser, marker):
    """A member signs in with a browser and finds their own folder with the file they put there."""
    name, asked = f"{marker}.txt", set()
    own = home(stack, members[0])
    assert web(members[0]).put(own + name, content=b"hello").status_code == 201, "not saved"
    browser.on("request", lambda request: asked.add(httpx.URL(request.url).host))
    browser.goto(f"{stack.url('files')}/")
    if stack.one_account:
        sign_in_page(browser, members[0])
    else:
        browser.fill("input[name=uname]", members[0].name)
        browser.fill("input[name=cppwd]", members[0].password)
        browser.press("input[name=cppwd]", "Enter")
    browser.locator("#natm-ways a").first.click(timeout=20_000)
    browser.locator("#files a", has_text=name).first.wait_for(timeout=20_000)
    assert httpx.URL(browser.url).path == f"/~{members[0].name}/", "this is not the own folder"
    ours = {httpx.URL(url).host for url in stack.urls.values()}
    assert asked - {""} <= ours, f"other hosts were asked: {sorted(asked - ours)}"
