'use strict';
// What Customers and Sales have in common: their own rows under /data, and under / the same rows
// completed with the other service's, whose instances they find in the catalog.

const http = require('node:http');
const os = require('node:os');

const PEER_TIMEOUT = 1000;
const REFRESH = 30000;
const LAST_REQUESTS = 5000;

// The handler comes first: a SIGHUP that finds none ends the process.
let refresh = () => {};
process.on('SIGHUP', () => refresh());

exports.serve = function serve({ name, peer, port, rows, complete }) {
  const address = process.env.ADDRESS || '0.0.0.0';
  const catalog = process.env.CONSUL || 'localhost:8500';
  const source = `${name}:${process.env.INSTANCE || os.hostname()}`;
  const own = rows.map((row) => ({ ...row, source: [source] }));
  let peers = [];
  let turn = 0;

  refresh = async () => {
    try {
      const found = await getJson(`http://${catalog}/v1/health/service/${peer}?passing=1`);
      peers = found.map(({ Node, Service }) => `${Service.Address || Node.Address}:${Service.Port}`);
      console.log(`${peer} at [${peers.join(' ')}]`);
    } catch (error) {
      // What was known stays good until the catalog says otherwise.
      console.log(`cannot ask the catalog for ${peer}: ${error.message}`);
    }
  };

  // Each known instance is tried once, beginning with the next in turn.
  const peerRows = async () => {
    turn += 1;
    for (let n = 0; n < peers.length; n += 1) {
      try {
        return await getJson(`http://${peers[(turn + n) % peers.length]}/data`);
      } catch (error) {
        console.log(`${peer} does not answer: ${error.message}`);
      }
    }
    return null;
  };

  const answer = async (path) => {
    if (path === '/data') return own;
    if (path !== '/') return null;
    const theirs = await peerRows();
    return own.map((row) => complete(row, theirs));
  };

  const server = http.createServer(async (request, response) => {
    const body = await answer(new URL(request.url, 'http://localhost').pathname);
    response.writeHead(body ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body || { error: 'not found' }) + '\n');
  });

  process.on('SIGTERM', () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => process.exit(0), LAST_REQUESTS).unref();
  });

  server.listen(port, address, () => {
    console.log(`${source} serves at http://${address}:${port}`);
    refresh();
    setInterval(() => refresh(), REFRESH).unref();
  });
};

function getJson(url) {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { timeout: PEER_TIMEOUT }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => { text += part; });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode !== 200) {
          reject(new Error(`status ${response.statusCode}`));
          return;
        }
        try {
          resolve(JSON.parse(text));
        } catch (error) {
          reject(error);
        }
      });
    });
    request.on('timeout', () => request.destroy(new Error(`no answer in ${PEER_TIMEOUT} ms`)));
    request.on('error', reject);
  });
}
