// Bodies as numbered lines, each with the JSON Pointer that it stands for.
const FIRST_LINES = 400;
const AROUND = 6;
const TEXT_LINE = 2000;

const literal = (value) => toJson(value).replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

// [{depth, key, open, value, close, pointer}]: `open` is a bracket, `value` a scalar.
function jsonLines(root) {
  const lines = [];
  const walk = (value, key, pointer, depth, comma) => {
    if (value !== null && typeof value === 'object' && !isNumber(value)) {
      const [left, right] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
      const names = Object.keys(value);
      if (!names.length) {
        lines.push({ depth, key, mark: `${left}${right}${comma}`, pointer });
        return;
      }
      lines.push({ depth, key, mark: left, pointer });
      names.forEach((name, index) => {
        walk(value[name], Array.isArray(value) ? null : name, `${pointer}/${escapeToken(name)}`, depth + 1, index < names.length - 1 ? ',' : '');
      });
      lines.push({ depth, key: null, mark: right + comma, pointer: null });
    } else {
      lines.push({ depth, key, value, scalar: true, mark: comma, pointer });
    }
  };
  walk(root, null, '', 0, '');
  return lines;
}

const textLines = (text) => text.split('\n').flatMap((line) => {
  const pieces = [];
  for (let start = 0; start < Math.max(line.length, 1); start += TEXT_LINE) pieces.push(line.slice(start, start + TEXT_LINE));
  return pieces;
}).map((piece) => ({ text: piece, pointer: null }));

// The line of a pointer, or of the nearest thing around it that is there.
function lineOf(lines, pointer) {
  const places = new Map(lines.map((line, index) => [line.pointer, index]));
  let place = pointer.startsWith('/') ? pointer : '';
  while (!places.has(place) && place) place = place.slice(0, place.lastIndexOf('/'));
  return { index: places.get(place) ?? 0, exact: place === pointer };
}

function lineContent(line, link) {
  if (line.text !== undefined) return say(line.text, TEXT_LINE);
  const parts = ['  '.repeat(line.depth)];
  if (line.key !== null && line.key !== undefined) parts.push(h('span', { class: 'j-key' }, literal(line.key)), ': ');
  if (line.scalar) {
    const text = literal(line.value);
    const kind = typeof line.value === 'string' ? 'j-text' : 'j-word';
    parts.push(longText(text, kind), line.mark);
    const origin = link && link(line);
    if (origin) parts.push(' ', origin);
  } else {
    parts.push(line.mark);
  }
  return h('bdi', {}, parts);
}

function longText(text, kind) {
  if (text.length <= TEXT_LINE) return h('span', { class: kind }, text);
  const place = h('span', { class: kind }, `${text.slice(0, TEXT_LINE)}…`);
  const more = h('button', { type: 'button', class: 'more', onclick: () => { more.remove(); place.textContent = ''; pour(place, text); } },
    `show all ${text.length.toLocaleString('en')} characters`);
  return h('span', {}, place, ' ', more);
}

// A stranger's text that may be long, with a button for the rest.
function longSay(text) {
  if (text.length <= TEXT_LINE) return say(text, TEXT_LINE);
  const place = h('span', {}, say(text, TEXT_LINE), ' ');
  place.append(h('button', { type: 'button', class: 'more', onclick: () => {
    place.replaceChildren(...textLines(text).map((line) => h('span', { class: 'piece' }, say(line.text, TEXT_LINE))));
  } }, `show all ${text.length.toLocaleString('en')} characters`));
  return place;
}

// Long text in pieces of which a browser lays out only those in sight.
function pour(place, text) {
  for (let start = 0; start < text.length; start += 20000) {
    place.append(h('span', { class: 'piece' }, text.slice(start, start + 20000)));
  }
}

// A body as lines with pins. `pins` is index -> {kind, label, note: Node}[]; `link` answers an element behind a value.
function codeBlock(lines, { pins = new Map(), link = null, label = 'body' } = {}) {
  const block = h('div', { class: 'code', role: 'region', tabindex: '0', 'aria-label': label });
  const shown = segments(lines.length, [...pins].filter(([, list]) => list.some((pin) => pin.open)).map(([index]) => index));
  for (const [from, to, visible] of shown) block.append(visible ? linesFrom(lines, from, to, pins, link) : gap(lines, from, to, pins, link));
  return block;
}

function segments(length, wanted) {
  if (length <= FIRST_LINES) return [[0, length, true]];
  const spans = [[0, FIRST_LINES], ...wanted.sort((a, b) => a - b).slice(0, 50).map((index) => [Math.max(0, index - AROUND), Math.min(length, index + AROUND + 1)])];
  const found = [];
  let end = 0;
  for (const [from, to] of spans) {
    if (to <= end) continue;
    if (from > end) found.push([end, from, false]);
    found.push([Math.max(from, end), to, true]);
    end = to;
  }
  if (end < length) found.push([end, length, false]);
  return found;
}

function gap(lines, from, to, pins, link) {
  const button = h('button', { type: 'button', class: 'gap', onclick: () => {
    const whole = h('div', {});
    button.replaceWith(whole);
    pourLines(whole, lines, from, to, pins, link);
  } }, `show all: ${count(to - from, 'more line')}`);
  return button;
}

// A thousand lines at a time, so that the page goes on answering.
function pourLines(place, lines, from, to, pins, link) {
  const next = Math.min(to, from + 1000);
  place.append(linesFrom(lines, from, next, pins, link));
  if (next < to) requestAnimationFrame(() => pourLines(place, lines, next, to, pins, link));
}

function linesFrom(lines, from, to, pins, link) {
  const some = h('div', { class: 'some' });
  for (let index = from; index < to; index += 1) {
    const mine = pins.get(index) || [];
    const row = h('div', { class: `ln${mine.some((pin) => pin.open) ? ` pinned v-${mine.find((pin) => pin.open).kind}` : ''}`, 'data-line': index + 1 },
      h('span', { class: 'no', 'aria-hidden': 'true' }, index + 1), h('span', { class: 'pins' }, pinButton(mine)), h('code', {}, lineContent(lines[index], link)));
    some.append(row);
    for (const pin of mine.filter((each) => each.open)) some.append(h('div', { class: `note v-${pin.kind}` }, pin.note()));
  }
  return some;
}

function pinButton(pins) {
  if (!pins.length) return null;
  const first = pins.find((pin) => pin.open) || pins[0];
  const quiet = pins.filter((pin) => !pin.open);
  const glyph = VERDICTS[first.kind].glyph;
  const label = pins.map((pin) => pin.label).join('; ');
  if (!quiet.length) return h('span', { class: `pin v-${first.kind}`, role: 'img', 'aria-label': plainly(label), title: plainly(label) }, glyph);
  const button = h('button', { type: 'button', class: `pin v-${first.kind}`, 'aria-expanded': 'false', 'aria-label': plainly(label), title: plainly(label), onclick: () => {
    const open = button.getAttribute('aria-expanded') === 'true';
    button.setAttribute('aria-expanded', String(!open));
    const row = button.closest('.ln');
    if (open) row.nextElementSibling.remove();
    else row.after(h('div', { class: `note v-${quiet[0].kind}` }, quiet.map((pin) => h('div', {}, pin.note()))));
  } }, glyph);
  return button;
}
