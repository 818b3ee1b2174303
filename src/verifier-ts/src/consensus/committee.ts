import { type Bytes, isZero } from "../primitives/bytes.js";
import { type CanonicalReader, type CanonicalWriter, DecodeError } from "../primitives/codec.js";
import { Prng } from "../primitives/prng.js";

/** Largest committee. */
export const membersMax = 128;

/** One operator's seat: the vote key signs proposals, votes and results, the node key everything else. */
export interface CommitteeMember {
    readonly voteKey: Bytes;
    readonly nodeKey: Bytes;
}

export function readMember(reader: CanonicalReader): CommitteeMember {
    return { voteKey: reader.publicKey(), nodeKey: reader.publicKey() };
}

/** A seat that nobody has: all-zero keys, under which nothing verifies. It counts in n and is one of the f that may fail. */
export function isEmptySeat(member: CommitteeMember): boolean {
    return isZero(member.voteKey) && isZero(member.nodeKey);
}

/** The thresholds of a committee: n members, at most f Byzantine, at most p silent for the fast path; n >= 3f + 2p + 1. */
export class QuorumParameters {
    constructor(readonly n: number, readonly f: number, readonly p: number) {}

    static isValid(n: number, f: number, p: number): boolean {
        return n >= 1 && n <= membersMax && n >= 3 * f + 2 * p + 1;
    }

    static read(reader: CanonicalReader): QuorumParameters {
        const [n, f, p] = [reader.u16(), reader.u16(), reader.u16()];
        if (!QuorumParameters.isValid(n, f, p)) throw new DecodeError("Malformed", "committee parameters");
        return new QuorumParameters(n, f, p);
    }

    /** q = n - f - p: final votes, proofs of availability, result certificates. */
    get quorum(): number {
        return this.n - this.f - this.p;
    }

    /** n - p: First votes that commit at once. */
    get fastQuorum(): number {
        return this.n - this.p;
    }

    write(writer: CanonicalWriter): void {
        writer.u16(this.n).u16(this.f).u16(this.p);
    }
}

/** The replicas of one epoch with their keys and thresholds. */
export class Committee {
    private leaders: number[] | undefined;

    /**
     * @param epochGenesis Hash of the epoch's genesis block, the seed of the order of leaders.
     */
    constructor(
        readonly epoch: bigint, readonly quorum: QuorumParameters, readonly members: readonly CommitteeMember[],
        readonly epochGenesis: Bytes) {}

    /** Whether there is such a seat and somebody has it. */
    has(replica: number): boolean {
        const member = this.members[replica];
        return member !== undefined && !isEmptySeat(member);
    }

    /** The leader of a slot, over the seats that are not empty. */
    leaderOf(slot: bigint): number {
        if (this.leaders === undefined) {
            this.leaders = this.members.flatMap((member, replica) => isEmptySeat(member) ? [] : [replica]);
            new Prng(new DataView(this.epochGenesis.buffer, this.epochGenesis.byteOffset).getBigUint64(0)).shuffle(this.leaders);
        }

        return this.leaders[Number(slot % BigInt(this.leaders.length))]!;
    }
}
