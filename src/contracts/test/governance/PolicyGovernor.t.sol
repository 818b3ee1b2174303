// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {PolicyBench} from "./PolicyBench.sol";
import {CommitteeTerms, PolicyRules} from "../../src/governance/PolicyRules.sol";
import {PolicyGovernor} from "../../src/governance/PolicyGovernor.sol";
import {PolicyRegistry} from "../../src/governance/PolicyRegistry.sol";
import {PolicyTimelock} from "../../src/governance/PolicyTimelock.sol";
import {OperatorRegistry} from "../../src/operators/OperatorRegistry.sol";

/// @notice A cheat code that only this test uses.
interface ChainCheats {
    function chainId(uint256 id) external;
}

/// @notice Says yes to every question.
contract Agreeing {
    uint256 public calls;

    fallback(bytes calldata) external payable returns (bytes memory) {
        return abi.encode(true);
    }
}

contract PolicyGovernorTest is PolicyBench {
    uint48 private constant _VOTING_DELAY = 1 days;
    uint32 private constant _VOTING_PERIOD = 5 days;

    PolicyGovernor private _governor;

    struct Proposal {
        address[] targets;
        uint256[] values;
        bytes[] calls;
        string text;
    }

    function setUp() public {
        deploy();
        _governor = new PolicyGovernor(registry, timelock, PolicyGovernor.Options(_VOTING_DELAY, _VOTING_PERIOD, 1 ether, 40, 20 ether));
        timelock.grantRole(timelock.PROPOSER_ROLE(), address(_governor));
        timelock.grantRole(timelock.CANCELLER_ROLE(), address(_governor));
        timelock.renounceRole(timelock.DEFAULT_ADMIN_ROLE(), address(this));
        vm.warp(block.timestamp + 1);
    }

    function test_what_raises_guarantees_is_executed_at_once() public {
        Proposal memory proposal = _policy(next("queueBytes", 1 << 27), "a longer queue");
        uint256 id = _voted(proposal);
        _queue(proposal);
        assertEq(_governor.proposalEta(id), block.timestamp, "eta");
        _execute(proposal);
        assertEq(policies.latest(), 2, "in the registry");
        assertEq(policies.policy(2).activationHeight, 500, "activation");
    }

    function test_what_lowers_guarantees_waits() public {
        Proposal memory proposal = _policy(next("queueBytes", 1 << 20), "a shorter queue");
        uint256 id = _voted(proposal);
        _queue(proposal);
        uint256 eta = block.timestamp + GUARANTEE_DELAY;
        assertEq(_governor.proposalEta(id), eta, "the time that the timelock noted");
        vm.warp(eta - 1);
        assertTrue(!_tryExecute(proposal), "a second early");
        assertEq(policies.latest(), 1, "nothing happened");
        vm.warp(eta);
        // Anyone executes.
        vm.prank(address(0xabc));
        _execute(proposal);
        assertEq(policies.latest(), 2, "in the registry");
    }

    function test_a_step_down_does_not_hide_behind_a_step_up() public {
        // In one batch: up, then below where it was. The batch waits as its second call does.
        Proposal memory proposal = _policy(next("queueBytes", 1 << 27), "up and down");
        proposal.targets = _twice(address(policies));
        proposal.values = new uint256[](2);
        bytes memory down = with(with(GENESIS_POLICY, "version", 3), "queueBytes", 1 << 20);
        bytes[] memory calls = new bytes[](2);
        calls[0] = proposal.calls[0];
        calls[1] = abi.encodeCall(PolicyRegistry.schedule, (down, committee, 500));
        proposal.calls = calls;
        uint256 id = _voted(proposal);
        _queue(proposal);
        assertEq(_governor.proposalEta(id), block.timestamp + GUARANTEE_DELAY, "eta");
    }

    function test_a_step_up_that_waits_in_the_queue_is_void_when_another_version_came_first() public {
        // Two of them are queued as steps up from one base; once the larger one is in force, the smaller one would be a step down.
        Proposal memory smaller = _policy(next("queueBytes", 1 << 27), "twice");
        Proposal memory larger = _policy(next("queueBytes", 1 << 28), "four times");
        _propose(smaller, ownerOf(3));
        _propose(larger, ownerOf(2));
        vm.warp(block.timestamp + _VOTING_DELAY + 1);
        _vote(smaller);
        _vote(larger);
        vm.warp(block.timestamp + _VOTING_PERIOD);
        _queue(smaller);
        _queue(larger);
        _execute(larger);
        assertTrue(!_tryExecute(smaller), "its base is not the newest any more");
        assertEq(policies.latest(), 2, "one version");
    }

    function test_a_policy_that_breaks_an_invariant_is_not_executed_whoever_votes_for_it() public {
        Proposal memory proposal = _policy(next("freshnessMs", 0), "no freshness");
        _voted(proposal);
        _queue(proposal);
        vm.warp(block.timestamp + GUARANTEE_DELAY);
        vm.expectRevert(abi.encodeWithSelector(PolicyRules.FreshnessOff.selector, 0));
        _execute(proposal);
    }

    function test_everything_else_waits_and_value_always() public {
        address agreeing = address(new Agreeing());
        assertEq(timelock.delayOf(agreeing, 0, ""), GUARANTEE_DELAY, "a contract that says yes to everything");
        assertEq(timelock.delayOf(address(4), 0, ""), GUARANTEE_DELAY, "a precompile");
        assertEq(timelock.delayOf(address(0x1234), 0, ""), GUARANTEE_DELAY, "an account");
        bytes memory expel = abi.encodeCall(OperatorRegistry.expel, (1));
        assertEq(timelock.delayOf(address(registry), 0, expel), 0, "an expulsion");
        assertEq(timelock.delayOf(address(registry), 1, expel), GUARANTEE_DELAY, "with value");
        bytes memory threshold = abi.encodeWithSignature("setProposalThreshold(uint256)", 0);
        assertEq(timelock.delayOf(address(_governor), 0, threshold), GUARANTEE_DELAY, "rules of voting");
        bytes memory role = abi.encodeWithSignature("grantRole(bytes32,address)", timelock.PROPOSER_ROLE(), address(1));
        assertEq(timelock.delayOf(address(timelock), 0, role), GUARANTEE_DELAY, "roles");
    }

    function test_the_delay_has_a_floor_on_the_main_network_and_never_changes() public {
        vm.expectRevert(abi.encodeWithSelector(PolicyTimelock.DelayOutOfRange.selector, 0, 1, 90 days));
        new PolicyTimelock(0, address(this));
        vm.expectRevert(abi.encodeWithSelector(PolicyTimelock.DelayOutOfRange.selector, 91 days, 1, 90 days));
        new PolicyTimelock(91 days, address(this));
        ChainCheats(address(vm)).chainId(1);
        vm.expectRevert(abi.encodeWithSelector(PolicyTimelock.DelayOutOfRange.selector, 7 days - 1, 7 days, 90 days));
        new PolicyTimelock(7 days - 1, address(this));
        assertEq(new PolicyTimelock(7 days, address(this)).guaranteeDelay(), 7 days, "delay");
        vm.expectRevert(PolicyTimelock.DelayIsFixed.selector);
        timelock.updateDelay(1);
        vm.expectRevert(PolicyGovernor.TimelockIsFixed.selector);
        _governor.updateTimelock(TimelockController(payable(address(1))));
    }

    function test_only_the_governor_queues() public {
        bytes memory expel = abi.encodeCall(OperatorRegistry.expel, (1));
        bool isTaken = true;
        try timelock.schedule(address(registry), 0, expel, 0, 0, 0) {} catch {
            isTaken = false;
        }
        assertTrue(!isTaken, "a stranger");
    }

    function test_a_proposer_needs_stake_and_has_one_open_proposal() public {
        Proposal memory first = _policy(next("queueBytes", 1 << 27), "one");
        Proposal memory second = _policy(next("queueBytes", 1 << 28), "two");
        vm.prank(address(0xabc));
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorInsufficientProposerVotes.selector, address(0xabc), 0, 1 ether));
        _governor.propose(first.targets, first.values, first.calls, first.text);
        uint256 id = _propose(first, ownerOf(3));
        bytes memory reason = abi.encodeWithSelector(PolicyGovernor.ProposalStillOpen.selector, id);
        vm.prank(ownerOf(3));
        vm.expectRevert(reason);
        _governor.propose(second.targets, second.values, second.calls, second.text);
        vm.warp(block.timestamp + _VOTING_DELAY + 1);
        vm.prank(ownerOf(3));
        vm.expectRevert(reason);
        _governor.propose(second.targets, second.values, second.calls, second.text);
        vm.warp(block.timestamp + _VOTING_PERIOD);
        _propose(second, ownerOf(3));
    }

    function test_stake_that_came_after_the_snapshot_does_not_vote_and_stake_that_left_is_not_counted_next_time() public {
        Proposal memory proposal = _policy(next("queueBytes", 1 << 27), "late stake");
        uint256 id = _propose(proposal, ownerOf(3));
        vm.warp(block.timestamp + _VOTING_DELAY + 1);
        register(address(0x5005), 301, 302, 900 ether);
        vm.prank(address(0x5005));
        _governor.castVote(id, 1);
        (, uint256 votes,) = _governor.proposalVotes(id);
        assertEq(votes, 0, "bonded after the snapshot");
        registry.slash(twoFirsts(3, 41), keyOf(101).x);
        vm.warp(block.timestamp + 1);
        assertEq(registry.getPastVotes(ownerOf(1), block.timestamp - 1), 0, "jailed");
        assertEq(_governor.quorum(block.timestamp - 1), (80 ether + 900 ether) * 40 / 100, "of what is active");
    }

    function test_a_vote_without_quorum_fails() public {
        Proposal memory proposal = _policy(next("queueBytes", 1 << 27), "few");
        uint256 id = _propose(proposal, ownerOf(2));
        vm.warp(block.timestamp + _VOTING_DELAY + 1);
        vm.prank(ownerOf(2));
        _governor.castVote(id, 1);
        vm.warp(block.timestamp + _VOTING_PERIOD);
        assertEq(uint256(_governor.state(id)), uint256(IGovernor.ProposalState.Defeated), "30 of 100 ether, 40 are needed");
    }

    function test_who_comes_when_all_are_gone_does_not_govern_alone() public {
        for (uint32 i = 0; i < 4; i++) {
            vm.prank(ownerOf(i));
            registry.exit(i);
        }
        register(address(0x5005), 301, 302, 19 ether);
        vm.warp(block.timestamp + 1);
        Proposal memory proposal = _policy(next("queueBytes", 1 << 27), "alone");
        uint256 id = _propose(proposal, address(0x5005));
        vm.warp(block.timestamp + _VOTING_DELAY + 1);
        vm.prank(address(0x5005));
        _governor.castVote(id, 1);
        assertEq(_governor.quorum(block.timestamp - 1), 20 ether, "the floor");
        vm.warp(block.timestamp + _VOTING_PERIOD);
        assertEq(uint256(_governor.state(id)), uint256(IGovernor.ProposalState.Defeated), "all of the stake, and too little");
    }

    function test_stake_stays_until_what_it_voted_for_takes_effect() public {
        bytes memory reason = abi.encodeWithSelector(PolicyGovernor.StakeLeavesEarly.selector, UNBONDING, 14 days + 1);
        vm.expectRevert(reason);
        new PolicyGovernor(registry, timelock, PolicyGovernor.Options(2 days + 1, _VOTING_PERIOD, 1 ether, 40, 20 ether));
        vm.expectRevert(abi.encodeWithSelector(PolicyGovernor.QuorumTooSmall.selector, 9));
        new PolicyGovernor(registry, timelock, PolicyGovernor.Options(_VOTING_DELAY, _VOTING_PERIOD, 1 ether, 9, 20 ether));
        _expectRefusedSetting(abi.encodeCall(PolicyGovernor.setVotingDelay, (2 days + 1)), reason, "delay");
        _expectRefusedSetting(abi.encodeCall(PolicyGovernor.setVotingPeriod, (6 days + 1)), reason, "period");
        bytes memory quorum = abi.encodeWithSelector(PolicyGovernor.QuorumTooSmall.selector, 9);
        _expectRefusedSetting(abi.encodeCall(PolicyGovernor.updateQuorumNumerator, (9)), quorum, "quorum");
        bytes memory caller = abi.encodeWithSelector(IGovernor.GovernorOnlyExecutor.selector, address(this));
        vm.expectRevert(caller);
        _governor.setVotingDelay(1);
        vm.expectRevert(caller);
        _governor.setVotingPeriod(1);
        vm.expectRevert(caller);
        _governor.updateQuorumNumerator(50);
    }

    function test_governance_expels_and_sets_terms_by_vote() public {
        Proposal memory expel = _call(address(registry), abi.encodeCall(OperatorRegistry.expel, (0)), "expel");
        _voted(expel);
        _queue(expel);
        _execute(expel);
        assertTrue(registry.operatorAt(0).removed, "removed without delay");
        OperatorRegistry.Terms memory changed = OperatorRegistry.Terms(2 ether, 5_000, 100);
        Proposal memory terms_ = _call(address(registry), abi.encodeCall(OperatorRegistry.setTerms, (changed)), "terms");
        _voted(terms_);
        _queue(terms_);
        assertTrue(!_tryExecute(terms_), "they wait");
        vm.warp(block.timestamp + GUARANTEE_DELAY);
        _execute(terms_);
        (uint128 minBond,,) = registry.terms();
        assertEq(minBond, 2 ether, "changed");
    }

    function _expectRefusedSetting(bytes memory call, bytes memory reason, string memory text) private {
        Proposal memory proposal = _call(address(_governor), call, text);
        _voted(proposal);
        _queue(proposal);
        vm.warp(block.timestamp + GUARANTEE_DELAY);
        vm.expectRevert(reason);
        _execute(proposal);
    }

    function _policy(bytes memory encoded, string memory text) private view returns (Proposal memory) {
        return _call(address(policies), abi.encodeCall(PolicyRegistry.schedule, (encoded, committee, 500)), text);
    }

    function _call(address target, bytes memory data, string memory text) private pure returns (Proposal memory proposal) {
        proposal.targets = new address[](1);
        proposal.targets[0] = target;
        proposal.values = new uint256[](1);
        proposal.calls = new bytes[](1);
        proposal.calls[0] = data;
        proposal.text = text;
    }

    function _twice(address target) private pure returns (address[] memory both) {
        both = new address[](2);
        both[0] = target;
        both[1] = target;
    }

    /// @dev Proposed by the operator with most stake, voted for by two of four.
    function _voted(Proposal memory proposal) private returns (uint256 id) {
        id = _propose(proposal, ownerOf(3));
        vm.warp(block.timestamp + _VOTING_DELAY + 1);
        _vote(proposal);
        vm.warp(block.timestamp + _VOTING_PERIOD);
    }

    function _propose(Proposal memory proposal, address proposer) private returns (uint256 id) {
        vm.prank(proposer);
        id = _governor.propose(proposal.targets, proposal.values, proposal.calls, proposal.text);
    }

    function _vote(Proposal memory proposal) private {
        uint256 id = _governor.hashProposal(proposal.targets, proposal.values, proposal.calls, keccak256(bytes(proposal.text)));
        vm.prank(ownerOf(3));
        _governor.castVote(id, 1);
        vm.prank(ownerOf(2));
        _governor.castVote(id, 1);
    }

    function _queue(Proposal memory proposal) private {
        _governor.queue(proposal.targets, proposal.values, proposal.calls, keccak256(bytes(proposal.text)));
    }

    function _execute(Proposal memory proposal) private {
        _governor.execute(proposal.targets, proposal.values, proposal.calls, keccak256(bytes(proposal.text)));
    }

    function _tryExecute(Proposal memory proposal) private returns (bool) {
        try _governor.execute(proposal.targets, proposal.values, proposal.calls, keccak256(bytes(proposal.text))) {
            return true;
        } catch {
            return false;
        }
    }
}
