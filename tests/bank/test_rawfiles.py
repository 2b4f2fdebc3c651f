import datetime as dt
import gzip

import duckdb
import pandas as pd
import pytest
import xlsxwriter

from analysis.bank.config import RawFile
from analysis.bank.rawfiles import load, locate
from analysis.errors import UserError

CHINESE = "客户号,姓名,备注\n001,张三,首次开户\n002,李四,电话无法接通\n"


def read(folder, **file):
    with duckdb.connect() as connection:
        load(connection, "it", RawFile(**file), folder)
        result = connection.execute("SELECT * FROM it")
        return [column[0] for column in result.description], result.fetchall()


def write(folder, name, content):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_in_any_separator_arrives_as_text(tmp_path, separator):
    write(tmp_path, "a.csv", "id,amount,day\n007,1.50,2024-01-31\n8,,x\n".replace(",", separator))
    assert read(tmp_path, path="a.csv", sep=separator) == (
        ["id", "amount", "day"],
        [("007", "1.50", "2024-01-31"), ("8", None, "x")],
    )


@pytest.mark.parametrize(
    ("written", "stated"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-8", "UTF8"),
        ("gb18030", "gb18030"),
        ("gb18030", "gbk"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
    ],
)
def test_csv_in_its_encoding(tmp_path, written, stated):
    write(tmp_path, "a.csv", CHINESE.encode(written))
    assert read(tmp_path, path="a.csv", encoding=stated) == (
        ["客户号", "姓名", "备注"],
        [("001", "张三", "首次开户"), ("002", "李四", "电话无法接通")],
    )


def test_csv_with_quoted_newlines_separators_and_carriage_returns(tmp_path):
    write(tmp_path, "a.csv", '"id","the\ntext"\r\n1,"first\nsecond, third"\r\n2,"he said ""no"""\r\n')
    assert read(tmp_path, path="a.csv") == (["id", "the\ntext"], [("1", "first\nsecond, third"), ("2", 'he said "no"')])


def test_csv_compressed(tmp_path):
    write(tmp_path, "a.csv.gz", gzip.compress(b"id\n1\n"))
    assert read(tmp_path, path="a.csv.gz") == (["id"], [("1",)])


def test_a_header_alone_is_a_table_without_rows(tmp_path):
    write(tmp_path, "a.csv", "id,name\n")
    assert read(tmp_path, path="a.csv") == (["id", "name"], [])


def test_a_column_without_a_name_is_called_by_its_place(tmp_path):
    write(tmp_path, "a.csv", ",id \n0,x\n")
    assert read(tmp_path, path="a.csv") == (["column_1", "id"], [("0", "x")])


def workbook(path):
    with xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd"}) as book:
        book.add_worksheet("notes").write_row(0, 0, ["nothing"])
        sheet = book.add_worksheet("答卷")
        sheet.write_row(0, 0, ["编号", "日期", "分数", "备注"])
        sheet.write_row(1, 0, [12345678901, dt.date(2024, 1, 31), 8.5, "好"])
        sheet.write_row(2, 0, ["007", dt.date(2024, 2, 29), 9, None])


@pytest.mark.parametrize("sheet", ["答卷", 1])
def test_excel_by_sheet_name_or_number(tmp_path, sheet):
    workbook(tmp_path / "a.xlsx")
    assert read(tmp_path, path="a.xlsx", sheet=sheet) == (
        ["编号", "日期", "分数", "备注"],
        [("12345678901", "2024-01-31", "8.5", "好"), ("007", "2024-02-29", "9", None)],
    )


def test_parquet_by_glob_keeps_its_types(tmp_path):
    for month in ("01", "02"):
        pd.DataFrame({"id": [int(month)], "amount": [0.5]}).to_parquet(tmp_path / f"t-{month}.parquet", index=False)
    assert read(tmp_path, path="t-*.parquet") == (["id", "amount"], [(1, 0.5), (2, 0.5)])


def test_json_lines_with_numbers_as_written(tmp_path):
    write(
        tmp_path,
        "a.jsonl",
        '{"id": 1, "amount": 1.50, "open": true, "at": "2024-01-01T10:00:00"}\n\n{"id": "x", "tags": ["a", "客"], "open": null}\n',
    )
    assert read(tmp_path, path="a.jsonl") == (
        ["id", "amount", "open", "at", "tags"],
        [("1", "1.50", "true", "2024-01-01T10:00:00", None), ("x", None, None, None, '["a", "客"]')],
    )


def test_files_of_a_glob_are_read_in_order_of_name_whatever_the_order_of_columns(tmp_path):
    write(tmp_path, "b.csv", "name,id\nB,2\n")
    write(tmp_path, "a.csv", "id,name\n1,A\n")
    assert read(tmp_path, path="*.csv") == (["id", "name"], [("1", "A"), ("2", "B")])
    assert [path.name for path in locate(tmp_path, RawFile(path="*.csv"))] == ["a.csv", "b.csv"]


def test_a_long_file_arrives_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.bank.rawfiles.BLOCK_BYTES", 1000)
    write(tmp_path, "a.csv", "id,text\n" + "".join(f'{number},"line\n{number}"\n' for number in range(1000)))
    columns, rows = read(tmp_path, path="a.csv")
    assert columns == ["id", "text"]
    assert rows == [(str(number), f"line\n{number}") for number in range(1000)]


SPANISH = "id,sucursal\n1,Málaga\n2,La Coruña\n3,Córdoba\n"
BIG5 = "客戶號,備註\n1,電話無法接通請回電\n"
REFUSED = [
    ("clients.csv", "id\n1\n", {"path": "client.csv"}, r"there is no file 'client\.csv'; did you mean 'clients\.csv'\? Deliver it or mend its path\.$"),
    ("clients.csv", "id\n1\n", {"path": "zzz.csv"}, r"there is no file 'zzz\.csv'\. Deliver it"),
    ("clients.csv", "id\n1\n", {"path": "/etc/passwd"}, r"'/etc/passwd' in bank\.yaml is no path below .*; write it relative to that folder\.$"),
    ("a.csv", "", {"path": "a.csv"}, r"a\.csv: the file is empty; deliver it anew, with a header line\.$"),
    ("a.jsonl", "\n", {"path": "a.jsonl"}, r"a\.jsonl: the file is empty"),
    ("a.csv", CHINESE.encode("gb18030"), {"path": "a.csv"}, r"a\.csv: it is not utf-8 text; it reads as gb18030: state encoding: gb18030 in bank\.yaml\.$"),
    ("a.csv", "id,name\n1,x\n2,张三丰\n".encode("gb18030"), {"path": "a.csv"}, "it reads as gb18030"),
    ("a.csv", BIG5.encode("big5"), {"path": "a.csv"}, "it reads as big5"),
    ("a.csv", CHINESE.encode("utf-16"), {"path": "a.csv"}, "it is not utf-8 text; it reads as utf-16:"),
    ("a.csv", "id,name\n1,x\n".encode("utf-16-le"), {"path": "a.csv"}, "it is not utf-8 text; it reads as utf-16-le:"),
    ("a.csv", SPANISH.encode("cp1252"), {"path": "a.csv"}, r"it reads as cp1252 or cp1250: state which, as its encoding in bank\.yaml\.$"),
    ("a.csv", CHINESE.encode(), {"path": "a.csv", "encoding": "gb18030"}, "it is not gb18030 text; it reads as utf-8: state encoding: utf-8"),
    ("a.csv", CHINESE.encode(), {"path": "a.csv", "encoding": "gb2132"}, "there is no encoding 'gb2132'; it reads as utf-8"),
    ("a.jsonl", '{"a": "张三丰"}\n'.encode("gb18030"), {"path": "a.jsonl"}, "it reads as gb18030"),
    ("a.csv", "id;name\n1;x\n", {"path": "a.csv"}, r"sep ',' makes one column of its header; it looks separated by ';': state sep: ';' in bank\.yaml\.$"),
    ("a.csv", "id,name\n1,x\n2,y,Secret Name\n", {"path": "a.csv"}, r"a\.csv, line 3: 3 fields where the header has 2; mend the file \(a stray separator or quote\?\)\.$"),
    ("a.csv", "id,name,id\n1,x,2\n", {"path": "a.csv"}, "its header names column 'id' 2 times; give each column its own name"),
    ("a.csv", 'id,"Secret\n' + "1,x\n" * 60_000, {"path": "a.csv"}, r"its header cannot be read \(field larger than field limit \(131072\)\); mend the file"),
    ("a.bin", "x", {"path": "a.bin"}, r"files of type '\.bin' are not read; state format: csv, excel, parquet or jsonl\.$"),
    ("a.parquet", "x", {"path": "a.parquet"}, "not readable as Parquet"),
    ("a.xlsx", "x", {"path": "a.xlsx"}, "not readable as Excel"),
    ("a.csv.gz", "x", {"path": "a.csv.gz"}, "cannot be read"),
    ("a.jsonl", '{"id": 1}\n{"id": Secret\n', {"path": "a.jsonl"}, r"a\.jsonl, line 2: not JSON \(Expecting value\); each line must be one JSON object\.$"),
    ("a.jsonl", '[{"id": 1}]\n', {"path": "a.jsonl"}, r"line 1: not a JSON object; each line must be one, such as \{\"id\": 1\}\.$"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "file", "sentence"), REFUSED)
def test_what_cannot_be_read_is_told_in_a_sentence(tmp_path, name, content, file, sentence, told):
    write(tmp_path, name, content)
    with pytest.raises(UserError, match=sentence) as caught:
        read(tmp_path, **file)
    told(caught.value, "Secret")


def test_a_missing_folder(tmp_path):
    with pytest.raises(
        UserError, match=r"The folder of raw files .*nowhere does not exist; deliver the files there or name it with --raw\.$"
    ):
        locate(tmp_path / "nowhere", RawFile(path="a.csv"))


@pytest.mark.parametrize(
    ("sheet", "sentence"),
    [
        ("答", r"no sheet '答'\. Sheets: notes, 答卷\.$"),
        ("note", "did you mean 'notes'"),
        (2, r"no sheet number 2, counted from 0\. Sheets: notes, 答卷\.$"),
    ],
)
def test_a_missing_sheet(tmp_path, sheet, sentence):
    workbook(tmp_path / "a.xlsx")
    with pytest.raises(UserError, match=sentence):
        read(tmp_path, path="a.xlsx", sheet=sheet)


def test_a_long_json_file_arrives_whole_with_the_names_of_its_last_line(tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.bank.rawfiles.BATCH_ROWS", 2)
    write(tmp_path, "a.jsonl", "".join(f'{{"id": {number}}}\n' for number in range(4)) + '{"id": 4, "late": "x"}\n')
    assert read(tmp_path, path="a.jsonl") == (
        ["id", "late"],
        [("0", None), ("1", None), ("2", None), ("3", None), ("4", "x")],
    )


def test_a_file_of_a_glob_without_its_header_line_tells_none_of_its_values(tmp_path, told):
    write(tmp_path, "a-1.csv", "phone,name\n13800000001,Anna Alpha\n")
    write(tmp_path, "a-2.csv", "13800000002,Bert Beta\n13800000003,Carl Gamma\n")
    with pytest.raises(
        UserError, match=r"a-2\.csv: it has no column in common with a-1\.csv; deliver both with the same header line\.$"
    ) as caught:
        read(tmp_path, path="a-*.csv")
    told(caught.value, "13800000002", "Bert")


def test_files_of_a_glob_with_other_columns(tmp_path):
    write(tmp_path, "a-1.csv", "id,name\n1,A\n")
    write(tmp_path, "a-2.csv", "id,nmae\n2,B\n")
    with pytest.raises(
        UserError, match=r"a-2\.csv: its columns differ from those of a-1\.csv \(name, nmae\); deliver both alike\.$"
    ):
        read(tmp_path, path="a-*.csv")
    pd.DataFrame({"id": [1]}).to_parquet(tmp_path / "a-1.parquet")
    pd.DataFrame({"ID": [1]}).to_parquet(tmp_path / "a-2.parquet")
    with pytest.raises(UserError, match=r"a-2\.parquet: its columns differ from those of a-1\.parquet \(ID, id\)"):
        read(tmp_path, path="a-*.parquet")
