// Elements from data. Whatever a stranger sent becomes a text node; nothing is ever read as HTML.
const OIT = {};
const SVG_SPACE = 'http://www.w3.org/2000/svg';
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function put(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'href') element.setAttribute('href', String(value).startsWith('#') ? value : '#');
    else element.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

function h(tag, attributes, ...children) {
  return put(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return put(document.createElementNS(SVG_SPACE, tag), attributes, children);
}

// Like replaceChildren, but what is null is left out.
function fill(element, ...children) {
  element.replaceChildren();
  return put(element, {}, children);
}

const codePoint = (character) => `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}`;

// A stranger's text: kept apart from the direction of what stands around it, with what cannot be seen spelled out.
function say(text, limit = 400) {
  let shown = String(text);
  const cut = shown.length > limit;
  if (cut) shown = shown.slice(0, limit);
  const place = h('bdi');
  let last = 0;
  for (const found of shown.matchAll(UNSEEN)) {
    place.append(shown.slice(last, found.index));
    place.append(h('span', { class: 'unseen' }, codePoint(found[0])));
    last = found.index + found[0].length;
  }
  place.append(shown.slice(last) + (cut ? '…' : ''));
  return place;
}

// The same for attributes such as aria-label, which can hold no elements.
const plainly = (text, limit = 200) => {
  const shown = String(text).replace(UNSEEN, (character) => `[${codePoint(character)}]`);
  return shown.length > limit ? `${shown.slice(0, limit)}…` : shown;
};

// Numbers that no double holds, or that JavaScript would write otherwise, come as {NUMBER: text}.
const NUMBER = '\u0000n';
const isNumber = (value) => value !== null && typeof value === 'object' && Object.hasOwn(value, NUMBER) && /^-?[0-9.eE+-]+$/.test(value[NUMBER]);
const toJson = (value) => JSON.stringify(value).replace(/\{"\\u0000n":"(-?[0-9.eE+-]+)"\}/g, '$1');
const told = (value) => toJson(value);
const WORDS = ['given', 'absent', 'nothing', 'object', 'array', 'string', 'number', 'integer', 'boolean', 'null', 'date', 'date-time', 'uri', 'uri-reference', 'uri-template', 'uuid', 'ipv4', 'ipv6', 'uniqueItems'];
// What was expected: a value as JSON has it, a word or a phrase of ours as it is.
const hoped = (value) => (typeof value === 'string' && (WORDS.includes(value) || value.includes(' ')) ? value : told(value));
const count = (number, one, many = `${one}s`) => `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
// So many findings of a verdict.
const numbered = (number, verdict) => (['fail', 'warning', 'error'].includes(verdict) ? count(number, VERDICTS[verdict].name, { fail: 'breaches', warning: 'warnings', error: 'errors of ours' }[verdict]) : `${number.toLocaleString('en')} ${VERDICTS[verdict].name}`);
const words = (name) => String(name).replaceAll('_', ' ');

const VERDICTS = {
  fail: { glyph: '✕', name: 'breach' },
  error: { glyph: '‼', name: 'our error' },
  disputed: { glyph: '≠', name: 'disputed' },
  warning: { glyph: '!', name: 'warning' },
  pass: { glyph: '✓', name: 'satisfied' },
  not_seen: { glyph: '–', name: 'not seen' },
  not_applicable: { glyph: '·', name: 'not applicable' },
  not_on_wire: { glyph: '∅', name: 'not on the wire' },
  inconclusive: { glyph: '?', name: 'inconclusive' },
  excused: { glyph: '⊘', name: 'excused' },
  skipped: { glyph: '·', name: 'skipped' },
  neutral: { glyph: '', name: 'not judged' },
};
const RUN_WORDS = { pass: 'Passed', fail: 'Failed', inconclusive: 'Inconclusive', error: 'Our error', skipped: 'Skipped' };
const RUN_ORDER = ['fail', 'error', 'inconclusive', 'skipped', 'pass']; // the gravest first
const OUTCOMES = {
  passed: 'pass', unmet: 'inconclusive', skipped: 'not_applicable', blocked: 'inconclusive', never_arrived: 'inconclusive',
  inconclusive: 'inconclusive', error: 'error',
};
const WHOSE = {
  buyer: 'the Buyer’s', seller: 'the Seller’s', spec: 'nobody’s: the standard contradicts itself', scenario: 'the scenario’s',
  transport: 'unknown: the message did not get through', emulator: 'ours: a mistake in OIT', nobody: 'nobody’s',
  inputs: 'nobody’s: what the run was given does not fit (data, credentials, address, profile)',
};
const isTested = ({ sut, roles }, party) => (roles ? roles[party] === 'underTest' : sut === party);

const WHO = {
  buyer: 'Buyer', seller: 'Seller', spec: 'The standard', scenario: 'The scenario', transport: 'Lost on the way', emulator: 'OIT', nobody: 'Nobody',
  inputs: 'What the run was given',
};

function chip(verdict, text) {
  const known = VERDICTS[verdict] || VERDICTS.neutral;
  return h('span', { class: `chip v-${verdict}` }, h('span', { class: 'glyph', 'aria-hidden': 'true' }, known.glyph), ' ', text || known.name);
}

const clock = (moment) => moment.slice(11, 19);
const day = (moment) => moment.slice(0, 10);

function span(seconds) {
  const parts = [[Math.floor(seconds / 86400), 'd'], [Math.floor(seconds / 3600) % 24, 'h'], [Math.floor(seconds / 60) % 60, 'min'], [Math.floor(seconds) % 60, 's']];
  return parts.filter(([number]) => number).slice(0, 2).map(([number, unit]) => `${number} ${unit}`).join(' ') || '0 s';
}
