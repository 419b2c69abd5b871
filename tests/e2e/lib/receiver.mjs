// A receiver of webhooks that answers by `answer(request, body, number)`: a status, or [status, headers].
import http from 'node:http';

export async function receiver(t, answer) {
  const got = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part) => (body += part)).on('end', () => {
      got.push({ headers: request.headers, body });
      const [status, headers] = [answer(request, body, got.length)].flat();
      response.writeHead(status, headers ?? {}).end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => { server.closeAllConnections(); server.close(); });
  return { got, url: `http://127.0.0.1:${server.address().port}/hook?a=1` };
}

// The value of a sample of /metrics, 0 without one.
export async function metric(gate, name, labels = {}) {
  const { parse } = await import('./openmetrics.mjs');
  const families = parse(await (await fetch(`${gate.admin}/metrics`)).text());
  const family = Object.keys(families).filter((one) => name.startsWith(one)).sort((a, b) => b.length - a.length)[0];
  return families[family]?.samples.find((sample) => sample.name === name &&
    Object.entries(labels).every(([k, v]) => sample.labels[k] === v))?.value ?? 0;
}
