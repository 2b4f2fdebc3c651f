"""How the message that says what changed goes out: the key `message` of `reports.yaml`."""

import re
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from analysis.project import suggestion

SECRET_NAME = re.compile(r"passw|passphrase|secret|token|api_?key|credential|private_?key|access_?key", re.IGNORECASE)
POST_WANTS = {
    "pages": "an address, such as https://reports.bank.example/mybank",
    "port": "a port, such as 587",
    "starttls": "true or false",
    "from": "an e-mail address, such as reports@bank.example",
    "to": "a list of e-mail addresses, such as [office@bank.example]",
}

Address = Annotated[str, Field(pattern=r"^[^@\s<>,;:]+@[^@\s<>,;:]+$")]


class Post(BaseModel):
    """How the message that says what changed goes out: always as a file, and by e-mail where a `host` is given. `pages` is the
    address under which readers find the folder of the bank's pages; the password lies in the environment alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pages: str | None = Field(default=None, pattern=r"^https?://[^\s@]+$")
    host: str | None = Field(default=None, min_length=1)
    port: int = Field(default=587, gt=0, lt=65536)
    starttls: bool = True
    user: str | None = None
    sender: Address | None = Field(default=None, alias="from")
    to: list[Address] = Field(default_factory=list)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.host and not (self.sender and self.to):
            raise ValueError("a host alone sends nothing; write from and to beside it")
        if self.user and not self.starttls:
            raise ValueError("a password would go out in clear text; take out starttls: false, or user")
        if not self.host and (self.sender or self.to or self.user):
            raise ValueError("without a host no e-mail is sent; write host beside it, or take out from, to and user")
        return self


def problem_of_post(place: list[str], error: dict) -> str:
    """One sentence on what is wrong with `message` in reports.yaml; `place`: the keys that lead there."""
    where = ".".join(place)
    if error["type"] == "value_error":
        return f"'{where}': {error['msg'].removeprefix('Value error, ')}."
    if len(place) == 1:
        return f"'{where}' needs keys of its own, such as pages; docs/scheduling.md has them."
    if SECRET_NAME.search(place[1]):
        return f"'{where}' would lie in clear text; take it out and set CRM_SMTP_PASSWORD in the environment."
    if error["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in Post.model_fields.items()]
        return f"unknown key '{where}'{suggestion(place[-1], known)} Keys: {', '.join(known)}."
    wanted = POST_WANTS.get(place[1], "text, such as those in docs/scheduling.md")
    return f"'{where}' must be {wanted}."
