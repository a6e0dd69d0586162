"""The laws of ``verify``: it fails closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from pydantic import SecretStr, ValidationError

from connectors.api import Request
from connectors.testing.reading import Reading
from connectors.testing.samples import NOW, Heard, Samples

NOBODY = "verify lets nobody in without proof"
CHANGED = "verify refuses a changed proof"
SIGNED = "verify refuses a changed body that was signed"
ANOTHER = "verify refuses the proof of another account"
EMPTY = "verify refuses everybody while a secret is empty"


@dataclass(frozen=True, slots=True)
class VerifyLaws:
    """The laws of ``verify``, tried on every sample that it lets in."""

    reading: Reading

    @property
    def samples(self) -> Samples:
        """The samples that they are tried on."""
        return self.reading.samples

    def laws(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Each law by name."""
        yield NOBODY, self.no_proof
        yield CHANGED, self.changed_proof
        yield SIGNED, self.changed_body
        yield ANOTHER, self.other_account
        yield EMPTY, self.empty_secret

    def _accepted(self) -> list[Heard]:
        return [case for case in self.samples.heard if case.accepted]

    def no_proof(self) -> None:
        """A request with neither headers nor a query is nobody's, and so is an empty one."""
        bare = Request("POST", "https://chat.example.com/hooks/support", {}, NOW)
        self.reading.rejected(bare, "an empty request", NOBODY)
        for case in self._accepted():
            stripped = replace(case.request, headers={}, query={}, url=case.request.url.partition("?")[0])
            self.reading.rejected(stripped, f"{case.name}, without headers and query", NOBODY)

    def changed_proof(self) -> None:
        """Whatever proves a request, it must be exactly right."""
        for case in self._accepted():
            for where, name in self._proofs(case.request):
                for wrong in _wrong(getattr(case.request, where)[name]):
                    changed = _with(case.request, where, name, wrong)
                    self.reading.rejected(changed, f"{case.name}, with {name}: {wrong!r}", CHANGED)

    def _proofs(self, request: Request) -> list[tuple[str, str]]:
        """The headers and fields of the query without which a request is not let in."""
        places = [("headers", name) for name in request.headers] + [("query", name) for name in request.query]
        return [
            (where, name)
            for where, name in places
            if not self.reading.lets_in(_with(request, where, name, None), f"without {name}", CHANGED)
        ]

    def changed_body(self) -> None:
        """Where the proof covers the body, it covers all of it."""
        cases = self._accepted()
        if not self._covers_body(cases):
            return
        for case in cases:
            body = case.request.body
            for at in range(0, len(body), max(1, len(body) // 40)):
                flipped = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
                self.reading.rejected(replace(case.request, body=flipped), f"{case.name}, byte {at} changed", SIGNED)
            for other in {body[:-1], body + b"x", b""} - {body}:
                cut = replace(case.request, body=other)
                self.reading.rejected(cut, f"{case.name}, with {len(other)} bytes for {len(body)}", SIGNED)

    def _covers_body(self, cases: Sequence[Heard]) -> bool:
        """Whether the proof is a signature of the body: then another body is not let in with it."""
        sign, settings = self.samples.sign, self.samples.settings
        if sign is not None:
            empty = Request("POST", "https://chat.example.com/", {}, NOW)
            return sign(empty, settings) != sign(replace(empty, body=b"x"), settings)
        pairs = [(one, two) for one, two in pairwise(cases) if one.request.body != two.request.body]
        swapped = ((one, replace(one.request, body=two.request.body)) for one, two in pairs)
        return any(not self.reading.lets_in(request, one.name, SIGNED) for one, request in swapped)

    def other_account(self) -> None:
        """An account with other secrets takes none of these requests."""
        other = dict.fromkeys(self._secrets(), SecretStr("another-Secret-1"))
        settings = self.samples.settings.model_copy(update=other)
        for case in self._accepted():
            self.reading.rejected(case.request, f"{case.name}, at an account with other secrets", ANOTHER, settings)

    def _secrets(self) -> Mapping[str, SecretStr]:
        settings = self.samples.settings
        values = {name: getattr(settings, name) for name in type(settings).model_fields}
        return {name: value for name, value in values.items() if isinstance(value, SecretStr)}

    def empty_secret(self) -> None:
        """A secret that nobody filled in opens no door: the settings refuse it, or ``verify`` does."""
        connector, given = self.reading.connector, self.samples.given
        empty = {"name": "support", "connector": connector.name, **given, **dict.fromkeys(self._secrets(), "")}
        try:
            settings = connector.settings.model_validate(empty)
        except ValidationError:
            return
        for case in self._accepted():
            request = case.request
            for where, name in self._proofs(request):
                request = _with(request, where, name, "")
            self.reading.rejected(request, f"{case.name}, with an empty proof", EMPTY, settings)
            self._signed_with_nothing(case, settings)

    def _signed_with_nothing(self, case: Heard, settings: Any) -> None:
        if self.samples.sign is None:
            return
        signed = {**case.request.headers, **self.samples.sign(case.request, settings)}
        request = replace(case.request, headers=signed)
        self.reading.rejected(request, f"{case.name}, signed with an empty secret", EMPTY, settings)


def _wrong(right: str) -> Iterator[str]:
    """Proofs that are nearly right."""
    middle = len(right) // 2
    near = {
        "", " ", right[:-1], right[1:], f"{right}x", f"x{right}", right[::-1], f"\udcff{right}", "é" * 20, right * 2,
        _other(right[:1]) + right[1:], right[:middle] + _other(right[middle : middle + 1]) + right[middle + 1 :],
    }  # fmt: skip
    yield from sorted(near - {right})


def _other(letter: str) -> str:
    return "2" if letter == "1" else "1"


def _with(request: Request, where: str, name: str, value: str | None) -> Request:
    """The request with one header or field of the query changed, or without it."""
    held = {key: one for key, one in getattr(request, where).items() if key != name}
    if value is not None:
        held[name] = value
    if where == "headers":
        return replace(request, headers=held)
    address = request.url.partition("?")[0]
    query = "&".join(f"{key}={one}" for key, one in held.items())
    return replace(request, query=held, url=f"{address}?{query}" if query else address)
