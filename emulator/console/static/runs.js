// The list of runs as they happen.
const runAddress = (id, ...way) => `#/run/${[id, ...way].map(encodeURIComponent).join('/')}`;
const isRunning = (run) => run.finished === null;
const TESTED = { buyer: 'the Buyer', seller: 'the Seller', both: 'the Buyer and the Seller' };

function runVerdict(run) {
  if (!run.verdict) return chip('neutral', isRunning(run) ? 'nothing wrong so far' : 'not judged');
  return h('span', { class: 'so-far' }, chip(run.verdict, RUN_WORDS[run.verdict]), isRunning(run) ? h('span', { class: 'soft' }, ' so far') : null);
}

// Runs of `oit run` end; what is open beside a seller or a buyer is there for as long as that listens.
function runPhase(run) {
  const goesOn = { run: 'running', store: 'open' }[feed.state && feed.state.role] || 'listening';
  return isRunning(run) ? h('span', { class: 'phase on' }, h('span', { class: 'dot', 'aria-hidden': 'true' }), goesOn) : h('span', { class: 'phase' }, 'ended');
}

const formats = () => (feed.state && feed.state.formats) || ['html', 'json', 'junit'];

function downloads(run, label) {
  return h('details', { class: 'downloads', 'data-key': `downloads:${label}:${run.id}`, ontoggle: (event) => closeOthers(event.currentTarget) }, h('summary', {}, 'Report', h('span', { class: 'sr' }, plainly(` of ${run.name}`))),
    h('ul', {}, formats().map((name) => h('li', {}, away(`/api/runs/${encodeURIComponent(run.id)}/download/${encodeURIComponent(name)}`, { download: '' }, name)))));
}

// One menu at a time; Escape or a click elsewhere closes it.
function closeOthers(open) {
  if (open && !open.open) return;
  for (const each of document.querySelectorAll('details.downloads[open]')) if (each !== open) each.open = false;
}
addEventListener('click', (event) => { if (!event.target.closest('details.downloads')) closeOthers(null); });
addEventListener('keydown', (event) => {
  const open = event.key === 'Escape' && document.querySelector('details.downloads[open]');
  if (!open) return;
  open.open = false;
  open.querySelector('summary').focus();
});

class RunsBoard {
  constructor() {
    this.body = h('tbody');
    this.rows = new Keyed(this.body, (run) => this.row(run));
    this.find = h('input', { type: 'search', id: 'runs-find', 'data-key': 'runs-find', placeholder: 'name, title, verdict', oninput: () => this.sift() });
    this.said = h('span', { class: 'soft', role: 'status' });
    this.where = h('p', { class: 'meta' });
    this.empty = h('div', { class: 'hollow' });
    this.table = wide('Runs', h('table', { class: 'runs live' }, h('caption', { class: 'sr' }, 'Runs, the newest first'),
      h('thead', {}, h('tr', {}, ['Verdict', 'Run', 'Tested', 'Exchanges', 'Findings', 'Began', '', 'Download'].map((name) => h('th', { scope: 'col', class: ['Exchanges', 'Findings'].includes(name) ? 'num' : null }, name || h('span', { class: 'sr' }, 'Phase'))))), this.body));
    this.element = h('div', { class: 'page board' }, h('div', { class: 'board-head' }, h('h1', {}, 'Runs'), h('span', { class: 'tools' }, h('label', { for: 'runs-find' }, 'Find'), this.find, this.said)), this.where, this.table, this.empty);
  }

  row(run) {
    return h('tr', { class: `v-${run.verdict || 'neutral'}`, 'data-run': run.id },
      h('td', {}, runVerdict(run)),
      h('th', { scope: 'row' }, h('a', { href: runAddress(run.id, 'summary'), 'data-focus': `run:${run.id}` }, say(run.name, 120)), run.title && run.title !== run.name ? h('span', { class: 'sub' }, say(run.title, 160)) : null),
      h('td', {}, TESTED[run.sut] || h('span', { class: 'soft' }, 'nobody: self-test')),
      h('td', { class: 'num' }, run.exchanges ? h('a', { href: runAddress(run.id, 'conversation'), 'aria-label': plainly(`${count(run.exchanges, 'exchange')} of ${run.name}`) }, run.exchanges.toLocaleString('en')) : '0'),
      h('td', { class: `num${run.findings ? ' some-findings' : ' soft'}` }, run.findings === null ? '' : run.findings || '–'),
      h('td', { class: 'nobreak' }, run.started ? stamp(run.started) : ''),
      h('td', {}, runPhase(run)),
      h('td', {}, downloads(run, 'list')));
  }

  sift() {
    const text = this.find.value.trim().toLowerCase();
    let shown = 0;
    for (const run of (feed.state ? feed.state.runs : [])) {
      const fits = `${run.name} ${run.title} ${run.id} ${run.verdict ? RUN_WORDS[run.verdict] : ''}`.toLowerCase().includes(text);
      const kept = this.rows.kept.get(run.id);
      if (kept) kept.element.hidden = !fits;
      if (fits) shown += 1;
    }
    const all = feed.state ? feed.state.runs.length : 0;
    const told_ = shown === all ? count(all, 'run') : `${shown} of ${count(all, 'run')}`;
    if (this.said.textContent !== told_) this.said.textContent = told_;
  }

  render() {
    const { state } = feed;
    this.rows.show(state ? state.runs : [], (run) => run.id);
    this.sift();
    const none = state && !state.runs.length;
    this.table.hidden = !state || none;
    this.where.hidden = !(state && state.emulator) || none;
    if (state && state.emulator && this.told !== state.emulator) {
      this.told = state.emulator;
      const listens = { seller: 'Our seller', buyer: 'Our buyer', run: 'The emulator', proxy: 'The proxy' }[state.role] || 'The emulator';
      const spot = () => h('code', {}, say(state.emulator, 200));
      fill(this.where, `${listens} listens at `, spot(), '.');
      fill(this.empty, h('h2', {}, 'Nothing came yet'), h('p', {}, `${listens} listens at `, spot(), ' ', copyButton(() => state.emulator, 'Copy the address'), '. What comes there appears here by itself.'),
        ['seller', 'proxy'].includes(state.role) ? h('p', { class: 'soft' }, 'A partner with a path of its own, ', h('code', {}, '/r/NAME'), ' below that address, gets a run of its own.') : null);
    }
    this.empty.hidden = !none;
    if (none && !state.emulator) fill(this.empty, h('h2', {}, 'Nothing here yet'), h('p', {}, 'Runs appear here by themselves.'));
    return this.element;
  }
}
