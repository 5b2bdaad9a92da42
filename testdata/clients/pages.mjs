// Serves pages on an origin of their own.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

/**
 * Serves files, by their paths, on a port and so on an origin of its own. What edit
 * returns is served in place of a file's text.
 *
 * @param {Record<string, URL>} files
 * @param {(text: string) => string} edit
 */
export async function servePages(files, edit = (text) => text) {
    const web = createServer((request, response) => {
        const path = request.url.replace(/\?.*/, '');
        if (!Object.hasOwn(files, path)) return response.writeHead(404).end();
        response.setHeader('Content-Type', files[path].pathname.endsWith('.js') ? 'text/javascript' : 'text/html');
        response.end(edit(readFileSync(files[path], 'utf8')));
    });
    await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
    return {
        origin: `http://127.0.0.1:${web.address().port}`,
        close() {
            web.closeAllConnections();
            web.close();
        },
    };
}
