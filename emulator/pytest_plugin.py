"""The pytest plugin: scenario files are collected, one test for the flow, each case and each data row.

It does nothing in a project that merely has OIT installed: files are collected where a command line names them, where
an `--oit-…` option is given, or where `oit_scenarios = true` stands in the ini file.
"""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from emulator.settings import DEFAULT_RELEASE

if TYPE_CHECKING:
    from emulator.conduct.settings import Settings
    from emulator.scenario.selection import Job

SUFFIX: Final = ".oit.yaml"
STEP_SUMMARY: Final = "GITHUB_STEP_SUMMARY"
_OPTIONS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("--oit-scenarios", {"action": "store_true", "help": "collect scenario files (*.oit.yaml), as a self-test"}),
    ("--oit-sut", {"metavar": "seller=URL", "help": "the seller under test; without it both sides are emulated"}),
    ("--oit-profile", {"metavar": "FILE", "help": "as --profile of oit run"}),
    ("--oit-release", {"metavar": "NAME", "help": f"release of the standard ({DEFAULT_RELEASE})"}),
    ("--oit-reference-point", {"metavar": "POINT", "help": "as --reference-point of oit run"}),
    ("--oit-root", {"metavar": "FOLDER", "help": "what a scenario names may also lie there, as --root of oit run"}),
    ("--oit-var", {"metavar": "NAME=VALUE", "action": "append", "help": "override an input; repeatable"}),
    ("--oit-var-file", {"metavar": "FILE", "help": "override inputs from a YAML mapping"}),
    ("--oit-seed", {"metavar": "N", "type": int, "help": "makes all that is drawn the same every time"}),
    ("--oit-timeout", {"metavar": "SECONDS", "type": float, "help": "seconds per request, whatever a scenario says"}),
    ("--oit-within", {"metavar": "TIME", "help": "ceiling for each wait (20s, 5m), as --within of oit run"}),
    ("--oit-strict", {"action": "store_true", "help": "what a scenario covers and was not seen is inconclusive"}),
    ("--oit-known-failures", {"metavar": "FILE", "help": "what is known is an expected failure"}),
    ("--oit-allow-inconclusive", {"action": "store_true", "help": "skip what can tell nothing, in place of failing"}),
    ("--oit-report", {"metavar": "FORMATS", "help": "reports to write, as --report of oit run (json)"}),
    ("--oit-report-dir", {"metavar": "FOLDER", "help": "where to write them (out); of all workers, as one"}),
)


@dataclass(slots=True)
class _State:
    """What a session of pytest knows of OIT."""

    settings: Settings


_STATE: Final = pytest.StashKey[_State]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the command line, and `oit_scenarios` of the ini file."""
    group = parser.getgroup("oit", "LSO Sonata scenarios (OIT)")
    for name, how in _OPTIONS:
        group.addoption(name, **how)
    parser.addini("oit_scenarios", "collect scenario files (*.oit.yaml) wherever tests are looked for", "bool", False)


def _option(config: pytest.Config, name: str) -> Any:
    return config.getoption(f"oit_{name}")


def _is_wanted(config: pytest.Config) -> bool:
    """Whether scenario files are collected that nobody named."""
    given = any(config.getoption(name.removeprefix("--").replace("-", "_")) for name, _ in _OPTIONS)
    return given or bool(config.getini("oit_scenarios"))


def _is_named(config: pytest.Config, path: Path) -> bool:
    folder = config.invocation_params.dir
    return any((folder / argument.partition("::")[0]).resolve() == path.resolve() for argument in config.args)


def _state(config: pytest.Config) -> _State:
    """The settings, read once. UsageError says what is wrong with an option."""
    if _STATE in config.stash:
        return config.stash[_STATE]
    from emulator.errors import UserError  # noqa: PLC0415 - nothing of ours is loaded where no scenario is

    try:
        config.stash[_STATE] = _State(_settings(config))
    except UserError as error:
        raise _wrong_usage(error) from error
    return config.stash[_STATE]


def _wrong_usage(error: Exception) -> pytest.UsageError:
    """What is wrong with an option, by the names that options have here."""
    return pytest.UsageError(
        str(error).replace("--sut", "--oit-sut").replace("--var", "--oit-var").replace("--root", "--oit-root")
    )


def _settings(config: pytest.Config) -> Settings:
    from emulator import report as writers  # noqa: PLC0415
    from emulator.arguments import duration, inputs, seller_url  # noqa: PLC0415
    from emulator.conduct.partner import declared_in  # noqa: PLC0415
    from emulator.conduct.settings import Settings  # noqa: PLC0415
    from emulator.errors import UserError  # noqa: PLC0415
    from emulator.parties.clock import RealClock  # noqa: PLC0415
    from emulator.parties.profile import load_profile  # noqa: PLC0415
    from emulator.report.known import load_known  # noqa: PLC0415
    from emulator.standard.points import at_point  # noqa: PLC0415
    from emulator.standard.release import load_release  # noqa: PLC0415

    sut = _option(config, "sut")
    if sut == "buyer":
        raise UserError(
            "--sut buyer: a buyer comes to one address, to one run after the other: use oit run --sut buyer"
        )
    if (within := duration("--oit-within", _option(config, "within"))) is not None and not sut:
        raise UserError("--oit-within has no effect without --sut: in a self-test time is ours")
    writers.chosen(_option(config, "report") or "")
    names = ("profile", "var_file", "known_failures", "root")
    profile, variables, known, root = (_path(config, name) for name in names)
    release = at_point(_option(config, "release") or DEFAULT_RELEASE, _option(config, "reference_point"))
    settings = Settings(
        release=release,
        seller_url=seller_url(sut),
        profile=profile,
        root=root,
        seed=_option(config, "seed") or 0,
        timeout=_option(config, "timeout"),
        within=within,
        inputs=inputs(_option(config, "var") or (), variables),
        known=load_known(known, RealClock().now().date(), load_release(release)) if known else None,
        strict=bool(_option(config, "strict")),
    )
    load_release(settings.release)
    if profile and settings.seller_url:
        declared_in(profile, load_release(settings.release), root)
        return _with_partner(settings, profile)
    if profile:
        load_profile(profile, release=load_release(release), wider=root)
    return settings


def _with_partner(settings: Settings, profile: Path) -> Settings:
    """The settings with how the partner is reached, where its profile says so. Commands are not run for its secrets."""
    from emulator.doors.partner.making import open_partner  # noqa: PLC0415
    from emulator.files import is_file  # noqa: PLC0415

    partner = open_partner(profile) if is_file(profile) else None
    if partner is None:
        return settings
    for note in partner.notes:
        sys.stderr.write(f"{note}\n")
    timeout = settings.timeout or partner.file.part.timeouts.answer
    return replace(settings, partner=partner, timeout=timeout)


def _path(config: pytest.Config, name: str) -> Path | None:
    given = _option(config, name)
    if not given:
        return None
    from emulator.files import is_there  # noqa: PLC0415

    path = config.invocation_params.dir / given
    return path if is_there(path) or name != "profile" else Path(given)  # a profile may have a name of ours


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A scenario file, where scenario files are wanted."""
    config = parent.config
    if not file_path.name.endswith(SUFFIX) or not (_is_wanted(config) or _is_named(config, file_path)):
        return None
    collector: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path)
    return collector


class ScenarioFile(pytest.File):
    """A scenario file; its tests are the runs that can be made of it."""

    def collect(self) -> Iterator[pytest.Item]:
        """The flow and each case, for each data row. CollectError with file:line:col of all that is wrong."""
        settings = _state(self.config).settings
        with _quiet():
            from emulator.conduct.scenarios import chosen, read_scenarios  # noqa: PLC0415
            from emulator.errors import FileProblem  # noqa: PLC0415
            from emulator.scenario.selection import Wish  # noqa: PLC0415
            from emulator.standard.release import load_release  # noqa: PLC0415

            try:
                scenarios = read_scenarios(
                    [self._shown()], load_release(settings.release), settings.root or self._named()
                )
            except FileProblem as error:
                raise self.CollectError(str(error).replace("--root", "--oit-root")) from error
            named = frozenset([str(self._shown())] if _is_named(self.config, self.path) else ())
            runs = chosen(settings, scenarios, Wish(named=named))
        for job in runs.jobs:
            yield ScenarioItem.from_parent(self, name=_name(job), job=job)
        for left in runs.left_out:
            item = ScenarioItem.from_parent(self, name=_name(left.job), job=left.job)
            item.add_marker(pytest.mark.skip(reason=f"left out: {left.why}"))
            yield item

    def _named(self) -> Path | None:
        """The folder that a command line names in which it was found."""
        folder = self.config.invocation_params.dir
        named = [folder / argument.partition("::")[0] for argument in self.config.args]
        return next((each for each in named if each.is_dir() and self.path.is_relative_to(each.resolve())), None)

    def _shown(self) -> Path:
        """The path as a user writes it."""
        folder = self.config.invocation_params.dir
        return self.path.relative_to(folder) if self.path.is_relative_to(folder) else self.path


class ScenarioItem(pytest.Item):
    """One run: the flow of a scenario or one of its cases, with one data row."""

    def __init__(self, *, job: Job, **others: Any) -> None:
        super().__init__(**others)
        self.job = job
        self.report: dict[str, Any] | None = None
        self.told = ""
        self.extra_keyword_matches.update({job.scenario.id, *job.scenario.tags})

    def runtest(self) -> None:
        """Play it and judge it. What is known to fail is an expected failure."""
        with _quiet():
            from emulator.conduct.runs import run_all  # noqa: PLC0415
            from emulator.report.model import whole_report  # noqa: PLC0415
            from emulator.report.terminal import TerminalWriter  # noqa: PLC0415

            text = io.StringIO()
            writer = TerminalWriter(text)
            (self.report,) = run_all(_state(self.config).settings, [self.job], writer)
            writer.all_done(whole_report([self.report]), _exit_code(self.report))
            self.told = text.getvalue()
        verdict = self.report["verdict"]
        self.user_properties.append(("oit.verdict", verdict))
        if verdict == "skipped":
            pytest.skip(f"does not apply: {_reason(self.report)}")
        if verdict == "inconclusive" and _option(self.config, "allow_inconclusive"):
            pytest.skip(f"inconclusive: {_reason(self.report)}")
        if verdict != "pass":
            raise NotPassed(verdict)
        excused = self.report.get("excused")
        if excused and excused["otherwise"] != verdict:
            pytest.xfail(f"known failure: {_excuses(self.report)}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The explained findings in place of a traceback; what the user can mend in one line."""
        from emulator.errors import UserError  # noqa: PLC0415

        if isinstance(excinfo.value, NotPassed):
            return self.told
        if isinstance(excinfo.value, UserError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The line of the case, or of the flow."""
        origin = self.job.case.origin if self.job.case else self.job.scenario.origin
        line = origin.where("" if self.job.case else "/flow").rsplit(":", 2)[1]
        return self.path, int(line) - 1, f"{self.job.scenario.id} {self.name}"


def _name(job: Job) -> str:
    """What a run is called within its file: its case, and its data row where there are more."""
    row = f"[{job.row + 1}]" if job.told_row is not None else ""
    return f"{job.case.id if job.case else 'flow'}{row}"


class NotPassed(Exception):  # noqa: N818 - it is what it says
    """A run did not pass; the argument is its verdict."""


class _quiet(warnings.catch_warnings):  # noqa: N801 - used as a word
    """What our libraries deprecate is not the user's business, and no error where he makes errors of warnings."""

    def __enter__(self) -> Any:
        entered = super().__enter__()
        warnings.simplefilter("ignore", DeprecationWarning)
        return entered


def _exit_code(report: dict[str, Any]) -> Any:
    from emulator.report.model import exit_code  # noqa: PLC0415

    return exit_code([report])


def _reason(report: dict[str, Any]) -> str:
    """Why nothing can be said, in a sentence."""
    said = [row["message"] for row in report["findings"] if row["verdict"] == "not_seen" and "excused" not in row]
    outcomes = ("passed",) if report["verdict"] == "skipped" else ("passed", "skipped")
    said += [step["message"].partition("\n")[0] for step in report["steps"] if step["outcome"] not in outcomes]
    said += [f"not seen: {', '.join(report['covers']['not_seen'])}"] if report.get("covers", {}).get("strict") else []
    return next((line for line in said if line), "nothing was seen")


def _excuses(report: dict[str, Any]) -> str:
    rows = [row["excused"] for row in (*report["findings"], *report["steps"]) if "excused" in row]
    return "; ".join(
        dict.fromkeys(f"{each['reason']} (owner {each['owner']}, until {each['expires']})" for each in rows)
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse an input that no scenario has, once all are known."""
    scenarios = {item.job.scenario.id: item.job.scenario for item in items if isinstance(item, ScenarioItem)}
    if not scenarios:
        return
    from emulator.conduct.checks import check_settings  # noqa: PLC0415
    from emulator.errors import UserError  # noqa: PLC0415

    try:
        check_settings(_state(config).settings, list(scenarios.values()))
    except UserError as error:
        raise _wrong_usage(error) from error


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the report travel with pytest's, from a worker to whoever writes."""
    made = yield
    if isinstance(item, ScenarioItem) and item.report is not None and call.when == "call":
        import orjson  # noqa: PLC0415

        made.oit_report = orjson.dumps(item.report).decode()  # type: ignore[attr-defined]
    return made


@dataclass(slots=True, eq=False)
class _Gathering:
    """Gathers the reports of all workers, where there are any, and writes them as one."""

    config: pytest.Config
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: list[tuple[str, bool]] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test has ended."""
        if text := getattr(report, "oit_report", None):
            import orjson  # noqa: PLC0415

            self.reports[report.nodeid] = orjson.loads(text)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the reports; fail where a known failure has expired or no longer happens."""
        if not self.reports:
            return
        from emulator.errors import Exit  # noqa: PLC0415
        from emulator.report import chosen, summary_report  # noqa: PLC0415
        from emulator.report.ending import ending  # noqa: PLC0415
        from emulator.report.known import fails  # noqa: PLC0415
        from emulator.report.model import whole_report  # noqa: PLC0415

        runs = [self.reports[name] for name in sorted(self.reports)]
        whole = whole_report(runs, _state(self.config).settings.known)
        formats, folder = _option(self.config, "report"), _option(self.config, "report_dir")
        if formats or folder:
            target = self.config.invocation_params.dir / (folder or "out")
            self.told += [(f"report: {write(whole, target)}", False) for write in chosen(formats or "json")]
        if summary := os.environ.get(STEP_SUMMARY):
            summary_report.append(whole, Path(summary))
        account = whole.get("known_failures")
        if account:
            self.told += [
                (text, bool(style and "red" in style)) for text, style in ending({**whole, "runs": []}, Exit.PASSED)
            ]
        if fails(account) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Where the reports lie, and what the file of known failures has to say."""
        lines = [line for line in self.told if line[0]]
        if lines:
            terminalreporter.section("OIT")
            for text, wrong in lines:
                terminalreporter.line(text, red=wrong)


def pytest_configure(config: pytest.Config) -> None:
    """Check the options before anything is collected; gather where tests are not run by workers for another."""
    if _is_wanted(config):
        _state(config)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Gathering(config), "oit-gathering")
