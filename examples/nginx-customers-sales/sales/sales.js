'use strict';
// Sales knows which territory each of its representatives has.
//
// /data has its own rows, and / the same rows completed with those of customers, whose instances it
// finds in the catalog: at its start, when it gets a SIGHUP, and every half minute.

const http = require('node:http');
const os = require('node:os');

const ROWS = [
  { rep: 'Alice', territory: 'Atlanta' },
  { rep: 'Bob', territory: 'Boston' },
  { rep: 'Carol', territory: 'Chicago' },
  { rep: 'Dave', territory: 'Denver' },
];
const PEER_TIMEOUT = 1000; // ms
const REFRESH = 30000;
// Less than the helper's stopTimeout, 5 s, after which it kills.
const LAST_REQUESTS = 4000;

const { ADDRESS = '0.0.0.0', PORT = '3000', CONSUL = 'consul', VERSION = 'unknown' } = process.env;
const catalog = CONSUL.includes(':') ? CONSUL : `${CONSUL}:8500`;
const source = `sales:${process.env.INSTANCE || os.hostname()}`;
const own = ROWS.map((row) => ({ ...row, source: [source] }));
let peers = [];
let turn = 0;

// The handler comes first: a SIGHUP that finds none ends the process.
process.on('SIGHUP', () => refresh());

async function refresh() {
  try {
    const found = await getJson(`http://${catalog}/v1/health/service/customers?passing=1`);
    peers = found.map(({ Node, Service }) => `${Service.Address || Node.Address}:${Service.Port}`);
    console.log(`customers at [${peers.join(' ')}]`);
  } catch (error) {
    // What was known stays good until the catalog says otherwise.
    console.log(`cannot ask the catalog for customers: ${error.message}`);
  }
}

// Each known instance is tried once, beginning with the next in turn.
async function peerRows() {
  turn += 1;
  for (let n = 0; n < peers.length; n += 1) {
    try {
      return await getJson(`http://${peers[(turn + n) % peers.length]}/data`);
    } catch (error) {
      console.log(`customers does not answer: ${error.message}`);
    }
  }
  return null;
}

function complete(row, theirs) {
  const match = theirs && theirs.find(({ rep }) => rep === row.rep);
  return match
    ? { ...match, ...row, source: row.source.concat(match.source) }
    : { ...row, customer: theirs ? 'Not Found' : 'No data available.' };
}

async function answer(path) {
  if (path === '/data') return own;
  if (path !== '/') return null;
  const theirs = await peerRows();
  return own.map((row) => complete(row, theirs));
}

async function getJson(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(PEER_TIMEOUT) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
}

const server = http.createServer(async (request, response) => {
  const body = await answer(new URL(request.url, 'http://localhost').pathname);
  response.writeHead(body ? 200 : 404, {
    'content-type': 'application/json',
    'x-served-by': `sales ${VERSION} ${os.hostname()}`,
  });
  response.end(JSON.stringify(body || { error: 'not found' }) + '\n');
});

process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  setTimeout(() => process.exit(0), LAST_REQUESTS).unref();
});

server.listen(Number(PORT), ADDRESS, () => {
  console.log(`${source} ${VERSION} serves at http://${ADDRESS}:${PORT}`);
  refresh();
  setInterval(refresh, REFRESH).unref();
});
