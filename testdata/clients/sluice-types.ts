// What a program in TypeScript writes with our client for pages. It is never run: it is
// right when the compiler takes it, and finds each mistake that is marked as one.

import { Client } from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';

import {
    connect, LostError, SluiceError, SluiceTransport, ToolError,
    type CallEvent, type LostCall, type Session, type Tool, type ToolResult,
} from '../../transport/websocket/js/sluice.js';

export async function callsTools(url: URL): Promise<string> {
    const stop = new AbortController();
    const session: Session = await connect(url, {
        token: async () => 'secret', signal: stop.signal, reconnect: { minMs: 100, attempts: 3 },
    });
    session.addEventListener('disconnect', ({ detail }) => {
        const lost: LostCall[] = detail.lost;
        const code: number = detail.code;
        console.log(lost.map(({ tool, id }) => `${tool ?? '?'} ${id}`), code);
    });
    let seen = '';
    for await (const event of session.call('countdown', { from: 5 }, { signal: stop.signal, idempotent: true })) {
        const kept: CallEvent = event;
        if (kept.type === 'progress') seen += `${kept.progress}/${kept.total ?? '?'}`;
        else seen += kept.result.content.length;
    }
    const result: ToolResult = await session.call('echo', { text: 'hello' }).result;
    const tools: Tool[] = await session.listTools();
    for await (const { name } of session.tools()) seen += name;
    session.close();
    return seen + result.content[0]?.type + tools.length + session.revision;
}

export function explains(error: unknown): string {
    if (error instanceof ToolError) return `${error.kind} ${error.retryAfterMs ?? 0} ${error.result?.isError}`;
    if (error instanceof LostError) return `${error.code} ${error.tool}`;
    return error instanceof SluiceError ? error.message : 'not ours';
}

/** The official SDKs take the transport as it is. */
export async function servesTheSDKs(url: string): Promise<void> {
    const transport = new SluiceTransport(url, { token: 'secret' });
    await new Client({ name: 'modern', version: '1' }).connect(transport);
    await new LegacyClient({ name: 'legacy', version: '1' }).connect(new SluiceTransport(url));
}

export async function mistakes(session: Session): Promise<void> {
    // @ts-expect-error: a token is text, or what gives text
    await connect('ws://127.0.0.1:7777/mcp', { token: 7 });
    // @ts-expect-error: there is no such option
    await connect('ws://127.0.0.1:7777/mcp', { tokens: 'secret' });
    // @ts-expect-error: arguments have names
    session.call('echo', 'hello');
    // @ts-expect-error: there is no such event
    session.addEventListener('lost', () => {});
    // @ts-expect-error: it is the session that connects anew
    session.connected = true;
    for await (const event of session.call('echo')) {
        // @ts-expect-error: only a result has one
        console.log(event.result);
    }
}
