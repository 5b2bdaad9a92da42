import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

import { endsByItself } from './ending.mjs';
import { exercise } from './exercises.mjs';
import { connectModern } from './modern.mjs';
import { stdioServer } from './served.mjs';

const start = () => new StdioClientTransport(stdioServer());

exercise('TypeScript SDK 2.x over stdio', '2026-07-28', () => connectModern(start()));
exercise('TypeScript SDK 2.x over stdio, after a probe', '2026-07-28', () => connectModern(start(), 'auto'));
exercise('TypeScript SDK 2.x over stdio, with the handshake', '2025-11-25', () => connectModern(start(), 'legacy'));
endsByItself('TypeScript SDK 2.x', () => connectModern(start()));
