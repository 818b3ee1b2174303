import { type Bytes, tag } from "./bytes.js";

// WebCrypto's digest is asynchronous, which would make every read of a header or a block so; a proof hashes little.
// FIPS 180-4: the first 32 bits of the fractional parts of the cube roots of the first 64 primes.
const roundConstants = Uint32Array.of(
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2);

const initialState = Uint32Array.of(
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19);

const schedule = new Uint32Array(64);

/** SHA-256 of the parts as one text. */
export function sha256(...parts: Uint8Array[]): Bytes {
    const state = initialState.slice();
    const block = new Uint8Array(64);
    const view = new DataView(block.buffer);
    let used = 0;
    let length = 0;
    for (const part of parts) {
        length += part.length;
        for (let at = 0; at < part.length;) {
            const taken = Math.min(64 - used, part.length - at);
            block.set(part.subarray(at, at + taken), used);
            at += taken;
            used += taken;
            if (used === 64) {
                compress(state, view);
                used = 0;
            }
        }
    }

    block[used++] = 0x80;
    block.fill(0, used);
    if (used > 56) {
        compress(state, view);
        block.fill(0);
    }

    view.setBigUint64(56, BigInt(length) * 8n);
    compress(state, view);
    const digest = new Uint8Array(32);
    const out = new DataView(digest.buffer);
    state.forEach((word, i) => out.setUint32(4 * i, word));
    return digest;
}

/** SHA-256(tag || encoding): how the protocol's structures are hashed. */
export function taggedHash(name: string, ...parts: Uint8Array[]): Bytes {
    return sha256(tag(name), ...parts);
}

function rotate(word: number, by: number): number {
    return (word >>> by) | (word << (32 - by));
}

function compress(state: Uint32Array, block: DataView): void {
    for (let i = 0; i < 16; i++) schedule[i] = block.getUint32(4 * i);
    for (let i = 16; i < 64; i++) {
        const early = schedule[i - 15]!;
        const late = schedule[i - 2]!;
        const s0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
        const s1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
        schedule[i] = schedule[i - 16]! + s0 + schedule[i - 7]! + s1;
    }

    let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
    for (let i = 0; i < 64; i++) {
        const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
        const choice = (e & f) ^ (~e & g);
        const first = (h + sum1 + choice + roundConstants[i]! + schedule[i]!) | 0;
        const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
        const majority = (a & b) ^ (a & c) ^ (b & c);
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + sum0 + majority) | 0];
    }

    [a, b, c, d, e, f, g, h].forEach((word, i) => {
        state[i] = state[i]! + word;
    });
}
