// The official TypeScript SDK's client of the revisions with a handshake.

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import {
    CallToolResultSchema,
    LoggingMessageNotificationSchema,
    ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';

import { Wire } from './wire.mjs';

/** Connects a client, and gives it the face that the exercises use. */
export async function connectLegacy(transport) {
    const client = new Client({ name: 'sluice-test-legacy', version: '1.0.0' });
    const notes = [];
    client.setNotificationHandler(LoggingMessageNotificationSchema, (note) => void notes.push(note.params));
    await client.connect(transport);

    return {
        notes,
        wire: new Wire(transport),
        revision: '2025-11-25',
        server: client.getServerVersion(),
        page: (cursor) => client.listTools(cursor === undefined ? {} : { cursor }),
        call: (name, args, options) => client.callTool({ name, arguments: args }, CallToolResultSchema, options),
        async callLogging(level, name) {
            await client.setLoggingLevel(level);
            return client.callTool({ name, arguments: {} });
        },
        async watchTools(changed) {
            client.setNotificationHandler(ToolListChangedNotificationSchema, changed);
        },
        async alive() {
            await client.ping();
        },
        close: () => client.close(),
    };
}
