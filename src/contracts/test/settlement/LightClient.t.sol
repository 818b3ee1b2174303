// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Committees} from "../../src/certificates/Committees.sol";
import {ResultCertificates} from "../../src/certificates/ResultCertificates.sol";
import {Escape} from "../../src/settlement/Escape.sol";
import {LightClient} from "../../src/settlement/LightClient.sol";
import {TestNetwork} from "./TestNetwork.sol";

/// @notice Results, hand-overs and the restart.
contract LightClientTest is TestNetwork {
    function setUp() public {
        start(4, 1, 0);
    }

    function test_A_certified_result_is_known_by_its_hash_from_then_on() public {
        Shown memory shown = show(NS);
        bytes32 hash = settlement.acceptResult(shown.certificate);
        assertEq(hash, sha256(bytes.concat("SharedSeq.result", shown.result)));
        assertEq(settlement.resultAt(1), hash);
        assertEq(settlement.certifiedHeight(), 1);
        assertEq(settlement.resultAt(2), bytes32(0));
    }

    function test_The_same_certificate_again_changes_nothing() public {
        Shown memory shown = accept(NS);
        vm.warp(block.timestamp + 100);
        settlement.acceptResult(shown.certificate);
        assertEq(settlement.certifiedAt(), block.timestamp - 100);
    }

    function test_A_late_certificate_is_known_but_no_sign_of_life() public {
        Shown memory early = show(NS);
        accept(NS);
        vm.warp(block.timestamp + 100);
        settlement.acceptResult(early.certificate);
        assertEq(settlement.certifiedHeight(), 2);
        assertEq(settlement.certifiedAt(), block.timestamp - 100);
        assertTrue(settlement.resultAt(1) != 0);
    }

    function test_Two_certified_results_of_one_height_conflict() public {
        Shown memory shown = accept(NS);
        --height;
        build(NS, 1, 0);
        Shown memory other = show(NS);
        bytes32 known = sha256(bytes.concat("SharedSeq.result", shown.result));
        bytes32 given = sha256(bytes.concat("SharedSeq.result", other.result));
        vm.expectRevert(abi.encodeWithSelector(LightClient.ConflictingResults.selector, 1, known, given));
        settlement.acceptResult(other.certificate);
    }

    function test_A_hand_over_installs_the_next_committee_and_retires_the_one_before() public {
        accept(NS);
        bytes memory data = handOver(2);
        settlement.handOver(data);
        assertEq(settlement.epoch(), 1);
        assertEq(settlement.epochFrom(), 2);
        assertEq(settlement.committeeHash(), sha256(bytes.concat("SharedSeq.committee", planOf(1, 2))));
        accept(NS);

        (seed, epoch) = (1, 0);
        Shown memory old = show(NS);
        vm.expectRevert(abi.encodeWithSelector(ResultCertificates.WrongEpoch.selector, 1, 0));
        settlement.acceptResult(old.certificate);
    }

    function test_Keys_of_the_committee_before_sign_nothing_in_the_next_epoch() public {
        settlement.handOver(handOver(2));
        seed = 1;
        Shown memory forged = show(NS);
        vm.expectRevert(abi.encodeWithSelector(ResultCertificates.BadSignature.selector, 0));
        settlement.acceptResult(forged.certificate);
    }

    function test_A_hand_over_is_taken_once_and_not_replayed_later() public {
        bytes memory first = handOver(2);
        settlement.handOver(first);
        vm.expectRevert(abi.encodeWithSelector(ResultCertificates.WrongEpoch.selector, 1, 0));
        settlement.handOver(first);
        // The same keys may serve again; the old hand-over still leads nowhere.
        settlement.handOver(handOver(1));
        vm.expectRevert(abi.encodeWithSelector(ResultCertificates.WrongEpoch.selector, 2, 0));
        settlement.handOver(first);
    }

    function test_A_boundary_that_was_accepted_before_still_hands_over() public {
        bytes memory data = handOver(2);
        bytes memory certificate = _cut(data, 16 + 128 * 4);
        settlement.acceptResult(certificate);
        settlement.handOver(data);
        assertEq(settlement.epoch(), 1);
    }

    function test_Another_committee_than_the_certified_one_is_refused() public {
        bytes memory data = handOver(2);
        data[100] ^= 0x01;
        vm.expectPartialRevert(LightClient.OtherCommittee.selector);
        settlement.handOver(data);
    }

    function test_A_result_that_names_no_committee_hands_over_to_nobody() public {
        bytes memory data = bytes.concat(planOf(1, 2), show(NS).certificate);
        vm.expectPartialRevert(LightClient.OtherCommittee.selector);
        settlement.handOver(data);
    }

    function test_A_plan_of_another_epoch_is_refused() public {
        bytes memory data = bytes.concat(planOf(2, 2), show(NS).certificate);
        vm.expectRevert(abi.encodeWithSelector(LightClient.WrongPlanEpoch.selector, 1, 2));
        settlement.handOver(data);
    }

    function test_A_committee_that_stays_is_not_stored_again() public {
        address before = settlement.committee().keys;
        settlement.handOver(handOver(1));
        assertEq(settlement.committee().keys, before);
        settlement.handOver(handOver(2));
        assertTrue(settlement.committee().keys != before);
        accept(NS);
    }

    function test_Heights_of_an_ended_epoch_are_refused() public {
        height = 9;
        settlement.handOver(handOver(2));
        height = 4;
        Shown memory early = show(NS);
        vm.expectRevert(abi.encodeWithSelector(LightClient.HeightOfEarlierEpoch.selector, 5, 10));
        settlement.acceptResult(early.certificate);
    }

    function test_An_empty_seat_signs_nothing() public {
        // The hand-over's plan with the keys of seat 0 zero.
        ++height;
        bytes memory plan = planOf(1, 1);
        for (uint256 i = 16; i < 144; ++i) plan[i] = 0;
        bytes memory certificate = certify(resultWith(0, sha256(bytes.concat("SharedSeq.committee", plan))));
        settlement.handOver(bytes.concat(plan, certificate));
        epoch = 1;
        Shown memory shown = show(NS);
        vm.expectRevert(abi.encodeWithSelector(ResultCertificates.UnknownMember.selector, 0));
        settlement.acceptResult(shown.certificate);
    }

    function test_Impossible_committees_are_refused() public {
        bytes[6] memory plans = [
            abi.encodePacked(uint16(2), uint64(1), uint16(4), uint16(1), uint16(0), new bytes(512)),
            abi.encodePacked(VERSION, uint64(1), uint16(4), uint16(1), uint16(0), new bytes(512)),
            abi.encodePacked(VERSION, uint64(1), uint16(3), uint16(1), uint16(0), new bytes(384)),
            abi.encodePacked(VERSION, uint64(1), uint16(0), uint16(0), uint16(0)),
            abi.encodePacked(VERSION, uint64(1), uint16(129), uint16(1), uint16(0), new bytes(128 * 129)),
            abi.encodePacked(VERSION, uint64(1), uint16(1), uint16(0), uint16(0), uint256(1), new bytes(96))
        ];
        for (uint256 i = 0; i < plans.length; ++i) {
            ++height;
            bytes memory certificate = certify(resultWith(0, sha256(bytes.concat("SharedSeq.committee", plans[i]))));
            if (i == 0) vm.expectRevert(abi.encodeWithSelector(Committees.WrongPlanVersion.selector, 2));
            else vm.expectRevert(Committees.MalformedPlan.selector);
            settlement.handOver(bytes.concat(plans[i], certificate));
        }
    }

    function test_Governance_restarts_only_a_network_that_has_halted() public {
        accept(NS);
        bytes memory plan = planOf(5, 9);
        vm.expectRevert(abi.encodeWithSelector(LightClient.NotGovernance.selector, address(this)));
        settlement.restart(plan);
        vm.prank(GOVERNANCE);
        vm.expectRevert(abi.encodeWithSelector(Escape.NotHalted.selector, block.timestamp));
        settlement.restart(plan);

        vm.warp(block.timestamp + 24 hours + 1);
        vm.prank(GOVERNANCE);
        settlement.restart(plan);
        assertEq(settlement.epoch(), 5);
        // The old committee is out, whatever it still signs.
        Shown memory old = show(NS);
        vm.expectRevert(abi.encodeWithSelector(ResultCertificates.WrongEpoch.selector, 5, 0));
        settlement.acceptResult(old.certificate);
        // The new one goes on above the last certified height.
        (seed, epoch, height) = (9, 5, 0);
        Shown memory low = show(NS);
        vm.expectRevert(abi.encodeWithSelector(LightClient.HeightOfEarlierEpoch.selector, 1, 1));
        settlement.acceptResult(low.certificate);
        accept(NS);
        assertEq(settlement.certifiedHeight(), 2);
    }

    function test_A_restart_needs_a_later_epoch() public {
        settlement.handOver(handOver(2));
        vm.warp(block.timestamp + 24 hours + 1);
        bytes memory plan = planOf(1, 9);
        vm.prank(GOVERNANCE);
        vm.expectRevert(abi.encodeWithSelector(LightClient.WrongPlanEpoch.selector, 2, 1));
        settlement.restart(plan);
    }

    function _cut(bytes memory data, uint256 from) private pure returns (bytes memory rest) {
        rest = new bytes(data.length - from);
        for (uint256 i = 0; i < rest.length; ++i) rest[i] = data[from + i];
    }
}
