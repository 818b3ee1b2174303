import { same, toHex } from "../primitives/bytes.js";
import type { Bytes } from "../primitives/bytes.js";
import { type CanonicalReader, DecodeError } from "../primitives/codec.js";
import { MerkleProof } from "../primitives/merkle.js";
import { sha256 } from "../primitives/sha256.js";
import { SortedMerkleProof } from "../primitives/sortedMerkle.js";
import {
    type CommitProof, type Header, readCommitProof, readHeader, readResultCertificate, type ResultCertificate,
} from "../consensus/blocks.js";
import { type Evidence, readEvidence } from "../consensus/evidence.js";
import { readReceipt, type Receipt } from "../consensus/receipts.js";
import { type HandOver, readHandOver } from "../ordering/handOvers.js";
import {
    type HeightEffects, type NamespaceBlock, namespaceBlockBytes, type NamespaceHead, namespacesTag, readHeightEffects, readNamespaceBlock,
    readNamespaceHead, readRejection, type Rejection, rejectionLeaf,
} from "../ordering/namespaces.js";
import type { ProofTrust } from "./trust.js";
import { isValid, type ProofVerdict, refused, valid } from "./verdict.js";

/** What a proof file proves, by its number. */
export const proofKinds = [
    "", "Result", "NamespaceBlock", "Transaction", "NamespaceAbsence", "Commit", "Receipt", "Rejection", "Evidence", "Committee",
] as const;

export type ProofKind = Exclude<(typeof proofKinds)[number], "">;

const blocksAboveMax = 4_096;
const headersMax = 1_024;
const laterEffectsMax = 16_384;

/** The head of a namespace at a certified height. */
export interface NamespaceHeadProof {
    readonly head: NamespaceHead;
    readonly path: SortedMerkleProof;
    readonly certificate: ResultCertificate;
}

/** A block of a namespace is in its certified chain: the blocks above it lead to the head. */
export interface BlockInChain {
    readonly block: NamespaceBlock;
    readonly above: readonly NamespaceBlock[];
    readonly head: NamespaceHeadProof;
}

/** A BlockResult is certified, and with it the commit of its height. */
export interface ResultProof {
    readonly kind: "Result";
    readonly certificate: ResultCertificate;
}

/** A namespace block belongs to the certified chain of its namespace. */
export interface NamespaceBlockProof extends BlockInChain {
    readonly kind: "NamespaceBlock";
}

/** A transaction has its place in a namespace block: in a closed one, or in the part of the open one that is committed. */
export interface TransactionProof {
    readonly kind: "Transaction";
    /** The TxId. */
    readonly id: Bytes;
    /** Its index is the place in the block. */
    readonly path: MerkleProof;
    /** The closed block; undefined when the block was still open at the certified height. */
    readonly inBlock: BlockInChain | undefined;
    readonly head: NamespaceHeadProof;
}

/** A namespace is not registered. */
export interface NamespaceAbsenceProof {
    readonly kind: "NamespaceAbsence";
    readonly namespace: bigint;
    readonly path: SortedMerkleProof;
    readonly certificate: ResultCertificate;
}

/** A header is committed: the first one, by a commit proof for the last. */
export interface HeaderProof {
    readonly kind: "Commit";
    readonly headers: readonly Header[];
    readonly commit: CommitProof;
}

/** A transaction was accepted. */
export interface ReceiptProof {
    readonly kind: "Receipt";
    readonly receipt: Receipt;
}

/** A committed transaction was left out for good, and why. */
export interface RejectionProof {
    readonly kind: "Rejection";
    readonly rejection: Rejection;
    readonly path: MerkleProof;
    /** Effects root of the height below. */
    readonly before: Bytes;
    readonly effects: HeightEffects;
    /** Hashes of the effects of the heights after it, up to the certified one. */
    readonly later: readonly Bytes[];
    readonly certificate: ResultCertificate;
}

/** A member signed two statements that contradict each other. */
export interface EvidenceProof {
    readonly kind: "Evidence";
    readonly evidence: Evidence;
}

/** Who serves an epoch, by the hand-over of the epoch before. */
export interface CommitteeProof {
    readonly kind: "Committee";
    readonly handOver: HandOver;
}

export type Proof =
    ResultProof | NamespaceBlockProof | TransactionProof | NamespaceAbsenceProof | HeaderProof | ReceiptProof | RejectionProof | EvidenceProof |
    CommitteeProof;

/** The epoch whose committee signed the proof. */
export function epochOf(proof: Proof): bigint {
    switch (proof.kind) {
        case "Result": case "NamespaceAbsence": case "Rejection": return proof.certificate.result.epoch;
        case "NamespaceBlock": case "Transaction": return proof.head.certificate.result.epoch;
        case "Commit": return proof.commit.epoch;
        case "Receipt": return proof.receipt.proof.tip.lane.epoch;
        case "Evidence": return proof.evidence.epoch;
        case "Committee": return proof.handOver.boundary.result.epoch;
    }
}

export function readProof(kind: ProofKind, reader: CanonicalReader): Proof {
    switch (kind) {
        case "Result": return { kind, certificate: readResultCertificate(reader) };
        case "NamespaceBlock": return { kind, ...readBlockInChain(reader) };
        case "Transaction": return readTransaction(reader);
        case "NamespaceAbsence":
            return { kind, namespace: reader.u64(), path: SortedMerkleProof.read(reader), certificate: readResultCertificate(reader) };
        case "Commit": return readHeaders(reader);
        case "Receipt": return { kind, receipt: readReceipt(reader) };
        case "Rejection": return readRejectionProof(reader);
        case "Evidence": return { kind, evidence: readEvidence(reader) };
        case "Committee": return { kind, handOver: readHandOver(reader) };
    }
}

/** Checks everything that the proof claims. */
export function checkProof(proof: Proof, trust: ProofTrust): Promise<ProofVerdict> {
    switch (proof.kind) {
        case "Result": return trust.checkResult(proof.certificate);
        case "NamespaceBlock": return checkBlock(proof, trust);
        case "Transaction": return checkTransaction(proof, trust);
        case "NamespaceAbsence": return checkAbsence(proof, trust);
        case "Commit": return checkHeaders(proof, trust);
        case "Receipt": return trust.checkReceipt(proof.receipt);
        case "Rejection": return checkRejection(proof, trust);
        case "Evidence": return trust.checkEvidence(proof.evidence);
        case "Committee": return trust.checkHandOver(proof.handOver);
    }
}

function readHead(reader: CanonicalReader): NamespaceHeadProof {
    return { head: readNamespaceHead(reader), path: SortedMerkleProof.read(reader), certificate: readResultCertificate(reader) };
}

function readBlockInChain(reader: CanonicalReader): BlockInChain {
    const block = readNamespaceBlock(reader);
    const above = readMany(reader.count(blocksAboveMax, namespaceBlockBytes, "blocks above"), () => readNamespaceBlock(reader));
    return { block, above, head: readHead(reader) };
}

function readTransaction(reader: CanonicalReader): TransactionProof {
    const id = reader.hash();
    const path = MerkleProof.read(reader);
    const inBlock = reader.bool() ? readBlockInChain(reader) : undefined;
    return { kind: "Transaction", id, path, inBlock, head: inBlock?.head ?? readHead(reader) };
}

function readHeaders(reader: CanonicalReader): HeaderProof {
    const headers = readMany(reader.count(headersMax, 100, "headers"), () => readHeader(reader), () => {
        throw new DecodeError("Malformed", "at least the header proved");
    });
    return { kind: "Commit", headers, commit: readCommitProof(reader) };
}

function readRejectionProof(reader: CanonicalReader): RejectionProof {
    const fields = { rejection: readRejection(reader), path: MerkleProof.read(reader), before: reader.hash(), effects: readHeightEffects(reader) };
    const later = readMany(reader.count(laterEffectsMax, 32, "later effects"), () => reader.hash());
    return { kind: "Rejection", ...fields, later, certificate: readResultCertificate(reader) };
}

function readMany<T>(count: number, read: () => T, refuseNone?: () => never): T[] {
    if (count === 0) refuseNone?.();
    return Array.from({ length: count }, read);
}

async function checkHead(proof: NamespaceHeadProof, trust: ProofTrust): Promise<ProofVerdict> {
    const verdict = await trust.checkResult(proof.certificate);
    if (!isValid(verdict)) return verdict;
    const { head } = proof;
    const path = proof.path.checkPresent(namespacesTag, proof.certificate.result.namespacesRoot, head.namespace, head.value);
    return path === "None" ? valid
        : refused("WrongCommitment", `the head of namespace ${head.namespace} is not under the namespaces root: ${path}`);
}

async function checkBlock(proof: BlockInChain, trust: ProofTrust): Promise<ProofVerdict> {
    const verdict = await checkHead(proof.head, trust);
    if (!isValid(verdict)) return verdict;
    let newest = proof.block;
    for (const next of proof.above) {
        if (next.namespace !== newest.namespace || next.number !== newest.number + 1n || !same(next.parentHash, newest.hash))
            return refused("BrokenChain", `block ${next.number} does not follow block ${newest.number}`);
        newest = next;
    }

    const { head } = proof.head;
    return newest.namespace === head.namespace && newest.number === head.number && same(newest.hash, head.hash) ? valid
        : refused("WrongCommitment", `block ${newest.number} is not the head at the certified height`);
}

async function checkTransaction(proof: TransactionProof, trust: ProofTrust): Promise<ProofVerdict> {
    const verdict = await (proof.inBlock === undefined ? checkHead(proof.head, trust) : checkBlock(proof.inBlock, trust));
    if (!isValid(verdict)) return verdict;
    const root = proof.inBlock?.block.txRoot ?? proof.head.head.openRoot;
    const count = proof.inBlock?.block.count ?? proof.head.head.openCount;
    return proof.path.count === BigInt(count) && proof.path.verify(root, proof.id) ? valid
        : refused("WrongCommitment", `transaction ${toHex(proof.id)} is not at place ${proof.path.index} of its block`);
}

async function checkAbsence(proof: NamespaceAbsenceProof, trust: ProofTrust): Promise<ProofVerdict> {
    const verdict = await trust.checkResult(proof.certificate);
    if (!isValid(verdict)) return verdict;
    const path = proof.path.checkAbsent(namespacesTag, proof.certificate.result.namespacesRoot, proof.namespace);
    return path === "None" ? valid : refused("WrongCommitment", `the absence of namespace ${proof.namespace} is not shown: ${path}`);
}

async function checkHeaders(proof: HeaderProof, trust: ProofTrust): Promise<ProofVerdict> {
    const { commit, headers } = proof;
    const verdict = await trust.checkCommit(commit);
    if (!isValid(verdict)) return verdict;
    const proved = headers[0]!;
    // A tail may well be committed: it stands behind the boundary of its epoch, and the next epoch has another block at its height.
    if (proved.isTail) return refused("WrongCommitment", `height ${proved.height} is a tail of epoch ${proved.epoch}, no height of the network`);
    let last = proved;
    for (const next of headers.slice(1)) {
        if (!same(next.parentHash, last.hash) || next.height !== last.height + 1n)
            return refused("BrokenChain", `height ${next.height} does not follow height ${last.height}`);
        last = next;
    }

    const isCommits = last.height === commit.block.height && same(last.hash, commit.block.hash) && last.slot === commit.slot
        && last.epoch === commit.epoch;
    return isCommits ? valid : refused("WrongCommitment", `the commit proof is not for the last header, of height ${last.height}`);
}

async function checkRejection(proof: RejectionProof, trust: ProofTrust): Promise<ProofVerdict> {
    const verdict = await trust.checkResult(proof.certificate);
    if (!isValid(verdict)) return verdict;
    const { effects } = proof;
    const isListed = proof.path.count === BigInt(effects.rejections) && proof.path.verify(effects.rejectionsRoot, rejectionLeaf(proof.rejection));
    if (!isListed) return refused("WrongCommitment", "the rejection is not among those of its height");
    const { result } = proof.certificate;
    if (effects.height + BigInt(proof.later.length) !== result.height)
        return refused("BrokenChain", "the effects do not reach the certified height");
    const root = [effects.hash, ...proof.later].reduce((before, next) => sha256(before, next), proof.before);
    return same(root, result.effectsRoot) ? valid : refused("WrongCommitment", "the effects are not those of the certified height");
}
