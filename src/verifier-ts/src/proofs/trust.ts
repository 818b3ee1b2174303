import type { CommitProof, ResultCertificate } from "../consensus/blocks.js";
import type { Evidence } from "../consensus/evidence.js";
import type { MessageVerifier, VerificationRejection } from "../consensus/messageVerifier.js";
import { checkReceipt, type Receipt } from "../consensus/receipts.js";
import type { Genesis } from "../ordering/genesis.js";
import { CommitteeChain, type HandOver, type HandOverRejection } from "../ordering/handOvers.js";
import { P256Scheme, type SignatureScheme } from "../primitives/p256.js";
import { type ProofVerdict, refused, valid } from "./verdict.js";

/** What a verifier may be told besides the genesis. */
export interface TrustOptions {
    /** Hash of a boundary's result that is trusted instead of the genesis' committee. */
    readonly checkpoint?: Uint8Array;
    /** Checks signatures; the platform's WebCrypto where nothing else is given. */
    readonly scheme?: SignatureScheme;
}

/** What a verifier trusts: the genesis, or a later checkpoint, and every committee that follows from it. */
export class ProofTrust {
    readonly chain: CommitteeChain;

    constructor(readonly genesis: Genesis, options: TrustOptions = {}) {
        this.chain = new CommitteeChain(genesis, options.scheme ?? new P256Scheme(), options.checkpoint);
    }

    /** Takes a hand-over, which tells the committee of the epoch after its own. Those before a trusted checkpoint are passed over. */
    async take(handOver: HandOver): Promise<ProofVerdict> {
        const reason = await this.chain.tryExtend(handOver);
        return reason === "BeforeCheckpoint" ? valid : this.judge(handOver, reason);
    }

    /** Whether the hand-over leads from a known committee, or is the checkpoint; it is taken, too. */
    async checkHandOver(handOver: HandOver): Promise<ProofVerdict> {
        const reason = await this.chain.tryExtend(handOver);
        return reason === "BeforeCheckpoint" ? this.unknown("hand-over", handOver.boundary.result.epoch) : this.judge(handOver, reason);
    }

    checkResult(certificate: ResultCertificate): Promise<ProofVerdict> {
        return this.by(certificate.result.epoch, "result certificate", verifier => verifier.checkResult(certificate));
    }

    checkCommit(proof: CommitProof): Promise<ProofVerdict> {
        return this.by(proof.epoch, "commit proof", verifier => verifier.checkCommit(proof));
    }

    checkEvidence(evidence: Evidence): Promise<ProofVerdict> {
        return this.by(evidence.epoch, "evidence", verifier => verifier.checkEvidence(evidence));
    }

    /** Checks a receipt apart from whether its deadline is near: a file is checked without knowing the newest height. */
    async checkReceipt(receipt: Receipt): Promise<ProofVerdict> {
        const what = "proof of availability";
        const { epoch } = receipt.proof.tip.lane;
        const verifier = this.chain.verifierOf(epoch);
        if (verifier === undefined) return this.unknown(what, epoch);
        const reason = await checkReceipt(receipt, verifier);
        switch (reason) {
            case "NotInBatch": return refused("WrongCommitment", "the transaction is not in the batch");
            case "HeadersDoNotChain": return refused("BrokenChain", "the batches' headers do not follow one another");
            case "ProofOfAnotherBatch": return refused("WrongCommitment", "the proof of availability is of another batch");
            default: return translate(reason, what);
        }
    }

    private async by(
        epoch: bigint, what: string, check: (verifier: MessageVerifier) => Promise<VerificationRejection>): Promise<ProofVerdict> {
        const verifier = this.chain.verifierOf(epoch);
        return verifier === undefined ? this.unknown(what, epoch) : translate(await check(verifier), what);
    }

    private get known(): string {
        const { newest } = this.chain;
        return newest === undefined ? "the checkpoint that is trusted was not shown" : `committees are known up to epoch ${newest}`;
    }

    private judge(handOver: HandOver, reason: HandOverRejection): ProofVerdict {
        if (reason === "None") return valid;
        const where = reason === "WrongEpoch" ? `; ${this.known}` : "";
        const way = `from epoch ${handOver.boundary.result.epoch} to epoch ${handOver.next.epoch}`;
        return refused("BadHandOver", `${way}: ${reason}${where}`, reason);
    }

    private unknown(what: string, epoch: bigint): ProofVerdict {
        return refused("UnknownEpoch", `${what} of epoch ${epoch}: ${this.known}; hand-overs lead further`);
    }
}

function translate(reason: VerificationRejection, what: string): ProofVerdict {
    switch (reason) {
        case "None": return valid;
        case "WrongEpoch": return refused("UnknownEpoch", what);
        default: return refused(reason, what);
    }
}
