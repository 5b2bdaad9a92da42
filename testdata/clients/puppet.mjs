// A WebSocket server that says what a test has it say, as no good server would.

import { once } from 'node:events';

import { WebSocketServer } from 'ws';

const modern = {
    'server/discover': () => ({ result: { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: {} } }),
};

/**
 * Starts a server. Answers say by method what comes back for a request: the result or
 * the error, or nothing. Connections and requests are kept in order.
 *
 * @param {Record<string, (params: any, socket: any, id: any) => any>} answers
 */
export async function startPuppet(answers = {}, port = 0) {
    const server = new WebSocketServer({ port, host: '127.0.0.1', handleProtocols: () => 'mcp' });
    await once(server, 'listening');
    const puppet = {
        url: `ws://127.0.0.1:${server.address().port}/mcp`,
        port: server.address().port,
        sockets: [],
        offers: [],
        heard: [],
        async stop() {
            for (const socket of server.clients) socket.terminate();
            await new Promise((resolve) => server.close(resolve));
        },
    };
    const all = { ...modern, ...answers };
    server.on('connection', (socket, request) => {
        puppet.sockets.push(socket);
        puppet.offers.push(request.headers['sec-websocket-protocol']);
        socket.on('message', (data) => {
            const message = JSON.parse(data);
            puppet.heard.push(message);
            const answer = all[message.method]?.(message.params, socket, message.id);
            if (answer) socket.send(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...answer }));
        });
    });
    return puppet;
}
