// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {GovernorCountingSimple} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorTimelockControl} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {GovernorVotesQuorumFraction} from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {OperatorRegistry} from "../operators/OperatorRegistry.sol";
import {PolicyTimelock} from "./PolicyTimelock.sol";

/// @title Operators and whom they delegate to vote on how the network is run: OpenZeppelin's Governor over bonded stake.
/// @notice What a vote decides is executed by PolicyTimelock, after the delay that it asks for. Two rules are added:
///         an account has one open proposal at a time, so that nobody buries a vote under hundreds of others; and stake that
///         votes stays bonded until what it voted for has taken effect, so that nobody borrows a vote and is gone by then.
contract PolicyGovernor is
    Governor,
    GovernorSettings,
    GovernorCountingSimple,
    GovernorVotes,
    GovernorVotesQuorumFraction,
    GovernorTimelockControl
{
    /// @notice How a vote runs. Times in seconds.
    /// @param votingDelay From a proposal to the moment at which stake is counted: time to add bond or to delegate.
    /// @param votingPeriod From then on, for votes.
    /// @param proposalThreshold Votes, in wei of active bond, that a proposer needs.
    /// @param quorumPercent Of all active bond, that must take part.
    /// @param quorumFloor Wei of active bond that must take part however little there is: when operators are gone or in jail, the first
    ///        one that comes does not govern alone.
    struct Options {
        uint48 votingDelay;
        uint32 votingPeriod;
        uint256 proposalThreshold;
        uint256 quorumPercent;
        uint256 quorumFloor;
    }

    /// @notice Quorum can not be set below this percentage of the active bond: a handful of votes would decide for all.
    uint256 public constant QUORUM_PERCENT_MIN = 10;

    /// @notice Wei of active bond that must take part in every vote.
    uint256 public immutable quorumFloor;

    OperatorRegistry private immutable _operators;
    PolicyTimelock private immutable _policyTimelock;
    mapping(address proposer => uint256 proposalId) private _latest;

    /// @notice The proposer's earlier proposal is still being voted on.
    error ProposalStillOpen(uint256 proposalId);

    /// @notice Stake could leave before what it votes for takes effect.
    error StakeLeavesEarly(uint256 unbondingDelay, uint256 needed);

    /// @notice The quorum is below its least.
    error QuorumTooSmall(uint256 percent);

    /// @notice The timelock holds the delay that users rely on; it is not exchanged.
    error TimelockIsFixed();

    constructor(OperatorRegistry operators, PolicyTimelock timelock_, Options memory options)
        Governor("SharedSeq governor")
        GovernorSettings(options.votingDelay, options.votingPeriod, options.proposalThreshold)
        GovernorVotes(IVotes(address(operators)))
        GovernorVotesQuorumFraction(options.quorumPercent)
        GovernorTimelockControl(TimelockController(payable(address(timelock_))))
    {
        if (options.quorumPercent < QUORUM_PERCENT_MIN) revert QuorumTooSmall(options.quorumPercent);
        uint256 unbonding = operators.unbondingDelay();
        uint256 needed = uint256(options.votingDelay) + options.votingPeriod + timelock_.guaranteeDelay();
        if (unbonding < needed) revert StakeLeavesEarly(unbonding, needed);
        _operators = operators;
        _policyTimelock = timelock_;
        quorumFloor = options.quorumFloor;
    }

    /// @inheritdoc GovernorVotesQuorumFraction
    function quorum(uint256 timepoint) public view override(Governor, GovernorVotesQuorumFraction) returns (uint256) {
        uint256 share = super.quorum(timepoint);
        return share > quorumFloor ? share : quorumFloor;
    }

    /// @inheritdoc GovernorSettings
    function setVotingDelay(uint48 seconds_) public override {
        super.setVotingDelay(seconds_);
        _checkStakeStays();
    }

    /// @inheritdoc GovernorSettings
    function setVotingPeriod(uint32 seconds_) public override {
        super.setVotingPeriod(seconds_);
        _checkStakeStays();
    }

    /// @inheritdoc GovernorVotesQuorumFraction
    function updateQuorumNumerator(uint256 percent) public override {
        if (percent < QUORUM_PERCENT_MIN) revert QuorumTooSmall(percent);
        super.updateQuorumNumerator(percent);
    }

    /// @notice Refused, see TimelockIsFixed.
    function updateTimelock(TimelockController) public pure override {
        revert TimelockIsFixed();
    }

    /// @inheritdoc Governor
    function state(uint256 proposalId)
        public
        view
        override(Governor, GovernorTimelockControl)
        returns (ProposalState)
    {
        return super.state(proposalId);
    }

    /// @inheritdoc Governor
    function proposalNeedsQueuing(uint256 proposalId)
        public
        view
        override(Governor, GovernorTimelockControl)
        returns (bool)
    {
        return super.proposalNeedsQueuing(proposalId);
    }

    /// @inheritdoc Governor
    function proposalThreshold() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.proposalThreshold();
    }

    function _propose(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        string memory description,
        address proposer
    ) internal override returns (uint256 proposalId) {
        uint256 earlier = _latest[proposer];
        if (earlier != 0) {
            ProposalState open = state(earlier);
            if (open == ProposalState.Pending || open == ProposalState.Active) revert ProposalStillOpen(earlier);
        }
        proposalId = super._propose(targets, values, calldatas, description, proposer);
        _latest[proposer] = proposalId;
    }

    /// @dev The timelock waits longer than it is asked to where it must: the time that it really notes is the one to tell.
    function _queueOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint48) {
        super._queueOperations(proposalId, targets, values, calldatas, descriptionHash);
        bytes32 salt = bytes20(address(this)) ^ descriptionHash;
        bytes32 id = _policyTimelock.hashOperationBatch(targets, values, calldatas, 0, salt);
        return SafeCast.toUint48(_policyTimelock.getTimestamp(id));
    }

    function _executeOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) {
        super._executeOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }

    function _checkStakeStays() private view {
        uint256 unbonding = _operators.unbondingDelay();
        uint256 needed = votingDelay() + votingPeriod() + _policyTimelock.guaranteeDelay();
        if (unbonding < needed) revert StakeLeavesEarly(unbonding, needed);
    }
}
