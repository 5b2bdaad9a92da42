// The fixture server, on a port of its own or over stdio.

import { randomBytes } from 'node:crypto';

import { everything } from './binary.mjs';
import { listen } from './listener.mjs';

/** Starts `everything serve`: its WebSocket URL, its HTTP base, its token, and stop. */
export async function serveEverything(...args) {
    const token = randomBytes(24).toString('base64url');
    const command = ['serve', '--listen', '127.0.0.1:0', '--token', token, ...args];
    const { found, stop } = await listen(everything(), command, { url: /(ws:\/\/[^\s"]+)/ });
    return { url: found.url, http: new URL(found.url.replace(/^ws/, 'http')).origin, token, stop };
}

/** What starts the fixture server over stdio, for the transports of either SDK. */
export const stdioServer = () => ({ command: everything(), args: ['stdio'], env: process.env, stderr: 'ignore' });
