"""Twilio's refusals: a code, its words, and the HTTP status that goes with it. https://www.twilio.com/docs/api/errors"""

from gateway.simulator.calls import Refused, Said

WORDS = {
    14107: "Message rate exceeded",
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    20503: "Service Unavailable",
    21211: "The 'To' number is not a valid phone number.",
    21266: "'To' and 'From' number cannot be the same",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number is not a valid, SMS-capable inbound phone number for your account.",
    21608: "The number is unverified. Trial accounts cannot send messages to unverified numbers.",
    21609: "The 'StatusCallback' URL is not a valid URL.",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum allowed queue size",
    21612: "The 'To' phone number is not currently reachable using the 'From' phone number",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit.",
    21620: "Invalid media URL(s)",
    21623: "Number of media files exceeds allowed limit",
    21655: "The ContentSid is Invalid",
    21656: "The ContentVariables Parameter is invalid",
    21703: "The Messaging Service does not have a phone number available",
    21705: "The Messaging Service Sid is invalid",
    21910: "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel",
}
STATUSES = {20003: 401, 20404: 404, 20429: 429, 14107: 429, 20500: 500, 20503: 503}
"""HTTP statuses of codes that are not answered with 400."""

UNSENT = frozenset({30001, 30002, 30022, 30023, 30034, 63007, 63016, 63018, 63019, 63038})
"""Codes of messages that never reached a carrier: `failed`; the others are `undelivered`."""

LOST = 30003
"""What an undelivered message says unless somebody orders another code: the handset is off."""


class TwilioError(Refused):
    """A call that Twilio does not accept. https://www.twilio.com/docs/usage/twilios-response"""

    def __init__(self, code: int, words: str = "", status: int = 0) -> None:
        super().__init__(said(code, words, status))
        self.code = code


def said(code: int, words: str = "", status: int = 0) -> Said:
    """The answer of a refusal."""
    status = status or STATUSES.get(code, 400)
    body = {
        "code": code,
        "message": words or WORDS.get(code, "The request was refused"),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return Said(status, body)
