// What holds for the progress of every call.

import assert from 'node:assert/strict';

/**
 * The values grow strictly up to the total. A server that is short of time may leave
 * some out, the latest taking the place of those before, but never the last.
 */
export function assertGrows(values, total) {
    assert.ok(values.every((value, i) => i === 0 || value > values[i - 1]), `does not grow: ${values}`);
    assert.equal(values.at(-1), total, `${values}`);
    assert.ok(values.length >= Math.min(3, total), `too few reports: ${values}`);
}
