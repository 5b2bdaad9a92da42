// What our own client for pages does when servers and connections are not good ones.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { WebSocket } from 'ws';

import * as client from '../../transport/websocket/js/sluice.js';
import { within } from './deadline.mjs';
import { startPuppet } from './puppet.mjs';
import { serveEverything } from './served.mjs';

const { connect, ConnectionError, LostError, ProtocolError, SluiceError, SluiceTransport, ToolError } = client;
const folder = new URL('../../transport/websocket/js/', import.meta.url);
const quick = { minMs: 10, maxMs: 40 };
const done = { result: { content: [{ type: 'text', text: 'done' }] } };
const unknown = { error: { code: -32601, message: 'Method not found' } };

/** Starts a puppet and a session with it, which end with the test. */
async function meet(t, answers, options) {
    const puppet = await startPuppet(answers);
    t.after(() => puppet.stop());
    const session = await connect(puppet.url, { WebSocket, token: 'secret', reconnect: quick, ...options });
    t.after(() => session.close());
    return { puppet, session };
}

const event = (session, type) => within(5_000, `the event ${type}`, once(session, type)).then(([{ detail }]) => detail);
const until = (read, enough = Boolean) => within(5_000, String(read), (async () => {
    for (;;) {
        const value = read();
        if (enough(value)) return value;
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
})());
const calls = (puppet) => puppet.heard.filter((message) => message.method === 'tools/call');

describe('agreeing on a revision', { timeout: 30_000 }, () => {
    const initialize = (version) => () => ({ result: { protocolVersion: version, capabilities: {}, serverInfo: { name: 'old', version: '1' } } });

    for (const [what, discover] of Object.entries({
        'refuses the probe': () => unknown,
        'does not answer the probe': () => undefined,
        'knows other modern revisions': () => ({ result: { supportedVersions: ['2031-01-01'] } }),
        'does not support the version': () => ({ error: { code: -32022, message: 'Unsupported', data: { supported: [] } } }),
        'answers the probe with nonsense': () => ({ result: { supportedVersions: 7 } }),
    })) {
        test(`falls back to the handshake with a server that ${what}`, async (t) => {
            const answers = { 'server/discover': discover, initialize: initialize('2025-03-26'), 'tools/call': () => done };
            const { puppet, session } = await meet(t, answers, { probeTimeoutMs: 100 });
            assert.equal(session.revision, '2025-03-26');
            assert.equal(session.server.name, 'old');
            await session.call('any').result;
            const methods = puppet.heard.map((message) => message.method);
            assert.deepEqual(methods, ['server/discover', 'initialize', 'notifications/initialized', 'tools/call']);
            assert.deepEqual(Object.keys(puppet.heard.at(-1).params._meta), ['progressToken']);
        });
    }

    test('gives up where there is no revision in common', async (t) => {
        const puppet = await startPuppet({ 'server/discover': () => unknown, initialize: initialize('1999-01-01') });
        t.after(() => puppet.stop());
        await assert.rejects(connect(puppet.url, { WebSocket }), ProtocolError);
        await until(() => puppet.sockets[0].readyState === WebSocket.CLOSED);
    });

    test('a pinned revision is kept to', async (t) => {
        const puppet = await startPuppet({ 'server/discover': () => unknown, initialize: initialize('2025-06-18') });
        t.after(() => puppet.stop());
        for (const revision of ['2026-07-28', '2025-11-25']) {
            await assert.rejects(connect(puppet.url, { WebSocket, revision }), ProtocolError);
        }
    });

    test('each modern request says what it speaks', async (t) => {
        const { puppet, session } = await meet(t, { 'tools/call': () => done });
        await session.call('any', { a: 1 }, { meta: { traceparent: '00-1' } }).result;
        const { _meta, ...params } = puppet.heard.at(-1).params;
        assert.deepEqual(params, { name: 'any', arguments: { a: 1 } });
        assert.equal(_meta['io.modelcontextprotocol/protocolVersion'], '2026-07-28');
        assert.deepEqual(_meta['io.modelcontextprotocol/clientCapabilities'], {});
        assert.equal(_meta.traceparent, '00-1');
    });
});

describe('what fails', { timeout: 30_000 }, () => {
    test('is told by kind, code and the time to wait', async (t) => {
        const ends = {
            refused: { result: { isError: true, content: [{ type: 'text', text: 'Too many.' }, { type: 'image' }],
                _meta: { 'dev.sluice/error': { kind: 'rate_limited', retryAfterMs: 250 } } } },
            own: { result: { isError: true, content: [] } },
            fault: { error: { code: -32602, message: 'No such tool', data: { x: 1 } } },
            odd: { result: { resultType: 'input_required', inputRequests: {} } },
            empty: { result: null },
        };
        const { session } = await meet(t, { 'tools/call': ({ name }) => ends[name] });
        const fail = (name) => session.call(name).result.then(() => assert.fail(), (error) => error);
        const refused = await fail('refused');
        assert.ok(refused instanceof ToolError && refused instanceof SluiceError);
        const { name, message, kind, retryAfterMs, result, tool } = refused;
        assert.deepEqual([name, message, kind, retryAfterMs, tool], ['ToolError', 'Too many.', 'rate_limited', 250, 'refused']);
        assert.equal(result, refused.result);
        assert.equal((await fail('own')).kind, 'tool');
        const fault = await fail('fault');
        assert.ok(fault instanceof ProtocolError);
        assert.deepEqual([fault.code, fault.message, fault.data], [-32602, 'No such tool', { x: 1 }]);
        for (const odd of ['odd', 'empty']) assert.equal((await fail(odd)).kind, 'protocol');
        await assert.rejects(async () => { for await (const _ of session.call('own')); }, ToolError);
        await assert.rejects(session.call('own', { n: 1n }).result, TypeError);
    });

    test('nonsense from the server hurts no call', async (t) => {
        const { puppet, session } = await meet(t, { 'tools/call': () => undefined, ping: () => undefined });
        const errors = [];
        session.addEventListener('error', ({ detail }) => errors.push(detail));
        const made = session.call('any');
        await until(() => calls(puppet).length === 1);
        const [{ id }] = calls(puppet);
        const [socket] = puppet.sockets;
        for (const text of ['{', 'null', '[1]', '""', '{}', '{"id":999,"result":{}}', '{"method":"notifications/progress"}',
            '{"method":"notifications/progress","params":7}', '{"id":1,"error":{"code":1,"message":"late"}}']) socket.send(text);
        socket.send(Buffer.from([1, 2, 3]));
        socket.send('{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"}}');
        socket.send('{"jsonrpc":"2.0","id":"a","method":"ping"}');
        socket.send('{"jsonrpc":"2.0","id":"b","method":"sampling/createMessage"}');
        socket.send(JSON.stringify([{ jsonrpc: '2.0', method: 'x' }, { jsonrpc: '2.0', id, ...done }])); // a batch
        assert.equal((await made.result).content[0].text, 'done');
        assert.deepEqual(errors.map((error) => error.code), [undefined, undefined, undefined, undefined, undefined, -32700]);
        const answers = await until(() => puppet.heard.filter((message) => !message.method), (list) => list.length === 2);
        assert.deepEqual(answers, [{ jsonrpc: '2.0', id: 'a', result: {} }, { jsonrpc: '2.0', id: 'b', ...unknown }]);
    });

    test('a list of tools without end ends', async (t) => {
        let page = 0;
        const { session } = await meet(t, { 'tools/list': () => ({ result: { tools: [{ name: `t${page++}` }], nextCursor: `${page}` } }) });
        await assert.rejects(session.listTools(), ProtocolError);
        assert.equal(page, 1000);
    });

    test('the token is shown by no error, and never stands in a URL', async () => {
        const secret = 'canary with spaces';
        await assert.rejects(connect('ws://127.0.0.1:1/mcp', { WebSocket, token: secret }), (error) =>
            error instanceof ConnectionError && !`${error.stack} ${error.cause}`.includes('canary'));
        for (const name of ['token', 'access_token']) {
            await assert.rejects(connect(`ws://127.0.0.1:1/mcp?${name}=x`, { WebSocket }), TypeError);
        }
        await assert.rejects(connect('ftp://127.0.0.1/', { WebSocket }), ConnectionError);
    });
});

describe('bounds', { timeout: 30_000 }, () => {
    test('of the calls that wait', async (t) => {
        const { session } = await meet(t, { 'tools/call': () => undefined }, { maxCalls: 2 });
        const first = session.call('any');
        session.call('any');
        await assert.rejects(session.call('any').result, { kind: 'overloaded' });
        const stop = new AbortController();
        stop.abort();
        await assert.rejects(session.call('any', {}, { signal: stop.signal }).result, { name: 'AbortError' });
        first[Symbol.asyncIterator]().return(); // nothing has been read: nothing is left
        session.close();
        await assert.rejects(first.result, { kind: 'closed' });
        await assert.rejects(session.call('any').result, { kind: 'closed' });
    });

    test('of a call whose reader leaves', async (t) => {
        const { puppet, session } = await meet(t, {
            'tools/call': ({ _meta: { progressToken } }, socket) => {
                socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: 1 } }));
            },
        });
        const made = session.call('any');
        for await (const _ of made) break;
        await assert.rejects(made.result, { name: 'AbortError' });
        await until(() => puppet.heard.at(-1).params.requestId === calls(puppet)[0].id);
    });

    test('of one message, and of what is not sent yet', async (t) => {
        const { session } = await meet(t, { 'tools/call': () => done }, { maxMessageBytes: 10_000 });
        await assert.rejects(session.call('any', { text: 'é'.repeat(5_000) }).result, { kind: 'too_large' });
        await session.call('any', { text: 'é'.repeat(4_000) }).result;
        const slow = await meet(t, { 'tools/call': () => done }, { maxBufferedBytes: 2_000_000 });
        const text = 'x'.repeat(1_500_000);
        const ends = await Promise.allSettled([1, 2, 3, 4].map(() => slow.session.call('any', { text }).result));
        assert.equal(ends[0].status, 'fulfilled');
        assert.equal(ends.at(-1).reason?.kind, 'overloaded');
    });

    test('of the progress that nobody reads: the latest is kept', async (t) => {
        const { session } = await meet(t, {
            'tools/call': (params, socket) => {
                for (let progress = 1; progress <= 1000; progress++) {
                    socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress',
                        params: { progressToken: params._meta.progressToken, progress } }));
                }
                return done;
            },
        });
        const made = session.call('any');
        await made.result;
        const seen = [];
        for await (const { progress, type } of made) seen.push(progress ?? type);
        assert.deepEqual(seen, [...Array.from({ length: 64 }, (_, i) => 937 + i), 'result']);
    });

    test('of the time to connect', async (t) => {
        const { createServer } = await import('node:net');
        const mute = createServer((socket) => void t.after(() => socket.destroy())).listen(0, '127.0.0.1');
        await once(mute, 'listening');
        t.after(() => mute.close());
        const url = `ws://127.0.0.1:${mute.address().port}/mcp`;
        await within(5_000, 'the refusal', assert.rejects(connect(url, { WebSocket, connectTimeoutMs: 50 }), ConnectionError));
        const signal = AbortSignal.timeout(50);
        await within(5_000, 'the abort', assert.rejects(connect(url, { WebSocket, signal }), { name: 'TimeoutError' }));
    });
});

describe('a connection that is lost', { timeout: 30_000 }, () => {
    const hang = { 'tools/call': ({ name }, socket) => (name === 'kill' ? void socket.terminate() : name === 'hang' ? undefined : done) };

    test('loses what was sent, and repeats what may be', async (t) => {
        let connections = 0;
        const token = async () => `token${connections++}`;
        const { puppet, session } = await meet(t, { 'tools/call': ({ name }) => (connections > 1 && name === 'safe' ? done : undefined) }, { token });
        const risky = session.call('risky', { n: 1 });
        const safe = session.call('safe', {}, { idempotent: true });
        await until(() => calls(puppet).length === 2);
        const [lost, connected] = [event(session, 'disconnect'), event(session, 'connect')];
        puppet.sockets[0].close(1001, 'going');
        await assert.rejects(risky.result, (error) => error instanceof LostError && error.code === 1001 && error.tool === 'risky');
        const { code, reason, lost: list } = await lost;
        assert.deepEqual([code, reason], [1001, 'going']);
        assert.deepEqual(list.map(({ tool, arguments: args }) => ({ tool, args })), [{ tool: 'risky', args: { n: 1 } }]);
        assert.equal(session.connected, false);
        const waits = session.call('safe');
        assert.equal((await safe.result).content[0].text, 'done');
        assert.equal((await waits.result).content[0].text, 'done');
        await connected;
        assert.equal(session.connected, true);
        const names = calls(puppet).map((message) => message.params.name);
        assert.deepEqual(names, ['risky', 'safe', 'safe', 'safe']);
        assert.deepEqual(puppet.offers, ['mcp,bearer.token0', 'mcp,bearer.token1']);
    });

    test('is not made again and again for a call that ends it', async (t) => {
        const { puppet, session } = await meet(t, hang);
        await assert.rejects(session.call('kill', {}, { idempotent: true }).result, LostError);
        assert.equal(calls(puppet).length, 3);
        await session.call('fine').result;
    });

    test('carries no call before a revision is agreed on again', async (t) => {
        let wait = Promise.resolve();
        const { puppet, session } = await meet(t, {
            'tools/call': () => done,
            'server/discover': (_, socket, id) => void wait.then(() => socket.send(JSON.stringify({
                jsonrpc: '2.0', id, result: { supportedVersions: ['2026-07-28'], capabilities: {} },
            }))),
        });
        let agree;
        wait = new Promise((resolve) => { agree = resolve; });
        puppet.sockets[0].terminate();
        await until(() => puppet.heard.length === 2);
        assert.equal(session.connected, false);
        const stop = new AbortController();
        const [waits, cancelled] = [session.call('any'), session.call('cancelled', {}, { signal: stop.signal })];
        stop.abort();
        await assert.rejects(cancelled.result, { name: 'AbortError' });
        assert.equal(calls(puppet).length, 0);
        agree();
        await waits.result;
        assert.deepEqual(calls(puppet).map((message) => message.params.name), ['any']);
    });

    test('is given up after some attempts', async (t) => {
        const { puppet, session } = await meet(t, hang, { reconnect: { ...quick, attempts: 3 } });
        const [lost, closed] = [event(session, 'disconnect'), event(session, 'close')];
        await puppet.stop();
        await lost;
        const waits = session.call('any');
        const { reason } = await closed;
        assert.ok(reason instanceof ConnectionError && reason.cause instanceof ConnectionError);
        await assert.rejects(waits.result, (error) => error === reason);
    });

    test('is not made again where that is not wanted', async (t) => {
        const { puppet, session } = await meet(t, hang, { reconnect: false });
        const closed = event(session, 'close');
        const safe = session.call('hang', {}, { idempotent: true });
        await until(() => calls(puppet).length === 1);
        puppet.sockets[0].terminate();
        await closed;
        await assert.rejects(safe.result, ConnectionError);
        assert.equal(puppet.sockets.length, 1);
    });

    test('is not made again once the session is closed', async (t) => {
        const stop = new AbortController();
        const { puppet, session } = await meet(t, hang, { signal: stop.signal, reconnect: { minMs: 60, maxMs: 60 } });
        const lost = event(session, 'disconnect');
        puppet.sockets[0].terminate();
        await lost;
        const waits = session.call('any');
        stop.abort(new Error('enough'));
        await assert.rejects(waits.result, /enough/);
        await new Promise((resolve) => setTimeout(resolve, 120));
        assert.equal(puppet.sockets.length, 1);
    });

    test('is made again after growing waits', async (t) => {
        const { puppet, session } = await meet(t, {}, { reconnect: { minMs: 20, maxMs: 80, attempts: 6 } });
        const times = [performance.now()];
        const waited = (async () => {
            for (let i = 0; i < 5; i++) {
                const connected = event(session, 'connect');
                puppet.sockets.at(-1).terminate();
                await connected;
                times.push(performance.now());
            }
        })();
        await waited;
        const waits = times.slice(1).map((time, i) => time - times[i]);
        for (const [i, least] of [10, 20, 40, 40, 40].entries()) {
            assert.ok(waits[i] >= least - 2, `wait ${i} took ${waits[i]} ms, ${least} is the least`);
        }
    });

    test('tells nobody of the end that was asked for', async (t) => {
        const { puppet, session } = await meet(t, hang);
        let lost = false;
        session.addEventListener('disconnect', () => { lost = true; });
        const closed = event(session, 'close');
        session.close();
        await closed;
        await until(() => puppet.sockets[0].readyState === WebSocket.CLOSED);
        assert.ok(!lost);
    });
});

describe('the transport', { timeout: 30_000 }, () => {
    test('opens once, closes once, and sends only in between', async (t) => {
        const puppet = await startPuppet();
        t.after(() => puppet.stop());
        const transport = new SluiceTransport(puppet.url, { WebSocket, token: 'secret' });
        const closes = [];
        transport.onclose = (detail) => closes.push(detail.code);
        await assert.rejects(transport.send({}), ConnectionError);
        await transport.start();
        await assert.rejects(transport.start(), ConnectionError);
        await transport.send({ jsonrpc: '2.0', method: 'x' });
        await until(() => puppet.heard.length === 1);
        await transport.close();
        await transport.close();
        await assert.rejects(transport.send({}), ConnectionError);
        assert.deepEqual(closes, [1000]);
    });

    test('can be closed while it opens', async (t) => {
        const puppet = await startPuppet();
        t.after(() => puppet.stop());
        let give;
        const slow = new SluiceTransport(puppet.url, { WebSocket, token: () => new Promise((resolve) => { give = resolve; }) });
        const started = slow.start();
        await slow.close();
        give('late');
        await assert.rejects(started, { kind: 'closed' });
        const other = new SluiceTransport(puppet.url, { WebSocket });
        const opening = other.start();
        await Promise.resolve();
        await other.close();
        await assert.rejects(opening, { kind: 'closed' });
        await until(() => puppet.sockets.every((socket) => socket.readyState === WebSocket.CLOSED));
    });

    test('is refused with a wrong token', async (t) => {
        const server = await serveEverything();
        t.after(() => server.stop());
        await assert.rejects(connect(server.url, { WebSocket, token: 'not-the-token-of-this-server' }), ConnectionError);
        await assert.rejects(connect(server.url, { WebSocket }), ConnectionError);
        (await connect(server.url, { WebSocket, token: server.token })).close();
    });
});

describe('the package', () => {
    test('has the types of what it exports', () => {
        const types = readFileSync(new URL('sluice.d.ts', folder), 'utf8');
        const declared = [...types.matchAll(/^export (?:class|function) (\w+)/gm)].map((match) => match[1]);
        assert.deepEqual(declared.sort(), Object.keys(client).sort());
    });

    test('holds the module, its types and nothing else', () => {
        const out = execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: fileURLToPath(folder), encoding: 'utf8', stdio: 'pipe' });
        const [{ files }] = JSON.parse(out);
        assert.deepEqual(files.map((file) => file.path).sort(), ['package.json', 'sluice.d.ts', 'sluice.js']);
    });
});
