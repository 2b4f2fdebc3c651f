"""What is wrong with `keep` and `message` in reports.yaml is told in a sentence that names the place and repeats no secret."""

import pytest

from analysis.errors import UserError
from analysis.report.publication import PublicationList, read_publications

LIST = "reports: {a: {notebook: a.ipynb}}\n"


def listed(tmp_path, text: str) -> PublicationList:
    path = tmp_path / "reports.yaml"
    path.write_text(LIST + text)
    return read_publications(path)


def test_nothing_is_sent_and_everything_kept_unless_it_is_asked_for(tmp_path):
    publications = listed(tmp_path, "")
    assert (publications.keep, publications.message.host, publications.message.starttls) == (None, None, True)


def test_a_whole_message_is_read(tmp_path):
    post = listed(
        tmp_path, "keep: 24\nmessage: {host: mail, from: a@bank.example, to: [b@bank.example], user: u, port: 25}"
    ).message
    assert (post.host, post.port, post.sender, post.to, post.user) == ("mail", 25, "a@bank.example", ["b@bank.example"], "u")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("keep: few", "'keep' is 'few', but it should be a valid integer."),
        ("keep: 1", "'keep' is 1, but it should be greater than or equal to 2."),
        ("message:", "'message' needs keys of its own, such as pages; docs/scheduling.md has them."),
        ("message: {hots: mail}", "unknown key 'message.hots'; did you mean 'host'? Keys: pages, host, port, starttls, user, from, to."),
        ("message: {password: hunter2}", "'message.password' would lie in clear text; take it out and set CRM_SMTP_PASSWORD in the environment."),
        ("message: {to: [a@b.example]}", "'message': without a host no e-mail is sent; write host beside it, or take out from, to and user."),
        ("message: {host: mail}", "'message': a host alone sends nothing; write from and to beside it."),
        ("message: {user: u, starttls: false}", "'message': a password would go out in clear text; take out starttls: false, or user."),
        ("message: {to: office}", "'message.to' must be a list of e-mail addresses, such as [office@bank.example]."),
        ("message: {to: [office]}", "'message.to.0' must be a list of e-mail addresses, such as [office@bank.example]."),
        ('message: {from: "a@b\\nBcc: c@d"}', "'message.from' must be an e-mail address, such as reports@bank.example."),
        ("message: {port: 70000}", "'message.port' must be a port, such as 587."),
        ("message: {pages: intranet}", "'message.pages' must be an address, such as https://reports.bank.example/mybank."),
        ("message: {pages: 'https://me:hunter2@bank.example'}", "'message.pages' must be an address, such as https://reports.bank.example/mybank."),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place(tmp_path, text, sentence):
    with pytest.raises(UserError) as refused:
        listed(tmp_path, text)
    assert str(refused.value) == f"reports.yaml: {sentence}"
    assert "hunter2" not in str(refused.value)
