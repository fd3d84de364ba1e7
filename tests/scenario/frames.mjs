/*
 * Frames of WebSockets as bytes: a client's, as legal or illegal as one wants them, and a server's, read as strictly
 * as RFC 6455 and RFC 7692 allow. Pure.
 */
import assert from 'node:assert/strict';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';

export const OP = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/* ---- bytes that are sent ----------------------------------------------------------------------------------------- */

/* The example of RFC 6455, section 5.7. A mask that is known makes a failure repeatable. */
const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

function masked(bytes, mask) {
    const out = Buffer.allocUnsafeSlow(bytes.length);
    bytes.copy(out);
    const words = new Uint32Array(out.buffer, 0, out.length >> 2);
    const key = new Uint32Array(new Uint8Array(mask).buffer)[0];
    for (let i = 0; i < words.length; i += 1) words[i] ^= key;
    for (let i = words.length << 2; i < out.length; i += 1) out[i] ^= mask[i & 3];
    return out;
}

/*
 * One frame, as legal as its options:
 *   fin     true unless it is not the last fragment
 *   rsv     the three reserved bits: 4 is RSV1, 2 is RSV2, 1 is RSV3
 *   mask    four bytes, or false for none
 *   form    how the length is written: 7, 16 or 64 bits; the shortest that fits when left out
 *   claim   the length that is written, when it is not the payload's
 */
export function frame(opcode, payload = '', { fin = true, rsv = 0, mask = MASK, form, claim } = {}) {
    const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(payload);
    const length = claim ?? bytes.length;
    const bits = form ?? (length < 126 ? 7 : length < 65536 ? 16 : 64);
    const head = Buffer.alloc({ 7: 2, 16: 4, 64: 10 }[bits]);
    head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
    head[1] = (mask ? 0x80 : 0) | { 7: Number(length), 16: 126, 64: 127 }[bits];
    if (bits === 16) head.writeUInt16BE(length, 2);
    if (bits === 64) head.writeBigUInt64BE(BigInt(length), 2);
    return Buffer.concat(mask ? [head, mask, masked(bytes, mask)] : [head, bytes]);
}

/* The payload of a close frame. */
export function closing(code, reason = '') {
    const bytes = Buffer.isBuffer(reason) ? reason : Buffer.from(reason);
    const head = Buffer.alloc(2);
    head.writeUInt16BE(code);
    return Buffer.concat([head, bytes]);
}

const TAIL = Buffer.from([0, 0, 0xff, 0xff]);

/* A compressed payload: RFC 7692, section 7.2.1. */
export function deflated(payload, options = {}) {
    const bytes = deflateRawSync(payload, { ...options, finishFlush: constants.Z_SYNC_FLUSH });
    assert.ok(bytes.subarray(-4).equals(TAIL), 'a flush ends with an empty block');
    // Nothing to compress leaves nothing but the tail: section 7.2.3.6 wants one byte then.
    return bytes.length > 4 ? bytes.subarray(0, -4) : Buffer.from([0]);
}

/* A message of the server, which must be as section 7.2.1 has it. */
export function inflated(payload) {
    assert.ok(!payload.subarray(-4).equals(TAIL), 'the end of a flush is taken off');
    try {
        return inflateRawSync(Buffer.concat([payload, TAIL]), { finishFlush: constants.Z_SYNC_FLUSH });
    } catch (error) {
        return assert.fail(`the server's message is not deflate: ${error.message}`);
    }
}

/* ---- bytes that come --------------------------------------------------------------------------------------------- */

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function utf8(bytes, what) {
    try {
        return decoder.decode(bytes);
    } catch {
        return assert.fail(`${what} is not UTF-8: ${bytes.toString('hex').slice(0, 200)}`);
    }
}

/* RFC 6455, section 7.4, and IANA's registry. */
export const codeMayBeSent = (code) =>
    (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);

/* How many bytes the frame that begins at `at` has, as far as can be told. */
export function frameSize(bytes, at) {
    const there = bytes.length - at;
    if (there < 2) return 2;
    assert.equal(bytes[at + 1] & 0x80, 0, 'a server does not mask');
    const short = bytes[at + 1] & 127;
    const head = { 126: 4, 127: 10 }[short] ?? 2;
    if (there < head) return head;
    if (short === 126) return head + bytes.readUInt16BE(at + 2);
    if (short === 127) return head + Number(bytes.readBigUInt64BE(at + 2));
    return head + short;
}

/* A whole frame: {fin, rsv, opcode, payload}. */
export function readFrame(bytes) {
    const [first, second] = bytes;
    const opcode = first & 15;
    const short = second & 127;
    const payload = bytes.subarray({ 126: 4, 127: 10 }[short] ?? 2);
    if (short === 126) assert.ok(payload.length >= 126, `16 bits for a length of ${payload.length}`);
    if (short === 127) assert.ok(payload.length >= 65536, `64 bits for a length of ${payload.length}`);
    assert.ok(Object.values(OP).includes(opcode), `the reserved opcode ${opcode} from the server`);
    const fin = (first & 0x80) !== 0;
    if (opcode >= 8) {
        assert.ok(fin, 'a control frame in fragments from the server');
        assert.ok(short <= 125, `a control frame of ${payload.length} bytes from the server`);
    }
    return { fin, rsv: (first >> 4) & 7, opcode, payload };
}
