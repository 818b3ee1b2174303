import { type Bytes, isZero, same } from "../primitives/bytes.js";
import { type CanonicalReader, CanonicalWriter, DecodeError } from "../primitives/codec.js";
import { leafHash, MerkleProof } from "../primitives/merkle.js";
import { taggedHash } from "../primitives/sha256.js";
import { type LaneId, type LaneTip, compareLanes, readLane, readLaneTip, sameTip } from "./blocks.js";
import { membersMax } from "./committee.js";
import type { MessageVerifier } from "./messageVerifier.js";

const batchHeaderBytes = 93;
const batchBytesMax = 512 * 1024;
const recordOverhead = 21;

/** Headers between batch and PoA: as many as a lane may be ahead of the committed cut. */
const laterMax = 256;

/** TxId: SHA-256(0x00 || namespace u64 || validUntil u64 || payload), which is the leaf hash of its record. */
export function transactionId(namespace: bigint, validUntil: bigint, payload: Uint8Array): Bytes {
    return leafHash(new CanonicalWriter().u64(namespace).u64(validUntil).toBytes(), payload);
}

/** What a batch's digest covers. */
export interface BatchHeader {
    readonly lane: LaneId;
    readonly seq: bigint;
    readonly previousDigest: Bytes;
    readonly flags: number;
    readonly transactionCount: number;
    readonly bodyBytes: number;
    readonly transactionRoot: Bytes;
    /** SHA-256("SharedSeq.batch" || encoding). */
    readonly digest: Bytes;
}

function readBatchHeader(reader: CanonicalReader): BatchHeader {
    const from = reader.position;
    const fields = {
        lane: readLane(reader), seq: reader.u64(), previousDigest: reader.hash(), flags: reader.byte(), transactionCount: reader.u32(),
        bodyBytes: reader.u32(),
    };
    if ((fields.flags & ~1) !== 0) throw new DecodeError("UnknownValue", "batch flags");
    if (fields.bodyBytes > batchBytesMax) throw new DecodeError("OverLimit", "batch bytes");
    if (fields.transactionCount === 0 || fields.transactionCount > Math.floor(fields.bodyBytes / recordOverhead))
        throw new DecodeError("Malformed", "transaction count of a batch");
    if (isZero(fields.previousDigest) !== (fields.seq === 0n))
        throw new DecodeError("Malformed", "only the first batch of a lane has no previous digest");
    const transactionRoot = reader.hash();
    return { ...fields, transactionRoot, digest: taggedHash("SharedSeq.batch", reader.since(from)) };
}

/** One acknowledgement in a proof of availability. */
export interface AckSignature {
    readonly acker: number;
    /** The acker's committed height when it signed. */
    readonly height: bigint;
    readonly signature: Bytes;
}

/** PoA: acks of q distinct members for one lane tip. */
export interface ProofOfAvailability {
    readonly tip: LaneTip;
    readonly acks: readonly AckSignature[];
}

function readProofOfAvailability(reader: CanonicalReader): ProofOfAvailability {
    const tip = readLaneTip(reader);
    const acks: AckSignature[] = [];
    for (let left = reader.count(membersMax, 74, "acks"); left > 0; left--) {
        const ack = { acker: reader.u16(), height: reader.u64(), signature: reader.signature() };
        const last = acks.at(-1);
        if (last !== undefined && last.acker >= ack.acker) throw new DecodeError("NotCanonical", "ackers of a PoA ascend");
        acks.push(ack);
    }

    return { tip, acks };
}

/** Proof that one transaction was accepted: its batch is certified, itself or by a later batch of its lane. */
export interface Receipt {
    /** The TxId. */
    readonly transaction: Bytes;
    readonly path: MerkleProof;
    /** Of the batch that the transaction is in. */
    readonly header: BatchHeader;
    /** Of the batches after it up to the certified one; empty when the PoA is of the batch itself. */
    readonly later: readonly BatchHeader[];
    readonly proof: ProofOfAvailability;
}

export function readReceipt(reader: CanonicalReader): Receipt {
    const transaction = reader.hash();
    const path = MerkleProof.read(reader);
    const header = readBatchHeader(reader);
    const later = Array.from({ length: reader.count(laterMax, batchHeaderBytes, "headers of a receipt") }, () => readBatchHeader(reader));
    return { transaction, path, header, later, proof: readProofOfAvailability(reader) };
}

/** The header of this height shows whether the promise was kept; a faulty acker may name any height. */
export function deadlineOf(receipt: Receipt, deadlineHeights: number): bigint {
    const highest = receipt.proof.acks.reduce((high, ack) => ack.height > high ? ack.height : high, 0n);
    const largest = 0xffff_ffff_ffff_ffffn;
    return highest > largest - BigInt(deadlineHeights) ? largest : highest + BigInt(deadlineHeights);
}

/** Why a receipt proves nothing. */
export type ReceiptRejection =
    "None" | "NotInBatch" | "HeadersDoNotChain" | "ProofOfAnotherBatch" | "WrongEpoch" | "UnknownMember" | "BadSignature" | "TooFewSignatures";

/** Checks a receipt against a committee. How near its deadline is, is not looked at. */
export async function checkReceipt(receipt: Receipt, verifier: MessageVerifier): Promise<ReceiptRejection> {
    const isInBatch = receipt.path.count === BigInt(receipt.header.transactionCount)
        && receipt.path.verify(receipt.header.transactionRoot, receipt.transaction);
    if (!isInBatch) return "NotInBatch";
    let last = receipt.header;
    for (const next of receipt.later) {
        if (compareLanes(next.lane, last.lane) !== 0 || next.seq !== last.seq + 1n || !same(next.previousDigest, last.digest))
            return "HeadersDoNotChain";
        last = next;
    }

    if (!sameTip(receipt.proof.tip, last)) return "ProofOfAnotherBatch";
    const reason = await verifier.checkAvailability(receipt.proof);
    return reason === "NoContradiction" ? "BadSignature" : reason;
}
