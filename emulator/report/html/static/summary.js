// The run in ten seconds.
const FIRST_THINGS = 3;
function requirementLink(app, id) {
  return h('a', { href: app.link('requirement', id), class: 'req' }, id);
}

function exchangeLink(app, n, text) {
  return h('a', { href: app.link('exchange', n), class: 'xref' }, text || `#${n}`);
}

function testedParty(about) {
  const tested = Object.keys(WHO).filter((party) => isTested(about, party)).map((party) => `the ${WHO[party]}`).join(' and ');
  if (about.clock === 'captured') return tested ? `captured traffic of ${tested}` : 'captured traffic';
  return tested || 'self-test: both sides are OIT’s';
}

const addressesOf = (addresses) => (addresses.length ? [' at ', addresses.map((address, index) => [index ? ', ' : null, h('code', {}, say(address, 200))])] : null);

function facts(model) {
  const { about, run } = model;
  const rows = [
    ['Scenario', h('span', {}, say(about.scenario), about.case ? [' ', say(`[${about.case}]`)] : null)],
    ['Tested', h('span', {}, testedParty(about), addressesOf((run.view && run.view.summary.tested) || []))],
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

// "3 findings and 1 step are", as a report counts what is excused.
function excusedWords({ findings, steps }) {
  const told_ = [findings ? count(findings, 'finding') : null, steps ? count(steps, 'step') : null].filter(Boolean).join(' and ');
  return `${told_} ${findings + steps === 1 ? 'is' : 'are'}`;
}

function blameTable(rows, excused) {
  const excusedLine = excused ? h('p', { class: 'calm' }, `${excusedWords(excused)} excused as known failures.`) : null;
  if (!rows.length) return h('div', {}, h('p', { class: 'calm' }, excused ? 'No finding counts.' : 'No findings.'), excusedLine);
  return h('div', {}, h('table', { class: 'blame' }, h('caption', { class: 'sr' }, 'Findings by whose they are'),
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Whose'), h('th', { scope: 'col' }, 'Findings'))),
    h('tbody', {}, rows.map((row) => h('tr', {}, h('th', { scope: 'row' }, WHO[row.who] || words(row.who), row.tested ? h('span', { class: 'soft' }, ' under test') : null),
      h('td', {}, findingCounts(row.counts)))))), excusedLine);
}

const findingCounts = (counts) => Object.entries(counts).map(([verdict, number]) => [chip(verdict, numbered(number, verdict)), ' ']);

// A place of a cause: within the run that is shown, or in the run that it names.
function placeAddress(app, place) {
  const [name, argument] = place.finding ? ['finding', place.finding] : ['exchange', place.exchange];
  return app.model ? app.link(name, argument) : `#/run/${place.run}/${name}/${argument}`;
}

const exchangeAt = (app, place) => (app.model ? app.model.byNumber.get(place.exchange) : app.report.runs[place.run - 1].exchanges.find((each) => each.n === place.exchange));

const PLACES = 40;

// The other places of a cause, behind a word that says how many there are.
function morePlaces(app, entry, index) {
  const rest = entry.places.slice(1).filter((place) => place.finding || place.exchange);
  if (!rest.length) return null;
  const text = (place) => (app.model ? (place.exchange ? `#${place.exchange}` : 'the run') : `run ${place.run}${place.exchange ? ` #${place.exchange}` : ''}`);
  return h('details', { class: 'more-places', 'data-key': `more:${index}` }, h('summary', {}, `${(entry.count - 1).toLocaleString('en')} more`),
    h('p', { class: 'meta' }, rest.slice(0, PLACES).map((place) => [h('a', { href: placeAddress(app, place) }, text(place)), ' ']), entry.count - 1 > PLACES ? `and ${entry.count - 1 - PLACES} more` : null));
}

function thing(app, entry, index) {
  const id = (entry.requirements || [])[0];
  const about = (app.catalogue.requirements || {})[id] || {};
  const why = causeOf(entry);
  const isFinding = entry.kind === 'finding';
  const verdict = entry.kind === 'step' ? OUTCOMES[entry.verdict] : entry.kind === 'known' ? 'fail' : entry.verdict;
  const [first] = entry.places;
  const exchange = first && first.exchange ? exchangeAt(app, first) : null;
  const asks = isFinding ? entry.asks.slice(0, 2) : entry.do ? [entry.do] : [];
  return h('li', { class: `thing v-${verdict}` },
    h('div', { class: 'thing-head' },
      isFinding ? chip(verdict) : chip(verdict, words(entry.verdict)),
      h('strong', {}, entry.kind === 'step' ? h('span', {}, 'Step ', say(entry.step), why ? `: ${why}` : null) : entry.kind === 'known' ? h('span', {}, 'Known failure ', say(entry.id)) : about.title || say(entry.message)),
      entry.kind === 'known' ? null : h('span', { class: 'soft' }, count(entry.count, isFinding ? 'finding' : 'step'), app.model ? null : ` in ${count(entry.runs, 'run')}`)),
    !isFinding || about.title ? h('p', {}, say(entry.message)) : null,
    entry.operations.length || entry.pointer ? h('p', { class: 'meta' }, entry.operations.slice(0, 6).map((operation, at_) => [at_ ? ', ' : null, h('code', {}, say(operation, 100))]), entry.operations.length > 6 ? ` and ${entry.operations.length - 6} more` : null, entry.pointer ? [' at ', h('code', { class: 'pointer' }, say(entry.pointer, 300))] : null) : null,
    found(entry, entry.varies ? ' (one of several)' : ''),
    h('p', { class: 'meta' }, [
      entry.blame ? ['Whose: ', WHOSE[entry.blame] || entry.blame] : null,
      !id && entry.rule ? h('code', {}, entry.rule) : null,
      id ? [requirementLink(app, id), h('span', { class: 'soft' }, ` section ${about.section || '?'}`)] : null,
      exchange || (first && first.finding) ? h('a', { href: placeAddress(app, first), class: 'go' }, exchange ? `Look at ${isFinding ? 'it in ' : ''}exchange ${exchange.n}${app.model ? '' : ` of run ${first.run}`}` : 'Look at it') : null,
      entry.where ? say(entry.where) : null].filter(Boolean).map((part_, spot) => [spot ? ' · ' : null, part_])),
    morePlaces(app, entry, index),
    asks.length ? h('ul', { class: 'ask' }, asks.map((ask) => h('li', {}, ask))) : null,
    exchange ? curlButton(exchange) : null);
}

// What to fix first, and behind a word all the rest.
function things(app, list) {
  if (!list.length) return h('p', { class: 'calm' }, 'Nothing.');
  const rest = list.slice(FIRST_THINGS);
  return h('div', { class: 'fix' }, h('ol', { class: 'things' }, list.slice(0, FIRST_THINGS).map((entry, index) => thing(app, entry, index))),
    rest.length ? h('details', { class: 'rest', 'data-key': 'rest' }, h('summary', {}, `${rest.length} more`), h('ol', { class: 'things' }, rest.map((entry, index) => thing(app, entry, FIRST_THINGS + index)))) : null);
}

const excusedTag = (row) => (row.excused ? [h('span', { class: 'tag' }, 'excused'), ' '] : null);

// What was expected against what was found.
function found(entry, note = '') {
  if ((entry.expected === null || entry.expected === undefined) && (entry.found === null || entry.found === undefined)) return null;
  const value = (what, tell) => (what === null || what === undefined ? h('em', {}, 'nothing') : say(tell(what), 300));
  return h('dl', { class: 'versus' }, h('div', {}, h('dt', {}, 'expected'), h('dd', {}, value(entry.expected, hoped))), h('div', {}, h('dt', {}, `found${note}`), h('dd', {}, value(entry.found, told))));
}

// Requirements by verdict; each number is that of the requirements which its link shows.
function tally(app, rows) {
  const counts = countBy(rows);
  return h('div', { class: 'tally' }, GRID_ORDER.filter((verdict) => counts[verdict]).map((verdict) => h('a', { class: `count v-${verdict}`, href: app.link('requirements', verdict) },
    h('span', { class: 'number' }, counts[verdict]), h('span', {}, h('span', { 'aria-hidden': 'true' }, VERDICTS[verdict].glyph), ' ', VERDICTS[verdict].name))));
}

function countBy(rows) {
  const counts = {};
  for (const row of rows) counts[row.verdict] = (counts[row.verdict] || 0) + 1;
  return counts;
}

const SHOWN = ['pass', 'fail', 'warning', 'disputed', 'error', 'excused'];
const isSeen = (row) => SHOWN.includes(row.verdict);

function functionRows(rows, catalogue) {
  return [...group(rows.filter((row) => row.verdict !== 'not_on_wire'), (row) => row.about.guide)].map(([guide, list]) => ({
    guide, list, counts: countBy(list), about: (catalogue.guides || {})[guide] || {}, seen: list.filter(isSeen).length, total: list.length,
  }));
}

function functionTable(rows, release) {
  return h('div', { class: 'wide', role: 'region', tabindex: '0', 'aria-label': 'Requirements by business function' }, h('table', { class: 'functions' }, h('caption', {}, 'Requirements by business function', release ? h('span', { class: 'soft' }, ` · release ${release}`) : null),
    h('thead', {}, h('tr', {}, ['Function', 'Verdict', 'Seen', 'What of its requirements'].map((name) => h('th', { scope: 'col' }, name)))),
    h('tbody', {}, rows.map((row) => {
      const named = Object.keys(row.counts).filter((name) => !['not_seen', 'pass'].includes(name));
      const verdict = worst(named) || ['excused', 'pass'].find((name) => row.counts[name]) || 'not_seen';
      return h('tr', {}, h('th', { scope: 'row' }, row.about.function || row.guide, h('span', { class: 'soft guide-name' }, row.guide, row.about.version ? ` API ${row.about.version}` : null)),
        h('td', {}, chip(verdict, verdict === 'pass' ? 'no breach' : undefined)), h('td', { class: 'num' }, `${row.seen} of ${row.total}`), h('td', {}, bar(row.counts, row.total)));
    }))));
}

function bar(counts, total) {
  const parts = GRID_ORDER.filter((verdict) => counts[verdict]);
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
  const rows = gridRows(app);
  const clean = !about.first.length;
  return h('div', { class: 'summary page' },
    verdictBanner(model.run.verdict, about.sentence),
    model.about.title ? h('p', { class: 'title' }, say(model.about.title)) : null,
    h('div', { class: 'cols' },
      clean ? seen(app, rows, model.about.release) : h('section', {}, h('h2', {}, 'Fix first'), things(app, about.first)),
      h('section', {}, h('h2', {}, 'Whose findings'), blameTable(about.blame, model.run.excused), facts(model))),
    clean ? null : h('section', {}, h('h2', {}, 'Requirements'), h('p', { class: 'soft' }, 'Each is counted once here, however many findings it has; a finding may be of a rule without one.'), tally(app, rows), functionTable(functionRows(rows, app.catalogue), model.about.release)),
    excuses(app, model.run),
    stepList(app, model),
    preparationList(model.run.preparations || []),
    linkList(app, model),
    model.findings.length ? allFindings(app, model) : null,
    notJudged(model.run.unattributed || []));
}

// What was looked at and found right: which requirements of which guide, and how many nothing showed.
function seen(app, rows, release) {
  const functions = functionRows(rows, app.catalogue);
  const [all, total] = functions.reduce(([one, other], row) => [one + row.seen, other + row.total], [0, 0]);
  return h('section', { class: 'seen' }, h('h2', {}, 'What was seen'),
    h('p', {}, `${all} of the ${total} requirements that can be seen on the wire; ${total - all} were not seen or do not apply, which is no pass.`),
    tally(app, rows), functionTable(functions, release),
    functions.filter((row) => row.seen).map((row) => h('details', { 'data-key': `seen:${row.guide}` }, h('summary', {}, `${row.about.function || row.guide}: the ${count(row.seen, 'requirement')} seen`),
      h('p', { class: 'cells' }, row.list.filter(isSeen).map((each) => h('a', { class: `cell v-${each.verdict}`, href: app.link('requirement', each.id), title: `${each.id} ${each.about.title}` }, each.about.label))))));
}

// What a capture holds and was not judged, by the reason; reasons that differ in sizes only are one.
function notJudged(rows) {
  if (!rows.length) return null;
  const reasons = new Map();
  for (const row of rows) {
    const why = row.why.replace(/ \(\d+ (?:bytes|of \d+ bytes)\)/, '');
    reasons.set(why, [...(reasons.get(why) || []), row]);
  }
  const entry = (row) => h('li', {}, `entry ${row.entry}${row.half ? `, ${row.half}` : ''}: `, say(`${row.method} ${row.url}`));
  return h('section', {}, h('h2', {}, `Not judged (${new Set(rows.map((row) => row.entry)).size} of the file’s entries)`), h('p', { class: 'soft' }, 'Nothing is said of these, neither good nor bad.'),
    h('ul', {}, [...reasons].slice(0, 50).map(([why, some]) => h('li', {}, say(why), h('ul', {}, some.slice(0, 200).map(entry))))));
}

// What is excused, and what the scenario is there for and did not see.
function excuses(app, told_) {
  const { excused, covers, known_failures: known } = told_;
  const unseen = (covers && covers.not_seen) || [];
  if (!excused && !unseen.length && !(known && known.entries.length)) return null;
  return h('section', {}, h('h2', {}, [excused || (known && known.entries.length) ? 'Excused' : null, unseen.length ? 'Not seen' : null].filter(Boolean).join(', ')),
    unseen.length ? h('p', {}, `The scenario is there for ${count(covers.asked.length, 'requirement')}; nothing showed `, unseen.map((id) => [requirementLink(app, id), ' ']), covers.strict ? '(which makes a pass inconclusive).' : null) : null,
    excused ? h('p', {}, `${excusedWords(excused)} excused as known failures. Without that: `, chip(excused.otherwise, RUN_WORDS[excused.otherwise])) : null,
    known && known.entries.length ? h('table', { class: 'runs' }, h('caption', {}, 'Known failures, ', say(known.file)), h('thead', {}, h('tr', {}, ['Now', 'What', 'Until', 'Owner', 'Reason'].map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, known.entries.map((entry) => h('tr', {}, h('td', {}, chip({ excused: 'warning', untried: 'not_seen' }[entry.status] || 'fail', entry.status)), h('td', {}, say(entry.id)), h('td', {}, say(entry.expires)), h('td', {}, say(entry.owner)), h('td', {}, say(entry.reason), entry.link ? [' ', say(entry.link)] : null))))) : null);
}

const OF_WHOM = { asked: 'a person', ahead: '—' };
const PREPARATIONS = 200;

// What the partner was had to do, in its order: who was asked, how it ended, and whether it was undone.
function preparationList(rows) {
  if (!rows.length) return null;
  const deeds = rows.filter((row) => row.deed !== 'undone');
  const undone = rows.filter((row) => row.deed === 'undone');
  // What was done last is undone first; one undoing is of all leaps of a clock together.
  const undoings = new Map();
  for (const row of deeds.filter((each) => each.deed === 'done').reverse()) {
    const at_ = undone.findIndex((each) => each.behaviour === row.behaviour);
    if (at_ >= 0) undoings.set(row, undone.splice(at_, 1)[0]);
  }
  const ofClock = undone.find((each) => deeds.some((row) => row.deed === 'moved' && row.behaviour === each.behaviour));
  const undoing = (row) => undoings.get(row) || (row.deed === 'moved' && !row.problem ? ofClock : undefined);
  const wanted = (row) => ['done', 'moved'].includes(row.deed);
  const by = (row) => (row.moved_seconds ? `${words(row.deed)} by ${span(row.moved_seconds)}` : words(row.deed));
  const ended = (row) => (row.problem ? [chip('fail', 'failed'), ' ', say(row.problem, 300)] : [by(row), row.result ? h('span', { class: 'soft' }, ' (', say(row.result, 100), ')') : null]);
  const after = (row) => {
    const end = undoing(row);
    if (!wanted(row)) return h('span', { class: 'soft' }, '—');
    if (!end) return h('span', { class: 'soft' }, 'not undone');
    return end.problem ? [chip('fail', 'not undone'), ' ', say(end.problem, 300)] : ['undone', end.result ? h('span', { class: 'soft' }, ' (', say(end.result, 100), ')') : null];
  };
  return h('section', { class: 'preparations' }, h('h2', {}, 'What the partner was asked to do'), h('p', { class: 'soft' }, 'None of it is evidence.', deeds.length > PREPARATIONS ? ` The first ${PREPARATIONS} of ${deeds.length}.` : null),
    h('div', { class: 'wide', role: 'region', tabindex: '0', 'aria-label': 'What the partner was asked to do' }, h('table', { class: 'runs' }, h('thead', {}, h('tr', {}, ['When', 'Behaviour', 'Of whom', 'What was asked', 'How it ended', 'Afterwards'].map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, deeds.slice(0, PREPARATIONS).map((row) => h('tr', {}, h('td', {}, clock(row.at)), h('th', { scope: 'row' }, say(row.behaviour, 100)), h('td', {}, OF_WHOM[row.deed] || 'the partner, by its hook'),
        h('td', {}, h('code', {}, say(row.what, 300))), h('td', {}, ended(row)), h('td', {}, after(row))))))));
}

// What one leg took from another one: the same value in both.
function linkList(app, model) {
  const links = model.run.links || [];
  if (!links.length) return null;
  const place = (spot) => [say(spot.leg, 40), ' ', exchangeLink(app, spot.exchange), ' ', h('span', { class: 'soft' }, spot.half, ' '), h('code', {}, say(spot.pointer, 200))];
  return h('section', {}, h('h2', {}, `What one leg took from another (${links.length})`),
    h('table', { class: 'runs' }, h('thead', {}, h('tr', {}, ['Value', 'First in', 'Then in'].map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, links.slice(0, 200).map((link) => h('tr', {}, h('th', { scope: 'row' }, say(link.value, 80)), h('td', {}, place(link.from)), h('td', {}, place(link.to)))))));
}

function allFindings(app, model) {
  return h('details', { class: 'all', 'data-key': 'all-findings' }, h('summary', {}, `All findings (${model.findings.length})`),
    h('ol', { class: 'plain' }, model.findings.map((finding) => h('li', { value: finding.number }, chip(finding.verdict), ' ', excusedTag(finding), h('a', { href: app.link('finding', finding.number) }, finding.requirements[0] || finding.rule), ' ', h('span', { class: 'soft' }, WHO[finding.blame] || finding.blame), ' ', say(finding.message, 160)))));
}

// How a step ended, and what was found in what it did: that it was played says nothing of the answers.
function outcomeChips(model, step) {
  const { counting, excused } = model.findingsOfStep(step);
  const verdict = OUTCOMES[step.outcome] || 'inconclusive';
  const played = step.outcome === 'passed' && counting.length;
  const gravest = worst(counting.map((finding) => finding.verdict));
  return [played ? h('span', { class: 'chip v-neutral' }, 'played ', h('span', { class: 'glyph v-pass', 'aria-hidden': 'true' }, VERDICTS.pass.glyph)) : chip(verdict, words(step.outcome)),
    counting.length ? [' · ', h('a', { class: `chip v-${gravest}`, href: app.link('finding', counting[0].number) }, count(counting.length, 'finding'))] : null,
    excused.length ? [' · ', h('span', { class: 'chip v-excused' }, `${excused.length} excused`)] : null,
    step.excused ? [' ', excusedTag(step)] : null];
}

// Why a step did not get what it wanted, in words.
const causeOf = (step) => (step.cause ? (CATALOGUE.causes || {})[step.cause] || words(step.cause) : null);

function stepList(app_, model) {
  if (!model.run.steps.length) return null;
  return h('section', {}, h('h2', {}, 'Steps of the scenario'), h('ol', { class: 'steps' }, model.run.steps.map((step) => h('li', {},
    h('span', { class: 'step-outcome' }, outcomeChips(model, step)), h('span', { class: 'step-what' }, step.exchanges.length ? h('a', { href: app_.link('exchange', step.exchanges.at(-1)) }, say(step.id)) : say(step.id), ' ',
      h('span', { class: 'soft' }, say(step.title || step.operation || step.kind)),
      step.outcome === 'passed' ? null : h('div', { class: 'why' }, causeOf(step) ? h('b', {}, causeOf(step), step.blame ? ` (whose: ${WHOSE[step.blame] || step.blame})` : null) : null, causeOf(step) && step.message ? '. ' : null, step.message ? say(step.message.split('\n')[0]) : null))))));
}
