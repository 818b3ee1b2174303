import { type Bytes, isZero, same } from "../primitives/bytes.js";
import { type CanonicalReader, DecodeError } from "../primitives/codec.js";
import type { SignatureScheme } from "../primitives/p256.js";
import { taggedHash } from "../primitives/sha256.js";
import { readResultCertificate, type ResultCertificate } from "../consensus/blocks.js";
import { Committee, type CommitteeMember, isEmptySeat, QuorumParameters, readMember } from "../consensus/committee.js";
import { MessageVerifier } from "../consensus/messageVerifier.js";
import { protocolVersion } from "../consensus/signing.js";
import type { Genesis } from "./genesis.js";

/** Why a hand-over is refused. */
export type HandOverRejection =
    "None" | "WrongEpoch" | "NotABoundary" | "OtherCommittee" | "TooFewSignatures" | "UnknownMember" | "BadSignature" | "TooManyEpochs" |
    "BeforeCheckpoint";

/** Who serves an epoch, before the epoch's genesis is known. */
export interface CommitteePlan {
    readonly epoch: bigint;
    readonly quorum: QuorumParameters;
    readonly members: readonly CommitteeMember[];
    /** SHA-256("SharedSeq.committee" || encoding). */
    readonly hash: Bytes;
}

export function readCommitteePlan(reader: CanonicalReader): CommitteePlan {
    const from = reader.position;
    const version = reader.u16();
    if (version !== protocolVersion) throw new DecodeError("UnknownValue", `a committee of protocol version ${version}`);
    const epoch = reader.u64();
    const quorum = QuorumParameters.read(reader);
    const members: CommitteeMember[] = [];
    let empty = 0;
    while (members.length < quorum.n) {
        const member = readMember(reader);
        if (isEmptySeat(member)) empty++;
        else if (isZero(member.voteKey) || isZero(member.nodeKey)) throw new DecodeError("Malformed", "a seat with one key");
        members.push(member);
    }

    if (empty > quorum.f) throw new DecodeError("Malformed", "more empty seats than may fail");
    return { epoch, quorum, members, hash: taggedHash("SharedSeq.committee", reader.since(from)) };
}

/** What leads from one committee to the next: the certified result of an epoch's last height names the next committee. */
export interface HandOver {
    readonly next: CommitteePlan;
    readonly boundary: ResultCertificate;
}

/** Bytes of the smallest hand-over: a plan of one member, a result, no signature. */
export const handOverBytesMin = 16 + 128 + 208 + 2;

export function readHandOver(reader: CanonicalReader): HandOver {
    return { next: readCommitteePlan(reader), boundary: readResultCertificate(reader) };
}

/** Whether the result names this committee for the epoch after its own; signatures are not looked at. */
function checkNaming(handOver: HandOver): HandOverRejection {
    const { result } = handOver.boundary;
    if (handOver.next.epoch !== result.epoch + 1n) return "WrongEpoch";
    if (isZero(result.nextCommitteeHash)) return "NotABoundary";
    return same(handOver.next.hash, result.nextCommitteeHash) ? "None" : "OtherCommittee";
}

async function checkHandOver(handOver: HandOver, verifier: MessageVerifier): Promise<HandOverRejection> {
    const reason = checkNaming(handOver);
    if (reason !== "None") return reason;
    const signed = await verifier.checkResult(handOver.boundary);
    return signed === "None" || signed === "UnknownMember" || signed === "TooFewSignatures" ? signed : "BadSignature";
}

interface Served {
    readonly quorum: QuorumParameters;
    readonly members: readonly CommitteeMember[];
    readonly epochGenesis: Bytes;
}

/**
 * Who served which epoch, as far as it follows from the genesis: each hand-over is checked against the committee before it.
 * Where a checkpoint is trusted instead, the chain begins with the hand-over that has this hash, and nothing before it counts.
 */
export class CommitteeChain {
    /** Epochs held: two years of one-minute epochs. */
    static readonly epochsMax = 1_048_576;

    private readonly served: Served[] = [];
    private first = 0n;

    /** @param checkpoint Hash of a boundary's result that is trusted; undefined to begin with the genesis. */
    constructor(readonly genesis: Genesis, private readonly scheme: SignatureScheme, private readonly checkpoint?: Uint8Array) {
        if (checkpoint === undefined) this.served.push({ quorum: genesis.quorum, members: genesis.members, epochGenesis: genesis.hash });
    }

    /** The latest epoch whose committee is known; undefined until the checkpoint has been shown. */
    get newest(): bigint | undefined {
        return this.served.length === 0 ? undefined : this.first + BigInt(this.served.length) - 1n;
    }

    /** Checks what an epoch's committee signed; undefined when the committee does not follow from what was shown. */
    verifierOf(epoch: bigint): MessageVerifier | undefined {
        if (epoch < this.first || epoch - this.first >= BigInt(this.served.length)) return undefined;
        const { quorum, members, epochGenesis } = this.served[Number(epoch - this.first)]!;
        return new MessageVerifier(this.genesis.chainId, new Committee(epoch, quorum, members, epochGenesis), this.scheme);
    }

    /**
     * Takes the hand-over to the epoch after the newest one. One to an epoch that is known already is checked like any other,
     * must lead there, too, and changes nothing.
     */
    async tryExtend(handOver: HandOver): Promise<HandOverRejection> {
        const before = this.newest;
        if (before === undefined) return this.tryBegin(handOver);
        const ended = handOver.boundary.result.epoch;
        const verifier = this.verifierOf(ended);
        if (verifier === undefined) return ended < before ? this.checkEarly(handOver) : "WrongEpoch";
        const reason = await checkHandOver(handOver, verifier);
        if (reason !== "None") return reason;
        // The chain may have grown while signatures were checked.
        if (ended < this.newest!) return this.isKnown(handOver) ? "None" : "OtherCommittee";
        if (this.served.length === CommitteeChain.epochsMax) return "TooManyEpochs";
        this.add(handOver);
        return "None";
    }

    /** The checkpoint is as good as a genesis: the committees before it are not asked. */
    private tryBegin(handOver: HandOver): HandOverRejection {
        if (!same(handOver.boundary.result.hash, this.checkpoint!)) return "BeforeCheckpoint";
        const reason = checkNaming(handOver);
        if (reason !== "None") return reason;
        this.first = handOver.next.epoch;
        this.add(handOver);
        return "None";
    }

    /** Nothing before the checkpoint counts; to the first epoch known the checkpoint leads, and nothing else. */
    private checkEarly(handOver: HandOver): HandOverRejection {
        const { result } = handOver.boundary;
        if (result.epoch + 1n !== this.first) return "BeforeCheckpoint";
        return this.checkpoint !== undefined && same(result.hash, this.checkpoint) ? checkNaming(handOver) : "OtherCommittee";
    }

    /** Keys of an old committee may have leaked since: what they sign now does not lead anywhere else. */
    private isKnown(handOver: HandOver): boolean {
        const known = this.served[Number(handOver.next.epoch - this.first)]!;
        const { quorum, members } = handOver.next;
        return same(known.epochGenesis, handOver.boundary.result.blockHash) && known.quorum.n === quorum.n && known.quorum.f === quorum.f
            && known.quorum.p === quorum.p && areSame(known.members, members);
    }

    private add(handOver: HandOver): void {
        const last = this.served.at(-1);
        const { quorum, members } = handOver.next;
        const kept = last !== undefined && areSame(last.members, members) ? last.members : members;
        this.served.push({ quorum, members: kept, epochGenesis: handOver.boundary.result.blockHash });
    }
}

function areSame(a: readonly CommitteeMember[], b: readonly CommitteeMember[]): boolean {
    return a.length === b.length && a.every((member, i) => same(member.voteKey, b[i]!.voteKey) && same(member.nodeKey, b[i]!.nodeKey));
}
