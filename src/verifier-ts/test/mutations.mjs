// The mutations of tests/SharedSeq.Core.Tests/Ordering/ProofMutations.cs: the same draws in the same order give the same bytes.
import { Prng, sha256, toHex } from "../dist/index.js";

export const count = 10_000;

const opening = 47;
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const sizes = [1, 2, 4, 8, 32, 64, 66, 74];
const parts = [0, 2, 10, 34, 42];

/** One or two changes to file `number` modulo their count; mostly with a digest that fits, as a forger makes it. */
export function mutation(files, number) {
    const prng = new Prng(BigInt(number));
    let bytes = files[number % files.length].slice(0, -32);
    for (let left = 1 + prng.below(2); left > 0; left--) {
        const other = files[prng.below(files.length)];
        if (bytes.length > 0) bytes = change(bytes, other, prng);
    }

    const digest = sha256(bytes);
    if (prng.below(32) === 0) digest[prng.below(32)] ^= 1;
    return join(bytes, digest);
}

function join(...pieces) {
    const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
        bytes.set(piece, at);
        at += piece.length;
    }

    return bytes;
}

function change(bytes, other, prng) {
    const kind = prng.below(14);
    const at = place(bytes.length, prng);
    const size = Math.min(sizes[prng.below(sizes.length)], bytes.length - at);
    const draw = prng.below(256);
    switch (kind) {
        case 0: bytes[at] ^= 1 << (draw % 8); break;
        case 1: bytes[at] = draw; break;
        case 2: bytes[at] = [0, 255, bytes[at] + 1, bytes[at] - 1][draw % 4]; break;
        case 3: return join(bytes.subarray(0, at), bytes.subarray(at + size));
        case 4: return join(bytes.subarray(0, at + size), bytes.subarray(at));
        case 5: bytes.fill(0, at, at + size); break;
        case 6: {
            const from = Math.min(place(bytes.length, prng), bytes.length - size);
            bytes.set(bytes.slice(from, from + size), at);
            break;
        }
        case 7: return join(bytes.subarray(0, at), other.subarray(Math.min(at, other.length)));
        case 8: {
            const half = Math.floor(size / 2);
            return join(bytes.subarray(0, at), bytes.subarray(at + half, at + 2 * half), bytes.subarray(at, at + half), bytes.subarray(at + 2 * half));
        }
        case 9: return bytes.slice(0, at);
        case 10: negate(bytes, at); break;
        case 11: return withoutOne(bytes, draw);
        case 12: exchange(bytes, draw); break;
        default:
            if (at + 2 <= bytes.length) add(bytes, at, (draw % 2) * 2 - 1);
            break;
    }

    return bytes;
}

function place(length, prng) {
    let at;
    switch (prng.below(4)) {
        case 2: at = opening + prng.below(64); break;
        case 3: {
            // One draw after the other, in this order.
            const tail = 2 * prng.below(2);
            const stride = prng.below(3) === 0 ? 74 : 66;
            const nth = 1 + prng.below(4);
            at = length - tail - stride * nth + parts[prng.below(parts.length)];
            break;
        }
        default: at = prng.below(length); break;
    }

    return Math.min(Math.max(at, 0), length - 1);
}

function negate(bytes, at) {
    if (at + 32 > bytes.length) return;
    const value = BigInt(toHex(bytes.subarray(at, at + 32)));
    if (value === 0n || value >= order) return;
    const digits = (order - value).toString(16).padStart(64, "0");
    for (let i = 0; i < 32; i++) bytes[at + i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
}

function withoutOne(bytes, draw) {
    const list = lastList(bytes);
    if (list === undefined) return bytes;
    const at = list.first + list.stride * (draw % list.count);
    add(bytes, list.first - 2, -1);
    return join(bytes.subarray(0, at), bytes.subarray(at + list.stride));
}

function exchange(bytes, draw) {
    const list = lastList(bytes);
    if (list === undefined || list.count < 2) return;
    const at = list.first + list.stride * (draw % (list.count - 1));
    const one = bytes.slice(at, at + list.stride);
    bytes.copyWithin(at, at + list.stride, at + 2 * list.stride);
    bytes.set(one, at + list.stride);
}

/** Finds the list of signatures at the end by its count. */
function lastList(bytes) {
    for (const tail of [2, 0]) {
        for (const stride of [66, 74]) {
            for (let count = 1; count <= 4; count++) {
                const first = bytes.length - tail - stride * count;
                if (first >= 2 && (bytes[first - 2] << 8 | bytes[first - 1]) === count) return { first, stride, count };
            }
        }
    }

    return undefined;
}

function add(bytes, at, difference) {
    const value = ((bytes[at] << 8 | bytes[at + 1]) + difference) & 0xffff;
    bytes[at] = value >> 8;
    bytes[at + 1] = value & 0xff;
}
