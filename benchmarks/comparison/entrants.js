'use strict';
// Who takes part: what each does of the work, what it needs, and how it is started.
//
// An entrant: name; title and work for the report; `does`: 'all', 'most' or 'none' of the work;
// missing(options) -> why it cannot run, or null; version(options) -> one line; prepare(options)
// (once, may throw); plan(options, port, directory, alone) -> { command, args, env }; perhaps
// after_round(options). `alone` asks for a single process, which is what callgrind can follow.
// `native`: callgrind makes sense of it.
const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { is_there, run } = require('./processes');

const peers = path.resolve(__dirname, '..', 'peers');

const first_line = (command, ...args) => {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return `${stdout ?? ''}${stderr ?? ''}`.split('\n')[0].trim();
};

/** Writes DIRECTORY/NAME from the template peers/TEMPLATE. */
function fill(template, directory, name, words) {
  const text = fs.readFileSync(path.join(peers, template), 'utf8');
  const file = path.join(directory, name);
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(file, text.replace(/@([A-Z_]+)@/g, (_, word) => words[word]));
  return file;
}

const manifest_of = (options) =>
  JSON.parse(fs.readFileSync(path.join(options.work_unit, 'manifest.json'), 'utf8'));

const built = (options, name) => path.join(options.build_dir, name);
const missing_build = (name) => (options) =>
  (fs.existsSync(built(options, name)) ? null : `${built(options, name)} is not built`);
const missing_command = (command, install) => () =>
  (is_there(command) ? null : `${command} is missing: apt install ${install}`);

const floor = (name, program, title, work, does) => ({
  name, title, work, does, native: true,
  missing: missing_build(program),
  version: () => 'this tree',
  prepare: () => {},
  plan: (options, port) => ({ command: built(options, program),
    args: does === 'none' ? [String(port)] : [String(port), options.work_unit] }),
});

const nginx_modules = () =>
  /--modules-path=(\S+)/.exec(spawnSync('nginx', ['-V'], { encoding: 'utf8' }).stderr ?? '')?.[1];

const nginx = (name, template, title, work, does) => ({
  name, title, work, does, native: does === 'none',
  missing: (options) => {
    const no_nginx = missing_command('nginx', 'nginx')(options);
    if (no_nginx || does === 'none') return no_nginx;
    return fs.existsSync(`${nginx_modules()}/ngx_http_lua_module.so`) ? null
      : 'nginx has no Lua: apt install libnginx-mod-http-lua lua-cjson';
  },
  version: () => first_line('nginx', '-v').replace('nginx version: ', ''),
  prepare: () => {},
  plan: (options, port, directory, alone) => ({
    command: 'nginx',
    args: ['-p', directory, '-e', path.join(directory, 'error.log'), '-c',
      fill(template, directory, 'nginx.conf', {
        PORT: port, DIRECTORY: directory, MASTER: alone ? 'off' : 'on', PEERS: peers,
        WORK_UNIT: options.work_unit, MODULES: nginx_modules(),
        USER_LINE: process.getuid() === 0 ? 'user root;' : '# not root: no user directive',
      })],
  }),
});

const haproxy = (name, template, title, work, does) => ({
  name, title, work, does, native: true,
  missing: missing_command('haproxy', 'haproxy'),
  version: () => first_line('haproxy', '-v').replace(/ +\d{4}\/.*$/, '').replace(' version', ''),
  prepare: () => {},
  plan: (options, port, directory) => ({
    command: 'haproxy',
    args: ['-db', '-f', fill(template, directory, 'haproxy.cfg', { PORT: port,
      WORK_UNIT: options.work_unit, AUTHORIZATION: manifest_of(options).authorization })],
  }),
});

/** fastify 5 wants Node 20; Debian 12 has Node 18, which fastify 4 supports. */
const fastify_major = () => (Number(process.versions.node.split('.')[0]) >= 20 ? 5 : 4);
const fastify_home = (options) => path.join(options.out, 'fastify');
const fastify_in = (options) => path.join(fastify_home(options), 'node_modules', 'fastify');

const kEntrants = [
  {
    name: 'claimgate', title: 'claimgate', does: 'all', native: true,
    work: 'all of the work, access log and metrics on',
    missing: missing_build('claimgate'),
    version: (options) => first_line(built(options, 'claimgate'), 'version'),
    prepare: () => {},
    plan: (options) => ({ command: built(options, 'claimgate'),
      args: ['serve', '--config', path.join(options.work_unit, 'claimgate.yaml')] }),
    // 20 MB of access log a second: written like any other, but not kept.
    after_round: (options) =>
      fs.truncateSync(path.join(options.work_unit, 'claimgate-access.log')),
  },
  floor('floor-constant', 'floor_constant', 'F0: epoll, constant',
    'none: read, write a constant', 'none'),
  floor('floor-epoll', 'floor_epoll', 'F1: epoll by hand', 'all of the work', 'all'),
  floor('floor-uv', 'floor_uv', 'F1 on libuv', 'all of the work', 'all'),
  nginx('nginx-constant', 'nginx/constant.conf.in', 'nginx `return 200`',
    'none: HTTP and a constant', 'none'),
  nginx('nginx-lua', 'nginx/lua.conf.in', 'nginx + LuaJIT + cjson', 'all of the work', 'all'),
  haproxy('haproxy-constant', 'haproxy/constant.cfg.in', 'HAProxy `return`',
    'none: HTTP and a constant', 'none'),
  haproxy('haproxy-rules', 'haproxy/rules.cfg.in', 'HAProxy json_query + ACL files',
    'most: it has no title case', 'most'),
  {
    name: 'node-http', title: 'Node http', work: 'all of the work', does: 'all', native: false,
    missing: () => null,
    version: () => `Node ${process.version}`,
    prepare: () => {},
    plan: (options, port) => ({ command: process.execPath,
      args: [path.join(peers, 'node', 'http_server.js'), String(port), options.work_unit] }),
  },
  {
    name: 'node-fastify', title: 'Node fastify', work: 'all of the work', does: 'all',
    native: false,
    missing: (options) =>
      (fs.existsSync(fastify_in(options)) ? null : missing_command('npm', 'npm')(options)),
    version: (options) => {
      const text = fs.readFileSync(path.join(fastify_in(options), 'package.json'), 'utf8');
      return `fastify ${JSON.parse(text).version}, Node ${process.version}`;
    },
    // Into the output directory, never into the tree.
    prepare: async (options) => {
      const home = fastify_home(options);
      if (fs.existsSync(fastify_in(options))) return;
      fs.mkdirSync(home, { recursive: true });
      fs.writeFileSync(path.join(home, 'package.json'), '{"private":true}\n');
      const { code, err } = await run('npm', ['install', '--prefix', home, '--no-audit',
        '--no-fund', '--ignore-scripts', '--loglevel=error', `fastify@${fastify_major()}`]);
      if (code !== 0) throw new Error(`npm install failed: ${err.trim().split('\n')[0]}`);
    },
    plan: (options, port) => ({ command: process.execPath,
      args: [path.join(peers, 'node', 'fastify_server.js'), String(port), options.work_unit],
      env: { NODE_PATH: path.join(fastify_home(options), 'node_modules') } }),
  },
];

module.exports = { kEntrants, built, fill, first_line, missing_build, missing_command };
