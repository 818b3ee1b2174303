// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {PolicyBench} from "./PolicyBench.sol";
import {VectorFile} from "../VectorFile.sol";
import {IGovernedCalls} from "../../src/governance/IGovernedCalls.sol";
import {Change, CommitteeTerms, Field, PolicyRules} from "../../src/governance/PolicyRules.sol";
import {PolicyRegistry} from "../../src/governance/PolicyRegistry.sol";

contract PolicyRegistryTest is PolicyBench {
    address private constant _GUARDIAN = address(0x6a4d);

    function setUp() public {
        deploy();
    }

    function test_the_policy_of_genesis_is_version_one() public view {
        assertEq(policies.latest(), 1, "latest");
        PolicyRegistry.Policy memory policy = policies.policy(1);
        assertEq(policy.encoded, GENESIS_POLICY);
        assertEq(policy.hash, sha256(abi.encodePacked("SharedSeq.policy", GENESIS_POLICY)), "hash");
    }

    function test_only_governance_writes_policies() public {
        bytes memory changed = next("queueBytes", 1 << 27);
        vm.expectRevert(abi.encodeWithSelector(PolicyRegistry.NotGovernance.selector, address(this)));
        policies.schedule(changed, committee, 100);
        vm.prank(address(timelock));
        policies.schedule(changed, committee, 100);
        vm.snapshotGasLastCall("Governance", "schedule a policy");
        assertEq(policies.latest(), 2, "latest");
        assertEq(policies.policy(2).encoded, changed);
        assertEq(policies.policy(2).activationHeight, 100, "activation");
        vm.expectRevert(abi.encodeWithSelector(PolicyRegistry.UnknownVersion.selector, 3));
        policies.policy(3);
        vm.expectRevert(abi.encodeWithSelector(PolicyRegistry.UnknownVersion.selector, 0));
        policies.policy(0);
    }

    function test_every_field_has_its_range() public {
        Field[17] memory all = PolicyRules.fields();
        for (uint256 i = 1; i < all.length; i++) {
            Field memory field = all[i];
            uint64 top = field.width == 4 ? type(uint32).max : type(uint64).max;
            _expectOutOfRange(field, field.most + 1);
            _expectOutOfRange(field, top);
            if (field.least > 0 && !_isFreshness(field.name)) _expectOutOfRange(field, field.least - 1);
            policies.check(next(field.name, field.most), CommitteeTerms(4, 0, 0, 0));
            policies.check(next(field.name, field.least), CommitteeTerms(4, 0, 0, 0));
        }
    }

    function test_no_policy_breaks_an_invariant() public {
        vm.startPrank(address(timelock));
        _expectRefused(next("freshnessMs", 0), committee, abi.encodeWithSelector(PolicyRules.FreshnessOff.selector, 0));
        _expectRefused(next("version", 3), committee, abi.encodeWithSelector(PolicyRules.WrongVersion.selector, 3, 2));
        _expectRefused(GENESIS_POLICY, committee, abi.encodeWithSelector(PolicyRules.WrongVersion.selector, 1, 2));
        bytes memory longer = bytes.concat(next("version", 2), hex"00");
        _expectRefused(longer, committee, abi.encodeWithSelector(PolicyRules.WrongLength.selector, 77, 76));
        bytes memory near = with(next("epochSeconds", 60), "boundaryLead", 1_999);
        _expectRefused(near, committee, abi.encodeWithSelector(PolicyRules.BoundaryTooNear.selector, 1_999, 2_000));
        bytes memory crowded = with(with(next("epochSeconds", 60), "boundaryLead", 2_000), "receiptDeadlineHeights", 1_000_000);
        _expectRefused(crowded, committee, abi.encodeWithSelector(PolicyRules.TooManyLanes.selector, 13 * 502, 512));
        vm.stopPrank();
    }

    function test_thresholds_of_a_committee_are_safe_or_the_default_ones() public {
        bytes memory policy = next("version", 2);
        policies.check(policy, CommitteeTerms(13, 4, 1, 0));
        policies.check(policy, CommitteeTerms(13, 7, 1, 1));
        policies.check(policy, CommitteeTerms(13, 13, 2, 2));
        CommitteeTerms[8] memory bad = [
            CommitteeTerms(13, 3, 1, 0),
            CommitteeTerms(13, 6, 1, 2),
            CommitteeTerms(13, 7, 0, 1),
            CommitteeTerms(13, 0, 1, 0),
            CommitteeTerms(13, 0, 0, 1),
            CommitteeTerms(13, 14, 1, 0),
            CommitteeTerms(13, 4, 21_846, 0),
            CommitteeTerms(13, 4, 1, 32_768)
        ];
        for (uint256 i = 0; i < bad.length; i++) {
            vm.expectRevert(abi.encodeWithSelector(PolicyRules.QuorumNotSafe.selector, bad[i].n, bad[i].f, bad[i].p));
            policies.check(policy, bad[i]);
        }
        vm.expectRevert(abi.encodeWithSelector(PolicyRules.CommitteeSizeOutOfRange.selector, 3));
        policies.check(policy, CommitteeTerms(3, 0, 0, 0));
        vm.expectRevert(abi.encodeWithSelector(PolicyRules.CommitteeSizeOutOfRange.selector, 129));
        policies.check(policy, CommitteeTerms(129, 0, 0, 0));
    }

    function test_which_direction_raises_guarantees_is_as_the_table_says() public view {
        Field[17] memory all = PolicyRules.fields();
        for (uint256 i = 1; i < all.length; i++) {
            uint64 value = PolicyRules.read(GENESIS_POLICY)[i];
            bool isUpOnly = value == all[i].least;
            bool isDownOnly = value == all[i].most;
            if (!isDownOnly) {
                assertEq(_raises(next(all[i].name, value + 1), committee, 0), all[i].change == Change.MoreRaises, all[i].name);
            }
            if (!isUpOnly) {
                assertEq(_raises(next(all[i].name, value - 1), committee, 0), all[i].change == Change.LessRaises, all[i].name);
            }
        }
        assertTrue(_raises(next("version", 2), committee, 0), "nothing changes");
        bytes memory mixed = with(next("queueBytes", 1 << 27), "receiptDeadlineHeights", 3_001);
        assertTrue(!_raises(mixed, committee, 0), "one step up does not pay for one down");
        assertTrue(_raises(next("version", 2), CommitteeTerms(14, 0, 0, 0), 0), "more seats");
        assertTrue(!_raises(next("version", 2), CommitteeTerms(12, 0, 0, 0), 0), "fewer seats");
        assertTrue(!_raises(next("version", 2), CommitteeTerms(13, 7, 1, 1), 0), "other thresholds");
    }

    function test_what_follows_a_version_that_is_not_in_force_yet_does_not_overtake_it() public {
        // A long queue was agreed on for some far day; a step up from a weak base must not take its place today.
        bytes memory weak = next("queueBytes", 1 << 20);
        vm.prank(address(timelock));
        policies.schedule(weak, committee, 1_000_000);
        bytes memory step = with(with(weak, "version", 3), "queueBytes", 1 << 21);
        assertTrue(!_raises(step, committee, 999_999), "before its base");
        assertTrue(_raises(step, committee, 1_000_000), "with its base");
    }

    function test_calls_that_need_no_delay_are_these() public view {
        bytes4 yes = IGovernedCalls.needsNoDelay.selector;
        bytes memory up = abi.encodeCall(PolicyRegistry.schedule, (next("queueBytes", 1 << 27), committee, 0));
        bytes memory down = abi.encodeCall(PolicyRegistry.schedule, (next("queueBytes", 1 << 20), committee, 0));
        assertTrue(policies.needsNoDelay(up) == yes, "raises");
        assertTrue(policies.needsNoDelay(down) == 0, "lowers");
        assertTrue(policies.needsNoDelay(abi.encodeCall(PolicyRegistry.pause, (1, 1, 1))) == yes, "pause");
        assertTrue(policies.needsNoDelay(abi.encodeCall(PolicyRegistry.unpause, ())) == yes, "unpause");
        assertTrue(policies.needsNoDelay(abi.encodeCall(PolicyRegistry.nameGuardian, (address(1)))) == 0, "guardian");
        assertTrue(policies.needsNoDelay("") == 0, "nothing");
        assertTrue(registry.needsNoDelay(abi.encodeWithSignature("expel(uint32)", 1)) == yes, "expel");
        assertTrue(registry.needsNoDelay(abi.encodeWithSignature("setTerms((uint128,uint16,uint16))", 1, 1, 1)) == 0, "terms");
        assertTrue(registry.needsNoDelay("") == 0, "nothing");
    }

    function test_a_pause_is_bounded_and_ends_by_itself() public {
        uint48 now_ = uint48(block.timestamp);
        vm.startPrank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(PolicyRegistry.PauseOutOfRange.selector, 3 days + 1, 3 days));
        policies.pause(1, 3 days + 1, now_);
        vm.expectRevert(abi.encodeWithSelector(PolicyRegistry.PauseOutOfRange.selector, 0, 3 days));
        policies.pause(1, 0, now_);
        vm.expectRevert(abi.encodeWithSelector(PolicyRegistry.UnknownScopes.selector, 8));
        policies.pause(8, 1 days, now_);
        vm.expectRevert(abi.encodeWithSelector(PolicyRegistry.UnknownScopes.selector, 0));
        policies.pause(0, 1 days, now_);
        vm.expectRevert(abi.encodeWithSelector(PolicyRegistry.PauseExpired.selector, now_ - 1));
        policies.pause(1, 1 days, now_ - 1);
        policies.pause(5, 3 days, now_);
        vm.stopPrank();
        assertTrue(policies.isPaused(1) && policies.isPaused(4) && !policies.isPaused(2), "scopes");
        vm.warp(now_ + 3 days - 1);
        assertTrue(policies.isPaused(1), "until the end");
        vm.warp(now_ + 3 days);
        assertTrue(!policies.isPaused(1), "ended");
    }

    function test_a_guardian_pauses_once_and_is_named_anew_by_vote_only() public {
        uint48 now_ = uint48(block.timestamp);
        vm.prank(_GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(PolicyRegistry.NotGuardian.selector, _GUARDIAN));
        policies.pause(1, 1 days, now_);
        vm.prank(address(0));
        vm.expectRevert(abi.encodeWithSelector(PolicyRegistry.NotGuardian.selector, address(0)));
        policies.pause(1, 1 days, now_);
        vm.prank(address(timelock));
        policies.nameGuardian(_GUARDIAN);
        vm.startPrank(_GUARDIAN);
        policies.pause(1, 1 days, now_);
        vm.expectRevert(abi.encodeWithSelector(PolicyRegistry.NotGuardian.selector, _GUARDIAN));
        policies.pause(1, 1 days, now_);
        vm.expectRevert(abi.encodeWithSelector(PolicyRegistry.NotGovernance.selector, _GUARDIAN));
        policies.nameGuardian(_GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(PolicyRegistry.NotGovernance.selector, _GUARDIAN));
        policies.unpause();
        vm.stopPrank();
        vm.prank(address(timelock));
        policies.unpause();
        assertTrue(!policies.isPaused(1), "ended early");
    }

    function testFuzz_bytes_that_are_taken_are_in_range_field_by_field(bytes32 a, bytes32 b, uint96 c) public view {
        // Half of the bytes from genesis, so that some are taken.
        bytes memory noise = abi.encodePacked(a, b, c);
        bytes memory policy = next("version", 2);
        for (uint256 i = 4; i < policy.length; i++) {
            if (uint8(noise[i - 4]) & 3 == 3) policy[i] = noise[i];
        }
        bool isTaken = true;
        try policies.check(policy, CommitteeTerms(4, 0, 0, 0)) {} catch {
            isTaken = false;
        }
        uint64[17] memory values = PolicyRules.read(policy);
        Field[17] memory all = PolicyRules.fields();
        bool isInRange = true;
        for (uint256 i = 1; i < all.length; i++) isInRange = isInRange && values[i] >= all[i].least && values[i] <= all[i].most;
        if (values[15] != 0) {
            isInRange = isInRange && values[16] >= 2 * values[9];
            isInRange = isInRange && (values[16] == 0 || 4 * (2 + values[1] / values[16]) <= 512);
        }
        assertEq(isTaken, isInRange, "taken exactly if in range");
    }

    function _expectOutOfRange(Field memory field, uint64 value) private {
        vm.expectRevert(
            abi.encodeWithSelector(PolicyRules.FieldOutOfRange.selector, field.name, value, field.least, field.most)
        );
        policies.check(next(field.name, value), committee);
    }

    function _expectRefused(bytes memory policy, CommitteeTerms memory terms_, bytes memory reason) private {
        vm.expectRevert(reason);
        policies.schedule(policy, terms_, 0);
    }

    function _raises(bytes memory policy, CommitteeTerms memory terms_, uint64 height) private view returns (bool) {
        return policies.raises(policy, terms_, height);
    }

    function _isFreshness(string memory name) private pure returns (bool) {
        return keccak256(bytes(name)) == keccak256("freshnessMs");
    }
}

/// @notice Policies as C# encodes, hashes and judges them.
contract PolicyVectorTest is VectorFile {
    function setUp() public {
        readVectors("l1-policies");
    }

    function test_both_implementations_judge_policies_alike() public {
        uint256 taken = 0;
        uint256 refused = 0;
        PolicyRegistry registry = new PolicyRegistry(address(this), 1 days, vector("default"), CommitteeTerms(4, 0, 0, 0));
        assertEq(registry.policy(1).hash, vectorWord("default, hash"), "hash");
        for (uint256 i = 0; i < names.length; i++) {
            string memory kind = vm.split(names[i], ",")[0];
            bytes memory policy = vector(names[i]);
            if (keccak256(bytes(kind)) == keccak256("usable")) {
                // The vectors are of version 1, which is the one that C# has.
                new PolicyRegistry(address(this), 1 days, policy, CommitteeTerms(4, 0, 0, 0));
                taken++;
            } else if (keccak256(bytes(kind)) == keccak256("refused")) {
                bool isTaken = true;
                try new PolicyRegistry(address(this), 1 days, policy, CommitteeTerms(4, 0, 0, 0)) {} catch {
                    isTaken = false;
                }
                assertTrue(!isTaken, names[i]);
                refused++;
            }
        }
        assertEq(taken, 34);
        assertEq(refused, 34);
    }
}
