'use strict';
// One backend: a listener on 127.0.0.1, its connections, the mode it is in, and what it counted.
// The demonstration runs one (main.js), the fault table one a row.
const net = require('node:net');
const tls = require('node:tls');
const { hash_of } = require('./people');
const { Refused, RequestReader } = require('./requests');
const { answer_to } = require('./services');
const { kModes, kOffTheAir, read_mode } = require('./modes');

const kControl = '/_control';
const kPortPatience = 20_000;  // ms to wait for its own port, when it comes back

/** One accepted connection, as modes see it. */
class Connection {
  constructor(raw) {
    this.raw = raw;     // the TCP socket
    this.socket = raw;  // what is spoken on: the TLS on top of it, once there is one
    this.ended = false;
    this.busy = false;        // a request is under way
    this.is_control = false;  // a control request came on it
    this.timers = new Set();
    this.end_of_it = new Promise((resolve) => (this.resolve_end = resolve));
    this.#watch(raw);
  }

  speak_tls(secure) {
    this.socket = new tls.TLSSocket(this.raw, { isServer: true, secureContext: secure });
    this.#watch(this.socket);
  }

  #watch(socket) {
    socket.on('error', () => this.finish());  // a client that went away: nothing to say to it
    socket.on('close', () => this.finish());
  }

  finish() {
    if (this.ended) return;
    this.ended = true;
    for (const wake of this.timers) wake(false);
    this.resolve_end();
    this.socket.destroy();
    this.raw.destroy();
  }

  send(bytes) {
    if (!this.ended && this.socket.writable) this.socket.write(bytes);
  }

  /** Resolves once the system has taken the bytes: true, or false when the connection ended. */
  send_all(bytes) {
    if (this.ended || !this.socket.writable) return Promise.resolve(false);
    const written = new Promise((resolve) => this.socket.write(bytes, (error) => resolve(!error)));
    return Promise.race([written, this.end_of_it.then(() => false)]);
  }

  /** Sends `bytes` and FIN (under TLS close_notify first). */
  close(bytes = '') {
    if (!this.ended && this.socket.writable) this.socket.end(bytes);
  }

  /** Sends `bytes` and RST. */
  async reset(bytes = '') {
    if (bytes.length) await this.send_all(bytes);
    if (this.ended) return;
    // Node never lets go of a handle that is reset while its FIN is on the way: it would spin at the end
    // of the process. The peer is leaving anyway.
    if (this.raw.writableEnded || this.raw.readableEnded) this.raw.destroy();
    else this.raw.resetAndDestroy();
    this.finish();
  }

  /** True after `ms`, false when the connection ended before. */
  sleep(ms) {
    if (this.ended) return Promise.resolve(false);
    return new Promise((resolve) => {
      const wake = (alive) => {
        clearTimeout(timer);
        this.timers.delete(wake);
        resolve(alive);
      };
      const timer = setTimeout(wake, ms, true);
      this.timers.add(wake);
    });
  }
}

class DemoBackend {
  #server = null;
  #connections = new Set();
  #flap = null;
  #has_listened = false;
  #drawn = 0;  // requests that `share` was asked about, and those it meant, in this mode
  #hits = 0;
  #on_the_air = Promise.resolve();

  /**
   * `secure`: { key, cert } in PEM for TLS; `host`: the address to listen on; `on_bad_request(why)`
   * is told what a client sent that is no HTTP.
   */
  constructor({ secure = null, host = '127.0.0.1', on_bad_request = () => {} } = {}) {
    this.secure = secure ? tls.createSecureContext(secure) : null;
    this.scheme = secure ? 'https' : 'http';
    this.host = host;
    this.on_bad_request = on_bad_request;
    this.port = 0;
    this.mode = 'ok';
    this.options = {};
    this.reset_counts();
  }

  reset_counts() {
    this.counts = { requests: 0, affected: 0, bad_requests: 0, by_path: {}, by_mail: {},
      connections: 0, open: this.#connections.size, open_max: this.#connections.size,
      in_progress: this.counts?.in_progress ?? 0, in_progress_max: 0 };
  }

  get url() {
    return `${this.scheme}://127.0.0.1:${this.port}`;
  }

  /** Listens on `port`, 0 for any; later calls of go_on_the_air() use the same. */
  async listen(port = 0) {
    this.port = port;
    await this.#go_on_the_air();
    return this;
  }

  async close() {
    clearTimeout(this.#flap);
    this.#flap = null;
    await this.#go_off_the_air();
  }

  /** Ends the connections that no request is under way on, as servers do after a while. */
  end_idle_connections() {
    for (const connection of this.#connections) {
      if (!connection.busy) connection.close();
    }
  }

  /** Changes the mode; throws when it is none. Requests under way go on in the old one. */
  async set_mode(mode, more = {}) {
    const read = read_mode({ mode, ...more });
    if (read.error) throw new Error(read.error);
    clearTimeout(this.#flap);
    this.#flap = null;
    this.mode = mode;
    this.options = read.options;
    this.#drawn = this.#hits = 0;
    // Not awaited: a connection may bring this very request, and ends once it is answered.
    if (kOffTheAir.has(mode)) this.#go_off_the_air();
    else await this.#go_on_the_air();
    if (mode === 'flapping') this.#flap_next(true);
  }

  #flap_next(comes_back) {
    this.#flap = setTimeout(async () => {
      if (comes_back) await this.#go_on_the_air();
      else await this.#go_off_the_air();
      if (this.mode === 'flapping' && this.#flap !== null) this.#flap_next(!comes_back);
    }, this.options.ms ?? 1000);
  }

  // One after the other, in the order they were asked for.
  #go_on_the_air() {
    return (this.#on_the_air = this.#on_the_air.then(() => this.#open()));
  }

  #go_off_the_air() {
    return (this.#on_the_air = this.#on_the_air.then(() => this.#shut()));
  }

  async #open() {
    if (this.#server) return;
    const server = net.createServer({ noDelay: true }, (socket) => this.#accept(socket));
    // While nobody listened, the system may have lent the port to somebody's outgoing connection.
    const patience = Date.now() + kPortPatience;
    for (;;) {
      const error = await new Promise((resolve) => {
        server.once('error', resolve);
        server.listen(this.port, this.host, () => resolve(null));
      });
      if (error === null) break;
      if (error.code !== 'EADDRINUSE' || !this.#has_listened || Date.now() > patience) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    this.#has_listened = true;
    this.#server = server;
    this.port = server.address().port;
  }

  async #shut() {
    const server = this.#server;
    if (!server) return;
    this.#server = null;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const connection of this.#connections) {
      if (!connection.is_control) connection.reset();  // else it ends once it is answered
    }
    await closed;
  }

  /** The mode's table, and whether it is meant for the next of what `share` and `count` count. */
  #mode_for_next() {
    const { share = 1, count = Infinity } = this.options;
    const n = this.#drawn++;
    // Evenly spread and the same every time: 0.25 is every fourth.
    const hit = Math.floor((n + 1) * share + 1e-9) > Math.floor(n * share + 1e-9);
    if (!hit || this.#hits >= count) return kModes.ok;
    this.#hits++;
    return kModes[this.mode];
  }

  async #accept(raw) {
    this.counts.connections++;
    const connection = new Connection(raw);
    this.#connections.add(connection);
    this.counts.open = this.#connections.size;
    this.counts.open_max = Math.max(this.counts.open_max, this.counts.open);
    connection.end_of_it.then(() => {
      this.#connections.delete(connection);
      this.counts.open = this.#connections.size;
    });
    const on_connect = kModes[this.mode].on_connect;
    const early = [];  // read all the same: a client that goes away is noticed
    if (on_connect) {
      const keep = (bytes) => early.push(bytes);
      if (this.secure) raw.pause();
      else raw.on('data', keep);
      await on_connect(connection, this.options);
      raw.off('data', keep);
      if (connection.ended) return;
    }
    if (this.secure) connection.speak_tls(this.secure);
    const reader = new RequestReader();
    let turn = Promise.resolve();  // answers leave in the order of their requests
    const take = (bytes) => {
      try {
        for (const request of reader.take(bytes)) {
          connection.busy = true;
          turn = turn.then(() => this.#serve(connection, request));
        }
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        this.counts.bad_requests++;
        this.on_bad_request(error.message);
        connection.close('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      }
    };
    early.forEach(take);
    connection.socket.on('data', take);
  }

  async #serve(connection, request) {
    if (connection.ended) return;
    if (request.path === kControl) {
      connection.is_control = true;
      const { status, text } = await this.control(request.method, request.body.toString('utf8'));
      connection.send(`HTTP/1.1 ${status} -\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
      connection.busy = false;
      if (!this.#server) connection.close();
      return;
    }
    const answer = answer_to(request);
    const { counts } = this;
    counts.requests++;
    counts.by_path[request.path] = (counts.by_path[request.path] ?? 0) + 1;
    if (answer.mail !== undefined) {
      const hash = hash_of(answer.mail);
      counts.by_mail[hash] = (counts.by_mail[hash] ?? 0) + 1;
    }
    counts.in_progress++;
    counts.in_progress_max = Math.max(counts.in_progress_max, counts.in_progress);
    const mode = this.#mode_for_next();
    if (mode !== kModes.ok) counts.affected++;
    try {
      await (mode.on_request ?? kModes.ok.on_request)(connection, answer, this.options);
    } finally {
      counts.in_progress--;
      connection.busy = false;
    }
    if (!request.keeps_alive) connection.close();
  }

  /** A control request: GET answers mode and counts, POST changes them. { status, text } */
  async control(method, body) {
    const answer = (status, value) => ({ status, text: `${JSON.stringify(value)}\n` });
    if (method === 'GET') return answer(200, this.report());
    if (method !== 'POST') return answer(405, { error: 'GET or POST' });
    let asked;
    try {
      asked = JSON.parse(body);
    } catch {
      asked = null;
    }
    if (asked === null || typeof asked !== 'object' || Array.isArray(asked)) {
      return answer(400, { error: 'a JSON object is wanted, such as {"mode": "slow", "ms": 800, "share": 0.5}' });
    }
    const { reset_counts, ...rest } = asked;
    if ('mode' in rest || Object.keys(rest).length > 0) {
      const read = read_mode(rest);
      if (read.error) return answer(400, { error: read.error });
    }
    if (reset_counts) this.reset_counts();
    if ('mode' in rest) {
      const { mode, ...options } = rest;
      await this.set_mode(mode, options);
    }
    return answer(200, this.report());
  }

  report() {
    return { mode: this.mode, options: this.options, ...this.counts };
  }
}

module.exports = { DemoBackend, kModes };
