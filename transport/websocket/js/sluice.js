// An MCP client over WebSocket, for pages and for whatever else has a WebSocket.
//
//     const session = await connect('ws://127.0.0.1:7777/mcp', { token });
//     for await (const event of session.call('countdown', { from: 5 })) console.log(event);
//
// A SluiceTransport is one connection; a session keeps one up, over many. What the
// options mean stands with their types in sluice.d.ts.

/** @import { TransportOptions, ConnectOptions, RequestOptions, ErrorDetails } from './sluice.js' */
/** @import { CallEvent, Progress, Tool, ToolResult } from './sluice.js' */
/** @typedef {{[name: string]: any}} Json */

/**
 * How a request is made. An internal one is the session's own: it lives and dies with
 * a connection, and no bound holds it up.
 * @typedef {RequestOptions & {onprogress?: (p: Progress) => void, internal?: boolean, timeoutMs?: number}} How
 */
/**
 * A request that has not been answered. Sent says whether it was, on the connection
 * that there is; tries, on how many.
 * @typedef {{id: number, method: string, params: Json, how: How, sent: boolean, tries: number,
 *     resolve: (result: any) => void, reject: (error: any) => void}} Pending
 */

const MODERN = '2026-07-28'; // each request says what it speaks
const LEGACY = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']; // with a handshake
const META = 'io.modelcontextprotocol/';
const MAX_PROGRESS = 64; // reports that wait for a reader; the oldest make room
const MAX_TRIES = 3; // of a call that may be repeated: it may be what breaks the connection
const MAX_PAGES = 1000; // of one list
const STABLE_MS = 10_000; // a connection that lasted so long makes the next wait a short one

/** What everything that goes wrong here extends. */
export class SluiceError extends Error {
    static kind = 'error';
    /** @param {string} message @param {ErrorDetails} [details] */
    constructor(message, { cause, ...details } = {}) {
        super(message, cause === undefined ? undefined : { cause });
        Object.assign(this, { name: new.target.name, kind: new.target.kind, ...details });
    }
}
/** A valid call failed, or was refused: kind says how, the message is for the model. */
export class ToolError extends SluiceError { static kind = 'tool'; }
/** The server answered with a JSON-RPC error, or with what cannot be understood. */
export class ProtocolError extends SluiceError { static kind = 'protocol'; }
/** There is no connection. Its code is the WebSocket's close code, where there is one. */
export class ConnectionError extends SluiceError { static kind = 'connection'; }
/** A connection ended before a call was answered: whether the tool ran is unknown. */
export class LostError extends ConnectionError { static kind = 'lost'; }

/** One connection, with the face that the official TypeScript SDKs want of a Transport. */
export class SluiceTransport {
    onmessage = /** @type {((message: any) => void) | undefined} */ (undefined);
    onclose = /** @type {((event?: {code: number, reason: string}) => void) | undefined} */ (undefined);
    onerror = /** @type {((error: Error) => void) | undefined} */ (undefined);
    #url;
    #options;
    #socket = /** @type {WebSocket | undefined} */ (undefined);
    #state = /** @type {'new' | 'opening' | 'open' | 'closed'} */ ('new');

    /** @param {string | URL} url @param {TransportOptions} [options] */
    constructor(url, options = {}) {
        this.#url = new URL(url);
        if (['token', 'access_token'].some((name) => this.#url.searchParams.has(name))) {
            throw new TypeError('a token must not stand in the URL: pass it as an option');
        }
        this.#options = options;
    }

    /** Whether messages can be sent. */
    get open() {
        return this.#state === 'open' && this.#socket?.readyState === 1;
    }

    get #closed() {
        return this.#state === 'closed';
    }

    /** Connects, once. */
    async start() {
        if (this.#state !== 'new') throw new ConnectionError('a transport is started once', { kind: 'closed' });
        this.#state = 'opening';
        const { token, connectTimeoutMs = 10_000 } = this.#options;
        const secret = typeof token === 'function' ? await token() : token;
        if (this.#closed) throw closedError();
        const socket = (this.#socket = this.#dial(secret ? ['mcp', `bearer.${secret}`] : ['mcp']));
        const late = setTimeout(() => socket.close(), connectTimeoutMs);
        await new Promise((resolve, reject) => {
            socket.onopen = resolve;
            socket.onmessage = ({ data }) => this.#receive(data);
            socket.onerror = () => {}; // it says nothing, and close follows
            socket.onclose = ({ code, reason }) => {
                reject(this.#closed ? closedError() : refusedError(this.#url, code));
                this.#end(code, reason);
            };
        }).finally(() => clearTimeout(late));
        if (this.#closed) throw closedError();
        this.#state = 'open';
    }

    /** @param {string[]} protocols @returns {WebSocket} */
    #dial(protocols) {
        const Socket = this.#options.WebSocket ?? globalThis.WebSocket;
        if (!Socket) throw new ConnectionError('there is no WebSocket here: pass one as an option');
        try {
            return new Socket(this.#url.href, protocols);
        } catch { // The platform's own words would show the token.
            throw new ConnectionError('the URL is none of a WebSocket, or the token has characters that cannot be sent');
        }
    }

    /** @param {string} data */
    #receive(data) {
        let messages;
        try {
            messages = [JSON.parse(data)].flat(); // revision 2025-03-26 has batches
            if (messages.some((one) => one === null || typeof one !== 'object')) throw new TypeError('not an object');
        } catch (cause) {
            this.onerror?.(new ProtocolError('the server sent what is not JSON-RPC', { cause }));
            return;
        }
        for (const message of messages) if (!this.#closed) this.onmessage?.(message);
    }

    /** Sends a message, if it is not too long and not too much waits. @param {unknown} message */
    async send(message) {
        const socket = this.#socket;
        if (!this.open || !socket) throw new ConnectionError('there is no connection');
        const { maxMessageBytes = 4 << 20, maxBufferedBytes = 16 << 20 } = this.#options;
        const text = JSON.stringify(message);
        const bytes = new TextEncoder().encode(text).length;
        if (bytes > maxMessageBytes) throw new SluiceError(`${bytes} bytes are too long a message`, { kind: 'too_large' });
        if (socket.bufferedAmount + bytes > maxBufferedBytes) throw overloadedError('too much waits to be sent');
        socket.send(text);
    }

    /** Closes the connection, which cancels all calls on it. */
    async close() {
        this.#socket?.close(1000);
        this.#end(1000, '');
    }

    /** @param {number} code @param {string} reason */
    #end(code, reason) {
        const before = this.#state;
        this.#state = 'closed';
        if (before === 'open') this.onclose?.({ code, reason });
    }
}

/** Connects, and stays so until the session is closed. @param {string | URL} url @param {ConnectOptions} [options] */
export async function connect(url, options = {}) {
    const session = new Session(url, options);
    await session.open();
    return session;
}

class Session extends EventTarget {
    revision = /** @type {string | undefined} */ (undefined);
    server = /** @type {{name: string, version: string} | undefined} */ (undefined);
    capabilities = /** @type {Json} */ ({});
    instructions = /** @type {string | undefined} */ (undefined);
    #url;
    #options;
    #clientInfo;
    #backoff;
    #transport = /** @type {SluiceTransport | undefined} */ (undefined);
    #pending = /** @type {Map<unknown, Pending>} */ (new Map());
    #lastId = 0;
    #readySince = 0; // 0 while there is no connection that calls can be sent on
    #attempt = 0;
    #timer = /** @type {any} */ (undefined); // of the next attempt
    #life = new AbortController(); // aborted with the reason for which the session has ended

    /** @param {string | URL} url @param {ConnectOptions} options */
    constructor(url, options) {
        super();
        this.#url = url;
        this.#options = options;
        this.#clientInfo = options.clientInfo ?? { name: 'sluice.js', version: '1' };
        const reconnect = options.reconnect === false ? { attempts: 0 } : options.reconnect;
        this.#backoff = { minMs: 500, maxMs: 30_000, attempts: 10, ...reconnect };
    }

    /** Whether a call would be sent at once. */
    get connected() {
        return this.#readySince > 0 && this.#transport?.open === true;
    }

    /** Makes the first connection. */
    async open() {
        const { signal } = this.#options;
        signal?.throwIfAborted();
        signal?.addEventListener('abort', () => this.#finish(signal.reason), { signal: this.#life.signal });
        await this.#dial().catch((error) => this.#finish(error));
        this.#life.signal.throwIfAborted();
    }

    /** Calls a tool. @param {string} name @param {Json} [args] @param {RequestOptions} [options] */
    call(name, args = {}, { signal, idempotent, meta } = {}) {
        return new Call(signal, async (own, onprogress) => {
            const how = { signal: own, idempotent, meta, onprogress };
            return checkResult(name, await this.#request('tools/call', { name, arguments: args }, how));
        });
    }

    /** Yields all tools. @param {{signal?: AbortSignal}} [options] @returns {AsyncGenerator<Tool, void, undefined>} */
    async *tools({ signal } = {}) {
        let cursor;
        for (let page = 0; page < MAX_PAGES; page++) {
            const params = cursor === undefined ? {} : { cursor };
            const answer = await this.#request('tools/list', params, { signal, idempotent: true });
            if (!Array.isArray(answer.tools)) break;
            yield* answer.tools;
            cursor = answer.nextCursor;
            if (cursor === undefined) return;
        }
        throw new ProtocolError('the list of tools is none, or has no end');
    }

    /** Returns all tools. @param {{signal?: AbortSignal}} [options] */
    async listTools(options) {
        const all = [];
        for await (const tool of this.tools(options)) all.push(tool);
        return all;
    }

    /** Sends any other request. @param {string} method @param {Json} [params] @param {RequestOptions} [options] */
    request(method, params = {}, { signal, idempotent, meta } = {}) {
        return this.#request(method, params, { signal, idempotent, meta });
    }

    /** Ends the session. What has no answer yet is rejected here, and cancelled at the server. */
    close() {
        this.#finish(closedError());
    }

    /** @param {string} method @param {Json} params @param {How} how @returns {Promise<any>} */
    async #request(method, params, how) {
        const { signal, internal, timeoutMs } = how;
        const { maxCalls = 1024 } = this.#options;
        signal?.throwIfAborted();
        this.#life.signal.throwIfAborted();
        if (!internal && this.#pending.size >= maxCalls) throw overloadedError('too many calls wait for their answers');
        const id = ++this.#lastId;
        const abort = () => this.#cancel(id, signal?.reason);
        let timer;
        try {
            return await new Promise((resolve, fail) => {
                const reject = (/** @type {unknown} */ error) => (this.#pending.delete(id), fail(error)); // never sent again
                const pending = { id, method, params, how, sent: false, tries: 0, resolve, reject };
                this.#pending.set(id, pending);
                signal?.addEventListener('abort', abort);
                if (timeoutMs) timer = setTimeout(() => reject(lateError(method)), timeoutMs);
                if (internal || this.connected) this.#send(pending);
            });
        } finally {
            this.#pending.delete(id);
            clearTimeout(timer);
            signal?.removeEventListener('abort', abort);
        }
    }

    /** @param {Pending} pending */
    #send(pending) {
        const { id, method, params, how, reject } = pending;
        const _meta = {
            ...how.meta,
            ...(this.revision === MODERN && {
                [META + 'protocolVersion']: MODERN,
                [META + 'clientInfo']: this.#clientInfo,
                [META + 'clientCapabilities']: {},
            }),
            ...(how.onprogress && { progressToken: id }),
        };
        pending.sent = true;
        pending.tries++;
        this.#transport?.send({ jsonrpc: '2.0', id, method, params: { ...params, _meta } }).catch(reject);
    }

    /** Sends what has no answer. Where it cannot be sent, the connection ends. @param {Json} message */
    #tell(message) {
        this.#transport?.send({ jsonrpc: '2.0', ...message }).catch(() => {});
    }

    /** @param {number} id @param {any} reason */
    #cancel(id, reason) {
        const pending = this.#pending.get(id);
        pending?.reject(reason);
        if (!pending?.sent) return;
        const text = String(reason?.message ?? reason).slice(0, 200);
        this.#tell({ method: 'notifications/cancelled', params: { requestId: id, reason: text } });
    }

    /** Makes a connection and sends what has waited for one. */
    async #dial() {
        const transport = (this.#transport = new SluiceTransport(this.#url, this.#options));
        transport.onmessage = (message) => this.#hear(message);
        transport.onerror = (error) => this.#emit('error', error);
        transport.onclose = (event) => this.#lose(event?.code, event?.reason);
        try {
            await transport.start();
            await this.#agree();
            if (!transport.open) throw new ConnectionError('the connection ended as it began');
        } catch (error) {
            transport.close();
            throw error;
        }
        this.#readySince = Date.now();
        for (const pending of this.#pending.values()) this.#send(pending);
        this.#watchTools();
        this.#emit('connect', { revision: this.revision });
    }

    /** Agrees on a revision: on the modern one if the server knows it, else by a handshake. */
    async #agree() {
        const { revision: wanted, probeTimeoutMs = 5_000, connectTimeoutMs = 10_000 } = this.#options;
        if (wanted === undefined || wanted === MODERN) {
            this.revision = MODERN;
            const found = await this.#discover(probeTimeoutMs);
            if (found) return this.#meet(found, found._meta?.[META + 'serverInfo']);
            if (wanted) throw new ProtocolError(`the server does not speak ${MODERN}`);
        }
        this.revision = undefined;
        const params = { protocolVersion: wanted ?? LEGACY[0], capabilities: {}, clientInfo: this.#clientInfo };
        const met = await this.#request('initialize', params, { internal: true, timeoutMs: connectTimeoutMs });
        const version = met.protocolVersion;
        if (wanted ? version !== wanted : !LEGACY.includes(version)) throw new ProtocolError(`the server speaks ${version}`);
        this.revision = version;
        this.#tell({ method: 'notifications/initialized' });
        this.#meet(met, met.serverInfo);
    }

    /** What a modern server is. Others answer with an error, or not at all. @param {number} timeoutMs */
    async #discover(timeoutMs) {
        try {
            const found = await this.#request('server/discover', {}, { internal: true, timeoutMs });
            return found.supportedVersions?.includes(MODERN) ? found : undefined;
        } catch (error) {
            if (error instanceof ConnectionError || this.#life.signal.aborted) throw error;
            return undefined;
        }
    }

    /** @param {Json} found @param {Json | undefined} server */
    #meet(found, server) {
        Object.assign(this, { capabilities: found.capabilities ?? {}, instructions: found.instructions, server });
    }

    /** A modern server tells of changes as long as a request for them is open. */
    #watchTools() {
        if (this.revision !== MODERN || !this.capabilities.tools?.listChanged) return;
        const wanted = { notifications: { toolsListChanged: true } };
        this.#request('subscriptions/listen', wanted, { internal: true }).catch(() => {}); // it ends with the connection
    }

    /** @param {Json} message */
    #hear(message) {
        const { id, method, params } = message;
        const unknown = { error: { code: -32601, message: 'Method not found' } };
        if (method === undefined) this.#answer(message);
        else if (id !== undefined) this.#tell({ id, ...(method === 'ping' ? { result: {} } : unknown) });
        else if (method === 'notifications/progress') this.#pending.get(params?.progressToken)?.how.onprogress?.(params);
        else this.#emit(method === 'notifications/tools/list_changed' ? 'toolschanged' : 'notification', message);
    }

    /** Takes an answer. One without an id is to a message that the server could not read. @param {Json} message */
    #answer({ id, result, error }) {
        const pending = this.#pending.get(id);
        if (error) {
            const failure = new ProtocolError(error.message, { code: error.code, data: error.data });
            if (id === undefined) this.#emit('error', failure);
            pending?.reject(failure);
        } else if (result !== null && typeof result === 'object') {
            pending?.resolve(result);
        } else {
            pending?.reject(new ProtocolError('the server gave an answer without a result'));
        }
    }

    // The connection has ended. What was sent and has no answer is lost, unless its caller
    // says that it may be sent again; what was not sent waits.
    /** @param {number} [code] @param {string} [reason] */
    #lose(code, reason) {
        const lost = [];
        for (const pending of this.#pending.values()) {
            const { id, method, params, how, sent, tries, reject } = pending;
            if (!sent) continue;
            if (how.idempotent && tries < MAX_TRIES) {
                pending.sent = false;
                continue;
            }
            const { name: tool, arguments: args } = params;
            reject(new LostError(`the connection ended before ${tool ?? method} was answered`, { code, tool }));
            if (!how.internal) lost.push({ id, method, tool, arguments: args });
        }
        const since = this.#readySince;
        this.#readySince = 0;
        if (!since || this.#life.signal.aborted) return; // whoever dialled, or ended the session, knows
        if (Date.now() - since >= STABLE_MS) this.#attempt = 0;
        this.#emit('disconnect', { code, reason, lost });
        this.#reconnect();
    }

    /** Connects again. Waits grow, and half of each is chance: a server's clients come apart. */
    async #reconnect() {
        const { minMs, maxMs, attempts } = this.#backoff;
        let cause;
        while (this.#attempt < attempts) {
            const ms = Math.min(maxMs, minMs * 2 ** this.#attempt++) * (0.5 + Math.random() / 2);
            await new Promise((resolve) => (this.#timer = setTimeout(resolve, ms)));
            try {
                return await this.#dial();
            } catch (error) {
                cause = error;
            }
        }
        this.#finish(new ConnectionError('the connection was lost, and no other could be made', { cause }));
    }

    /** @param {unknown} reason */
    #finish(reason) {
        if (this.#life.signal.aborted) return;
        this.#life.abort(reason);
        clearTimeout(this.#timer);
        for (const { reject } of this.#pending.values()) reject(reason);
        this.#pending.clear();
        this.#transport?.close();
        this.#emit('close', { reason });
    }

    /** @param {string} type @param {unknown} detail */
    #emit(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }
}

/** One call: iterate over it once, for its progress and then its result, or await result. */
class Call {
    #queue = /** @type {CallEvent[]} */ ([]);
    #done = false;
    #wake = () => {};
    #left = new AbortController();

    /** @typedef {(own: AbortSignal, onprogress: (p: Progress) => void) => Promise<ToolResult>} Run */
    /** @param {AbortSignal | undefined} signal @param {Run} run */
    constructor(signal, run) {
        const own = signal ? AbortSignal.any([signal, this.#left.signal]) : this.#left.signal;
        this.result = run(own, (progress) => this.#report(progress)).finally(() => {
            this.#done = true;
            this.#wake();
        });
        this.result.catch(() => {}); // whoever iterates is told there
    }

    /** @param {Progress} report */
    #report({ progress, total, message }) {
        if (this.#queue.length >= MAX_PROGRESS) this.#queue.shift();
        this.#queue.push({ type: 'progress', progress, total, message });
        this.#wake();
    }

    /** Who leaves the loop early cancels the call. @returns {AsyncGenerator<CallEvent, void, undefined>} */
    async *[Symbol.asyncIterator]() {
        try {
            for (;;) {
                for (let event; (event = this.#queue.shift()); ) yield event;
                if (this.#done) break;
                await /** @type {Promise<void>} */ (new Promise((wake) => (this.#wake = wake)));
            }
            yield { type: 'result', result: await this.result };
        } finally {
            this.#left.abort();
        }
    }
}

/** @param {string} tool @param {Json} result @returns {ToolResult} */
function checkResult(tool, result) {
    if ((result.resultType ?? 'complete') !== 'complete') {
        throw new ProtocolError(`${tool} wants what this client cannot give: ${result.resultType}`, { tool });
    }
    if (!result.isError) return /** @type {ToolResult} */ (result);
    const { kind = 'tool', retryAfterMs } = result._meta?.['dev.sluice/error'] ?? {};
    const texts = [result.content ?? []].flat().filter((block) => block?.type === 'text');
    const text = texts.map((block) => block.text).join('\n');
    throw new ToolError(text || `${tool} failed`, { kind, retryAfterMs, result: /** @type {ToolResult} */ (result), tool });
}

/** @param {string} message */
const overloadedError = (message) => new SluiceError(message, { kind: 'overloaded' });
/** @param {string} method */
const lateError = (method) => new SluiceError(`no answer to ${method} in time`, { kind: 'timeout' });

const closedError = () => new ConnectionError('it was closed', { kind: 'closed' });

/** To a page, a wrong token, a foreign origin and no server look the same. @param {URL} url @param {number} code */
const refusedError = ({ host }, code) =>
    new ConnectionError(`no connection to ${host}: is it up, the token right, and this page's origin allowed?`, { code });
