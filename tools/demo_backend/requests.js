'use strict';
// Reads HTTP/1.1 requests from bytes: enough for clients that are right, and strict with those that
// are not, because a proxy in front of this must not send anything doubtful.

const kHeadBytesMax = 64 << 10;
const kBodyBytesMax = 4 << 20;
const kToken = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

class Refused extends Error {}

/** The fields of a head: names in small letters; one that comes twice is joined by ", ". */
function read_fields(lines) {
  const fields = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    if (!kToken.test(name)) throw new Refused(`no field line: ${JSON.stringify(line.slice(0, 40))}`);
    const value = line.slice(colon + 1).trim();
    if (/[\0\r\n]/.test(value)) throw new Refused(`a control byte in ${name}`);
    fields[name] = name in fields ? `${fields[name]}, ${value}` : value;
  }
  return fields;
}

/**
 * The whole chunked body at `bytes`: { body, size } with the bytes it took, null while incomplete.
 */
function read_chunks(bytes) {
  const parts = [];
  let at = 0;
  for (;;) {
    const line_end = bytes.indexOf('\r\n', at);
    if (line_end < 0) return null;
    const size = /^([0-9A-Fa-f]{1,8})(?:;.*)?$/.exec(bytes.subarray(at, line_end).toString('latin1'));
    if (!size) throw new Refused('no chunk size');
    const length = parseInt(size[1], 16);
    at = line_end + 2;
    if (length === 0) {
      const end = bytes.indexOf('\r\n', at);
      if (end < 0) return null;
      if (end !== at) throw new Refused('trailers');
      return { body: Buffer.concat(parts), size: end + 2 };
    }
    if (bytes.length < at + length + 2) return null;
    if (bytes.subarray(at + length, at + length + 2).toString('latin1') !== '\r\n') {
      throw new Refused('a chunk is not as long as it says');
    }
    parts.push(bytes.subarray(at, at + length));
    at += length + 2;
  }
}

class RequestReader {
  #pending = Buffer.alloc(0);

  /** Bytes that came behind the last whole request. */
  get pending_bytes() {
    return this.#pending.length;
  }

  /** The requests that `bytes` complete, in order. Throws Refused on anything malformed. */
  take(bytes) {
    this.#pending = this.#pending.length ? Buffer.concat([this.#pending, bytes]) : bytes;
    const requests = [];
    for (let one; (one = this.#next()) !== null;) requests.push(one);
    return requests;
  }

  #next() {
    const head_end = this.#pending.indexOf('\r\n\r\n');
    if (this.#pending.length > 0 && !/[A-Z]/.test(String.fromCharCode(this.#pending[0]))) {
      throw new Refused('no method: TLS, perhaps');
    }
    if (head_end < 0) {
      if (this.#pending.length > kHeadBytesMax) throw new Refused('head too long');
      return null;
    }
    const lines = this.#pending.subarray(0, head_end).toString('latin1').split('\r\n');
    const line = /^([A-Z]+) (\/[\x21-\x7e]*) HTTP\/1\.([01])$/.exec(lines[0]);
    if (!line) throw new Refused(`no request line: ${JSON.stringify(lines[0].slice(0, 60))}`);
    const fields = read_fields(lines.slice(1));
    if (line[3] === '1' && !fields.host) throw new Refused('no Host');
    const rest = this.#pending.subarray(head_end + 4);
    let body = Buffer.alloc(0);
    let size = 0;
    if (fields['transfer-encoding'] !== undefined) {
      if (fields['transfer-encoding'] !== 'chunked' || fields['content-length'] !== undefined) {
        throw new Refused('doubtful framing');
      }
      const chunks = read_chunks(rest);
      if (rest.length > kBodyBytesMax) throw new Refused('body too long');
      if (chunks === null) return null;
      ({ body, size } = chunks);
    } else if (fields['content-length'] !== undefined) {
      if (!/^[0-9]{1,7}$/.test(fields['content-length'])) throw new Refused('no Content-Length');
      size = Number(fields['content-length']);
      if (size > kBodyBytesMax) throw new Refused('body too long');
      if (rest.length < size) return null;
      body = rest.subarray(0, size);
    }
    this.#pending = rest.subarray(size);
    const [path, query = ''] = line[2].split('?', 2);
    const connection = (fields.connection ?? '').toLowerCase();
    return { method: line[1], path, query: new URLSearchParams(query), fields, body,
      keeps_alive: line[3] === '1' ? connection !== 'close' : connection === 'keep-alive' };
  }
}

module.exports = { Refused, RequestReader };
