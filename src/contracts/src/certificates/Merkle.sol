// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Encoding} from "./Encoding.sol";

/// @title Merkle trees of RFC 6962 with SHA-256, and commitments to sorted maps that can also show a key's absence
/// @notice Formats: docs/protocol/ordering.md, sections 1 and 6. A proof that can not be read is refused, never half believed.
library Merkle {
    using Encoding for bytes;

    /// @notice Root of a tree without leaves: SHA-256 of nothing.
    bytes32 internal constant EMPTY_ROOT = 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855;

    /// @dev Longest path, in nodes: a count of leaves is a u64.
    uint256 private constant MAX_DEPTH = 64;

    /// @dev index u64, count u64, length u8.
    uint256 private constant PATH_HEADER = 17;

    uint8 private constant PRESENT = 1;
    uint8 private constant ABSENT_FROM_EMPTY = 2;
    uint8 private constant ABSENT_BEFORE_FIRST = 3;
    uint8 private constant ABSENT_AFTER_LAST = 4;
    uint8 private constant ABSENT_BETWEEN = 5;

    /// @notice The bytes are not exactly one proof.
    error MalformedProof();

    /// @notice A place in a tree and the root that its path leads to.
    struct Place {
        uint64 index;
        uint64 count;
        bytes32 root;
    }

    /// @notice Whether the key has this value under the commitment. Another shape than presence is no proof of it.
    function isPresent(bytes memory tag, bytes32 commitment, uint64 key, bytes32 value, bytes calldata proof) internal view returns (bool) {
        if (proof.length == 0) revert MalformedProof();
        if (proof.u8(0) != PRESENT) return false;
        (Place memory place, uint256 end) = pathFrom(leafHash(key, value), proof, 1);
        if (end != proof.length) revert MalformedProof();
        return commit(tag, place.count, place.root) == commitment;
    }

    /// @notice Whether the proof shows that the key has no value under the commitment: its neighbours are next to each other.
    function isAbsent(bytes memory tag, bytes32 commitment, uint64 key, bytes calldata proof) internal view returns (bool) {
        if (proof.length == 0) revert MalformedProof();
        uint8 shape = proof.u8(0);
        if (shape == PRESENT) return false;
        if (shape == ABSENT_FROM_EMPTY) {
            if (proof.length != 1) revert MalformedProof();
            return commit(tag, 0, EMPTY_ROOT) == commitment;
        }

        if (shape > ABSENT_BETWEEN || shape == 0) revert MalformedProof();
        uint256 at = 1;
        Place memory left;
        Place memory right;
        uint64 below;
        uint64 above;
        if (shape != ABSENT_BEFORE_FIRST) (below, left, at) = _neighbour(proof, at);
        if (shape != ABSENT_AFTER_LAST) (above, right, at) = _neighbour(proof, at);
        if (at != proof.length) revert MalformedProof();
        if (shape == ABSENT_BEFORE_FIRST) {
            if (right.index != 0) revert MalformedProof();
            return key < above && commit(tag, right.count, right.root) == commitment;
        }

        if (shape == ABSENT_AFTER_LAST) {
            if (left.index != left.count - 1) revert MalformedProof();
            return key > below && commit(tag, left.count, left.root) == commitment;
        }

        if (left.count != right.count || left.index + 1 != right.index || below >= above) revert MalformedProof();
        return key > below && key < above && left.root == right.root && commit(tag, left.count, left.root) == commitment;
    }

    /// @notice SHA-256(tag || count u64 || root).
    function commit(bytes memory tag, uint64 count, bytes32 root) internal pure returns (bytes32) {
        return sha256(bytes.concat(tag, bytes8(count), root));
    }

    /// @notice SHA-256(0x00 || key u64 || value).
    function leafHash(uint64 key, bytes32 value) internal pure returns (bytes32) {
        return sha256(bytes.concat(bytes1(0x00), bytes8(key), value));
    }

    /// @notice SHA-256(0x01 || left || right).
    function nodeHash(bytes32 left, bytes32 right) internal view returns (bytes32 hash) {
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore8(at, 1)
            mstore(add(at, 1), left)
            mstore(add(at, 33), right)
            if iszero(staticcall(gas(), 2, at, 65, 0, 32)) { revert(0, 0) }
            hash := mload(0)
        }
    }

    /// @notice Reads a path (index u64, count u64, length u8, siblings upwards) and follows it from a leaf's hash.
    /// @return place Where the leaf is and the root that its path leads to.
    /// @return end The first byte behind the path.
    function pathFrom(bytes32 leaf, bytes calldata proof, uint256 at) internal view returns (Place memory place, uint256 end) {
        if (proof.length < at + PATH_HEADER) revert MalformedProof();
        uint64 index = proof.u64(at);
        uint64 count = proof.u64(at + 8);
        uint256 depth = proof.u8(at + 16);
        at += PATH_HEADER;
        end = at + 32 * depth;
        if (index >= count || depth > MAX_DEPTH || proof.length < end) revert MalformedProof();
        place.index = index;
        place.count = count;
        for (uint64 last = count - 1; last > 0; last >>= 1) {
            bool isRight = index & 1 == 1;
            if (isRight || index < last) {
                if (at == end) revert MalformedProof();
                bytes32 sibling = proof.word(at);
                at += 32;
                leaf = isRight ? nodeHash(sibling, leaf) : nodeHash(leaf, sibling);
            }

            index >>= 1;
        }

        // A path has one length for its place: a longer one would be a second encoding.
        if (at != end) revert MalformedProof();
        place.root = leaf;
    }

    /// @notice The root over leaf hashes, or over the roots of equal pieces of a tree. Overwrites its argument.
    function rootOf(bytes32[] memory nodes) internal view returns (bytes32) {
        uint256 count = nodes.length;
        if (count == 0) return EMPTY_ROOT;
        while (count > 1) {
            uint256 half = count / 2;
            for (uint256 i = 0; i < half; ++i) nodes[i] = nodeHash(nodes[2 * i], nodes[2 * i + 1]);
            // An odd last node moves up as it is.
            if (count & 1 == 1) nodes[half] = nodes[count - 1];
            count = half + (count & 1);
        }

        return nodes[0];
    }

    /// @dev Key u64, value, path.
    function _neighbour(bytes calldata proof, uint256 at) private view returns (uint64 key, Place memory place, uint256 end) {
        if (proof.length < at + 40) revert MalformedProof();
        key = proof.u64(at);
        (place, end) = pathFrom(leafHash(key, proof.word(at + 8)), proof, at + 40);
    }
}
