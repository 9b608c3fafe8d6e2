// What goes on paper, whatever view is open: the summary with all that is to be fixed, and every finding in a row.
const PAPER_ROWS = 500;
const PAPER_ROWS_OF_MANY = 30; // of each run, where there are several: what is to be fixed stands before them

function toPaper(app) {
  fromPaper();
  if (!app.report || !(app.model || app.several)) return;
  const paper = h('div', { class: 'paper' }, app.model ? [summaryView(app), paperFindings(app.model, app.model.run.verdict)] : [runsView(app), app.report.runs.map((run, index) => paperFindings(app.modelOf(index), run.verdict, runTitle(run), PAPER_ROWS_OF_MANY))]);
  for (const details of paper.querySelectorAll('details.rest')) details.open = true;
  document.body.append(paper);
  document.documentElement.classList.add('printing');
}

function fromPaper() {
  for (const paper of document.querySelectorAll('.paper')) paper.remove();
  document.documentElement.classList.remove('printing');
}

function paperFindings(model, verdict, title = null, most = PAPER_ROWS) {
  const rows = model.findings.filter((finding) => finding.verdict !== 'pass').sort((one, other) => GRAVITY.indexOf(one.verdict) - GRAVITY.indexOf(other.verdict));
  if (!rows.length) return null;
  const place = (finding) => {
    const exchange = model.byNumber.get(finding.exchange);
    return exchange ? [`#${exchange.n} `, say(exchange.operation || `${exchange.request.method} ${shortPath(exchange.request.url)}`, 200)] : 'the run';
  };
  const value = (what) => (what === null || what === undefined ? h('em', {}, 'nothing') : say(told(what), 300));
  return h('section', { class: 'page paper-findings' }, h('h2', {}, title ? [title, ': ', RUN_WORDS[verdict] || verdict, ', '] : null, count(rows.length, 'finding')),
    h('table', { class: 'paper-table' }, h('thead', {}, h('tr', {}, ['', 'Verdict', 'By', 'Where', 'What', 'Expected', 'Found'].map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, rows.slice(0, most).map((finding) => h('tr', {}, h('td', {}, finding.number), h('td', {}, chip(finding.verdict), finding.excused ? [' ', excusedTag(finding)] : null, h('span', { class: 'sub soft' }, WHO[finding.blame] || finding.blame)),
        h('td', {}, finding.requirements.length ? finding.requirements.map((id) => [model.clause(id), ' ']) : say(finding.rule)), h('td', {}, place(finding), h('span', { class: 'sub' }, say(finding.pointer, 300))),
        h('td', {}, say(finding.message, 600)), h('td', {}, value(finding.expected)), h('td', {}, value(finding.found)))))),
    rows.length > most ? h('p', {}, `and ${rows.length - most} more`) : null);
}
