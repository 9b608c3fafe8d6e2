"""`oit check`: captured traffic is judged as a run is."""

from __future__ import annotations

import base64
import copy
import gzip
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from emulator.report import json_report
from tests.cli.captures import har, har_entry, write
from tests.cli.processes import oit

PURCHASE = "scenarios/quote/firm-deferred.oit.yaml"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of a run of two scenarios."""
    folder = tmp_path_factory.mktemp("ran")
    done = oit("run", PURCHASE, "scenarios/poq/immediate.oit.yaml", "--report", "json,transcript", "--report-dir",
               str(folder))  # fmt: skip
    assert (folder / "transcript.ndjson").exists(), done.err
    return folder


@pytest.fixture(scope="module")
def exchanges(ran: Path) -> list[dict[str, Any]]:
    """The exchanges of the first run."""
    return json.loads((ran / "report.json").read_bytes())["runs"][0]["exchanges"]


def checked(tmp_path: Path, *arguments: str) -> tuple[int, Any, str]:
    """Exit code, report and what was told."""
    done = oit("check", *arguments, "--report", "json,junit", "--report-dir", str(tmp_path / "out"))
    assert "Traceback" not in done.err
    path = tmp_path / "out" / "report.json"
    report = json.loads(path.read_bytes()) if path.exists() else None
    if report is not None:
        jsonschema.Draft7Validator(json_report.schema()).validate(report)
    return done.code, report, done.err


@pytest.mark.parametrize("file", ["transcript.ndjson", "report.json"])
def test_what_a_run_wrote_is_judged_as_the_run_was(ran: Path, tmp_path: Path, file: str):
    """Round trip: the same exchanges, the same findings, run by run."""
    code, report, told = checked(tmp_path, str(ran / file))
    assert code == 0, told
    before = json.loads((ran / "report.json").read_bytes())["runs"]
    assert len(report["runs"]) == len(before) == 2
    for now, then in zip(report["runs"], before, strict=True):
        assert now["run"]["scenario"] == file
        assert now["run"]["title"] == then["run"]["scenario"]
        assert now["run"]["clock"] == "captured"
        assert now["exchanges"] == then["exchanges"]
        assert now["findings"] == then["findings"]
        assert now["unattributed"] == []


def test_a_har_file_gives_what_the_run_gave(exchanges: list[dict[str, Any]], tmp_path: Path):
    """Browsers write headers, bodies and times otherwise; the judge sees the same."""
    file = write(tmp_path / "purchase.har", har(*map(har_entry, exchanges)))
    code, report, told = checked(tmp_path, file)
    assert code == 0, told
    assert report["run"]["scenario"] == "purchase.har"
    assert [e["operation"] for e in report["exchanges"]] == [e["operation"] for e in exchanges]
    assert [e["n"] for e in report["exchanges"]] == list(range(1, len(exchanges) + 1))
    assert report["exchanges"][0]["step"] == "entry 1"
    assert [f for f in report["findings"] if f["verdict"] == "fail"] == []


def broken(exchanges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same with a breach by the Seller: the first answer lost a required attribute."""
    wrong = copy.deepcopy(exchanges)
    del wrong[0]["response"]["body"]["submittedGeographicAddress"]
    return wrong


def test_a_breach_in_a_capture_is_found_and_laid_to_its_author(exchanges: list[dict[str, Any]], tmp_path: Path):
    file = write(tmp_path / "wrong.har", har(*map(har_entry, broken(exchanges))))
    code, report, told = checked(tmp_path, file)
    assert code == 1
    found = [f for f in report["findings"] if f["pointer"] == "/submittedGeographicAddress"]
    assert {f["blame"] for f in found} == {"seller"}
    assert {f["exchange"] for f in found} == {1}
    assert "oit explain MEF121-" in told


def test_only_the_party_under_test_decides(exchanges: list[dict[str, Any]], tmp_path: Path):
    """With --sut buyer the Seller's breach is told and decides nothing; neither side is ours."""
    file = write(tmp_path / "wrong.har", har(*map(har_entry, broken(exchanges))))
    assert checked(tmp_path, file, "--sut", "seller")[0] == 1
    code, report, told = checked(tmp_path, file, "--sut", "buyer")
    assert code == 0
    assert any(f["verdict"] == "fail" and f["blame"] == "seller" for f in report["findings"])
    assert "are not the buyer's and do not decide" in told


def test_any_prefix_and_a_base_path_of_ones_own(exchanges: list[dict[str, Any]], tmp_path: Path):
    """The standard's base path is found behind a prefix, another only where --map names it."""
    elsewhere = copy.deepcopy(exchanges)
    for each in elsewhere:
        each["request"]["url"] = each["request"]["url"].replace("/mefApi/sonata/quoteManagement/v8", "/gw/quotes")
        each["request"]["url"] = each["request"]["url"].replace("/r/", "/api/tenant/r/")
    file = write(tmp_path / "own.har", har(*map(har_entry, elsewhere)))
    code, report, told = checked(tmp_path, file)
    quotes = [e for e in exchanges if e["api"] == "quote"]
    assert code == 0
    assert len(report["unattributed"]) == len(quotes)
    assert report["unattributed"][0]["url"].endswith("/gw/quotes/quote")
    assert f"Not judged ({len(quotes)} of the file's entries)" in told
    _, report, _ = checked(tmp_path, file, "--map", "quote=/gw/quotes")
    assert report["unattributed"] == []
    assert [e["operation"] for e in report["exchanges"]] == [e["operation"] for e in exchanges]


def event(url: str) -> dict[str, Any]:
    body = {"eventId": "e", "eventTime": "2026-01-01T00:00:00Z", "eventType": "quoteStateChangeEvent",
            "event": {"id": "q1"}}  # fmt: skip
    return har_entry(
        {
            "at": "2026-01-01T00:00:00.000Z",
            "elapsed_ms": 3,
            "request": {
                "method": "POST",
                "url": url,
                "headers": {"Content-Type": "application/json;charset=utf-8", "Authorization": "Bearer abcdefghijkl"},
                "body": body,
                "body_encoding": "json",
            },
            "response": {"status": 204, "headers": {}, "body": None, "body_encoding": "none"},
        }
    )


EVENT_URL = "https://buyer.example/hooks/mefApi/sonata/quoteNotification/v8/listener/quoteStateChangeEvent"


def test_a_notification_goes_from_seller_to_buyer_and_secrets_are_masked(tmp_path: Path):
    file = write(tmp_path / "event.har", har(event(EVENT_URL + "?access_token=abcdefgh")))
    _, report, _ = checked(tmp_path, file)
    (exchange,) = report["exchanges"]
    assert (exchange["from"], exchange["to"], exchange["kind"]) == ("seller", "buyer", "notification")
    assert exchange["operation"] == "listenToQuoteStateChangeEvent"
    assert "abcdefgh" not in json.dumps(report)


def test_bodies_may_be_base64_and_answers_missing(exchanges: list[dict[str, Any]], tmp_path: Path):
    """base64 is decoded; status 0 is a request without answer, which makes the run inconclusive."""
    entries = [har_entry(each) for each in exchanges]
    content = entries[0]["response"]["content"]
    content["text"] = base64.b64encode(content["text"].encode()).decode()
    content["encoding"] = "base64"
    entries[1]["response"] = {"status": 0, "_error": "net::ERR_CONNECTION_REFUSED"}
    code, report, told = checked(tmp_path, write(tmp_path / "odd.har", har(*entries)))
    assert code == 3, told
    assert report["exchanges"][0]["response"]["body"] == exchanges[0]["response"]["body"]
    assert report["exchanges"][1]["fault"]["kind"] == "unreachable"
    assert "ERR_CONNECTION_REFUSED" in told


def test_a_body_that_the_tool_left_out_is_not_blamed_on_anybody(exchanges: list[dict[str, Any]], tmp_path: Path):
    """A HAR file without content is no proof of empty answers; what it holds is judged, and that is too little to pass."""
    entries = [har_entry(each) for each in exchanges]
    for each in entries:
        each["response"]["content"].pop("text", None)
    entries[0]["request"].pop("postData")
    entries[0]["request"]["bodySize"] = 17
    code, report, told = checked(tmp_path, write(tmp_path / "bare.har", har(*entries)))
    assert code == 3, told
    assert report["findings"] == []
    assert len(report["exchanges"]) == len(entries)
    rows = report["unattributed"]
    assert [row["half"] for row in rows] == ["request"] + ["response"] * len(entries)
    assert "does not hold the body of the request (17 bytes)" in rows[0]["why"]
    assert rows[0]["why"] == report["exchanges"][0]["request"]["unread"]["why"]
    assert f"Not judged ({len(entries)} of the file's entries)" in told
    assert f"{len(entries)} entries (1, 2, 3" in told
    assert told.count("export it with content") == 1


@pytest.mark.parametrize("name", ["report.har", "transcript.ndjson", "report.json"])
def test_what_is_not_held_is_not_held_in_our_own_files_either(
    exchanges: list[dict[str, Any]], tmp_path: Path, name: str
):
    """Written by us and read again: the same is missing, for the same reason, and the verdict is the same."""
    entries = [har_entry(each) for each in exchanges]
    entries[0]["response"]["content"]["text"] = entries[0]["response"]["content"]["text"][:50]
    asked = next(entry["request"] for entry in entries[1:] if "postData" in entry["request"])
    asked["postData"]["text"], asked["bodySize"] = "", 99
    file = write(tmp_path / "cut.har", har(*entries))
    first = oit("check", file, "--report", "json,har,transcript", "--report-dir", str(tmp_path / "first"))
    assert first.code == 0, first.err
    before = json.loads((tmp_path / "first" / "report.json").read_bytes())
    assert [row["half"] for row in before["unattributed"]] == ["response", "request"]
    code, report, told = checked(tmp_path, str(tmp_path / "first" / name))
    assert code == 0, told
    assert report["findings"] == before["findings"]
    assert [row["why"] for row in report["unattributed"]] == [row["why"] for row in before["unattributed"]]


def test_one_odd_entry_never_spoils_a_file(exchanges: list[dict[str, Any]], tmp_path: Path):
    """What cannot be read is told with its place and not judged; what belongs to no contract is not even read."""
    odd: list[Any] = [
        3,
        {},
        {"startedDateTime": "noon", "request": {"method": "GET", "url": exchanges[0]["request"]["url"]}},
        {"startedDateTime": "9999-12-31T23:59:59-14:00", "request": har_entry(exchanges[0])["request"]},
        {"startedDateTime": "noon", "request": {"method": "GET", "url": "https://portal.example/logo.svg"}},
        {"request": {"method": "CONNECT", "url": "seller.example:443"}, "response": {"content": {"text": 1}}},
    ]
    good = [har_entry(each) for each in exchanges]
    code, report, told = checked(tmp_path, write(tmp_path / "odd.har", har(*odd, *good)))
    assert code == 0, told
    assert len(report["exchanges"]) == len(good)
    assert [row["entry"] for row in report["unattributed"]] == [1, 2, 3, 4, 5, 6]
    assert "'noon' is no date-time" in report["unattributed"][2]["why"]
    assert "no base path" in report["unattributed"][4]["why"]
    assert "/log/entries/0: an object is needed here, not 3" in told
    lines = [json.dumps(exchanges[0]), "{", json.dumps({"at": 1}), json.dumps(exchanges[1])[:-20]]
    (tmp_path / "killed.ndjson").write_text("\n".join(lines))
    _, report, _ = checked(tmp_path, str(tmp_path / "killed.ndjson"))
    assert [row["entry"] for row in report["unattributed"]] == [2, 3, 4]
    assert report["verdict"] == "inconclusive"


@pytest.mark.parametrize("name", ["purchase.HAR", "purchase.har.gz", "purchase.Har.GZ", "-", "packed -"])
def test_an_archive_is_read_however_it_comes(exchanges: list[dict[str, Any]], tmp_path: Path, name: str):
    raw = json.dumps(har(*map(har_entry, exchanges))).encode()
    raw = gzip.compress(raw) if name == "packed -" or name.lower().endswith(".gz") else raw
    if name.endswith("-"):
        done = oit("check", "-", stdin=raw)
        assert "stdin  captured traffic" in done.err
    else:
        (tmp_path / name).write_bytes(raw)
        done = oit("check", str(tmp_path / name))
    assert done.code == 0, done.err
    assert f"{len(exchanges)} exchanges" in done.err


def test_a_transcript_is_read_however_it_comes(ran: Path, tmp_path: Path):
    raw = (ran / "transcript.ndjson").read_bytes()
    (tmp_path / "t.ndjson.gz").write_bytes(gzip.compress(raw))
    done = [oit("check", "-", stdin=raw), oit("check", str(tmp_path / "t.ndjson.gz"))]
    assert [each.code for each in done] == [0, 0]
    assert all(each.err.count("PASS") == 2 for each in done)
    (tmp_path / "t.ndjson.gz").write_bytes(gzip.compress(raw)[:-30])
    cut = oit("check", str(tmp_path / "t.ndjson.gz"))
    assert (cut.code, "cannot be unpacked" in cut.err) == (2, True)


def test_a_base_path_that_others_share_leaves_what_it_does_not_know(exchanges: list[dict[str, Any]], tmp_path: Path):
    """A ticket below the base path that --map names for quotes is nobody's breach; a wrong method on a quote is."""
    shared = copy.deepcopy([e for e in exchanges if e["api"] == "quote"])
    for each in shared:
        each["request"]["url"] = "https://s.example/mef/v4" + each["request"]["url"].partition("quoteManagement/v8")[2]
    ticket, wrong = copy.deepcopy(shared[0]), copy.deepcopy(shared[0])
    ticket["request"]["url"] = "https://s.example/mef/v4/troubleTicket"
    file = write(tmp_path / "shared.har", har(*map(har_entry, [*shared, ticket])))
    code, report, told = checked(tmp_path, file, "--map", "quote=/mef/v4")
    assert code == 0, told
    assert len(report["exchanges"]) == len(shared)
    assert "no such path below /mef/v4" in report["unattributed"][0]["why"]
    wrong["request"]["method"] = "DELETE"
    file = write(tmp_path / "wrong.har", har(*map(har_entry, [*shared, wrong])))
    code, report, _ = checked(tmp_path, file, "--map", "quote=/mef/v4")
    assert code == 1
    assert "contract.operation" in {row["rule"] for row in report["findings"]}


def test_what_belongs_to_no_contract_is_listed_with_the_reason(exchanges: list[dict[str, Any]], tmp_path: Path):
    strange = [copy.deepcopy(exchanges[0]) for _ in range(4)]
    strange[0]["request"]["method"] = "OPTIONS"
    strange[1]["request"]["url"] = "https://x.example/favicon.ico"
    strange[2]["request"]["url"] = "https://x.example/mefApi/sonata/geographicAddressManagement/v6/geographicAddress/1"
    cached = {**har_entry(strange[3]), "_fromCache": "disk"}
    entries = [*map(har_entry, strange[:3]), cached, har_entry(exchanges[0])]
    code, report, _ = checked(tmp_path, write(tmp_path / "x.har", har(*entries)))
    assert code == 0
    assert [row["entry"] for row in report["unattributed"]] == [1, 2, 3, 4]
    reasons = [row["why"] for row in report["unattributed"]]
    assert "uses OPTIONS" in reasons[0]
    assert "no base path" in reasons[1]
    assert "the nearest is /mefApi/sonata/geographicAddressManagement/v7" in reasons[2]
    assert "cache" in reasons[3]
    assert report["exchanges"][0]["n"] == 5


def test_nothing_to_judge_has_its_own_exit_code(tmp_path: Path):
    code, report, told = checked(tmp_path, write(tmp_path / "x.har", har(event("https://x.example/"))))
    assert code == 5
    assert "nothing is judged" in told
    assert report["verdict"] == "inconclusive"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x.har", '{"log": {"entries": [', ":1:22: this is not JSON"),
        ("x.har", "[]", "an object is needed here"),
        ("x.har", '{"log": {}}', "/log/entries: a list is needed here, and there is none"),
        ("x.har", '{"log":\n {"entries": [{}]}}', ":2:15: /log/entries/0/startedDateTime: a text is needed here"),
        ("x.har", '{"log": {"entries": [{"startedDateTime": "noon", "request": {}}]}}', "'noon' is no date-time"),
        (
            "x.har",
            '{"log": {"entries": [{"startedDateTime": "2026-01-01", "request": {"method": 1, "url": "x"}}]}}',
            "/log/entries/0/request/method: a text is needed here, not 1",
        ),
        ("x.ndjson", '\n{"at": 1}', ":2:1: /request: an object is needed here, and there is none"),
        ("x.ndjson", '{"event": "run_started"}', "`--report transcript` has the exchanges"),
        ("x.ndjson", "{", "x.ndjson:1:2: this is not JSON"),
        ("x.json", "{}", "neither a HAR file"),
    ],
)
def test_a_malformed_file_is_told_with_its_place(tmp_path: Path, name: str, text: str, said: str):
    (tmp_path / name).write_text(text)
    done = oit("check", str(tmp_path / name))
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_har_file_of_another_tool_may_begin_with_a_byte_order_mark(exchanges: list[dict[str, Any]], tmp_path: Path):
    text = json.dumps(har(har_entry(exchanges[0])))
    (tmp_path / "bom.har").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert checked(tmp_path, str(tmp_path / "bom.har"))[0] == 0


def test_entries_are_judged_in_the_order_of_time(exchanges: list[dict[str, Any]], tmp_path: Path):
    entries = [har_entry(each) for each in exchanges]
    for second, entry in enumerate(entries):
        entry["startedDateTime"] = f"2026-01-01T10:00:{second:02}+02:00"
    _, report, _ = checked(tmp_path, write(tmp_path / "x.har", har(*reversed(entries))))
    assert [e["operation"] for e in report["exchanges"]] == [e["operation"] for e in exchanges]
    assert report["exchanges"][0]["step"] == f"entry {len(entries)}"
    assert report["exchanges"][0]["at"] == "2026-01-01T08:00:00.000Z"


def test_a_request_that_was_wrong_on_purpose_stays_unblamed(exchanges: list[dict[str, Any]], tmp_path: Path):
    """A transcript says of a negative test's request that it was one."""
    row = copy.deepcopy(exchanges[0])
    del row["request"]["body"]["provideAlternative"]
    file = tmp_path / "x.ndjson"
    file.write_text(json.dumps(row))
    assert any(f["blame"] == "buyer" for f in checked(tmp_path, str(file))[1]["findings"])
    file.write_text(json.dumps({**row, "provoked": True}))
    _, report, _ = checked(tmp_path, str(file))
    assert not any(f["blame"] == "buyer" for f in report["findings"])
    assert report["exchanges"][0]["provoked"] is True


def test_json_format_tells_events(ran: Path):
    done = oit("check", str(ran / "transcript.ndjson"), "--format", "json")
    events = [json.loads(line) for line in done.out.splitlines()]
    told = [e["event"] for e in events if e["event"] != "exchange"]
    assert told == ["run_started", "run_done", "run_started", "run_done", "reports_written", "all_done"]
    assert [e["run_id"] for e in events if e["event"] == "exchange"]


def test_a_transcript_says_how_the_clock_of_its_run_went(ran: Path, tmp_path: Path):
    """It is judged as the report that was written beside it, and says the same of speed and leaps."""
    document = json.loads((ran / "report.json").read_bytes())
    first, second, *_ = document["runs"]
    moves = [{"at": first["run"]["started"], "seconds": 172800.5}]
    first["run"].update(moves=moves, speed=60.0)
    write(tmp_path / "moved.json", document)
    oit("check", str(tmp_path / "moved.json"), "--report", "transcript", "--report-dir", str(tmp_path))
    code, again, told = checked(tmp_path, str(tmp_path / "transcript.ndjson"))
    assert code in (0, 1), told
    rows = {row["run"]["id"]: row["run"] for row in again["runs"]}
    assert (rows[first["run"]["id"]]["moves"], rows[first["run"]["id"]]["speed"]) == (moves, 60.0)
    other = rows[second["run"]["id"]]
    assert (other.get("moves"), other["speed"]) == (None, second["run"]["speed"])
    raw = (tmp_path / "transcript.ndjson").read_text()
    (tmp_path / "broken.ndjson").write_text(raw.replace('"seconds":172800.5', '"seconds":"long"', 1))
    _, _, told = checked(tmp_path, str(tmp_path / "broken.ndjson"))
    assert "/moves/0/seconds" in told


def test_a_report_says_when_its_clock_was_put_forward_and_is_judged_so(ran: Path, tmp_path: Path):
    """An event of which most of the way was a leap of the clock is not late, in the run nor in what is read of it."""
    document = json.loads((ran / "report.json").read_bytes())
    run = document["runs"][0]
    moves = [{"at": run["run"]["started"], "seconds": 172800.5}]
    run["run"]["moves"] = moves
    write(tmp_path / "moved.json", {**document, "runs": [run]})
    _, report, _ = checked(tmp_path, str(tmp_path / "moved.json"))
    assert report["run"]["moves"] == moves
    schema = json.loads(files("emulator.report").joinpath("report-2.schema.json").read_bytes())
    jsonschema.validate(report, schema)
    run["run"]["moves"] = [{"at": "yesterday", "seconds": 1}]
    write(tmp_path / "broken.json", {**document, "runs": [run]})
    code, _, told = checked(tmp_path, str(tmp_path / "broken.json"))
    assert code == 2
    assert "'yesterday' is no date-time" in told
