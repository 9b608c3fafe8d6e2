"""A partner's file is read strictly, secrets stand in it by reference only, and it counts nowhere else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from emulator.doors.partner.file import read_partner
from emulator.doors.partner.listing import listed
from emulator.doors.partner.making import open_partner
from emulator.doors.partner.parts import ConnectionPart, OAuthPart, ProxyPart, TimeoutsPart, TlsPart
from emulator.errors import FileProblem, UserError
from emulator.parties.profile import load_profile
from emulator.record.secrets import learn, masked_body, masked_headers, masked_text
from emulator.standard.release import load_release
from emulator.standard.strict import fields_of
from tests.cli.processes import ROOT, oit
from tests.partner.conftest import SECRET

SCENARIO = "scenarios/places/find.oit.yaml"
WRONG = "s3cr3t-in-the-wrong-place"


def written(folder: Path, text: str, name: str = "acme.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def connection(folder: Path, text: str) -> Path:
    return written(folder, f"connection: {text}\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{rood: 'https://a'}", "unknown key 'rood'; did you mean 'root'?"),
        ("7", "a map is needed here"),
        ("{root: ftp://a}", "this is not the URL of a server"),
        ("{root: 'https://us:pw@a'}", "write credentials"),
        ("{root: 'https://a/?x=1'}", "it must end before any ? or #"),
        ("{apis: {quote: {base_path: quotes}}}", "a path such as /sonata/quotes/v8"),
        ("{root: 'https://a', credentials: {}}", "one of api_key, basic, bearer or oauth2 is needed here, not 0"),
        ("{credentials: {bearer: {token: 'env:A'}, basic: {username: a, password: 'env:A'}}}", "not 2 of them"),
        (f"{{credentials: {{bearer: {{token: {WRONG}}}}}}}", "write env:NAME, file:PATH or cmd:COMMAND"),
        (f"{{credentials: {{bearer: {WRONG}}}}}", "a map is needed here, not '***'"),
        (f"{{credentials: {WRONG}}}", "a map is needed here, not '***'"),
        (f"{{headers: {{X-Api-Key: {WRONG}}}}}", "write env:NAME"),
        ("{credentials: {api_key: {value: 'env:A'}}}", "either 'header' or 'query'"),
        ("{credentials: {basic: {username: 'a:b', password: 'env:A'}}}", "RFC 7617"),
        ("{credentials: {oauth2: {client_id: a, method: private_key_jwt, token_url: 'https://a'}}}", "'key' is needed"),
        (
            "{credentials: {oauth2: {client_id: a, method: tls_client_auth, token_url: 'https://a'}}}",
            "'tls' with 'certificate' and 'key' is missing",
        ),
        ("{credentials: {oauth2: {client_id: a, method: client_secret, token_url: 'https://a'}}}", "did you mean"),
        (
            "{credentials: {oauth2: {client_id: a, method: client_secret_post, secret: 'env:A', token_url: 'http://a.example'}}}",
            "https:// is needed",
        ),
        (
            "{credentials: {oauth2: {client_id: a, method: client_secret_post, secret: 'env:A'}}}",
            "either 'issuer' or 'token_url'",
        ),
        ("{tls: {minimum: 1.0}}", "1.0 is no version that can be asked for: 1.2, 1.3"),
        ("{tls: {certificate: a.pem}}", "belong together"),
        ("{tls: {certificate: a, key: b, wrong: {old: {certificate: a, key: b}}}}", "expired, other"),
        ("{tls: {wrong: {other: {certificate: a, key: b}}}}", "no right 'certificate'"),
        (
            "{tls: {certificate: a, key: b, wrong: {other: {certificate: a, key: b, passphrase: " + WRONG + "}}}}",
            "write env:NAME",
        ),
        ("{tls: {pin: abc}}", "64 hexadecimal digits"),
        ("{tls: {insecure: true, ca: ca.pem}}", "have no effect"),
        ("{proxy: gopher://a}", "this is not the URL of a proxy"),
        ("{proxy: 'http://us:pw@a:1'}", "the password by reference"),
        ("{proxy: {url: 'http://a:1', username: us, password: " + WRONG + "}}", "write env:NAME"),
        ("{retries: 11}", "10 at the most"),
        ("{rate: 0}", "nothing would ever be sent"),
        ("{notifications: {headers: {X-A: b}}}", "'root' is missing"),
        ("{callback_check: {get: 'https://a'}}", "{callback} is missing"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_without_the_secret(tmp_path: Path, text: str, said: str):
    with pytest.raises(FileProblem) as told:
        read_partner(connection(tmp_path, text))
    assert said in str(told.value)
    assert all(re.match(r".*acme\.yaml:\d+:\d+: ", problem) for problem in told.value.problems)
    assert WRONG not in str(told.value)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("env:NOBODY_SET_THIS", "env:NOBODY_SET_THIS: the environment has no such variable"),
        ("file:nothing.txt", "file:nothing.txt: "),
        ("file:empty.txt", "there is nothing in it"),
        ("cmd:true", "only with --allow-commands"),
    ],
)
def test_a_reference_that_leads_to_nothing_is_told_before_anything_is_sent(tmp_path: Path, reference: str, said: str):
    (tmp_path / "empty.txt").write_text("\n")
    text = f"{{root: 'http://127.0.0.1:9', credentials: {{bearer: {{token: '{reference}'}}}}}}"
    done = oit("run", SCENARIO, "--partner", str(connection(tmp_path, text)))
    assert done.code == 2
    assert said in done.err
    assert "acme.yaml:1:" in done.err
    assert "sends to" not in done.err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("sh -c 'echo let-me-in; exit 3'", "ended with exit code 3"),
        ("no-such-program-of-ours", "there is no such program"),
        ("sh -c 'echo", "this is no command"),
    ],
)
def test_a_command_that_fails_does_not_tell_what_it_wrote(tmp_path: Path, command: str, said: str):
    path = written(tmp_path, json.dumps({"connection": {"credentials": {"bearer": {"token": f"cmd:{command}"}}}}))
    with pytest.raises(FileProblem) as told:
        open_partner(path, allow_commands=True)
    assert said in str(told.value)
    assert "let-me-in\n" not in str(told.value)


def test_a_command_tells_a_secret_where_the_user_allows_it(tmp_path: Path):
    path = written(tmp_path, "connection: {root: 'https://a', credentials: {bearer: {token: 'cmd:expr t0ld-by-it'}}}")
    partner = open_partner(path, allow_commands=True)
    assert partner
    assert partner.peer(load_release()).headers == {"Authorization": "Bearer t0ld-by-it"}
    assert masked_text("it said t0ld-by-it.") == "it said ***."


@pytest.mark.parametrize("api", ["qoute", "product"])
def test_an_api_that_is_none_is_told(tmp_path: Path, api: str):
    partner = open_partner(connection(tmp_path, f"{{root: 'https://a', apis: {{{api}: {{base_path: /q}}}}}}"))
    assert partner
    with pytest.raises(FileProblem, match=r"acme\.yaml:1:\d+: "):
        partner.peer(load_release())


def test_roots_and_base_paths_of_each_api(tmp_path: Path):
    text = """
  root: https://acme.example/x/
  apis:
    quote: {root: https://quotes.acme.example, base_path: /staging/billie/quote}
    order: {base_path: /orders/}
  notifications:
    apis: {quote: {base_path: /hooks/quote}}
"""
    release = load_release()
    partner = open_partner(connection(tmp_path, text))
    assert partner
    peer = partner.peer(release)
    assert peer.url("quote", "management", "/quote") == "https://quotes.acme.example/staging/billie/quote/quote"
    assert peer.url("productOrder", "management", "/productOrder") == "https://acme.example/x/orders/productOrder"
    assert peer.is_at("https://acme.example/")
    assert peer.is_at("https://quotes.acme.example/")
    paths = partner.paths(release)
    assert paths.base("quote", "notification") == "/hooks/quote"
    assert partner.paths(release, ["quote=/mine"]).base("quote", "management") == "/mine"


# -- where it counts --------------------------------------------------------------------------------

CONNECTION = """
connection:
  root: http://127.0.0.1:9
  credentials: {bearer: {token: 'env:NOBODY_SET_THIS'}}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A scenario of a stranger's that has a connection everywhere it could."""
    (tmp_path / "oit.yaml").write_text('oit: "1"\n')
    written(tmp_path, f"extends: wholesale-seller\nname: base\n{CONNECTION}", "base.yaml")
    written(tmp_path, "extends: base.yaml\nname: mine\n", "mine.yaml")
    scenario = Path(SCENARIO).read_text(encoding="utf-8")
    laid = scenario.replace("\nflow:", f"\nprofile:{CONNECTION.replace(chr(10), chr(10) + '  ')}\nflow:", 1)
    assert laid != scenario
    written(tmp_path, laid, "laid.oit.yaml")
    return tmp_path


def test_what_a_file_extends_has_no_say(tree: Path):
    """Neither for a run at a partner, nor for our own seller: the reference is not even looked for."""
    for more in ([], ["--sut", "seller=http://127.0.0.1:9"]):
        done = oit("run", SCENARIO, "--profile", str(tree / "mine.yaml"), *more)
        assert "NOBODY_SET_THIS" not in done.err
        assert done.code == (3 if more else 0), done.err
    with pytest.raises(UserError, match="no 'connection' is in it"):
        raise UserError(oit("run", SCENARIO, "--partner", str(tree / "mine.yaml")).err)


def test_that_it_is_left_out_of_account_is_said_with_its_place(tree: Path, caplog: Any):
    from emulator.parties import profile

    profile._ignored.cache_clear()
    oit("run", SCENARIO, "--profile", str(tree / "mine.yaml"))
    assert re.search(r"base\.yaml:4:1: connection is left out of account", caplog.text)
    caplog.clear()
    oit("run", str(tree / "laid.oit.yaml"))
    assert re.search(r"laid\.oit\.yaml:\d+:\d+: connection is left out of account", caplog.text)


def test_a_scenario_has_no_say(tree: Path):
    done = oit("run", str(tree / "laid.oit.yaml"))
    assert done.code == 0, done.err
    assert "NOBODY_SET_THIS" not in done.err


def test_a_fragment_has_no_say(tree: Path):
    """There is no key for it: who writes one is told."""
    written(tree, f'oit: "1"\nfragments: {{}}\n{CONNECTION}', "pieces.yaml")
    text = Path(SCENARIO).read_text(encoding="utf-8").replace("\nflow:", "\ninclude: [pieces.yaml]\nflow:", 1)
    written(tree, text, "with.oit.yaml")
    done = oit("run", str(tree / "with.oit.yaml"), "--sut", "seller=http://127.0.0.1:9")
    assert "NOBODY_SET_THIS" not in done.err
    assert done.code in (2, 3)


def test_a_plan_tells_each_reference_and_where_it_goes(folder: Path):
    path = written(
        folder,
        """
connection:
  root: https://acme.example
  apis: {quote: {root: https://quotes.acme.example}}
  headers: {X-Tenant: env:TENANT}
  tls: {certificate: client.pem, key: client.key, passphrase: 'cmd:pass acme'}
  credentials:
    oauth2:
      issuer: https://idp.acme.example/realm
      client_id: us
      method: private_key_jwt
      key: file:signing.pem
  notifications:
    root: https://hear.acme.example
    credentials: {basic: {username: us, password: env:HOOK}}
""",
    )
    done = oit("run", SCENARIO, "--partner", str(path), "--plan", "--format", "json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    rows = {row["reference"]: (row["hosts"], row["stays"]) for row in told["references"]}
    roots = ["https://acme.example", "https://quotes.acme.example"]
    assert rows == {
        "env:TENANT": (roots, False),
        "file:signing.pem": (["https://idp.acme.example"], True),
        "file:client.key": (roots, True),
        "cmd:pass acme": (roots, True),
        "env:HOOK": (["https://hear.acme.example"], False),
    }
    assert all(re.fullmatch(r".*acme\.yaml:\d+:\d+", row["where"]) for row in told["references"])
    assert told["token_hosts"] == ["https://idp.acme.example"]
    lines = oit("run", SCENARIO, "--partner", str(path), "--plan").out
    assert "header X-Tenant, to https://acme.example, https://quotes.acme.example" in lines
    assert "asks https://idp.acme.example for tokens" in lines


def test_lint_reads_it(tmp_path: Path):
    done = oit("lint", str(written(tmp_path, "connection: {root: ftp://a}\nunsupported: [quote]\n")))
    assert (done.code, "acme.yaml:1:20: this is not the URL of a server" in done.out) == (2, True), done.out


# -- secrets that are known by value ----------------------------------------------------------------


def test_a_value_is_masked_in_every_form():
    learn("v@lue/with ümlaut")
    for text in (
        "v@lue/with ümlaut",
        "v%40lue%2Fwith%20%C3%BCmlaut",
        "v%40lue%2fwith+%c3%bcmlaut",
        "djQ",
    ):
        assert masked_text(f"<{text}>") in ("<***>", "<djQ>")
    assert b"lue" not in masked_body('{"echo": "you said v@lue/with ümlaut"}'.encode())
    assert b"lue" not in masked_body(b'{"echo": "v@lue\\/with \\u00fcmlaut"}')
    assert masked_headers((("X-Echo", "v@lue/with ümlaut"),)) == (("X-Echo", "***"),)
    assert SECRET != "", "and another stays what it is"


def test_a_short_value_is_masked_where_it_stands_by_itself():
    learn("q7x")
    assert masked_text("pin=q7x and q7xs, eq7x") == "pin=*** and q7xs, eq7x"
    assert b"q7x" not in masked_body(b'{"echo": "q7x"}')
    learn("a")
    assert masked_text("a=a") == "a=a"


PAGE = (ROOT / "scenarios/profiles/REACH.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("example", re.findall(r"<!-- partner -->\n```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_each_example_of_the_page_is_read(tmp_path: Path, example: str):
    """And all that can be said stands in one of them."""
    path = written(tmp_path, example)
    found = read_partner(path)
    assert found
    assert [each.reference for each in listed(found)] or found.part.credentials is None or found.part.tls
    load_profile(path, declared=True)


def test_the_page_has_all_that_can_be_said():
    first = re.search(r"<!-- partner -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert first
    for part in (ConnectionPart, TlsPart, OAuthPart, ProxyPart, TimeoutsPart):
        left = {"hooks", "insecure", "token_url", "secret", "resource"}
        missing = [each.key for each in fields_of(part) if f"{each.key}:" not in first[1] and each.key not in left]
        assert missing == []
