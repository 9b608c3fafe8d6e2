// One exchange: what was sent, what came back, and what the judge says of each line.
function messagePane(app, exchange, chosen) {
  const { model } = app;
  const findings = (model.findingsOf.get(exchange.n) || []).filter((finding) => finding.verdict !== 'pass')
    .sort((one, other) => GRAVITY.indexOf(one.verdict) - GRAVITY.indexOf(other.verdict));
  const satisfied = model.satisfiedAt(exchange);
  const step = model.steps.get(exchange.step);
  const numbers = model.exchanges.map((each) => each.n);
  const spot = numbers.indexOf(exchange.n);
  return h('div', { class: 'message' },
    h('div', { class: 'pane-head' },
      h('h2', { tabindex: '-1' }, h('span', { class: 'n' }, `#${exchange.n}`), ' ', say(exchange.operation || `${exchange.request.method} ${shortPath(exchange.request.url)}`, 100)),
      h('span', { class: 'turn' },
        h('a', { class: `button${spot > 0 ? '' : ' off'}`, href: app.link('exchange', numbers[Math.max(0, spot - 1)]), 'aria-label': 'Exchange before' }, '↑'),
        h('a', { class: `button${spot < numbers.length - 1 ? '' : ' off'}`, href: app.link('exchange', numbers[Math.min(numbers.length - 1, spot + 1)]), 'aria-label': 'Exchange after' }, '↓'),
        h('a', { class: 'button', href: app.link('conversation'), 'aria-label': 'Close message' }, '✕'))),
    h('p', { class: 'meta' }, chip(model.verdictOf(exchange.n)), ' ', say(model.nameOf(exchange, exchange.from)), ' → ', say(model.nameOf(exchange, exchange.to)), `, ${day(exchange.at)} ${clock(exchange.at)}, ${Math.round(exchange.elapsed_ms)} ms`,
      step ? [' · step ', say(step.id), ' ', outcomeChips(model, step)] : null),
    exchange.provoked ? h('p', { class: 'hint' }, 'This request was made wrong on purpose; it is not judged, the answer is.') : null,
    exchange.spoilt ? h('p', { class: 'hint' }, 'This answer was spoilt, held back or lost on purpose, and is not judged.') : null,
    relayedBox(exchange),
    (model.marksOf.get(exchange.n) || []).filter((line) => line.marks.some((mark) => ODD_MARKS.has(mark))).map((line) => h('p', { class: 'hint odd' }, say(line.text, 600))),
    findings.map((finding) => findingCard(app, finding, chosen, exchange)),
    step ? unmetCard(step, exchange) : null,
    half(app, exchange, 'request', findings, satisfied),
    exchange.response ? half(app, exchange, 'response', findings, satisfied) : h('section', { class: 'half' }, h('h3', {}, 'No response'), h('p', {}, chip('not_seen', words(exchange.fault.kind)), ' ', say(exchange.fault.message, 2000))),
    securitiesOf(exchange),
    histories(app, exchange),
    satisfiedList(app, satisfied),
    curlBox(exchange));
}

// What the seller saw otherwise, where OIT passed the exchange on.
function relayedBox(exchange) {
  const { relayed } = exchange;
  if (!relayed) return null;
  const words_ = { '': 'none' };
  return h('details', { 'data-key': 'relayed' }, h('summary', {}, 'Passed on by OIT, shown as the Buyer saw it'),
    h('p', {}, h('span', { class: 'soft' }, 'to the Seller: '), h('code', {}, say(relayed.url, 1000))),
    (relayed.changes || []).map((change) => h('p', {}, h('span', { class: 'soft' }, `${change.where}: `), h('code', {}, say(words_[change.buyer] || change.buyer, 1000)), ' → ', h('code', {}, say(words_[change.seller] || change.seller, 1000)))));
}

function findingCard(app, finding, chosen, exchange) {
  const { model } = app;
  const rule = model.rule(finding.rule);
  const asks = model.asks(finding.number);
  const explained = model.explained(finding.rule);
  return h('article', { class: `card v-${finding.verdict}${chosen && chosen.number === finding.number ? ' chosen' : ''}`, 'data-finding': finding.number, 'aria-label': `Finding ${finding.number}` },
    h('p', { class: 'card-head' }, chip(finding.verdict), ' ', finding.requirements.map((id) => [requirementLink(app, id), ' ']), finding.requirements.length ? null : h('code', {}, finding.rule), h('span', { class: 'soft' }, ` ${WHOSE[finding.blame] || finding.blame}`, finding.leg ? [', leg ', say(finding.leg, 40)] : null), h('a', { class: 'anchor', href: app.link('finding', finding.number), 'aria-label': `Link to finding ${finding.number}` }, '¶')),
    finding.requirements.length ? h('p', { class: 'card-title' }, model.requirement(finding.requirements[0]).title, h('span', { class: 'soft' }, ` — section ${model.requirement(finding.requirements[0]).section || '?'}, ${model.requirement(finding.requirements[0]).keyword || ''}`)) : null,
    finding.excused ? h('p', { class: 'hint' }, h('b', {}, 'Excused'), ' until ', say(finding.excused.expires), ', ', say(finding.excused.owner), ': ', say(finding.excused.reason), finding.excused.link ? [' ', say(finding.excused.link)] : null, ' ', h('span', { class: 'soft' }, say(finding.excused.where))) : null,
    h('p', {}, say(finding.message, 2000)), finding.pointer || exchange ? h('p', { class: 'meta' }, finding.pointer ? ['at ', h('code', {}, say(finding.pointer, 300)), ' '] : null, exchange && inBody(finding) ? lineButton(app, finding, exchange) : null) : null, found(finding),
    explained.readings.map((reading) => h('p', { class: 'hint' }, h('b', {}, reading.title), ` (${reading.id}). ${reading.why} Pin a reading in a profile: `, h('code', {}, reading.pin))),
    rule.about || asks.length || explained.changes.length ? h('details', { 'data-key': `why:${finding.number}`, open: chosen && chosen.number === finding.number }, h('summary', {}, 'Why, and what to ask'),
      rule.about ? h('p', {}, h('span', { class: 'soft' }, `rule ${finding.rule} looks at: `), rule.about) : null, asks.length ? h('ul', {}, asks.map((ask) => h('li', {}, ask))) : null, explained.changes.map(exampleOf),
      h('p', { class: 'soft' }, 'More: ', h('code', {}, explainCommand(finding.requirements[0] || finding.rule)))) : null,
    finding.exchange && model.byNumber.has(finding.exchange) ? curlButton(model.byNumber.get(finding.exchange)) : null);
}

// What would be right, and what wrong, in the rule's own example.
function exampleOf(change) {
  const value = (name) => (name in change ? say(told(change[name]), 300) : h('em', {}, 'not there'));
  return h('div', { class: 'example' }, h('p', { class: 'soft' }, `Example: ${change.exchange}, ${change.half}${change.pointer ? ', at ' : ''}`, h('code', {}, change.pointer)),
    h('dl', { class: 'versus' }, h('div', {}, h('dt', {}, 'right'), h('dd', {}, value('right'))), h('div', {}, h('dt', {}, 'wrong'), h('dd', {}, value('wrong')))));
}

// Leads to the pin; the line's number is known once the body is laid out.
function lineButton(app, finding, exchange) {
  const half_ = app.model.halfOf(finding, exchange);
  if (!exchange[half_] || exchange[half_].body_encoding === 'none') return null;
  const button = h('button', { type: 'button', class: 'toline', onclick: () => {
    const note = button.closest('.message').querySelector(`[data-finding-line="${finding.number}"]`);
    if (note) { note.scrollIntoView({ block: 'center' }); note.focus({ preventScroll: true }); }
  } }, `show the line in the ${half_}`);
  return button;
}

function findingPane(app, finding) {
  return h('div', { class: 'message' }, h('div', { class: 'pane-head' }, h('h2', { tabindex: '-1' }, `Finding ${finding.number}`), h('span', { class: 'turn' }, h('a', { class: 'button', href: app.link('conversation'), 'aria-label': 'Close' }, '✕'))),
    h('p', { class: 'meta' }, 'This is about the run as a whole, not about one exchange.'), findingCard(app, finding, finding));
}

function unmetCard(step, exchange) {
  if (step.exchanges.at(-1) !== exchange.n) return null;
  const unmet = step.expectations.filter((each) => !each.met);
  if (!unmet.length) return null;
  const verdict = OUTCOMES[step.outcome] || 'inconclusive';
  return h('article', { class: `card v-${verdict}` }, h('p', { class: 'card-head' }, chip(verdict, 'not as the scenario asks'), excusedTag(step), h('span', { class: 'soft' }, ' ', say(step.where))),
    causeOf(step) ? h('p', {}, h('b', {}, causeOf(step)), step.blame ? ` (whose: ${WHOSE[step.blame] || step.blame})` : null) : null,
    unmet.map((each) => h('div', {}, h('p', {}, each.pointer ? h('code', {}, say(each.pointer, 200)) : say(each.what), ' ', say(each.message, 600)), found(each))));
}

function half(app, exchange, name, findings, satisfied) {
  const message = exchange[name];
  const { model } = app;
  const names = Object.entries(message.headers);
  const isJson = message.body_encoding === 'json';
  const lines = message.body_encoding === 'none' ? [] : isJson ? jsonLines(message.body) : textLines(message.body);
  const pins = lines.length ? pinsOf(app, exchange, name, lines, findings, satisfied) : new Map();
  const link = (line) => (line.scalar && line.key && isId(line.key, line.value, line.pointer.slice(0, line.pointer.lastIndexOf('/'))) ? originLink(app, exchange, name, line.value) : null);
  return h('section', { class: 'half' },
    h('h3', {}, name === 'request' ? h('span', {}, h('b', {}, say(message.method, 30)), ' ', h('span', { class: 'url' }, say(message.url, 1000))) : h('span', {}, h('b', {}, message.status), ' response')),
    name === 'request' ? urlOrigins(app, exchange) : null,
    h('details', { class: 'headers', 'data-key': `headers:${exchange.n}:${name}`, open: app.kept.headers }, h('summary', { onclick: () => { app.kept.headers = !app.kept.headers; } }, count(names.length, 'header')),
      h('table', {}, h('caption', { class: 'sr' }, `Headers of the ${name}`), h('tbody', {}, names.map(([key, value]) => h('tr', {}, h('th', { scope: 'row' }, say(key, 200)), h('td', {}, longSay(value))))))),
    message.unread ? h('p', { class: 'hint' }, 'Not judged: ', say(message.unread.why)) : null,
    lines.length ? [isJson || message.unread ? null : h('p', { class: 'hint' }, 'This body is not clean JSON; it is shown as the text that it is.'), codeBlock(lines, { pins, link, label: `Body of the ${name}` })] : message.unread ? null : h('p', { class: 'soft' }, 'no body'));
}

// What is known of TLS and tokens. Signatures and secrets were never kept.
// Where OIT passed it on, each side has a connection of its own.
function securitiesOf(exchange) {
  const { relayed } = exchange;
  if (!relayed) return securityOf(exchange, exchange.secured, '');
  return [securityOf(exchange, exchange.secured, ' of the Buyer’s side'), securityOf(exchange, relayed.secured, ' of the Seller’s side')];
}

function securityOf(exchange, secured, side) {
  const { tls, identities: tokens = [], flaw } = secured || {};
  if (!tls && !tokens.length && !flaw) return null;
  const shown = tls ? [['Server certificate', tls.server], ['Client certificate', tls.client]] : [];
  return h('details', { class: 'half security', 'data-key': `security${side}:${exchange.n}` },
    h('summary', {}, `Security${side}: `, [tls ? tls.version : null, tokens.length ? count(tokens.length, 'token') : null, flaw ? 'wrong on purpose' : null].filter(Boolean).map((text) => say(text, 60)).map((node, index) => (index ? [', ', node] : node))),
    flaw ? h('p', { class: 'hint' }, 'The credentials were made wrong on purpose: ', say(flaw, 200)) : null,
    tls ? h('p', { class: 'meta' }, say(tls.version, 60), ' · ', say(tls.cipher, 100)) : null,
    shown.map(([title, certificate]) => (certificate ? h('div', {}, h('h3', {}, title), h('dl', {}, [['Subject', certificate.subject], ['Issuer', certificate.issuer], ['Names', certificate.names.join(', ')], ['Valid', `${certificate.not_before} to ${certificate.not_after}`], ['SHA-256', certificate.sha256]].map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, longSay(value)))))) : null)),
    tokens.map((token) => h('div', {}, h('h3', {}, `${token.half}: `, say(token.where, 100), token.scheme ? [' · ', say(token.scheme, 40)] : null),
      token.header ? codeBlock(jsonLines({ header: token.header, claims: token.claims || null }), { label: `Header and claims of the token at ${plainly(token.where, 100)}` })
        : h('p', { class: 'soft' }, 'opaque: nothing is known of what it says'))));
}

function originLink(app, exchange, half_, value) {
  const origin = app.model.originOf(value, exchange, half_);
  if (!origin) return null;
  const said = `${origin.half === 'request' ? 'asked with' : 'given'} in #${origin.exchange}`;
  if (origin.exchange === exchange.n) return h('span', { class: 'soft origin-here', title: plainly(`asked with at ${origin.pointer}`) }, '← as asked');
  return h('a', { class: 'origin', href: app.link('exchange', origin.exchange), title: plainly(`first ${said} at ${origin.pointer}`), 'aria-label': plainly(`this id was first ${said}, at ${origin.pointer}`) }, `← #${origin.exchange}`);
}

function urlOrigins(app, exchange) {
  const parts = [...new Set(shortPath(exchange.request.url).split(/[/?&=]/).map((part) => { try { return decodeURIComponent(part); } catch { return part; } }))];
  const found_ = parts.map((part) => [part, app.model.originOf(part, exchange, 'request')]).filter(([, origin]) => origin);
  if (!found_.length) return null;
  return h('p', { class: 'meta' }, found_.map(([part]) => h('span', {}, say(part, 60), ' ', originLink(app, exchange, 'request', part), ' ')));
}

function pinsOf(app, exchange, name, lines, findings, satisfied) {
  const pins = new Map();
  const { model } = app;
  const put_ = (index, pin) => { if (!pins.has(index)) pins.set(index, []); pins.get(index).push(pin); };
  for (const finding of findings) {
    if (model.halfOf(finding, exchange) !== name || !inBody(finding)) continue;
    const { index, exact: there } = lineOf(lines, finding.pointer);
    put_(index, { kind: finding.verdict, open: true, label: `${VERDICTS[finding.verdict].name}: ${finding.message}`, note: () => h('div', { 'data-finding-line': finding.number, tabindex: '-1' },
      chip(finding.verdict), ' ', finding.requirements.length ? finding.requirements.map((id) => [requirementLink(app, id), ' ']) : h('code', {}, finding.rule), ' ', there ? null : h('span', {}, h('code', {}, say(finding.pointer, 120)), ' '), versus(finding)) });
  }
  const step = model.steps.get(exchange.step);
  if (step && step.exchanges.at(-1) === exchange.n && name === 'response') {
    for (const each of step.expectations.filter((row) => row.pointer)) {
      const { index, exact: there } = lineOf(lines, each.pointer);
      if (each.met && !there) continue;
      put_(index, each.met ? { kind: 'pass', label: 'as the scenario asks', note: () => h('span', {}, 'as the scenario asks, ', say(step.where)) }
        : { kind: OUTCOMES[step.outcome] || 'inconclusive', open: true, label: `not as the scenario asks: ${each.message}`, note: () => h('div', {}, chip(OUTCOMES[step.outcome] || 'inconclusive', 'not as the scenario asks'), ' ', versus(each)) });
    }
  }
  for (const row of satisfied) {
    for (const place of row.places.filter((each) => each.half === name)) {
      const { index, exact: there } = lineOf(lines, place.pointer);
      if (there) put_(index, { kind: 'pass', label: `satisfies ${row.id} here`, note: () => h('span', {}, 'satisfies ', requirementLink(app, row.id), ' here: ', model.requirement(row.id).title) });
    }
  }
  return pins;
}

// Some findings are about the query or a header, which their pointer names otherwise.
const inBody = (finding) => finding.pointer === '' || finding.pointer.startsWith('/');

function versus(entry) {
  const value = (what, tell) => (what === null || what === undefined ? h('em', {}, 'nothing') : h('code', {}, say(tell(what), 160)));
  return h('span', { class: 'inline' }, 'expected ', value(entry.expected, hoped), ', found ', value(entry.found, told));
}

function histories(app, exchange) {
  const rows = (app.model.livesOf.get(exchange.n) || []).filter(({ life }) => life.item === null);
  if (!rows.length || rows.length > 20) return null;
  return h('section', { class: 'half' }, h('h3', {}, 'The same resource over time'), rows.map(({ life, index }) => historyOf(app, exchange, life, index)));
}

function historyOf(app, exchange, life, index) {
  const seen = life.shown.map((each) => ({ ...each, value: at(app.model.byNumber.get(each.exchange).response.body, each.pointer) }));
  const spot = seen.findIndex((each) => each.exchange === exchange.n);
  const before = spot > 0 ? seen[spot - 1] : null;
  const changes = spot >= 0 && before ? difference(before.value, seen[spot].value) : [];
  return h('div', { class: 'history' },
    h('p', {}, h('a', { href: app.link('life', index + 1) }, words(life.kind)), ' ', say(life.id, 80)),
    h('p', { class: 'sightings' }, seen.map((each) => [h('a', { href: app.link('exchange', each.exchange), 'aria-current': each.exchange === exchange.n ? 'true' : null }, `#${each.exchange}`), ' ', stateOf(each.value), ' '])),
    before ? h('table', { class: 'diff' }, h('caption', {}, changes.length ? `What changed since #${before.exchange}` : `Nothing changed since #${before.exchange}`),
      changes.length ? [h('thead', {}, h('tr', {}, ['Where', 'Before', 'Now'].map((title) => h('th', { scope: 'col' }, title)))),
        h('tbody', {}, changes.map((change) => h('tr', {}, h('th', { scope: 'row' }, say(change.pointer, 160)), h('td', { class: 'was' }, change.before === undefined ? h('em', {}, 'not there') : say(told(change.before), 200)), h('td', { class: 'is' }, change.after === undefined ? h('em', {}, 'gone') : say(told(change.after), 200)))))] : null) : null);
}

function stateOf(value) {
  const state = value && (value.state || value.status);
  return typeof state === 'string' ? h('span', { class: 'soft' }, say(state, 60)) : null;
}

function satisfiedList(app, satisfied) {
  if (!satisfied.length) return null;
  return h('details', { class: 'half', 'data-key': 'satisfied' }, h('summary', {}, `Gave evidence for ${count(satisfied.length, 'requirement')}, without a breach`),
    h('ul', { class: 'plain' }, satisfied.map((row) => h('li', {}, requirementLink(app, row.id), ' ', app.model.requirement(row.id).title))));
}

// Puts the request of an exchange on the clipboard; where the browser does not let us, `shown` is told to show it.
function curlButton(exchange, shown = null) {
  const said = h('span', { role: 'status', class: 'soft' });
  const place = h('span', { class: 'shown-curl' });
  const copy = async () => {
    const text = curl(exchange);
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = ' copied';
    } catch {
      const code = shown ? shown() : fill(place, h('pre', {}, say(text, 20000)));
      const range = document.createRange();
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      said.textContent = ' selected: copy it with the keyboard';
    }
  };
  return h('p', { class: 'curl-line' }, h('button', { type: 'button', class: 'button', onclick: copy, 'aria-label': `Copy as curl: the request of exchange ${exchange.n}` }, 'Copy as curl'), said, place);
}

function curlBox(exchange) {
  const text = curl(exchange);
  const code = h('pre', { tabindex: '0', role: 'region', 'aria-label': 'curl command' });
  const show = () => { if (!code.firstChild) code.append(say(text, 20000)); };
  const box = h('details', { class: 'half curl', 'data-key': 'curl', ontoggle: () => { if (box.open) show(); } }, h('summary', {}, 'As curl'), code,
    text.includes('"$') ? h('p', { class: 'soft' }, 'A name behind $ stands for a secret, which is not in this report: set it in your shell.') : null);
  return h('div', {}, curlButton(exchange, () => { box.open = true; show(); return code; }), box);
}
