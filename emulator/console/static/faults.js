// Trouble on purpose: a form in the words of a scenario's `fault`.
const ANSWERS = [
  ['respond', 'another status, and the request takes no effect'], ['reset', 'the connection is reset before the request takes effect'],
  ['lost', 'the request takes effect, its answer never comes'], ['truncate', 'the connection ends in the middle of the body'],
  ['drip', 'the body comes a few bytes at a time'], ['contentType', 'another content type'], ['delay', 'the answer comes late'],
];
const NEWS = [['drop', 'the next is never sent'], ['duplicate', 'the next is sent twice'], ['delay', 'the next is sent late']];
const wholeNumber = (text) => (/^\d+$/.test(text.trim()) ? Number(text) : null);

// The operations that rules speak of, by API: what a partner can ask of our seller.
function operations() {
  const names = new Set();
  for (const rule of Object.values(CATALOGUE.rules || {})) {
    for (const [api, operation] of rule.on || []) if (operation !== '*' && !/Event$|DateSet$/.test(operation)) names.add(`${api}.${operation}`);
  }
  return [...names].sort();
}

class FaultsPanel {
  constructor() {
    this.operation = h('select', { 'data-key': 'fault-operation' });
    offer(this.operation, [['notifications', 'notifications'], ...operations().map((name) => [name, `answers to ${name}`])]);
    this.operation.value = operations().includes('quote.createQuote') ? 'quote.createQuote' : 'notifications';
    this.what = h('select', { 'data-key': 'fault-what' });
    this.values = {
      respond: field('Status', line({ value: '503', size: 4, inputmode: 'numeric', 'data-key': 'fault-respond' })),
      truncate: field('After bytes', line({ value: '100', size: 5, inputmode: 'numeric', 'data-key': 'fault-truncate' })),
      drip: h('span', { class: 'pair' }, field('Bytes', line({ value: '16', size: 4, inputmode: 'numeric', 'data-key': 'fault-drip' })), field('Every', line({ value: '200ms', size: 6, 'data-key': 'fault-every' }))),
      contentType: field('Type', line({ value: 'text/html', size: 14, 'data-key': 'fault-type' })),
      delay: field('Late by', line({ value: '5s', size: 6, 'data-key': 'fault-delay' }), 'real time: 200ms, 5s, 2m'),
    };
    this.times = line({ value: '1', size: 6, 'data-key': 'fault-times' });
    this.timesField = field('Times', this.times, 'a number, or always');
    this.control = control({ action: 'fault', label: 'Make trouble', inputs: [field('Of', this.operation), field('What', this.what), ...Object.values(this.values), this.timesField], given: () => this.given() });
    this.clear = control({ action: 'fault', label: 'End all trouble', given: () => ({ clear: true }) });
    this.armed = h('div', {});
    this.showArmed = part(this.armed, (faults) => (faults.length ? grid('Trouble in force', ['Of', 'What', 'Left'], faults.map((fault) => [h('code', {}, say(fault.operation, 100)), say(fault.what, 200), fault.left === null ? 'always' : String(fault.left)])) : h('p', { class: 'calm' }, 'No trouble is in force.')));
    this.element = h('section', { class: 'panel' }, h('h2', {}, 'Trouble on purpose'), this.armed, this.control.element, this.clear.element);
    this.operation.addEventListener('change', () => this.fit());
    this.what.addEventListener('change', () => this.fit());
    this.fit();
  }

  value(name, index = 0) { return this.values[name].querySelectorAll('input')[index].value.trim(); }

  // Which fields belong to what is chosen.
  fit() {
    const news = this.operation.value === 'notifications';
    offer(this.what, news ? NEWS : ANSWERS);
    const what = this.what.value;
    for (const [name, element] of Object.entries(this.values)) element.hidden = name !== what;
    this.control.refresh();
  }

  given() {
    const operation = this.operation.value;
    const what = this.what.value;
    const problem = (text) => ({ problem: text });
    const times = this.times.value.trim();
    if (times !== 'always' && !wholeNumber(times)) return problem('How many times? A number, or always.');
    const rest = times === '1' ? {} : { times: times === 'always' ? times : Number(times) };
    switch (what) {
      case 'respond': return wholeNumber(this.value('respond')) ? { operation, respond: Number(this.value('respond')), ...rest } : problem('Which status? A number, as 503.');
      case 'truncate': return wholeNumber(this.value('truncate')) === null ? problem('After how many bytes?') : { operation, truncate: Number(this.value('truncate')), ...rest };
      case 'drip': return wholeNumber(this.value('drip')) ? { operation, drip: { bytes: Number(this.value('drip')), every: this.value('drip', 1) }, ...rest } : problem('How many bytes at a time?');
      case 'contentType': return { operation, contentType: this.value('contentType'), ...rest };
      case 'delay': return { operation, delay: this.value('delay'), ...rest };
      default: return { operation, [what]: true, ...rest };
    }
  }

  show() {
    this.element.hidden = !feed.can('fault');
    this.showArmed((feed.state && feed.state.faults) || []);
  }
}
