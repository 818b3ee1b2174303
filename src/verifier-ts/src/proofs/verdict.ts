/** Why a proof is refused, by the numbers of the C# implementation. */
export const proofFaults = [
    "None", "NotAProofFile", "UnsupportedVersion", "Damaged", "WrongNetwork", "UnknownKind", "Malformed", "UnknownEpoch", "UnknownMember",
    "TooFewSignatures", "BadSignature", "WrongCommitment", "BrokenChain", "NoContradiction", "BadHandOver", "ImpossibleEpoch",
] as const;

export type ProofFault = (typeof proofFaults)[number];

/** The outcome of checking a proof. */
export interface ProofVerdict {
    /** None when it holds. */
    readonly fault: ProofFault;
    /** For people: what exactly is wrong. */
    readonly detail: string;
    /** Of a malformed file the `DecodeRejection`, of a bad hand-over the `HandOverRejection`. */
    readonly reason?: string;
}

export const valid: ProofVerdict = { fault: "None", detail: "" };

export function refused(fault: ProofFault, detail: string, reason?: string): ProofVerdict {
    return reason === undefined ? { fault, detail } : { fault, detail, reason };
}

export function isValid(verdict: ProofVerdict): boolean {
    return verdict.fault === "None";
}
