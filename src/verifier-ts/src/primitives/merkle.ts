import { type Bytes, same } from "./bytes.js";
import { type CanonicalReader, DecodeError } from "./codec.js";
import { sha256 } from "./sha256.js";

// Merkle trees after RFC 6962: SHA-256, leaf prefix 0x00, node prefix 0x01; a last node without a sibling moves up unchanged.

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** The root of no leaves. */
export const emptyRoot = sha256();

/** Longest path: a count of leaves is a u64. */
const maxDepth = 64;

export function leafHash(...data: Uint8Array[]): Bytes {
    return sha256(leafPrefix, ...data);
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Bytes {
    return sha256(nodePrefix, left, right);
}

/** The root over leaf hashes that are ready. */
export function rootOfLeafHashes(leaves: readonly Bytes[]): Bytes {
    if (leaves.length === 0) return emptyRoot;
    let level = leaves;
    while (level.length > 1) {
        const below = level;
        level = Array.from({ length: Math.ceil(below.length / 2) }, (_, i) => {
            const right = below[2 * i + 1];
            return right === undefined ? below[2 * i]! : nodeHash(below[2 * i]!, right);
        });
    }

    return level[0]!;
}

function depthOf(index: bigint, count: bigint): number {
    let depth = 0;
    for (let last = count - 1n; last > 0n; last >>= 1n, index >>= 1n) {
        if ((index & 1n) === 1n || index < last) depth++;
    }

    return depth;
}

/** The path of one leaf. Its length always is the one that index and count ask for. */
export class MerkleProof {
    private constructor(readonly index: bigint, readonly count: bigint, readonly path: readonly Bytes[]) {}

    static read(reader: CanonicalReader): MerkleProof {
        const index = reader.u64();
        const count = reader.u64();
        const depth = reader.byte();
        if (depth > maxDepth) throw new DecodeError("OverLimit", `Merkle path: ${depth} nodes, limit ${maxDepth}`);
        if (index >= count) throw new DecodeError("Malformed", "Merkle path: index not below count");
        if (depth !== depthOf(index, count)) throw new DecodeError("Malformed", "Merkle path: length does not fit index and count");
        return new MerkleProof(index, count, Array.from({ length: depth }, () => reader.hash()));
    }

    /** The root that this path leads to from a ready leaf hash. */
    rootFrom(leaf: Bytes): Bytes {
        let node = leaf;
        let next = 0;
        let index = this.index;
        for (let last = this.count - 1n; last > 0n; last >>= 1n, index >>= 1n) {
            if ((index & 1n) === 1n) node = nodeHash(this.path[next++]!, node);
            else if (index < last) node = nodeHash(node, this.path[next++]!);
        }

        return node;
    }

    /** Whether the leaf is in the tree with this root. The count is proved only where the root's owner committed to it, too. */
    verify(root: Uint8Array, leaf: Bytes): boolean {
        return same(this.rootFrom(leaf), root);
    }
}
