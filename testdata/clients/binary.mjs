// Builds the programs under test.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The fixture server; EVERYTHING_BIN names one that is built already. */
export const everything = () => process.env.EVERYTHING_BIN || build('everything', './testdata/everything');

/** The sluice command; SLUICE_BIN names one that is built already. */
export const sluice = () => process.env.SLUICE_BIN || build('sluice', './cmd/sluice');

/** The sluice command as it is released: to pack one that has a race detector inside takes a minute. */
export const released = () => build('sluice', './cmd/sluice', { CGO_ENABLED: '0' });

function build(name, pkg, env = {}) {
    const dir = mkdtempSync(join(tmpdir(), 'sluice-clients-'));
    process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
    const path = join(dir, name + (process.platform === 'win32' ? '.exe' : ''));
    execFileSync('go', ['build', '-o', path, pkg], { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
    return path;
}
