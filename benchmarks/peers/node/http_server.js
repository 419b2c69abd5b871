'use strict';
// All of the work unit on Node's own http module: http_server.js PORT WORK_UNIT_DIRECTORY
const http = require('node:http');
const { load } = require('./sign_up');

const [port, directory] = process.argv.slice(2);
const { is_caller, decide } = load(directory);

function send(response, status, answer) {
  const body = JSON.stringify(answer);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store',
    'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

const server = http.createServer((request, response) => {
  if (request.method !== 'POST' || request.url !== '/signup') {
    request.resume();
    return send(response, 404, {});
  }
  if (!is_caller(request.headers.authorization)) {
    request.resume();
    return send(response, 401, {});
  }
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    let claims;
    try {
      claims = JSON.parse(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces));
    } catch {
      return send(response, 400, {});
    }
    send(response, ...decide(claims));
  });
});
server.keepAliveTimeout = 600_000;
server.listen(Number(port), '127.0.0.1');
