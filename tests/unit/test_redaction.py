"""Secrets: taken out of what is said and kept, recognised in code, and nothing else taken."""

import json
import time

import pytest

from daydreamd.errors import DaydreamError, ServerFault
from daydreamd.observe.logs import configure
from daydreamd.settings.faults import say_value
from daydreamd.settings.schema import Observe
from daydreamd.text import REDACTED, hide, holds_secret, one_line, redact, redact_argv
from daydreamd.text.prompting import one_line as prompt_line

A36 = "aB3dE6gH9" * 4
HEX32 = "0123456789abcdef" * 2
TOKENS = [
    f"ghp_{A36}", f"gho_{A36}", f"github_pat_11ABCDEFG0{A36}", f"glpat-{A36[:20]}",
    f"sk_live_{A36}", f"rk_test_{A36}", f"hf_{A36}", f"npm_{A36}", f"sk-proj-{A36}",
    f"sk-ant-api03-{A36}", f"xoxb-1234567890-{A36}", f"xapp-1-A{A36}",
    f"pypi-AgEIcHlwaS5vcmc{A36}{A36}",
    "AKIAIOSFODNN7EXAMPL2", f"AIza{A36[:35]}", f"GOCSPX-{A36[:28]}",
    f"SG.{A36[:22]}.{A36}{A36[:7]}",
    f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.{A36}", f"dop_v1_{HEX32}{HEX32}",
    f"dckr_pat_{A36[:27]}", f"shpat_{HEX32}", f"hvs.{A36}", f"tskey-auth-{A36}", f"r8_{A36}",
    f"lin_api_{A36}", f"dapi{HEX32}", f"glsa_{A36}", f"12345678:AA{A36[:33]}", f"ya29.{A36}",
    f"key-{HEX32}", f"whsec_{A36}", f"rubygems_{HEX32}{HEX32[:16]}", f"ATATT3{A36}",
]  # fmt: skip
SENTENCES = [
    ("postgres://bob:hunter2@db.example/app", "hunter2"),
    ("mongodb+srv://bob:p%40ss@cluster/x", "p%40ss"),
    ("redis://:s3cret@localhost:6379/0", "s3cret"),
    ("amqp://guest:a@b@host/vhost", "a@b"),
    ("https://h/v1?api_key=abcd1234&x=1", "abcd1234"),
    ("Authorization: Bearer abcdefghijkl123456", "abcdefghijkl123456"),
    ("apikey=zzzz1111qqqq is refused", "zzzz1111qqqq"),
    ('{"client_secret": "zzzz1111qqqq"}', "zzzz1111qqqq"),
    ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYzz", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzz"),
    ("password: hunter2hunter", "hunter2hunter"),
    ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END", "b3BlbnNzaC1rZXk"),
    ("AccountName=x;AccountKey=" + "A1b2" * 20 + "==", "A1b2A1b2"),
]
ORDINARY = [
    "tokens=3911 sent, 188 received", "key=schedule.interval value=6hours", "token: refreshing it",
    "session=20261122-184601-7f3a phase=ai_analysis", "see https://example.org/a?page=2",
    "git@github.com:me/it.git", "secret_file=/etc/daydreamd/key", "password=${DB_PASSWORD}",
    "http://127.0.0.1:11434 refuses connections", "max_tokens=12000000", "sk-learn is a package",
]  # fmt: skip


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_of_a_known_look_is_found_wherever_it_stands(token):
    for text in (
        token,
        f'x = "{token}"',
        f"fatal: cannot clone https://{token}@host/x",
        f"[{token}]",
    ):
        assert token not in redact(text)
        assert token not in one_line(text, limit=500)
        assert token not in prompt_line(text, limit=500)
    assert holds_secret(f'key = "{token}"\n')


@pytest.mark.parametrize(("text", "secret"), SENTENCES)
def test_what_is_called_a_secret_is_taken_for_one(text, secret):
    assert secret not in redact(text)
    assert REDACTED in redact(text)


@pytest.mark.parametrize("text", ORDINARY)
def test_what_is_no_secret_stays_as_it_is(text):
    assert redact(text) == text


@pytest.mark.parametrize(
    "code",
    [
        "token = read_token(path)", 'api_key = os.environ["API_KEY"]', 'password = "your_password"',
        'url = "postgres://user:password@localhost/db"', "max_tokens: int = 12_000",
        "secret: str | None = None", 'PASSWORD = "${DB_PASSWORD}"', 'token = "<your token here>"',
    ],
)  # fmt: skip
def test_code_that_speaks_of_secrets_holds_none(code):
    assert not holds_secret(code)


@pytest.mark.parametrize(
    "code",
    ['password = "hunter2hunter"', "TOKEN=abcdefgh1234\n", 'db = "mysql://root:hunter2@db/x"'],
)
def test_code_with_a_secret_in_it_is_known(code):
    assert holds_secret(code)


@pytest.mark.parametrize(
    ("argv", "secret"),
    [
        (["mcp", "--api-key", "abcd"], "abcd"),
        (["mcp", "--token=abcd"], "abcd"),
        (["env", "GITHUB_TOKEN=abcd", "mcp"], "abcd"),
        (["mysql", "-pabcd", "-u", "root"], "abcd"),
        (["curl", "-u", "me:abcd", "https://h"], "abcd"),
        (["npx", "server", "postgres://me:abcd@db/x"], "abcd"),
    ],
)
def test_a_command_line_keeps_its_words_and_loses_its_secrets(argv, secret):
    said = " ".join(redact_argv(argv))
    assert secret not in said
    assert said.split()[0] == argv[0]
    assert len(redact_argv(argv)) == len(argv)


def test_a_key_of_the_settings_is_taken_out_whatever_it_looks_like():
    hide("correct horse\n")
    assert "correct horse" not in redact("Illegal header value b'Bearer correct horse\\n'")


def test_an_error_never_says_a_secret():
    fault = ServerFault("http://bob:hunter2@h:1", "refuses connections")
    assert "hunter2" not in str(fault)
    assert "hunter2" not in str(DaydreamError("cannot ask: password=hunter2hunter"))


@pytest.mark.parametrize("key", ["api_key", "apikey", "apikeyy_token", "password"])
def test_a_fault_in_the_settings_never_says_a_secret(key):
    assert "zzzz" not in say_value(key, "zzzz\n1111")
    assert "hunter2" not in say_value("url", "redis://:hunter2@h/0")
    assert "hunter2" not in say_value("base_uri", "redis://:hunter2@h/0")


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_log_record_never_holds_a_secret(form, capsys):
    log = configure(Observe(format=form))
    log.say("warning", "model failed", reason="https://bob:hunter2@h refuses")
    said = capsys.readouterr().err
    assert "hunter2" not in said
    if form == "json":
        assert json.loads(said)["event"] == "model failed"


def test_the_search_takes_no_longer_for_text_made_to_slow_it():
    """Twice the text takes about twice the time, for beginnings of every shape."""
    pieces = [
        "eyJ",
        "-----BEGIN PRIVATE KEY-----\n",
        "://a:",
        "token=",
        "password:  ",
        "sk-",
        "gh",
        '"secret": "',
    ]
    for piece in pieces:
        texts = [piece * (size // len(piece)) for size in (1 << 15, 1 << 18)]
        took = []
        for text in texts:
            began = time.process_time()
            redact(text)
            holds_secret(text)
            took.append(time.process_time() - began)
        assert took[1] < 40 * (took[0] + 0.02), piece
