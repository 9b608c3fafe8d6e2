// The run in ten seconds, and the list of runs.
function requirementLink(app, id) {
  return h('a', { href: app.link('requirement', id), class: 'req' }, id);
}

function exchangeLink(app, n, text) {
  return h('a', { href: app.link('exchange', n), class: 'xref' }, text || `#${n}`);
}

function facts(model) {
  const { about, run } = model;
  const tested = about.clock === 'captured' ? 'captured traffic' : about.sut ? `the ${WHO[about.sut]} is tested` : 'self-test: both sides are OIT’s';
  const rows = [
    ['Scenario', h('span', {}, say(about.scenario), about.case ? [' ', say(`[${about.case}]`)] : null)],
    ['Tested', about.clock === 'captured' && about.sut ? `captured traffic of the ${WHO[about.sut]}` : tested],
    ['Release', say(about.release || 'unknown')],
    ['Profile', about.profile ? say(about.profile) : null],
    ['When', `${day(about.started)} ${clock(about.started)} UTC, took ${span((Date.parse(about.finished) - Date.parse(about.started)) / 1000)} (${about.clock} time)`],
    ['Run', h('span', {}, say(about.id), about.seed === null ? null : ` · seed ${about.seed}`)],
    ['Judged by', `oit ${run.tool.version}`],
  ];
  return h('dl', { class: 'facts' }, rows.filter(([, value]) => value).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

function verdictBanner(verdict, sentence) {
  const glyphs = { pass: '✓', fail: '✕', inconclusive: '?', error: '‼' };
  return h('div', { class: `banner v-${verdict}` }, h('span', { class: 'big', 'aria-hidden': 'true' }, glyphs[verdict]),
    h('div', {}, h('h1', {}, RUN_WORDS[verdict]), h('p', {}, sentence)));
}

function blameTable(rows) {
  if (!rows.length) return h('p', { class: 'calm' }, 'No findings.');
  return h('table', { class: 'blame' }, h('caption', { class: 'sr' }, 'Findings by whose they are'),
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Whose'), h('th', { scope: 'col' }, 'Findings'))),
    h('tbody', {}, rows.map((row) => h('tr', {}, h('th', { scope: 'row' }, WHO[row.who], row.tested ? h('span', { class: 'soft' }, ' under test') : null),
      h('td', {}, Object.entries(row.counts).map(([verdict, number]) => [chip(verdict, `${number} ${VERDICTS[verdict].name}`), ' ']))))));
}

function thing(app, model, entry) {
  const asks = entry.kind === 'finding' ? model.asks(entry.finding) : [];
  const id = (entry.requirements || [])[0];
  const title = id && model.requirement(id).title;
  const verdict = entry.kind === 'step' ? OUTCOMES[entry.verdict] : entry.kind === 'known' ? 'fail' : entry.verdict;
  return h('li', { class: `thing v-${verdict}` },
    h('div', { class: 'thing-head' },
      entry.kind === 'finding' ? chip(verdict) : chip(verdict, words(entry.verdict)),
      h('strong', {}, entry.kind === 'step' ? h('span', {}, 'Step ', say(entry.step)) : entry.kind === 'known' ? h('span', {}, 'Known failure ', say(entry.id)) : title || say(entry.message)),
      entry.count > 1 ? h('span', { class: 'soft' }, `${entry.count} times`) : null),
    entry.kind !== 'finding' || title ? h('p', {}, say(entry.message)) : null,
    found(entry),
    h('p', { class: 'meta' },
      entry.blame ? h('span', {}, 'Whose: ', WHOSE[entry.blame]) : null,
      !id && entry.rule ? [' · ', h('code', {}, entry.rule)] : null,
      id ? [' · ', requirementLink(app, id), h('span', { class: 'soft' }, ` section ${model.requirement(id).section || '?'}`)] : null,
      entry.kind === 'finding' ? [' · ', h('a', { href: app.link('finding', entry.finding), class: 'go' }, entry.exchange ? `Look at it in exchange ${entry.exchange}` : 'Look at it')] : null,
      entry.kind === 'step' && entry.exchange ? [' · ', h('a', { href: app.link('exchange', entry.exchange), class: 'go' }, `Look at exchange ${entry.exchange}`)] : null,
      entry.where ? [' · ', say(entry.where)] : null),
    asks.length ? h('ul', { class: 'ask' }, asks.slice(0, 2).map((ask) => h('li', {}, ask))) : null);
}

const excusedTag = (row) => (row.excused ? [h('span', { class: 'tag' }, 'excused'), ' '] : null);

// What was expected against what was found.
function found(entry) {
  if ((entry.expected === null || entry.expected === undefined) && (entry.found === null || entry.found === undefined)) return null;
  const value = (what, tell) => (what === null || what === undefined ? h('em', {}, 'nothing') : say(tell(what), 300));
  return h('dl', { class: 'versus' }, h('div', {}, h('dt', {}, 'expected'), h('dd', {}, value(entry.expected, hoped))), h('div', {}, h('dt', {}, 'found'), h('dd', {}, value(entry.found, told))));
}

function tally(app, counts) {
  const order = ['fail', 'error', 'disputed', 'warning', 'pass', 'not_seen', 'not_applicable'];
  return h('div', { class: 'tally' }, order.filter((verdict) => counts[verdict]).map((verdict) => h('a', { class: `count v-${verdict}`, href: app.link('requirements', verdict) },
    h('span', { class: 'number' }, counts[verdict]), h('span', {}, h('span', { 'aria-hidden': 'true' }, VERDICTS[verdict].glyph), ' ', VERDICTS[verdict].name))));
}

function functionRows(requirements, catalogue) {
  const rows = [];
  const byGuide = group(requirements.filter((row) => row.verdict !== 'not_on_wire'), (row) => ((catalogue.requirements || {})[row.id] || {}).guide || row.id.split('-')[0]);
  for (const [guide, list] of byGuide) {
    const counts = {};
    for (const row of list) counts[row.verdict] = (counts[row.verdict] || 0) + 1;
    rows.push({ guide, counts, about: (catalogue.guides || {})[guide] || {}, total: list.length });
  }
  return rows;
}

function functionTable(app, rows, release) {
  return h('div', { class: 'wide', role: 'region', tabindex: '0', 'aria-label': 'By business function' }, h('table', { class: 'functions' }, h('caption', {}, 'By business function', release ? h('span', { class: 'soft' }, ` · release ${release}`) : null),
    h('thead', {}, h('tr', {}, ['Function', 'Guide', 'Verdict', 'Judged', 'What of its requirements'].map((name) => h('th', { scope: 'col' }, name)))),
    h('tbody', {}, rows.map((row) => {
      const judged = ['pass', 'fail', 'warning', 'disputed', 'error'].reduce((sum, verdict) => sum + (row.counts[verdict] || 0), 0);
      const verdict = worst(Object.keys(row.counts).filter((name) => name !== 'not_seen')) || 'not_seen';
      return h('tr', {}, h('th', { scope: 'row' }, row.about.function || row.guide), h('td', {}, row.guide, row.about.version ? h('span', { class: 'soft' }, ` API ${row.about.version}`) : null),
        h('td', {}, chip(verdict, verdict === 'pass' ? 'no breach' : undefined)), h('td', { class: 'num' }, `${judged} of ${row.total}`), h('td', {}, bar(row.counts, row.total)));
    }))));
}

function bar(counts, total) {
  const order = ['fail', 'error', 'disputed', 'warning', 'pass', 'not_seen', 'not_applicable'];
  const parts = order.filter((verdict) => counts[verdict]);
  const label = parts.map((verdict) => `${counts[verdict]} ${VERDICTS[verdict].name}`).join(', ');
  let x = 0;
  return h('span', { class: 'bar' }, svg('svg', { viewBox: '0 0 200 10', width: 200, height: 10, role: 'img', 'aria-label': label, preserveAspectRatio: 'none' }, parts.map((verdict) => {
    const width = (200 * counts[verdict]) / total;
    const piece = svg('rect', { x, y: 0, width: Math.max(width - 1, 0.5), height: 10, class: `fill-${verdict}` }, svg('title', {}, `${counts[verdict]} ${VERDICTS[verdict].name}`));
    x += width;
    return piece;
  })), h('span', { class: 'soft' }, label));
}

function summaryView(app) {
  const { model } = app;
  const about = model.run.view ? model.run.view.summary : { sentence: '', blame: [], first: [] };
  return h('div', { class: 'summary page' },
    verdictBanner(model.run.verdict, about.sentence),
    model.about.title ? h('p', { class: 'title' }, say(model.about.title)) : null,
    h('div', { class: 'cols' },
      h('section', {}, h('h2', {}, 'Fix first'), about.first.length ? h('ol', { class: 'things' }, about.first.map((entry) => thing(app, model, entry))) : h('p', { class: 'calm' }, 'Nothing.'),
        model.findings.length > about.first.length ? allFindings(app, model) : null),
      h('section', {}, h('h2', {}, 'Whose findings'), blameTable(about.blame), facts(model))),
    h('section', {}, h('h2', {}, 'Requirements'), tally(app, model.run.counts), functionTable(app, functionRows(model.run.requirements, app.catalogue), model.about.release)),
    excuses(app, model.run),
    stepList(app, model),
    model.run.unattributed && model.run.unattributed.length ? h('section', {}, h('h2', {}, `Not judged (${model.run.unattributed.length} of the file’s entries)`),
      h('ul', {}, model.run.unattributed.slice(0, 200).map((row) => h('li', {}, `entry ${row.entry}: `, say(`${row.method} ${row.url}`), ': ', say(row.why))))) : null);
}

// What is excused, and what the scenario is there for and did not see.
function excuses(app, told_) {
  const { excused, covers, known_failures: known } = told_;
  const unseen = (covers && covers.not_seen) || [];
  if (!excused && !unseen.length && !(known && known.entries.length)) return null;
  return h('section', {}, h('h2', {}, 'Excused and not seen'),
    unseen.length ? h('p', {}, `The scenario is there for ${count(covers.asked.length, 'requirement')}; nothing showed `, unseen.map((id) => [requirementLink(app, id), ' ']), covers.strict ? '(which makes a pass inconclusive).' : null) : null,
    excused ? h('p', {}, `${count(excused.findings, 'finding')} and ${count(excused.steps, 'step')} are excused as known failures. Without that: `, chip(excused.otherwise, RUN_WORDS[excused.otherwise])) : null,
    known && known.entries.length ? h('table', { class: 'runs' }, h('caption', {}, 'Known failures, ', say(known.file)), h('thead', {}, h('tr', {}, ['Now', 'What', 'Until', 'Owner', 'Reason'].map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, known.entries.map((entry) => h('tr', {}, h('td', {}, chip({ excused: 'warning', untried: 'not_seen' }[entry.status] || 'fail', entry.status)), h('td', {}, say(entry.id)), h('td', {}, say(entry.expires)), h('td', {}, say(entry.owner)), h('td', {}, say(entry.reason), entry.link ? [' ', say(entry.link)] : null))))) : null);
}

function allFindings(app, model) {
  return h('details', { class: 'all', 'data-key': 'all-findings' }, h('summary', {}, `All findings (${model.findings.length})`),
    h('ol', { class: 'plain' }, model.findings.map((finding) => h('li', { value: finding.number }, chip(finding.verdict), ' ', excusedTag(finding), h('a', { href: app.link('finding', finding.number) }, finding.requirements[0] || finding.rule), ' ', h('span', { class: 'soft' }, WHO[finding.blame]), ' ', say(finding.message, 160)))));
}

function stepList(app, model) {
  if (!model.run.steps.length) return null;
  return h('section', {}, h('h2', {}, 'Steps of the scenario'), h('ol', { class: 'steps' }, model.run.steps.map((step) => h('li', {},
    chip(OUTCOMES[step.outcome], words(step.outcome)), ' ', step.exchanges.length ? h('a', { href: app.link('exchange', step.exchanges.at(-1)) }, say(step.id)) : say(step.id), ' ',
    h('span', { class: 'soft' }, say(step.title || step.operation || step.kind)), step.outcome !== 'passed' && step.message ? h('div', { class: 'why' }, say(step.message.split('\n')[0])) : null))));
}

function runsView(app) {
  const { report } = app;
  const totals = {};
  for (const run of report.runs) totals[run.verdict] = (totals[run.verdict] || 0) + 1;
  const said = Object.keys(RUN_WORDS).filter((verdict) => totals[verdict]).map((verdict) => `${totals[verdict]} ${RUN_WORDS[verdict].toLowerCase()}`).join(', ');
  const rows = report.runs.map((run, index) => {
    const grave = run.findings.filter((finding) => finding.verdict === 'fail' && !finding.excused).length;
    return h('tr', { class: `v-${run.verdict}`, 'data-text': `${run.run.scenario} ${run.run.case || ''} ${run.run.title} ${run.verdict}`.toLowerCase() },
      h('td', {}, chip(run.verdict, RUN_WORDS[run.verdict])), h('th', { scope: 'row' }, h('a', { href: `#/run/${index + 1}/summary` }, say(run.run.scenario), run.run.case ? [' ', say(`[${run.run.case}]`)] : null)),
      h('td', {}, say(run.run.title || '')), h('td', { class: 'num' }, run.exchanges.length), h('td', { class: 'num' }, grave || '–'));
  });
  const filter = h('input', { type: 'search', id: 'run-filter', 'data-key': 'run-filter', value: app.kept.runs || '', oninput: () => { app.kept.runs = filter.value; sift(); } });
  const sift = () => rows.forEach((row) => { row.hidden = !row.getAttribute('data-text').includes(filter.value.toLowerCase()); });
  sift();
  return h('div', { class: 'summary page' }, verdictBanner(report.verdict, `${count(report.runs.length, 'run')}: ${said}.`),
    h('p', {}, h('label', { for: 'run-filter' }, 'Find a run '), filter),
    h('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Runs' }, h('table', { class: 'runs' }, h('caption', { class: 'sr' }, 'Runs'),
      h('thead', {}, h('tr', {}, ['Verdict', 'Scenario', 'About', 'Exchanges', 'Breaches'].map((name) => h('th', { scope: 'col' }, name)))), h('tbody', {}, rows))),
    excuses(app, report));
}
