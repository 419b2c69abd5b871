// Plays the token endpoint and the three calls of Microsoft Graph that approvals make. For trying out, not for
// anything else: node examples/approvals/graph-stand-in.mjs [PORT]
import http from 'node:http';

const answer = (response, status, body) => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
};

const server = http.createServer(async (request, response) => {
  let text = '';
  for await (const part of request) text += part;
  if (request.method === 'POST' && request.url.endsWith('/oauth2/v2.0/token')) {
    return answer(response, 200, { token_type: 'Bearer', expires_in: 3600, access_token: 'stand-in-token' });
  }
  if (request.headers.authorization !== 'Bearer stand-in-token') {
    return answer(response, 401, { error: { code: 'InvalidAuthenticationToken' } });
  }
  console.log(`${request.method} ${request.url}\n${JSON.stringify(JSON.parse(text), null, 2)}`);
  if (request.url === '/v1.0/users') return answer(response, 201, { id: 'a0000000-0000-4000-8000-000000000001' });
  if (request.url === '/v1.0/invitations') {
    return answer(response, 201, { invitedUser: { id: 'a0000000-0000-4000-8000-000000000002' } });
  }
  if (request.method === 'PATCH') return response.writeHead(204).end();
  return answer(response, 404, { error: { code: 'Request_ResourceNotFound' } });
});

server.listen(Number(process.argv[2] ?? 8181), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
