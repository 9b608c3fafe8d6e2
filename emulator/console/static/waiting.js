// The waiting room: what the partner's buyer is expected to do next.
class WaitingBoard {
  constructor() {
    this.head = h('div', {});
    this.showHead = part(this.head, (told_) => this.header(told_));
    this.list = h('ol', { class: 'awaited' });
    this.entries = new Keyed(this.list, (entry) => this.card(entry));
    this.done = control({ action: 'done', label: 'Nothing more comes' });
    this.foot = h('section', { class: 'panel' }, h('h2', {}, 'Is your buyer done?'), h('p', { class: 'soft' }, 'Then nobody needs to wait for the rest: the run ends now, and what did not come is told as that.'), this.done.element);
    this.element = h('div', { class: 'page board waiting-room' }, this.head, this.list, this.foot);
  }

  header(told_) {
    if (!told_.url && this.last) return [h('h1', {}, 'Nothing is awaited any more', this.verdictLink(this.last, told_.verdict)), this.stepLine(told_.steps), h('p', {}, h('a', { class: 'go', href: runAddress(this.last, 'summary') }, 'See what became of the run'))];
    if (!told_.url) return [h('h1', {}, 'Waiting room'), h('p', { class: 'calm' }, 'Nothing is awaited. With ', h('code', {}, 'oit run --sut buyer --console'), ' this is where a partner sees what its buyer has to do next.')];
    const ended = told_.status === 'ended';
    return [h('h1', {}, ended ? 'The run has ended' : told_.awaited.length ? 'Your move' : 'One moment', this.verdictLink(told_.run, told_.verdict)), this.stepLine(told_.steps),
      h('p', { class: 'meta' }, 'Scenario ', h('b', {}, say(told_.scenario, 120)), told_.case ? [' ', say(`[${told_.case}]`, 120)] : null, ' · our seller listens at ', h('code', {}, say(told_.url, 200)), ' ', copyButton(() => told_.url, 'Copy the address of our seller'),
        told_.run ? [' · ', h('a', { href: runAddress(told_.run, 'conversation') }, 'what came so far')] : null),
      ended ? h('p', {}, h('a', { class: 'go', href: runAddress(told_.run, 'summary') }, 'See what became of it')) : h('p', { class: 'calm' }, told_.awaited.length ? `We wait for ${told_.awaited.length === 1 ? 'this' : 'any of these'}:` : 'Our seller is working; what it waits for next appears here.')];
  }

  verdictLink(run, verdict) {
    return verdict ? [' ', h('a', { class: 'verdict-link', href: runAddress(run, 'summary') }, chip(verdict, RUN_WORDS[verdict]))] : null;
  }

  // How far the run has come.
  stepLine(steps) {
    if (!steps || !steps.all) return null;
    return h('p', { class: 'progress' }, h('progress', { max: steps.all, value: steps.done, 'aria-label': 'Steps done' }), ' ', h('b', {}, `${steps.done} of ${steps.all}`), ` ${steps.all === 1 ? 'step' : 'steps'} done`);
  }

  card(entry) {
    const text = () => curl({ request: { method: entry.method, url: entry.url, headers: Object.hasOwn(entry, 'body') ? { 'Content-Type': 'application/json' } : {}, body: entry.body, body_encoding: Object.hasOwn(entry, 'body') ? 'json' : 'none' } });
    const { nearest } = entry;
    return h('li', { class: 'panel awaits', 'data-step': entry.step },
      h('div', { class: 'awaits-head' }, h('h2', {}, say(entry.title || entry.step, 200)), h('span', { class: 'soft' }, 'step ', say(entry.step, 80)), entry.optional ? chip('not_seen', 'optional') : null,
        h('span', { class: 'left' }, countdown(entry.expires, 'wall'), h('span', { class: 'soft' }, ' left'))),
      entry.url ? h('div', { class: 'wanted' }, h('code', { class: 'request', tabindex: '0', role: 'region', 'aria-label': 'Request' }, h('b', {}, say(entry.method, 20)), ' ', say(entry.url, 1000)), copyButton(text, `Copy as curl: ${entry.step}`, 'Copy as curl'))
        : h('p', {}, 'Our seller delivers ', h('b', {}, say(entry.event || 'an event', 100)), ' to your listener; take it with 204.'),
      entry.operation ? h('p', { class: 'meta' }, say(entry.operation, 120)) : null,
      entry.state ? h('p', {}, 'until it shows ', entry.state.map((state, index) => [index ? ' or ' : '', h('b', {}, say(state, 80))]), entry.seen ? h('span', { class: 'soft' }, ' · last shown: ', say(entry.seen, 80)) : null) : null,
      nearest ? h('p', { class: 'hint odd' }, 'Nearest so far was ', h('a', { href: runAddress(feed.waiting.run, 'exchange', nearest.exchange) }, `exchange ${nearest.exchange}`), ': ', say(nearest.reason, 600)) : null,
      Object.hasOwn(entry, 'body') ? h('details', { 'data-key': `sample:${entry.step}`, open: true }, h('summary', {}, 'A body that would do'), codeBlock(jsonLines(entry.body), { label: `Sample body of ${plainly(entry.step, 80)}` })) : null);
  }

  render() {
    const told_ = feed.waiting;
    if (told_ && told_.run) Object.assign(this, { last: told_.run, steps: told_.steps });
    const ended = this.last && !(told_ && told_.url) ? feed.run(this.last) : null;
    this.showHead(!told_ || !told_.url ? { last: this.last, steps: this.steps, verdict: ended && !isRunning(ended) ? ended.verdict : null } : { steps: told_.steps, scenario: told_.scenario, case: told_.case, url: told_.url, run: told_.run, status: told_.status, verdict: told_.verdict, awaited: (told_.awaited || []).map(() => 0) });
    const open = told_ && told_.status !== 'ended' ? told_.awaited || [] : [];
    this.entries.show(open, (entry) => entry.step);
    this.list.hidden = !open.length;
    this.foot.hidden = !told_ || !told_.url || told_.status === 'ended' || !feed.can('done');
    return this.element;
  }
}
