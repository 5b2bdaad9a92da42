// As much of WebDriver BiDi (https://w3c.github.io/webdriver-bidi/) as the tests need.

import { once } from 'node:events';

import { WebSocket } from 'ws';

export class Bidi {
    #socket;
    #waiting = new Map();
    #id = 0;

    static async connect(url) {
        const bidi = new Bidi();
        bidi.#socket = new WebSocket(url);
        bidi.#socket.on('message', (data) => bidi.#hear(JSON.parse(data)));
        bidi.#socket.on('close', () => {
            for (const { reject } of bidi.#waiting.values()) reject(new Error('the browser has gone'));
        });
        await once(bidi.#socket, 'open');
        return bidi;
    }

    #hear({ id, type, result, error, message }) {
        const waiting = this.#waiting.get(id);
        this.#waiting.delete(id);
        if (type === 'success') waiting?.resolve(result);
        else waiting?.reject(new Error(`${error}: ${message}`));
    }

    ask(method, params) {
        const id = ++this.#id;
        this.#socket.send(JSON.stringify({ id, method, params }));
        return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    }

    /** The value of an expression, or of what it promises, which is a string. */
    async evaluate(context, expression) {
        const options = { expression, target: { context }, awaitPromise: true };
        const { type, result, exceptionDetails } = await this.ask('script.evaluate', options);
        if (type !== 'success') throw new Error(exceptionDetails.text);
        return result.value;
    }

    close() {
        this.#socket.close();
    }
}
