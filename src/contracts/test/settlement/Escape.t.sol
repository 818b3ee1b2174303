// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Merkle} from "../../src/certificates/Merkle.sol";
import {NamespaceBlocks} from "../../src/certificates/NamespaceBlocks.sol";
import {Escape} from "../../src/settlement/Escape.sol";
import {ISettlement} from "../../src/settlement/ISettlement.sol";
import {LightClient} from "../../src/settlement/LightClient.sol";
import {Postings} from "../../src/settlement/Postings.sol";
import {TestNetwork} from "./TestNetwork.sol";

/// @notice Normal -> Grace -> Enforced -> Normal, by anybody, each step on its condition only.
contract EscapeTest is TestNetwork {
    ISettlement.Mode private constant NORMAL = ISettlement.Mode.Normal;
    ISettlement.Mode private constant GRACE = ISettlement.Mode.Grace;
    ISettlement.Mode private constant ENFORCED = ISettlement.Mode.Enforced;

    function setUp() public {
        start(4, 1, 0);
        postBlocks(NS, 1, 0);
    }

    // --- into Grace ---

    function test_Nothing_overdue_enters_nothing() public {
        force(NS, 1);
        later(12 hours);
        vm.expectRevert(abi.encodeWithSelector(Escape.NothingOverdue.selector, NS));
        settlement.enterGrace(NS);
    }

    function test_A_forced_entry_that_waits_too_long_enters_grace() public {
        force(NS, 1);
        later(12 hours + 1);
        vm.expectEmit();
        emit Escape.ModeChanged(NS, GRACE, ISettlement.Cause.Forced);
        settlement.enterGrace(NS);
        assertMode(NS, GRACE);
        // Again changes nothing.
        uint64 since = settlement.health(NS).modeSince;
        later(10);
        settlement.enterGrace(NS);
        assertEq(settlement.health(NS).modeSince, since);
    }

    function test_An_entry_that_was_consumed_does_not_count() public {
        force(NS, 2);
        postBlocks(NS, 1, 2);
        later(13 hours);
        accept(NS);
        vm.expectRevert(abi.encodeWithSelector(Escape.NothingOverdue.selector, NS));
        settlement.enterGrace(NS);
    }

    function test_A_network_without_certificates_enters_grace() public {
        later(24 hours + 1);
        vm.expectEmit();
        emit Escape.ModeChanged(NS, GRACE, ISettlement.Cause.Commit);
        settlement.enterGrace(NS);
    }

    function test_A_certified_block_that_is_not_posted_enters_grace() public {
        (Shown memory shown, bytes memory header) = unposted();
        later(24 hours);
        vm.expectRevert(abi.encodeWithSelector(Escape.NothingOverdue.selector, NS));
        settlement.enterGraceUnposted(NS, shown.result, shown.head, header);
        later(1);
        accept(NS);
        settlement.enterGraceUnposted(NS, shown.result, shown.head, header);
        assertMode(NS, GRACE);
        assertEq(settlement.namespaceOf(NS).registered, 2);
        settlement.enterGraceUnposted(NS, shown.result, shown.head, header);
    }

    function test_A_namespace_without_new_blocks_owes_no_posting() public {
        Shown memory shown = accept(NS);
        bytes memory header = buildHeader(NS, Merkle.EMPTY_ROOT, 0, 0);
        later(25 hours);
        accept(6);
        vm.expectRevert(abi.encodeWithSelector(Escape.NothingOverdue.selector, NS));
        settlement.enterGraceUnposted(NS, shown.result, shown.head, header);
    }

    function test_A_late_certificate_is_no_proof_that_a_posting_is_overdue() public {
        bytes memory header = buildHeader(NS, Merkle.EMPTY_ROOT, 0, 0);
        Shown memory shown = show(NS);
        accept(6);
        settlement.acceptResult(shown.certificate);
        later(25 hours);
        vm.expectRevert(abi.encodeWithSelector(Escape.NothingOverdue.selector, NS));
        settlement.enterGraceUnposted(NS, shown.result, shown.head, header);
    }

    function test_The_system_namespace_has_no_modes() public {
        later(25 hours);
        vm.expectRevert(Escape.SystemNamespace.selector);
        settlement.enterGrace(0);
    }

    function test_One_namespace_does_not_move_another() public {
        force(NS, 1);
        later(12 hours + 1);
        settlement.enterGrace(NS);
        vm.expectRevert(abi.encodeWithSelector(Escape.NothingOverdue.selector, 6));
        settlement.enterGrace(6);
        assertMode(6, NORMAL);
    }

    // --- out of Grace ---

    function test_A_posting_that_consumes_the_entry_ends_grace() public {
        graceByForced();
        postBlocks(NS, 1, 1);
        assertMode(NS, NORMAL);
    }

    function test_A_posting_that_leaves_the_entry_does_not_end_grace() public {
        graceByForced();
        postBlocks(NS, 1, 0);
        assertMode(NS, GRACE);
        vm.expectRevert(abi.encodeWithSelector(Escape.NotMended.selector, NS));
        settlement.endGrace(NS);
    }

    function test_A_certificate_mends_a_network_that_was_silent() public {
        later(24 hours + 1);
        settlement.enterGrace(NS);
        vm.expectRevert(abi.encodeWithSelector(Escape.NotMended.selector, NS));
        settlement.endGrace(NS);
        accept(NS);
        settlement.endGrace(NS);
        assertMode(NS, NORMAL);
    }

    function test_A_block_that_was_overdue_must_be_posted_to_end_grace() public {
        bytes memory first = build(NS, 1, 0);
        bytes memory second = build(NS, 1, 0);
        Shown memory shown = accept(NS);
        later(24 hours + 1);
        accept(NS);
        bytes memory header = cut(second, 173);
        settlement.enterGraceUnposted(NS, shown.result, shown.head, header);
        settlement.post(NS, shown.result, shown.head, first, header);
        assertMode(NS, GRACE);
        settlement.post(NS, shown.result, shown.head, second, "");
        assertMode(NS, NORMAL);
    }

    function test_Grace_is_over_only_after_the_grace_time() public {
        graceByForced();
        later(6 hours - 1);
        vm.expectRevert(abi.encodeWithSelector(Escape.TooEarly.selector, NS, block.timestamp + 1));
        settlement.enterEnforced(NS);
        later(1);
        settlement.enterEnforced(NS);
        assertMode(NS, ENFORCED);
        settlement.enterEnforced(NS);
    }

    function test_What_is_mended_is_not_enforced() public {
        later(24 hours + 1);
        settlement.enterGrace(NS);
        later(6 hours);
        accept(NS);
        vm.expectRevert(abi.encodeWithSelector(Escape.Mended.selector, NS));
        settlement.enterEnforced(NS);
        vm.expectRevert(abi.encodeWithSelector(Postings.WrongMode.selector, 6, NORMAL));
        settlement.enterEnforced(6);
    }

    // --- Enforced ---

    function test_An_outsider_executes_the_queue_with_the_committee_dead() public {
        enforcedByForced(3);
        uint64 number = settlement.health(NS).postedNumber;
        bytes32 parent = settlement.postedHash(NS);
        vm.setBlockhash(999, keccak256("L1"));
        vm.prank(address(0xdead));
        settlement.postForced(NS, 3);

        bytes32[] memory ids = new bytes32[](3);
        for (uint64 i = 0; i < 3; ++i) ids[i] = inbox.entry(NS, i).txId;
        NamespaceBlocks.Header memory header;
        (header.namespace, header.number, header.parentHash) = (NS, number + 1, parent);
        (header.timestamp, header.l1Number, header.l1Hash) = (uint64(block.timestamp) * 1000, 999, keccak256("L1"));
        (header.forcedCount, header.policyVersion, header.txRoot) = (3, 1, Merkle.rootOf(ids));
        (header.count, header.size, header.flags) = (3, 300, NamespaceBlocks.BUILT_ON_L1);
        assertEq(settlement.postedHash(NS), NamespaceBlocks.hash(NamespaceBlocks.encode(header)));
        assertEq(settlement.health(NS).pending, 0);
    }

    function test_The_queue_is_built_in_order_and_in_any_parts() public {
        enforcedByForced(5);
        vm.expectRevert(abi.encodeWithSelector(Escape.WrongEntries.selector, NS, 0, 5));
        settlement.postForced(NS, 0);
        vm.expectRevert(abi.encodeWithSelector(Escape.WrongEntries.selector, NS, 6, 5));
        settlement.postForced(NS, 6);
        settlement.postForced(NS, 2);
        assertEq(settlement.consumed(NS), 2);
        settlement.postForced(NS, 3);
        assertEq(settlement.consumed(NS), 5);
        assertEq(settlement.health(NS).postedNumber, 3);
    }

    function test_A_block_of_the_queue_has_a_most_number_of_entries() public {
        enforcedByForced(300);
        vm.expectRevert(abi.encodeWithSelector(Escape.WrongEntries.selector, NS, 257, 300));
        settlement.postForced(NS, 257);
        settlement.postForced(NS, 256);
        vm.snapshotGasLastCall("Postings", "postForced, 256 entries");
        settlement.postForced(NS, 1);
        vm.snapshotGasLastCall("Postings", "postForced, 1 entry");
    }

    function test_Registered_blocks_come_before_the_queue() public {
        graceByForced();
        bytes memory blocks = bytes.concat(build(NS, 1, 0), build(NS, 2, 0));
        bytes memory last = build(NS, 0, 0);
        Shown memory shown = accept(NS);
        settlement.register(NS, shown.result, shown.head, cut(last, 173));
        later(6 hours);
        settlement.enterEnforced(NS);
        vm.expectRevert(abi.encodeWithSelector(Escape.RegisteredFirst.selector, NS, 1, 4));
        settlement.postForced(NS, 1);
        settlement.post(NS, shown.result, shown.head, bytes.concat(blocks, last), "");
        assertMode(NS, ENFORCED);
        settlement.postForced(NS, 1);
        assertEq(settlement.health(NS).postedNumber, 5);
    }

    function test_The_first_block_of_the_queue_closes_registration() public {
        enforcedByForced(2);
        bytes memory block_ = build(NS, 1, 0);
        Shown memory shown = accept(NS);
        settlement.postForced(NS, 1);
        bytes memory header = cut(block_, 173);
        vm.expectRevert(abi.encodeWithSelector(Postings.WrongMode.selector, NS, ENFORCED));
        settlement.register(NS, shown.result, shown.head, header);
        vm.expectRevert(abi.encodeWithSelector(Postings.WrongMode.selector, NS, ENFORCED));
        settlement.post(NS, shown.result, shown.head, block_, "");
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(Postings.WrongMode.selector, NS, ENFORCED));
        settlement.postBlobs(NS, shown.result, shown.head, header, 1);
    }

    function test_Registration_is_for_certified_blocks_behind_the_posted_ones() public {
        bytes memory block_ = build(NS, 1, 0);
        Shown memory shown = accept(NS);
        bytes memory header = cut(block_, 173);
        vm.expectRevert(abi.encodeWithSelector(Postings.WrongMode.selector, NS, NORMAL));
        settlement.register(NS, shown.result, shown.head, header);
        graceByForced();
        header[172] ^= 0x01;
        vm.expectRevert(abi.encodeWithSelector(Postings.NotTheHead.selector, NS, 2));
        settlement.register(NS, shown.result, shown.head, header);
        settlement.post(NS, shown.result, shown.head, block_, "");
        vm.expectRevert(abi.encodeWithSelector(Postings.AlreadyPosted.selector, NS, 2));
        settlement.register(NS, shown.result, shown.head, header);
    }

    function test_Registered_blocks_that_nobody_has_are_given_up() public {
        graceByForced();
        bytes memory block_ = build(NS, 1, 0);
        Shown memory shown = accept(NS);
        bytes memory header = cut(block_, 173);
        settlement.register(NS, shown.result, shown.head, header);
        later(6 hours);
        settlement.enterEnforced(NS);
        later(7 days - 1);
        vm.expectRevert(abi.encodeWithSelector(Escape.TooEarly.selector, NS, block.timestamp + 1));
        settlement.abandonRegistered(NS);
        later(1);
        settlement.abandonRegistered(NS);
        vm.expectRevert(abi.encodeWithSelector(Postings.WrongMode.selector, NS, ENFORCED));
        settlement.register(NS, shown.result, shown.head, header);
        settlement.postForced(NS, 1);
        assertEq(settlement.consumed(NS), 1);
    }

    function test_Who_alone_has_the_blocks_can_not_keep_the_queue_waiting_by_one_at_a_time() public {
        graceByForced();
        bytes memory first = build(NS, 1, 0);
        bytes memory second = build(NS, 1, 0);
        Shown memory shown = accept(NS);
        bytes memory header = cut(second, 173);
        settlement.register(NS, shown.result, shown.head, header);
        later(6 hours);
        settlement.enterEnforced(NS);
        later(7 days - 1);
        settlement.post(NS, shown.result, shown.head, first, header);
        later(1);
        settlement.abandonRegistered(NS);
        settlement.postForced(NS, 1);
    }

    function test_Blobs_are_for_normal_times() public {
        graceByForced();
        bytes memory header = cut(build(NS, 1, 0), 173);
        Shown memory shown = accept(NS);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(Postings.WrongMode.selector, NS, GRACE));
        settlement.postBlobs(NS, shown.result, shown.head, header, 1);
    }

    // --- out of Enforced ---

    function test_Enforced_ends_when_the_queue_is_empty_and_the_network_lives() public {
        enforcedByForced(2);
        settlement.postForced(NS, 1);
        vm.expectRevert(abi.encodeWithSelector(Escape.TooEarly.selector, NS, block.timestamp + 3 hours));
        settlement.leaveEnforced(NS);
        later(3 hours);
        accept(NS);
        vm.expectRevert(abi.encodeWithSelector(Escape.NotMended.selector, NS));
        settlement.leaveEnforced(NS);
        settlement.postForced(NS, 1);
        settlement.leaveEnforced(NS);
        assertMode(NS, NORMAL);
    }

    function test_A_dead_network_does_not_end_enforced() public {
        enforcedByForced(1);
        settlement.postForced(NS, 1);
        later(3 hours);
        vm.expectRevert(abi.encodeWithSelector(Escape.NotMended.selector, NS));
        settlement.leaveEnforced(NS);
    }

    function test_Registered_blocks_are_posted_before_enforced_ends() public {
        later(24 hours + 1);
        settlement.enterGrace(NS);
        later(6 hours);
        settlement.enterEnforced(NS);
        bytes memory block_ = build(NS, 1, 0);
        Shown memory shown = accept(NS);
        settlement.register(NS, shown.result, shown.head, cut(block_, 173));
        later(3 hours);
        accept(NS);
        vm.expectRevert(abi.encodeWithSelector(Escape.RegisteredFirst.selector, NS, 1, 2));
        settlement.leaveEnforced(NS);
        settlement.post(NS, shown.result, shown.head, block_, "");
        settlement.leaveEnforced(NS);
    }

    function test_After_enforced_the_committee_goes_on_from_L1s_chain() public {
        bytes memory orphan = leftEnforced();
        // What it certified before, on a chain that L1 left, is neither posted nor overdue.
        Shown memory stale = accept(NS);
        vm.expectPartialRevert(Postings.BrokenChain.selector);
        settlement.post(NS, stale.result, stale.head, orphan, "");
        bytes memory header = cut(orphan, 173);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(Postings.Forked.selector, NS));
        settlement.postBlobs(NS, stale.result, stale.head, header, 1);
        vm.expectRevert(abi.encodeWithSelector(Postings.Forked.selector, NS));
        settlement.enterGraceUnposted(NS, stale.result, stale.head, header);

        adopt(NS);
        postBlocks(NS, 2, 1);
        assertFalse(settlement.namespaceOf(NS).isForked);
        // From then on heads of earlier heights are known to be of no use.
        vm.expectPartialRevert(Postings.StaleResult.selector);
        settlement.post(NS, stale.result, stale.head, orphan, "");
    }

    function test_An_orphan_is_not_registered_in_a_later_grace() public {
        bytes memory orphan = leftEnforced();
        Shown memory stale = accept(NS);
        force(NS, 1);
        later(12 hours + 1);
        settlement.enterGrace(NS);
        bytes memory header = cut(orphan, 173);
        vm.expectPartialRevert(Postings.BrokenChain.selector);
        settlement.register(NS, stale.result, stale.head, header);
        // Blocks that go on from L1's chain are, by their headers.
        adopt(NS);
        bytes memory headers = bytes.concat(cut(build(NS, 1, 1), 173), cut(build(NS, 0, 1), 173));
        Shown memory shown = accept(NS);
        settlement.register(NS, shown.result, shown.head, headers);
        assertEq(settlement.namespaceOf(NS).registered, 4);
    }

    // --- governance ---

    function test_Governance_releases_a_namespace() public {
        enforcedByForced(1);
        vm.expectRevert(abi.encodeWithSelector(LightClient.NotGovernance.selector, address(this)));
        settlement.release(NS);
        vm.prank(GOVERNANCE);
        settlement.release(NS);
        assertMode(NS, NORMAL);
        vm.prank(GOVERNANCE);
        vm.expectRevert(abi.encodeWithSelector(Postings.WrongMode.selector, NS, NORMAL));
        settlement.release(NS);
    }

    function test_Delays_are_set_by_governance_within_bounds() public {
        Escape.Delays memory next = delays();
        next.maxForcedDelay = 1 hours;
        vm.expectRevert(abi.encodeWithSelector(LightClient.NotGovernance.selector, address(this)));
        settlement.setDelays(next);
        vm.startPrank(GOVERNANCE);
        settlement.setDelays(next);
        next.maxForcedDelay = 7 days + 1;
        vm.expectRevert(abi.encodeWithSelector(Escape.WrongDelay.selector, 7 days + 1));
        settlement.setDelays(next);
        next.maxForcedDelay = 59;
        vm.expectRevert(abi.encodeWithSelector(Escape.WrongDelay.selector, 59));
        settlement.setDelays(next);
        vm.stopPrank();
        force(NS, 1);
        later(1 hours + 1);
        settlement.enterGrace(NS);
    }

    function test_After_a_restart_namespaces_go_on_from_their_posted_blocks() public {
        enforcedByForced(1);
        settlement.postForced(NS, 1);
        later(24 hours + 1);
        bytes memory plan = planOf(1, 9);
        vm.prank(GOVERNANCE);
        settlement.restart(plan);
        (seed, epoch) = (9, 1);
        later(1);
        adopt(NS);
        bytes memory block_ = build(NS, 1, 1);
        Shown memory shown = accept(NS);
        settlement.leaveEnforced(NS);
        vm.expectPartialRevert(Postings.StaleResult.selector);
        settlement.post(NS, shown.result, shown.head, block_, "");
        shown = accept(NS);
        settlement.post(NS, shown.result, shown.head, block_, "");
        assertEq(settlement.health(NS).postedNumber, 3);
    }

    // --- scenes ---

    function later(uint256 seconds_) private {
        vm.warp(block.timestamp + seconds_);
    }

    function graceByForced() private {
        force(NS, 1);
        later(12 hours + 1);
        settlement.enterGrace(NS);
    }

    function enforcedByForced(uint256 entries) private {
        force(NS, entries);
        later(12 hours + 1);
        settlement.enterGrace(NS);
        later(6 hours);
        settlement.enterEnforced(NS);
    }

    /// @dev Leaves a namespace in Normal again, behind one block of the queue; returns the second of two blocks of the committee that this orphaned.
    function leftEnforced() private returns (bytes memory orphan) {
        enforcedByForced(1);
        build(NS, 1, 1);
        orphan = build(NS, 1, 1);
        settlement.postForced(NS, 1);
        later(3 hours);
        accept(6);
        settlement.leaveEnforced(NS);
    }

    /// @dev A certified block on L1's books that nobody posts.
    function unposted() private returns (Shown memory shown, bytes memory header) {
        header = cut(build(NS, 1, 0), 173);
        shown = accept(NS);
    }

    function cut(bytes memory data, uint256 length) private pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i = 0; i < length; ++i) part[i] = data[i];
    }
}
