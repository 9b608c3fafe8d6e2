// The command line that does what a button does.
const shellWord = (value) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(String(value)) ? String(value) : `'${String(value).replaceAll("'", "'\\''")}'`);

function commandOf(action, given) {
  return ['oit', 'control', action, ...Object.entries(given).map(([k, v]) => `--${k} ${shellWord(v)}`)].join(' ');
}
