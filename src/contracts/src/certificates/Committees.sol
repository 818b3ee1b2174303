// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Committees: their plans, as certified by hand-overs, and their vote keys on chain
/// @notice Format of a plan: docs/protocol/ordering.md, section 6.
library Committees {
    /// @notice Members of the largest committee.
    uint256 internal constant MAX_MEMBERS = 128;

    /// @notice Bytes of one vote key: x and y.
    uint256 internal constant KEY_BYTES = 64;

    /// @dev version u16, epoch u64, n u16, f u16, p u16.
    uint256 private constant HEADER_BYTES = 16;

    /// @dev Vote key and node key.
    uint256 private constant MEMBER_BYTES = 128;

    /// @notice The bytes are not exactly one plan.
    error MalformedPlan();

    /// @notice A plan of another protocol version.
    error WrongPlanVersion(uint16 version);

    /// @notice No room to store the keys: creation ran out of gas.
    error KeysNotStored();

    /// @notice Who serves an epoch.
    struct Committee {
        /// @dev Where the vote keys of all seats are, as the code of an account: a fifth of the cost of storage to write, and less to read.
        address keys;
        uint16 n;
        uint16 f;
        uint16 p;
    }

    /// @notice Bytes of the plan that these bytes begin with.
    function planBytes(bytes calldata data) internal pure returns (uint256) {
        if (data.length < HEADER_BYTES) revert MalformedPlan();
        return HEADER_BYTES + MEMBER_BYTES * uint16(bytes2(data[10:12]));
    }

    /// @notice The epoch that a plan is for.
    function epochOf(bytes memory plan) internal pure returns (uint64) {
        if (plan.length < HEADER_BYTES) revert MalformedPlan();
        return uint64(_number(plan, 2, 8));
    }

    /// @notice SHA-256("SharedSeq.committee" || plan).
    function hash(bytes memory plan) internal pure returns (bytes32) {
        return sha256(bytes.concat("SharedSeq.committee", plan));
    }

    /// @notice Checks a plan and stores its vote keys.
    /// @param plan Exactly one plan.
    /// @param version The protocol version that certificates are signed in.
    /// @param before The committee that served so far: equal keys are not stored again.
    function store(bytes memory plan, uint16 version, Committee memory before) internal returns (Committee memory next) {
        bytes memory keys;
        (next, keys) = _read(plan, version);
        bool isSame = before.keys != address(0) && next.n == before.n && keccak256(keys) == keccak256(load(before));
        next.keys = isSame ? before.keys : _create(keys);
    }

    /// @notice The vote keys of all seats, 64 bytes each; zero for an empty seat.
    function load(Committee memory committee) internal view returns (bytes memory keys) {
        address account = committee.keys;
        uint256 size = KEY_BYTES * committee.n;
        keys = new bytes(size);
        assembly ("memory-safe") {
            extcodecopy(account, add(keys, 32), 1, size)
        }
    }

    /// @notice q = n - f - p.
    function quorum(Committee memory committee) internal pure returns (uint256) {
        return uint256(committee.n) - committee.f - committee.p;
    }

    function _read(bytes memory plan, uint16 version) private pure returns (Committee memory next, bytes memory keys) {
        if (plan.length < HEADER_BYTES) revert MalformedPlan();
        if (_number(plan, 0, 2) != version) revert WrongPlanVersion(uint16(_number(plan, 0, 2)));
        uint256 n = _number(plan, 10, 2);
        uint256 f = _number(plan, 12, 2);
        uint256 p = _number(plan, 14, 2);
        if (plan.length != HEADER_BYTES + MEMBER_BYTES * n) revert MalformedPlan();
        if (n == 0 || n > MAX_MEMBERS || n < 3 * f + 2 * p + 1) revert MalformedPlan();
        keys = new bytes(KEY_BYTES * n);
        uint256 empty = 0;
        for (uint256 seat = 0; seat < n; ++seat) {
            uint256 at = HEADER_BYTES + MEMBER_BYTES * seat;
            uint256 x = _number(plan, at, 32);
            uint256 y = _number(plan, at + 32, 32);
            bool hasNodeKey = _number(plan, at + 64, 32) | _number(plan, at + 96, 32) != 0;
            if ((x | y != 0) != hasNodeKey) revert MalformedPlan();
            if (!hasNodeKey) ++empty;
            assembly ("memory-safe") {
                let key := add(add(keys, 32), mul(seat, 64))
                mstore(key, x)
                mstore(add(key, 32), y)
            }
        }

        if (empty > f || empty == n) revert MalformedPlan();
        next = Committee(address(0), uint16(n), uint16(f), uint16(p));
    }

    /// @dev A big-endian number of 1 to 32 bytes, which the caller knows to be there.
    function _number(bytes memory data, uint256 at, uint256 size) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(sub(256, mul(8, size)), mload(add(add(data, 32), at)))
        }
    }

    /// @dev Code that begins with STOP, so that it is data whoever calls it.
    function _create(bytes memory keys) private returns (address account) {
        // PUSH2 size, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN; then STOP and the keys.
        bytes memory code = bytes.concat(hex"61", bytes2(uint16(keys.length + 1)), hex"80600a3d393df3", hex"00", keys);
        assembly ("memory-safe") {
            account := create(0, add(code, 32), mload(code))
        }
        if (account == address(0)) revert KeysNotStored();
    }
}
