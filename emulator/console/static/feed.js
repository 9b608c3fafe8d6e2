// What the server says, asked for anew when it tells of news: over one connection, by server-sent events.
class Refusal extends Error {
  constructor(status, told_) {
    super((told_ && told_.error) || `the console answered ${status}`);
    this.status = status;
    this.legal = (told_ && told_.legal) || [];
  }
}

// Milliseconds that the server's clock is ahead of this machine's; replies are dated to the second.
let skew = 0;

async function ask(path, options = {}) {
  const reply = await fetch(path, { cache: 'no-store', credentials: 'same-origin', ...options });
  const dated = Date.parse(reply.headers.get('date') || '');
  if (dated && Math.abs(dated - Date.now() - skew) > 1500) skew = dated - Date.now();
  if (!reply.ok) throw new Refusal(reply.status, await reply.json().catch(() => null));
  return reply;
}

const askJson = async (path) => (await ask(path)).json();

function post(action, body) {
  return ask(`/api/control/${action}`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-OIT': '1' }, body: JSON.stringify(body) });
}

// Does `work` when poked: one at a time, with a pause between that is longer where the work takes long, and once more where it was
// poked meanwhile.
function steadily(work, pause = 250) {
  let busy = false;
  let wanted = false;
  const poke = async () => {
    if (busy) { wanted = true; return; }
    busy = true;
    wanted = false;
    const began = performance.now();
    try { await work(); } catch { /* the connection is watched by the event stream, which says when it is lost */ }
    setTimeout(() => { busy = false; if (wanted) poke(); }, Math.max(pause, 2 * (performance.now() - began)));
  };
  return poke;
}

const KEPT_REPORTS = 3;

// `state` and `waiting` are the server's answers, `reports` those of runs that were opened last. Who follows is told by name:
// state, waiting, report (with the run's id), run (likewise), connection.
class Feed {
  constructor() {
    this.state = null;
    this.waiting = null;
    this.refused = null;
    this.connection = 'connecting';
    this.reports = new Map();
    this.asking = new Map();
    this.followers = [];
    this.readState = steadily(async () => {
      try {
        this.state = await askJson('/api/state');
      } catch (error) {
        if (error instanceof Refusal) { this.refused = error; this.tell('connection'); }
        throw error;
      }
      this.refused = null;
      this.stateAt = performance.now();
      this.tell('state');
      if (this.stale || this.state.waiting !== Boolean(this.waiting)) this.readWaiting();
      this.stale = false;
    });
    this.readWaiting = steadily(async () => {
      try {
        // Where nobody is waited for the answer is 404, which a browser tells as a mistake: it is not asked then.
        this.waiting = this.state && this.state.waiting ? await askJson('/api/waiting') : null;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        this.waiting = null;
      }
      this.tell('waiting');
    });
  }

  follow(follower) { this.followers.push(follower); }

  tell(what, id) { for (const follower of this.followers) follower(what, id); }

  run(id) { return this.state ? this.state.runs.find((run) => run.id === id) : undefined; }

  can(action) { return Boolean(this.state && this.state.capabilities.includes(action)); }

  // The emulator's time by now, in milliseconds: it goes on between two answers, at its own speed.
  get now() { return this.state && this.state.now ? Date.parse(this.state.now) + (performance.now() - this.stateAt) * this.state.speed : Date.now() + skew; }

  // A run's report as far as it is here: {version, report, model}, or {problem}; it is asked for where it is not.
  report(id) {
    const kept = this.reports.get(id);
    if (!kept) this.readReport(id);
    return kept;
  }

  readReport(id) {
    if (!this.asking.has(id)) this.asking.set(id, steadily(() => this.takeReport(id), 400));
    this.asking.get(id)();
  }

  async takeReport(id) {
    const row = this.run(id);
    let kept;
    try {
      const report = await askJson(`/api/runs/${encodeURIComponent(id)}/report`);
      kept = { version: row && row.version, report, model: new RunModel(report, catalogueOf(report)) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      kept = { problem: error };
    }
    this.reports.delete(id);
    this.reports.set(id, kept);
    for (const [old] of [...this.reports].slice(0, -KEPT_REPORTS)) { this.reports.delete(old); this.asking.delete(old); }
    this.tell('report', id);
  }

  listen() {
    const source = new EventSource('/api/events');
    const connected = (how) => {
      if (this.connection === how) return;
      this.connection = how;
      this.tell('connection');
    };
    source.onopen = () => {
      connected('live');
      this.catchUp();
    };
    source.onerror = () => {
      connected('lost');
      if (source.readyState === EventSource.CLOSED) {
        setTimeout(() => this.listen(), 2000);
        this.readState();
      }
    };
    source.addEventListener('run', (event) => {
      const { id } = JSON.parse(event.data);
      this.readState();
      if (this.reports.has(id)) this.readReport(id);
      this.tell('run', id);
    });
    source.addEventListener('state', () => this.readState());
    source.addEventListener('waiting', () => { this.stale = true; this.readState(); });
  }

  // After a connection: whatever happened meanwhile.
  catchUp() {
    this.readState();
    for (const id of this.reports.keys()) this.readReport(id);
    this.tell('run', null);
  }
}

const feed = new Feed();
