import { tag } from "../primitives/bytes.js";
import { CanonicalWriter } from "../primitives/codec.js";

/** The protocol version that this code speaks. */
export const protocolVersion = 1;

/** What a signed statement is, by its number. The kind is part of the signed text. */
export const signedKinds = [
    "", "Proposal", "FirstVote", "ExtraVote", "FinalVote", "ResultVote", "Ack", "Status", "ViewReport", "Attestation",
    "OperatorStatement",
] as const;

export type SignedKind = Exclude<(typeof signedKinds)[number], "">;

/** Opens a signed text: tag (9 bytes) || version u16 || chain id u64 || epoch u64 || kind u8. */
export function openText(chain: bigint, epoch: bigint, kind: SignedKind): CanonicalWriter {
    return new CanonicalWriter().raw(tag("SharedSeq")).u16(protocolVersion).u64(chain).u64(epoch).byte(signedKinds.indexOf(kind));
}
