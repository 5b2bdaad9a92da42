// What every client does over every transport: one table, run by each *.test.mjs
// with a connection of its own kind.

import assert from 'node:assert/strict';
import { EventEmitter, once, setMaxListeners } from 'node:events';
import { after, before, describe, test } from 'node:test';

import { within } from './deadline.mjs';
import { assertGrows } from './progress.mjs';

/** Runs the exercises on one connection, which open makes. */
export function exercise(title, revision, open) {
    describe(title, () => {
        let session;
        before(async () => {
            session = await within(20_000, 'the connection', open());
        });
        after(async () => {
            await within(10_000, 'the end of the connection', session?.close());
        });
        for (const [what, run] of Object.entries(exercises)) {
            test(what, { timeout: 60_000 }, () => run(session, revision));
        }
    });
}

const exercises = {
    'agrees on the revision and names the server': (session, revision) => {
        assert.equal(session.revision, revision);
        assert.equal(session.server.name, 'everything');
    },

    'lists all tools page by page, in order': async (session) => {
        const names = await listTools(session);
        assert.ok(names.length >= 44, `${names.length} tools`);
        assert.deepEqual(names, [...new Set(names)].sort());
        for (const name of ['add', 'echo', 'filler_00', 'filler_24', 'test_tool_with_progress']) {
            assert.ok(names.includes(name), name);
        }
    },

    'is told that a cursor is not one': async (session) => {
        await assert.rejects(session.page('nonsense'), { code: -32602 });
    },

    'calls a tool': async (session) => {
        const result = await session.call('echo', { message: 'héllo, 世界 \u{1F30D}\n' });
        assert.deepEqual(result.content, [{ type: 'text', text: 'héllo, 世界 \u{1F30D}\n' }]);
        assert.ok(!result.isError);
    },

    'reads structured content': async (session) => {
        const result = await session.call('add', { a: 2, b: 0.5 });
        assert.deepEqual(result.structuredContent, { sum: 2.5 });
        assert.equal(result.content[0].text, '{"sum":2.5}');
    },

    'reads every kind of content': async (session) => {
        const { content } = await session.call('test_multiple_content_types', {});
        assert.deepEqual(content.map((block) => block.type), ['text', 'image', 'resource']);
        const [sound] = (await session.call('test_audio_content', {})).content;
        assert.equal(sound.mimeType, 'audio/wav');
        assert.equal(Buffer.from(sound.data, 'base64').toString('latin1', 0, 4), 'RIFF');
    },

    'reads a long result': async (session) => {
        const { content } = await session.call('big', { bytes: 1_000_000 });
        assert.equal(content[0].text.length, 1_000_000);
    },

    "reads a tool's own failure as a result": async (session) => {
        const result = await session.call('fail', {});
        assert.equal(result.isError, true);
        assert.equal(result.content[0].text, 'failed, as asked');
    },

    'is told what is wrong with its arguments': async (session) => {
        const result = await session.call('echo', { message: 5 });
        assert.equal(result.isError, true);
        assert.match(result.content[0].text, /\/message/);
    },

    'is told that a tool is unknown': async (session) => {
        await assert.rejects(session.call('no_such_tool', {}), { code: -32602 });
    },

    'survives a panic of a tool': async (session) => {
        const result = await session.call('panic', {});
        assert.equal(result.isError, true);
        assert.equal(result._meta['dev.sluice/error'].kind, 'panic');
        await session.alive();
    },

    'follows the progress of a call': async (session) => {
        const seen = [];
        await session.call('sleep', { ms: 600, steps: 6 }, { onprogress: (p) => seen.push(p) });
        const { progress, response, late } = session.wire.answer(session.wire.request('sleep'));
        assertGrows(progress.map((p) => p.progress), 6);
        assert.ok(progress.every((p) => p.total === 6 && p.message === `step ${p.progress} of 6`));
        assert.ok(response && late.length === 0, 'progress came after the response');
        // A client may drop a last report that it reads in one piece with the response.
        assert.ok(seen.length >= progress.length - 1, `${seen.length} of ${progress.length} reports reached the caller`);
    },

    'is spared a flood of progress': async (session) => {
        await session.call('sleep', { ms: 500, steps: 5000 }, { onprogress: () => {} });
        const { progress } = session.wire.answer(session.wire.request('sleep'));
        const values = progress.map((p) => p.progress);
        assertGrows(values, 5000);
        assert.ok(values.length <= 25, `${values.length} reports`);
    },

    'gets no progress that it did not ask for': async (session) => {
        await session.call('sleep', { ms: 50, steps: 2 });
        const { progress, response } = session.wire.answer(session.wire.request('sleep'));
        assert.ok(response);
        assert.deepEqual(progress, []);
    },

    'cancels a call, which is never answered': async (session) => {
        const cancel = new AbortController();
        const options = { signal: cancel.signal, onprogress: () => cancel.abort('enough') };
        await assert.rejects(session.call('sleep', { ms: 500, steps: 50 }, options));
        const request = session.wire.request('sleep');
        await session.alive();
        // When a call that started later ends, the answer would have come.
        await session.call('sleep', { ms: 600 });
        assert.equal(session.wire.answer(request).response, undefined);
    },

    'gets back the room of calls that it cancelled': async (session) => {
        const cancel = new AbortController();
        setMaxListeners(0, cancel.signal);
        const options = { signal: cancel.signal, onprogress: () => cancel.abort('enough') };
        const calls = Array.from({ length: 100 }, () => session.call('sleep', { ms: 25_000, steps: 500 }, options));
        const ends = await Promise.allSettled(calls);
        assert.ok(ends.every((end) => end.status === 'rejected'));
        await within(5_000, 'the echo', session.call('echo', { message: 'room' }));
    },

    'keeps 200 calls at once apart': async (session) => {
        const tags = Array.from({ length: 200 }, (_, i) => `tag-${i}-${'x'.repeat(i * 7)}`);
        const results = await Promise.all(tags.map((message) => session.call('echo', { message })));
        assert.deepEqual(results.map((result) => result.content[0].text), tags);
    },

    'hears that the list of tools has changed': async (session) => {
        const list = new EventEmitter();
        await session.watchTools(() => list.emit('changed'));
        const changed = once(list, 'changed');
        const name = (await session.call('mutate', {})).content[0].text;
        await within(5_000, 'the notification', changed);
        assert.ok((await listTools(session)).includes(name));
        assert.equal((await session.call(name, {})).content[0].text, name);
    },

    'gets the log notes that it asked for, and no others': async (session) => {
        const levels = async (level) => {
            session.notes.length = 0;
            await session.callLogging(level, 'log');
            return session.notes.map((note) => note.level);
        };
        assert.deepEqual(await levels('debug'), ['debug', 'info', 'error']);
        assert.deepEqual(await levels('info'), ['info', 'error']);
        assert.deepEqual(await levels('error'), ['error']);
        assert.deepEqual(await levels('emergency'), []);
    },
};

/** The names of all tools, read page by page. */
async function listTools(session) {
    const names = [];
    let cursor;
    do {
        const page = await session.page(cursor);
        assert.ok(page.tools.length <= 10, `${page.tools.length} tools on a page`);
        names.push(...page.tools.map((tool) => tool.name));
        cursor = page.nextCursor;
    } while (cursor !== undefined);
    return names;
}
