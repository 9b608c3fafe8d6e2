// State machines: the standard's diagram of each resource, and the way that it took.
const BOX = { width: 150, height: 34, column: 250, row: 62, margin: 24 };

function machinesView(app) {
  const { model, route } = app;
  const lives = model.lives.map((life, index) => ({ life, index, found: model.findingsOfLife(life), wrong: life.edges.some((edge) => !edge.legal) })).filter(({ life }) => life.machine);
  const chosen = lives.find(({ index }) => route.name === 'life' && index === Number(route.argument) - 1) || gravestLife(lives);
  if (!chosen) return h('div', { class: 'page' }, h('h1', {}, 'State machines'), h('p', { class: 'calm' }, 'No resource that has states was seen in this run.'));
  return h('div', { class: 'machines' },
    h('nav', { class: 'picker', 'aria-label': 'Resources', 'data-scroll': 'picker', tabindex: '0' }, h('ul', {}, lives.map(({ life, index, found: mine, wrong }) => {
      const gravest = worst(mine.map(({ finding }) => finding.verdict));
      return h('li', { class: life.item === null ? '' : 'item' }, h('a', { href: app.link('life', index + 1), 'aria-current': index === chosen.index ? 'true' : null, 'data-focus': `life:${index}` },
        h('b', {}, life.item === null ? words(life.kind) : h('span', {}, 'item ', say(life.item, 40))), life.item === null ? h('span', { class: 'soft id' }, life.leg ? [say(life.leg, 40), ' '] : null, say(life.id, 100)) : null,
        h('span', { class: 'state' }, say(life.state || '')), wrong ? chip('fail', 'illegal change') : null, gravest ? chip(gravest, count(mine.length, 'finding')) : null));
    }))),
    h('section', { class: 'machine', 'data-scroll': 'machine', tabindex: '0', 'aria-label': 'State machine' }, machineOf(app, chosen.life, chosen.found)));
}

// The resource to look at: one that changed as it may not, else the one with the gravest finding, else the first.
function gravestLife(lives) {
  const rank = ({ found: mine, wrong }) => (wrong ? -1 : mine.length ? GRAVITY.indexOf(worst(mine.map(({ finding }) => finding.verdict))) : GRAVITY.length);
  return lives.reduce((best, each) => (!best || rank(each) < rank(best) ? each : best), null);
}

function machineOf(app, life, found_) {
  const machine = app.model.catalogue.machines[life.machine];
  const guide = (app.model.catalogue.guides || {})[machine.guide] || {};
  return h('div', {}, h('h1', {}, life.item === null ? words(life.kind) : h('span', {}, words(life.kind), ' item ', say(life.item, 60))),
    h('p', { class: 'meta' }, life.leg ? [say(life.leg, 40), ' · '] : null, say(life.id, 100), ` · ${life.machine}, ${machine.guide}${guide.function ? ` ${guide.function}` : ''}`),
    h('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Diagram' }, drawMachine(machine, life, found_)),
    h('p', { class: 'legend-line' }, h('span', { class: 'k path' }), ' went this way ', h('span', { class: 'k unseen-edge' }), ' must have gone, unseen ', h('span', { class: 'k' }), ' possible ', h('span', { class: 'k bad' }), ' not allowed', found_.length ? [' · coloured by its gravest finding where there is one'] : null),
    findingsOn(app, found_),
    h('table', { class: 'edges' }, h('caption', {}, 'The way it took, and who saw it'), h('thead', {}, h('tr', {}, ['When', 'From', 'To', 'By the standard', 'Witnesses'].map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, life.edges.map((edge) => {
        const clause = machine.edges.find((arrow_) => arrow_.from === edge.from && arrow_.to === edge.to);
        return h('tr', { class: edge.legal ? '' : 'v-fail' }, h('td', {}, edge.at.slice(0, 19).replace('T', ' ')), h('td', {}, edge.from ? say(edge.from) : h('em', {}, 'creation')), h('td', {}, say(edge.to)),
          h('td', {}, edge.legal ? edge.unseen ? chip('not_seen', 'unseen, allowed') : chip('pass', 'allowed') : chip('fail', 'not allowed'), clause ? h('span', { class: 'soft' }, ` ${clause.clause}, by ${clause.by === 'time' ? 'time' : `the ${clause.by}`}${clause.note ? `: ${clause.note}` : ''}`) : null),
          h('td', {}, edge.witnesses.map((witness) => [h('a', { href: app.link('exchange', witness.exchange) }, `${witness.by} #${witness.exchange}`), ' '])));
      }))), timelineOf(app, life));
}

const FINDINGS_ON = 20;

// The findings on what showed a resource: one row for those of one rule and place.
function findingsOn(app, found_) {
  if (!found_.length) return null;
  const causes = [...group(found_, ({ finding }) => `${finding.rule} ${finding.verdict} ${finding.blame} ${finding.pointer.replace(/\/[0-9]+(?=\/|$)/g, '/*')}`).values()];
  causes.sort((one, other) => GRAVITY.indexOf(one[0].finding.verdict) - GRAVITY.indexOf(other[0].finding.verdict));
  return h('section', { class: 'life-findings' }, h('h2', {}, count(found_.length, 'finding'), ' on it'), h('ul', { class: 'plain' }, causes.slice(0, FINDINGS_ON).map(([{ finding, state }, ...more]) => h('li', {}, chip(finding.verdict), ' ',
    h('a', { href: app.link('finding', finding.number) }, finding.requirements[0] || say(finding.rule)), state ? h('span', { class: 'soft' }, ' in ', say(state, 80)) : null, ' ', say(finding.message, 200), more.length ? h('span', { class: 'soft' }, ` and ${more.length} more`) : null))),
  causes.length > FINDINGS_ON ? h('p', { class: 'soft' }, `and ${causes.length - FINDINGS_ON} more`) : null);
}

// What had to be told of a resource, and was.
function timelineOf(app, life) {
  const page = life.item === null && (app.model.run.events || []).find((each) => each.kind === life.kind && each.id === life.id && each.leg === life.leg);
  if (!page) return null;
  return h('table', { class: 'events' }, h('caption', {}, 'Its notifications, and what they tell of'), h('thead', {}, h('tr', {}, ['When', 'Exchange', 'What', 'Of the event'].map((name) => h('th', { scope: 'col' }, name)))),
    h('tbody', {}, page.timeline.map((line) => h('tr', {}, h('td', {}, line.at.slice(0, 19).replace('T', ' ')), h('td', {}, line.exchange === null ? '' : exchangeLink(app, line.exchange)), h('td', {}, say(line.text, 400)),
      h('td', {}, (line.marks || []).map((mark) => [chip(ODD_MARKS.has(mark) ? 'warning' : mark === 'delivered' ? 'pass' : 'not_seen', words(mark)), ' ']))))));
}

// `found_` are the findings on the resource: they colour the states in which it was then, and the changes that were seen there.
function drawMachine(machine, life, found_ = []) {
  const hurtStates = group(found_, ({ state }) => state);
  const hurtExchanges = group(found_, ({ exchange }) => exchange);
  const gravest = (rows) => worst(rows.map(({ finding }) => finding.verdict));
  const places = Object.entries(machine.places);
  const columns = Math.max(...places.map(([, [column]]) => column)) + 1;
  const rows = Math.max(...places.map(([, [, row]]) => row)) + 1;
  const left = BOX.margin + 46;
  const where = (state) => { const [column, row] = machine.places[state]; return { x: left + column * BOX.column, y: BOX.margin + 12 + row * BOX.row }; };
  const width = left + (columns - 1) * BOX.column + BOX.width + BOX.margin + 50;
  const height = BOX.margin * 2 + 12 + (rows - 1) * BOX.row + BOX.height + 30;
  const walked = new Map(life.edges.map((edge) => [`${edge.from}>${edge.to}`, edge]));
  const visited = new Set(life.edges.flatMap((edge) => [edge.from, edge.to]));
  const legal = machine.edges.map((edge) => ({ ...edge, seen: walked.get(`${edge.from}>${edge.to}`) }));
  const bad = life.edges.filter((edge) => !edge.legal && edge.from).map((edge) => ({ from: edge.from, to: edge.to, seen: edge }));
  const starts = machine.initial.map((state) => ({ from: null, to: state, seen: walked.get(`null>${state}`) }));
  const all = [...starts, ...legal, ...bad].sort((a, b) => Boolean(a.seen) - Boolean(b.seen));
  const labels = [];
  const hurtOf = (edge) => (edge.seen && edge.seen.legal ? gravest(edge.seen.witnesses.flatMap((witness) => hurtExchanges.get(witness.exchange) || [])) : null);
  const lines = all.map((edge) => drawEdge(edge, where, labels, hurtOf(edge)));
  const way = life.edges.map((edge) => `${edge.from || 'creation'} to ${edge.to}${edge.legal ? '' : ', which is not allowed'}`).join('; ');
  return svg('svg', { class: 'machine-drawing', viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': plainly(`State machine ${life.machine}. The way taken: ${way || 'none seen'}`, 1000) }, lines,
    places.map(([state]) => {
      const { x, y } = where(state);
      const mine = hurtStates.get(state) || [];
      const hurt = mine.length ? gravest(mine) : null;
      const kind = `${hurt ? ` hurt v-${hurt}` : ''}${visited.has(state) ? ' been' : ''}${state === life.state ? ' now' : ''}${machine.terminal.includes(state) ? ' end' : ''}`;
      return svg('g', { class: `box${kind}` }, svg('rect', { x, y, width: BOX.width, height: BOX.height, rx: machine.terminal.includes(state) ? 17 : 5 }), svg('text', { x: x + BOX.width / 2, y: y + 21 }, boxText(state, x)),
        hurt ? svg('text', { class: 'hurt-sign', x: x + BOX.width / 2, y: y - 5 }, `${VERDICTS[hurt].glyph} ${count(mine.length, 'finding')}`) : null);
    }), labels);
}

// A long name is written in two lines, broken at its dot or where a word begins.
function boxText(state, x) {
  if (state.length <= 20) return state;
  const spot = state.includes('.') ? state.indexOf('.') + 1 : state.length - state.slice(4).search(/[A-Z]/) > 0 ? 4 + state.slice(4).search(/[A-Z]/) : 10;
  return [svg('tspan', { x: x + BOX.width / 2, dy: -7 }, state.slice(0, spot)), svg('tspan', { x: x + BOX.width / 2, dy: 13 }, state.slice(spot))];
}

function drawEdge(edge, where, labels, hurt) {
  const to = where(edge.to);
  const seen = edge.seen;
  const kind = !seen ? '' : !seen.legal ? ' bad' : `${seen.unseen ? ' unseen-edge' : ' path'}${hurt ? ` hurt v-${hurt}` : ''}`;
  const middle = BOX.height / 2;
  const end = { x: to.x, y: to.y + middle };
  let path;
  let mark;
  let tip = `M${end.x} ${end.y} l-9 -4.5 v9 z`;
  if (edge.from === null) {
    path = `M${end.x - 34} ${end.y} H${end.x - 8}`;
    mark = null;
  } else {
    const from = where(edge.from);
    const start = { x: from.x + BOX.width, y: from.y + middle };
    if (to.x > from.x) {
      const far = to.x - from.x > BOX.column;
      const bend = far ? Math.min(from.y, to.y) - 26 : null;
      const dx = (end.x - start.x) / 2;
      if (far && from.y === to.y) path = `M${start.x} ${start.y} C${start.x + 60} ${bend} ${end.x - 60} ${bend} ${end.x - 8} ${end.y}`;
      else path = `M${start.x} ${start.y} C${start.x + dx} ${start.y} ${end.x - dx} ${end.y} ${end.x - 8} ${end.y}`;
      mark = { x: (start.x + end.x) / 2 - 4, y: far && from.y === to.y ? (start.y * 0.25 + bend * 0.75) : (start.y + end.y) / 2 };
    } else if (to.x === from.x) {
      const reach = 30 + Math.abs(to.y - from.y) / 6;
      path = `M${start.x} ${start.y} C${start.x + reach} ${start.y} ${start.x + reach} ${end.y} ${start.x + 8} ${end.y}`;
      tip = `M${start.x} ${end.y} l9 -4.5 v9 z`;
      mark = { x: start.x + reach * 0.78, y: (start.y + end.y) / 2 };
    } else {
      const low = Math.max(from.y, to.y) + BOX.height + 18;
      path = `M${from.x + BOX.width / 2} ${from.y + BOX.height} C${from.x + BOX.width / 2} ${low + 14} ${to.x + BOX.width / 2} ${low + 14} ${to.x + BOX.width / 2} ${to.y + BOX.height + 8}`;
      tip = `M${to.x + BOX.width / 2} ${to.y + BOX.height} l-4.5 9 h9 z`;
      mark = { x: (from.x + to.x + BOX.width) / 2, y: low + 6 };
    }
  }
  if (seen && mark && !seen.unseen) {
    const text = `${seen.legal ? '' : '✕ '}${clock(seen.at)}`;
    const wide = seen.legal ? 32 : 42;
    labels.push(svg('g', { class: `stamp${kind}` }, svg('rect', { x: mark.x - wide, y: mark.y - 9, width: wide * 2, height: 17, rx: 4 }), svg('text', { x: mark.x, y: mark.y + 4 }, text)));
  }
  return svg('g', { class: `edge${kind}` }, svg('path', { class: 'line', d: path }), svg('path', { class: 'tip', d: tip }), svg('title', {}, `${edge.from || 'creation'} → ${edge.to}${edge.clause ? ` (${edge.clause}, by ${edge.by})` : ''}`));
}
