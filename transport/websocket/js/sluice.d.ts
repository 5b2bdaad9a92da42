// The types of sluice.js.

/** One token, or what gives the one to connect with: it is asked before each connection. */
export type TokenSource = string | (() => string | Promise<string>);

export interface TransportOptions {
    /** What the server knows the caller by. It is sent as a subprotocol, never in the URL. */
    token?: TokenSource;
    /** The class to connect with. Defaults to the platform's; Node.js has one from 22 on. */
    WebSocket?: new (url: string, protocols: string[]) => any;
    /** How long a connection may take to open, and its handshake to be answered, in milliseconds. Defaults to 10000. */
    connectTimeoutMs?: number;
    /** The longest message that is sent, in bytes. Defaults to 4 MiB, what a server takes. */
    maxMessageBytes?: number;
    /** How much may wait to be sent, in bytes. Beyond it, what is sent is refused. Defaults to 16 MiB. */
    maxBufferedBytes?: number;
}

export interface ConnectOptions extends TransportOptions {
    /** Ends the connecting, and later the session. */
    signal?: AbortSignal;
    /** The only revision to speak. Defaults to the newest that the server knows. */
    revision?: string;
    /** How long a server may take to say that it is a modern one, in milliseconds. Defaults to 5000. */
    probeTimeoutMs?: number;
    /** What the client calls itself. Defaults to sluice.js. */
    clientInfo?: { name: string; version: string };
    /** How many requests may be unanswered or wait for a connection. Defaults to 1024. */
    maxCalls?: number;
    /**
     * How to connect again after a connection is lost; false: not at all. The wait before
     * an attempt begins at minMs (500), doubles up to maxMs (30000), and is shortened by up
     * to a half by chance. After attempts (10) in a row the session closes.
     */
    reconnect?: false | { minMs?: number; maxMs?: number; attempts?: number };
}

export interface RequestOptions {
    /** Cancels the request, at the server too. It rejects with the signal's reason. */
    signal?: AbortSignal;
    /** Says that running twice does no harm: it is sent again if a connection is lost, on three at most. */
    idempotent?: boolean;
    /** Members for the request's _meta. */
    meta?: Record<string, unknown>;
}

export interface Progress {
    progress: number;
    total?: number;
    message?: string;
}

export interface ToolResult {
    content: ({ type: string } & Record<string, any>)[];
    structuredContent?: any;
    isError?: boolean;
    _meta?: Record<string, any>;
}

export interface Tool {
    name: string;
    title?: string;
    description?: string;
    inputSchema: Record<string, any>;
    outputSchema?: Record<string, any>;
    annotations?: Record<string, any>;
    _meta?: Record<string, any>;
}

export type CallEvent = ({ type: 'progress' } & Progress) | { type: 'result'; result: ToolResult };

/**
 * One call, which has been made. Iterate over it once: reports of its progress, of which a
 * slow reader misses the oldest, and then its result. Leaving the loop early cancels it.
 */
export interface Call extends AsyncIterable<CallEvent> {
    /** The result, for who has no use for progress. */
    readonly result: Promise<ToolResult>;
}

/** What a call was that had no answer when its connection was lost. */
export interface LostCall {
    id: number;
    method: string;
    tool?: string;
    arguments?: Record<string, any>;
}

export interface SessionEvents {
    /** There is a connection again. */
    connect: CustomEvent<{ revision: string }>;
    /** The connection was lost. The calls in lost were rejected, with a LostError each. */
    disconnect: CustomEvent<{ code: number; reason: string; lost: LostCall[] }>;
    /** The session has ended, and there will be no other connection. */
    close: CustomEvent<{ reason: unknown }>;
    /** The set of tools is another: list them again. */
    toolschanged: CustomEvent<unknown>;
    /** Any other notification. */
    notification: CustomEvent<{ method: string; params?: any }>;
    /** Something went wrong that belongs to no request. */
    error: CustomEvent<Error>;
}

/** A connection to a server that is made again when it is lost. */
export interface Session {
    /** The revision in use. */
    readonly revision: string | undefined;
    /** What the server calls itself. */
    readonly server: { name: string; version: string } | undefined;
    readonly capabilities: Record<string, any>;
    /** How the server wants its tools used, for the model. */
    readonly instructions: string | undefined;
    /** Whether a call would be sent at once. If not it waits for a connection. */
    readonly connected: boolean;

    /**
     * Calls a tool. Rejects with a ToolError if the call failed or was refused, with a
     * ProtocolError if there is no such tool, with a LostError if the connection was lost.
     */
    call(name: string, args?: Record<string, any>, options?: RequestOptions): Call;
    /** Yields all tools, asking for a page at a time. */
    tools(options?: { signal?: AbortSignal }): AsyncGenerator<Tool, void, undefined>;
    /** Returns all tools. */
    listTools(options?: { signal?: AbortSignal }): Promise<Tool[]>;
    /** Sends any other request and returns its result. */
    request(method: string, params?: Record<string, any>, options?: RequestOptions): Promise<any>;
    /** Ends the session. What has no answer yet is rejected here, and cancelled at the server. */
    close(): void;

    addEventListener<T extends keyof SessionEvents>(
        type: T, listener: (event: SessionEvents[T]) => void, options?: boolean | AddEventListenerOptions,
    ): void;
    removeEventListener<T extends keyof SessionEvents>(
        type: T, listener: (event: SessionEvents[T]) => void, options?: boolean | EventListenerOptions,
    ): void;
}

/**
 * Connects and agrees on a revision. Rejects with a ConnectionError if the first
 * connection cannot be made; later ones are tried again.
 */
export function connect(url: string | URL, options?: ConnectOptions): Promise<Session>;

/** One connection: a Transport of the official TypeScript SDKs. It does not reconnect. */
export class SluiceTransport {
    constructor(url: string | URL, options?: TransportOptions);
    readonly open: boolean;
    onmessage?: (message: any) => void;
    onclose?: (event?: { code: number; reason: string }) => void;
    onerror?: (error: Error) => void;
    start(): Promise<void>;
    send(message: unknown): Promise<void>;
    close(): Promise<void>;
}

export interface ErrorDetails {
    /**
     * What went wrong, in a word. Of a ToolError the server's: timeout, overloaded,
     * rate_limited and so on; tool if the tool itself said so. Else protocol, connection,
     * lost, closed, timeout, overloaded, too_large.
     */
    kind?: string;
    /** The JSON-RPC code of a ProtocolError, the close code of a ConnectionError. */
    code?: number;
    /** The data of a JSON-RPC error. */
    data?: unknown;
    /** When to try again, where the server says so. */
    retryAfterMs?: number;
    /** The whole result of a ToolError. */
    result?: ToolResult;
    /** The tool that was called. */
    tool?: string;
    cause?: unknown;
}

/** What everything that goes wrong here extends; an aborted signal's reason is passed on as it is. */
export class SluiceError extends Error implements ErrorDetails {
    constructor(message: string, details?: ErrorDetails);
    readonly kind: string;
    readonly code?: number;
    readonly data?: unknown;
    readonly retryAfterMs?: number;
    readonly result?: ToolResult;
    readonly tool?: string;
}
/** A valid call failed, or was refused. */
export class ToolError extends SluiceError {}
/** The server answered with a JSON-RPC error, or with what cannot be understood. */
export class ProtocolError extends SluiceError {}
/** There is no connection. */
export class ConnectionError extends SluiceError {}
/** A connection ended before a call was answered: whether the tool ran is unknown. */
export class LostError extends ConnectionError {}
