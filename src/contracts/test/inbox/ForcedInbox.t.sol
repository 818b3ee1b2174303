// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {TenantRegistry} from "../../src/tenants/TenantRegistry.sol";
import {AddressAlias} from "../../src/inbox/AddressAlias.sol";
import {ForcedInbox} from "../../src/inbox/ForcedInbox.sol";
import {IForcedInbox} from "../../src/inbox/IForcedInbox.sol";
import {TransactionGas} from "../../src/inbox/TransactionGas.sol";
import {Refusing} from "../tenants/Tenants.sol";
import {Inboxes} from "./Inboxes.sol";

contract ForcedInboxTest is Inboxes {
    address private immutable USER = account("user");

    function setUp() public {
        deployInbox();
        vm.deal(USER, 1_000_000 ether);
        vm.deal(address(this), 1_000_000 ether);
    }

    // --- entries ---

    function test_A_signed_transaction_enters_as_it_is() public {
        bytes memory raw = transfer(50_000);
        uint256 fee = inbox.feeOfSigned(ROLLUP, raw);
        assertEq(fee, 50_000 * uint256(MIN_GAS_PRICE));
        bytes32 txId = txIdOf(ROLLUP, raw);
        bytes32 rolling = rollingHash(bytes32(0), 0, 1, USER, 50_000, txId);
        vm.expectEmit();
        emit ForcedInbox.Enqueued(
            ROLLUP, 0, USER, ForcedInbox.Kind.Signed, 50_000, uint64(block.timestamp), rolling, raw
        );
        actAs(USER);
        inbox.enqueueSigned{value: fee}(ROLLUP, raw);
        vm.snapshotGasLastCall("ForcedInbox", "enqueueSigned, the first of a queue");

        (uint64 count, bytes32 hash) = inbox.head(ROLLUP);
        assertEq(count, 1);
        assertEq(hash, rolling);
        IForcedInbox.Entry memory entry = inbox.entry(ROLLUP, 0);
        assertEq(entry.txId, txId);
        assertEq(entry.enqueuedAt, block.timestamp);
        assertEq(entry.recordBytes, raw.length + 21);

        actAs(USER);
        inbox.enqueueSigned{value: 1 ether}(ROLLUP, raw);
        vm.snapshotGasLastCall("ForcedInbox", "enqueueSigned");
    }

    function test_A_call_enters_with_index_sender_recipient_value_and_gas() public {
        enqueueTransfer(ROLLUP, 1);
        bytes memory data = hex"a9059cbb00ff";
        bytes memory payload = abi.encodePacked(
            bytes1(0x80), uint64(1), USER, address(0xdead), uint256(7), uint64(100_000), data
        );
        assertEq(payload.length, inbox.CALL_HEADER() + data.length);
        (, bytes32 before) = inbox.head(ROLLUP);
        bytes32 txId = txIdOf(ROLLUP, payload);
        vm.expectEmit();
        emit ForcedInbox.Enqueued(
            ROLLUP,
            1,
            USER,
            ForcedInbox.Kind.Call,
            100_000,
            uint64(block.timestamp),
            rollingHash(before, 1, 2, USER, 100_000, txId),
            payload
        );
        actAs(USER);
        inbox.enqueueCall{value: 1 ether}(ROLLUP, address(0xdead), 7, 100_000, data);
        vm.snapshotGasLastCall("ForcedInbox", "enqueueCall");
        assertEq(inbox.entry(ROLLUP, 1).txId, txId);
        assertEq(inbox.entry(ROLLUP, 1).recordBytes, 21 + 89 + 6);
    }

    function test_Equal_calls_are_different_transactions() public {
        actAs(USER);
        inbox.enqueueCall{value: 1 ether}(ROLLUP, address(1), 0, 100_000, "");
        actAs(USER);
        inbox.enqueueCall{value: 1 ether}(ROLLUP, address(1), 0, 100_000, "");
        assertTrue(inbox.entry(ROLLUP, 0).txId != inbox.entry(ROLLUP, 1).txId);
    }

    function test_No_entry_beyond_the_head() public {
        enqueueTransfer(ROLLUP, 1);
        vm.expectRevert(abi.encodeWithSelector(ForcedInbox.UnknownEntry.selector, ROLLUP, uint64(1)));
        inbox.entry(ROLLUP, 1);
    }

    function testFuzz_The_head_commits_to_the_whole_queue(uint256 seed, uint8 entries) public {
        bytes32 expected;
        entries = uint8(bound(entries, 1, 12));
        for (uint64 i = 0; i < entries; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            vm.warp(block.timestamp + seed % 100);
            vm.roll(block.number + 1);
            uint64 gas = uint64(50_000 + seed % 100_000);
            if (seed & (1 << 128) == 0) {
                bytes memory raw = transfer(gas);
                actAs(USER);
                inbox.enqueueSigned{value: 1 ether}(ROLLUP, raw);
                expected = rollingHash(expected, i, 1, USER, gas, txIdOf(ROLLUP, raw));
            } else {
                actAs(USER);
                inbox.enqueueCall{value: 1 ether}(ROLLUP, address(9), seed, gas, "");
                bytes memory payload = abi.encodePacked(bytes1(0x80), i, USER, address(9), seed, gas);
                expected = rollingHash(expected, i, 2, USER, gas, txIdOf(ROLLUP, payload));
            }
        }
        (uint64 count, bytes32 hash) = inbox.head(ROLLUP);
        assertEq(count, entries);
        assertEq(hash, expected);
    }

    function test_The_head_lies_where_a_storage_proof_looks_for_it() public {
        enqueueTransfer(ROLLUP, 1);
        (uint64 count, bytes32 hash) = inbox.head(ROLLUP);
        bytes32 slot = keccak256(abi.encode(ROLLUP, uint256(0)));
        assertEq(vm.load(address(inbox), slot), hash);
        assertEq(uint64(uint256(vm.load(address(inbox), bytes32(uint256(slot) + 1)))), count);
        bytes32 entrySlot = keccak256(abi.encode(uint256(0), keccak256(abi.encode(ROLLUP, uint256(1)))));
        assertEq(vm.load(address(inbox), entrySlot), inbox.entry(ROLLUP, 0).txId);
        assertEq(
            uint256(vm.load(address(inbox), bytes32(uint256(entrySlot) + 1))),
            (uint256(inbox.entry(ROLLUP, 0).recordBytes) << 64) | block.timestamp
        );
    }

    // --- senders ---

    function test_A_contract_speaks_from_its_alias_and_a_key_from_its_own_account() public {
        assertEq(AddressAlias.applied(address(0)), 0x1111000000000000000000000000000000001111);
        // The sum wraps at 160 bits.
        assertEq(
            AddressAlias.applied(0xEeeeffFfFffFFFfFFFFFFFffffffFffFFfFfEEeF), address(0)
        );
        actAs(USER);
        inbox.enqueueCall{value: 1 ether}(ROLLUP, address(1), 0, 100_000, "");
        assertEq(inbox.entry(ROLLUP, 0).txId, txIdOf(ROLLUP, callBy(USER, 0)));

        Refusing caller = new Refusing();
        uint256 fee = inbox.feeOfCall(ROLLUP, 100_000);
        caller.pass{value: fee}(
            address(inbox), abi.encodeCall(inbox.enqueueCall, (ROLLUP, address(1), 0, 100_000, ""))
        );
        assertEq(inbox.entry(ROLLUP, 1).txId, txIdOf(ROLLUP, callBy(AddressAlias.applied(address(caller)), 1)));
    }

    function test_An_account_with_a_delegation_is_a_key_and_one_with_such_code_of_another_length_is_not() public {
        // Somebody else signed the transaction; the account's delegation makes the call.
        vm.etch(USER, abi.encodePacked(hex"ef0100", address(0xc0de)));
        uint256 fee = inbox.feeOfCall(ROLLUP, 100_000);
        vm.prank(USER, address(0xf00d));
        inbox.enqueueCall{value: fee}(ROLLUP, address(1), 0, 100_000, "");
        assertEq(inbox.entry(ROLLUP, 0).txId, txIdOf(ROLLUP, callBy(USER, 0)));
        vm.etch(USER, abi.encodePacked(hex"ef0200", address(0xc0de)));
        fee = inbox.feeOfCall(ROLLUP, 100_000);
        vm.prank(USER, address(0xf00d));
        inbox.enqueueCall{value: fee}(ROLLUP, address(1), 0, 100_000, "");
        assertEq(inbox.entry(ROLLUP, 1).txId, txIdOf(ROLLUP, callBy(AddressAlias.applied(USER), 1)));
    }

    function test_A_contract_under_construction_has_no_code_and_is_aliased_all_the_same() public {
        CallsWhileConstructed caller = new CallsWhileConstructed{value: 1 ether}(inbox, ROLLUP);
        assertEq(inbox.entry(ROLLUP, 0).txId, txIdOf(ROLLUP, callBy(AddressAlias.applied(address(caller)), 0)));
    }

    // --- what is refused ---

    function test_Nothing_enters_a_namespace_that_is_not_registered_or_left() public {
        bytes memory raw = transfer(50_000);
        vm.expectRevert(abi.encodeWithSelector(ForcedInbox.NamespaceClosed.selector, uint64(7)));
        inbox.enqueueSigned{value: 1 ether}(7, raw);
        vm.prank(OWNER);
        uint64 exitAt = registry.requestExit(ROLLUP);
        vm.warp(exitAt - 1);
        enqueueTransfer(ROLLUP, 1);
        vm.warp(exitAt);
        vm.expectRevert(abi.encodeWithSelector(ForcedInbox.NamespaceClosed.selector, ROLLUP));
        inbox.enqueueSigned{value: 1 ether}(ROLLUP, raw);
        // What entered stays, and the queue goes on from there.
        vm.prank(OWNER);
        registry.rejoin(ROLLUP);
        enqueueTransfer(ROLLUP, 1);
        (uint64 count,) = inbox.head(ROLLUP);
        assertEq(count, 2);
    }

    function test_An_opaque_namespace_takes_any_bytes_and_no_calls() public {
        vm.expectRevert(abi.encodeWithSelector(ForcedInbox.CallsNotSupported.selector, OPAQUE_ROLLUP));
        inbox.enqueueCall{value: 1 ether}(OPAQUE_ROLLUP, address(1), 0, 100_000, "");
        bytes memory anything = hex"03ff00";
        inbox.enqueueSigned{value: 1 ether}(OPAQUE_ROLLUP, anything);
        assertEq(inbox.entry(OPAQUE_ROLLUP, 0).txId, txIdOf(OPAQUE_ROLLUP, anything));
        vm.expectRevert(ForcedInbox.EmptyTransaction.selector);
        inbox.enqueueSigned{value: 1 ether}(OPAQUE_ROLLUP, "");
    }

    function test_What_can_never_be_executed_is_refused() public {
        vm.expectRevert(ForcedInbox.EmptyTransaction.selector);
        inbox.enqueueSigned{value: 1 ether}(ROLLUP, "");
        vm.expectRevert(TransactionGas.MalformedTransaction.selector);
        inbox.enqueueSigned{value: 1 ether}(ROLLUP, hex"03c0");
        vm.expectRevert(ForcedInbox.ZeroRecipient.selector);
        inbox.enqueueCall{value: 1 ether}(ROLLUP, address(0), 0, 100_000, "");
        vm.expectRevert(abi.encodeWithSelector(ForcedInbox.TooLittleGas.selector, uint256(24_599), uint256(24_600)));
        inbox.enqueueCall{value: 1 ether}(ROLLUP, address(1), 0, 24_599, hex"00");
        inbox.enqueueCall{value: 1 ether}(ROLLUP, address(1), 0, 24_600, hex"00");
    }

    function test_An_entry_is_never_larger_than_what_one_block_of_the_rollup_takes() public {
        ForcedInbox.Limits memory limits = inbox.limitsOf(ROLLUP);
        // 30 M gas and 256 KiB a block, six blocks a block of L1, two thirds of it.
        assertEq(limits.entryGas, 15_000_000);
        assertEq(limits.blockGas, 60_000_000);
        assertEq(limits.blockBytes, (uint256(262_144) * 6 * 2) / 3);
        assertEq(limits.entryBytes, 131_072 + 21);
        vm.expectRevert(
            abi.encodeWithSelector(ForcedInbox.TooMuchGas.selector, uint256(15_000_001), uint256(15_000_000))
        );
        inbox.enqueueCall{value: 1 ether}(ROLLUP, address(1), 0, 15_000_001, "");
        inbox.enqueueCall{value: 1 ether}(ROLLUP, address(1), 0, 15_000_000, "");
        vm.expectRevert(
            abi.encodeWithSelector(ForcedInbox.TooMuchGas.selector, type(uint64).max, uint256(15_000_000))
        );
        inbox.enqueueSigned{value: 1 ether}(ROLLUP, transfer(type(uint64).max));
        bytes memory large = new bytes(131_073);
        vm.expectRevert(
            abi.encodeWithSelector(ForcedInbox.TooManyBytes.selector, uint256(131_094), uint256(131_093))
        );
        inbox.enqueueSigned{value: 1 ether}(OPAQUE_ROLLUP, large);
        inbox.enqueueSigned{value: 1 ether}(OPAQUE_ROLLUP, new bytes(131_072));
        vm.snapshotGasLastCall("ForcedInbox", "enqueueSigned, 128 KiB");
    }

    // --- fees ---

    function test_What_is_paid_too_much_comes_back_and_too_little_is_refused() public {
        uint256 fee = inbox.feeOfCall(ROLLUP, 100_000);
        uint256 balance = USER.balance;
        actAs(USER);
        inbox.enqueueCall{value: fee + 3 ether}(ROLLUP, address(1), 0, 100_000, "");
        assertEq(USER.balance, balance - fee);
        assertEq(address(inbox).balance, fee);
        assertEq(inbox.fees(), fee);
        fee = inbox.feeOfCall(ROLLUP, 100_000);
        vm.expectRevert(abi.encodeWithSelector(ForcedInbox.FeeTooLow.selector, fee - 1, fee));
        actAs(USER);
        inbox.enqueueCall{value: fee - 1}(ROLLUP, address(1), 0, 100_000, "");
    }

    function test_A_caller_that_takes_no_money_pays_exactly_or_nothing_happens() public {
        Refusing caller = new Refusing();
        bytes memory call = abi.encodeCall(inbox.enqueueCall, (ROLLUP, address(1), 0, 100_000, ""));
        uint256 fee = inbox.feeOfCall(ROLLUP, 100_000);
        vm.expectRevert(ForcedInbox.RefundRefused.selector);
        caller.pass{value: fee + 1}(address(inbox), call);
        (uint64 count,) = inbox.head(ROLLUP);
        assertEq(count, 0);
        caller.pass{value: fee}(address(inbox), call);
    }

    function test_A_caller_that_enqueues_while_it_is_paid_back_makes_a_second_entry_and_pays_for_it() public {
        EnqueuesAgain caller = new EnqueuesAgain(inbox, ROLLUP);
        caller.start{value: 2 ether}();
        (uint64 count, bytes32 hash) = inbox.head(ROLLUP);
        assertEq(count, 2);
        address sender = AddressAlias.applied(address(caller));
        bytes32 first = rollingHash(bytes32(0), 0, 2, sender, 100_000, inbox.entry(ROLLUP, 0).txId);
        assertEq(hash, rollingHash(first, 1, 2, sender, 100_000, inbox.entry(ROLLUP, 1).txId));
        // In between it had the fee of the first paid on.
        assertEq(FEE_RECIPIENT.balance, 100_000 * uint256(MIN_GAS_PRICE));
        assertGe(inbox.fees(), 100_000 * uint256(MIN_GAS_PRICE));
        assertEq(inbox.fees(), address(inbox).balance);
        assertEq(address(caller).balance + FEE_RECIPIENT.balance + inbox.fees(), 2 ether);
    }

    function test_Fees_are_paid_on_by_anybody_and_to_the_recipient_only() public {
        enqueueTransfer(ROLLUP, 1);
        uint256 fees = inbox.fees();
        vm.expectEmit();
        emit ForcedInbox.FeesPaid(FEE_RECIPIENT, fees);
        vm.prank(address(0xabc));
        inbox.payFees();
        assertEq(FEE_RECIPIENT.balance, fees);
        assertEq(address(inbox).balance, 0);
        assertEq(inbox.payFees(), 0);
    }

    function test_A_recipient_that_takes_no_money_stops_nobody() public {
        ForcedInbox stuck = newInbox(address(new Refusing()));
        stuck.enqueueCall{value: 1 ether}(ROLLUP, address(1), 0, 100_000, "");
        vm.expectRevert(ForcedInbox.PaymentRefused.selector);
        stuck.payFees();
        stuck.enqueueCall{value: 1 ether}(ROLLUP, address(1), 0, 100_000, "");
        assertEq(stuck.fees(), address(stuck).balance);
    }

    function testFuzz_The_price_rises_with_each_entry_and_falls_with_each_block(uint64[8] memory gas, uint8 idle) public {
        uint256 price = inbox.gasPriceOf(ROLLUP);
        for (uint256 i = 0; i < gas.length; ++i) {
            uint64 used = uint64(bound(gas[i], 30_000, 7_000_000));
            enqueueCall(ROLLUP, used);
            uint256 next = inbox.gasPriceOf(ROLLUP);
            assertGe(next, price);
            price = next;
        }
        for (uint256 i = 0; i < idle; ++i) {
            vm.roll(block.number + 1);
            uint256 next = inbox.gasPriceOf(ROLLUP);
            assertLe(next, price);
            price = next;
        }
        vm.roll(block.number + 30);
        assertEq(inbox.gasPriceOf(ROLLUP), MIN_GAS_PRICE);
    }

    function test_Full_blocks_make_the_next_one_an_eighth_dearer_and_half_full_ones_do_not() public {
        // The first block of an idle queue begins below its target.
        fillBlock(ROLLUP);
        vm.roll(block.number + 1);
        uint256 price = inbox.gasPriceOf(ROLLUP);
        for (uint256 i = 0; i < 20; ++i) {
            fillBlock(ROLLUP);
            vm.roll(block.number + 1);
            uint256 next = inbox.gasPriceOf(ROLLUP);
            assertGe(next * 1_000, price * 1_124);
            assertLe(next * 1_000, price * 1_126);
            price = next;
        }
        enqueueCall(ROLLUP, 15_000_000);
        enqueueCall(ROLLUP, 15_000_000);
        vm.roll(block.number + 1);
        assertEq(inbox.gasPriceOf(ROLLUP), price);
    }

    function test_The_price_ends_and_what_it_takes_to_compute_it_too() public {
        bytes32 second = bytes32(uint256(keccak256(abi.encode(ROLLUP, uint256(0)))) + 1);
        fillBlock(ROLLUP);
        // The third number of the slot is the excess.
        uint256 slot = uint256(vm.load(address(inbox), second));
        uint256 excess = inbox.EXCESS_MAX();
        slot = (slot & ~(uint256(type(uint64).max) << 128)) | (excess << 128);
        vm.store(address(inbox), second, bytes32(slot));
        uint256 price = inbox.gasPriceOf(ROLLUP);
        vm.snapshotGasLastCall("ForcedInbox", "gasPriceOf, at its highest");
        // e^30 is 1.0686e13.
        assertGe(price, 10_686_000_000_000 * uint256(MIN_GAS_PRICE));
        assertLe(price, 10_687_000_000_000 * uint256(MIN_GAS_PRICE));
        vm.roll(block.number + 400);
        assertEq(inbox.gasPriceOf(ROLLUP), MIN_GAS_PRICE);
    }

    function test_Bytes_alone_fill_a_block_and_raise_the_price_as_gas_does() public {
        ForcedInbox.Limits memory limits = inbox.limitsOf(OPAQUE_ROLLUP);
        for (uint256 i = 0; i < limits.blockBytes / limits.entryBytes; ++i) {
            inbox.enqueueSigned{value: 1 ether}(OPAQUE_ROLLUP, new bytes(131_072));
        }
        (uint256 gasLeft, uint256 bytesLeft) = inbox.leftOf(OPAQUE_ROLLUP);
        vm.expectRevert(
            abi.encodeWithSelector(ForcedInbox.MeterFull.selector, OPAQUE_ROLLUP, gasLeft, bytesLeft)
        );
        inbox.enqueueSigned{value: 1 ether}(OPAQUE_ROLLUP, new bytes(131_072));
        vm.roll(block.number + 1);
        // Seven of the largest are 87.5 % of a block: e^(0.375 / 4.245).
        assertGe(inbox.gasPriceOf(OPAQUE_ROLLUP) * 1_000, uint256(MIN_GAS_PRICE) * 1_092);
    }

    // --- the meter ---

    function testFuzz_A_block_of_l1_never_adds_more_than_two_thirds_of_what_blocks_drain(
        uint64[16] memory gas,
        uint32[16] memory sizes,
        uint32 blockTimeMs,
        uint64 gasCap
    ) public {
        TenantRegistry.Terms memory chosen = terms();
        chosen.blockTimeMs = blockTimeMs % 5 == 0 ? 0 : uint32(bound(blockTimeMs, 50, 12_000));
        chosen.gasCap = uint64(bound(gasCap, 10_000_000, 10_000_000_000));
        vm.prank(OWNER);
        registry.setTerms(ROLLUP, chosen, new uint32[](0));
        uint256 gasUsed;
        uint256 bytesUsed;
        for (uint256 i = 0; i < gas.length; ++i) {
            bytes memory data = new bytes(sizes[i] % 40_000);
            uint64 least = uint64(21_000 + 40 * (89 + data.length));
            uint64 limit = uint64(bound(gas[i], least, least + chosen.gasCap / 2));
            try inbox.enqueueCall{value: 1_000 ether}(ROLLUP, address(1), 0, limit, data) {
                gasUsed += limit;
                bytesUsed += data.length + 89 + 21;
            } catch (bytes memory why) {
                bytes4 reason = bytes4(why);
                assertTrue(
                    reason == ForcedInbox.TooMuchGas.selector || reason == ForcedInbox.TooManyBytes.selector
                        || reason == ForcedInbox.MeterFull.selector
                );
            }
        }
        uint256 drainMs = chosen.blockTimeMs == 0 ? 1_000 : chosen.blockTimeMs;
        assertLe(3 * gasUsed * drainMs, 2 * uint256(chosen.gasCap / 2) * 12_000);
        assertLe(3 * bytesUsed * drainMs, 2 * uint256(BLOCK_BYTES) * 12_000);
        (uint256 gasLeft, uint256 bytesLeft) = inbox.leftOf(ROLLUP);
        ForcedInbox.Limits memory limits = inbox.limitsOf(ROLLUP);
        assertEq(gasLeft + gasUsed, limits.blockGas);
        assertEq(bytesLeft + bytesUsed, limits.blockBytes);
    }

    function test_A_full_meter_says_what_is_left_and_is_empty_in_the_next_block() public {
        for (uint256 i = 0; i < 3; ++i) enqueueCall(ROLLUP, 15_000_000);
        enqueueCall(ROLLUP, 14_000_000);
        (, uint256 bytesLeft) = inbox.leftOf(ROLLUP);
        vm.expectRevert(
            abi.encodeWithSelector(ForcedInbox.MeterFull.selector, ROLLUP, uint256(1_000_000), bytesLeft)
        );
        inbox.enqueueCall{value: 1 ether}(ROLLUP, address(1), 0, 1_000_001, "");
        inbox.enqueueCall{value: 1 ether}(ROLLUP, address(1), 0, 1_000_000, "");
        vm.roll(block.number + 1);
        inbox.enqueueCall{value: 1 ether}(ROLLUP, address(1), 0, 1_000_001, "");
    }

    function test_What_happens_in_one_queue_changes_nothing_in_another() public {
        bytes32 before = keccak256(abi.encode(inbox.limitsOf(OTHER_ROLLUP)));
        for (uint256 i = 0; i < 10; ++i) {
            fillBlock(ROLLUP);
            vm.roll(block.number + 1);
        }
        fillBlock(ROLLUP);
        assertEq(inbox.gasPriceOf(OTHER_ROLLUP), MIN_GAS_PRICE);
        assertEq(keccak256(abi.encode(inbox.limitsOf(OTHER_ROLLUP))), before);
        (uint256 gasLeft,) = inbox.leftOf(OTHER_ROLLUP);
        assertEq(gasLeft, inbox.limitsOf(OTHER_ROLLUP).blockGas);
        (uint64 count,) = inbox.head(OTHER_ROLLUP);
        assertEq(count, 0);
    }

    function test_An_owner_that_changes_its_terms_empties_no_meter_and_resets_no_price() public {
        fillBlock(ROLLUP);
        vm.roll(block.number + 1);
        fillBlock(ROLLUP);
        uint256 price = inbox.gasPriceOf(ROLLUP);
        TenantRegistry.Terms memory chosen = terms();
        chosen.gasCap = 10_000_000;
        vm.prank(OWNER);
        registry.setTerms(ROLLUP, chosen, new uint32[](0));
        (uint256 gasLeft,) = inbox.leftOf(ROLLUP);
        assertEq(gasLeft, 0);
        assertEq(inbox.gasPriceOf(ROLLUP), price);
        // Below the bounds nobody gets: there is always room for a transaction of some size.
        vm.roll(block.number + 1);
        enqueueCall(ROLLUP, 5_000_000);
    }

    // --- deployment ---

    function test_Settings_out_of_range_are_refused_by_name() public {
        expectRefusedSetting("registry", ForcedInbox.Settings(TenantRegistry(USER), USER, 12_000, 262_144, 1));
        expectRefusedSetting("feeRecipient", ForcedInbox.Settings(registry, address(0), 12_000, 262_144, 1));
        expectRefusedSetting("l1BlockMs", ForcedInbox.Settings(registry, USER, 99, 262_144, 1));
        expectRefusedSetting("l1BlockMs", ForcedInbox.Settings(registry, USER, 60_001, 262_144, 1));
        expectRefusedSetting("blockBytes", ForcedInbox.Settings(registry, USER, 12_000, 131_092, 1));
        expectRefusedSetting("blockBytes", ForcedInbox.Settings(registry, USER, 12_000, 16_777_217, 1));
        expectRefusedSetting("minGasPrice", ForcedInbox.Settings(registry, USER, 12_000, 262_144, 0));
    }

    function expectRefusedSetting(string memory name, ForcedInbox.Settings memory settings) private {
        vm.expectRevert(abi.encodeWithSelector(ForcedInbox.BadSetting.selector, name));
        new ForcedInbox(settings);
    }

    function callBy(address sender, uint64 index) private pure returns (bytes memory) {
        return abi.encodePacked(bytes1(0x80), index, sender, address(1), uint256(0), uint64(100_000));
    }

    receive() external payable {}
}

/// @notice Calls from its constructor, when it has no code yet.
contract CallsWhileConstructed {
    constructor(ForcedInbox inbox, uint64 namespace) payable {
        inbox.enqueueCall{value: inbox.feeOfCall(namespace, 100_000)}(namespace, address(1), 0, 100_000, "");
    }
}

/// @notice Enqueues a second call while the first is paid back.
contract EnqueuesAgain {
    ForcedInbox private immutable INBOX;
    uint64 private immutable NAMESPACE;
    uint256 private _refunds;

    constructor(ForcedInbox inbox, uint64 namespace) {
        INBOX = inbox;
        NAMESPACE = namespace;
    }

    function start() external payable {
        INBOX.enqueueCall{value: msg.value}(NAMESPACE, address(1), 0, 100_000, "");
    }

    receive() external payable {
        if (_refunds++ > 0) return;
        INBOX.payFees();
        INBOX.enqueueCall{value: msg.value}(NAMESPACE, address(1), 0, 100_000, "");
    }
}
