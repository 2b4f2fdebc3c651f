"""The message that says what changed: from the release alone, in the site's language, to the office and through a real SMTP server."""

import contextlib
import email
import email.policy
import json
import logging
import socket
import ssl
import subprocess
from collections.abc import Iterator

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from analysis import message, status, wording
from analysis.errors import UserError
from analysis.mail import send
from analysis.message import before_this, tell, written
from analysis.report import release
from analysis.report.edition import Edition
from analysis.report.post import Post

CHINESE = {
    "{bank}: monthly customer report as of {day:date}": "{bank}客户经营分析月报（截至{day:date}）",
    "Published: {n:count} of {all:count} reports.": "{all:count}份报告中{n:count}份已发布。",
}
FIGURES = [
    {"title": "Active customers", "unit": "count", "value": 4321, "judgement": "within",
     "changes": {"month": {"value": -13, "relative": -0.003}}},
    {"title": "Churn <b>rate</b>", "unit": "share", "value": 0.021, "judgement": "worse", "changes": {"month": {"value": 0.004, "relative": None}}},
    {"title": "Net promoter score", "unit": "score", "value": 31.0, "judgement": "better", "changes": {"month": {"value": 2.5, "relative": None}}},
    {"title": "Assets lost", "unit": "money", "currency": "CNY", "value": 3.2e6, "judgement": "unknown", "changes": {}},
    {"title": "Resolved in time", "unit": "share", "value": None, "absent": "The bank brings no complaints &amp; no limits."},
]  # fmt: skip


def entry(state: str = "published", **fields: object) -> dict:
    reason = None if state == "published" else "7 events; 50 are needed."
    return {"status": state, "reason": reason, "title": "Churn", "page_as_of": None, "digest": "d", "gate": [], **fields}


@pytest.fixture
def edition(tmp_path, monkeypatch) -> Edition:
    monkeypatch.setenv("CRM_HOME", str(tmp_path))
    site = tmp_path / "reports" / "mine"
    return Edition(
        bank="mine", labels={"en": "My bank", "zh": "我行"}, prepared_by={}, kind_of_data="real", as_of="2025-06-30", languages=["en"],
        tables=frozenset(), notebooks=tmp_path, published=site, logs=tmp_path, state=tmp_path, provenance={},
    )  # fmt: skip


def publish(edition: Edition, reports: dict, day: str = "2025-06-30", **more: object) -> None:
    with release.staging(edition.published) as staged:
        release.write_results(staged, {"language": edition.languages[0], "reports": reports, **more})
        release.publish(staged, edition.published, day)


def text_of(edition: Edition, before=message.Before(), **post: object) -> str:  # noqa: B008
    return written(edition, before, Post(**post))[1]


def test_it_says_what_is_new_missing_and_made_anew(edition):
    publish(edition, {"a": entry(title="Alpha"), "b": entry("failed", title="Beta"), "c": entry(title="Gamma")}, "2025-05-31")
    before = before_this(edition)
    publish(edition, {
        "a": entry("failed", title="Alpha", page_as_of="2025-05-31"), "b": entry(title="Beta"), "c": entry("not produced", title="Gamma"),
    })  # fmt: skip
    assert before.day == "2025-05-31"
    subject, text = written(edition, before, Post(pages="https://reports.bank.example/mine/"))
    assert subject == "My bank: monthly customer report as of 30 June 2025 (reports failed: 1)"
    assert text.splitlines() == [
        "Published: 1 of 3 reports.",
        "New since the report before: Beta.",
        "Failed: Alpha. 7 events; 50 are needed. The report before had it. Its page of 31 May 2025 stands in.",
        "Not produced: Gamma. 7 events; 50 are needed. The report before had it.",
        "",
        "The pages: https://reports.bank.example/mine/2025-06-30/index.html",
    ]
    before = before_this(edition)
    publish(edition, {"a": entry(title="Alpha"), "b": entry(title="Beta", digest="e"), "c": entry("not produced", title="Gamma")})
    assert (
        "New since the report before: Alpha.\nThese pages replace those that stood for the same day; made anew: Beta."
        in text_of(edition, before)
    )


def test_stale_pages_stand_in_one_line_and_are_not_counted(edition):
    publish(edition, {"a": entry(title="A", is_stale=True), "b": entry(title="B"), "c": entry(title="C", is_stale=True)})
    assert text_of(edition).splitlines()[:2] == [
        "Published: 1 of 3 reports.",
        "Stale: A, C. Made before the data or the code changed.",
    ]


def test_it_tells_the_figures_the_conclusions_and_the_decisions(edition):
    picked = [{"html": "Churn rose by <b>0.4 points</b> &amp; more."}, {"html": "NPS rose."}]
    publish(edition, {"key_figures": entry(figures=FIGURES)}, conclusions={"picked": picked}, decisions=[{"owner": "x"}])
    assert text_of(edition).splitlines()[2:] == [
        "The six figures, against the month before:",
        "– Active customers: 4,321 customers; down 0.3%; within normal variation",
        "– Churn rate: 2.1%; up 0.4 percentage points; worse, beyond normal variation",
        "– Net promoter score: 31 NPS points; up 2.5 points; better, beyond normal variation",
        "– Assets lost: CNY 3.20 m; no month before to compare with; whether that is more than normal variation cannot be told",
        "– Resolved in time: The bank brings no complaints & no limits.",
        "",
        "What matters most:",
        "1. Churn rose by 0.4 points & more.",
        "2. NPS rose.",
        "",
        "Decisions needed: 1; the first page has them with owner and date.",
        "",
        "The pages: reports/mine/2025-06-30/index.html",
    ]
    publish(edition, {"a": entry()}, conclusions={"picked": [], "note": "All figures are within normal variation."})
    assert "\n\nAll figures are within normal variation.\n\n" in text_of(edition)


def test_it_lies_where_the_office_system_reads_it(edition):
    publish(edition, {"a": entry()})
    told = tell(edition, message.Before(), Post(), frozenset())
    assert told == {"file": "data/notices/mine/2025-06-30.txt", "sent": None, "problem": None}
    facts = json.loads((status.notices("mine") / "2025-06-30.json").read_text(encoding="utf-8"))
    assert (status.notices("mine") / "2025-06-30.txt").read_text() == f"{facts['subject']}\n\n{facts['text']}"
    assert facts["release"] == (edition.published / "2025-06-30").resolve().name


@pytest.mark.parametrize("title", ["Anna Alpha leaves", "Call 13800000001"])
def test_a_message_that_names_a_customer_is_not_written(edition, caplog, title):
    publish(edition, {"a": entry()}, conclusions={"picked": [{"html": title}]})
    told = tell(edition, message.Before(), Post(), frozenset({"Anna Alpha"}))
    assert (told["file"], told["sent"]) == (None, None)
    assert not status.notices("mine").exists()
    assert title not in caplog.text
    assert title not in str(told)


def test_a_message_that_cannot_be_made_ends_nothing(edition, caplog):
    publish(edition, {"a": entry()}, conclusions={"picked": [{}]})
    assert tell(edition, message.Before(), Post(), frozenset())["problem"] == "It was not written (KeyError)."
    assert "the message that says what changed was not written (KeyError)" in caplog.text


class Inbox:
    """What the server took; an address at `full` is refused."""

    def __init__(self):
        self.letters: list[email.message.EmailMessage] = []
        self.passwords: list[bytes] = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address.endswith("@full.example"):
            return "552 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.letters.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"

    def authenticated(self, server, session, envelope, mechanism, data):
        self.passwords.append(data.password)
        return AuthResult(success=data.password == b"right", handled=False)


@pytest.fixture
def inbox():
    return Inbox()


@contextlib.contextmanager
def serving(inbox: Inbox, host: str, **options: object) -> Iterator[int]:
    """A real SMTP server in a thread; its port."""
    with socket.socket() as free:
        free.bind((host, 0))
        port = free.getsockname()[1]
    controller = Controller(inbox, hostname=host, port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@pytest.fixture
def server(inbox):
    with serving(inbox, "127.0.0.1") as port:
        yield port


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem"
    try:
        subprocess.run(["openssl", *words.split()], cwd=folder, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl makes the server's certificate")
    return folder


@pytest.fixture
def secure_server(inbox, certificate, monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    options = {"authenticator": inbox.authenticated, "auth_required": True, "require_starttls": True}
    with serving(inbox, "localhost", tls_context=context, **options) as port:
        yield port


def post(port: int, host: str = "127.0.0.1", to: tuple[str, ...] = ("office@bank.example",), **more: object) -> Post:
    return Post(**{"host": host, "port": port, "from": "reports@bank.example", "to": list(to), "starttls": False, **more})


def test_a_chinese_message_arrives_whole(edition, inbox, server, monkeypatch):
    monkeypatch.setattr(wording, "catalogue", lambda language: CHINESE)
    object.__setattr__(edition, "languages", ["zh", "en"])
    publish(edition, {"a": entry(title="为什么客户流失")})
    told = tell(edition, message.Before(), post(server), frozenset())
    assert (told["sent"], told["problem"]) == (True, None)
    [letter] = inbox.letters
    assert letter["Subject"] == "我行客户经营分析月报（截至2025年6月30日）"
    assert "1份报告中1份已发布。" in letter.get_content()
    assert (letter["From"], letter["To"]) == ("reports@bank.example", "office@bank.example")
    assert letter["Message-ID"].endswith("@bank.example>")


def test_it_logs_in_over_tls_alone_and_trusts_no_unknown_server(inbox, secure_server, certificate, monkeypatch):
    secure = post(secure_server, "localhost", starttls=True, user="reports")
    monkeypatch.setenv("CRM_SMTP_PASSWORD", "right")
    assert "certificate" in send(secure, "s", "t")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    assert send(secure, "s", "t") is None
    assert len(inbox.letters) == 1
    monkeypatch.setenv("CRM_SMTP_PASSWORD", "wrong-one")
    problem = send(secure, "s", "t")
    assert problem == f"localhost:{secure_server} refused it (code 535)."
    assert set(inbox.passwords) == {b"right", b"wrong-one"}
    assert len(inbox.letters) == 1
    monkeypatch.delenv("CRM_SMTP_PASSWORD")
    assert send(secure, "s", "t") == "CRM_SMTP_PASSWORD is not set, and reports.yaml names a user."


def test_what_keeps_it_from_being_sent_is_told_and_ends_nothing(edition, inbox, server, caplog):
    caplog.set_level(logging.WARNING)
    some = post(server, to=("office@bank.example", "boss@full.example"))
    assert send(some, "s", "t") == f"127.0.0.1:{server} did not take it for 1 of 2 recipients."
    none = post(server, to=("boss@full.example",))
    assert send(none, "s", "t") == f"127.0.0.1:{server} took it for none of 1 recipients."
    publish(edition, {"a": entry()})
    told = tell(edition, message.Before(), post(9), frozenset())
    assert (told["sent"], told["problem"]) == (False, "127.0.0.1:9 could not be used (ConnectionRefusedError).")
    assert f"the message was not sent: {told['problem']} It lies in {told['file']}." in caplog.text


def test_a_line_break_in_a_bank_s_name_adds_no_header(inbox, server):
    assert send(post(server), "My bank\nBcc: all@bank.example", "t") is None
    assert inbox.letters[0]["Bcc"] is None


def test_a_release_without_results_is_a_sentence(edition):
    with pytest.raises(UserError):
        written(edition, message.Before(), Post())
