"""Acceptance by channel: each provider's own webhook, signed as it signs, against the floor in the same run."""

from __future__ import annotations

from bench import CONFIG, ROUNDS, Figure, floor, folder, product, say, tool
from webhooks import CHANNELS, PUBLIC

_ACCOUNTS = """
  bench-messenger: {{connector: messenger, page_id: "1", token: t-messenger, app_secret: bench-secret, verify_token: w, api: "http://127.0.0.1:9"}}
  bench-instagram: {{connector: instagram, account_id: "1", token: t-instagram, app_secret: bench-secret, verify_token: w, api: "http://127.0.0.1:9"}}
  bench-whatsapp: {{connector: whatsapp, phone_number_id: "1", token: t-whatsapp, app_secret: bench-secret, verify_token: w, api: "http://127.0.0.1:9"}}
  bench-twilio: {{connector: twilio, account_sid: AC00000000000000000000000000000001, auth_token: bench-secret, sender: "+15550006789", api: "http://127.0.0.1:9"}}
  bench-twilio-whatsapp: {{connector: twilio_whatsapp, account_sid: AC00000000000000000000000000000001, auth_token: bench-secret, sender: "whatsapp:+15550006789", api: "http://127.0.0.1:9"}}
"""
_CONFIG = CONFIG.replace("port: {port}}}", f"port: {{port}}, public_url: {PUBLIC!r}}}}}").rstrip() + _ACCOUNTS


def by_channel() -> list[Figure]:
    """A burst of a second per channel; everybody has written before."""
    found: dict[str, list[float]] = {name: [] for name in CHANNELS}
    for number in range(ROUNDS):
        say(f"acceptance by channel, round {number + 1} of {ROUNDS}")
        with floor("floor.py") as url:
            tool("load.py", "--url", f"{url}/hooks/bench", "--seconds", "0.5")
            bare = tool("load.py", "--url", f"{url}/hooks/bench", "--seconds", "2")
        with folder() as here, product(here, _CONFIG) as (url, _):
            for name, ratios in found.items():
                options = ("--url", f"{url}/hooks/bench-{name}".replace("_", "-"), "--channel", name)
                tool("load.py", *options, "--seconds", "10", "--most", "1000")
                run = tool("load.py", *options, "--seconds", "1", "--first", "100000")
                assert run["not_200"] == run["lost"] == 0, (name, run)
                ratios.append(run["per_second"] / bare["per_second"])
    return [Figure(f"durable acceptance of {name}, a burst of 1 s ÷ floor", ratios) for name, ratios in found.items()]
