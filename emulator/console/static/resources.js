// The emulator's resources: a list, and one of them with its states, what comes next, and what can be made of it.
const resourceKey = (resource) => `${resource.kind}/${resource.id}`;
const nextTimer = (resource) => [...(resource.timers || [])].sort((a, b) => (a.at < b.at ? -1 : 1))[0];

// The standard's diagram with the way that a resource took by its history.
function wayOf(resource) {
  const { history = [] } = resource;
  const machine = (CATALOGUE.machines || {})[resource.machine];
  if (!machine || ![...history, resource].every((entry) => own(machine.places, entry.state))) return null;
  const edges = history.map((entry, index) => {
    const from = index ? history[index - 1].state : null;
    return { from, to: entry.state, at: entry.at, unseen: false, witnesses: [], legal: from === null || machine.edges.some((edge) => edge.from === from && edge.to === entry.state) };
  });
  return h('details', { class: 'diagram-of', 'data-key': `way:${resourceKey(resource)}`, open: true }, h('summary', {}, `The standard’s lifecycle, ${machine.guide}`), wide('Lifecycle', drawMachine(machine, { machine: resource.machine, state: resource.state, edges })));
}

class ResourceList {
  constructor() {
    this.list = h('ul', {});
    this.rows = new Keyed(this.list, ({ resource, run, chosen }) => this.row(resource, run, chosen));
    this.find = h('input', { type: 'search', id: 'resource-find', 'data-key': 'resource-find', 'aria-label': 'Find a resource', placeholder: 'Find: kind, id, state', oninput: () => this.show(...this.last) });
    this.none = h('p', { class: 'calm' });
    this.element = h('div', { class: 'resource-list' }, this.find, this.list, this.none);
  }

  row(resource, run, chosen) {
    const timer = nextTimer(resource);
    return h('li', {}, h('a', { href: `#/emulator/${[run, resource.kind, resource.id].map(encodeURIComponent).join('/')}`, 'aria-current': chosen ? 'true' : null, 'data-focus': `resource:${resourceKey(resource)}` },
      h('b', {}, words(resource.kind)), h('span', { class: 'soft id' }, say(resource.id, 13)),
      h('span', { class: 'state' }, say(resource.state || 'no state', 60)),
      timer ? h('span', { class: 'next' }, say(timer.action, 30), ' in ', countdown(timer.at)) : null));
  }

  show(resources, run, chosen) {
    this.last = [resources, run, chosen];
    const text = this.find.value.trim().toLowerCase();
    const fits = resources.filter((resource) => `${resource.kind} ${resource.id} ${resource.state || ''}`.toLowerCase().includes(text));
    this.rows.show(fits.map((resource) => ({ resource, run, chosen: resourceKey(resource) === chosen })), ({ resource }) => resourceKey(resource));
    this.none.hidden = fits.length > 0;
    this.none.textContent = resources.length ? 'None fits.' : 'This run has no resources yet.';
  }
}

// A handle for what no operation does: to one resource, or to none where it is of the `whole`. `about` says of what.
class VerbHandle {
  constructor(key, about) {
    this.verbs = [];
    this.verb = h('select', { 'data-key': `${key}-verb`, onchange: () => this.explain() });
    this.said = area({ 'data-key': `${key}-words`, rows: '2', placeholder: '{"items": [1]}' });
    this.hint = h('p', { class: 'soft' });
    this.control = control({ action: 'do', label: 'Do', inputs: [field('What', this.verb), field('With, as JSON', this.said)],
      given: () => { const body = readObject(this.said.value); const one = this.chosen(); return body.problem || !one ? { problem: body.problem || 'Nothing is done to that.' } : { ...about(one), kind: one.kind, verb: one.verb, ...(Object.keys(body.value).length ? { with: body.value } : {}) }; } });
    this.element = h('section', { class: 'panel' }, h('h2', {}, 'What no operation does'), this.hint, this.control.element);
  }

  chosen() { return this.verbs.find((one) => `${one.kind}/${one.verb}` === this.verb.value); }

  explain() {
    const one = this.chosen();
    this.hint.textContent = one ? `${one.title}${one.words.length ? `; with ${one.words.join(', ')}` : ''}.` : '';
    this.control.refresh();
  }

  show(verbs) {
    this.verbs = verbs;
    this.element.hidden = !feed.can('do') || !verbs.length;
    offer(this.verb, verbs.map((one) => [`${one.kind}/${one.verb}`, `${words(one.kind)}: ${one.verb}`]));
    this.explain();
  }
}

class ResourcePane {
  constructor() {
    this.doing = new VerbHandle('do', () => ({ run: this.run, id: this.resource.id }));
    this.facts = h('div', { class: 'resource-facts' });
    this.showFacts = part(this.facts, (resource) => this.about(resource));
    this.past = h('div', { class: 'resource-facts' });
    this.showPast = part(this.past, (resource) => this.soFar(resource));
    this.item = h('select', { 'data-key': 'move-item' });
    this.state = h('select', { 'data-key': 'move-state' });
    this.event = h('select', { 'data-key': 'event-type' });
    this.eventItem = h('select', { 'data-key': 'event-item' });
    // What has come to its end is left alone, unless somebody says that he means it.
    const over = (item) => this.resource && (this.resource.final || (this.resource.final_items || []).includes(item));
    const onPurpose = (item) => (over(item) ? { sure: true } : {});
    const sure = ({ item, sure: needed }) => (needed ? [item ? `Item ${say(item, 80)} of ` : '', words(this.resource.kind), ' ', h('b', {}, say(this.resource.id, 80)), ' has come to its end. Do it all the same?'] : null);
    const inRun = () => ({ run: this.run, kind: this.resource.kind, id: this.resource.id });
    this.beyond = h('input', { type: 'checkbox', 'data-key': 'move-lawless', onchange: () => this.offerStates() });
    this.move = control({ action: 'move', label: 'Move', inputs: [field('What', this.item), field('To', this.state), field('Beyond its lifecycle', this.beyond)],
      given: () => (!this.resource ? { problem: 'Choose a resource.' } : !this.state.value ? { problem: this.state.options.length ? 'Choose where it goes: that is the buyer’s decision.' : 'There is no legal way on from here.' } : { ...inRun(), state: this.state.value, ...(this.item.value ? { item: this.item.value } : {}), ...(this.beyond.checked && !this.item.value ? { lawless: true } : {}), ...onPurpose(this.item.value) }), sure });
    this.send = control({ action: 'event', label: 'Send', inputs: [field('Event', this.event), field('About', this.eventItem)],
      given: () => (!this.resource ? { problem: 'Choose a resource.' } : !this.event.value ? { problem: 'Of this kind of resource no event tells.' } : { run: this.run, api: this.resource.api, event: this.event.value, id: this.resource.id, ...(this.eventItem.value ? { item: this.eventItem.value } : {}), ...onPurpose(this.eventItem.value) }), sure });
    this.item.addEventListener('change', () => this.offerStates());
    this.members = area({ 'data-key': 'set-members', placeholder: '{"expectedClosedDate": "…"}' });
    this.set = control({ action: 'set', label: 'Set', inputs: [field('Members, as JSON', this.members, 'null takes one away')],
      given: () => { const body = readObject(this.members.value); return !this.resource ? { problem: 'Choose a resource.' } : body.problem || !Object.keys(body.value).length ? { problem: body.problem || 'Write what is to be set.' } : { ...inRun(), body: body.value, ...onPurpose() }; }, sure });
    this.setting = h('section', { class: 'panel' }, h('h2', {}, 'Set members'), h('p', { class: 'soft' }, 'As the contract allows; subscribers are told.'), this.set.element);
    this.stuck = h('p', { class: 'calm' }, 'It has come to its end: no lifecycle leads on from here.');
    this.moving = h('section', { class: 'panel' }, h('h2', {}, 'Move it on'), h('p', { class: 'soft' }, 'Only what the standard’s lifecycle allows is offered. History is kept, and subscribers are told.'), this.move.element, this.stuck);
    this.sending = h('section', { class: 'panel' }, h('h2', {}, 'Send an event'), h('p', { class: 'soft' }, 'To those who subscribed to it, whether something happened or not.'), this.send.element);
    this.hollow = h('div', { class: 'hollow' }, h('h2', {}, 'Choose a resource'), h('p', { class: 'soft' }, 'Its states, items, history and timers are shown here, and what can be made of it.'));
    this.whole = h('div', { class: 'resource' }, this.facts, this.moving, this.doing.element, this.setting, this.sending, this.past);
    this.element = h('div', {}, this.whole, this.hollow);
  }

  about(resource) {
    if (!resource) return [];
    const { timers = [] } = resource;
    return [h('div', { class: 'resource-head' }, h('h1', {}, words(resource.kind)), h('span', { class: 'state-now' }, say(resource.state || 'no state', 80))),
      h('p', { class: 'meta' }, h('code', {}, say(resource.id, 200)), ' ', copyButton(() => resource.id, 'Copy the id'), resource.created ? [' · made ', stamp(resource.created)] : null),
      timers.length ? h('section', {}, h('h2', {}, 'What comes by itself'), grid('Timers', ['Action', 'Due', 'In'], timers.map((timer) => [say(timer.action, 80), stamp(timer.at), countdown(timer.at)])))
        : h('p', { class: 'calm' }, 'Nothing comes by itself: no timer is set.')];
  }

  soFar(resource) {
    if (!resource) return [];
    const { items = [], history = [] } = resource;
    return [items.length ? h('section', {}, h('h2', {}, 'Items'), grid('Items', ['Item', 'State'], items.map((item) => [say(item.id, 80), say(item.state || '–', 80)]))) : null,
      history.length ? h('section', {}, h('h2', {}, 'History'), h('ol', { class: 'way' }, history.map((entry) => h('li', {}, h('b', {}, say(entry.state, 80)), ' ', entry.at ? stamp(entry.at) : null)))) : null,
      wayOf(resource)];
  }

  offerStates() {
    const { resource } = this;
    const moves = this.item.value ? (resource.item_moves || {})[this.item.value] || [] : resource.moves || [];
    if (this.beyond.checked && !this.item.value) {
      offer(this.state, (resource.states || []).filter((state) => state !== resource.state).map((state) => [state, state]));
      this.move.refresh();
      return;
    }
    const ends = (resource.ends_of_buyer || {})[this.item.value] || [];
    // What would end it in the buyer's place is chosen on purpose, never offered first.
    offer(this.state, [...(moves.length && ends.includes(moves[0]) ? [['', 'choose …']] : []), ...moves.map((state) => [state, ends.includes(state) ? `${state} (the buyer’s decision)` : state])]);
    this.move.refresh();
  }

  show(resource, run, verbs) {
    this.resource = resource;
    this.run = run;
    this.doing.show(resource ? verbs.filter((one) => one.kind === resource.kind && !one.whole) : []);
    this.whole.hidden = !resource;
    this.hollow.hidden = Boolean(resource);
    this.showFacts(resource || null);
    this.showPast(resource || null);
    if (!resource) return;
    const itemMoves = Object.entries(resource.item_moves || {}).filter(([, states]) => states.length);
    offer(this.item, [...((resource.moves || []).length ? [['', `the ${words(resource.kind)}`]] : []), ...itemMoves.map(([id]) => [id, `item ${id}`])]);
    this.offerStates();
    const movable = Boolean(this.state.options.length);
    this.moving.hidden = !feed.can('move') || (!movable && !resource.state);
    this.stuck.hidden = movable;
    this.setting.hidden = !feed.can('set');
    this.set.refresh();
    offer(this.event, (resource.events || []).map((type) => [type, type]));
    offer(this.eventItem, [['', 'the whole'], ...(resource.items || []).map((item) => [item.id, `item ${item.id}`])]);
    this.sending.hidden = !feed.can('event') || !(resource.events || []).length;
    this.send.refresh();
  }
}
