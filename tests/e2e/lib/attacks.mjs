// Attacks on a server, bounded in number and time and on this machine only: each takes an address and opens
// what it opens, `stop()` lets go of all of it. For tests/e2e/abuse.test.mjs and benchmarks/abuse.
import net from 'node:net';

import { kAuthorization } from './claimgate.mjs';

const target = (address) => {
  const url = new URL(address);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) };
};

export const head = (length, path = '/signup') => `POST ${path} HTTP/1.1\r\nHost: h\r\nAuthorization: ${kAuthorization}\r\n` +
  `Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

// `count` sockets, opened some at a time; each gets `begin(socket)` once it is connected. What comes back
// is counted by status.
class Crowd {
  constructor(address, count, begin, { read = true } = {}) {
    this.sockets = new Set();
    this.opened = 0;
    this.ended = 0;
    this.statuses = {};
    this.stopped = false;
    this.ready = this.open(target(address), count, begin, read);
  }

  async open(to, count, begin, read) {
    const one = () => new Promise((resolve) => {
      const socket = net.connect({ ...to, noDelay: true });
      this.sockets.add(socket);
      socket.on('connect', () => {
        ++this.opened;
        begin(socket);
        resolve();
      });
      if (read) {
        socket.once('data', (bytes) => {
          const status = bytes.toString('latin1', 9, 12);
          this.statuses[status] = (this.statuses[status] ?? 0) + 1;
        });
        socket.on('data', () => {});
      } else {
        socket.pause();
      }
      socket.on('error', () => {});
      socket.on('close', () => {
        ++this.ended;
        this.sockets.delete(socket);
        resolve();
      });
    });
    for (let at = 0; at < count && !this.stopped; at += 100) {
      await Promise.all(Array.from({ length: Math.min(100, count - at) }, one));
    }
  }

  // Every so often something more from everybody.
  trickle(say, every = 200) {
    this.timer = setInterval(() => {
      for (const socket of this.sockets) if (!socket.connecting) say(socket);
    }, every);
    return this;
  }

  stop() {
    this.stopped = true;
    clearInterval(this.timer);
    for (const socket of this.sockets) socket.destroy();
  }
}

export const attacks = {
  // Heads that never end: a field more now and then.
  'slow heads': (address, count) => new Crowd(address, count, (s) => s.write('POST /signup HTTP/1.1\r\nHost: h\r\n'))
    .trickle((s) => s.write('X: y\r\n')),
  // Bodies of which most has come, and then a byte now and then.
  'slow bodies': (address, count) => {
    const begun = Buffer.from(`${head(60_000)}{"a":"${'x'.repeat(50_000)}`);
    return new Crowd(address, count, (s) => s.write(begun)).trickle((s) => s.write('x'));
  },
  // Chunks of one byte, one now and then.
  'slow chunks': (address, count) => {
    const begun = head(0).replace('Content-Length: 0', 'Transfer-Encoding: chunked');
    return new Crowd(address, count, (s) => s.write(begun)).trickle((s) => s.write('1\r\n{\r\n'));
  },
  // Many questions in one go, and no answer is read.
  'slow readers': (address, count) => {
    const body = '{"step":"PostAttributeCollection","email":"x@blocked.example"}';
    const batch = Buffer.from((head(body.length) + body).repeat(400));
    return new Crowd(address, count, (s) => s.write(batch), { read: false });
  },
  // Connections on which nothing is ever said.
  'idle connections': (address, count) => new Crowd(address, count, () => {}),
  // Connections that come and go.
  'connection flood': (address, count) => {
    const crowd = new Crowd(address, count, (s) => s.destroy());
    return crowd;
  },
  // Hellos of TLS to which the answer is never taken further; for a TLS listener.
  'handshake flood': (address, count) => new Crowd(address, count, (s) => s.write(kHello)),
  // Bodies up to the limit that are laborious to read.
  'JSON bombs': (address, count) => {
    const bodies = Object.values(bombs());
    let next = 0;
    return new Crowd(address, count, (s) => {
      const body = bodies[next++ % bodies.length];
      s.write(head(Buffer.byteLength(body)) + body);
    });
  },
};

// A ClientHello of TLS 1.2 with one group and one suite: enough for a server to sign its answer.
const kHello = (() => {
  const u16 = (n) => [n >> 8, n & 255];
  const extension = (type, bytes) => [...u16(type), ...u16(bytes.length), ...bytes];
  const extensions = [
    ...extension(10, [...u16(2), ...u16(23)]),                // supported_groups: P-256
    ...extension(11, [1, 0]),                                 // ec_point_formats: uncompressed
    ...extension(13, [...u16(4), ...u16(0x0403), ...u16(0x0804)]),  // signature_algorithms
  ];
  const body = [3, 3, ...Array(32).fill(7), 0, ...u16(2), ...u16(0xc02b), 1, 0, ...u16(extensions.length), ...extensions];
  const handshake = [1, 0, ...u16(body.length), ...body];
  return Buffer.from([22, 3, 1, ...u16(handshake.length), ...handshake]);
})();

// Bodies of up to 256 KiB.
export function bombs(size = 250_000) {
  const filled = (open, one, separator, close) => {
    const room = size - open.length - close.length;
    const parts = [];
    let used = 0;
    for (let i = 0; ; ++i) {
      const part = one(i);
      used += part.length + separator.length;
      if (used > room) break;
      parts.push(part);
    }
    return open + parts.join(separator) + close;
  };
  return {
    'arrays in arrays': '{"a":' + '['.repeat(size / 2 - 5) + ']'.repeat(size / 2 - 5) + '}',
    'objects in objects': '{"a":'.repeat(size / 6 - 1) + '1' + '}'.repeat(size / 6 - 1),
    'members without end': filled('{', (i) => `"${i.toString(36)}":1`, ',', '}'),
    'items without end': filled('{"a":[', () => '1', ',', ']}'),
    'one name again and again': filled('{', () => '"email":"a@b.example"', ',', '}'),
    'a number of many digits': '{"a":' + '9'.repeat(size - 10) + '}',
    'a number with a large exponent': '{"a":1e' + '9'.repeat(size - 10) + '}',
    'many large numbers': filled('{"a":[', () => '-1.7976931348623157e308', ',', ']}'),
    'escapes': '{"a":"' + '\\u0041'.repeat((size - 20) / 6) + '"}',
    'names of escapes': filled('{', (i) => `"\\u0061${i}":null`, ',', '}'),
    'white space': '{' + ' '.repeat(size - 10) + '}',
    'a string that does not end': '{"a":"' + 'x'.repeat(size - 10),
    'backslashes': '{"a":"' + '\\\\'.repeat(size / 2 - 10) + '"}',
  };
}
