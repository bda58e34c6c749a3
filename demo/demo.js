'use strict';
// Starts the stack, scales it, kills and stops instances while requests run through Nginx, and
// says how that went. With a terminal it then stays up until Ctrl-C.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const BINARY = process.argv[2];
const APP = path.join(__dirname, 'app');
// The services themselves are those of the example; what is around them is the demonstration's.
const STACK = path.join(__dirname, '../examples/nginx-customers-sales');
const RUN = fs.mkdtempSync(path.join(os.tmpdir(), 'containerpilot-demo-'));
const CONF = path.join(RUN, 'nginx.conf');
const RATE = 100; // requests a second
const PATIENCE = 30000; // for any one step, in ms
const INTERACTIVE = Boolean(process.stdout.isTTY);

const started = Date.now();
const helpers = new Map(); // name → { child, address, log }
const requests = { sent: 0, failed: 0, answered: new Map(), firstFailures: [] };
const changes = []; // { what, ms }
let catalog;
let front;
let leaving = false;

const bold = (text) => (INTERACTIVE ? `\x1b[1m${text}\x1b[0m` : text);
const say = (text) => console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)}s  ${text}`);

// --- what runs ---------------------------------------------------------------------------------

function start(name, args, env) {
  const child = spawn(BINARY, args, {
    env: { PATH: process.env.PATH, HOME: RUN, RUN, APP, STACK, CONSUL: catalog, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = fs.createWriteStream(path.join(RUN, `${name}.log`));
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
  child.on('error', (error) => fail(`cannot start ${name}: ${error.message}`));
  ended.then(({ code, signal }) => {
    if (!leaving && helpers.get(name)?.child === child && !helpers.get(name).expected) {
      fail(`${name} ended unexpectedly (${signal || code}); its log is ${RUN}/${name}.log`);
    }
  });
  helpers.set(name, { child, ended, expected: false, ...env });
  return helpers.get(name);
}

function application(name, n) {
  const isSales = name === 'sales';
  return start(`${name}-${n}`, ['-config', path.join(APP, 'application.json5')], {
    NAME: name,
    PEER: isSales ? 'customers' : 'sales',
    PID_VARIABLE: `CONTAINERPILOT_${name.toUpperCase()}_PID`,
    INSTANCE: `${name}-${n}`,
    ADDRESS: `127.0.0.${(isSales ? 10 : 20) + n}`,
    PORT: isSales ? '3000' : '4000',
  });
}

const sockets = (name) => path.join(RUN, `${name}.socket`);

// Asks a helper for its own status, as `containerpilot status --json` does.
function status(name) {
  return new Promise((resolve, reject) => {
    const request = http.get({ socketPath: sockets(name), path: '/v3/status' }, (response) => {
      let text = '';
      response.on('data', (part) => { text += part; });
      response.on('end', () => {
        try { resolve(JSON.parse(text)); } catch (error) { reject(error); }
      });
    });
    request.on('error', reject);
  });
}

// --- waiting for facts -------------------------------------------------------------------------

// The servers of an upstream in the nginx.conf that stands now.
function upstream(name) {
  let text = '';
  try { text = fs.readFileSync(CONF, 'utf8'); } catch { return []; }
  const block = text.match(new RegExp(`upstream ${name} \\{([^}]*)\\}`));
  return block ? [...block[1].matchAll(/^\s*server ([^:;]+):/gm)].map((match) => match[1]).sort() : [];
}

function until(what, holds) {
  return new Promise((resolve, reject) => {
    const watcher = fs.watch(RUN, () => look());
    const timer = setInterval(() => look(), 50);
    const deadline = setTimeout(() => done(() => reject(new Error(`waited ${PATIENCE / 1000} s for ${what}`))), PATIENCE);
    const done = (then) => {
      watcher.close();
      clearInterval(timer);
      clearTimeout(deadline);
      then();
    };
    let looking = false;
    const look = async () => {
      if (looking) return;
      looking = true;
      if (await holds()) done(resolve);
      looking = false;
    };
    look();
  });
}

async function change(what, act, name, addresses) {
  say(bold(what));
  const from = Date.now();
  act();
  const wanted = addresses.slice().sort().join(' ');
  await until(`nginx.conf to list ${name} at [${wanted}]`, () => upstream(name).join(' ') === wanted);
  const ms = Date.now() - from;
  changes.push({ what, ms });
  say(`       nginx.conf lists ${name} at [${wanted}] after ${ms} ms`);
}

// --- requests ----------------------------------------------------------------------------------

function load() {
  // A connection for each request: one that is kept may be closed by a reload just as it is used.
  const agent = new http.Agent({ keepAlive: false });
  const one = () => {
    const route = requests.sent % 2 ? '/sales/' : '/customers/';
    requests.sent += 1;
    const failed = (why) => {
      requests.failed += 1;
      const at = ((Date.now() - started) / 1000).toFixed(1);
      if (requests.firstFailures.length < 5) requests.firstFailures.push(`${at}s  ${route}: ${why}`);
    };
    const request = http.get({ host: '127.0.0.1', port: front, path: route, agent, timeout: 5000 }, (response) => {
      let text = '';
      response.on('data', (part) => { text += part; });
      response.on('error', (error) => failed(error.message));
      response.on('end', () => {
        if (response.statusCode !== 200) { failed(`status ${response.statusCode} ${text.trim()}`); return; }
        const by = JSON.parse(text)[0].source[0];
        requests.answered.set(by, (requests.answered.get(by) || 0) + 1);
      });
    });
    request.on('timeout', () => request.destroy(new Error('no answer in 5 s')));
    request.on('error', (error) => failed(error.message));
  };
  const timer = setInterval(one, 1000 / RATE);
  return async () => {
    clearInterval(timer);
    const answered = () => requests.failed + [...requests.answered.values()].reduce((a, b) => a + b, 0);
    await until('the last answers', () => answered() === requests.sent);
    agent.destroy();
  };
}

// --- the script --------------------------------------------------------------------------------

async function play() {
  catalog = `127.0.0.1:${await free(8500)}`;
  front = await free(8080);
  say(bold(`the embedded catalog at http://${catalog}`));
  start('catalog', ['catalog', '--address', catalog], {});
  say(bold('nginx, two customers, two sales, each under containerpilot'));
  start('nginx', ['-config', path.join(APP, 'nginx.json5')], { PORT: String(front) });
  await change('start', () => {
    [1, 2].forEach((n) => application('customers', n));
    [1, 2].forEach((n) => application('sales', n));
  }, 'sales', ['127.0.0.11', '127.0.0.12']);
  await until('customers', () => upstream('customers').length === 2);
  await steady('/sales/');
  await steady('/customers/');

  tryIt();

  say(`requests run through nginx, ${RATE} a second`);
  const stopLoad = load();
  const sales = (...ns) => ns.map((n) => `127.0.0.${10 + n}`);

  await change('scale sales to four', () => [3, 4].forEach((n) => application('sales', n)), 'sales', sales(1, 2, 3, 4));
  await served('sales-3', 'sales-4');
  const pid = (await status('sales-2')).jobs[0].pid;
  await change('kill -9 sales-2, helper and application, as a lost container', () => {
    helpers.get('sales-2').expected = true;
    process.kill(helpers.get('sales-2').child.pid, 'SIGKILL');
    process.kill(pid, 'SIGKILL');
  }, 'sales', sales(1, 3, 4));
  await change('stop sales-3 gracefully (TERM, as `docker stop`)', () => stop('sales-3'), 'sales', sales(1, 4));
  const ended = await helpers.get('sales-3').ended;
  if (ended.code !== 0) throw new Error(`sales-3 ended with ${ended.signal || ended.code} instead of 0`);
  await stopLoad();
  const nginx = (await status('nginx')).templates[0];
  say(`nginx was reconfigured for every change; its template stands ${nginx.state}`);
}

function tryIt() {
  console.log(`\n  ${bold(`http://127.0.0.1:${front}/sales/`)} and ${bold(`/customers/`)}; try`);
  console.log(`    curl http://127.0.0.1:${front}/sales/`);
  console.log(`    ${BINARY} status --socket ${sockets('nginx')}`);
  console.log(`    curl 'http://${catalog}/v1/health/service/sales?passing'`);
  console.log(`  logs and nginx.conf are in ${RUN}\n`);
}

function served(...names) {
  return until(`requests to reach ${names.join(' and ')}`, () =>
    names.every((name) => requests.answered.has(`sales:${name}`)));
}

// For a moment after a reload the old worker answers too, with the configuration it knows.
async function steady(route) {
  let since = null;
  await until(`steady answers of ${route}`, async () => {
    const good = await answers(route);
    since = good ? since || Date.now() : null;
    return since !== null && Date.now() - since >= 1000;
  });
}

function answers(route) {
  return new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port: front, path: route, timeout: 1000, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}

function summary() {
  console.log(`\n${bold('summary')}`);
  console.log(`  requests sent    ${requests.sent}`);
  console.log(`  requests failed  ${requests.failed}`);
  requests.firstFailures.forEach((failure) => console.log(`    ${failure}`));
  console.log('  from each change to the new nginx.conf');
  changes.forEach(({ what, ms }) => console.log(`    ${String(ms).padStart(6)} ms  ${what}`));
  const share = [...requests.answered].sort().map(([by, n]) => `${by} ${n}`).join(', ');
  console.log(`  answered by      ${share}\n`);
  if (requests.failed > 0) throw new Error(`${requests.failed} requests failed`);
}

// --- beginnings and ends -----------------------------------------------------------------------

// The wished port, or a free one when somebody has it.
function free(port) {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', () => (port === 0 ? reject(new Error('no port is free')) : resolve(free(0))));
    probe.listen(port, '127.0.0.1', () => {
      const { port: found } = probe.address();
      probe.close(() => resolve(found));
    });
  });
}

function stop(name) {
  const helper = helpers.get(name);
  helper.expected = true;
  helper.child.kill('SIGTERM');
}

// Everything ends as it would in production: applications first, the catalog last.
async function leave(code) {
  if (leaving) return;
  leaving = true;
  const names = [...helpers.keys()].filter((name) => name !== 'catalog').concat('catalog');
  for (const group of [names.slice(0, -1), names.slice(-1)]) {
    group.forEach((name) => helpers.get(name)?.child.kill('SIGTERM'));
    const all = Promise.all(group.map((name) => helpers.get(name)?.ended));
    const late = new Promise((resolve) => setTimeout(resolve, 15000, 'late').unref());
    if ((await Promise.race([all, late])) === 'late') {
      console.log('some helpers do not end; killing them');
      group.forEach((name) => helpers.get(name)?.child.kill('SIGKILL'));
      code = 1;
    }
  }
  if (code === 0) fs.rmSync(RUN, { recursive: true, force: true });
  process.exit(code);
}

function fail(reason) {
  if (leaving) return;
  console.log(`\ndemo: ${reason}`);
  console.log(`demo: logs are in ${RUN}`);
  leave(1);
}

process.on('SIGINT', () => { console.log('\nending everything'); leave(0); });
process.on('SIGTERM', () => leave(0));

play()
  .then(() => {
    summary();
    if (!INTERACTIVE) return leave(0);
    console.log('everything stays up; Ctrl-C ends it');
    return null;
  })
  .catch((error) => fail(error.message));
