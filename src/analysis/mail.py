"""One e-mail through the bank's own SMTP server."""

from __future__ import annotations

import os
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime, make_msgid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.report.post import Post

PASSWORD = "CRM_SMTP_PASSWORD"
TIMEOUT_SECONDS = 30


def send(post: Post, subject: str, text: str) -> str | None:
    """Sends it to all of `post.to`. Returns None, or a sentence on what kept it from some or all of them."""
    password = os.environ.get(PASSWORD, "")
    if post.user and not password:
        return f"{PASSWORD} is not set, and reports.yaml names a user."
    try:
        refused = _deliver(post, password, _letter(post, subject, text))
    except smtplib.SMTPResponseException as error:
        return f"{post.host}:{post.port} refused it (code {error.smtp_code})."
    except smtplib.SMTPRecipientsRefused as error:
        return f"{post.host}:{post.port} took it for none of {len(error.recipients)} recipients."
    except (OSError, ValueError, smtplib.SMTPException) as error:
        told = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else type(error).__name__
        return f"{post.host}:{post.port} could not be used ({told})."
    return f"{post.host}:{post.port} did not take it for {len(refused)} of {len(post.to)} recipients." if refused else None


def _deliver(post: Post, password: str, letter: EmailMessage) -> dict:
    with smtplib.SMTP(str(post.host), post.port, timeout=TIMEOUT_SECONDS) as server:
        if post.starttls:
            server.starttls(context=ssl.create_default_context())
        if post.user:
            server.login(post.user, password)
        return server.send_message(letter)


def _letter(post: Post, subject: str, text: str) -> EmailMessage:
    letter = EmailMessage(policy=SMTP)
    letter["Subject"] = " ".join(subject.split())
    letter["From"] = post.sender
    letter["To"] = ", ".join(post.to)
    letter["Date"] = localtime()
    letter["Message-ID"] = make_msgid(domain=str(post.sender).partition("@")[2])
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(text)
    return letter
