// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title The declared gas of a raw Ethereum transaction
/// @notice Reads as far as the gas limit: type, the list that must be the whole rest, and the integers before it. Whether the rest is a valid
/// transaction is known where it is executed; what is refused here is so everywhere.
library TransactionGas {
    /// @notice No signed transaction of type 0 (legacy), 1, 2 or 4.
    error MalformedTransaction();

    function gasLimitOf(bytes calldata raw) internal pure returns (uint64 gasLimit) {
        if (raw.length == 0) revert MalformedTransaction();
        uint8 first = uint8(raw[0]);
        uint256 at;
        uint256 skipped = 2; // nonce, price
        if (first < 0x80) {
            at = 1;
            if (first == 1) skipped = 3; // chain, nonce, price
            else if (first == 2 || first == 4) skipped = 4; // chain, nonce, tip, price
            else revert MalformedTransaction();
        }

        at = _enterList(raw, at);
        for (uint256 i = 0; i < skipped; i++) (, at) = _integer(raw, at, 32);
        uint256 value;
        (value, at) = _integer(raw, at, 8);
        return uint64(value);
    }

    /// @dev The list's header at `at`; its content must end with the bytes.
    function _enterList(bytes calldata raw, uint256 at) private pure returns (uint256 start) {
        if (at >= raw.length) revert MalformedTransaction();
        uint8 header = uint8(raw[at]);
        if (header < 0xc0) revert MalformedTransaction();
        start = at + 1;
        uint256 length;
        if (header <= 0xf7) {
            length = header - 0xc0;
        } else {
            uint256 size = header - 0xf7;
            // Three bytes of length are sixteen mebibytes.
            if (size > 3 || start + size > raw.length || raw[start] == 0) revert MalformedTransaction();
            for (uint256 i = 0; i < size; i++) length = (length << 8) | uint8(raw[start + i]);
            if (length < 56) revert MalformedTransaction();
            start += size;
        }
        if (start + length != raw.length) revert MalformedTransaction();
    }

    /// @dev A canonical integer of at most `bytesMax` bytes.
    function _integer(bytes calldata raw, uint256 at, uint256 bytesMax) private pure returns (uint256 value, uint256 next) {
        if (at >= raw.length) revert MalformedTransaction();
        uint8 header = uint8(raw[at]);
        if (header < 0x80) {
            if (header == 0) revert MalformedTransaction();
            return (header, at + 1);
        }

        uint256 size = header - 0x80;
        next = at + 1 + size;
        if (size > bytesMax || next > raw.length) revert MalformedTransaction();
        if (size == 0) return (0, next);
        value = uint256(bytes32(raw[at + 1:next])) >> (8 * (32 - size));
        // No leading zeros; and what fits into the header has no byte of its own.
        if (raw[at + 1] == 0 || (size == 1 && value < 0x80)) revert MalformedTransaction();
    }
}
