"""The README's example of a bank runs as it is written there."""

import re
from pathlib import Path

import pandas as pd

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_example_bank_of_the_readme_is_prepared(project):
    definition = next(text for text in re.findall(r"```yaml\n(.+?)```", README, re.DOTALL) if "mybank" in text)
    raw = project.root / "data" / "raw" / "mybank"
    raw.mkdir(parents=True)
    (raw / "bank.yaml").write_text(definition, encoding="utf-8")
    (raw / "clients.csv").write_bytes("客户号;开户日期\n甲1;2020-01-31\n乙2;2021-02-28\n".encode("gb18030"))
    bookings = pd.DataFrame(
        {
            "id": ["t1", "t2"],
            "client": ["甲1", "乙2"],
            "time": pd.to_datetime(["2024-01-05", "2024-02-06"]),
            "amount": [5.0, -3.0],
        }
    )
    bookings.to_parquet(raw / "bookings-2024.parquet")
    tables = project.prepare("mybank").manifest["tables"]
    assert {name: counts["accepted"] for name, counts in tables.items()} == {"customers": 2, "transactions": 2}
