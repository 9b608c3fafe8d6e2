// The sequence diagram: two lifelines, or one more for each further leg; an arrow for each exchange, time downwards.
const JUMP = 10; // seconds without a word that are drawn as a break

function conversationRows(model) {
  const rows = [];
  const steps = model.run.steps;
  const told = new Set();
  const missing = [...model.missing].sort((a, b) => (a.at < b.at ? -1 : 1));
  const spots = new Map(steps.map((step, index) => [step.id, index]));
  let last = null;
  let current = null;
  const announce = (step) => {
    if (told.has(step.id)) {
      rows.push({ kind: 'step', key: `s:${step.id}:${rows.length}`, step, again: true });
    } else {
      told.add(step.id);
      rows.push({ kind: 'step', key: `s:${step.id}`, step });
    }
  };
  for (const exchange of model.exchanges) {
    while (missing.length && missing[0].at <= exchange.at) rows.push(lost(missing.shift()));
    const seconds = last ? (Date.parse(exchange.at) - Date.parse(last)) / 1000 : 0;
    if (seconds >= JUMP) rows.push({ kind: 'jump', key: `j:${exchange.n}`, seconds, at: exchange.at });
    last = exchange.at;
    const step = exchange.step === null ? null : model.steps.get(exchange.step);
    if (step && step.id !== current) {
      steps.slice(0, spots.get(step.id)).filter((before) => !told.has(before.id) && !before.exchanges.length).forEach(announce);
      announce(step);
    }
    if (step) current = step.id;
    rows.push({ kind: 'exchange', key: `e:${exchange.n}`, exchange, again: isAgain(model, exchange) });
  }
  missing.forEach((line) => rows.push(lost(line)));
  steps.filter((step) => !told.has(step.id)).forEach(announce);
  return rows;
}

const lost = (line) => ({ kind: 'lost', key: `l:${line.page.leg || ''}:${line.page.kind}:${line.page.id}:${line.at}:${line.text}`, line });

function isAgain(model, exchange) {
  const before = model.byNumber.get(exchange.n - 1);
  return Boolean(before) && exchange.request.method === 'GET' && before.operation === exchange.operation && before.step === exchange.step
    && before.request.url === exchange.request.url && !(model.findingsOf.get(exchange.n) || []).length;
}

// The arrow goes between the two lifelines of its leg: from `start` to `end`, as parts of the whole width.
function arrow(exchange, verdict, [start, end] = [0, 1]) {
  const spot = (part) => `${(100 * (start + (end - start) * part)).toFixed(2)}%`;
  const right = exchange.from === 'buyer';
  const dashed = exchange.kind === 'notification';
  const broken = Boolean(exchange.fault);
  const head = right ? 'M0 0 l-9 -4.5 v9 z' : 'M0 0 l9 -4.5 v9 z';
  const line = right ? { x1: spot(0), x2: spot(broken ? 0.82 : 1) } : { x1: spot(1), x2: spot(broken ? 0.18 : 0) };
  const tip = line.x2;
  return svg('svg', { class: `arrow v-${verdict}${dashed ? ' dashed' : ''}`, width: '100%', height: 12, 'aria-hidden': 'true', focusable: 'false' },
    svg('line', { ...line, y1: 6, y2: 6 }),
    svg('svg', { x: tip, y: 6, overflow: 'visible' }, broken ? svg('path', { class: 'cross', d: 'M-5 -5 l10 10 m0 -10 l-10 10' }) : svg('path', { class: 'head', d: head })));
}

function outcomeOf(exchange) {
  return exchange.response ? String(exchange.response.status) : words(exchange.fault.kind);
}

function exchangeRow(app, model, row) {
  const { exchange } = row;
  const verdict = model.verdictOf(exchange.n);
  const findings = (model.findingsOf.get(exchange.n) || []).filter((finding) => finding.verdict !== 'pass');
  const marks = [...new Set((model.marksOf.get(exchange.n) || []).flatMap((line) => line.marks))];
  const odd = marks.filter((mark) => ODD_MARKS.has(mark));
  const path = shortPath(exchange.request.url);
  const lane = model.laneOf(exchange);
  const gaps = model.lifelines.length - 1;
  const label = `Exchange ${exchange.n}, ${clock(exchange.at)}, ${model.nameOf(exchange, exchange.from)} to ${model.nameOf(exchange, exchange.to)}: ${exchange.request.method} ${path}, ${exchange.fault ? 'not answered, ' : 'answered '}${outcomeOf(exchange)}. ${
    findings.length ? `${findings.length} ${VERDICTS[verdict].name}` : VERDICTS[verdict].name}${odd.length ? `, ${odd.map(words).join(', ')}` : ''}`;
  return h('li', { class: `row x v-${verdict}${row.again ? ' again' : ''}`, 'data-key': row.key },
    h('a', { href: app.link('exchange', exchange.n), 'data-n': exchange.n, 'data-focus': row.key, tabindex: '-1', 'aria-label': plainly(label, 300) },
      h('span', { class: 'when' }, clock(exchange.at)), h('span', { class: 'n' }, exchange.n),
      h('span', { class: `lane ${exchange.from === 'buyer' ? 'right' : 'left'} leg-${lane}` },
        h('span', { class: 'what' }, h('b', {}, say(exchange.request.method, 20)), ' ', say(exchange.kind === 'notification' ? exchange.operation || path : path, 120),
          exchange.provoked ? h('span', { class: 'tag' }, 'wrong on purpose') : null, exchange.spoilt ? h('span', { class: 'tag' }, 'answer spoilt on purpose') : null,
          odd.map((mark) => h('span', { class: 'tag odd' }, words(mark)))),
        arrow(exchange, verdict, [lane / gaps, (lane + 1) / gaps])),
      h('span', { class: 'status' }, outcomeOf(exchange)),
      h('span', { class: `sign v-${verdict}` }, VERDICTS[verdict].glyph, findings.length > 1 ? h('small', {}, findings.length) : null)));
}

function lostRow(model, row) {
  const awaited = row.line.marks.includes('awaited');
  const lane = model.laneOf(row.line.page);
  const spot = (part) => `${(100 * (lane + part) / (model.lifelines.length - 1)).toFixed(2)}%`;
  return h('li', { class: `row lost ${awaited ? 'v-not_seen' : 'v-warning'}`, 'data-key': row.key },
    h('span', { class: 'when' }, clock(row.line.at)), h('span', { class: 'n' }),
    h('span', { class: `lane left leg-${lane}` }, h('span', { class: 'what' }, say(row.line.text, 200)),
      svg('svg', { class: 'arrow dashed lost', width: '100%', height: 12, 'aria-hidden': 'true' }, svg('line', { x1: spot(1), x2: spot(0.55), y1: 6, y2: 6 }),
        svg('svg', { x: spot(0.55), y: 6, overflow: 'visible' }, svg('path', { class: 'cross', d: 'M-5 -5 l10 10 m0 -10 l-10 10' })))),
    h('span', { class: 'status' }, awaited ? 'awaited' : 'never came'), h('span', { class: 'sign' }, awaited ? '…' : '!'));
}

function conversationRow(app, model, row) {
  if (row.kind === 'exchange') return exchangeRow(app, model, row);
  if (row.kind === 'lost') return lostRow(model, row);
  if (row.kind === 'jump') {
    return h('li', { class: 'row jump', 'data-key': row.key }, h('span', { class: 'when' }, h('span', { 'aria-hidden': 'true' }, '⋮')), h('span', { class: 'n' }), h('span', { class: 'lane' }, h('span', { class: 'break' }, `${span(row.seconds)} later`)));
  }
  const { step } = row;
  const bad = !['passed', 'skipped'].includes(step.outcome);
  const kind = OUTCOMES[step.outcome] || 'inconclusive';
  const { counting } = model.findingsOfStep(step);
  const told_ = bad || counting.length;
  return h('li', { class: `row step o-${kind}`, 'data-key': row.key }, h('span', { class: 'step-name' },
    h('span', { class: `glyph v-${kind}`, 'aria-hidden': 'true' }, VERDICTS[kind].glyph), ' ', h('b', {}, say(step.id)), ' ',
    row.again ? h('span', { class: 'soft' }, 'goes on') : h('span', { class: 'soft' }, say(step.title || '')), row.again || told_ ? null : h('span', { class: 'sr' }, `: ${words(step.outcome)}`),
    told_ && !row.again ? h('span', { class: 'outcome' }, outcomeChips(model, step)) : null),
  bad && !row.again && (step.message || causeOf(step)) ? h('span', { class: 'why' }, causeOf(step) ? [causeOf(step), step.message ? ': ' : null] : null, say(step.message.split('\n')[0], 300)) : null);
}

function signature(model, row) {
  if (row.kind === 'exchange') {
    const { exchange } = row;
    return [exchange.n, outcomeOf(exchange), model.verdictOf(exchange.n), (model.findingsOf.get(exchange.n) || []).length, row.again, (model.marksOf.get(exchange.n) || []).map((line) => line.marks).join()].join('|');
  }
  if (row.kind === 'step') { const { counting, excused } = model.findingsOfStep(row.step); return [row.step.outcome, row.step.message, row.again, counting.length, excused.length].join('|'); }
  return row.kind === 'lost' ? row.line.marks.join() : String(row.seconds);
}

function rowText(model, row) {
  if (row.kind !== 'exchange') return '';
  const { exchange } = row;
  const findings = (model.findingsOf.get(exchange.n) || []).map((finding) => `${finding.rule} ${finding.requirements.join(' ')} ${finding.message}`).join(' ');
  return `#${exchange.n} ${exchange.request.method} ${exchange.request.url} ${exchange.operation || ''} ${exchange.step || ''} ${outcomeOf(exchange)} ${findings}`.toLowerCase();
}

// The diagram lives on while the report grows: rows that did not change stay the elements they are.
class Conversation {
  constructor(app) {
    this.app = app;
    this.rows = new Map();
    this.list = h('ol', { class: 'rows', 'data-scroll': 'rows', 'aria-label': 'Exchanges, in the order of time. Arrow keys move, Enter opens.', onkeydown: (event) => this.keys(event), onclick: () => { this.follow = true; } });
    this.search = h('input', { type: 'search', id: 'x-filter', 'data-key': 'x-filter', placeholder: 'path, step, status, requirement', oninput: () => this.sift() });
    this.odd = h('input', { type: 'checkbox', id: 'x-odd', 'data-key': 'x-odd', onchange: () => this.sift() });
    this.said = h('span', { class: 'soft', role: 'status' });
    this.pane = h('aside', { class: 'pane', 'aria-label': 'Message', 'data-scroll': 'pane' });
    this.heads = h('div', { class: 'lifelines' });
    this.element = h('div', { class: 'conversation' },
      h('h1', { class: 'sr' }, 'Conversation'),
      h('section', { class: 'diagram', 'aria-label': 'Conversation' },
        h('div', { class: 'tools' }, h('label', { for: 'x-filter' }, 'Find'), this.search, h('label', { class: 'tick' }, this.odd, ' only what is not right'), this.said), this.heads, this.list),
      this.pane);
  }

  render() {
    const { model } = this.app;
    if (this.run !== model.about.id) {
      this.run = model.about.id;
      this.rows.clear();
      this.list.replaceChildren();
      this.opened = null;
    }
    const { lifelines } = model;
    this.element.className = `conversation lives-${lifelines.length}${this.element.classList.contains('open') ? ' open' : ''}`;
    this.heads.replaceChildren(...lifelines.map((name, index) => h('span', { class: 'life' }, say(name, 40), this.role(index ? 'seller' : 'buyer'))));
    const rows = conversationRows(model);
    const wanted = new Set(rows.map((row) => row.key));
    for (const [key, kept] of this.rows) if (!wanted.has(key)) { kept.element.remove(); this.rows.delete(key); }
    let before = null;
    const fresh = document.createDocumentFragment();
    for (const row of rows) {
      const sign = signature(model, row);
      const kept = this.rows.get(row.key);
      let element = kept && kept.element;
      if (!kept || kept.sign !== sign) {
        element = conversationRow(this.app, model, row);
        if (kept) kept.element.replaceWith(element);
        else if (before && before.nextSibling) before.after(element);
        else fresh.append(element);
        this.rows.set(row.key, { element, sign, text: rowText(model, row), odd: ['fail', 'error', 'disputed', 'warning', 'not_seen'].includes(row.kind === 'exchange' ? model.verdictOf(row.exchange.n) : ''), kind: row.kind });
      }
      if (element.parentNode === this.list) before = element;
    }
    this.list.append(fresh);
    this.sift();
    return this.element;
  }

  role(party) {
    const { about } = this.app.model;
    const said = about.clock === 'captured' ? 'captured' : isTested(about, party) ? 'under test' : 'played by OIT';
    return h('span', { class: 'soft' }, ` ${said}`);
  }

  sift() {
    const text = this.search.value.trim().toLowerCase();
    let shown = 0;
    for (const kept of this.rows.values()) {
      const fits = kept.kind === 'exchange' ? kept.text.includes(text) && (!this.odd.checked || kept.odd) : kept.kind === 'lost' ? !text : !text && !this.odd.checked;
      kept.element.hidden = !fits;
      if (fits && kept.kind === 'exchange') shown += 1;
    }
    const all = this.app.model.exchanges.length;
    this.said.textContent = shown === all ? count(all, 'exchange') : `${shown} of ${count(all, 'exchange')}`;
  }

  // The message that the address names.
  open() {
    const { app } = this;
    const { model, route } = app;
    const finding = route.name === 'finding' ? model.findings[Number(route.argument) - 1] : null;
    const n = finding ? finding.exchange : route.name === 'exchange' ? Number(route.argument) : null;
    for (const link of this.list.querySelectorAll('[aria-current]')) link.removeAttribute('aria-current');
    const link = n === null ? null : this.list.querySelector(`a[data-n="${n}"]`);
    const stop = link || this.list.querySelector('a[data-n]');
    for (const other of this.list.querySelectorAll('a[tabindex="0"]')) other.setAttribute('tabindex', '-1');
    if (stop) stop.setAttribute('tabindex', '0');
    if (link) link.setAttribute('aria-current', 'true');
    const exchange = n === null ? null : model.byNumber.get(n);
    const sign = JSON.stringify([app.runIndex, route.name, route.argument, exchange ? signature(model, { kind: 'exchange', exchange }) : '', exchange ? (model.provedAt.get(n) || []).map((row) => [row.id, row.verdict]) : model.findings.length]);
    if (sign === this.opened) return;
    const moved = !this.opened || JSON.parse(this.opened).slice(0, 3).join() !== JSON.parse(sign).slice(0, 3).join();
    this.opened = sign;
    this.element.classList.toggle('open', Boolean(exchange || finding));
    const body = exchange ? messagePane(app, exchange, finding) : finding ? findingPane(app, finding) : emptyPane(app, route);
    keeping(() => this.pane.replaceChildren(body));
    if (!moved) return;
    const follow = this.follow;
    this.follow = false;
    this.pane.scrollTop = 0;
    if (link && !sees(this.list, link)) link.scrollIntoView({ block: 'center' });
    const target = finding && this.pane.querySelector(`[data-finding="${finding.number}"]`);
    if (target) target.scrollIntoView({ block: 'center' });
    const heading = this.pane.querySelector('h2');
    // A click or Enter goes to the message; who walks along the list with arrow keys stays there.
    if (app.arrived && heading && (exchange || finding) && (follow || !this.list.contains(document.activeElement))) heading.focus({ preventScroll: true });
  }

  keys(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -Infinity, End: Infinity };
    const link = event.target.closest('a[data-n]');
    if (!link || !(event.key in steps)) return;
    event.preventDefault();
    const links = [...this.list.querySelectorAll('li:not([hidden]) a[data-n]')];
    const next = links[Math.min(links.length - 1, Math.max(0, links.indexOf(link) + steps[event.key]))];
    link.setAttribute('tabindex', '-1');
    next.setAttribute('tabindex', '0');
    next.focus();
    if (this.element.classList.contains('open')) location.replace(next.getAttribute('href'));
  }
}

function sees(frame, element) {
  const [outer, inner] = [frame.getBoundingClientRect(), element.getBoundingClientRect()];
  return inner.top >= outer.top && inner.bottom <= outer.bottom;
}

function emptyPane(app, route) {
  const wanted = ['exchange', 'finding'].includes(route.name);
  return h('div', { class: 'empty' }, wanted ? h('p', {}, `There is no ${route.name} `, say(route.argument, 40), ' in this run.') : h('p', {}, 'Choose an exchange to see its message.'),
    h('ul', { class: 'legend' },
      h('li', {}, svg('svg', { width: 60, height: 12, class: 'arrow v-pass', 'aria-hidden': 'true' }, svg('line', { x1: 0, x2: 52, y1: 6, y2: 6 }), svg('path', { class: 'head', d: 'M60 6 l-9 -4.5 v9 z' })), 'a call'),
      h('li', {}, svg('svg', { width: 60, height: 12, class: 'arrow dashed v-pass', 'aria-hidden': 'true' }, svg('line', { x1: 8, x2: 60, y1: 6, y2: 6 }), svg('path', { class: 'head', d: 'M0 6 l9 -4.5 v9 z' })), 'a notification'),
      ['fail', 'warning', 'disputed', 'not_seen', 'pass'].map((verdict) => h('li', {}, chip(verdict, verdict === 'not_seen' ? 'not answered' : VERDICTS[verdict].name)))));
}
