// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title What other contracts read of Settlement
interface ISettlement {
    /// @notice How a namespace's blocks come to L1.
    enum Mode {
        /// @dev The committee orders; whatever it certified is posted.
        Normal,
        /// @dev A condition of escape was proved: certified blocks are registered, and the condition may still be mended.
        Grace,
        /// @dev Registered blocks are posted, then anybody makes blocks of the forced queue.
        Enforced
    }

    /// @notice Why a namespace left Normal.
    enum Cause {
        None,
        /// @dev A forced entry waits for longer than `maxForcedDelay`.
        Forced,
        /// @dev A block of which L1 has known the certificate for longer than `maxPostingDelay` is not posted.
        Posting,
        /// @dev No certificate for `maxCommitDelay`.
        Commit
    }

    /// @notice The state of a namespace for circuit breakers. Times are in seconds of `block.timestamp`.
    struct Health {
        Mode mode;
        Cause cause;
        /// @dev When the mode began; 0 for a namespace that never left Normal.
        uint64 modeSince;
        /// @dev The last posted block; 0 and the namespace's genesis hash when there is none.
        uint64 postedNumber;
        bytes32 postedHash;
        uint64 postedAt;
        /// @dev The newest block of which a certified head was shown here, and how many of the blocks up to it are not posted.
        uint64 certifiedNumber;
        uint64 lag;
        /// @dev Forced entries consumed by posted blocks, entries that wait, and when the oldest of those was enqueued (0 when none).
        uint64 consumed;
        uint64 pending;
        uint64 oldestPendingAt;
        /// @dev The network's newest certificate: its height, and when it came to L1.
        uint64 certifiedHeight;
        uint64 certifiedAt;
    }

    /// @notice The namespace's mode, lag and queue.
    function health(uint64 namespace) external view returns (Health memory);

    /// @notice The namespace's mode.
    function modeOf(uint64 namespace) external view returns (Mode);

    /// @notice Entries of the namespace's forced queue that posted blocks have consumed.
    function consumed(uint64 namespace) external view returns (uint64);

    /// @notice Hash of the certified result of a height, SHA-256("SharedSeq.result" || encoding); zero when none was shown here. Whoever holds the
    /// result can show any of its roots by it.
    function resultAt(uint64 height) external view returns (bytes32);
}
