// The log: exchanges of all runs, the newest first, sifted by the server; a click opens the message beside it.
const PAGE = 50;
const ON_PURPOSE = { provoked: 'wrong on purpose', spoilt: 'spoilt on purpose' };

class LogBoard {
  constructor() {
    this.rows = [];
    this.more = false;
    const choose = (id, label, options) => {
      const select = h('select', { id: `log-${id}`, 'data-key': `log-${id}` });
      offer(select, [['', 'all'], ...options.map((each) => (Array.isArray(each) ? each : [each, each]))]);
      return field(label, select);
    };
    this.form = h('form', { class: 'sieve', role: 'search', 'aria-label': 'Sift the log', onsubmit: (event) => { event.preventDefault(); this.anew(); }, oninput: () => this.soon(), onchange: () => this.soon() },
      field('Find', h('input', { type: 'search', id: 'log-q', 'data-key': 'log-q', placeholder: 'in URLs, headers, bodies' })),
      choose('run', 'Run', []), choose('api', 'API', Object.values(CATALOGUE.guides || {}).filter((guide) => guide.api).map((guide) => [guide.api, guide.function])),
      field('Operation', line({ id: 'log-operation', 'data-key': 'log-operation', placeholder: 'createQuote', size: 12 })),
      field('Status', line({ id: 'log-status', 'data-key': 'log-status', placeholder: '4xx', size: 4, pattern: '[1-5](\\d\\d|[xX][xX])|none', title: '422, 4xx, or none for what was not answered' })),
      choose('direction', 'From', [['buyer', 'the Buyer'], ['seller', 'the Seller']]),
      choose('verdict', 'Verdict', ['fail', 'warning', 'disputed', 'pass'].map((verdict) => [verdict, VERDICTS[verdict].name])));
    this.body = h('tbody');
    this.list = new Keyed(this.body, (row) => this.row(row));
    this.said = h('p', { class: 'meta', role: 'status' });
    this.older = h('button', { type: 'button', class: 'button', onclick: () => this.next() }, 'Older');
    this.pane = h('aside', { class: 'pane', 'aria-label': 'Message', 'data-scroll': 'log-pane' });
    this.element = h('div', { class: 'log' }, h('section', { class: 'log-list', 'data-scroll': 'log-list', 'aria-label': 'Exchanges', tabindex: '0' }, h('h1', {}, 'Log'), this.form,
      h('table', { class: 'exchanges' }, h('caption', { class: 'sr' }, 'Exchanges, the newest first'),
        h('thead', {}, h('tr', {}, ['When', 'Exchange', 'From', 'Asked', 'Status', 'ms', 'Run'].map((name) => h('th', { scope: 'col', class: name === 'ms' ? 'num' : null }, name)))), this.body),
      this.said, h('p', {}, this.older)), this.pane);
    this.refresh = steadily(() => this.newest(), 400);
    this.soon = () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.anew(), 200); };
    this.element.addEventListener('keydown', (event) => { if (event.key === 'Escape' && app.route.argument) { event.preventDefault(); location.hash = '#/log'; } });
  }

  row(row) {
    const path = shortPath(row.path || '');
    return h('tr', { class: `v-${row.verdict || 'neutral'}`, 'data-at': `${row.run}:${row.n}` },
      h('td', { class: 'nobreak' }, brief(row.at)),
      h('td', { class: 'nobreak' }, h('a', { href: `#/log/${encodeURIComponent(row.run)}/${row.n}`, 'data-focus': `log:${row.run}:${row.n}`, 'aria-label': plainly(`Exchange ${row.n} of ${row.run}: ${row.method} ${path}, ${row.status}`) }, `#${row.n}`), ' ', row.verdict === 'pass' ? h('span', { class: 'verdict-sign', role: 'img', 'aria-label': VERDICTS.pass.name }, VERDICTS.pass.glyph) : ON_PURPOSE[row.verdict] ? chip('neutral', ON_PURPOSE[row.verdict]) : row.verdict ? chip(row.verdict) : null),
      h('td', {}, WHO[row.from] || say(row.from, 20)),
      h('td', { class: 'asked-for' }, h('b', {}, say(row.method, 20)), ' ', say(path, 200), row.operation ? [' ', h('span', { class: 'soft' }, say(row.operation, 80))] : null),
      h('td', { class: 'mono' }, row.status === null || row.status === undefined ? h('span', { class: 'soft' }, 'none') : say(row.status, 40)),
      h('td', { class: 'num soft' }, row.ms === null || row.ms === undefined ? '' : Math.round(row.ms)),
      h('td', { class: 'soft' }, say(row.run, 30)));
  }

  query(more) {
    const asked = new URLSearchParams({ limit: String(PAGE), ...more });
    for (const input of this.form.querySelectorAll('input, select')) if (input.value.trim() && input.checkValidity()) asked.set(input.id.replace('log-', ''), input.value.trim());
    return `/api/log?${asked}`;
  }

  // What was shown goes, since something else is asked for.
  async anew() {
    this.turn = (this.turn || 0) + 1;
    const { turn } = this;
    try {
      const got = await askJson(this.query({}));
      if (turn !== this.turn) return;
      this.rows = got.exchanges;
      this.more = got.more;
      this.problem = null;
    } catch (error) {
      if (!(error instanceof Refusal)) return;
      this.problem = error.message;
    }
    this.show();
  }

  // What is new comes on top; older rows that were turned to stay.
  async newest() {
    const { turn } = this;
    const got = await askJson(this.query({}));
    if (turn !== this.turn) return;
    const fresh = new Set(got.exchanges.map((row) => `${row.run}:${row.n}`));
    const joins = !got.more || this.rows.some((row) => fresh.has(`${row.run}:${row.n}`));
    const old = this.rows.filter((row) => !fresh.has(`${row.run}:${row.n}`));
    this.more = joins && old.length ? this.more : got.more;
    this.rows = joins ? [...got.exchanges, ...old] : got.exchanges;
    this.show();
  }

  async next() {
    const last = this.rows.at(-1);
    const { turn } = this;
    if (!last) return;
    const got = await askJson(this.query({ before: `${last.run}:${last.n}` }));
    if (turn !== this.turn) return;
    const have = new Set(this.rows.map((row) => `${row.run}:${row.n}`));
    this.rows = [...this.rows, ...got.exchanges.filter((row) => !have.has(`${row.run}:${row.n}`))];
    this.more = got.more;
    this.show();
  }

  show() {
    this.list.show(this.rows, (row) => `${row.run}:${row.n}`);
    this.older.hidden = !this.more;
    const told_ = this.problem || (this.rows.length ? `${count(this.rows.length, 'exchange')}${this.more ? ', and there are older ones' : ''}` : 'No exchange fits.');
    if (this.said.textContent !== told_) this.said.textContent = told_;
    this.mark();
  }

  mark() {
    for (const row of this.body.children) row.classList.toggle('chosen', row.getAttribute('data-at') === this.chosen);
  }

  render() {
    const runs = feed.state ? feed.state.runs : [];
    offer(this.form.querySelector('#log-run'), [['', 'all'], ...runs.map((run) => [run.id, run.name])]);
    if (this.turn === undefined) this.anew();
    return this.element;
  }

  // The message that the address names, in the pane beside the list.
  placed() {
    const [run, n] = app.route.parts;
    this.chosen = run ? `${run}:${n}` : null;
    this.element.classList.toggle('open', Boolean(run));
    this.mark();
    const kept = run ? feed.report(run) : null;
    const exchange = kept && kept.model && kept.model.byNumber.get(Number(n));
    const sign = JSON.stringify([run, n, kept ? Boolean(kept.model) : null, exchange && signature(kept.model, { kind: 'exchange', exchange })]);
    if (sign === this.opened) return;
    const moved = !this.opened || JSON.parse(this.opened).slice(0, 3).join() !== JSON.parse(sign).slice(0, 3).join();
    this.opened = sign;
    const inPane = exchange && Object.create(app, {
      model: { value: kept.model }, report: { value: kept.report },
      link: { value: (name, argument) => (name === 'exchange' ? `#/log/${encodeURIComponent(run)}/${argument}` : name === 'conversation' ? '#/log' : runAddress(run, name, ...(argument === undefined ? [] : [argument]))) },
    });
    keeping(() => fill(this.pane, exchange ? messagePane(inPane, exchange, null)
      : h('div', { class: 'empty' }, h('p', {}, !run ? 'Choose an exchange to see its message.' : !kept ? 'Reading the message…' : kept.problem ? say(kept.problem.message, 300) : `There is no exchange ${plainly(n, 20)} in what is kept of this run.`))));
    if (!moved) return;
    this.pane.scrollTop = 0;
    const heading = this.pane.querySelector('h2');
    if (heading && went) heading.focus({ preventScroll: true });
  }
}
