"""The configuration: what a YAML file and the environment say, checked as a whole and frozen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import unquote

from connectors.api import Connector, Pace, Settings
from gateway import config_accounts, config_traces
from gateway import config_values as values
from gateway.config_file import ConfigErrors, Place, Problem, Section, opened
from gateway.config_traces import TracesConfig

__all__ = [
    "Account",
    "Config",
    "ConfigErrors",
    "Problem",
    "by_hook",
    "data_folder",
    "hook_url",
    "load",
    "media_folder",
    "passwords",
    "store_path",
    "store_shown",
]

Uncertain = Literal["hold", "resend"]

_SQLITE = "sqlite:"

KEYS: Mapping[str, tuple[str, ...]] = {
    "": (
        "http",
        "store",
        "broker",
        "takeover",
        "journal",
        "accounts",
        "delivery",
        "answer_within",
        "retention",
        "media",
        "traces",
    ),
    "http": ("host", "port", "public_url"),
    "delivery": ("give_up", "uncertain"),
    "retention": ("raw", "feed", "media"),
    "media": ("folder", "allow", "max_bytes"),
    "traces": config_traces.KEYS,
}
"""Every key, by the table that it stands in; those of an account are its connector's."""


@dataclass(frozen=True)
class Account:
    """Our end of a channel: one configured bot, number or page."""

    name: str
    connector: Connector[Any] = field(repr=False)
    settings: Settings
    otherwise: Uncertain = "hold"
    """What the whole gateway does with a send that may or may not have gone out."""

    @property
    def brand(self) -> str:
        """The brand that it belongs to."""
        return self.settings.brand

    @property
    def hook(self) -> str:
        """The last piece of the address that the provider calls."""
        return self.settings.hook or self.name

    @property
    def channel(self) -> str:
        """The name of its connector."""
        return self.connector.name

    @property
    def pace(self) -> Pace:
        """How fast it may send."""
        return self.settings.pace or self.connector.pace

    @property
    def uncertain(self) -> Uncertain:
        """What becomes of a send that may or may not have gone out."""
        return self.settings.uncertain or self.otherwise


@dataclass(frozen=True)
class HttpConfig:
    """Where we listen, and how the world calls that place; ``public_url`` has no closing slash."""

    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str | None = None


@dataclass(frozen=True)
class DeliveryConfig:
    """How long a send is tried, and what becomes of one that may or may not have gone out."""

    give_up: timedelta = timedelta(hours=4)
    uncertain: Uncertain = "hold"


@dataclass(frozen=True)
class Retention:
    """How long raw requests, the feed and the bytes of files are kept; None: for ever."""

    raw: timedelta = timedelta(days=30)
    feed: timedelta = timedelta(days=30)
    media: timedelta | None = None


@dataclass(frozen=True)
class MediaConfig:
    """Inner networks that files may be fetched from, and how large a file may be, in bytes.

    ``folder`` is where files are kept; None: beside the store.
    """

    folder: str | None = None
    allow: tuple[values.Network, ...] = ()
    max_bytes: int = 50 * 1024 * 1024


@dataclass(frozen=True)
class Config:
    """All of it. ``folder`` is the file's; relative paths start there.

    ``store`` and ``broker`` may be addresses with a password. ``journal`` is the file that an edge writes while its store
    is away; None is one in the folder of data. ``takeover`` is after how long without a sign of life the
    work of a process is another's.
    """

    path: Path
    folder: Path
    http: HttpConfig = HttpConfig()
    store: str = field(default="sqlite:data/passerelle.db", repr=False)
    broker: str = field(default="memory", repr=False)
    takeover: timedelta = timedelta(seconds=10)
    journal: str | None = None
    accounts: Mapping[str, Account] = field(default_factory=lambda: MappingProxyType({}))
    delivery: DeliveryConfig = DeliveryConfig()
    answer_within: timedelta = timedelta(hours=1)
    retention: Retention = Retention()
    media: MediaConfig = MediaConfig()
    traces: TracesConfig | None = None

    @property
    def remote(self) -> bool:
        """Whether the store is one that several processes may share."""
        return not self.store.startswith(_SQLITE)

    @property
    def announces(self) -> bool:
        """Whether records are published to a broker outside of the process."""
        return self.broker != Config.broker


def load(path: Path, environ: Mapping[str, str], connectors: Mapping[str, Connector[Any]]) -> Config:
    """The configuration in a file; raises ConfigErrors with everything that is wrong."""
    path = Path(path)
    page, node = opened(path, environ)
    top = Section(page, Place(), node, KEYS[""])
    delivery = _delivery(top.section("delivery", KEYS["delivery"]))
    found = config_accounts.read(page, top.at("accounts"), top.node("accounts"), connectors)
    accounts = {name: Account(name, *account, otherwise=delivery.uncertain) for name, account in found.items()}
    config = Config(
        path=path,
        folder=path.absolute().parent,
        http=_http(top.section("http", KEYS["http"])),
        store=top.take("store", values.store, Config.store),
        broker=top.take("broker", values.broker, Config.broker),
        takeover=top.take("takeover", values.duration, Config.takeover),
        journal=top.take("journal", values.folder, Config.journal),
        accounts=MappingProxyType(accounts),
        delivery=delivery,
        answer_within=top.take("answer_within", values.duration, Config.answer_within),
        retention=_retention(top.section("retention", KEYS["retention"])),
        media=_media(top.section("media", KEYS["media"])),
        traces=config_traces.read(page, top.at("traces"), top.node("traces")),
    )
    if page.problems:
        raise ConfigErrors(page.problems)
    return config


def by_hook(accounts: Iterable[Account]) -> Mapping[str, Sequence[Account]]:
    """The accounts that share each hook, in their order."""
    found: dict[str, list[Account]] = {}
    for account in accounts:
        found.setdefault(account.hook, []).append(account)
    return found


def hook_url(config: Config, account: Account) -> str:
    """Where the provider is to call; only the path while nobody said how the world reaches us."""
    return f"{config.http.public_url or ''}/hooks/{account.hook}"


def store_path(config: Config) -> Path:
    """The file that the store is in, where it is one."""
    return config.folder / config.store.removeprefix(_SQLITE)


def store_shown(config: Config) -> str:
    """Where the store is, without a password."""
    return values.without_user(config.store) if config.remote else str(store_path(config))


def data_folder(config: Config) -> Path:
    """The folder for all that lasts on this machine: the store's, or ``data`` where the store is elsewhere."""
    return config.folder / "data" if config.remote else store_path(config).parent


def journal_path(config: Config) -> Path:
    """The file that an edge of this machine writes while its store is away."""
    return data_folder(config) / "journal.db" if config.journal is None else config.folder / config.journal


def media_folder(config: Config) -> Path:
    """The folder of files, which all processes on one store share."""
    return data_folder(config) / "media" if config.media.folder is None else config.folder / config.media.folder


def passwords(config: Config) -> set[str]:
    """The passwords of the store and the broker, as they are written and as they are meant, and what lets traces in."""
    written = {values.password_of(address) for address in (config.store, config.broker)}
    traces = config.traces.secrets() if config.traces is not None else set()
    return traces | {form for password in written if password for form in (password, unquote(password))}


def _http(http: Section) -> HttpConfig:
    return HttpConfig(
        host=http.take("host", values.host, HttpConfig.host),
        port=http.take("port", values.port, HttpConfig.port),
        public_url=http.take("public_url", values.public_url, HttpConfig.public_url),
    )


def _delivery(delivery: Section) -> DeliveryConfig:
    uncertain = values.one_of("hold", "resend")
    return DeliveryConfig(
        give_up=delivery.take("give_up", values.duration, DeliveryConfig.give_up),
        uncertain=delivery.take("uncertain", uncertain, DeliveryConfig.uncertain),  # type: ignore[arg-type] # one of the two
    )


def _retention(retention: Section) -> Retention:
    return Retention(
        raw=retention.take("raw", values.duration, Retention.raw),
        feed=retention.take("feed", values.duration, Retention.feed),
        media=retention.take("media", values.duration, Retention.media),
    )


def _media(media: Section) -> MediaConfig:
    return MediaConfig(
        folder=media.take("folder", values.folder, MediaConfig.folder),
        allow=media.take_all("allow", values.network),
        max_bytes=media.take("max_bytes", values.size, MediaConfig.max_bytes),
    )
