"""Lists of messages, in pages and by filter, as Twilio's API gives them. https://www.twilio.com/docs/usage/twilios-response"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from urllib.parse import urlencode

from gateway.simulator.store import Json
from gateway.simulator.twilio.errors import TwilioError
from gateway.simulator.twilio.number import VERSION, Number
from gateway.simulator.world import World

SIZE, MOST = 50, 1000
FILTERS = ("To", "From", "DateSent", "DateSent>", "DateSent<")


def messages(world: World, sid: str, query: Mapping[str, str], number: Callable[[str], Number]) -> Json:
    """One page of an account's messages, newest first; raises TwilioError."""
    kept = reversed(world.store.every("twilio.order", f"{sid}/"))
    found = [made for _, place in kept if (made := _resource(number(place["number"]), place["sid"])) is not None]
    fitting = [one for one in found if _fits(one, query)]
    size = min(MOST, _whole(query, "PageSize", SIZE) or SIZE)
    page = _whole(query, "Page", 0)
    shown = fitting[page * size : (page + 1) * size]
    kept_filters = {name: query[name] for name in FILTERS if name in query}

    def uri(at: int) -> str:
        return f"/{VERSION}/Accounts/{sid}/Messages.json?{urlencode({**kept_filters, 'PageSize': size, 'Page': at})}"

    return {
        "messages": [resource for _, resource in shown],
        "first_page_uri": uri(0),
        "next_page_uri": uri(page + 1) if len(fitting) > (page + 1) * size else None,
        "previous_page_uri": uri(page - 1) if page else None,
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(0, len(shown) - 1),
        "uri": uri(page),
    }


def _resource(number: Number, sid: str) -> tuple[date, Json] | None:
    found = number.find_line(sid)
    if found is None:
        return None
    chat, line = found
    return datetime.fromtimestamp(line["at"], UTC).date(), number.resource(chat, line)


def _fits(one: tuple[date, Json], query: Mapping[str, str]) -> bool:
    when, resource = one
    after, before = _day(query, "DateSent>"), _day(query, "DateSent<")
    return (
        query.get("To", resource["to"]) == resource["to"]
        and query.get("From", resource["from"]) == resource["from"]
        and (_day(query, "DateSent") or when) == when
        and (after is None or when >= after)
        and (before is None or when <= before)
    )


def _day(query: Mapping[str, str], name: str) -> date | None:
    """A day in UTC; of a moment, its day."""
    given = query.get(name)
    if not given:
        return None
    try:
        return datetime.fromisoformat(given).date()
    except ValueError:
        raise TwilioError(20001, f"{name} is not a date") from None


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    try:
        return max(0, int(query.get(name, default)))
    except ValueError:
        raise TwilioError(20001, f"{name} is not a number") from None
