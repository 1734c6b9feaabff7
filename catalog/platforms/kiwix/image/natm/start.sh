#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Serves all books, and looks twice a minute whether some came or went. A file that is no book, or
# not wholly there yet, is left out until it is one.
set -eu
LIST=/tmp/library.xml

seen() { ls -ln /opt/natm/books /srv/books 2>/dev/null; }

list() {
    rm -f "$LIST.new"
    for book in /opt/natm/books/*.zim /srv/books/*.zim; do
        [ -f "$book" ] || continue
        kiwix-manage "$LIST.new" add "$book" >/dev/null 2>&1 || echo "not a whole book: $book" >&2
    done
    mv "$LIST.new" "$LIST"
}

watch() {
    before=$(seen)
    while sleep 30; do
        now=$(seen)
        [ "$now" = "$before" ] || { before=$now; list; }
    done
}

list
watch &
exec kiwix-serve --library --monitorLibrary --blockexternal --port=8080 "$LIST"
