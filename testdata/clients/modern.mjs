// The official TypeScript SDK's client of revision 2026-07-28, which speaks the
// revisions with a handshake too.

import { Client } from '@modelcontextprotocol/client';

import { Wire } from './wire.mjs';

/**
 * Connects a client, and gives it the face that the exercises use. Mode is how it
 * finds out what the server speaks: { pin } insists on a modern revision; 'auto'
 * probes first, on stdio by a process of its own; 'legacy' shakes hands.
 */
export async function connectModern(transport, mode = { pin: '2026-07-28' }) {
    const client = new Client({ name: 'sluice-test-modern', version: '1.0.0' }, { versionNegotiation: { mode } });
    const notes = [];
    client.setNotificationHandler('notifications/message', (note) => void notes.push(note.params));
    await client.connect(transport);

    const call = (name, args, options, _meta) =>
        client.callTool({ name, arguments: args, ...(_meta && { _meta }) }, options);
    return {
        notes,
        wire: new Wire(transport),
        revision: client.getNegotiatedProtocolVersion(),
        server: client.getServerVersion(),
        page: (cursor) => client.request({ method: 'tools/list', params: cursor === undefined ? {} : { cursor } }),
        call: (name, args, options) => call(name, args, options),
        close: () => client.close(),
        ...(client.getProtocolEra() === 'legacy' ? legacy(client, call) : modern(client, call)),
    };
}

function modern(client, call) {
    return {
        callLogging: (level, name) => call(name, {}, {}, { 'io.modelcontextprotocol/logLevel': level }),
        async watchTools(changed) {
            client.setNotificationHandler('notifications/tools/list_changed', changed);
            const subscription = await client.listen({ toolsListChanged: true });
            if (!subscription.honoredFilter.toolsListChanged) throw new Error('the server did not honour the filter');
        },
        alive: () => client.discover(),
    };
}

function legacy(client, call) {
    return {
        async callLogging(level, name) {
            await client.setLoggingLevel(level);
            return call(name, {});
        },
        async watchTools(changed) {
            client.setNotificationHandler('notifications/tools/list_changed', changed);
        },
        alive: () => client.ping(),
    };
}
