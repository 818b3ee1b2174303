// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {Committees} from "./Committees.sol";
import {Encoding} from "./Encoding.sol";

/// @title Result certificates: q P-256 signatures of an epoch's committee over what a height did
/// @notice Formats: docs/protocol/ordering.md, sections 6 and 7, and docs/protocol/wire.md. Signatures are checked by the precompile where
/// the chain has it (EIP-7951), else in Solidity.
library ResultCertificates {
    using Encoding for bytes;
    using Committees for Committees.Committee;

    /// @notice Bytes of an encoded BlockResult.
    uint256 internal constant RESULT_BYTES = 208;

    /// @dev Seat u16, r, s.
    uint256 private constant SIGNATURE_BYTES = 66;

    /// @dev The kind of a result vote in signed texts.
    uint8 private constant RESULT_VOTE = 5;

    /// @notice The bytes are not exactly one result, or one certificate.
    error MalformedCertificate();

    /// @notice Signed in another epoch than the present one.
    error WrongEpoch(uint64 expected, uint64 given);

    /// @notice Fewer than q signatures.
    error TooFewSignatures(uint256 needed, uint256 given);

    /// @notice Seats do not strictly ascend: out of order, or one of them twice.
    error UnorderedSignatures(uint256 seat);

    /// @notice No such seat in the committee, or nobody has it.
    error UnknownMember(uint256 seat);

    /// @notice A signature does not verify, or has a high s.
    error BadSignature(uint256 seat);

    /// @notice What a committed height did, in the order of its encoding.
    struct BlockResult {
        uint64 epoch;
        uint64 height;
        bytes32 blockHash;
        bytes32 namespacesRoot;
        bytes32 effectsRoot;
        bytes32 auctionRoot;
        bytes32 stateRoot;
        bytes32 nextCommitteeHash;
    }

    /// @notice Reads a result from its 208 bytes.
    function decode(bytes calldata data) internal pure returns (BlockResult memory result) {
        if (data.length != RESULT_BYTES) revert MalformedCertificate();
        result.epoch = data.u64(0);
        result.height = data.u64(8);
        result.blockHash = data.word(16);
        result.namespacesRoot = data.word(48);
        result.effectsRoot = data.word(80);
        result.auctionRoot = data.word(112);
        result.stateRoot = data.word(144);
        result.nextCommitteeHash = data.word(176);
    }

    /// @notice SHA-256("SharedSeq.result" || encoding).
    function hash(bytes calldata result) internal pure returns (bytes32) {
        return sha256(bytes.concat("SharedSeq.result", result));
    }

    /// @notice The result that a certificate is of, nothing of it checked.
    function resultOf(bytes calldata certificate) internal pure returns (bytes calldata) {
        if (certificate.length < RESULT_BYTES + 2) revert MalformedCertificate();
        return certificate[:RESULT_BYTES];
    }

    /// @notice What the members sign: SHA-256 of the opening of signed texts, the height and the result's hash.
    function digest(uint16 version, uint64 chainId, BlockResult memory result, bytes32 resultHash) internal pure returns (bytes32) {
        return sha256(abi.encodePacked("SharedSeq", version, chainId, result.epoch, RESULT_VOTE, result.height, resultHash));
    }

    /// @notice Checks a certificate's signatures; reverts with the reason.
    /// @param certificate Exactly one certificate: result, count u16, count times (seat u16, r, s).
    /// @param signedDigest What its members sign.
    /// @param committee The committee of the result's epoch.
    function verify(bytes calldata certificate, bytes32 signedDigest, Committees.Committee memory committee) internal view {
        uint256 count = certificate.u16(RESULT_BYTES);
        if (certificate.length != RESULT_BYTES + 2 + SIGNATURE_BYTES * count) revert MalformedCertificate();
        uint256 needed = committee.quorum();
        if (count < needed) revert TooFewSignatures(needed, count);
        bytes memory keys = committee.load();
        uint256 next = 0;
        for (uint256 at = RESULT_BYTES + 2; at < certificate.length; at += SIGNATURE_BYTES) {
            uint256 seat = certificate.u16(at);
            if (seat < next) revert UnorderedSignatures(seat);
            if (seat >= committee.n) revert UnknownMember(seat);
            next = seat + 1;
            _verifyOne(certificate, at, seat, signedDigest, keys);
        }
    }

    function _verifyOne(bytes calldata certificate, uint256 at, uint256 seat, bytes32 signedDigest, bytes memory keys)
        private
        view
    {
        bytes32 x;
        bytes32 y;
        assembly ("memory-safe") {
            let key := add(add(keys, 32), mul(seat, 64))
            x := mload(key)
            y := mload(add(key, 32))
        }
        if (x | y == 0) revert UnknownMember(seat);
        bytes32 r = certificate.word(at + 2);
        bytes32 s = certificate.word(at + 34);
        if (!P256.verify(signedDigest, r, s, x, y)) revert BadSignature(seat);
    }
}
