"""What may hang under a message: inline buttons, checked as Telegram checks them."""

from typing import Any

from gateway.simulator.store import Json
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.errors import bad

MOST_BUTTONS = 100
DATA_BYTES = 64
COPIED = 256
SCHEMES = ("http://", "https://", "tg://", "mailto:", "ton://")
ACTIONS = (
    *("url", "callback_data", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat"),
    *("switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay"),
)


def read_markup(args: Args) -> Json:
    """`{"reply_markup": …}` for a message that will carry inline buttons, else nothing.

    Reply keyboards are accepted and, as at Telegram, not part of the message.
    """
    markup = args.json("reply_markup", "reply keyboard markup")
    if markup is None:
        return {}
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    if "inline_keyboard" not in markup:
        return {}
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad('field "inline_keyboard" of the InlineKeyboardMarkup must be of type Array of Arrays')
    checked = [[_button(button) for button in row] for row in rows if row]
    if sum(map(len, checked)) > MOST_BUTTONS:
        raise bad("REPLY_MARKUP_TOO_LONG")
    return {"reply_markup": {"inline_keyboard": checked}} if checked else {}


def _button(button: Any) -> Json:
    if not isinstance(button, dict):
        raise bad("can't parse inline keyboard button: expected an Object")
    text = button.get("text")
    if not isinstance(text, str):
        raise bad("can't parse inline keyboard button: Can't find field \"text\"")
    if not text.strip():
        raise bad("inline keyboard button text must be non-empty")
    if not any(action in button for action in ACTIONS):
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if "callback_data" in button:
        _check_data(button["callback_data"])
    if "url" in button:
        _check_url(button["url"])
    copied = button.get("copy_text")
    if isinstance(copied, dict) and not 1 <= len(str(copied.get("text", ""))) <= COPIED:
        raise bad("BUTTON_COPY_TEXT_INVALID")
    return dict(button)


def _check_data(data: Any) -> None:
    if not isinstance(data, str) or not 1 <= len(data.encode()) <= DATA_BYTES:
        raise bad("BUTTON_DATA_INVALID")


def _check_url(url: Any) -> None:
    if not isinstance(url, str) or not ("." in url or url.startswith(SCHEMES)):
        raise bad("BUTTON_URL_INVALID")


def find_button(message: Json, data: str | None, text: str | None) -> Json | None:
    """The callback button of a message with this data, or with this label."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    for button in (button for row in rows for button in row if "callback_data" in button):
        if data == button["callback_data"] or (data is None and text == button["text"]):
            return dict(button)
    return None
