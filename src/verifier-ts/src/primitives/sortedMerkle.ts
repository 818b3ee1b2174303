import { type Bytes, same, tag } from "./bytes.js";
import { type CanonicalReader, CanonicalWriter, DecodeError } from "./codec.js";
import { emptyRoot, leafHash, MerkleProof } from "./merkle.js";
import { sha256 } from "./sha256.js";

/** Why a proof that could be read does not prove what was asked. */
export type ProofRejection = "None" | "WrongKind" | "KeyOutOfPlace" | "NeighboursDisagree" | "CommitmentMismatch";

/** The leaf hash of one entry; the key is in it, so a value can not be moved to another key. */
export function entryHash(key: bigint, value: Uint8Array): Bytes {
    return leafHash(new CanonicalWriter().u64(key).raw(value).toBytes());
}

/** SHA-256(tag || count u64 || root). */
export function commit(name: string, count: bigint, root: Uint8Array): Bytes {
    return sha256(tag(name), new CanonicalWriter().u64(count).raw(root).toBytes());
}

/** An entry next to the place where an absent key would be. */
interface Neighbour {
    readonly key: bigint;
    readonly value: Bytes;
    readonly path: MerkleProof;
}

// The shapes' numbers in the encoding.
const present = 1;
const absentBeforeFirst = 3;
const absentAfterLast = 4;
const absentBetween = 5;

/**
 * A proof about one key of a sorted commitment: that it has a value (the path of its leaf), or that it is absent (the
 * neighbours left and right of its place; one of them at either end; none when there are no keys at all).
 */
export class SortedMerkleProof {
    private constructor(
        private readonly path: MerkleProof | undefined,
        private readonly left: Neighbour | undefined,
        private readonly right: Neighbour | undefined) {}

    /** Whether the proof claims that the key has a value. */
    get isPresence(): boolean {
        return this.path !== undefined;
    }

    static read(reader: CanonicalReader): SortedMerkleProof {
        const shape = reader.byte();
        if (shape < present || shape > absentBetween) throw new DecodeError("UnknownValue", "shape of a sorted Merkle proof");
        if (shape === present) return new SortedMerkleProof(MerkleProof.read(reader), undefined, undefined);
        const left = shape === absentAfterLast || shape === absentBetween ? readNeighbour(reader) : undefined;
        const right = shape === absentBeforeFirst || shape === absentBetween ? readNeighbour(reader) : undefined;
        const fault = faultOf(left, right);
        if (fault !== undefined) throw new DecodeError("Malformed", fault);
        return new SortedMerkleProof(undefined, left, right);
    }

    /** Checks that the key has this value under the commitment. */
    checkPresent(name: string, commitment: Uint8Array, key: bigint, value: Uint8Array): ProofRejection {
        if (this.path === undefined) return "WrongKind";
        return checkCommitment(name, commitment, this.path.count, this.path.rootFrom(entryHash(key, value)));
    }

    /** Checks that the key has no value under the commitment. */
    checkAbsent(name: string, commitment: Uint8Array, key: bigint): ProofRejection {
        if (this.path !== undefined) return "WrongKind";
        if (this.left !== undefined && this.left.key >= key) return "KeyOutOfPlace";
        if (this.right !== undefined && this.right.key <= key) return "KeyOutOfPlace";
        const leftRoot = rootOf(this.left);
        const rightRoot = rootOf(this.right);
        if (leftRoot !== undefined && rightRoot !== undefined && !same(leftRoot, rightRoot)) return "NeighboursDisagree";
        const count = (this.left ?? this.right)?.path.count ?? 0n;
        return checkCommitment(name, commitment, count, leftRoot ?? rightRoot ?? emptyRoot);
    }
}

function readNeighbour(reader: CanonicalReader): Neighbour {
    return { key: reader.u64(), value: reader.hash(), path: MerkleProof.read(reader) };
}

function faultOf(left: Neighbour | undefined, right: Neighbour | undefined): string | undefined {
    if (left !== undefined && right !== undefined) {
        if (left.path.count !== right.path.count) return "neighbours differ in the number of keys";
        if (left.path.index + 1n !== right.path.index) return "neighbours are not adjacent";
        return left.key < right.key ? undefined : "neighbours are not in ascending order";
    }

    if (right !== undefined && right.path.index !== 0n) return "the only right neighbour is not the first key";
    if (left !== undefined && left.path.index !== left.path.count - 1n) return "the only left neighbour is not the last key";
    return undefined;
}

function rootOf(neighbour: Neighbour | undefined): Bytes | undefined {
    return neighbour?.path.rootFrom(entryHash(neighbour.key, neighbour.value));
}

function checkCommitment(name: string, commitment: Uint8Array, count: bigint, root: Uint8Array): ProofRejection {
    return same(commit(name, count, root), commitment) ? "None" : "CommitmentMismatch";
}
