"""The configuration: what it says, and every way in which it is wrong, with its line."""

from __future__ import annotations

import contextlib
import string
import traceback
from dataclasses import FrozenInstanceError, replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, SecretStr, field_validator, model_validator

from connectors import api
from connectors.catalog import find
from connectors.telegram import connector as telegram
from gateway import config_accounts, config_traces, config_values
from gateway.config import (
    KEYS,
    Config,
    ConfigErrors,
    Retention,
    data_folder,
    load,
    media_folder,
    store_path,
    store_shown,
)
from gateway.config_traces import TracesConfig
from gateway.logs import secrets_of

ROOT = Path(__file__).parents[2]
TOKEN = "123456:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
SECRET = "s3cret_of-the-hook"
OTHERS = {
    "PAGE_TOKEN": "a-token", "META_APP_SECRET": "a-secret", "META_VERIFY_TOKEN": "a-word", "INSTAGRAM_TOKEN": "a-token",
    "INSTAGRAM_APP_SECRET": "a-secret", "TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "a-token",
    "WHATSAPP_TOKEN": "a-token",
}  # fmt: skip
ENVIRON = {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_SECRET": SECRET}


class PageSettings(api.Settings):
    """An account of an app that has many."""

    page_id: str
    app_secret: SecretStr
    workers: int = Field(default=1, ge=1)

    @property
    def address(self) -> str:
        return self.page_id

    @field_validator("app_secret")
    @classmethod
    def _long(cls, secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value()) < 8:
            raise ValueError(f"{secret.get_secret_value()} is too short")
        return secret

    @model_validator(mode="after")
    def _even(self) -> PageSettings:
        if self.workers % 2 == 0:
            raise ValueError("an even number of workers quarrels")
        return self


messenger: api.Connector[Any] = replace(telegram, name="messenger", settings=PageSettings)
whatsapp: api.Connector[Any] = replace(messenger, name="whatsapp")
CONNECTORS = {connector.name: connector for connector in (telegram, messenger, whatsapp)}
BOT = f"  bot: {{connector: telegram, token: '{TOKEN}', secret: {SECRET}}}\n"


@pytest.fixture
def read(tmp_path):
    def read(text: str, **environ: str) -> Config:
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return load(path, environ, CONNECTORS)

    return read


@pytest.fixture
def wrong(read, tmp_path):
    """The problems of a text, as ``line key: what; todo``."""

    def wrong(text: str, **environ: str) -> list[str]:
        with pytest.raises(ConfigErrors) as caught:
            read(text, **environ)
        shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.problems)
        for private in (TOKEN, SECRET, "hunter2hunter2"):
            assert private not in shown
        found = []
        for problem in caught.value.problems:
            assert str(problem).startswith(str(tmp_path / "config.yaml"))
            assert (problem.place.line > 0) == (problem.place.column > 0)
            _, _, rest = str(problem).partition(": ")
            found.append(f"{problem.place.line} {rest}")
        return found

    return wrong


def test_an_empty_file_is_the_defaults(read, tmp_path):
    config = read("")
    assert config == Config(tmp_path / "config.yaml", tmp_path)
    assert (config.http.host, config.http.port, config.http.public_url) == ("127.0.0.1", 8080, None)
    assert config.delivery.give_up == timedelta(hours=4)
    assert config.answer_within == timedelta(hours=1)
    assert config.retention.raw == config.retention.feed == timedelta(days=30)
    assert config.retention.media is None  # for ever
    assert config.media.max_bytes == 50 * 1024 * 1024
    assert (config.delivery.uncertain, config.broker, dict(config.accounts)) == ("hold", "memory", {})
    assert store_path(config) == tmp_path / "data" / "passerelle.db"
    assert data_folder(config) == tmp_path / "data"


def test_everything_is_read(read):
    config = read(
        f"""
http: {{host: "[::1]", port: 0, public_url: "https://Chat.Example.com:8443/"}}
store: sqlite:/var/lib/p.db
broker: memory
accounts:
  bot:
    {{connector: telegram, token: "{TOKEN}", secret: {SECRET}, brand: shop, hook: tg, api: "http://127.0.0.1:9/x",
    pace: {{per_second: 5, per_chat: 0.5}}, uncertain: hold}}
  page: {{connector: messenger, page_id: 0012, app_secret: hunter2hunter2, workers: 3}}
delivery: {{give_up: 15m, uncertain: resend}}
answer_within: 90s
retention: {{raw: 7d, feed: 2d, media: 90d}}
media: {{allow: [10.0.0.0/8, "fd00::/8", 192.0.2.1], max_bytes: 50MB}}
"""
    )
    assert (config.http.host, config.http.port, config.http.public_url) == ("::1", 0, "https://chat.example.com:8443")
    assert store_path(config) == Path("/var/lib/p.db")
    bot, page = config.accounts["bot"], config.accounts["page"]
    assert (bot.name, bot.channel, bot.brand, bot.hook, bot.uncertain) == ("bot", "telegram", "shop", "tg", "hold")
    assert (bot.settings.name, bot.settings.connector, bot.settings.base) == ("bot", "telegram", "http://127.0.0.1:9/x")
    assert bot.pace == api.Pace(per_second=5, per_chat=0.5)
    assert (page.brand, page.hook, page.uncertain, page.pace) == ("main", "page", "resend", messenger.pace)
    assert page.settings.address == "0012"  # what was written, not a number
    assert config.delivery.give_up == timedelta(minutes=15)
    assert config.answer_within == timedelta(seconds=90)
    assert config.retention == Retention(timedelta(days=7), timedelta(days=2), timedelta(days=90))
    assert config.media.allow == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("192.0.2.1/32"))
    assert config.media.max_bytes == 50_000_000
    with pytest.raises(FrozenInstanceError):
        config.broker = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        config.accounts["x"] = bot  # type: ignore[index]


@pytest.mark.parametrize(
    ("store", "shown"),
    [
        ("mongodb://db.example.com/passerelle", "mongodb://db.example.com/passerelle"),
        ("mongodb://127.0.0.1:27017", "mongodb://127.0.0.1:27017"),
        ("mongodb://u:hunter2hunter2@a:1,b:2,[::1]:3/p?replicaSet=rs0", "mongodb://a:1,b:2,[::1]:3/p"),
        ("mongodb+srv://u:hunter2hunter2@cluster.example.net/?w=majority", "mongodb+srv://cluster.example.net/"),
    ],
)
def test_a_database_elsewhere_is_named_by_its_address(read, tmp_path, store, shown):
    config = read(f"store: '{store}'\nmedia: {{folder: /srv/files}}")
    assert (config.store, config.remote, store_shown(config)) == (store, True, shown)
    assert data_folder(config) == tmp_path / "data"
    assert media_folder(config) == Path("/srv/files")


@pytest.mark.parametrize(
    "broker", ["amqp://h", "amqps://u:p%40x@mq.example.com:5671/%2Fvhost?heartbeat=10", "amqp://[::1]/"]
)
def test_a_broker_elsewhere_is_named_by_its_address(read, broker):
    config = read(f"broker: '{broker}'")
    assert (config.broker, config.announces, config.remote) == (broker, True, False)


def test_the_store_is_here_and_nothing_is_announced_unless_that_is_said(read, tmp_path):
    config = read("")
    assert (config.remote, config.announces, config.takeover) == (False, False, timedelta(seconds=10))
    assert (store_shown(config), media_folder(config)) == (str(store_path(config)), tmp_path / "data" / "media")


def test_passwords_of_the_store_and_the_broker_are_secrets(read):
    config = read("store: mongodb://u:hunter2%40x@h/p\nbroker: amqp://u:hunter3@h/")
    assert secrets_of(config) == {"hunter2%40x", "hunter2@x", "hunter3"}
    assert "hunter" not in repr(config)


def test_secrets_are_in_no_repr(read):
    config = read(f"accounts:\n{BOT}")
    assert config.accounts["bot"].settings.token.get_secret_value() == TOKEN
    for private in (TOKEN, SECRET):
        assert private not in repr(config) + str(config.accounts["bot"].settings)


def test_the_environment_is_read_anywhere_in_a_value(read):
    text = """
http: {port: "${PORT:-9000}", public_url: "https://${HOST}.example.com"}
store: sqlite:${DIR:-data}/p.db
accounts:
  bot: {connector: telegram, token: "${ID}:${REST}", secret: "${NONE:-}${SECRET}"}
"""
    config = read(text, HOST="chat", DIR="", ID="123456", REST="abc$${x}".replace("$${x}", "_x"), SECRET=SECRET)
    assert (config.http.port, config.http.public_url) == (9000, "https://chat.example.com")
    assert config.store == "sqlite:data/p.db"
    settings = config.accounts["bot"].settings
    assert settings.token.get_secret_value() == "123456:abc_x"
    assert settings.secret.get_secret_value() == SECRET
    assert read("http: {public_url: '${URL:-}'}").http.public_url is None
    assert read("store: sqlite:$${x}.db", x="no").store == "sqlite:${x}.db"
    assert read("store: sqlite:${X}", X="${Y}.db").store == "sqlite:${Y}.db"  # values are not read again


def test_the_environment_is_read_unquoted_within_braces(read, wrong):
    text = """
http: {port: ${PORT:-9000}, public_url: ${URL:-https://a.example.com:8443}}  # ${NOT_READ}
accounts:
  bot: {connector: telegram, token: ${ID}:${REST}, secret: ${SECRET}, pace: {per_chat: ${N:-3}}, hook: "${H:-a-b}"}
media: {allow: [${NET:-10.0.0.0/8}, ${OTHER}]}
"""
    config = read(text, ID="123456", REST="a{b},c", SECRET=SECRET, OTHER="fd00::/8")
    bot = config.accounts["bot"]
    assert (config.http.port, config.http.public_url) == (9000, "https://a.example.com:8443")
    assert bot.settings.token.get_secret_value() == "123456:a{b},c"
    assert (bot.hook, bot.pace.per_chat, len(config.media.allow)) == ("a-b", 3, 2)
    places = [found.partition(":")[0] for found in wrong(text)]
    assert places == ["4 accounts.bot.token", "4 accounts.bot.token", "4 accounts.bot.secret", "5 media.allow.1"]


def test_an_unset_variable_is_named_with_its_line(wrong):
    text = "http:\n  port: ${PORT}\naccounts:\n  bot:\n    connector: telegram\n    token: ${TOKEN}\n    secret: a${B}${C}\n"
    assert wrong(text) == [
        "2 http.port: the environment variable PORT is not set; set it, or give a default: ${PORT:-…}",
        "6 accounts.bot.token: the environment variable TOKEN is not set; set it, or give a default: ${TOKEN:-…}",
        "7 accounts.bot.secret: the environment variable B is not set; set it, or give a default: ${B:-…}",
        "7 accounts.bot.secret: the environment variable C is not set; set it, or give a default: ${C:-…}",
    ]


VALUES = [
    ("http: {port: eighty}", '1 http.port: must be a port from 1 to 65535, or 0 for any free one, not "eighty"'),
    ("http: {port: 65536}", "1 http.port: must be a port"),
    ("http: {port: -1}", "1 http.port: must be a port"),
    ("http: {port: }", "1 http.port: has no value; give one, or leave the key out"),
    ("http: {host: '127.0.0.1:80'}", "1 http.host: must be an address or a host name"),
    ("http: {host: '256.0.0.1'}", "1 http.host: must be an address or a host name"),
    ("http: {host: 'a b'}", "1 http.host: must be an address or a host name"),
    ("http: {public_url: chat.example.com}", "1 http.public_url: must be an http or https address"),
    ("http: {public_url: 'ftp://a'}", "1 http.public_url: must be an http or https address"),
    ("http: {public_url: 'https://'}", "1 http.public_url: must be an http or https address"),
    ("http: {public_url: 'https://a:99999'}", "1 http.public_url: must be an http or https address"),
    ("http: {public_url: 'https://[::1'}", "1 http.public_url: must be an http or https address"),
    ("http: {public_url: 'https://a/b'}", "1 http.public_url: must end after the host and the port"),
    ("http: {public_url: 'https://a?b'}", "1 http.public_url: must end after the host and the port"),
    ("http: {public_url: 'https://a#'}", "1 http.public_url: must end after the host and the port"),
    ("http: {public_url: 'https://u:p@a'}", "1 http.public_url: must not hold a user or a password"),
    ("http: [1]", "1 http: must be a table of keys, not a list"),
    ("http: 1", "1 http: must be a table of keys, not a single value"),
    ("store: [a]", "1 store: must be a single value, not a list"),
    ("store: {a: b}", "1 store: must be a single value, not a table"),
    ("store: !env STORE", "1 store: has a YAML tag; leave the tag out; ${NAME} reads the environment"),
    ("store: 'mongodb://u:hunter2hunter2@h/p q'", "1 store: must be an address such as mongodb://user:password@host"),
    ("store: 'mongodb://u:hunter2@hunter2hunter2@h/p'", "1 store: must be an address such as"),
    ("store: 'mongodb://'", "1 store: must be an address such as"),
    ("store: 'mongodb+srv://h:27017/p'", "1 store: must be an address such as"),
    ("store: mongodb", "1 store: must be an address such as mongodb://"),
    ("store: postgres:hunter2hunter2", "1 store: must be sqlite: and the path of a file, such as"),
    ("store: 'sqlite:'", "1 store: must be sqlite: and the path"),
    ("store: 'sqlite:///x'", "1 store: has // after sqlite:; write sqlite:/path"),
    ("store: 'sqlite::memory:'", "1 store: must name a file"),
    ("store: 'sqlite:data/'", "1 store: must name a file"),
    ("broker: 'amqp://u:hunter2hunter2@h/a/b'", "1 broker: must be an address such as amqp://user:password@host"),
    ("broker: 'amqp:'", "1 broker: must be an address such as"),
    ("takeover: 0s", "1 takeover: must be a duration"),
    ("media: {folder: ''}", "1 media.folder: must be the path of a folder"),
    ("broker: redis", "1 broker: must be memory"),
    ("store: 'sqlite:${'", "1 store: has a ${ that names no variable; write ${NAME}, or $${"),
    ("store: 'sqlite:${a b}'", "1 store: has a ${ that names no variable"),
    ("delivery: {give_up: 4}", '1 delivery.give_up: must be a duration such as 90s, 15m, 4h or 30d, not "4"'),
    ("delivery: {give_up: 0s}", "1 delivery.give_up: must be a duration from 1s to 36500d"),
    ("delivery: {uncertain: maybe}", '1 delivery.uncertain: must be hold or resend, not "maybe"'),
    ("answer_within: 99999d", "1 answer_within: must be a duration from"),
    ("retention:\n  feed: forever", "2 retention.feed: must be a duration"),
    ("media: {allow: 10.0.0.0/8}", "1 media.allow: must be a list, not a single value; write allow: [one, another]"),
    ("media:\n  allow:\n  - 10.0.0.0/8\n  - nowhere", "4 media.allow.1: must be a network such as 10.0.0.0/8"),
    ("media: {allow: [10.1.0.0/8]}", '1 media.allow.0: "10.1.0.0/8" is an address within a network; the network is 10'),
    ("media: {allow: [~]}", "1 media.allow.0: has no value"),
    ("media: {max_bytes: 0}", "1 media.max_bytes: must be a size such as"),
    ("media: {max_bytes: 5 bananas}", "1 media.max_bytes: must be a size such as"),
    ("accounts: []", "1 accounts: must be a table of keys, not a list"),
    ("accounts:\n  Bot: {connector: telegram}", '2 accounts.Bot: the account\'s name "Bot" must be 1 to 40 characters'),
    ("accounts:\n  bot: telegram", "2 accounts.bot: must be a table of keys"),
    ("accounts:\n  bot: {token: x}", "2 accounts.bot: has no connector; the known connectors are messenger, tele"),
    ("accounts:\n  bot:", "2 accounts.bot: has no connector"),
    (
        "accounts:\n  bot: {connector: telegrm}",
        '2 accounts.bot.connector: unknown connector "telegrm"; did you mean "tele',
    ),
    ("accounts:\n  bot: {connector: [a]}", "2 accounts.bot.connector: must be a single value"),
]


@pytest.mark.parametrize(("text", "expected"), VALUES)
def test_a_wrong_value(wrong, text, expected):
    (found,) = wrong(text)
    assert found.startswith(expected)


KEYS_WRONG = [
    ("htpp: {port: 1}", '1 htpp: unknown key "htpp"; did you mean "http"?'),
    ("http:\n  prot: 1", '2 http.prot: unknown key "prot"; did you mean "port"?'),
    ("zzz: 1", '1 zzz: unknown key "zzz"; the known keys are accounts, answer_within, broker, delivery'),
    ("delivery: {give_upp: 1h}", '1 delivery.give_upp: unknown key "give_upp"; did you mean "give_up"?'),
    ("retention: {raws: 1h}", '1 retention.raws: unknown key "raws"; did you mean "raw"?'),
    ("media: {max_byte: 1}", '1 media.max_byte: unknown key "max_byte"; did you mean "max_bytes"?'),
    ("store: sqlite:a\nbroker: memory\nstore: sqlite:b", "3 store: is here twice; it is on line 1 too; remove one"),
    ("http:\n  port: 1\n  port: 2", "3 http.port: is here twice; it is on line 2 too"),
    (f"accounts:\n{BOT}{BOT}", "3 accounts.bot: is here twice; it is on line 2 too"),
    ("? [a]\n: b", "1 ?: a key must be a single word"),
    ("[a]", "0 must be a table of keys, not a list"),
]


@pytest.mark.parametrize(("text", "expected"), KEYS_WRONG)
def test_a_wrong_key(wrong, text, expected):
    (found,) = wrong(text)
    assert found.startswith(expected)


ACCOUNTS = [
    ("connector: telegram\n    secret: abc", "2 accounts.bot.token: is missing; every account of this connector needs it"),
    ("connector: telegram\n    secret: abc\n    token:", "5 accounts.bot.token: has no value; give one"),
    (f"connector: telegram\n    tokn: '{TOKEN}'\n    secret: abc", '4 accounts.bot.tokn: unknown key "tokn"; did you mean "token"?'),
    (f"connector: telegram\n    token: '{TOKEN}/'\n    secret: abc", "4 accounts.bot.token: must be the token that BotFather gave"),
    (f"connector: telegram\n    token: '{TOKEN}'\n    secret: {SECRET}!", "5 accounts.bot.secret: must be 1 to 256 characters"),
    (f"connector: telegram\n    token: ['{TOKEN}']\n    secret: {SECRET}", "4 accounts.bot.token: must be a valid string"),
    ("brand: Main\n    connector: messenger\n    page_id: 1\n    app_secret: hunter2hunter2", '3 accounts.bot.brand: "Main" must be 1 to 40'),
    ("hook: a/b\n    connector: messenger\n    page_id: 1\n    app_secret: hunter2hunter2", '3 accounts.bot.hook: "a/b" must be 1 to 40'),
    ("api: nowhere\n    connector: messenger\n    page_id: 1\n    app_secret: hunter2hunter2", "3 accounts.bot.api: must be an http"),
    ("api: http://u:p@h\n    connector: messenger\n    page_id: 1\n    app_secret: hunter2hunter2", "3 accounts.bot.api: must not hold"),
    ("api: http://h?a\n    connector: messenger\n    page_id: 1\n    app_secret: hunter2hunter2", "3 accounts.bot.api: must have no query"),
    ("uncertain: ask\n    connector: messenger\n    page_id: 1\n    app_secret: hunter2hunter2", "3 accounts.bot.uncertain: must be 'hold' or"),
    ("workers: 0\n    connector: messenger\n    page_id: 1\n    app_secret: hunter2hunter2", "3 accounts.bot.workers: must be greater than"),
    ("workers: 2\n    connector: messenger\n    page_id: 1\n    app_secret: hunter2hunter2", "2 accounts.bot: an even number of workers"),
    ("connector: messenger\n    page_id: 1\n    app_secret: hunter2", "5 accounts.bot.app_secret: [secret] is too short"),
    ("name: other\n    connector: messenger\n    page_id: 1\n    app_secret: hunter2hunter2", '3 accounts.bot.name: unknown key "name"'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ACCOUNTS)
def test_a_wrong_account(wrong, text, expected):
    (found,) = wrong(f"accounts:\n  bot:\n    {text}\n")
    assert "hunter2" not in found
    assert found.startswith(expected)


def test_a_table_within_an_account(wrong):
    base = "connector: messenger\n    page_id: 1\n    app_secret: hunter2hunter2\n    pace:"
    text = f"accounts:\n  bot:\n    {base}\n      per_secnd: 3\n      per_chat: 0\n"
    assert wrong(text) == [
        '7 accounts.bot.pace.per_secnd: unknown key "per_secnd"; did you mean "per_second"?',
        "8 accounts.bot.pace.per_chat: must be greater than 0",
    ]
    (found,) = wrong(f"accounts:\n  bot:\n    {base} fast\n")
    assert found.startswith("6 accounts.bot.pace: must be a valid dictionary")
    (found,) = wrong(f"accounts:\n  bot:\n    {base} &a {{per_chat: *a}}\n")
    assert found == "6 accounts.bot.pace.per_chat: holds itself"


def test_a_secret_of_the_environment_is_never_quoted(wrong):
    (found,) = wrong(
        "accounts:\n  bot:\n    connector: telegram\n    token: x\n    secret: y\n    brand: ${S}", S=SECRET
    )
    assert found == '6 accounts.bot.brand: "[secret]" must be 1 to 40 characters of a-z, 0-9 and -'


def test_a_hook_may_be_shared_but_not_one_end_of_it(read, wrong):
    page = "connector: messenger, hook: meta, app_secret: hunter2hunter2"
    other = page.replace("messenger", "whatsapp")
    one = f"accounts:\n  a: {{{page}, page_id: 1}}\n"
    config = read(f"{one}  b: {{{page}, page_id: 2}}\n  c: {{{other}, page_id: 1}}")
    assert {account.hook for account in config.accounts.values()} == {"meta"}
    (found,) = wrong(f"{one}  b: {{{page}, page_id: 1}}\n")
    assert found.startswith('3 accounts.b: is the same end of messenger on the hook "meta" as the account a; give one')
    bot = BOT.replace("bot:", "other:").replace("{", "{hook: bot, ")
    (found,) = wrong(f"accounts:\n{BOT}{bot}")
    assert found.startswith('3 accounts.other: is the same end of telegram on the hook "bot" as the account bot')


def test_all_errors_are_told_in_the_order_of_the_file(wrong):
    text = "broker: redis\nhttp:\n  port: x\n  hosd: y\naccounts:\n  bot: {connector: x}\n  B: {}\nretention: 3\nstoer: 1\n"
    assert [int(found.split()[0]) for found in wrong(text)] == [1, 3, 4, 6, 7, 8, 9]


SYNTAX = [
    ("http: {port: 1\nstore: x", "2 is not YAML: expected ',' or '}', but got ':'"),
    ("a: b\n\tc: d", "2 is not YAML: found character '\\t' that cannot start any token"),
    ("a: 'b\n", "2 is not YAML: found unexpected end of stream"),
    ("a: *hunter2hunter2", "1 is not YAML: found undefined alias …"),
    ("a: b\n---\nc: d", "2 is not YAML: but found another document"),
    ("a: \x01", "0 is not YAML: it has a character that YAML does not allow, U+0001"),
    ("[" * 1500, "0 is nested too deeply to be read"),
]


@pytest.mark.parametrize(("text", "expected"), SYNTAX)
def test_what_is_no_yaml(wrong, text, expected):
    assert wrong(text) == [expected]


def test_a_file_that_cannot_be_read(tmp_path):
    for path, words in (
        (tmp_path / "none.yaml", "No such file or directory"),
        (tmp_path, "Is a directory"),
    ):
        with pytest.raises(ConfigErrors) as caught:
            load(path, {}, CONNECTORS)
        assert str(caught.value) == f"{path}: cannot be read: {words}; give the path of a configuration file"
    (tmp_path / "latin.yaml").write_bytes(b"a: b\nc: \xe9\n")
    with pytest.raises(ConfigErrors, match=r"latin\.yaml:2:1: is not UTF-8 text"):
        load(tmp_path / "latin.yaml", {}, CONNECTORS)


def test_relative_paths_start_at_the_file(tmp_path, monkeypatch):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "p.yaml").write_text("store: sqlite:../var/p.db")
    monkeypatch.chdir(tmp_path)
    config = load(Path("etc/p.yaml"), {}, CONNECTORS)
    assert config.folder == tmp_path / "etc"
    assert store_path(config).resolve() == tmp_path / "var" / "p.db"


# Traces.

ENDPOINT = "http://127.0.0.1:4318/v1/traces"


def test_there_are_no_traces_unless_it_says_where_to(read):
    assert read("traces: ~").traces is None
    assert read("").traces is None
    found = read(f"traces: {{endpoint: '{ENDPOINT}', sample: 1, headers: {{x-key: '${{OTEL}}'}}}}", OTEL="of-otel")
    assert found.traces == TracesConfig(ENDPOINT, {"x-key": "of-otel"}, 1.0)


def test_what_lets_traces_in_is_shown_nowhere(read):
    found = read(f"traces: {{endpoint: '{ENDPOINT}', headers: {{authorization: 'Bearer of-otel'}}}}")
    assert {"Bearer of-otel", "of-otel"} <= secrets_of(found)
    assert "of-otel" not in repr(found)


@pytest.mark.parametrize(
    ("traces", "words"),
    [
        ("{}", "traces.endpoint: is missing"),
        ("{endpont: 'http://c/'}", 'traces.endpont: unknown key "endpont"; did you mean "endpoint"?'),
        ("{endpoint: c}", "traces.endpoint: must be an http or https address such as http://127.0.0.1:4318/v1/traces"),
        ("{endpoint: 'http://me:pw@c/'}", "traces.endpoint: must not hold a user or a password"),
        ("{endpoint: 'http://c/#x'}", "traces.endpoint: must have no fragment"),
        ("{endpoint: 'http://c/', sample: 1.5}", "traces.sample: must be a share from 0 to 1"),
        ("{endpoint: 'http://c/', sample: some}", "traces.sample: must be a share from 0 to 1"),
        ("{endpoint: 'http://c/', headers: {x: ' y'}}", "traces.headers.x: must be printable ASCII"),
        ("{endpoint: 'http://c/', headers: {'x y': z}}", "traces.headers.x y: is no name of a header"),
        ("{endpoint: 'http://c/', headers: x}", "traces.headers: must be a table"),
    ],
)
def test_what_is_wrong_with_traces_is_told(read, traces, words):
    with pytest.raises(ConfigErrors) as caught:
        read(f"traces: {traces}")
    assert words in str(caught.value)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize("parent", [False, True])
def test_traces_without_their_library_say_what_to_install(read, monkeypatch, parent):
    def found(name: str) -> None:
        if parent:  # not even the package above it is there
            raise ModuleNotFoundError(name)

    monkeypatch.setattr(config_traces, "find_spec", found)
    with pytest.raises(ConfigErrors) as caught:
        read(f"traces: {{endpoint: '{ENDPOINT}'}}")
    words = "traces: needs OpenTelemetry, which is not installed here; pip install 'passerelle[otel]'"
    assert str(caught.value).endswith(words)


# The example.


def test_the_example_is_read():
    config = load(ROOT / "config.example.yaml", {**ENVIRON, **OTHERS}, find())
    default = Config(config.path, config.folder)
    bot = config.accounts["support-telegram"]
    assert replace(config, accounts=default.accounts, http=default.http, traces=None) == default
    assert config.traces == TracesConfig("http://127.0.0.1:4318/v1/traces")
    assert replace(config.http, public_url=None) == default.http
    assert (bot.settings.token.get_secret_value(), bot.settings.secret.get_secret_value()) == (TOKEN, SECRET)
    assert (bot.hook, bot.brand, bot.uncertain) == (bot.name, "main", "hold")
    assert (bot.pace, bot.settings.base) == (telegram.pace, telegram.settings.API)


def test_the_example_shows_every_key():
    shown = yaml.safe_load((ROOT / "config.example.yaml").read_text())
    account = shown["accounts"]["support-telegram"]
    common = set(config_accounts.known_keys(api.Settings)) - {"connector"}
    for other in shown["accounts"].values():
        keys = set(config_accounts.known_keys(find()[other["connector"]].settings))
        assert keys - common <= set(other) <= keys, other
    assert {other["connector"] for other in shown["accounts"].values()} | {"twilio_whatsapp"} == set(find())
    for table, keys in KEYS.items():
        assert set(shown[table] if table else shown) == set(keys), table
    assert set(account) == set(config_accounts.known_keys(telegram.settings))
    assert set(account["pace"]) == set(api.Pace.model_fields)


def test_the_example_has_a_comment_for_each_key():
    lines = (ROOT / "config.example.yaml").read_text().splitlines()
    for number, line in enumerate(lines):
        if line.strip() and not line.startswith("#") and not line.endswith(":"):
            assert "#" in line or lines[number - 1].startswith("#"), line


# The laws.


@given(st.integers(1, 36_500 * 86_400), st.sampled_from("smhd"))
def test_durations_are_read_as_they_are_meant(number, unit):
    seconds = number * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[unit]
    if seconds <= 36_500 * 86_400 and number < 10**9:
        assert config_values.duration(f"{number}{unit}") == timedelta(seconds=seconds)
    else:
        with pytest.raises(ValueError, match="must be a duration"):
            config_values.duration(f"{number}{unit}")


NAMES = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=40)


@given(NAMES)
def test_names_are_taken(name):
    assert config_values.name(name) == name


@given(st.text())
def test_other_names_are_not(text):
    if len(text) <= 40 and text and set(text) <= set(string.ascii_lowercase + string.digits + "-"):
        return
    with pytest.raises(ValueError, match="must be 1 to 40 characters"):
        config_values.name(text)


READERS = [
    config_values.duration, config_values.size, config_values.port, config_values.host, config_values.public_url,
    config_values.api, config_values.network, config_values.store, config_values.broker, config_values.name,
]  # fmt: skip


@given(st.text(), st.sampled_from(READERS))
def test_no_value_raises_anything_but_value_error(text, read):
    with contextlib.suppress(ValueError):
        read(text)


@given(
    st.integers(1, 10**6),
    st.sampled_from([("", 1), ("B", 1), ("KB", 1000), ("KiB", 1024), ("MB", 10**6), ("GiB", 2**30)]),
)
def test_sizes(number, unit):
    assert config_values.size(f"{number}{unit[0]}") == number * unit[1]


@given(text=st.text(alphabet="abc:{}[]'\"-\n ~&*!#${}0", max_size=60))
def test_no_text_raises_anything_but_config_errors(text, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(f"accounts:\n  bot:\n    connector: telegram\n    {text}\n")
    with contextlib.suppress(ConfigErrors):
        load(path, {}, CONNECTORS)
