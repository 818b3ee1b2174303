// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Encoding} from "./Encoding.sol";
import {Merkle} from "./Merkle.sol";

/// @title Heads and blocks of namespaces
/// @notice Formats: docs/protocol/ordering.md, sections 1, 3 and 6.
library NamespaceBlocks {
    using Encoding for bytes;

    /// @notice Bytes of an encoded head.
    uint256 internal constant HEAD_BYTES = 84;

    /// @notice Bytes of an encoded header.
    uint256 internal constant HEADER_BYTES = 173;

    /// @notice Flag: block times before the block were left out.
    uint8 internal constant TIME_JUMP = 1;

    /// @notice Flag: built on L1 from the forced queue, by no committee.
    uint8 internal constant BUILT_ON_L1 = 2;

    /// @dev validUntil u64, length u32.
    uint256 private constant RECORD_HEADER_BYTES = 12;

    /// @notice The bytes are not exactly one head with its proof.
    error MalformedHead();

    /// @notice The bytes are not whole headers, or not whole transactions of the count announced.
    error MalformedBlocks();

    /// @notice Where a namespace stands at a certified height.
    struct Head {
        uint64 namespace;
        uint64 number;
        bytes32 hash;
        uint32 openCount;
        bytes32 openRoot;
    }

    /// @notice A block without its transactions, in the order of its encoding.
    struct Header {
        uint64 namespace;
        uint64 number;
        uint32 branch;
        uint64 firstHeight;
        uint64 lastHeight;
        bytes32 parentHash;
        uint64 timestamp;
        uint64 l1Number;
        bytes32 l1Hash;
        uint64 forcedCount;
        uint32 policyVersion;
        bytes32 txRoot;
        uint32 count;
        uint64 size;
        uint8 flags;
    }

    /// @notice Reads the head that a proof begins with.
    function decodeHead(bytes calldata proof) internal pure returns (Head memory head) {
        if (proof.length < HEAD_BYTES) revert MalformedHead();
        head.namespace = proof.u64(0);
        head.number = proof.u64(8);
        head.hash = proof.word(16);
        head.openCount = proof.u32(48);
        head.openRoot = proof.word(52);
    }

    /// @notice Whether a proof (head, then its path) shows the head under a namespaces root.
    function isHeadIn(bytes32 namespacesRoot, bytes calldata proof) internal view returns (bool) {
        bytes32 value = sha256(bytes.concat("SharedSeq.head", proof[:HEAD_BYTES]));
        return Merkle.isPresent("SharedSeq.namespaces", namespacesRoot, proof.u64(0), value, proof[HEAD_BYTES:]);
    }

    /// @notice Reads the header at a place.
    function read(Header memory header, bytes calldata data, uint256 at) internal pure {
        if (data.length < at + HEADER_BYTES) revert MalformedBlocks();
        header.namespace = data.u64(at);
        header.number = data.u64(at + 8);
        header.branch = data.u32(at + 16);
        header.firstHeight = data.u64(at + 20);
        header.lastHeight = data.u64(at + 28);
        header.parentHash = data.word(at + 36);
        header.timestamp = data.u64(at + 68);
        header.l1Number = data.u64(at + 76);
        header.l1Hash = data.word(at + 84);
        header.forcedCount = data.u64(at + 116);
        header.policyVersion = data.u32(at + 124);
        header.txRoot = data.word(at + 128);
        header.count = data.u32(at + 160);
        header.size = data.u64(at + 164);
        header.flags = data.u8(at + 172);
    }

    /// @notice A header's encoding.
    function encode(Header memory header) internal pure returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(header.namespace, header.number, header.branch, header.firstHeight, header.lastHeight, header.parentHash),
            abi.encodePacked(header.timestamp, header.l1Number, header.l1Hash, header.forcedCount, header.policyVersion, header.txRoot),
            abi.encodePacked(header.count, header.size, header.flags)
        );
    }

    /// @notice SHA-256("SharedSeq.namespaceBlock" || encoding).
    function hash(bytes memory header) internal pure returns (bytes32) {
        return sha256(bytes.concat("SharedSeq.namespaceBlock", header));
    }

    /// @notice The hash of the header at a place, which the caller knows to be there. Leaves nothing in memory.
    function hashAt(bytes calldata data, uint256 at) internal view returns (bytes32 result) {
        assembly ("memory-safe") {
            let text := mload(0x40)
            mstore(text, "SharedSeq.namespaceBlock")
            calldatacopy(add(text, 24), add(data.offset, at), 173)
            if iszero(staticcall(gas(), 2, text, 197, 0, 32)) { revert(0, 0) }
            result := mload(0)
        }
    }

    /// @notice The parent of a namespace's first block: SHA-256("SharedSeq.namespaceGenesis" || genesis hash || namespace u64).
    function genesisHash(bytes32 genesis, uint64 namespace) internal pure returns (bytes32) {
        return sha256(bytes.concat("SharedSeq.namespaceGenesis", genesis, bytes8(namespace)));
    }

    /// @notice Reads transactions (validUntil u64, length u32, payload) and computes the Merkle root over their TxIds.
    /// @return root The root.
    /// @return end The first byte behind them.
    function rootOf(uint64 namespace, bytes calldata data, uint256 at, uint256 count) internal view returns (bytes32 root, uint256 end) {
        // Bounds the memory by the bytes that were paid for.
        if (count > data.length / RECORD_HEADER_BYTES) revert MalformedBlocks();
        uint256 free = _freeMemory();
        bytes32[] memory ids = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            if (data.length < at + RECORD_HEADER_BYTES) revert MalformedBlocks();
            uint256 length = data.u32(at + 8);
            uint256 payload = at + RECORD_HEADER_BYTES;
            if (data.length < payload + length) revert MalformedBlocks();
            ids[i] = _txId(namespace, data, at, length);
            at = payload + length;
        }

        (root, end) = (Merkle.rootOf(ids), at);
        _release(free);
    }

    /// @notice Reads the roots of pieces of a block's transactions that were published before, and computes the root over all of them.
    /// @param sizeOf Transactions of each published piece of any block, by its root; 0 for what was not published.
    /// @return root The root over all transactions, when `count` of them are in the pieces.
    /// @return end The first byte behind the roots (count u16, roots).
    function rootOfPieces(mapping(bytes32 => uint32) storage sizeOf, bytes calldata data, uint256 at, uint256 count)
        internal
        view
        returns (bytes32 root, uint256 end)
    {
        if (data.length < at + 2) revert MalformedBlocks();
        uint256 pieces = data.u16(at);
        at += 2;
        end = at + 32 * pieces;
        if (pieces == 0 || data.length < end) revert MalformedBlocks();
        uint256 free = _freeMemory();
        bytes32[] memory roots = new bytes32[](pieces);
        uint256 size = sizeOf[data.word(at)];
        uint256 total = 0;
        for (uint256 i = 0; i < pieces; ++i) {
            roots[i] = data.word(at + 32 * i);
            uint256 own = sizeOf[roots[i]];
            // All pieces but the last are whole subtrees of one height: powers of two of one size.
            bool isLast = i == pieces - 1;
            if (own == 0 || own > size || (!isLast && (own != size || own & (own - 1) != 0))) revert MalformedBlocks();
            total += own;
        }

        if (total != count) revert MalformedBlocks();
        root = Merkle.rootOf(roots);
        _release(free);
    }

    function _freeMemory() private pure returns (uint256 free) {
        assembly ("memory-safe") {
            free := mload(0x40)
        }
    }

    /// @dev Gives back what was allocated since: thousands of blocks in one call would pay for all their memory at once otherwise.
    function _release(uint256 free) private pure {
        assembly ("memory-safe") {
            mstore(0x40, free)
        }
    }

    /// @dev SHA-256(0x00 || namespace u64 || validUntil u64 || payload), without leaving the payload in memory.
    function _txId(uint64 namespace, bytes calldata data, uint256 at, uint256 length) private view returns (bytes32 id) {
        assembly ("memory-safe") {
            let text := mload(0x40)
            mstore8(text, 0)
            mstore(add(text, 1), shl(192, namespace))
            calldatacopy(add(text, 9), add(data.offset, at), 8)
            calldatacopy(add(text, 17), add(add(data.offset, at), 12), length)
            if iszero(staticcall(gas(), 2, text, add(17, length), 0, 32)) { revert(0, 0) }
            id := mload(0)
        }
    }
}
