// What became of bills: what each item of them is for, what is missing, and what does not add up.
const STANDINGS = { disputed: 'fail', missing: 'warning', unexplained: 'inconclusive', explained: 'pass' };
const hasBills = (run) => Boolean(run && run.reconciliation);

function billsView(app) {
  const found = app.model.run.reconciliation;
  const lines = Object.keys(STANDINGS).flatMap((standing) => found.lines.filter((line) => line.standing === standing));
  const methods = { proRata: 'parts of a period', rounding: 'rounding', inAdvance: 'in advance', tolerance: 'let pass', cycles: 'cycles to wait' };
  return h('div', { class: 'page bills' },
    h('h1', {}, `Bills: ${found.bills}`),
    h('p', {}, Object.keys(STANDINGS).filter((standing) => found.counts[standing]).map((standing) => [chip(STANDINGS[standing], `${found.counts[standing]} ${standing}`), ' '])),
    h('p', { class: 'soft' }, 'No clause makes amounts agree: a line without one is plain logic. None of them decides anything.'),
    h('dl', { class: 'facts' }, Object.entries(methods).map(([name, title]) => h('div', {}, h('dt', {}, title), h('dd', {}, say(found.methods[name]))))),
    found.leftOut ? h('p', { class: 'soft' }, `${count(found.leftOut, 'item')} of trials and copies are in no sum.`) : null,
    billTable('What it comes to', ['Currency', '', 'Lines', 'Net', 'Tax', 'Fees', 'Billed', 'Difference'], found.totals.map((row) => [
      say(row.currency), chip(STANDINGS[row.standing], row.standing), amountCell(row.lines), ...['net', 'tax', 'fee', 'billed', 'difference'].map((name) => amountCell(row[name]))])),
    billTable('Items, and what is missing', ['', 'Why', 'Bill', 'Item or product', 'Days', 'Billed', 'Expected', 'Difference', 'Clause'], lines.map((line) => [
      chip(STANDINGS[line.standing], line.standing), [say(words(line.reason.replaceAll('-', ' '))), h('span', { class: 'sub soft' }, say(line.text))], say(line.bill || ''), say(line.item || line.product || ''),
      [line.from, line.to].filter(Boolean).join(' to '), ...['billed', 'expected', 'difference'].map((name) => amountCell(line[name], line.currency)), say(line.clause)])),
    found.billLines.length ? billTable('Bills as a whole', ['Bill', 'What', 'In words', 'Is', 'Expected', 'Difference', 'Clause'], found.billLines.map((line) => [
      say(line.bill || ''), say(line.formula), say(line.text), ...['billed', 'expected', 'difference'].map((name) => amountCell(line[name], line.currency)), say(line.clause)])) : null);
}

const amountCell = (value, unit) => ({ number: value === undefined ? '' : `${value}${unit ? ` ${plainly(unit, 10)}` : ''}` });

function billTable(title, heads, rows) {
  const cell = (value) => (value && value.number !== undefined ? h('td', { class: 'num' }, value.number) : h('td', {}, value));
  return h('table', { class: 'bills' }, h('caption', {}, title), h('thead', {}, h('tr', {}, heads.map((head) => h('th', { scope: 'col' }, head)))),
    h('tbody', {}, rows.map((row) => h('tr', {}, row.map(cell)))));
}
