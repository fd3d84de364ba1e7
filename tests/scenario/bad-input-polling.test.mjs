/* The same bad input while members poll: bad-input.test.mjs. */
process.env.BAD_INPUT_REALTIME = 'off';
await import('./bad-input.test.mjs');
