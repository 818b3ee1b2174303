import { type Bytes, compare, isZero, same } from "../primitives/bytes.js";
import { type CanonicalReader, type CanonicalWriter, DecodeError } from "../primitives/codec.js";
import { taggedHash } from "../primitives/sha256.js";
import { membersMax } from "./committee.js";

/** The value of a slot: height and hash of a block, or skip, which is all zero. */
export interface BlockId {
    readonly height: bigint;
    readonly hash: Bytes;
}

export function readBlockId(reader: CanonicalReader): BlockId {
    const id = { height: reader.u64(), hash: reader.hash() };
    if (isZero(id.hash) && id.height !== 0n) throw new DecodeError("NotCanonical", "skip has height 0");
    return id;
}

export function writeBlockId(writer: CanonicalWriter, id: BlockId): void {
    writer.u64(id.height).raw(id.hash);
}

export function sameBlock(a: BlockId, b: BlockId): boolean {
    return a.height === b.height && same(a.hash, b.hash);
}

/** One replica's own chain of batches within one epoch. */
export interface LaneId {
    readonly epoch: bigint;
    readonly author: number;
    readonly worker: number;
}

/** A place in a lane: the batch with this sequence and digest, and with it the whole lane up to there. */
export interface LaneTip {
    readonly lane: LaneId;
    readonly seq: bigint;
    readonly digest: Bytes;
}

const laneTipBytes = 52;

export function readLane(reader: CanonicalReader): LaneId {
    return { epoch: reader.u64(), author: reader.u16(), worker: reader.u16() };
}

export function readLaneTip(reader: CanonicalReader): LaneTip {
    return { lane: readLane(reader), seq: reader.u64(), digest: reader.hash() };
}

export function writeLaneTip(writer: CanonicalWriter, tip: LaneTip): void {
    writer.u64(tip.lane.epoch).u16(tip.lane.author).u16(tip.lane.worker).u64(tip.seq).raw(tip.digest);
}

/** Order of lanes: by epoch, author, worker. */
export function compareLanes(a: LaneId, b: LaneId): number {
    if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1;
    return a.author !== b.author ? a.author - b.author : a.worker - b.worker;
}

export function sameTip(a: LaneTip, b: LaneTip): boolean {
    return compareLanes(a.lane, b.lane) === 0 && a.seq === b.seq && same(a.digest, b.digest);
}

/** One signature in a certificate. */
export interface CertificateSignature {
    readonly voter: number;
    readonly signature: Bytes;
}

/** A certificate's signatures, ascending by voter. */
export function readSignatures(reader: CanonicalReader): CertificateSignature[] {
    const signatures: CertificateSignature[] = [];
    for (let left = reader.count(membersMax, 66, "signatures"); left > 0; left--) {
        const item = { voter: reader.u16(), signature: reader.signature() };
        const last = signatures.at(-1);
        if (last !== undefined && last.voter >= item.voter) throw new DecodeError("NotCanonical", "voters of a certificate ascend");
        signatures.push(item);
    }

    return signatures;
}

const carryFlag = 1;
const tailFlag = 2;
const headerFlags = 7;
const lanesMax = 512;

/** A block's header. */
export interface Header {
    readonly epoch: bigint;
    readonly slot: bigint;
    readonly height: bigint;
    readonly parentSlot: bigint;
    readonly parentHash: Bytes;
    /** Milliseconds since 1970; 0 in a carry header, whose time is the parent's. */
    readonly timestamp: bigint;
    readonly flags: number;
    readonly payloadCommitment: Bytes;
    readonly cut: readonly LaneTip[];
    /** SHA-256("SharedSeq.block" || encoding): the block hash. */
    readonly hash: Bytes;
    /** Behind its epoch's boundary: it helps to commit the boundary and is no height of the network. */
    readonly isTail: boolean;
}

export function readHeader(reader: CanonicalReader): Header {
    const from = reader.position;
    const fixed = {
        epoch: reader.u64(), slot: reader.u64(), height: reader.u64(), parentSlot: reader.u64(), parentHash: reader.hash(),
        timestamp: reader.u64(), flags: reader.byte(), payloadCommitment: reader.hash(),
    };
    if ((fixed.flags & ~headerFlags) !== 0) throw new DecodeError("UnknownValue", "header flags");
    if (fixed.height === 0n || fixed.slot === 0n) throw new DecodeError("Malformed", "height and slot of a header are at least 1");
    if (fixed.parentSlot >= fixed.slot) throw new DecodeError("Malformed", "the parent's slot is below the slot");
    const cut: LaneTip[] = [];
    for (let left = reader.count(lanesMax, laneTipBytes, "cut"); left > 0; left--) {
        const tip = readLaneTip(reader);
        const last = cut.at(-1);
        if (last !== undefined && compareLanes(last.lane, tip.lane) >= 0) throw new DecodeError("NotCanonical", "lanes of a cut ascend");
        cut.push(tip);
    }

    if ((fixed.flags & carryFlag) !== 0 && (cut.length !== 0 || fixed.timestamp !== 0n))
        throw new DecodeError("NotCanonical", "a carry header has no cut and no timestamp of its own");
    return { ...fixed, cut, hash: taggedHash("SharedSeq.block", reader.since(from)), isTail: (fixed.flags & tailFlag) !== 0 };
}

/** Proof that a block and all its ancestors are committed. */
export interface CommitProof {
    readonly epoch: bigint;
    readonly slot: bigint;
    readonly block: BlockId;
    /** Fast: First votes of n - p members; slow: Final votes of q. */
    readonly path: "Fast" | "Slow";
    readonly signatures: readonly CertificateSignature[];
}

export function readCommitProof(reader: CanonicalReader): CommitProof {
    const epoch = reader.u64();
    const slot = reader.u64();
    const block = readBlockId(reader);
    if (isZero(block.hash)) throw new DecodeError("Malformed", "skip is never final");
    const path = reader.byte();
    if (path !== 1 && path !== 2) throw new DecodeError("UnknownValue", "commit path");
    return { epoch, slot, block, path: path === 1 ? "Fast" : "Slow", signatures: readSignatures(reader) };
}

/** The outcome of executing a committed height. */
export interface BlockResult {
    readonly epoch: bigint;
    readonly height: bigint;
    readonly blockHash: Bytes;
    readonly namespacesRoot: Bytes;
    readonly effectsRoot: Bytes;
    readonly auctionRoot: Bytes;
    readonly stateRoot: Bytes;
    /** The next committee at boundaries, zero elsewhere. */
    readonly nextCommitteeHash: Bytes;
    /** SHA-256("SharedSeq.result" || encoding): what replicas sign. */
    readonly hash: Bytes;
}

/** q signatures over a result: the one thing that a light client checks. */
export interface ResultCertificate {
    readonly result: BlockResult;
    readonly signatures: readonly CertificateSignature[];
}

export function readResultCertificate(reader: CanonicalReader): ResultCertificate {
    const from = reader.position;
    const fields = {
        epoch: reader.u64(), height: reader.u64(), blockHash: reader.hash(), namespacesRoot: reader.hash(), effectsRoot: reader.hash(),
        auctionRoot: reader.hash(), stateRoot: reader.hash(), nextCommitteeHash: reader.hash(),
    };
    const hash = taggedHash("SharedSeq.result", reader.since(from));
    return { result: { ...fields, hash }, signatures: readSignatures(reader) };
}

/** Order of byte strings of any length, as they count in the id of an offence. */
export function compareTexts(a: Uint8Array, b: Uint8Array): number {
    const shared = Math.min(a.length, b.length);
    const order = compare(a.subarray(0, shared), b.subarray(0, shared));
    return order !== 0 ? order : a.length - b.length;
}
