// What a run's report says, found by exchange, by requirement, by resource.
const GRAVITY = ['fail', 'error', 'disputed', 'warning', 'not_seen', 'pass'];
const worst = (verdicts) => GRAVITY.find((verdict) => verdicts.includes(verdict));
const unescapeToken = (token) => token.replaceAll('~1', '/').replaceAll('~0', '~');
const escapeToken = (token) => String(token).replaceAll('~', '~0').replaceAll('/', '~1');
const tokensOf = (pointer) => (pointer.startsWith('/') ? pointer.slice(1).split('/').map(unescapeToken) : []);
const own = (value, key) => value !== null && typeof value === 'object' && Object.hasOwn(value, key);

function at(value, pointer) {
  if (pointer && !pointer.startsWith('/')) return undefined;
  for (const token of tokensOf(pointer)) {
    if (!own(value, token)) return undefined;
    value = value[token];
  }
  return value;
}

// Each pointer that a pattern (`/quoteItem/*/state`) names in a value.
function every(value, pattern) {
  let found = [['', value]];
  for (const token of tokensOf(pattern)) {
    found = found.flatMap(([place, node]) => {
      if (node === null || typeof node !== 'object') return [];
      if (token === '*') return Object.keys(node).map((key) => [`${place}/${escapeToken(key)}`, node[key]]);
      return own(node, token) ? [[`${place}/${escapeToken(token)}`, node[token]]] : [];
    });
  }
  return found.map(([place]) => place);
}

function group(rows, key) {
  const groups = new Map();
  for (const row of rows) {
    for (const name of [key(row)].flat()) {
      if (name === null || name === undefined) continue;
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(row);
    }
  }
  return groups;
}

// The command that tells more of an id, which may name another release than the run's.
function explainCommand(name) {
  const [id, release] = name.split(':').reverse();
  return `oit explain ${id}${release ? ` --release ${release}` : ''}`;
}

class RunModel {
  constructor(run, catalogue) {
    this.run = run;
    this.catalogue = catalogue;
    this.about = run.run;
    this.exchanges = run.exchanges;
    this.byNumber = new Map(run.exchanges.map((exchange) => [exchange.n, exchange]));
    this.findings = run.findings.map((finding, index) => ({ ...finding, number: index + 1 }));
    this.findingsOf = group(this.findings, (finding) => finding.exchange);
    this.verdicts = new Map(run.requirements.map((row) => [row.id, row]));
    this.provedAt = group(run.requirements.filter((row) => row.verdict !== 'not_applicable'), (row) => row.exchanges);
    this.steps = new Map(run.steps.map((step) => [step.id, step]));
    this.lives = (run.view && run.view.lives) || [];
    this.livesOf = group(this.lives.map((life, index) => ({ life, index })), ({ life }) => [
      ...new Set([...life.shown, ...life.told].map((seen) => seen.exchange)),
    ]);
    const lines = (run.events || []).flatMap((page) => page.timeline.filter((line) => line.marks).map((line) => ({ ...line, page })));
    this.marksOf = group(lines.filter((line) => line.exchange !== null), (line) => line.exchange);
    this.missing = lines.filter((line) => line.exchange === null);
    this.whole = (run.run.sut || null) === null;
    this.legs = run.run.legs || [];
    this.lifelines = this.legs.length > 1 ? ['Buyer', ...this.legs] : ['Buyer', 'Seller'];
  }

  // Between which two lifelines an exchange took place: the number of the left one, from 0.
  laneOf(exchange) {
    return Math.max(0, this.legs.indexOf(exchange.leg));
  }

  // What a party of an exchange is called: in a run of several legs, by its lifeline.
  nameOf(exchange, party) {
    return this.legs.length > 1 ? this.lifelines[this.laneOf(exchange) + (party === 'seller' ? 1 : 0)] : WHO[party];
  }

  rule(name) {
    return (this.catalogue.rules || {})[name] || {};
  }

  explained(name) {
    return ((this.run.view && this.run.view.explained) || {})[name] || { changes: [], readings: [] };
  }

  // The questions that fit a finding, by its number.
  asks(number) {
    return ((this.run.view && this.run.view.asks) || [])[number - 1] || [];
  }

  requirement(id) {
    return (this.catalogue.requirements || {})[id] || {};
  }

  clause(id) {
    const { section } = this.requirement(id);
    return section ? `${id}, section ${section}` : id;
  }

  // What an arrow says: the gravest finding, else whether something was judged and found right.
  verdictOf(n) {
    const found = worst((this.findingsOf.get(n) || []).map((finding) => finding.verdict));
    if (found && found !== 'pass') return found;
    if ((this.marksOf.get(n) || []).some((line) => line.marks.some((mark) => ODD_MARKS.has(mark)))) return 'warning';
    const exchange = this.byNumber.get(n);
    if (exchange.fault) return 'not_seen';
    return this.provedAt.has(n) ? 'pass' : 'neutral';
  }

  // How the findings on a step's exchanges count: {counting, excused}, rows each, without what passed.
  findingsOfStep(step) {
    const rows = step.exchanges.flatMap((n) => this.findingsOf.get(n) || []).filter((finding) => finding.verdict !== 'pass');
    return { counting: rows.filter((finding) => !finding.excused), excused: rows.filter((finding) => finding.excused) };
  }

  // The findings on what showed a resource, or an item that has a way of its own, each with the state that it had there.
  findingsOfLife(life) {
    const found = [];
    for (const seen of [...life.shown, ...life.told]) {
      const exchange = this.byNumber.get(seen.exchange);
      const place = seen.pointer || '';
      const value = exchange && exchange.response && seen.pointer !== undefined ? at(exchange.response.body, place) : null;
      const state = own(value, 'state') ? value.state : own(value, 'status') ? value.status : null;
      for (const finding of this.findingsOf.get(seen.exchange) || []) {
        const inside = !place || (finding.pointer === place || finding.pointer.startsWith(`${place}/`)) && this.halfOf(finding, exchange) === 'response';
        if (finding.verdict !== 'pass' && !finding.excused && inside) found.push({ finding, state, exchange: seen.exchange });
      }
    }
    return found;
  }

  // Whether all that speaks against a requirement is excused.
  excuses(id) {
    const rows = this.findings.filter((finding) => finding.requirements.includes(id) && !['pass', 'not_seen'].includes(finding.verdict));
    return rows.length > 0 && rows.every((finding) => finding.excused);
  }

  // Which message of its exchange a finding is about: the one that the party at fault wrote.
  halfOf(finding, exchange) {
    if (!exchange.response) return 'request';
    if (finding.blame === exchange.from) return 'request';
    if (finding.blame === exchange.to) return 'response';
    const halves = new Set((this.rule(finding.rule).on || [])
      .filter(([api, operation]) => api === exchange.api && [exchange.operation, '*'].includes(operation)).map((spot) => spot[2]));
    if (halves.size === 1) return [...halves][0];
    return at(exchange.request.body, finding.pointer) !== undefined && at(exchange.response.body, finding.pointer) === undefined ? 'request' : 'response';
  }

  // The requirements that an exchange gave evidence for without a breach, each with the places that show it.
  satisfiedAt(exchange) {
    const hurt = new Set((this.findingsOf.get(exchange.n) || []).filter((finding) => finding.verdict !== 'pass').flatMap((finding) => finding.requirements));
    return (this.provedAt.get(exchange.n) || []).filter((row) => !hurt.has(row.id)).map((row) => {
      const places = [];
      for (const name of this.requirement(row.id).rules || []) {
        const rule = this.rule(name);
        for (const [api, operation, half] of rule.on || []) {
          if (api !== exchange.api || ![exchange.operation, '*'].includes(operation) || !exchange[half]) continue;
          for (const pattern of rule.places || []) {
            for (const pointer of every(exchange[half].body, pattern)) places.push({ half, pointer });
          }
        }
      }
      return { id: row.id, places };
    });
  }

  // Where each id was first said: value -> {exchange, half, pointer}. Made when first asked for.
  get origins() {
    if (!this._origins) {
      this._origins = new Map();
      for (const exchange of this.exchanges) {
        for (const half of ['request', 'response']) {
          if (exchange[half] && exchange[half].body_encoding === 'json') this.noteIds(exchange, half, exchange[half].body);
        }
      }
    }
    return this._origins;
  }

  noteIds(exchange, half, body) {
    const waiting = [['', body, 0]];
    while (waiting.length) {
      const [place, node, depth] = waiting.pop();
      if (node === null || typeof node !== 'object' || depth > 40) continue;
      for (const key of Object.keys(node).reverse()) {
        const value = node[key];
        const pointer = `${place}/${escapeToken(key)}`;
        if (typeof value === 'object') waiting.push([pointer, value, depth + 1]);
        else if (isId(key, value, place) && !this._origins.has(value)) this._origins.set(value, { exchange: exchange.n, half, pointer });
      }
    }
  }

  originOf(value, exchange, half) {
    const first = this.origins.get(value);
    if (!first) return null;
    const earlier = first.exchange < exchange.n || (first.exchange === exchange.n && first.half === 'request' && half === 'response');
    return earlier ? first : null;
  }
}

const ODD_MARKS = new Set(['late', 'never_arrived', 'duplicate', 'out_of_order', 'after_unregister', 'wrong_type', 'contradicts']);
// Short ids ("1", "uni") name items within a resource and come again everywhere; only the resource's own id is followed then.
const isId = (key, value, place) => typeof value === 'string' && /(^i|I)d$/.test(key) && (value.length >= 8 || (place === '' && key === 'id')) && !value.startsWith('***');

// The path of a URL, without what every call of an API begins with.
function shortPath(url) {
  const path = String(url).replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/, '') || '/';
  return path.replace(/^.*?\/mefApi\/[^/]+\/[^/]+\/v\d+/, '') || '/';
}

// What changed from one value to another, by pointer.
function difference(before, after, limit = 200) {
  const changes = [];
  const compare = (one, other, pointer) => {
    if (changes.length > limit) return;
    const both = [one, other].every((value) => value !== null && typeof value === 'object' && !isNumber(value)) && Array.isArray(one) === Array.isArray(other);
    if (!both) {
      if (JSON.stringify(one) !== JSON.stringify(other)) changes.push({ pointer, before: one, after: other });
      return;
    }
    for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
      compare(own(one, key) ? one[key] : undefined, own(other, key) ? other[key] : undefined, `${pointer}/${escapeToken(key)}`);
    }
  };
  compare(before, after, '');
  return changes;
}

// The request as a command line. What was masked is a variable of the shell, named after its header: it is not in the report.
const MASKED = /\*{3}(?:[0-9a-f]{8})?/;
function curl(exchange) {
  const quote = (text, variable = 'SECRET') => String(text).replaceAll('\u0000', '').split(MASKED).map((part) => `'${part.replaceAll("'", "'\\''")}'`).join(`"$${variable}"`).replace(/^''(?=")|(?<=")''$/g, '');
  const { request } = exchange;
  const parts = [`curl -X ${quote(request.method)} ${quote(request.url)}`];
  for (const [name, value] of Object.entries(request.headers)) {
    const variable = name.toUpperCase().replace(/[^A-Z0-9]+/g, '_').replace(/^(?=[0-9])/, '_') || 'SECRET';
    // The body is told as it was meant, unpacked.
    if (!/^(content-length|content-encoding|host|accept-encoding)$/i.test(name)) parts.push(`  -H ${quote(`${name}: ${value}`.replace(/[\r\n]+/g, ' '), variable)}`);
  }
  if (request.body_encoding !== 'none') {
    parts.push(`  --data-raw ${quote(request.body_encoding === 'json' ? toJson(request.body) : request.body)}`);
  }
  return parts.join(' \\\n');
}
