// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Reading the network's canonical encodings (docs/protocol/wire.md): big-endian, of fixed width, hashed with SHA-256
/// @dev Callers check lengths once and then read; reading itself checks nothing.
library Encoding {
    function u8(bytes calldata data, uint256 at) internal pure returns (uint8 value) {
        assembly ("memory-safe") {
            value := shr(248, calldataload(add(data.offset, at)))
        }
    }

    function u16(bytes calldata data, uint256 at) internal pure returns (uint16 value) {
        assembly ("memory-safe") {
            value := shr(240, calldataload(add(data.offset, at)))
        }
    }

    function u32(bytes calldata data, uint256 at) internal pure returns (uint32 value) {
        assembly ("memory-safe") {
            value := shr(224, calldataload(add(data.offset, at)))
        }
    }

    function u64(bytes calldata data, uint256 at) internal pure returns (uint64 value) {
        assembly ("memory-safe") {
            value := shr(192, calldataload(add(data.offset, at)))
        }
    }

    function word(bytes calldata data, uint256 at) internal pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := calldataload(add(data.offset, at))
        }
    }
}
