"""Waiting work: fetch pages and return their titles. Threads make it faster."""

import html
import re
import urllib.request

TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


def title(url):
    """Return the title of the page at url, or None when it has none."""
    with urllib.request.urlopen(url, timeout=20) as page:
        encoding = page.headers.get_content_charset() or "utf-8"
        text = page.read().decode(encoding, "replace")
    found = TITLE.search(text)
    return html.unescape(found[1]).strip() if found else None
