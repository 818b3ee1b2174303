// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What a change of a field does to the guarantees of users.
enum Change {
    /// More is better for users: raising it needs no delay.
    MoreRaises,
    /// Less is better for users: lowering it needs no delay.
    LessRaises,
    /// A change in either direction can hurt somebody: it waits.
    Waits
}

/// @notice One field of the policy: an unsigned big-endian number.
struct Field {
    string name;
    uint8 width;
    uint64 least;
    uint64 most;
    Change change;
}

/// @notice Who may serve: the largest committee, and thresholds for committees of `n` where they are not the default ones.
/// @param sizeMax Members.
/// @param n The committee size that has f and p; 0 for none, then f and p are 0.
/// @param f Members that may be Byzantine.
/// @param p Members more that may be silent on the fast path.
struct CommitteeTerms {
    uint16 sizeMax;
    uint16 n;
    uint16 f;
    uint16 p;
}

/// @title What every policy must keep, whoever votes for it (docs/protocol/l1-operators.md has this table, too).
/// @notice Some invariants have no field, and so no vote reaches them: the order of the forced queue and its deadline, a rollup's
///         right to opt out, the reserve that was active when an auction opened, and that a bundle is included whole or not at all.
///         Freshness has a field, within bounds that keep it on.
library PolicyRules {
    /// @notice Bytes of an encoded policy.
    uint256 internal constant ENCODED_BYTES = 76;

    /// @notice Lanes for which a cut has room.
    uint256 internal constant LANES_MAX = 512;

    /// @notice Members of the largest committee.
    uint16 internal constant MEMBERS_MAX = 128;

    /// @notice Members of the smallest committee that stands a fault.
    uint16 internal constant MEMBERS_MIN = 4;

    uint256 private constant _DEADLINE = 1;
    uint256 private constant _CHECKPOINT_INTERVAL = 9;
    uint256 private constant _FRESHNESS = 12;
    uint256 private constant _EPOCH_SECONDS = 15;
    uint256 private constant _BOUNDARY_LEAD = 16;

    /// @notice A policy has one encoding, of this many bytes.
    error WrongLength(uint256 bytes_, uint256 wanted);

    /// @notice Versions follow each other without gap.
    error WrongVersion(uint64 version, uint64 wanted);

    /// @notice A field is out of its range.
    error FieldOutOfRange(string field, uint64 value, uint64 least, uint64 most);

    /// @notice Freshness is what keeps leaders from leaving out what they were sent: it stays on.
    error FreshnessOff(uint64 freshnessMs);

    /// @notice With epochs, a boundary leads by two checkpoint intervals at least, so that the next committee is certified before it.
    error BoundaryTooNear(uint64 boundaryLead, uint64 least);

    /// @notice The lanes of all epochs that can be open at once must fit into a cut.
    error TooManyLanes(uint256 lanes, uint256 most);

    /// @notice The largest committee has 4 to 128 members.
    error CommitteeSizeOutOfRange(uint16 sizeMax);

    /// @notice n must be at least 3f + 2p + 1, with f at least 1, and no larger than the largest committee.
    error QuorumNotSafe(uint16 n, uint16 f, uint16 p);

    /// @notice The fields in the order in which they are encoded.
    function fields() internal pure returns (Field[17] memory all) {
        all[0] = Field("version", 4, 1, type(uint32).max, Change.Waits);
        all[1] = Field("receiptDeadlineHeights", 4, 1, 1_000_000, Change.LessRaises);
        all[2] = Field("dedupSeconds", 4, 1, 600, Change.MoreRaises);
        all[3] = Field("evmDedupMs", 4, 1, 60_000, Change.LessRaises);
        all[4] = Field("dedupIdsMax", 4, 1, 67_108_864, Change.MoreRaises);
        all[5] = Field("transactionBytesMax", 4, 1, 131_072, Change.MoreRaises);
        all[6] = Field("namespacesMax", 4, 1, 1_000_000, Change.MoreRaises);
        all[7] = Field("heightBytes", 8, 131_093, 1_073_741_824, Change.MoreRaises);
        all[8] = Field("queueBytes", 8, 131_093, 1_073_741_824, Change.MoreRaises);
        all[9] = Field("checkpointInterval", 4, 1, 1_000_000, Change.LessRaises);
        all[10] = Field("resultIntervalMs", 4, 1, 60_000, Change.LessRaises);
        all[11] = Field("blocksPerHeightMax", 4, 1, 4_096, Change.Waits);
        all[12] = Field("freshnessMs", 4, 1, 600_000, Change.Waits);
        all[13] = Field("clockDriftMs", 4, 1, 60_000, Change.Waits);
        all[14] = Field("maxBatchesPerLane", 4, 1, 4_096, Change.MoreRaises);
        all[15] = Field("epochSeconds", 4, 0, 2_678_400, Change.Waits);
        all[16] = Field("boundaryLead", 4, 2, 1_000_000, Change.Waits);
    }

    /// @notice Reverts unless the bytes are a policy of this version that keeps every rule.
    function check(bytes memory policy, CommitteeTerms memory committee, uint32 version) internal pure {
        uint64[17] memory values = read(policy);
        if (values[0] != version) revert WrongVersion(values[0], version);
        if (values[_FRESHNESS] == 0) revert FreshnessOff(0);
        Field[17] memory all = fields();
        for (uint256 i = 1; i < all.length; i++) {
            Field memory field = all[i];
            if (values[i] < field.least || values[i] > field.most) {
                revert FieldOutOfRange(field.name, values[i], field.least, field.most);
            }
        }
        _checkCommittee(committee);
        if (values[_EPOCH_SECONDS] == 0) return;
        uint64 lead = values[_BOUNDARY_LEAD];
        if (lead < 2 * values[_CHECKPOINT_INTERVAL]) revert BoundaryTooNear(lead, 2 * values[_CHECKPOINT_INTERVAL]);
        uint256 lanes = committee.sizeMax * (2 + uint256(values[_DEADLINE]) / lead);
        if (lanes > LANES_MAX) revert TooManyLanes(lanes, LANES_MAX);
    }

    /// @notice Whether every field that changes does so in a direction that raises guarantees.
    function raises(bytes memory policy, CommitteeTerms memory committee, bytes memory next, CommitteeTerms memory nextCommittee)
        internal
        pure
        returns (bool)
    {
        uint64[17] memory from = read(policy);
        uint64[17] memory to = read(next);
        Field[17] memory all = fields();
        for (uint256 i = 1; i < all.length; i++) {
            if (to[i] == from[i]) continue;
            if (all[i].change == Change.Waits) return false;
            if ((to[i] > from[i]) != (all[i].change == Change.MoreRaises)) return false;
        }
        // More seats are for more operators; other thresholds trade one guarantee for another.
        bool isQuorumSame = nextCommittee.n == committee.n && nextCommittee.f == committee.f && nextCommittee.p == committee.p;
        return isQuorumSame && nextCommittee.sizeMax >= committee.sizeMax;
    }

    /// @notice The values of an encoded policy, by field.
    function read(bytes memory policy) internal pure returns (uint64[17] memory values) {
        if (policy.length != ENCODED_BYTES) revert WrongLength(policy.length, ENCODED_BYTES);
        Field[17] memory all = fields();
        uint256 at = 0;
        for (uint256 i = 0; i < all.length; i++) {
            uint64 value = 0;
            for (uint256 end = at + all[i].width; at < end; at++) {
                value = (value << 8) | uint8(policy[at]);
            }
            values[i] = value;
        }
    }

    function _checkCommittee(CommitteeTerms memory terms) private pure {
        if (terms.sizeMax < MEMBERS_MIN || terms.sizeMax > MEMBERS_MAX) revert CommitteeSizeOutOfRange(terms.sizeMax);
        bool isDefault = terms.n == 0 && terms.f == 0 && terms.p == 0;
        bool isSafe =
            terms.f >= 1 && terms.n <= terms.sizeMax && terms.n >= 3 * uint256(terms.f) + 2 * uint256(terms.p) + 1;
        if (!isDefault && !isSafe) revert QuorumNotSafe(terms.n, terms.f, terms.p);
    }
}
