// A WebSocket transport for SDK 2.x, which brings none: one message a text frame.

import { WebSocket } from 'ws';

export class WebSocketTransport {
    #url;
    #options;
    #socket;

    constructor(url, token, options = {}) {
        this.#url = url;
        this.#options = { ...options, headers: { Authorization: `Bearer ${token}` } };
    }

    start() {
        this.#socket = new WebSocket(this.#url, ['mcp'], this.#options);
        this.#socket.on('message', (data) => this.onmessage?.(JSON.parse(data.toString())));
        this.#socket.on('close', () => this.onclose?.());
        return new Promise((resolve, reject) => {
            this.#socket.on('open', resolve);
            this.#socket.on('error', (error) => {
                reject(error);
                this.onerror?.(error);
            });
        });
    }

    send(message) {
        return new Promise((resolve, reject) => {
            this.#socket.send(JSON.stringify(message), (error) => (error ? reject(error) : resolve()));
        });
    }

    async close() {
        this.#socket?.close();
    }
}
