// Runs a program that listens for WebSocket clients.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { within } from './deadline.mjs';

/**
 * Starts a program and waits until its output matches each of the patterns, of which
 * it returns the first groups under the names of the patterns. To stop it is to ask it
 * to end; to kill it is not to.
 *
 * @returns {Promise<{found: Record<string, string>, stop: () => Promise<number>, kill: () => Promise<number>}>}
 */
export async function listen(program, args, patterns, env = {}) {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    const exited = once(child, 'exit').then(([code]) => code);
    try {
        const found = await within(20_000, 'the listening line of ' + program, firstMatches(child, patterns));
        return { found, stop: () => stop(child, exited), kill: () => (child.kill('SIGKILL'), exited) };
    } catch (failure) {
        await stop(child, exited);
        throw failure;
    }
}

function firstMatches(child, patterns) {
    return new Promise((resolve, reject) => {
        let output = '';
        const read = (chunk) => {
            output += chunk;
            const found = Object.fromEntries(
                Object.entries(patterns).map(([name, pattern]) => [name, output.match(pattern)?.[1]]),
            );
            if (Object.values(found).every((value) => value !== undefined)) resolve(found);
        };
        child.stdout.on('data', read);
        child.stderr.on('data', read);
        child.on('error', reject);
        child.on('exit', (code) => reject(new Error(`exited with ${code} before it listened:\n${output}`)));
    });
}

/** Asks the program to end, insists after a while, and returns its exit code. */
async function stop(child, exited) {
    if (child.pid === undefined) return -1; // it never started
    child.kill('SIGTERM');
    const insist = setTimeout(() => child.kill('SIGKILL'), 30_000);
    const code = await exited;
    clearTimeout(insist);
    return code;
}
