// What the live views are made of: lists that change only where their data do, times that count, buttons with their command.

// A place of our own server, which `href` of `h` does not take.
function away(place, attributes, ...children) {
  const link = h('a', attributes, ...children);
  link.setAttribute('href', place);
  return link;
}

// The rows of a list by key: one whose data did not change stays the element that it is.
class Keyed {
  constructor(parent, make) {
    this.parent = parent;
    this.make = make;
    this.kept = new Map();
  }

  show(rows, keyOf) {
    const wanted = new Set(rows.map(keyOf));
    for (const [key, one] of this.kept) if (!wanted.has(key)) { one.element.remove(); this.kept.delete(key); }
    let before = null;
    for (const row of rows) {
      const key = keyOf(row);
      const sign = JSON.stringify(row);
      let one = this.kept.get(key);
      if (!one || one.sign !== sign) {
        const element = this.make(row);
        if (one) keeping(() => one.element.replaceWith(element));
        one = { element, sign };
        this.kept.set(key, one);
      }
      const spot = before ? before.nextSibling : this.parent.firstChild;
      if (one.element !== spot) this.parent.insertBefore(one.element, spot);
      before = one.element;
    }
  }
}

// A part that is made anew only when what it shows has changed.
function part(element, make) {
  let last;
  return (data) => {
    const sign = JSON.stringify(data);
    if (sign === last) return;
    last = sign;
    keeping(() => fill(element, make(data)));
  };
}

// How long until a moment, counted down by the emulator's time or by the wall's.
function countdown(moment, by = 'emulator') {
  const place = h('time', { class: 'until', datetime: moment, title: plainly(moment), 'data-by': by });
  tick(place);
  return place;
}

function tick(place) {
  const now = place.getAttribute('data-by') === 'emulator' ? feed.now : Date.now() + skew;
  const left = (Date.parse(place.getAttribute('datetime')) - now) / 1000;
  const text = left > 0 ? span(left) : 'due';
  if (place.textContent !== text) place.textContent = text;
}

setInterval(() => { for (const place of document.querySelectorAll('time.until')) tick(place); }, 1000);

const stamp = (moment) => h('time', { datetime: moment }, h('span', { class: 'soft' }, day(moment)), ' ', clock(moment));
// The date only where it is not the emulator’s today.
const brief = (moment) => (day(moment) === new Date(feed.now).toISOString().slice(0, 10) ? h('time', { datetime: moment, class: 'brief', title: plainly(moment) }, clock(moment)) : stamp(moment));
const wide = (label, table) => h('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': label }, table);

// A table with its caption for screen readers; `rows` are arrays of cells, the first of each its head.
function grid(label, heads, rows) {
  return h('table', { class: 'grid-of' }, h('caption', { class: 'sr' }, label), h('thead', {}, h('tr', {}, heads.map((head) => h('th', { scope: 'col' }, head)))),
    h('tbody', {}, rows.map(([first, ...cells]) => h('tr', {}, h('th', { scope: 'row' }, first), cells.map((cell) => h('td', {}, cell))))));
}

function copyButton(what, label, shown = 'Copy') {
  const button = h('button', { type: 'button', class: 'button copy', 'aria-label': label, onclick: async () => {
    let told_ = 'Copied';
    try { await navigator.clipboard.writeText(what()); } catch { told_ = 'Not allowed'; }
    button.textContent = told_;
    announce(told_ === 'Copied' ? 'Copied.' : 'The browser does not let this page copy.');
    setTimeout(() => { button.textContent = shown; }, 1500);
  } }, shown);
  return button;
}

const region = h('p', { class: 'sr', role: 'status' });
function announce(text) { region.textContent = text; }

let fields = 0;

// A labelled input. `about` is said under it.
function field(label, input, about) {
  fields += 1;
  input.id = input.id || `field-${fields}`;
  const said = about ? h('span', { class: 'about', id: `${input.id}-about` }, about) : null;
  if (said) input.setAttribute('aria-describedby', said.id);
  return h('span', { class: 'field' }, h('label', { for: input.id }, label), input, said);
}

const line = (attributes) => h('input', { type: 'text', class: 'line', autocomplete: 'off', spellcheck: 'false', ...attributes });

const area = (attributes) => h('textarea', { class: 'line', rows: '4', autocomplete: 'off', spellcheck: 'false', ...attributes });

// What was written as a JSON object: {value}, or {problem} where it is none; nothing written is an empty one.
function readObject(text) {
  if (!text.trim()) return { value: {} };
  try {
    const value = JSON.parse(text);
    return value && typeof value === 'object' && !Array.isArray(value) ? { value } : { problem: 'Write a JSON object: {"member": …}.' };
  } catch (error) {
    return { problem: `This is no JSON: ${error.message}` };
  }
}

// The options of a select by value; what was chosen stays chosen where it is still there.
function offer(select, options) {
  const sign = JSON.stringify(options);
  if (select.dataset.sign === sign) return;
  const chosen = select.value;
  select.dataset.sign = sign;
  fill(select, options.map(([value, text]) => h('option', { value }, plainly(text, 120))));
  if (options.some(([value]) => value === chosen)) select.value = chosen;
}

// A form whose button does something, with the command line that does the same, and what came of it.
// `given()` answers the parameters, or {problem} where something is missing; `act` is what happens instead of a plain POST;
// `sure(parameters)` is what the reader is asked before, null where nothing has to be asked.
function control({ action, label, inputs = [], given = () => ({}), act, sure, strong = false }) {
  const command = h('code', { class: 'command' });
  const said = h('p', { class: 'did', role: 'status' });
  const button = h('button', { type: 'submit', class: `button act${strong ? ' strong' : ''}`, 'data-focus': `do:${action}:${label}` }, label);
  const say_ = (text, kind) => fill(Object.assign(said, { className: `did ${kind}` }), text);
  const refresh = () => {
    const parameters = given();
    const text = parameters.problem ? '' : commandOf(action, parameters);
    if (command.textContent !== text) command.textContent = text;
    form.classList.toggle('lacking', Boolean(parameters.problem));
    form.classList.toggle('long', text.length > 34);
  };
  const submit = async (event) => {
    event.preventDefault();
    const parameters = given();
    if (parameters.problem) { say_(parameters.problem, 'refused'); return; }
    const question = sure && sure(parameters);
    if (question && !(await askFirst(question, label))) { say_('Left as it was.', ''); return; }
    button.disabled = true;
    try {
      const done = act ? await act(parameters) : await (await post(action, parameters)).json();
      say_(['✓ ', say(done.did, 600)], 'done');
    } catch (error) {
      say_(['✕ ', say(error.message, 600), error.legal && error.legal.length ? [' Possible: ', say(error.legal.join(', '), 600)] : null], 'refused');
    }
    button.disabled = false;
    if (document.activeElement === document.body) button.focus();
    feed.readState();
  };
  const form = h('form', { class: 'control', onsubmit: submit, oninput: refresh, onchange: refresh, 'data-action': action },
    inputs.length ? h('div', { class: 'inputs' }, inputs) : null,
    h('div', { class: 'control-line' }, button, command, copyButton(() => command.textContent, `Copy the command: ${label}`)), said);
  refresh();
  return { element: form, refresh };
}

// Asks in a dialog, which Escape closes; answers whether the reader agreed.
function askFirst(question, yes) {
  return new Promise((resolve) => {
    const dialog = h('dialog', { class: 'asked', 'aria-labelledby': 'asked-text', onclose: () => { dialog.remove(); resolve(dialog.returnValue === 'yes'); } },
      h('p', { id: 'asked-text' }, question),
      h('p', { class: 'asked-line' },
        h('button', { type: 'button', class: 'button', autofocus: true, onclick: () => dialog.close('no') }, 'Leave it'),
        h('button', { type: 'button', class: 'button strong', onclick: () => dialog.close('yes') }, yes)));
    document.body.append(dialog);
    dialog.showModal();
  });
}
