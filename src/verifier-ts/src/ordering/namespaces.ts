import { type Bytes, tag } from "../primitives/bytes.js";
import { type CanonicalReader, CanonicalWriter, DecodeError } from "../primitives/codec.js";
import { leafHash } from "../primitives/merkle.js";
import { sha256, taggedHash } from "../primitives/sha256.js";

/** Opens the commitment over all namespaces' heads. */
export const namespacesTag = "SharedSeq.namespaces";

export const namespaceBlockBytes = 173;

const timeJumpFlag = 1;

/** One rollup's transactions of one or more committed heights. */
export interface NamespaceBlock {
    readonly namespace: bigint;
    readonly number: bigint;
    readonly branch: number;
    readonly firstHeight: bigint;
    readonly lastHeight: bigint;
    readonly parentHash: Bytes;
    /** Milliseconds since 1970. */
    readonly timestamp: bigint;
    readonly l1OriginNumber: bigint;
    readonly l1OriginHash: Bytes;
    /** Entries of the namespace's forced queue on L1 that this block and those before have consumed; 0 until the network follows an L1. */
    readonly forcedCount: bigint;
    readonly policyVersion: number;
    /** RFC 6962 root whose leaf hashes are the TxIds, in order. */
    readonly txRoot: Bytes;
    readonly count: number;
    readonly bytes: bigint;
    readonly flags: number;
    /** SHA-256("SharedSeq.namespaceBlock" || encoding). */
    readonly hash: Bytes;
}

export function readNamespaceBlock(reader: CanonicalReader): NamespaceBlock {
    const from = reader.position;
    const fields = {
        namespace: reader.u64(), number: reader.u64(), branch: reader.u32(), firstHeight: reader.u64(), lastHeight: reader.u64(),
        parentHash: reader.hash(), timestamp: reader.u64(), l1OriginNumber: reader.u64(), l1OriginHash: reader.hash(),
        forcedCount: reader.u64(), policyVersion: reader.u32(), txRoot: reader.hash(), count: reader.u32(), bytes: reader.u64(), flags: reader.byte(),
    };
    if (fields.number === 0n || fields.firstHeight > fields.lastHeight)
        throw new DecodeError("Malformed", "a namespace block has a number of at least 1 and ascending heights");
    if ((fields.flags & ~timeJumpFlag) !== 0) throw new DecodeError("UnknownValue", "flags of a namespace block");
    return { ...fields, hash: taggedHash("SharedSeq.namespaceBlock", reader.since(from)) };
}

/** What the first block of a namespace names as its parent. */
export function namespaceGenesisHash(genesisHash: Uint8Array, namespace: bigint): Bytes {
    return sha256(tag("SharedSeq.namespaceGenesis"), genesisHash, new CanonicalWriter().u64(namespace).toBytes());
}

/** Where a namespace stands after a height: its newest block, and how far the open one has grown. */
export interface NamespaceHead {
    readonly namespace: bigint;
    readonly number: bigint;
    readonly hash: Bytes;
    readonly openCount: number;
    readonly openRoot: Bytes;
    /** SHA-256("SharedSeq.head" || encoding): the value under the namespace's id. */
    readonly value: Bytes;
}

export function readNamespaceHead(reader: CanonicalReader): NamespaceHead {
    const from = reader.position;
    const fields = {
        namespace: reader.u64(), number: reader.u64(), hash: reader.hash(), openCount: reader.u32(), openRoot: reader.hash(),
    };
    return { ...fields, value: taggedHash("SharedSeq.head", reader.since(from)) };
}

/** What one height did. */
export interface HeightEffects {
    readonly height: bigint;
    readonly blockHash: Bytes;
    readonly timestamp: bigint;
    readonly namespacesRoot: Bytes;
    readonly rejectionsRoot: Bytes;
    readonly rejections: number;
    readonly duplicates: number;
    /** SHA-256("SharedSeq.effects" || encoding). */
    readonly hash: Bytes;
}

export function readHeightEffects(reader: CanonicalReader): HeightEffects {
    const from = reader.position;
    const fields = {
        height: reader.u64(), blockHash: reader.hash(), timestamp: reader.u64(), namespacesRoot: reader.hash(),
        rejectionsRoot: reader.hash(), rejections: reader.u32(), duplicates: reader.u32(),
    };
    return { ...fields, hash: taggedHash("SharedSeq.effects", reader.since(from)) };
}

/** Why ordering left out a transaction, by its number. */
export const rejectionReasons = [
    "", "Congested", "Expired", "Duplicate", "UnknownNamespace", "BadStatement", "Empty", "TooLarge", "ValidUntilRequired",
    "TooFarAhead", "ValidUntilNotAllowed", "BadStatementSignature", "UnknownOperator", "KeyUsed", "TooFewApprovals", "OutOfTurn",
    "UnknownCheckpoint", "RegistryFull",
] as const;

export type RejectionReason = Exclude<(typeof rejectionReasons)[number], "">;

/** A transaction that was left out. */
export interface Rejection {
    /** The TxId. */
    readonly id: Bytes;
    readonly namespace: bigint;
    readonly reason: RejectionReason;
}

export function readRejection(reader: CanonicalReader): Rejection {
    const fields = { id: reader.hash(), namespace: reader.u64() };
    const reason = rejectionReasons[reader.byte()];
    if (reason === undefined || reason === "") throw new DecodeError("UnknownValue", "reason of a rejection");
    return { ...fields, reason };
}

/** SHA-256(0x00 || TxId || namespace u64 || reason u8): its leaf in the rejections' tree. */
export function rejectionLeaf(rejection: Rejection): Bytes {
    return leafHash(new CanonicalWriter().raw(rejection.id).u64(rejection.namespace).byte(rejectionReasons.indexOf(rejection.reason)).toBytes());
}
