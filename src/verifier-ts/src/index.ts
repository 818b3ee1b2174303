export { type Bytes, fromHex, toHex } from "./primitives/bytes.js";
export { CanonicalReader, DecodeError, type DecodeRejection } from "./primitives/codec.js";
export { MerkleProof, rootOfLeafHashes } from "./primitives/merkle.js";
export { checkPublicKey, P256Scheme, type SignatureScheme } from "./primitives/p256.js";
export { Prng } from "./primitives/prng.js";
export { sha256 } from "./primitives/sha256.js";
export { type ProofRejection, SortedMerkleProof } from "./primitives/sortedMerkle.js";
export type * from "./consensus/blocks.js";
export type { Committee, CommitteeMember, QuorumParameters } from "./consensus/committee.js";
export { evidenceKinds, type Evidence, type EvidenceKind, type SignedStatement } from "./consensus/evidence.js";
export { deadlineOf, type Receipt, transactionId } from "./consensus/receipts.js";
export { signedKinds, type SignedKind } from "./consensus/signing.js";
export { Genesis, GenesisError, type GenesisRejection, type NamespacePolicy, type Policy } from "./ordering/genesis.js";
export { CommitteeChain, type CommitteePlan, type HandOver, type HandOverRejection } from "./ordering/handOvers.js";
export {
    type HeightEffects, type NamespaceBlock, namespaceGenesisHash, type NamespaceHead, readHeightEffects, readNamespaceBlock, readNamespaceHead,
    type Rejection, type RejectionReason, rejectionReasons,
} from "./ordering/namespaces.js";
export * from "./proofs/proof.js";
export { type ProofFile, ProofVerifier, readProofFile, type VerifiedFile } from "./proofs/proofFile.js";
export { ProofTrust, type TrustOptions } from "./proofs/trust.js";
export { isValid, type ProofFault, proofFaults, type ProofVerdict } from "./proofs/verdict.js";
export {
    type Answer, ConnectionError, errorNames, OperatorClient, OperatorError, type OperatorOptions, type Parameter,
} from "./client/operatorClient.js";
export { NetworkDirectory, type NetworkOptions, type TrustedCheckpoint } from "./client/networkDirectory.js";
export {
    type AcceptedTransaction, type CommittedTransaction, NetworkClient, type NetworkHealth, TransactionLeftOut, type Transaction,
    WaitTimeout,
} from "./client/networkClient.js";
export {
    type FollowedBlock, type FollowedTransaction, NamespaceStream, StreamError, type StreamFault, type StreamOptions,
} from "./client/namespaceStream.js";
