// Many runs: what is wrong in all of them together, and each of them, those that failed first, by folder.
const folderOf = (run) => (run.run.file && run.run.file.includes('/') ? run.run.file.slice(0, run.run.file.lastIndexOf('/')) : '');
const gravestRun = (verdict) => (RUN_ORDER.includes(verdict) ? RUN_ORDER.indexOf(verdict) : RUN_ORDER.length);
const runNumber = (run) => (run.run.row === null || run.run.row === undefined ? null : ` #${run.run.row + 1}`);

function runTitle(run) {
  return [say(run.run.scenario), run.run.case ? [' ', say(`[${run.run.case}]`)] : null, runNumber(run)];
}

function runsView(app) {
  const { report } = app;
  const about = (report.view && report.view.summary) || { sentence: `${count(report.runs.length, 'run')}.`, first: [], tested: [] };
  const rows = report.runs.map((run, index) => ({ run, index, element: runRow(run, index) }));
  rows.sort((one, other) => gravestRun(one.run.verdict) - gravestRun(other.run.verdict));
  const folders = [...group(rows, (row) => folderOf(row.run))];
  const filter = h('input', { type: 'search', id: 'run-filter', 'data-key': 'run-filter', value: app.kept.runs || '', placeholder: 'name, title, verdict', oninput: () => { app.kept.runs = filter.value; sift(); } });
  const said = h('span', { class: 'soft', role: 'status' });
  const sections = folders.map(([folder, list]) => folderOfRuns(folder, list));
  const sift = () => {
    for (const row of rows) row.element.hidden = !row.element.getAttribute('data-text').includes(filter.value.trim().toLowerCase());
    for (const section of sections) section.hidden = !section.querySelector('tbody tr:not([hidden])');
    const shown = rows.filter((row) => !row.element.hidden).length;
    said.textContent = shown === rows.length ? count(shown, 'run') : `${shown} of ${count(rows.length, 'run')}`;
  };
  sift();
  return h('div', { class: 'summary page' },
    app.missing ? h('p', { class: 'hint', role: 'status' }, say(app.missing, 200)) : null,
    verdictBanner(report.verdict, about.sentence), wholeFacts(report, about),
    about.first.length ? h('section', {}, h('h2', {}, 'Fix first, in all runs'), things(app, about.first)) : seen(app, gridRows(app), null),
    h('section', {}, h('h2', {}, 'Runs'), h('p', { class: 'tools' }, h('label', { for: 'run-filter' }, 'Find'), filter, said), sections),
    leftOut(report.left_out), excuses(app, report));
}

function wholeFacts(report, about) {
  const abouts = report.runs.map((run) => run.run);
  const [began, ended] = [abouts.map((each) => each.started).sort()[0], abouts.map((each) => each.finished).sort().at(-1)];
  return abouts.length ? h('dl', { class: 'facts' }, [
    ['Tested', h('span', {}, [...new Set(abouts.map(testedParty))].join('; '), addressesOf(about.tested || []))],
    ['When', `${day(began)} ${clock(began)} to ${day(ended) === day(began) ? '' : `${day(ended)} `}${clock(ended)} UTC`],
    ['Release', say([...new Set(abouts.map((each) => each.release))].join(', ') || 'unknown')],
    ['Judged by', `oit ${report.tool.version}`],
  ].map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))) : null;
}

function folderOfRuns(folder, list) {
  const totals = {};
  for (const { run } of list) totals[run.verdict] = (totals[run.verdict] || 0) + 1;
  const name = folder || 'Without a folder';
  return h('section', { class: 'folder' }, h('h3', {}, say(name, 300), ' ', RUN_ORDER.filter((verdict) => totals[verdict]).map((verdict) => [chip(verdict, `${totals[verdict]} ${RUN_WORDS[verdict].toLowerCase()}`), ' '])),
    h('table', { class: 'runs' }, h('caption', { class: 'sr' }, `Runs in ${plainly(name)}`),
      h('thead', {}, h('tr', {}, ['Verdict', 'Scenario, and what is wrong first', 'Findings', 'Exchanges'].map((title) => h('th', { scope: 'col' }, title)))), h('tbody', {}, list.map((row) => row.element))));
}

function runRow(run, index) {
  const summary = run.view && run.view.summary;
  const counts = {};
  for (const finding of run.findings) if (finding.verdict !== 'pass' && !finding.excused) counts[finding.verdict] = (counts[finding.verdict] || 0) + 1;
  const excused = run.findings.filter((finding) => finding.excused).length;
  return h('tr', { class: `v-${run.verdict}`, 'data-text': `${run.run.scenario} ${run.run.case || ''} ${run.run.title} ${run.verdict} ${run.run.file || ''}`.toLowerCase() },
    h('td', {}, chip(run.verdict, RUN_WORDS[run.verdict])),
    h('th', { scope: 'row' }, h('a', { href: `#/run/${index + 1}/summary` }, runTitle(run)), run.run.title ? h('span', { class: 'sub soft' }, say(run.run.title)) : null,
      run.verdict === 'pass' ? null : firstCause(index, summary)),
    h('td', {}, Object.keys(counts).length || excused ? [findingCounts(Object.fromEntries(GRAVITY.filter((verdict) => counts[verdict]).map((verdict) => [verdict, counts[verdict]]))), excused ? chip('excused', `${excused} excused`) : null] : h('span', { class: 'soft' }, 'none')),
    h('td', { class: 'num' }, run.exchanges.length));
}

// Why a run did not pass, whose that is, and where it can be seen.
function firstCause(index, summary) {
  if (!summary) return null;
  const [entry] = summary.first;
  if (!entry) return h('span', { class: 'sub' }, summary.sentence);
  const why = causeOf(entry);
  const text = entry.kind === 'step' ? [`step ${plainly(entry.step, 80)}: `, why || say(entry.message, 200)] : say(entry.message, 200);
  const [place] = entry.places;
  const address = place && (place.finding ? `finding/${place.finding}` : place.exchange ? `exchange/${place.exchange}` : null);
  return h('span', { class: 'sub' }, address ? h('a', { href: `#/run/${index + 1}/${address}` }, text) : text, entry.blame ? h('span', { class: 'soft' }, ` · ${WHOSE[entry.blame] || entry.blame}`) : null);
}

// What was not run, and why.
function leftOut(rows) {
  if (!rows || !rows.length) return null;
  return h('section', {}, h('h2', {}, `Left out: ${count(rows.length, 'run')}`), h('p', { class: 'soft' }, 'These were not run, and nothing is said of them.'),
    h('ul', {}, [...group(rows, (row) => row.why)].map(([why, list]) => h('li', {}, say(why, 300), ': ', list.map((row, index) => [index ? ', ' : null, say(row.scenario, 120), row.case ? [' ', say(`[${row.case}]`, 120)] : null, row.row === null || row.row === undefined ? null : ` #${row.row + 1}`])))));
}
