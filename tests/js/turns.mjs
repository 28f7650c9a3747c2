/** A clock that is turned by hand, in the form that the stream's parts take. */

export class Clock {
  time = 1_000_000;
  #jobs = [];
  #ids = 0;

  turns({ hidden = () => false } = {}) {
    return {
      now: () => this.time,
      later: (run, ms) => this.#add(run, ms),
      cancel: (id) => this.#remove(id),
      nextFrame: (run) => this.#add(run, 16),
      cancelFrame: (id) => this.#remove(id),
      hidden,
    };
  }

  /** Let this much time pass, running what falls due in order. */
  pass(ms) {
    const end = this.time + ms;
    for (;;) {
      const next = this.#jobs.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at || a.id - b.id)[0];
      if (!next) break;
      this.time = next.at;
      this.#remove(next.id);
      next.run();
    }
    this.time = end;
  }

  #add(run, ms) {
    const id = ++this.#ids;
    this.#jobs.push({ id, run, at: this.time + ms });
    return id;
  }

  #remove(id) {
    this.#jobs = this.#jobs.filter((job) => job.id !== id);
  }
}

/** Links that are never opened by themselves: a test says what happens on them. */
export class Links {
  all = [];

  opener(kind) {
    return (...args) => {
      const on = args.at(-1);
      const link = { kind, on, address: args.length > 1 ? args[0] : "", sent: [], closed: false };
      this.all.push(link);
      return {
        send: (verb) => !link.closed && Boolean(link.sent.push(verb)),
        close: () => (link.closed = true),
      };
    };
  }

  get last() {
    return this.all.at(-1);
  }

  get open() {
    return this.all.filter(({ closed, ended }) => !closed && !ended);
  }
}

/** What a server does on a link. */
export const server = {
  accept: (link, connection = 1) => {
    link.on.open();
    server.say(link, { type: "hello", connection, heads: {} });
  },
  say: (link, frame) => {
    link.on.alive();
    link.on.frame(frame);
  },
  end: (link, end) => {
    link.ended = true;
    link.on.close(end);
  },
};

/** Small, seeded, the same everywhere: failures can be played again. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
