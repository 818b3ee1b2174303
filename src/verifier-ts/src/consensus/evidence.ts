import { type Bytes, same, tag } from "../primitives/bytes.js";
import { CanonicalReader, CanonicalWriter, DecodeError } from "../primitives/codec.js";
import { sha256 } from "../primitives/sha256.js";
import { compareLanes, compareTexts, type LaneTip, readBlockId, readLaneTip, sameBlock, type BlockId } from "./blocks.js";
import type { Committee } from "./committee.js";
import { type SignedKind, signedKinds } from "./signing.js";

/** Provable misbehaviour E1 to E7, by its number. */
export const evidenceKinds = [
    "", "TwoProposals", "TwoFirstVotes", "FinalAndOther", "TwoFinals", "TwoBatches", "TwoAcks", "TwoResults",
] as const;

export type EvidenceKind = Exclude<(typeof evidenceKinds)[number], "">;

/** Bytes of what was signed. */
const contentBytesMax = 512;

/** The signed text without its opening, and the signature. */
export interface SignedStatement {
    readonly signedKind: SignedKind;
    readonly content: Bytes;
    readonly signature: Bytes;
}

/** A member and two of its signed statements that an honest member never makes both. */
export interface Evidence {
    readonly kind: EvidenceKind;
    readonly epoch: bigint;
    readonly offender: number;
    readonly first: SignedStatement;
    readonly second: SignedStatement;
    /** Names the offence; signatures do not count, because an offender could make any number of them. */
    readonly id: Bytes;
}

function readStatement(reader: CanonicalReader): SignedStatement {
    const signedKind = signedKinds[reader.byte()];
    if (signedKind === undefined || signedKind === "") throw new DecodeError("UnknownValue", "kind of a signed statement");
    return { signedKind, content: reader.lengthPrefixed(contentBytesMax, "signed content"), signature: reader.signature() };
}

export function readEvidence(reader: CanonicalReader): Evidence {
    const kind = evidenceKinds[reader.byte()];
    if (kind === undefined || kind === "") throw new DecodeError("UnknownValue", "kind of evidence");
    const charge = { kind, epoch: reader.u64(), offender: reader.u16() };
    const statements = { first: readStatement(reader), second: readStatement(reader) };
    return { ...charge, ...statements, id: idOf(charge, statements.first.content, statements.second.content) };
}

/** The two statements count in either order. */
function idOf(charge: { kind: EvidenceKind; epoch: bigint; offender: number }, first: Bytes, second: Bytes): Bytes {
    const [low, high] = compareTexts(first, second) > 0 ? [second, first] : [first, second];
    return sha256(new CanonicalWriter().raw(tag("SharedSeq.offence")).byte(evidenceKinds.indexOf(charge.kind)).u64(charge.epoch)
        .u16(charge.offender).lengthPrefixed(low).lengthPrefixed(high).toBytes());
}

/** Whether the two statements are ones that an honest member never makes both. Signatures are checked elsewhere. */
export function contradicts(evidence: Evidence, committee: Committee): boolean {
    try {
        switch (evidence.kind) {
            case "TwoProposals": return areTwoProposals(evidence, committee);
            case "TwoFirstVotes": return areVotes(evidence, "FirstVote", "FirstVote");
            case "FinalAndOther": return areVotes(evidence, "FinalVote", "FirstVote") || areVotes(evidence, "FinalVote", "ExtraVote");
            case "TwoFinals": return areVotes(evidence, "FinalVote", "FinalVote");
            case "TwoBatches": return areAcks(evidence) && readAck(evidence.first).lane.author === evidence.offender;
            case "TwoAcks": return areAcks(evidence) && readAck(evidence.first).lane.author !== evidence.offender;
            case "TwoResults": return areTwoResults(evidence);
        }
    } catch (error) {
        if (error instanceof DecodeError) return false;
        throw error;
    }
}

function areTwoProposals(evidence: Evidence, committee: Committee): boolean {
    return areVotes(evidence, "Proposal", "Proposal") && committee.leaderOf(readVote(evidence.first).slot) === evidence.offender;
}

/** Proposals and votes share the layout slot || block id: same slot, different values. */
function areVotes(evidence: Evidence, first: SignedKind, second: SignedKind): boolean {
    if (evidence.first.signedKind !== first || evidence.second.signedKind !== second) return false;
    const a = readVote(evidence.first);
    const b = readVote(evidence.second);
    return a.slot === b.slot && !sameBlock(a.value, b.value);
}

function readVote(statement: SignedStatement): { slot: bigint; value: BlockId } {
    const reader = new CanonicalReader(statement.content);
    const vote = { slot: reader.u64(), value: readBlockId(reader) };
    reader.end("signed vote");
    return vote;
}

function areAcks(evidence: Evidence): boolean {
    if (evidence.first.signedKind !== "Ack" || evidence.second.signedKind !== "Ack") return false;
    const a = readAck(evidence.first);
    const b = readAck(evidence.second);
    return compareLanes(a.lane, b.lane) === 0 && a.lane.epoch === evidence.epoch && a.seq === b.seq && !same(a.digest, b.digest);
}

function readAck(statement: SignedStatement): LaneTip {
    const reader = new CanonicalReader(statement.content);
    const tip = readLaneTip(reader);
    reader.u64();
    reader.end("signed ack");
    return tip;
}

function areTwoResults(evidence: Evidence): boolean {
    if (evidence.first.signedKind !== "ResultVote" || evidence.second.signedKind !== "ResultVote") return false;
    const a = readResultVote(evidence.first);
    const b = readResultVote(evidence.second);
    return a.height === b.height && !same(a.hash, b.hash);
}

function readResultVote(statement: SignedStatement): BlockId {
    const reader = new CanonicalReader(statement.content);
    const vote = { height: reader.u64(), hash: reader.hash() };
    reader.end("signed result");
    return vote;
}
