import { type Bytes, same, tag, toHex } from "../primitives/bytes.js";
import { CanonicalReader, DecodeError } from "../primitives/codec.js";
import { sha256 } from "../primitives/sha256.js";
import type { Genesis } from "../ordering/genesis.js";
import { type HandOver, handOverBytesMin, readHandOver } from "../ordering/handOvers.js";
import { checkProof, epochOf, type Proof, proofKinds, readProof } from "./proof.js";
import { ProofTrust, type TrustOptions } from "./trust.js";
import { isValid, type ProofVerdict, refused } from "./verdict.js";

/** Version of the file's format. */
const format = 2;

/** Bytes of a file. */
const fileBytesMax = 16 * 1024 * 1024;

/** Hand-overs in a file. */
const handOversMax = 16_384;

const digestBytes = 32;
const openingBytes = 4 + 2 + 8 + 32 + 1;
const magic = tag("SSPF");

/** A proof as a file, read and not checked. */
export interface ProofFile {
    readonly chainId: bigint;
    readonly genesisHash: Bytes;
    readonly proof: Proof;
    /** The epoch whose committee signed the proof. */
    readonly epoch: bigint;
    /** Ascending by epoch without gap; empty when the verifier is expected to know the committee. */
    readonly handOvers: readonly HandOver[];
}

/** Reads a file without trusting or checking what it proves. */
export function readProofFile(bytes: Uint8Array): { file: ProofFile } | { verdict: ProofVerdict } {
    // A copy: nobody changes it while signatures are checked.
    const own = bytes.slice() as Bytes;
    const fault = checkOpening(own);
    if (fault !== undefined) return { verdict: fault };
    try {
        const reader = new CanonicalReader(own.subarray(6, own.length - digestBytes));
        const opening = { chainId: reader.u64(), genesisHash: reader.hash() };
        const number = reader.byte();
        const kind = proofKinds[number];
        if (kind === undefined || kind === "") return { verdict: refused("UnknownKind", `kind ${number}`) };
        const proof = readProof(kind, reader);
        const handOvers = readHandOvers(reader);
        reader.end("proof");
        return { file: { ...opening, proof, epoch: epochOf(proof), handOvers } };
    } catch (error) {
        if (error instanceof DecodeError) return { verdict: refused("Malformed", error.message, error.reason) };
        throw error;
    }
}

function checkOpening(bytes: Bytes): ProofVerdict | undefined {
    if (bytes.length < 4 || !same(bytes.subarray(0, 4), magic)) return refused("NotAProofFile", "no proof file begins so");
    if (bytes.length > fileBytesMax) return refused("Malformed", `above ${fileBytesMax} bytes`, "OverLimit");
    if (bytes.length < openingBytes + digestBytes) return refused("Damaged", "the file is cut short");
    const found = bytes[4]! << 8 | bytes[5]!;
    if (found !== format) return refused("UnsupportedVersion", `format ${found}, known is ${format}`);
    const end = bytes.length - digestBytes;
    return same(sha256(bytes.subarray(0, end)), bytes.subarray(end)) ? undefined
        : refused("Damaged", "the file's digest does not match its content");
}

function readHandOvers(reader: CanonicalReader): HandOver[] {
    const handOvers: HandOver[] = [];
    for (let left = reader.count(handOversMax, handOverBytesMin, "hand-overs"); left > 0; left--) {
        const next = readHandOver(reader);
        const last = handOvers.at(-1);
        if (last !== undefined && next.boundary.result.epoch !== last.next.epoch)
            throw new DecodeError("NotCanonical", "hand-overs follow one another");
        handOvers.push(next);
    }

    return handOvers;
}

/** What came of a file: the proof is given back only when it holds. */
export interface VerifiedFile {
    readonly verdict: ProofVerdict;
    readonly proof?: Proof;
}

/** Checks proof files against a genesis, or a later checkpoint. What a file's hand-overs show is kept. */
export class ProofVerifier {
    readonly trust: ProofTrust;

    constructor(readonly genesis: Genesis, options: TrustOptions = {}) {
        this.trust = new ProofTrust(genesis, options);
    }

    /** Reads and checks a file. */
    async verify(bytes: Uint8Array): Promise<VerifiedFile> {
        const read = readProofFile(bytes);
        if ("verdict" in read) return read;
        const verdict = await this.check(read.file);
        return isValid(verdict) ? { verdict, proof: read.file.proof } : { verdict };
    }

    private async check(file: ProofFile): Promise<ProofVerdict> {
        if (file.chainId !== this.genesis.chainId)
            return refused("WrongNetwork", `chain id ${file.chainId}, this is network ${this.genesis.chainId}`);
        if (!same(file.genesisHash, this.genesis.hash))
            return refused("WrongNetwork", `genesis ${toHex(file.genesisHash)}, this network's is ${toHex(this.genesis.hash)}`);
        for (const handOver of file.handOvers) {
            const verdict = await this.trust.take(handOver);
            if (!isValid(verdict)) return verdict;
        }

        return checkProof(file.proof, this.trust);
    }
}
