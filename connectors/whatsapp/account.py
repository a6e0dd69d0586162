"""A number's own affairs: its hook, its state, the files it was sent."""

from __future__ import annotations

import re
from collections.abc import Generator
from urllib.parse import urlsplit

from connectors.api import Answer, Call, Fetched, Health, Refused, Steps
from connectors.whatsapp.said import Name, Said
from connectors.whatsapp.settings import Settings, call

_MEDIA_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
_METAS = ("graph.facebook.com", ".fbsbx.com", ".fbcdn.net")
"""Whose hosts may see our token; those with a dot are whole families."""


class _Where(Said):
    url: Name


class _About(Said):
    display_phone_number: str = ""
    verified_name: str = ""
    quality_rating: str = ""


class _Hook(Said):
    url: str = ""


def fetch(ref: str, settings: Settings) -> Generator[Call, Answer, Fetched | None]:
    """Where a received file can be downloaded for five minutes; None if WhatsApp does not say. It keeps files for a week.

    https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media/
    """
    if not _MEDIA_ID.fullmatch(ref):
        return None
    path = ref if settings.provider == "360dialog" else f"{ref}?phone_number_id={settings.phone_number_id}"
    where = (yield call(settings, "0:media", path, method="GET")).read(_Where)
    if where is None:
        return None
    url = _at_360dialog(where.url, settings) if settings.provider == "360dialog" else where.url
    proof = settings.proof if _is_theirs(url, settings) else {}
    return Fetched(Call("0:download", "GET", url, effect=False, headers=proof))


def _at_360dialog(url: str, settings: Settings) -> str:
    """The same file at 360dialog, which knows our key; Meta's own address wants a token that we do not have."""
    _, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    return f"{settings.base}/{path}" if _is_metas(host) else url


def _is_theirs(url: str, settings: Settings) -> bool:
    """Whether an address is the provider's own, so that what proves us may go there."""
    try:
        there, home = urlsplit(url), urlsplit(settings.base)
        at_home = (there.scheme, there.hostname, there.port) == (home.scheme, home.hostname, home.port)
    except ValueError:
        return False
    metas = settings.provider == "meta" and there.scheme == "https" and _is_metas(there.hostname or "")
    return at_home or metas


def _is_metas(host: str) -> bool:
    return any(host == one or (one.startswith(".") and host.endswith(one)) for one in _METAS)


def connect(webhook_url: str, settings: Settings) -> Steps:
    """Have the webhooks of the account that the number belongs to sent to ``webhook_url``. Raises Refused.

    Meta asks the hook at once, so it has to be running.
    https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/override
    """
    if settings.provider == "360dialog":
        secret = settings.hook_secret.get_secret_value() if settings.hook_secret else ""
        told = {"url": webhook_url, "headers": {settings.hook_header: secret}}
        yield call(settings, "0:webhook", "v1/configs/webhook", json=told)
        return
    if not settings.waba_id:
        raise Refused("unknown", "`waba_id` is needed for this: the id of the WhatsApp Business account")
    token = settings.verify_token.get_secret_value() if settings.verify_token else ""
    told = {"override_callback_uri": webhook_url, "verify_token": token}
    yield call(settings, "0:subscribed_apps", f"{settings.waba_id}/subscribed_apps", json=told)


def check(settings: Settings) -> Generator[Call, Answer, Health]:
    """Whose number it is and how it stands, or at 360dialog where its webhooks go."""
    try:
        if settings.provider == "360dialog":
            return _hooked((yield call(settings, "0:webhook", "v1/configs/webhook", method="GET")))
        path = f"{settings.phone_number_id}?fields=display_phone_number,verified_name,quality_rating"
        return _standing((yield call(settings, "0:number", path, method="GET")))
    except Refused as refusal:
        return Health.refused(refusal, "auth_expired", "account_restricted")


def _standing(answer: Answer) -> Health:
    about = answer.read(_About)
    if about is None or not about.display_phone_number:
        return Health(ok=False, detail="this is not WhatsApp's answer: is `api` right?", code="wrong_address")
    quality = about.quality_rating.lower() or "unknown"
    detail = f"{about.verified_name} {about.display_phone_number}, quality {quality}".strip()
    return Health(ok=quality != "red", detail=detail, code="quality_low" if quality == "red" else "")


def _hooked(answer: Answer) -> Health:
    hook = answer.read(_Hook)
    if hook is None:
        return Health(ok=False, detail="this is not 360dialog's answer: is `api` right?", code="wrong_address")
    host = hook.url.partition("://")[2].partition("/")[0].rpartition("@")[2]  # paths and users may be secrets
    if not host:
        return Health(ok=False, detail="no webhook is set; `passerelle connect` sets it", code="hook_missing")
    return Health(ok=True, detail=f"webhook at {host}")
