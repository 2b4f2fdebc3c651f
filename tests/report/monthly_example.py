"""Invented results of one month, as `results.json` holds them, for tests of the monthly report."""

import json
from pathlib import Path

from analysis.report.page import Setting

EARLIER = {"2025-05-31": "../2025-05-31/index.html", "2025-04-30": "../2025-04-30/index.html"}
BANK = {"en": ("Sample Bank", "Retail Banking"), "zh": ("示例银行", "零售业务部")}


def monthly_results(language: str = "en") -> dict:
    """A release with six figures, three conclusions and four decisions, one of them incomplete."""
    read = json.loads(Path(__file__).with_name("monthly.json").read_text(encoding="utf-8"))
    return _in(language, read) | {"language": language}


def monthly_setting(language: str = "en") -> Setting:
    """What stands round it."""
    bank, maker = BANK[language]
    other = {"zh-CN": "zh/index.html"} if language == "en" else {"en": "../index.html"}
    return Setting(bank, "simulated", "2025-06-30", language, maker, other, version="1.0")


def _in(language: str, value: object) -> object:
    if isinstance(value, dict):
        return value[language] if set(value) == {"en", "zh"} else {name: _in(language, item) for name, item in value.items()}
    return [_in(language, item) for item in value] if isinstance(value, list) else value
