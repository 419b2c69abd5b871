'use strict';
// All of the work unit on fastify: fastify_server.js PORT WORK_UNIT_DIRECTORY
// fastify itself comes from the directory NODE_PATH names, never from this tree.
const fastify = require('fastify');
const { load } = require('./sign_up');

const [port, directory] = process.argv.slice(2);
const { is_caller, decide } = load(directory);

const answer_schema = {  // lets fastify write its answers without JSON.stringify
  type: 'object',
  properties: {
    version: { type: 'string' }, status: { type: 'integer' }, action: { type: 'string' },
    userMessage: { type: 'string' }, givenName: { type: 'string' }, surname: { type: 'string' },
  },
};

const app = fastify({ logger: false, keepAliveTimeout: 600_000 });
app.post('/signup', {
  schema: { response: { 200: answer_schema, 400: answer_schema } },
  onRequest: (request, reply, done) => {
    if (is_caller(request.headers.authorization)) return done();
    reply.code(401).send();
  },
}, (request, reply) => {
  const [status, answer] = decide(request.body);
  reply.code(status).header('Cache-Control', 'no-store').send(answer);
});
app.listen({ port: Number(port), host: '127.0.0.1' });
