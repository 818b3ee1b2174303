// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {NoticeAccount} from "../../src/escrow/NoticeAccount.sol";
import {Admission, NamespaceState, OrderingRule, SettlementKind} from "../../src/tenants/ITenantRegistry.sol";
import {TenantRegistry} from "../../src/tenants/TenantRegistry.sol";
import {Refusing, Tenants} from "./Tenants.sol";

contract TenantRegistryTest is Tenants {
    address private immutable STRANGER = account("stranger");

    function setUp() public {
        deployRegistry();
        vm.deal(STRANGER, 1_000 ether);
    }

    // --- registration ---

    function test_A_registered_namespace_is_active_and_says_what_was_set() public {
        TenantRegistry.Terms memory chosen = terms();
        chosen.settlementKind = SettlementKind.OutputRoot;
        chosen.settlement = address(0x5e77);
        uint32[] memory attesters = new uint32[](2);
        (attesters[0], attesters[1]) = (0, 7);
        vm.expectEmit();
        emit TenantRegistry.Registered(ROLLUP, OWNER, "rollup-a", Admission.Evm, 901, 1 ether);
        vm.expectEmit();
        emit TenantRegistry.TermsChanged(ROLLUP, 1, chosen, attesters);
        vm.expectEmit();
        emit TenantRegistry.Funded(ROLLUP, OWNER, 0.5 ether, 0.5 ether);
        vm.prank(OWNER);
        registry.register{value: 1.5 ether}(ROLLUP, identity(), chosen, attesters);

        TenantRegistry.Namespace memory entry = registry.namespaceOf(ROLLUP);
        assertEq(entry.owner, OWNER);
        assertEq(entry.version, 1);
        assertEq(entry.deposit, 1 ether);
        assertEq(entry.prepaid.balance, 0.5 ether);
        assertEq(keccak256(abi.encode(entry.terms)), keccak256(abi.encode(chosen)));
        assertEq(entry.attestersHash, keccak256(abi.encodePacked(uint256(0), uint256(7))));
        assertTrue(registry.stateOf(ROLLUP) == NamespaceState.Active);
        (SettlementKind kind, address reader) = registry.settlementOf(ROLLUP);
        assertTrue(kind == SettlementKind.OutputRoot && reader == address(0x5e77));
        assertEq(registry.total(), 1.5 ether);
    }

    function test_An_id_is_registered_once_and_zero_never() public {
        vm.expectRevert(TenantRegistry.ReservedNamespace.selector);
        registry.register{value: 1 ether}(0, identity(), terms(), new uint32[](0));
        register(ROLLUP);
        vm.snapshotGasLastCall("TenantRegistry", "register");
        vm.expectRevert(abi.encodeWithSelector(TenantRegistry.NamespaceTaken.selector, ROLLUP));
        registry.register{value: 2 ether}(ROLLUP, identity(), terms(), new uint32[](0));
    }

    function test_Deposits_rise_with_the_ids_held_and_come_back_as_paid() public {
        uint256 sum;
        for (uint64 i = 1; i <= 16; ++i) {
            uint256 wanted = registry.depositWanted();
            assertEq(wanted, 1 ether + (uint256(1 ether) * (i - 1)) / 1_024);
            sum += wanted;
            register(i);
        }
        assertEq(address(registry).balance, sum);
        assertEq(registry.total(), sum);
        vm.expectRevert(abi.encodeWithSelector(TenantRegistry.TooManyNamespaces.selector, uint64(16)));
        registry.register{value: 2 ether}(17, identity(), terms(), new uint32[](0));

        uint256 last = registry.namespaceOf(16).deposit;
        leaveAndRelease(16, payable(address(0xcafe)));
        assertEq(address(0xcafe).balance, last);
        assertEq(registry.held(), 15);
    }

    function test_Too_small_a_deposit_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(TenantRegistry.WrongDeposit.selector, 1 ether - 1, 1 ether));
        registry.register{value: 1 ether - 1}(ROLLUP, identity(), terms(), new uint32[](0));
    }

    function test_Names_are_lower_case_letters_digits_and_hyphens() public {
        string[6] memory bad = ["", "Rollup", "a b", "rollup_a", unicode"ä", string(new bytes(1))];
        for (uint256 i = 0; i < bad.length; ++i) expectRefusedIdentity(bad[i], Admission.Evm, 1, "BadName()");
        bytes memory name = new bytes(65);
        for (uint256 i = 0; i < 65; ++i) name[i] = "a";
        expectRefusedIdentity(string(name), Admission.Evm, 1, "BadName()");
        assembly {
            mstore(name, 64)
        }
        registry.register{value: 1 ether}(
            ROLLUP, TenantRegistry.Identity(string(name), Admission.Evm, 1), terms(), new uint32[](0)
        );
    }

    function test_An_evm_namespace_names_its_chain_and_an_opaque_one_none() public {
        expectRefusedIdentity("a", Admission.Unset, 0, "BadIdentity()");
        expectRefusedIdentity("a", Admission.Unset, 1, "BadIdentity()");
        expectRefusedIdentity("a", Admission.Evm, 0, "BadIdentity()");
        expectRefusedIdentity("a", Admission.Opaque, 1, "BadIdentity()");
        registerOpaque(OPAQUE_ROLLUP);
        (bool isOpen, Admission admission,, uint64 gasCap) = registry.forcedTerms(OPAQUE_ROLLUP);
        assertTrue(isOpen && admission == Admission.Opaque && gasCap == 0);
    }

    // --- terms ---

    function test_Terms_out_of_bounds_are_refused_by_name() public {
        register(ROLLUP);
        TenantRegistry.Terms memory t = terms();
        t.ordering = OrderingRule.Unset;
        expectRefusedTerms(t, abi.encodeWithSelector(TenantRegistry.MissingTerm.selector));
        uint32[2] memory blockTimes = [uint32(49), 12_001];
        for (uint256 i = 0; i < 2; ++i) {
            t = terms();
            t.blockTimeMs = blockTimes[i];
            expectRefusedTerms(
                t, abi.encodeWithSelector(TenantRegistry.BadBlockTime.selector, blockTimes[i], uint32(50), uint32(12_000))
            );
        }
        uint64[3] memory gasCaps = [uint64(0), 9_999_999, 10_000_000_001];
        for (uint256 i = 0; i < 3; ++i) {
            t = terms();
            t.gasCap = gasCaps[i];
            expectRefusedTerms(
                t,
                abi.encodeWithSelector(
                    TenantRegistry.BadGasCap.selector, gasCaps[i], uint64(10_000_000), uint64(10_000_000_000)
                )
            );
        }
        t = terms();
        t.settlement = address(1);
        expectRefusedTerms(t, abi.encodeWithSelector(TenantRegistry.BadSettlement.selector));
        t = terms();
        t.settlementKind = SettlementKind.ValidityProof;
        expectRefusedTerms(t, abi.encodeWithSelector(TenantRegistry.BadSettlement.selector));
        t = terms();
        t.revenue = address(0);
        expectRefusedTerms(t, abi.encodeWithSelector(TenantRegistry.ZeroAddress.selector));
        assertEq(registry.namespaceOf(ROLLUP).version, 1);
    }

    function test_The_edges_of_bounds_are_taken_and_each_change_has_its_version() public {
        register(ROLLUP);
        TenantRegistry.Terms memory t = terms();
        uint32[3] memory blockTimes = [uint32(0), 50, 12_000];
        for (uint64 i = 0; i < 3; ++i) {
            t.blockTimeMs = blockTimes[i];
            t.gasCap = i == 0 ? 10_000_000 : 10_000_000_000;
            vm.expectEmit();
            emit TenantRegistry.TermsChanged(ROLLUP, i + 2, t, new uint32[](0));
            vm.prank(OWNER);
            registry.setTerms(ROLLUP, t, new uint32[](0));
        }
        vm.snapshotGasLastCall("TenantRegistry", "setTerms");
    }

    function test_Attesters_rise_and_are_at_most_as_many_as_a_committee() public {
        register(ROLLUP);
        uint32[] memory attesters = new uint32[](128);
        for (uint32 i = 0; i < 128; ++i) attesters[i] = i * 3;
        vm.prank(OWNER);
        registry.setTerms(ROLLUP, terms(), attesters);
        attesters[9] = attesters[8];
        vm.expectRevert(TenantRegistry.BadAttesters.selector);
        vm.prank(OWNER);
        registry.setTerms(ROLLUP, terms(), attesters);
        vm.expectRevert(TenantRegistry.BadAttesters.selector);
        vm.prank(OWNER);
        registry.setTerms(ROLLUP, terms(), new uint32[](129));
    }

    function test_Only_the_owner_acts() public {
        register(ROLLUP);
        bytes[7] memory calls = [
            abi.encodeCall(registry.setTerms, (ROLLUP, terms(), new uint32[](0))),
            abi.encodeCall(registry.requestWithdrawal, (ROLLUP, 1)),
            abi.encodeCall(registry.cancelWithdrawal, (ROLLUP)),
            abi.encodeCall(registry.withdraw, (ROLLUP, payable(STRANGER))),
            abi.encodeCall(registry.offerHandOver, (ROLLUP, STRANGER)),
            abi.encodeCall(registry.requestExit, (ROLLUP)),
            abi.encodeCall(registry.release, (ROLLUP, payable(STRANGER)))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(STRANGER);
            (bool done, bytes memory why) = address(registry).call(calls[i]);
            assertFalse(done);
            assertEq(why, abi.encodeWithSelector(TenantRegistry.NotOwner.selector, ROLLUP, STRANGER));
        }
    }

    function test_Nobody_owns_a_free_id() public {
        vm.expectRevert(abi.encodeWithSelector(TenantRegistry.NotOwner.selector, ROLLUP, STRANGER));
        vm.prank(STRANGER);
        registry.requestExit(ROLLUP);
        expectNotSuccessor();
    }

    // --- prepaid account ---

    function test_Anybody_funds_and_the_owner_takes_out_after_notice() public {
        register(ROLLUP);
        vm.prank(STRANGER);
        registry.fund{value: 3 ether}(ROLLUP);
        vm.snapshotGasLastCall("TenantRegistry", "fund");
        vm.prank(OWNER);
        (uint64 number, uint64 releaseAt) = registry.requestWithdrawal(ROLLUP, 2 ether);
        assertEq(number, 1);
        assertEq(releaseAt, block.timestamp + NOTICE);
        assertEq(registry.availableOf(ROLLUP), 1 ether);

        vm.warp(releaseAt - 1);
        vm.expectRevert(abi.encodeWithSelector(NoticeAccount.UnderNotice.selector, releaseAt));
        vm.prank(OWNER);
        registry.withdraw(ROLLUP, payable(address(0xcafe)));
        vm.warp(releaseAt);
        vm.prank(OWNER);
        registry.withdraw(ROLLUP, payable(address(0xcafe)));
        assertEq(address(0xcafe).balance, 2 ether);
        assertEq(registry.total(), 2 ether);
        assertEq(address(registry).balance, 2 ether);
    }

    function test_A_free_id_takes_no_money() public {
        vm.expectRevert(abi.encodeWithSelector(TenantRegistry.UnknownNamespace.selector, ROLLUP));
        registry.fund{value: 1}(ROLLUP);
        (bool done,) = address(registry).call{value: 1}("");
        assertFalse(done);
    }

    // --- ownership ---

    function test_A_hand_over_takes_two_steps() public {
        register(ROLLUP);
        vm.prank(OWNER);
        registry.offerHandOver(ROLLUP, STRANGER);
        assertEq(registry.ownerOf(ROLLUP), OWNER);
        vm.expectRevert(abi.encodeWithSelector(TenantRegistry.NotSuccessor.selector, ROLLUP, address(this)));
        registry.acceptHandOver(ROLLUP);
        vm.expectEmit();
        emit TenantRegistry.HandedOver(ROLLUP, OWNER, STRANGER);
        vm.prank(STRANGER);
        registry.acceptHandOver(ROLLUP);
        assertEq(registry.ownerOf(ROLLUP), STRANGER);
        // The offer is used up.
        vm.expectRevert(abi.encodeWithSelector(TenantRegistry.NotSuccessor.selector, ROLLUP, STRANGER));
        vm.prank(STRANGER);
        registry.acceptHandOver(ROLLUP);
        vm.expectRevert(abi.encodeWithSelector(TenantRegistry.NotOwner.selector, ROLLUP, OWNER));
        vm.prank(OWNER);
        registry.requestExit(ROLLUP);
    }

    function test_An_offer_can_be_taken_back_and_does_not_outlive_the_registration() public {
        register(ROLLUP);
        vm.prank(OWNER);
        registry.offerHandOver(ROLLUP, STRANGER);
        vm.prank(OWNER);
        registry.offerHandOver(ROLLUP, address(0));
        expectNotSuccessor();
        vm.prank(OWNER);
        registry.offerHandOver(ROLLUP, STRANGER);
        leaveAndRelease(ROLLUP, payable(OWNER));
        expectNotSuccessor();
        register(ROLLUP);
        expectNotSuccessor();
    }

    // --- leaving ---

    function testFuzz_Opting_out_is_always_possible(uint32[4] memory waits, bool isFunded, bool isOffered) public {
        register(ROLLUP);
        if (isFunded) registry.fund{value: 1}(ROLLUP);
        if (isOffered) {
            vm.prank(OWNER);
            registry.offerHandOver(ROLLUP, STRANGER);
        }
        for (uint256 i = 0; i < waits.length; ++i) {
            vm.warp(block.timestamp + waits[i]);
            if (registry.stateOf(ROLLUP) == NamespaceState.Active) {
                vm.prank(OWNER);
                assertEq(registry.requestExit(ROLLUP), block.timestamp + NOTICE);
            } else {
                vm.prank(OWNER);
                registry.rejoin(ROLLUP);
            }
        }
        if (registry.stateOf(ROLLUP) != NamespaceState.Active) {
            vm.prank(OWNER);
            registry.rejoin(ROLLUP);
        }
        leaveAndRelease(ROLLUP, payable(address(0xcafe)));
        assertEq(address(0xcafe).balance, isFunded ? 1 ether + 1 : 1 ether);
        assertEq(registry.total(), 0);
    }

    function test_A_namespace_is_open_until_the_second_in_which_its_notice_ends() public {
        register(ROLLUP);
        vm.prank(OWNER);
        uint64 exitAt = registry.requestExit(ROLLUP);
        vm.snapshotGasLastCall("TenantRegistry", "requestExit");
        vm.warp(exitAt - 1);
        assertTrue(registry.stateOf(ROLLUP) == NamespaceState.Leaving);
        (bool isOpen,,,) = registry.forcedTerms(ROLLUP);
        assertTrue(isOpen);
        vm.warp(exitAt);
        assertTrue(registry.stateOf(ROLLUP) == NamespaceState.Left);
        (isOpen,,,) = registry.forcedTerms(ROLLUP);
        assertFalse(isOpen);
    }

    function test_A_second_exit_does_not_move_the_first() public {
        register(ROLLUP);
        vm.prank(OWNER);
        registry.requestExit(ROLLUP);
        vm.expectRevert(
            abi.encodeWithSelector(TenantRegistry.NotInState.selector, ROLLUP, NamespaceState.Leaving)
        );
        vm.prank(OWNER);
        registry.requestExit(ROLLUP);
    }

    function test_Who_left_keeps_the_id_and_comes_back_with_a_new_version() public {
        register(ROLLUP);
        vm.prank(OWNER);
        vm.warp(registry.requestExit(ROLLUP) + 400 days);
        vm.expectRevert(abi.encodeWithSelector(TenantRegistry.NamespaceTaken.selector, ROLLUP));
        registry.register{value: 2 ether}(ROLLUP, identity(), terms(), new uint32[](0));
        vm.expectEmit();
        emit TenantRegistry.Rejoined(ROLLUP, 2);
        vm.prank(OWNER);
        registry.rejoin(ROLLUP);
        assertTrue(registry.stateOf(ROLLUP) == NamespaceState.Active);
        vm.expectRevert(
            abi.encodeWithSelector(TenantRegistry.NotInState.selector, ROLLUP, NamespaceState.Active)
        );
        vm.prank(OWNER);
        registry.rejoin(ROLLUP);
    }

    function test_An_id_is_released_one_notice_after_it_left_and_versions_go_on() public {
        register(ROLLUP);
        vm.prank(OWNER);
        uint64 exitAt = registry.requestExit(ROLLUP);
        vm.warp(exitAt + NOTICE - 1);
        vm.expectRevert(
            abi.encodeWithSelector(TenantRegistry.StillHeld.selector, ROLLUP, exitAt + NOTICE)
        );
        vm.prank(OWNER);
        registry.release(ROLLUP, payable(OWNER));
        vm.warp(exitAt + NOTICE);
        vm.prank(OWNER);
        registry.release(ROLLUP, payable(OWNER));
        vm.snapshotGasLastCall("TenantRegistry", "release");
        assertTrue(registry.stateOf(ROLLUP) == NamespaceState.Free);
        assertEq(registry.namespaceOf(ROLLUP).version, 1);
        register(ROLLUP);
        assertEq(registry.namespaceOf(ROLLUP).version, 2);
    }

    function test_Money_that_nobody_takes_stays() public {
        register(ROLLUP);
        vm.prank(OWNER);
        uint64 exitAt = registry.requestExit(ROLLUP);
        vm.warp(exitAt + NOTICE);
        Refusing refusing = new Refusing();
        vm.expectRevert(abi.encodeWithSelector(TenantRegistry.PaymentRefused.selector, address(refusing)));
        vm.prank(OWNER);
        registry.release(ROLLUP, payable(address(refusing)));
        vm.expectRevert(TenantRegistry.ZeroAddress.selector);
        vm.prank(OWNER);
        registry.release(ROLLUP, payable(address(0)));
        assertEq(registry.ownerOf(ROLLUP), OWNER);
        assertEq(address(registry).balance, 1 ether);
    }

    function test_A_notice_is_longer_than_any_posting_may_be_late_and_not_endless() public {
        vm.expectRevert(abi.encodeWithSelector(TenantRegistry.BadNotice.selector, 8 days, 8 days + 1));
        new TenantRegistry(8 days, 7 days, 1 days, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(TenantRegistry.BadNotice.selector, 30 days + 1, 8 days + 1));
        new TenantRegistry(30 days + 1, 7 days, 1 days, 1, 1);
        new TenantRegistry(8 days + 1, 7 days, 1 days, 1, 1);
    }

    function test_Whoever_is_paid_and_calls_again_gets_nothing_twice() public {
        Reentrant thief = new Reentrant(registry);
        vm.deal(address(thief), 10 ether);
        register(OTHER_ROLLUP);
        thief.register(ROLLUP, identity(), terms());
        vm.warp(thief.exit(ROLLUP) + NOTICE);
        thief.release(ROLLUP);
        assertEq(address(thief).balance, 10 ether);
        assertEq(thief.refusals(), 1);
        assertEq(registry.total(), address(registry).balance);
    }

    function leaveAndRelease(uint64 namespace, address payable to) private {
        vm.prank(OWNER);
        uint64 exitAt = registry.requestExit(namespace);
        vm.warp(exitAt + NOTICE);
        vm.prank(OWNER);
        registry.release(namespace, to);
    }

    function expectNotSuccessor() private {
        vm.expectRevert(abi.encodeWithSelector(TenantRegistry.NotSuccessor.selector, ROLLUP, STRANGER));
        vm.prank(STRANGER);
        registry.acceptHandOver(ROLLUP);
    }

    function expectRefusedTerms(TenantRegistry.Terms memory chosen, bytes memory why) private {
        vm.expectRevert(why);
        vm.prank(OWNER);
        registry.setTerms(ROLLUP, chosen, new uint32[](0));
    }

    function expectRefusedIdentity(string memory name, Admission admission, uint64 chainId, string memory why) private {
        vm.expectRevert(bytes4(keccak256(bytes(why))));
        registry.register{value: 1 ether}(
            ROLLUP, TenantRegistry.Identity(name, admission, chainId), terms(), new uint32[](0)
        );
    }

    receive() external payable {}
}

/// @notice An owner that, while it is paid, asks for more.
contract Reentrant {
    TenantRegistry private immutable REGISTRY;
    uint64 private _namespace;
    uint256 public refusals;

    constructor(TenantRegistry registry) {
        REGISTRY = registry;
    }

    function register(
        uint64 namespace,
        TenantRegistry.Identity calldata identity,
        TenantRegistry.Terms calldata terms
    ) external {
        REGISTRY.register{value: REGISTRY.depositWanted()}(namespace, identity, terms, new uint32[](0));
    }

    function exit(uint64 namespace) external returns (uint64) {
        return REGISTRY.requestExit(namespace);
    }

    function release(uint64 namespace) external {
        _namespace = namespace;
        REGISTRY.release(namespace, payable(address(this)));
    }

    receive() external payable {
        try REGISTRY.release(_namespace, payable(address(this))) {}
        catch {
            ++refusals;
        }
    }
}
