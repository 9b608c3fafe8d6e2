// The grid of requirements, by guide and section, and what is known of one.
const GRID_ORDER = ['fail', 'error', 'disputed', 'warning', 'excused', 'pass', 'not_seen', 'not_applicable', 'not_on_wire'];

// Rows {id, verdict, exchanges|runs} of every requirement that the catalogue has, judged or not.
function gridRows(app) {
  const { catalogue, model, report } = app;
  const judged = new Map((model ? model.run.requirements : (report.view && report.view.trace) || []).map((row) => [row.id, row]));
  const guideOf = (id) => ((catalogue.requirements || {})[id] || {}).guide;
  const asked = new Set([...judged.keys()].map(guideOf));
  // A guide that nobody claimed is not asked about.
  const known = Object.entries(catalogue.requirements || {}).filter(([, about]) => !about.claimed || asked.has(about.guide)).map(([id]) => id);
  const ids = [...known, ...[...judged.keys()].filter((id) => !(id in (catalogue.requirements || {})))];
  return ids.map((id) => {
    const about = (catalogue.requirements || {})[id] || { guide: id.split(':').pop().split('-')[0], label: id.split('-')[1], section: '?', title: '', keyword: '' };
    const row = judged.get(id);
    const verdict = row ? row.verdict : about.not_on_wire ? 'not_on_wire' : 'not_seen';
    return { id, about, verdict: excusedIn(app, id, verdict) ? 'excused' : verdict, why: row && row.why, exchanges: (row && row.exchanges) || [], runs: (row && row.runs) || [] };
  });
}

// Whether what speaks against a requirement is all excused, in every run.
function excusedIn(app, id, verdict) {
  if (!['fail', 'warning', 'disputed'].includes(verdict)) return false;
  const models = app.model ? [app.model] : app.report.runs.map((_, index) => app.modelOf(index));
  const concerned = models.filter((model) => (model.verdicts.get(id) || {}).verdict === verdict);
  return concerned.length > 0 && concerned.every((model) => model.excuses(id));
}

function requirementsView(app) {
  const { route, catalogue } = app;
  const rows = gridRows(app);
  const kept = app.kept;
  if (route.name === 'requirements' && route.argument && route.argument !== kept.jumped) { kept.verdicts = new Set([route.argument]); kept.jumped = route.argument; }
  kept.verdicts = kept.verdicts || new Set();
  const counts = countBy(rows);
  const chosen = route.name === 'requirement' ? rows.find((row) => row.id === route.argument) : null;
  const cells = [];
  const said = h('span', { class: 'soft', role: 'status' });
  const search = h('input', { type: 'search', id: 'r-filter', 'data-key': 'r-filter', value: kept.words || '', placeholder: 'R52, cancel, 7.2 …', oninput: () => { kept.words = search.value; sift(); } });
  const side = h('select', { id: 'r-side', 'data-key': 'r-side', onchange: () => { kept.side = side.value; sift(); } }, ['', 'buyer', 'seller'].map((value) => h('option', { value, selected: (kept.side || '') === value }, value ? `the ${WHO[value]}` : 'anybody')));
  const ticks = GRID_ORDER.filter((verdict) => counts[verdict]).map((verdict) => {
    const button = h('button', { type: 'button', class: `count v-${verdict}`, 'data-key': `tick:${verdict}`, 'aria-pressed': String(kept.verdicts.has(verdict)), onclick: () => {
      if (!kept.verdicts.delete(verdict)) kept.verdicts.add(verdict);
      button.setAttribute('aria-pressed', String(kept.verdicts.has(verdict)));
      sift();
    } }, h('span', { class: 'number' }, counts[verdict]), h('span', {}, h('span', { 'aria-hidden': 'true' }, VERDICTS[verdict].glyph), ' ', VERDICTS[verdict].name));
    return button;
  });
  const cell = (row) => {
    const element = h('a', { class: `cell v-${row.verdict}`, href: app.link('requirement', row.id), 'aria-current': chosen === row ? 'true' : null, title: `${row.id} ${row.about.title}: ${VERDICTS[row.verdict].name}`, 'aria-label': `${row.id} ${row.about.title}: ${VERDICTS[row.verdict].name}`, 'data-focus': `r:${row.id}` },
      h('span', { 'aria-hidden': 'true' }, VERDICTS[row.verdict].glyph), row.about.label);
    cells.push([row, element]);
    return element;
  };
  const blocks = [...group(rows, (row) => row.about.guide)].map(([guide, list]) => {
    const about = (catalogue.guides || {})[guide] || {};
    return h('section', { class: 'guide' }, h('h2', {}, about.function || guide, h('span', { class: 'soft' }, ` ${guide}`)),
      [...group(list, (row) => row.about.section)].map(([section, some]) => h('div', { class: 'section' }, h('h3', {}, h('span', { class: 'sr' }, 'Section '), section), h('div', { class: 'cells' }, some.map(cell)))));
  });
  const sift = () => {
    const text = search.value.trim().toLowerCase();
    let shown = 0;
    for (const [row, element] of cells) {
      const fits = (!kept.verdicts.size || kept.verdicts.has(row.verdict)) && (!side.value || [side.value, 'both'].includes(row.about.side))
        && (!text || `${row.id} ${row.about.title} ${row.about.section} ${row.about.keyword}`.toLowerCase().includes(text));
      element.hidden = !fits;
      if (fits) shown += 1;
    }
    for (const block of blocks) {
      for (const part of block.querySelectorAll('.section')) part.hidden = !part.querySelector('.cell:not([hidden])');
      block.hidden = !block.querySelector('.cell:not([hidden])');
    }
    said.textContent = shown === cells.length ? count(shown, 'requirement') : `${shown} of ${count(cells.length, 'requirement')}`;
  };
  sift();
  return h('div', { class: `requirements${chosen ? ' open' : ''}` },
    h('h1', { class: 'sr' }, 'Requirements'),
    h('section', { class: 'grid', 'data-scroll': 'grid', 'aria-label': 'Requirements', tabindex: '0' },
      h('div', { class: 'tally' }, ticks), h('div', { class: 'tools' }, h('label', { for: 'r-filter' }, 'Find'), search, h('label', { for: 'r-side' }, 'binding'), side, said), blocks,
      functionTable(functionRows(rows, catalogue), app.model ? app.model.about.release : [...new Set(app.report.runs.map((run) => run.run.release))].join(', '))),
    h('aside', { class: 'pane', 'aria-label': 'Requirement', 'data-scroll': 'pane' }, chosen ? requirementPane(app, chosen)
      : h('div', { class: 'empty' }, route.name === 'requirement' ? h('p', {}, 'Nothing is known of ', say(route.argument, 60), '.') : h('p', {}, 'Choose a requirement to see what it asks and which exchanges show it.'))));
}

function requirementPane(app, row) {
  const { model, report, catalogue } = app;
  const { about } = row;
  const findings = model ? model.findings.filter((finding) => finding.requirements.includes(row.id)) : [];
  const option = about.option && catalogue.requirements[about.option];
  const runs = model ? [] : report.runs.map((run, index) => ({ index, run, row: run.requirements.find((each) => idOfAll(run, each) === row.id) })).filter((each) => each.row && each.row.exchanges.length);
  return h('div', { class: 'message' }, h('div', { class: 'pane-head' }, h('h2', { tabindex: '-1' }, row.id), h('span', { class: 'turn' }, h('a', { class: 'button', href: app.link('requirements'), 'aria-label': 'Close requirement' }, '✕'))),
    h('p', { class: 'card-title' }, about.title),
    h('p', {}, chip(row.verdict), ' ', h('span', { class: 'soft' }, `${about.keyword}${about.side ? `, of the ${about.side === 'both' ? 'Buyer and the Seller' : WHO[about.side]}` : ''}; section ${about.section}`)),
    option ? h('p', {}, 'Only where the option ', requirementLink(app, about.option), ' is used: ', option.title) : null,
    about.not_on_wire ? h('p', {}, 'It cannot be seen on the wire: ', about.not_on_wire) : about.seen ? h('p', {}, h('span', { class: 'soft' }, 'seen in '), about.seen) : null,
    about.note ? h('p', { class: 'soft' }, about.note) : null,
    row.why ? h('p', {}, 'It does not apply: ', say(row.why, 400)) : null,
    [...group(findings, (finding) => `${finding.verdict} ${finding.rule} ${finding.blame}`).values()].map(([first, ...others]) => h('div', {}, findingCard(app, first, null),
      h('p', { class: 'meta' }, first.exchange ? h('a', { class: 'go', href: app.link('finding', first.number) }, `Look at it in exchange ${first.exchange}`) : null,
        others.length ? [' · as well in ', others.slice(0, 40).map((finding) => [h('a', { href: app.link('finding', finding.number) }, finding.exchange ? `#${finding.exchange}` : 'the run'), ' ']), others.length > 40 ? `and ${others.length - 40} more` : null] : null))),
    row.exchanges.length ? [h('h3', {}, 'Exchanges that show it'), h('ul', { class: 'plain' }, row.exchanges.map((n) => {
      const exchange = model.byNumber.get(n);
      const verdict = worst(findings.filter((finding) => finding.exchange === n).map((finding) => finding.verdict)) || 'pass';
      return h('li', {}, chip(verdict), ' ', exchangeLink(app, n), ' ', exchange ? h('span', { class: 'soft' }, say(exchange.operation || exchange.request.method), ' ', outcomeOf(exchange)) : null);
    }))] : model && row.verdict === 'not_seen' ? h('p', {}, 'Nothing in this run showed it. That is not a pass.') : null,
    runs.length ? [h('h3', {}, 'Runs that show it'), h('ul', { class: 'plain' }, runs.map((each) => h('li', {}, chip(each.row.verdict), ' ', h('a', { href: `#/run/${each.index + 1}/requirement/${each.row.id}` }, runTitle(each.run)))))] : null,
    (about.rules || []).length ? [h('h3', {}, 'How it is judged'), h('ul', { class: 'plain' }, about.rules.map((name) => h('li', {}, h('code', {}, name), ' ', (catalogue.rules[name] || {}).about || '')))] : null,
    h('p', { class: 'soft' }, 'More: ', h('code', {}, explainCommand(row.id))));
}
