// The emulator: its time, what it has, what it owes, and the handles of it. Every handle shows the command that does the same.
const LEAPS = ['1h', '1d', '5d', '45d'];

class EmulatorBoard {
  constructor() {
    this.list = new ResourceList();
    this.pane = new ResourcePane();
    this.faults = new FaultsPanel();
    this.choice = h('select', { id: 'emulator-run', 'data-key': 'emulator-run', onchange: () => { location.hash = `#/emulator/${encodeURIComponent(this.choice.value)}`; } });
    this.time = h('p', { class: 'time-now' });
    this.pace = h('p', { class: 'meta' });
    this.showPace = part(this.pace, ([speed, ahead]) => [speed === 1 ? 'as fast as the wall’s' : `${speed.toLocaleString('en')} times as fast as the wall’s`, ahead > 1 ? `, ${span(ahead)} ahead of it` : null]);
    this.by = line({ value: '1d', size: 7, 'data-key': 'advance-by' });
    this.advance = control({ action: 'advance', label: 'Advance', inputs: [field('Forward by', this.by), h('span', { class: 'quick' }, LEAPS.map((leap) => h('button', { type: 'button', class: 'button', 'aria-label': `Set to ${leap}`, onclick: () => { this.by.value = leap; this.advance.refresh(); } }, leap)))],
      given: () => (this.by.value.trim() ? { by: this.by.value.trim() } : { problem: 'How far? As 20s, 5m, 2h, 45d.' }) });
    this.clockPanel = h('section', { class: 'panel' }, h('h2', {}, 'Clock'), this.time, this.pace, this.advance.element);
    this.kind = h('select', { 'data-key': 'make-kind' });
    this.body = area({ 'data-key': 'make-body', placeholder: '{} or some of its members' });
    this.make = control({ action: 'make', label: 'Make', inputs: [field('Kind', this.kind), field('Members, as JSON', this.body, 'the rest is made up')],
      given: () => { const body = readObject(this.body.value); return body.problem || !this.kind.value ? { problem: body.problem || 'Choose a kind.' } : { run: this.run, kind: this.kind.value, ...(Object.keys(body.value).length ? { body: body.value } : {}) }; } });
    this.making = h('section', { class: 'panel' }, h('h2', {}, 'Make a resource'), this.make.element);
    this.doing = new VerbHandle('do-whole', () => ({ run: this.run }));
    this.owed = h('div', {});
    this.showOwed = part(this.owed, (told_) => this.notifications(told_));
    this.snapshot = control({ action: 'snapshot', label: 'Snapshot', given: () => ({ run: this.run }), act: (given) => takeSnapshot(given) });
    this.file = h('input', { type: 'file', 'data-key': 'restore-file', accept: '.ndjson,.jsonl,.json' });
    this.as = line({ size: 14, 'data-key': 'restore-as' });
    this.restore = control({ action: 'restore', label: 'Restore', inputs: [field('From', this.file), field('As run', this.as, 'empty: as it was called')],
      given: () => (this.file.files.length ? { file: this.file.files[0].name, run: this.as.value.trim() || null } : { problem: 'Choose the file of a snapshot first.' }),
      act: async ({ run }) => (await post('restore', { file: await this.file.files[0].text(), run })).json() });
    this.reset = control({ action: 'reset', label: 'Reset', given: () => ({ run: this.run }), sure: () => ['Reset the run ', h('b', {}, say(this.name(), 80)), '? Its resources, timers, subscriptions and exchanges are gone then. A snapshot keeps them.'] });
    this.keeping = h('section', { class: 'panel' }, h('h2', {}, 'Keep and begin again'), this.snapshot.element, this.restore.element, this.reset.element);
    const shell = () => `export OIT_CONSOLE=${location.origin}`;
    this.shell = h('p', { class: 'meta shell' }, 'The command lines need to know of this console, once: ', h('code', {}, shell()), ' ', copyButton(shell, 'Copy what the command lines need'));
    this.element = h('div', { class: 'emulator' },
      h('nav', { class: 'picker', 'aria-label': 'Resources', 'data-scroll': 'resources', tabindex: '0' }, field('Run', this.choice), this.list.element),
      h('section', { class: 'middle', 'data-scroll': 'resource', 'aria-label': 'Resource', tabindex: '0' }, this.pane.element),
      h('aside', { class: 'handles', 'data-scroll': 'handles', 'aria-label': 'Handles', tabindex: '0' }, this.shell, this.clockPanel, this.making, this.doing.element, this.owed, this.faults.element, this.keeping));
    this.resources = null;
    this.read = steadily(() => this.take(), 300);
    setInterval(() => this.watch(), 1000);
  }

  name() { const row = feed.run(this.run); return row ? row.name : this.run; }

  async take() {
    const { run } = this;
    if (!run) return;
    let resources = { resources: [], subscriptions: [], owed: [], dead: [] };
    try {
      if (feed.run(run)) resources = await askJson(`/api/runs/${encodeURIComponent(run)}/resources`);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
    if (run !== this.run) return;
    this.resources = { ...resources, resources: resources.resources.toReversed() }; // the newest first
    this.show();
  }

  // Shows the time, and looks again once a timer is due: what it did is nobody's call, so nobody tells.
  watch() {
    if (!this.element.isConnected) return;
    this.showTime();
    const due = ((this.resources && this.resources.resources) || []).flatMap((resource) => (resource.timers || []).map((timer) => Date.parse(timer.at)));
    if (due.some((moment) => moment <= feed.now)) this.read();
  }

  showTime() {
    const now = new Date(feed.now).toISOString();
    const text = `${day(now)} ${clock(now)}`;
    if (this.time.textContent !== text) this.time.textContent = text;
  }

  notifications({ subscriptions = [], owed = [], dead = [] }) {
    const late = (rows, label) => h('section', {}, h('h3', {}, `${label} (${rows.length})`), wide(label, grid(label, ['Event', 'Due', 'Tries', 'Trouble'], rows.slice(0, 100).map((row) => [say(row.event, 80), row.due ? stamp(row.due) : '', row.attempts, row.fault ? say(row.fault, 200) : '–']))));
    return h('section', { class: 'panel' }, h('h2', {}, 'Who is told'),
      subscriptions.length ? wide('Subscriptions', grid('Subscriptions', ['Callback', 'Events', 'Owed'], subscriptions.map((row) => [h('span', {}, h('code', {}, say(row.callback, 300)), h('span', { class: 'sub' }, say(row.api, 60))), row.query ? say(row.query, 200) : 'all', row.owed])))
        : h('p', { class: 'calm' }, 'Nobody subscribed.'),
      owed.length ? late(owed, 'On their way') : null, dead.length ? late(dead, 'Given up') : null);
  }

  render() {
    const { state } = feed;
    const runs = state ? state.runs : [];
    // A run that was reset stays chosen: what is pressed next must not meet another one.
    const run = app.route.parts[0] || this.run || (runs[0] || {}).id;
    const gone = state && run && !runs.some((each) => each.id === run);
    offer(this.choice, [...(gone ? [[run, `${run}, which has nothing`]] : []), ...runs.map((each) => [each.id, each.name])]);
    if (run !== this.run) { this.run = run; this.resources = null; this.read(); }
    if (run) this.choice.value = run;
    this.choice.disabled = !this.choice.options.length;
    this.clockPanel.hidden = !feed.can('advance');
    this.making.hidden = !feed.can('make') || !run;
    if (state) this.showPace([state.speed, Math.round(state.ahead_seconds || 0)]);
    this.showTime();
    this.snapshot.element.hidden = !feed.can('snapshot');
    this.restore.element.hidden = !feed.can('restore');
    this.reset.element.hidden = !feed.can('reset');
    this.keeping.hidden = !['snapshot', 'restore', 'reset'].some((action) => feed.can(action));
    for (const each of [this.snapshot, this.restore, this.reset]) each.refresh();
    this.shell.hidden = !(state && state.capabilities.length);
    this.faults.show();
    this.show();
    return this.element;
  }

  show() {
    const { resources = [], kinds = [], verbs = [], ...rest } = this.resources || {};
    offer(this.kind, kinds.map((name) => [name, words(name)]));
    this.make.refresh();
    const [, kind, id] = app.route.view === 'emulator' ? app.route.parts : [];
    const named = resources.find((resource) => resource.kind === kind && resource.id === id);
    // Where the address names none: one for which something comes, and it stays that one while it is looked at.
    const chosen = named || (kind ? undefined : resources.find((each) => resourceKey(each) === this.usual) || resources.find(nextTimer) || resources[0]);
    this.usual = chosen && resourceKey(chosen);
    this.list.show(resources, this.run, chosen && resourceKey(chosen));
    this.pane.show(chosen, this.run, verbs);
    this.doing.show(this.run ? verbs.filter((one) => one.whole) : []);
    this.showOwed({ subscriptions: rest.subscriptions, owed: rest.owed, dead: rest.dead });
    this.element.classList.toggle('reading', !this.resources);
  }
}

async function takeSnapshot(given) {
  const reply = await post('snapshot', given);
  const name = /filename="?([^";]+)"?/.exec(reply.headers.get('content-disposition') || '');
  const kept = URL.createObjectURL(await reply.blob());
  const file = name ? name[1] : `${given.run}.json`;
  away(kept, { download: file }).click();
  setTimeout(() => URL.revokeObjectURL(kept), 10000);
  return { did: `kept the run in ${file}, among your downloads` };
}
