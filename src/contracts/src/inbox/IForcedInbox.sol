// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title What Settlement reads of the queue of forced transactions
/// @notice One queue for each namespace; entries are numbered from 0, never change and never leave. How many of them a namespace has consumed is
/// Settlement's to say (`Settlement.consumed`): the header of each of its blocks carries that number.
interface IForcedInbox {
    /// @notice One entry.
    struct Entry {
        /// @dev The TxId of the transaction as which the entry enters a block: SHA-256(0x00 || namespace u64 || validUntil u64 || payload).
        bytes32 txId;
        /// @dev When it was enqueued: `block.timestamp`, seconds. Never 0.
        uint64 enqueuedAt;
        /// @dev What it counts in a block: bytes of the payload and 21 of its record.
        uint32 recordBytes;
    }

    /// @notice Entries that were ever enqueued, and the rolling hash over all of them; both zero for a queue without entries.
    function head(uint64 namespace) external view returns (uint64 count, bytes32 rollingHash);

    /// @notice One entry; reverts when there is none of this number.
    function entry(uint64 namespace, uint64 index) external view returns (Entry memory);
}
