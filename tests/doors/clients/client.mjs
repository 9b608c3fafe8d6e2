// Node's fetch. `node client.mjs PLAN`
import { readFileSync } from 'node:fs';
import http from 'node:http';

const told = (name, status, body) => console.log([name, status, body].join('\t'));
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
// fetch knows no Expect, so that one is asked with what Node has besides.
const expecting = (url, method, body) => new Promise((done, failed) => {
  const headers = { 'Content-Type': 'application/json;charset=utf-8', Expect: '100-continue', 'Content-Length': Buffer.byteLength(body) };
  const asked = http.request(url, { method, headers, agent }, async (got) => {
    let text = '';
    for await (const part of got) text += part;
    done([got.statusCode, text]);
  });
  asked.on('continue', () => asked.end(body)).on('error', failed).flushHeaders();
});
for (const row of readFileSync(process.argv[2], 'utf8').trim().split('\n')) {
  const [name, method, url, body, how] = row.split('\t');
  if (how === 'expect') {
    told(name, ...await expecting(url, method, body));
    continue;
  }
  const stream = how === 'chunked' ? new Blob([body]).stream() : body;
  const sent = body ? { body: stream, duplex: 'half', headers: { 'Content-Type': 'application/json;charset=utf-8' } } : {};
  const got = await fetch(url, { method, ...sent });
  told(name, got.status, await got.text());
}
agent.destroy();
