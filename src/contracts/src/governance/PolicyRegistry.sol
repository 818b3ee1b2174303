// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IGovernedCalls, IPauses} from "./IGovernedCalls.sol";
import {CommitteeTerms, PolicyRules} from "./PolicyRules.sol";

/// @title The network's policies, by version, each from a height on (docs/protocol/ordering.md, 10; docs/protocol/l1-operators.md).
/// @notice Policies come only from governance and are kept for good. Nodes read them from the L1 view and apply the highest version
///         whose activation height is reached, from the first height on behind the one that adopted the view. Whatever breaks a rule of
///         PolicyRules is refused, whoever votes for it.
contract PolicyRegistry is IGovernedCalls, IPauses {
    /// @notice One version.
    /// @param encoded The policy's canonical bytes.
    /// @param hash SHA-256("SharedSeq.policy" || encoded), as nodes name it.
    /// @param committee Committee terms.
    /// @param activationHeight Height of the network before which it does not apply.
    /// @param scheduledAt When it was written here, seconds.
    struct Policy {
        bytes encoded;
        bytes32 hash;
        CommitteeTerms committee;
        uint64 activationHeight;
        uint48 scheduledAt;
    }

    /// @notice Scope of a pause: new operators.
    uint8 public constant OPERATOR_JOINS = 1;

    /// @notice Scope of a pause: new namespaces.
    uint8 public constant NAMESPACE_REGISTRATIONS = 2;

    /// @notice Scope of a pause: auctions.
    uint8 public constant AUCTIONS = 4;

    /// @notice All that can be paused. Forced transactions, exits, withdrawals, posting and escape can not.
    uint8 public constant ALL_SCOPES = OPERATOR_JOINS | NAMESPACE_REGISTRATIONS | AUCTIONS;

    /// @notice Longest pause that may be chosen as the limit, in seconds.
    uint48 public constant PAUSE_LIMIT = 7 days;

    /// @notice The account that governs, a PolicyTimelock.
    address public immutable governance;

    /// @notice Longest pause, in seconds.
    uint48 public immutable pauseSecondsMax;

    /// @notice The newest version. Versions begin with 1, that of genesis.
    uint32 public latest;

    /// @notice What is paused, until `pausedUntil`.
    uint8 public pausedScopes;

    /// @notice When the pause ends by itself, seconds.
    uint48 public pausedUntil;

    /// @notice Who may pause once without a vote; nobody (zero) once that was done, until a vote names somebody again.
    address public guardian;

    mapping(uint32 version => Policy) private _policies;

    event PolicyScheduled(uint32 indexed version, uint64 activationHeight, bytes32 hash, bytes encoded, CommitteeTerms committee);
    event Paused(uint8 scopes, uint48 until, address by);
    event Unpaused(address by);
    event GuardianNamed(address guardian);

    /// @notice Only governance does that.
    error NotGovernance(address caller);

    /// @notice Only governance, or the guardian while it has its pause, does that.
    error NotGuardian(address caller);

    /// @notice There is no such version.
    error UnknownVersion(uint32 version);

    /// @notice A pause is of known scopes, one at least.
    error UnknownScopes(uint8 scopes);

    /// @notice A pause has a length within the limit.
    error PauseOutOfRange(uint48 seconds_, uint48 most);

    /// @notice The decision to pause was not used in time.
    error PauseExpired(uint48 notAfter);

    /// @param governance_ The account that governs.
    /// @param pauseSecondsMax_ Longest pause, in seconds, at most 7 days.
    /// @param encoded The policy of genesis.
    /// @param committee Committee terms from genesis on.
    constructor(address governance_, uint48 pauseSecondsMax_, bytes memory encoded, CommitteeTerms memory committee) {
        if (pauseSecondsMax_ == 0 || pauseSecondsMax_ > PAUSE_LIMIT) revert PauseOutOfRange(pauseSecondsMax_, PAUSE_LIMIT);
        governance = governance_;
        pauseSecondsMax = pauseSecondsMax_;
        _write(1, encoded, committee, 0);
    }

    modifier onlyGovernance() {
        if (msg.sender != governance) revert NotGovernance(msg.sender);
        _;
    }

    /// @notice One version.
    function policy(uint32 version) external view returns (Policy memory) {
        if (version == 0 || version > latest) revert UnknownVersion(version);
        return _policies[version];
    }

    /// @notice Reverts, with the reason, unless the policy could follow the newest one. What `schedule` checks.
    function check(bytes calldata encoded, CommitteeTerms calldata committee) external view {
        PolicyRules.check(encoded, committee, latest + 1);
    }

    /// @notice Whether the policy could follow the newest one without delay: no guarantee of users becomes weaker by it.
    /// @dev It must not take effect before the newest one does, else one that was voted for long ago and never took effect
    ///      would be the weak base from which a small step up leads below what is in force.
    function raises(bytes calldata encoded, CommitteeTerms calldata committee, uint64 activationHeight) public view returns (bool) {
        Policy storage newest = _policies[latest];
        PolicyRules.check(encoded, committee, latest + 1);
        if (activationHeight < newest.activationHeight) return false;
        return PolicyRules.raises(newest.encoded, newest.committee, encoded, committee);
    }

    /// @notice The next version. What it was compared with when it was queued is what it follows: its version says so.
    /// @param encoded Canonical bytes, with the version after the newest one.
    /// @param committee Committee terms.
    /// @param activationHeight Height of the network before which it does not apply.
    function schedule(bytes calldata encoded, CommitteeTerms calldata committee, uint64 activationHeight) external onlyGovernance {
        _write(latest + 1, encoded, committee, activationHeight);
    }

    /// @notice Pauses some of what can be paused. By governance, a vote each time; or by the guardian, once.
    /// @param scopes Sum of scopes.
    /// @param seconds_ Length; the pause ends by itself.
    /// @param notAfter Time, in seconds, after which this decision is void: no vote for a pause is kept for another day.
    function pause(uint8 scopes, uint48 seconds_, uint48 notAfter) external {
        if (msg.sender != governance) {
            if (msg.sender != guardian || guardian == address(0)) revert NotGuardian(msg.sender);
            guardian = address(0);
            emit GuardianNamed(address(0));
        }
        if (scopes == 0 || scopes & ~ALL_SCOPES != 0) revert UnknownScopes(scopes);
        if (seconds_ == 0 || seconds_ > pauseSecondsMax) revert PauseOutOfRange(seconds_, pauseSecondsMax);
        if (block.timestamp > notAfter) revert PauseExpired(notAfter);
        pausedScopes = scopes;
        pausedUntil = uint48(block.timestamp) + seconds_;
        emit Paused(scopes, pausedUntil, msg.sender);
    }

    /// @notice Ends a pause early.
    function unpause() external onlyGovernance {
        pausedScopes = 0;
        pausedUntil = 0;
        emit Unpaused(msg.sender);
    }

    /// @notice Gives somebody one pause, or nobody (zero). By vote, and with the delay, each time.
    function nameGuardian(address guardian_) external onlyGovernance {
        guardian = guardian_;
        emit GuardianNamed(guardian_);
    }

    /// @inheritdoc IPauses
    function isPaused(uint8 scope) external view returns (bool) {
        return block.timestamp < pausedUntil && pausedScopes & scope != 0;
    }

    /// @inheritdoc IGovernedCalls
    function needsNoDelay(bytes calldata call) external view returns (bytes4) {
        if (call.length < 4) return 0;
        bytes4 selector = bytes4(call[:4]);
        if (selector == this.pause.selector || selector == this.unpause.selector) return this.needsNoDelay.selector;
        if (selector != this.schedule.selector) return 0;
        (bytes memory encoded, CommitteeTerms memory committee, uint64 activationHeight) =
            abi.decode(call[4:], (bytes, CommitteeTerms, uint64));
        return this.raises(encoded, committee, activationHeight) ? this.needsNoDelay.selector : bytes4(0);
    }

    function _write(uint32 version, bytes memory encoded, CommitteeTerms memory committee, uint64 activationHeight) private {
        PolicyRules.check(encoded, committee, version);
        bytes32 hash = sha256(abi.encodePacked("SharedSeq.policy", encoded));
        latest = version;
        _policies[version] = Policy(encoded, hash, committee, activationHeight, uint48(block.timestamp));
        emit PolicyScheduled(version, activationHeight, hash, encoded, committee);
    }
}
