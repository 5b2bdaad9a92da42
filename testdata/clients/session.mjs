// Our own client for pages, in Node.js.

import { WebSocket } from 'ws';

import { connect, ToolError } from '../../transport/websocket/js/sluice.js';
import { Wire } from './wire.mjs';

/** Connects a client, and gives it the face that the exercises use. */
export async function connectSession(url, token, revision) {
    const wire = new Wire({ onmessage() {}, send() {} });
    class Tapped extends WebSocket {
        constructor(...args) {
            super(...args);
            this.on('message', (data) => wire.received.push(JSON.parse(data)));
        }
        send(text) {
            wire.sent.push(JSON.parse(text));
            super.send(text);
        }
    }
    const session = await connect(url, { token, revision, WebSocket: Tapped });
    const notes = [];
    session.addEventListener('notification', ({ detail }) => {
        if (detail.method === 'notifications/message') notes.push(detail.params);
    });
    const plain = (name, args, { signal, meta } = {}) =>
        session.request('tools/call', { name, arguments: args }, { signal, meta });
    const modern = session.revision === '2026-07-28';
    return {
        notes,
        wire,
        revision: session.revision,
        server: session.server,
        page: (cursor) => session.request('tools/list', cursor === undefined ? {} : { cursor }),
        call: (name, args, options) => (options?.onprogress ? follow(session.call(name, args, options), options) : plain(name, args, options)),
        async callLogging(level, name) {
            if (modern) return plain(name, {}, { meta: { 'io.modelcontextprotocol/logLevel': level } });
            await session.request('logging/setLevel', { level });
            return plain(name, {});
        },
        async watchTools(changed) {
            session.addEventListener('toolschanged', changed);
        },
        alive: () => session.request(modern ? 'server/discover' : 'ping'),
        close: async () => session.close(),
    };
}

async function follow(call, { onprogress }) {
    try {
        for await (const event of call) if (event.type === 'progress') onprogress(event);
        return await call.result;
    } catch (error) {
        if (error instanceof ToolError) return error.result;
        throw error;
    }
}
