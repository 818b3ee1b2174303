import type { Bytes } from "../primitives/bytes.js";
import type { SignatureScheme } from "../primitives/p256.js";
import { type CertificateSignature, type CommitProof, type ResultCertificate, writeBlockId, writeLaneTip } from "./blocks.js";
import type { Committee } from "./committee.js";
import { contradicts, type Evidence, type SignedStatement } from "./evidence.js";
import type { ProofOfAvailability } from "./receipts.js";
import { openText } from "./signing.js";

/** Why a statement was not accepted as verified. */
export type VerificationRejection = "None" | "UnknownMember" | "WrongEpoch" | "BadSignature" | "TooFewSignatures" | "NoContradiction";

/** Checks statements against an epoch's committee. */
export class MessageVerifier {
    constructor(private readonly chain: bigint, readonly committee: Committee, private readonly scheme: SignatureScheme) {}

    async checkResult(certificate: ResultCertificate): Promise<VerificationRejection> {
        const { result, signatures } = certificate;
        if (result.epoch !== this.committee.epoch) return "WrongEpoch";
        if (signatures.length < this.committee.quorum.quorum) return "TooFewSignatures";
        return this.checkAll(signatures, openText(this.chain, result.epoch, "ResultVote").u64(result.height).raw(result.hash).toBytes());
    }

    async checkCommit(proof: CommitProof): Promise<VerificationRejection> {
        if (proof.epoch !== this.committee.epoch) return "WrongEpoch";
        const isFast = proof.path === "Fast";
        const needed = isFast ? this.committee.quorum.fastQuorum : this.committee.quorum.quorum;
        if (proof.signatures.length < needed) return "TooFewSignatures";
        const text = openText(this.chain, proof.epoch, isFast ? "FirstVote" : "FinalVote").u64(proof.slot);
        writeBlockId(text, proof.block);
        return this.checkAll(proof.signatures, text.toBytes());
    }

    async checkAvailability(proof: ProofOfAvailability): Promise<VerificationRejection> {
        const { tip, acks } = proof;
        if (acks.length < this.committee.quorum.quorum) return "TooFewSignatures";
        for (const ack of acks) {
            if (tip.lane.epoch !== this.committee.epoch) return "WrongEpoch";
            if (!this.committee.has(ack.acker) || !this.committee.has(tip.lane.author)) return "UnknownMember";
            const text = openText(this.chain, tip.lane.epoch, "Ack");
            writeLaneTip(text, tip);
            const key = this.committee.members[ack.acker]!.nodeKey;
            if (!await this.scheme.verify(key, text.u64(ack.height).toBytes(), ack.signature)) return "BadSignature";
        }

        return this.committee.has(tip.lane.author) ? "None" : "UnknownMember";
    }

    /** Checks that both statements are the offender's and that they contradict each other as the kind says. */
    async checkEvidence(evidence: Evidence): Promise<VerificationRejection> {
        if (evidence.epoch !== this.committee.epoch) return "WrongEpoch";
        if (!this.committee.has(evidence.offender)) return "UnknownMember";
        if (!contradicts(evidence, this.committee)) return "NoContradiction";
        const isSigned = await this.isSigned(evidence, evidence.first) && await this.isSigned(evidence, evidence.second);
        return isSigned ? "None" : "BadSignature";
    }

    private isSigned(evidence: Evidence, statement: SignedStatement): Promise<boolean> {
        const kind = statement.signedKind;
        const text = openText(this.chain, evidence.epoch, kind).raw(statement.content).toBytes();
        const member = this.committee.members[evidence.offender]!;
        const isByNode = kind === "Ack" || kind === "Status" || kind === "ViewReport" || kind === "Attestation";
        return this.scheme.verify(isByNode ? member.nodeKey : member.voteKey, text, statement.signature);
    }

    private async checkAll(signatures: readonly CertificateSignature[], text: Bytes): Promise<VerificationRejection> {
        for (const item of signatures) {
            if (!this.committee.has(item.voter)) return "UnknownMember";
            if (!await this.scheme.verify(this.committee.members[item.voter]!.voteKey, text, item.signature)) return "BadSignature";
        }

        return "None";
    }
}
