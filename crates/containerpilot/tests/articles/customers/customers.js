// What a Customers container runs. The article prints how the application learns of its upstreams;
// the query it leaves to a comment and the server around it are ours.
const http = require('http');
const source = 'customers:' + require('os').hostname();
const port = 4000;

upstreamHosts = [];
var getUpstreams = function(force, callback) {
    if (upstreamHosts.length != 0 && !force) {
        callback(upstreamHosts);
    } else {
        // query Consul for the upstream services and
        // write the list of hosts to upstreamHosts
        getJson('http://consul:8500/v1/health/service/sales?passing', function(found) {
            upstreamHosts = (found || []).map((one) => one.Service.Address + ':' + one.Service.Port);
            callback(upstreamHosts);
        });
    }
}
process.on('SIGHUP', function () {
    getUpstreams(true, function(hosts) {
        console.log("Updated upstreamHosts");
    });
});

// Its own rows, and under `/` who of the others gave theirs to them.
http.createServer(function (request, response) {
    const answer = (peer) => response.end(JSON.stringify({ source, peer }) + '\n');
    if (request.url === '/data') {
        answer(null);
    } else {
        getUpstreams(false, (hosts) => askAny(hosts, answer));
    }
}).listen(port, () => console.log(source + ' is up'));

// Asks one after the other, beginning with any, until one answers.
function askAny(hosts, callback) {
    const [next, ...others] = turned(hosts);
    if (!next) {
        callback(null);
        return;
    }
    getJson('http://' + next + '/data', (found) => found ? callback(found.source) : askAny(others, callback));
}

function turned(hosts) {
    const at = Math.floor(Math.random() * hosts.length);
    return hosts.slice(at).concat(hosts.slice(0, at));
}

// Gives null to its callback if there is no answer.
function getJson(url, callback) {
    const request = http.get(url, { timeout: 2000, agent: false }, (response) => {
        let text = '';
        response.on('data', (part) => { text += part; });
        response.on('end', () => callback(response.statusCode === 200 ? JSON.parse(text) : null));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => callback(null));
}
