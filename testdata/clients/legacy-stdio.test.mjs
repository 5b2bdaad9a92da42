import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

import { endsByItself } from './ending.mjs';
import { exercise } from './exercises.mjs';
import { connectLegacy } from './legacy.mjs';
import { stdioServer } from './served.mjs';

const start = () => new StdioClientTransport(stdioServer());

exercise('TypeScript SDK 1.x over stdio', '2025-11-25', () => connectLegacy(start()));
endsByItself('TypeScript SDK 1.x', () => connectLegacy(start()));
