/*
 * PASERK ids of Ed25519 public keys, written a second time: the server's come from libsodium, these from RFC 7693 (BLAKE2b)
 * alone, so that one cannot agree with the other's mistake.
 */
const mask = (1n << 64n) - 1n;

/* RFC 7693, section 2.6: the fractions of the square roots of the first eight primes. */
const iv = [
    0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
    0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
];

/* Section 2.7; rounds 10 and 11 are 0 and 1 again. */
const sigma = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

const columnsAndDiagonals = [
    [0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
    [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14],
];

const rotate = (x, n) => ((x >> n) | (x << (64n - n))) & mask;

function mix(v, [a, b, c, d], x, y) {
    v[a] = (v[a] + v[b] + x) & mask;
    v[d] = rotate(v[d] ^ v[a], 32n);
    v[c] = (v[c] + v[d]) & mask;
    v[b] = rotate(v[b] ^ v[c], 24n);
    v[a] = (v[a] + v[b] + y) & mask;
    v[d] = rotate(v[d] ^ v[a], 16n);
    v[c] = (v[c] + v[d]) & mask;
    v[b] = rotate(v[b] ^ v[c], 63n);
}

/* BLAKE2b without a key, of at most one block (128 bytes): an id needs no more. */
export function blake2b(bytes, length) {
    if (bytes.length > 128) throw new RangeError('one block only');
    const block = Buffer.alloc(128);
    Buffer.from(bytes).copy(block);
    const m = Array.from({ length: 16 }, (_, i) => block.readBigUInt64LE(8 * i));
    const h = [...iv];
    h[0] ^= 0x01010000n ^ BigInt(length);
    const v = [...h, ...iv];
    v[12] ^= BigInt(bytes.length);
    v[14] ^= mask; // the last block
    for (let round = 0; round < 12; round++) {
        const s = sigma[round % 10];
        columnsAndDiagonals.forEach((places, i) => mix(v, places, m[s[2 * i]], m[s[2 * i + 1]]));
    }
    const out = Buffer.alloc(64);
    h.forEach((word, i) => out.writeBigUInt64LE(word ^ v[i] ^ v[i + 8], 8 * i));
    return out.subarray(0, length);
}

/* "k4.public...." -> "k4.pid...." */
export function pidOf(publicText) {
    return `k4.pid.${blake2b(Buffer.from(`k4.pid.${publicText}`), 33).toString('base64url')}`;
}
