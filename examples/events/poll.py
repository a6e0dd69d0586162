"""Reads every event of a Passerelle without RabbitMQ: by long poll, with nothing but Python.

    PASSERELLE_KEY=… python poll.py --url https://chat.example.com --place place.txt

The place in the feed is kept in a file, so that it goes on where it was. An event whose handling was cut short comes
again. Ctrl-C ends it.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

_GONE = 410
_WAIT_S = 25


def handle(frame: dict[str, Any]) -> None:
    """What you do with an event. If it raises, the event comes again."""
    message = frame["data"].get("message")
    parts = message.get("parts", ()) if isinstance(message, dict) else ()
    said = " ".join(part.get("text", f"[{part['kind']}]") for part in parts)
    print(frame["stream"], frame["seq"], frame["kind"], said, flush=True)


def page(url: str, key: str, after: str) -> dict[str, Any]:
    query = urllib.parse.urlencode({"after": after, "wait": _WAIT_S})
    request = urllib.request.Request(f"{url}/v1/events?{query}", headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=_WAIT_S + 10) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def poll(url: str, key: str, place: Path) -> None:
    after = place.read_text().strip() if place.exists() else "start"
    while True:
        try:
            found = page(url, key, after)
        except urllib.error.HTTPError as error:
            if error.code != _GONE:
                raise
            after = "start"  # this place is not kept any more: what lies between is lost to us
            continue
        except OSError:
            time.sleep(1)
            continue
        for frame in found["data"]:
            handle(frame)
        after = found["page"]["next"]
        new = place.with_suffix(".new")
        new.write_text(after)
        new.replace(place)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--url", required=True)
    options.add_argument("--place", required=True, type=Path)
    asked = options.parse_args()
    try:
        poll(asked.url, os.environ["PASSERELLE_KEY"], asked.place)
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
