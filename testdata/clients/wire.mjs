// Records what passes through a client's transport, beneath what the client makes of it.

/** Everything sent and received on one connection, in order. */
export class Wire {
    sent = [];
    received = [];

    /** Taps a transport whose client has connected. */
    constructor(transport) {
        const { onmessage, send } = transport;
        transport.onmessage = (message, extra) => {
            this.received.push(message);
            onmessage(message, extra);
        };
        transport.send = (message, options) => {
            this.sent.push(message);
            return send.call(transport, message, options);
        };
    }

    /** The last request that calls this tool. */
    request(tool) {
        return this.sent.findLast((message) => message.method === 'tools/call' && message.params.name === tool);
    }

    /** What was received for a request: its progress, in order, and its response. */
    answer(request) {
        const token = request.params._meta?.progressToken;
        const progress = this.received.filter(
            (message) => message.method === 'notifications/progress' && message.params.progressToken === token,
        );
        const response = this.received.find((message) => message.id === request.id && !message.method);
        return {
            progress: progress.map((message) => message.params),
            response,
            late: response ? progress.filter((p) => this.received.indexOf(p) > this.received.indexOf(response)) : [],
        };
    }
}
