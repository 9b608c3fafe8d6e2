// The page: where we are, which view shows it, and how a growing report is taken in.
// OIT.show(report) shows a report; OIT.update(report) takes a newer one and leaves the reader where they are;
// OIT.addView({id, title, render, placed, always}) adds a view: render(app) answers its element, placed(app) is called when
// it stands in the page; with `always` it is there beside the list of runs as well.
const CATALOGUE = JSON.parse((document.getElementById('oit-catalogue') || {}).textContent || '{}');
// What is said of the standard in a release. Beside it stands what others say, under names that say of which they are:
// `fable:MEF122-R12`. Of all runs together the first release has the plain names.
const releaseOf = (name) => (CATALOGUE.release === name ? CATALOGUE : (CATALOGUE.others || {})[name]);
const labelled = (name, table, make) => Object.fromEntries(Object.entries(table).map(([id, value]) => [`${name}:${id}`, make(value)]));
const withOthers = (own, names) => names.filter(releaseOf).reduce((all, name) => {
  const one = releaseOf(name);
  const named = (each) => ({ ...each, label: `${each.label} (${name})`, option: each.option && `${name}:${each.option}`, rules: (each.rules || []).map((rule) => `${name}:${rule}`) });
  return { ...one, ...all, machines: { ...one.machines, ...all.machines }, guides: { ...one.guides, ...all.guides },
    requirements: { ...all.requirements, ...labelled(name, one.requirements, named) }, rules: { ...all.rules, ...labelled(name, one.rules, (rule) => rule) } };
}, own);
const catalogueOf = (run) => withOthers(releaseOf(run.run.release) || CATALOGUE, [...new Set(run.requirements.map((row) => row.release).filter(Boolean))]);
const CATALOGUE_OF_ALL = withOthers(CATALOGUE, Object.keys(CATALOGUE.others || {}));
const idOfAll = (run, row) => {
  const [id, release = row.release || run.run.release] = row.id.split(':').reverse();
  return release === CATALOGUE.release || !releaseOf(release) ? id : `${release}:${id}`;
};
const OF_A_RUN = ['exchange', 'finding', 'life']; // what an address that names no run can mean nevertheless
const ALIASES = { exchange: 'conversation', finding: 'conversation', life: 'machines', requirement: 'requirements' };

// Let a part be made anew: scroll positions, focus and what is unfolded stay as they are.
function keeping(make) {
  const active = document.activeElement;
  const focus = active && (active.getAttribute('data-focus') || active.getAttribute('data-key'));
  const selection = active && active.tagName === 'INPUT' && active.type === 'search' ? [active.selectionStart, active.selectionEnd] : null;
  const scrolls = [...document.querySelectorAll('[data-scroll]')].map((element) => [element.getAttribute('data-scroll'), element.scrollTop, element.scrollLeft]);
  const open = new Map([...document.querySelectorAll('details[data-key]')].map((element) => [element.getAttribute('data-key'), element.open]));
  make();
  for (const element of document.querySelectorAll('details[data-key]')) if (open.has(element.getAttribute('data-key'))) element.open = open.get(element.getAttribute('data-key'));
  for (const [name, top, left] of scrolls) {
    const element = document.querySelector(`[data-scroll="${name}"]`);
    if (element && element.scrollTop !== top) { element.scrollTop = top; element.scrollLeft = left; }
  }
  if (focus && document.activeElement !== active) {
    const again = document.querySelector(`[data-focus="${CSS.escape(focus)}"], [data-key="${CSS.escape(focus)}"]`);
    if (again) again.focus({ preventScroll: true });
    if (again && selection) again.setSelectionRange(...selection);
  }
}

class App {
  constructor() {
    this.kept = {};
    this.views = [
      { id: 'summary', title: 'Summary', render: summaryView },
      { id: 'conversation', title: 'Conversation', render: (app) => { app.conversation = app.conversation || new Conversation(app); return app.conversation.render(); }, placed: (app) => app.conversation.open() },
      { id: 'machines', title: 'State machines', render: machinesView },
      { id: 'bills', title: 'Bills', render: billsView, when: hasBills },
      { id: 'requirements', title: 'Requirements', render: requirementsView },
    ];
    this.models = [];
  }

  get several() { return Boolean(this.report && this.report.runs); }

  // An address within the page, of the run that is shown.
  link(name, argument) {
    const run = this.several && this.runIndex !== null ? `/run/${this.runIndex + 1}` : '';
    return `#${run}/${name}${argument === undefined ? '' : `/${encodeURIComponent(argument)}`}`;
  }

  read() {
    const parts = location.hash.replace(/^#\/?/, '').split('/').filter(Boolean).map((part) => { try { return decodeURIComponent(part); } catch { return part; } });
    this.runIndex = this.several ? null : 0;
    this.missing = null;
    if (parts[0] === 'run') {
      const index = Number(parts[1]) - 1;
      const there = !this.several || Boolean(this.report.runs[index]);
      if (this.several && there) this.runIndex = index;
      if (!there) this.missing = `There is no run ${parts[1]} in this report.`;
      parts.splice(0, there ? 2 : parts.length);
    } else if (this.several && OF_A_RUN.includes(parts[0]) && parts[1]) {
      this.runIndex = this.runThatHas(parts[0], Number(parts[1]));
      if (this.runIndex === null) this.missing = `No run of this report has ${parts[0]} ${parts[1]}.`;
      else this.readdress();
    }
    const fallback = this.several && this.runIndex === null ? 'runs' : 'summary';
    let name = parts[0] || fallback;
    const known = this.available().map((view) => view.id);
    if (!known.includes(ALIASES[name] || name)) name = fallback;
    this.route = { name, view: ALIASES[name] || name, argument: parts.slice(1).join('/') };
    this.model = this.runIndex === null ? null : this.modelOf(this.runIndex);
  }

  // The gravest run that has what an address without a run names.
  runThatHas(name, number) {
    const has = {
      exchange: (index) => this.report.runs[index].exchanges.some((exchange) => exchange.n === number),
      finding: (index) => this.report.runs[index].findings.length >= number && number > 0,
      life: (index) => this.modelOf(index).lives.length >= number && number > 0,
    }[name];
    const order = this.report.runs.map((run, index) => index).sort((one, other) => gravestRun(this.report.runs[one].verdict) - gravestRun(this.report.runs[other].verdict));
    return order.find(has) ?? null;
  }

  // The address names its run from now on, so that it can be passed on.
  readdress() {
    try { history.replaceState(null, '', `#/run/${this.runIndex + 1}/${location.hash.replace(/^#\/?/, '')}`); } catch { /* the address stays as it is */ }
  }

  available() {
    if (!this.report) return [];
    if (this.runIndex === null) return [{ id: 'runs', title: 'Runs', render: runsView }, this.views.find((view) => view.id === 'requirements'), ...this.views.filter((view) => view.always)];
    const run = this.several ? this.report.runs[this.runIndex] : this.report;
    return this.views.filter((view) => !view.when || view.when(run));
  }

  get catalogue() { return this.model ? this.model.catalogue : CATALOGUE_OF_ALL; }

  modelOf(index) {
    const run = this.several ? this.report.runs[index] : this.report;
    if (!this.models[index]) this.models[index] = new RunModel(run, catalogueOf(run));
    return this.models[index];
  }

  take(report) {
    this.report = report;
    this.models = [];
  }

  frame() {
    this.main = h('main', { id: 'main', tabindex: '-1' });
    this.bar = h('nav', { class: 'tabs', 'aria-label': 'Views' });
    this.name = h('div', { class: 'name' });
    const theme = h('button', { type: 'button', class: 'button theme', onclick: () => { this.theme(({ auto: 'dark', dark: 'light', light: 'auto' })[this.kept.theme || 'auto']); } });
    this.themeButton = theme;
    const root = document.getElementById('oit') || document.body;
    root.replaceChildren(h('a', { class: 'skip', href: '#main', onclick: (event) => { event.preventDefault(); this.main.focus(); } }, 'Skip to the content'),
      h('header', { class: 'top' }, this.name, this.bar, h('div', { class: 'extras', id: 'oit-extras' }), theme), this.main);
    let saved = 'auto';
    try { saved = localStorage.getItem('oit-theme') || 'auto'; } catch { /* a page from a file may have no storage */ }
    this.theme(saved);
    addEventListener('hashchange', () => this.go());
    addEventListener('keydown', (event) => { if (event.key === 'Escape' && ALIASES[this.route.name]) this.close(); });
    addEventListener('beforeprint', () => toPaper(this));
    addEventListener('afterprint', fromPaper);
  }

  close() {
    const n = this.route.name === 'exchange' ? this.route.argument : null;
    location.hash = this.link(this.route.view);
    if (n) requestAnimationFrame(() => { const link = this.main.querySelector(`a[data-n="${CSS.escape(n)}"]`); if (link) link.focus(); });
  }

  theme(name) {
    this.kept.theme = name;
    if (name === 'auto') document.documentElement.removeAttribute('data-theme');
    else document.documentElement.setAttribute('data-theme', name);
    this.themeButton.textContent = { auto: '◐ Auto', dark: '● Dark', light: '○ Light' }[name];
    this.themeButton.setAttribute('aria-label', `Theme: ${name}`);
    try { localStorage.setItem('oit-theme', name); } catch { /* as above */ }
  }

  head() {
    const verdict = this.model ? this.model.run.verdict : this.report.verdict;
    fill(this.name, h('span', { class: 'brand' }, 'OIT'), chip(verdict, RUN_WORDS[verdict]),
      this.several && this.model ? [h('a', { class: 'up', href: '#/runs' }, 'all runs'), h('span', { class: 'soft up' }, `run ${this.runIndex + 1} of ${this.report.runs.length}`)] : null,
      this.model ? h('span', { class: 'scenario' }, say(this.model.about.scenario, 80), this.model.about.case ? [' ', say(`[${this.model.about.case}]`, 60)] : null) : h('span', { class: 'scenario' }, count(this.report.runs.length, 'run')));
    fill(this.bar, this.available().map((view) => h('a', { href: this.link(view.id), 'data-focus': `tab:${view.id}`, 'aria-current': view.id === this.route.view ? 'page' : null }, view.title,
      view.id === 'conversation' && this.model ? h('span', { class: 'badge' }, this.model.exchanges.length) : null)));
  }

  // Somebody went to another address.
  go() {
    const before = this.route && `${this.runIndex}:${this.route.view}`;
    this.read();
    this.draw();
    this.arrived = true; // from here on it is the reader who moves, and the focus goes along
    const [pane, heading] = [this.main.querySelector('.pane'), this.main.querySelector('.pane h2, h1')];
    if (before !== `${this.runIndex}:${this.route.view}`) {
      scrollTo(0, 0);
      if (this.route.view !== 'conversation' && heading && before !== undefined) { heading.setAttribute('tabindex', '-1'); heading.focus({ preventScroll: true }); }
    } else if (this.route.name === 'requirement' && pane && heading) {
      pane.scrollTop = 0;
      heading.focus({ preventScroll: true });
    }
  }

  draw() {
    keeping(() => {
      this.head();
      const view = this.available().find((each) => each.id === this.route.view);
      const element = view.render(this);
      this.main.className = `in-${this.route.view}`;
      if (this.main.firstChild !== element || this.main.childNodes.length > 1) this.main.replaceChildren(element);
      if (view.placed) view.placed(this);
    });
    document.title = this.title();
  }

  title() {
    return `${RUN_WORDS[this.model ? this.model.run.verdict : this.report.verdict]}: ${this.model ? plainly(this.model.about.scenario, 80) : 'runs'} · OIT`;
  }
}

const app = new App();
OIT.app = app;
OIT.h = h;
OIT.say = say;
OIT.chip = chip;

OIT.show = (report) => {
  app.take(report);
  if (!app.main) app.frame();
  app.route = undefined;
  app.arrived = false;
  app.go();
};

OIT.update = (report) => {
  if (!app.main) { OIT.show(report); return; }
  app.take(report);
  app.read();
  app.draw();
};

OIT.addView = (view) => {
  app.views.push(view);
  if (app.main) { app.read(); app.draw(); }
};
window.OIT = OIT;
