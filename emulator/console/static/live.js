// The live page: the report's page, whose report is that of the run in its address, among views of all that goes on.
const AREAS = { runs: new RunsBoard(), waiting: new WaitingBoard(), emulator: new EmulatorBoard(), log: new LogBoard() };
const AREA_TITLES = { runs: 'Runs', waiting: 'Waiting room', emulator: 'Emulator', log: 'Log' };
const addressParts = () => location.hash.replace(/^#\/?/, '').split('/').filter(Boolean).map((each) => { try { return decodeURIComponent(each); } catch { return each; } });

for (const [id, board] of Object.entries(AREAS)) {
  OIT.addView({ id, title: AREA_TITLES[id], always: true, render: () => board.render(), placed: () => board.placed && board.placed() });
}

const awaited = () => (feed.waiting && feed.waiting.status !== 'ended' && feed.waiting.awaited) || [];

// A run that is not here yet, or not at all.
function loading() {
  const kept = feed.reports.get(app.runIndex);
  return h('div', { class: 'page board' }, h('div', { class: 'hollow' },
    kept && kept.problem ? [h('h1', {}, 'This run is not here'), h('p', {}, say(kept.problem.message, 400)), h('p', {}, h('a', { href: '#/runs' }, 'All runs'))] : h('p', { role: 'status' }, 'Reading the run…')));
}

const LIVE = {
  following: true,

  link(name, argument) {
    return this.runIndex === null ? `#/${name}` : runAddress(this.runIndex, name, ...(argument === undefined ? [] : [String(argument)]));
  },

  // `runIndex` is the id of the run that is shown, or null; `route.parts` what follows the name of the view.
  read() {
    const parts = addressParts();
    const inRun = parts[0] === 'run' && parts.length > 1;
    this.runIndex = inRun ? parts[1] : null;
    const kept = inRun ? feed.report(parts[1]) : null;
    this.report = kept && kept.report;
    this.model = (kept && kept.model) || null;
    const rest = inRun ? parts.slice(2) : parts;
    const name = rest[0] || (inRun ? 'summary' : 'runs');
    const known = this.available().map((view) => view.id);
    const view = inRun && !this.model ? 'loading' : ALIASES[name] || name;
    const there = known.includes(view);
    const before = this.route;
    this.route = { name: there ? name : known[0], view: there ? view : known[0], argument: rest.slice(1).join('/'), parts: rest.slice(1) };
    if (['exchange', 'finding'].includes(name) && !(before && before.argument === this.route.argument)) this.following = false;
  },

  available() {
    if (this.runIndex === null) return this.views.filter((view) => view.always);
    return this.model ? this.views.filter((view) => !view.always) : [{ id: 'loading', render: loading }];
  },

  areas() {
    const { state } = feed;
    const shown = { runs: true, log: true, waiting: Boolean(feed.waiting || AREAS.waiting.last), emulator: Boolean(state && (state.emulator || state.capabilities.some((action) => action !== 'done'))) };
    return Object.keys(AREAS).filter((id) => shown[id] || id === this.route.view);
  },

  head() {
    const { state } = feed;
    const said = { runs: state ? state.runs.length : null, waiting: awaited().length || null };
    const here = (id) => (this.route.view === id ? 'page' : id === 'runs' && this.runIndex !== null ? 'true' : null);
    this.showAreas = this.showAreas || part(this.bar, (tabs) => [tabs.map(([id, badge, current]) => h('a', { href: `#/${id}`, 'data-focus': `tab:${id}`, 'aria-current': current }, AREA_TITLES[id], badge === null || badge === undefined ? null : h('span', { class: 'badge' }, badge))),
      away('/docs/', { 'data-focus': 'tab:docs', target: '_blank', rel: 'noopener' }, 'Contracts', h('span', { class: 'badge', 'aria-hidden': 'true' }, '↗'), h('span', { class: 'sr' }, ' in Swagger UI, a new tab'))]);
    this.showAreas(this.areas().map((id) => [id, said[id], here(id)]));
    this.showName = this.showName || part(this.name, () => [h('span', { class: 'brand' }, 'OIT'), h('span', { class: 'soft' }, 'console')]);
    this.showName(0);
    this.runHead();
  },

  // Under the views of all runs, those of the run that is open.
  runHead() {
    const open = this.runIndex !== null && this.model;
    document.documentElement.classList.toggle('with-run', Boolean(open));
    this.runbar.hidden = !open;
    if (!open) return;
    const row = feed.run(this.runIndex);
    this.showRun = this.showRun || part(this.runName, ([verdict, name, kase, ended]) => [h('span', { class: 'run-name' }, say(name, 80), kase ? [' ', say(`[${kase}]`, 60)] : null), runVerdict({ verdict, finished: ended ? '' : null }), runPhase({ finished: ended ? '' : null })]);
    this.showRun([this.model.run.verdict, row ? row.name : this.model.about.scenario, this.model.about.case, !row || !isRunning(row), this.runIndex]);
    this.showTabs = this.showTabs || part(this.runTabs, ([, views]) => views.map(([id, title, number, current]) => h('a', { href: this.link(id), 'data-focus': `view:${id}`, 'aria-current': current ? 'page' : null }, title, number === null ? null : h('span', { class: 'badge' }, number))));
    this.showTabs([this.runIndex, this.available().map((view) => [view.id, view.title, view.id === 'conversation' ? this.model.exchanges.length : null, view.id === this.route.view])]);
    this.showDownloads = this.showDownloads || part(this.runDownloads, ([id, name]) => downloads({ id, name }, 'open'));
    this.showDownloads([this.runIndex, row ? row.name : '', formats()]);
    this.followField.hidden = this.route.view !== 'conversation' || !row || !isRunning(row);
    this.followBox.checked = this.following;
  },

  title() {
    const waits = awaited().length ? '● ' : '';
    const place = this.model ? `${RUN_WORDS[this.model.run.verdict] || ''}: ${plainly(this.model.about.scenario, 80)}` : AREA_TITLES[this.route.view] || 'Run';
    return `${waits}${place} · OIT console`;
  },
};

// What stands around the views: the bar of a run, whether the connection is there, and a place where news is said.
function furnish() {
  app.runName = h('div', { class: 'name' });
  app.runTabs = h('nav', { class: 'tabs', 'aria-label': 'Views of the run' });
  app.followBox = h('input', { type: 'checkbox', id: 'follow', onchange: () => { app.following = app.followBox.checked; toEnd(); } });
  app.followField = h('label', { class: 'tick' }, app.followBox, ' follow the newest');
  app.runDownloads = h('div', {});
  app.runbar = h('div', { class: 'runbar', hidden: true }, app.runName, app.runTabs, app.followField, app.runDownloads);
  const header = document.querySelector('.top');
  const notice = h('p', { class: 'notice', hidden: true });
  const light = h('span', { class: 'light', role: 'status' });
  header.append(app.runbar, notice);
  document.getElementById('oit-extras').append(light);
  document.body.append(region);
  const showLight = part(light, ([how]) => [h('span', { class: 'dot', 'aria-hidden': 'true' }), { live: 'Live', lost: 'Not connected', connecting: 'Connecting' }[how]]);
  const showNotice = part(notice, ([how, why]) => (why ? ['The console refuses to answer: ', say(why, 300), '. Open it with the address that it printed, which has its token.']
    : how === 'lost' ? 'The console does not answer. What you see may be old; it goes on by itself as soon as it is back.' : null));
  return () => {
    const how = feed.connection;
    const why = feed.refused && [401, 403].includes(feed.refused.status) ? feed.refused.message : null;
    light.className = `light ${how}`;
    showLight([how]);
    showNotice([how, why]);
    notice.hidden = !why && how !== 'lost';
  };
}

// Following the newest exchange: the list is kept at its end, until the reader looks at something else.
function toEnd() {
  const rows = app.conversation && app.conversation.list;
  if (rows && rows.isConnected && app.following && app.route.view === 'conversation') rows.scrollTop = rows.scrollHeight;
}

function stopFollowing() {
  if (!app.following) return;
  app.following = false;
  app.followBox.checked = false;
}

addEventListener('wheel', (event) => { if (event.deltaY < 0 && event.target.closest('.rows')) stopFollowing(); }, { passive: true });
addEventListener('keydown', (event) => { if (['ArrowUp', 'PageUp', 'Home'].includes(event.key) && event.target.closest('.rows')) stopFollowing(); });

let went = false;
addEventListener('hashchange', () => { went = true; });

// A text that is being marked stays marked: the view waits until it is not.
let pending = false;
function redraw() {
  const marked = getSelection();
  pending = app.route.view !== 'conversation' && app.runIndex !== null && marked && !marked.isCollapsed && app.main.contains(marked.anchorNode);
  app.read();
  if (pending) app.head();
  else app.draw();
}
document.addEventListener('selectionchange', () => { if (pending && getSelection().isCollapsed) redraw(); });

function news(what, id) {
  if (what === 'report' && id === app.runIndex) {
    if (app.route.view === 'loading') {
      if (!went) Object.assign(app, { route: undefined, arrived: false }); // who came by a deep link did not go anywhere: the focus stays
      app.go();
      return;
    }
    const before = app.model ? app.model.exchanges.length : 0;
    redraw();
    const more = app.model ? app.model.exchanges.length - before : 0;
    if (more > 0) { announce(`${count(more, 'new exchange')}. The run has ${count(app.model.findings.filter((finding) => finding.verdict !== 'pass').length, 'finding')}.`); toEnd(); }
    return;
  }
  const { view } = app.route;
  if (['state', 'waiting', 'report'].includes(what)) { if (app.runIndex === null) redraw(); else app.head(); }
  if (view === 'emulator' && what === 'state') AREAS.emulator.read();
  if (view === 'log' && what === 'run') AREAS.log.refresh();
  if (what === 'waiting' && awaited().length) announce(`Waiting for ${awaited().map((entry) => plainly(entry.title || entry.step, 80)).join(', ')}.`);
}

Object.assign(app, LIVE);
app.frame();
const showConnection = furnish();
feed.follow((what, id) => { if (what === 'connection') showConnection(); else news(what, id); });
app.go();
showConnection();
feed.listen();
