// The command line that does what a button does: the same that the console answers when it has been done.
const shellWord = (value) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(String(value)) ? String(value) : `'${String(value).replaceAll("'", `'"'"'`)}'`);
const WORDS = {
  advance: ({ by }) => [by],
  make: ({ kind, body, ...options }) => [kind, { ...options, ...(body ? { body: JSON.stringify(body) } : {}) }],
  set: ({ kind, id, body, ...options }) => [kind, id, JSON.stringify(body), options],
  move: ({ kind, id, state, ...options }) => [kind, id, state, options],
  do: ({ kind, verb, id, with: said, ...options }) => [kind, verb, ...(id ? [id] : []), { ...options, ...(said ? { with: JSON.stringify(said) } : {}) }],
  event: ({ api, event, id, ...options }) => [api, event, id, options],
  fault: ({ operation, ...options }) => [...(operation ? [operation] : []), options],
  restore: ({ file, ...options }) => [file, options],
};

function optionWords(options) {
  return Object.entries(options).flatMap(([name, value]) => {
    const dashed = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (value === null || value === undefined || value === false) return [];
    if (value === true) return [dashed];
    return [dashed, typeof value === 'object' ? Object.values(value).join(':') : value];
  });
}

function commandOf(action, given) {
  const words_ = (WORDS[action] || ((options) => [options]))(given).flatMap((word) => (typeof word === 'object' ? optionWords(word) : [word]));
  return ['oit', 'control', action, ...words_].map(shellWord).join(' ');
}
