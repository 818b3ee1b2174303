// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {OperatorBench} from "./OperatorBench.sol";
import {PolicyRegistry} from "../../src/governance/PolicyRegistry.sol";
import {KeyRole, OperatorKeys, PublicKey, Signature} from "../../src/operators/OperatorKeys.sol";
import {OperatorRegistry} from "../../src/operators/OperatorRegistry.sol";
import {VoteEvidence} from "../../src/operators/VoteEvidence.sol";

/// @notice Takes money and calls back into the registry while it does.
contract Reentrant {
    OperatorRegistry private immutable _registry;
    bytes public answer;
    uint256 public calls;

    constructor(OperatorRegistry registry) {
        _registry = registry;
    }

    function slash(bytes calldata evidence, bytes32 key) external {
        _registry.slash(evidence, key);
    }

    function collect() external {
        _registry.collect(payable(address(this)));
    }

    receive() external payable {
        calls++;
        (, answer) = address(_registry).call(abi.encodeCall(OperatorRegistry.collect, (payable(address(this)))));
    }
}

/// @notice Takes no money.
contract Refusing {}

contract OperatorRegistryTest is OperatorBench {
    address private constant _NEWCOMER = address(0x5005);

    function setUp() public {
        deploy();
    }

    function test_operators_of_genesis_have_their_seats_as_numbers() public view {
        assertEq(registry.operatorCount(), 4, "operators");
        for (uint32 i = 0; i < 4; i++) {
            OperatorRegistry.Operator memory operator = registry.operatorAt(i);
            assertEq(operator.owner, ownerOf(i));
            assertEq(operator.bond, (uint256(i) + 1) * 10 ether, "bond");
            assertEq(operator.voteKey.x, keyOf(100 + i).x, "vote key");
            assertEq(registry.getVotes(ownerOf(i)), operator.bond, "votes");
            assertTrue(registry.isOperator(ownerOf(i)), "an operator");
        }
        assertEq(address(registry).balance, 100 ether, "balance");
    }

    function test_anyone_registers_with_a_bond_and_proofs() public {
        uint32 number = register(_NEWCOMER, 301, 302, 5 ether);
        vm.snapshotGasLastCall("Operators", "register, two proofs, precompile");
        assertEq(number, 4, "number");
        OperatorRegistry.Operator memory operator = registry.operatorAt(4);
        assertEq(operator.owner, _NEWCOMER);
        assertEq(operator.releaseAt, 0, "active");
        assertEq(registry.getVotes(_NEWCOMER), 5 ether, "votes without a call to delegate");
        assertEq(bytes(registry.endpointsOf(4).peer), bytes("127.0.0.1:7005"));
        OperatorRegistry.KeyRecord memory key = registry.keyRecord(keyOf(301).x);
        assertEq(key.number, 4, "key's operator");
        assertEq(uint256(key.role), uint256(KeyRole.Vote), "key's role");
        assertEq(registry.operators(3, 10).length, 2, "page");
        assertEq(registry.operators(5, 10).length, 0, "page behind the end");
    }

    function test_another_ones_proofs_are_worth_nothing() public {
        OperatorRegistry.ProvedKeys memory keys = proved(_NEWCOMER, 301, 302);
        address thief = address(0xbad);
        vm.deal(thief, 5 ether);
        vm.prank(thief);
        vm.expectRevert(abi.encodeWithSelector(OperatorKeys.BadProof.selector, KeyRole.Vote));
        registry.register{value: 5 ether}(keys, endpoints());
    }

    function test_proofs_are_for_one_role() public {
        OperatorRegistry.ProvedKeys memory keys = proved(_NEWCOMER, 301, 302);
        keys = OperatorRegistry.ProvedKeys(keys.nodeKey, keys.voteKey, keys.nodeProof, keys.voteProof);
        _expectRefusedJoin(keys, endpoints(), 5 ether, abi.encodeWithSelector(OperatorKeys.BadProof.selector, KeyRole.Vote));
    }

    function test_no_key_is_registered_twice_by_anyone_in_any_role() public {
        register(_NEWCOMER, 301, 302, 5 ether);
        bytes32 used = keyOf(301).x;
        _expectRefusedJoin(proved(_NEWCOMER, 301, 303), endpoints(), 5 ether, abi.encodeWithSelector(OperatorRegistry.KeyUsed.selector, used));
        _expectRefusedJoin(proved(_NEWCOMER, 303, 301), endpoints(), 5 ether, abi.encodeWithSelector(OperatorRegistry.KeyUsed.selector, used));
        bytes32 genesis = keyOf(200).x;
        _expectRefusedJoin(proved(_NEWCOMER, 200, 303), endpoints(), 5 ether, abi.encodeWithSelector(OperatorRegistry.KeyUsed.selector, genesis));
        bytes32 both = keyOf(303).x;
        _expectRefusedJoin(proved(_NEWCOMER, 303, 303), endpoints(), 5 ether, abi.encodeWithSelector(OperatorRegistry.KeyUsed.selector, both));
    }

    function test_a_keys_mirror_image_counts_as_the_key() public {
        register(_NEWCOMER, 301, 302, 5 ether);
        _expectRefusedJoin(
            proved(_NEWCOMER, P256_ORDER - 301, 303),
            endpoints(),
            5 ether,
            abi.encodeWithSelector(OperatorRegistry.KeyUsed.selector, keyOf(301).x)
        );
    }

    function test_what_is_no_key_is_refused() public {
        OperatorRegistry.ProvedKeys memory keys = proved(_NEWCOMER, 301, 302);
        keys.voteKey.y = bytes32(uint256(keys.voteKey.y) ^ 1);
        bytes memory reason = abi.encodeWithSelector(OperatorKeys.NotAKey.selector, keys.voteKey.x, keys.voteKey.y);
        _expectRefusedJoin(keys, endpoints(), 5 ether, reason);
    }

    function test_a_signature_with_a_high_s_is_refused() public {
        OperatorRegistry.ProvedKeys memory keys = proved(_NEWCOMER, 301, 302);
        keys.nodeProof.s = bytes32(P256_ORDER - uint256(keys.nodeProof.s));
        _expectRefusedJoin(keys, endpoints(), 5 ether, abi.encodeWithSelector(OperatorKeys.BadProof.selector, KeyRole.Node));
    }

    function test_bonds_and_endpoints_have_bounds() public {
        OperatorRegistry.ProvedKeys memory keys = proved(_NEWCOMER, 301, 302);
        _expectRefusedJoin(keys, endpoints(), 1 ether - 1, abi.encodeWithSelector(OperatorRegistry.BondTooSmall.selector, 1 ether - 1, 1 ether));
        uint256 large = uint256(type(uint96).max) + 1;
        _expectRefusedJoin(keys, endpoints(), large, abi.encodeWithSelector(OperatorRegistry.BondTooLarge.selector, large));
        OperatorRegistry.Endpoints[6] memory bad = [endpoints(), endpoints(), endpoints(), endpoints(), endpoints(), endpoints()];
        bad[0].name = "";
        bad[1].name = string(new bytes(65));
        bad[2].peer = "";
        bad[3].peer = string(new bytes(260));
        bad[4].rpc = string(new bytes(257));
        bad[5] = OperatorRegistry.Endpoints("", "", "");
        for (uint256 i = 0; i < bad.length; i++) {
            _expectRefusedJoin(keys, bad[i], 5 ether, abi.encodeWithSelector(OperatorRegistry.EndpointsOutOfRange.selector));
        }
    }

    function test_a_pause_stops_joins_and_nothing_else() public {
        vm.prank(address(timelock));
        policies.pause(1, 1 days, uint48(block.timestamp));
        _expectRefusedJoin(proved(_NEWCOMER, 301, 302), endpoints(), 5 ether, abi.encodeWithSelector(OperatorRegistry.JoinsArePaused.selector));
        vm.prank(ownerOf(0));
        registry.exit(0);
        vm.warp(block.timestamp + 1 days);
        register(_NEWCOMER, 301, 302, 5 ether);
    }

    function test_an_owner_adds_bond_and_nobody_else_does() public {
        vm.deal(ownerOf(0), 3 ether);
        vm.prank(ownerOf(0));
        registry.addBond{value: 3 ether}(0);
        assertEq(registry.operatorAt(0).bond, 13 ether, "bond");
        assertEq(registry.getVotes(ownerOf(0)), 13 ether, "votes");
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.NotOwner.selector, 0, address(this)));
        registry.addBond{value: 1 ether}(0);
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.UnknownOperator.selector, 99));
        registry.addBond{value: 1 ether}(99);
        vm.prank(ownerOf(0));
        vm.expectRevert(OperatorRegistry.NothingToPay.selector);
        registry.addBond(0);
    }

    function test_who_leaves_votes_no_more_and_is_paid_after_the_delay_once() public {
        address owner = ownerOf(2);
        vm.prank(owner);
        registry.exit(2);
        vm.snapshotGasLastCall("Operators", "exit");
        uint48 release = uint48(block.timestamp) + UNBONDING;
        assertEq(registry.getVotes(owner), 0, "votes");
        assertTrue(!registry.isOperator(owner), "no operator any more");
        vm.warp(release - 1);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.StillBonded.selector, 2, release));
        registry.withdraw(2, payable(owner));
        vm.warp(release);
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.NotOwner.selector, 2, address(this)));
        registry.withdraw(2, payable(address(this)));
        vm.prank(owner);
        registry.withdraw(2, payable(owner));
        vm.snapshotGasLastCall("Operators", "withdraw");
        assertEq(owner.balance, 30 ether, "paid");
        vm.prank(owner);
        vm.expectRevert(OperatorRegistry.NothingToPay.selector);
        registry.withdraw(2, payable(owner));
        assertEq(address(registry).balance, 70 ether, "balance");
    }

    function test_who_is_active_is_not_paid() public {
        vm.warp(block.timestamp + 1_000 days);
        vm.prank(ownerOf(2));
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.StillBonded.selector, 2, 0));
        registry.withdraw(2, payable(ownerOf(2)));
    }

    function test_who_leaves_changes_nothing_any_more() public {
        address owner = ownerOf(2);
        OperatorRegistry.ProvedKeys memory keys = proved(owner, 301, 302);
        vm.deal(owner, 1 ether);
        vm.startPrank(owner);
        registry.exit(2);
        bytes memory reason = abi.encodeWithSelector(OperatorRegistry.NotActive.selector, 2);
        vm.expectRevert(reason);
        registry.exit(2);
        vm.expectRevert(reason);
        registry.addBond{value: 1 ether}(2);
        vm.expectRevert(reason);
        registry.rotate(2, keys);
        vm.stopPrank();
    }

    function test_keys_rotate_and_the_old_ones_never_come_back() public {
        address owner = ownerOf(1);
        OperatorRegistry.ProvedKeys memory keys = proved(owner, 301, 201);
        vm.prank(owner);
        registry.rotate(1, keys);
        vm.snapshotGasLastCall("Operators", "rotate the vote key, precompile");
        assertEq(registry.operatorAt(1).voteKey.x, keyOf(301).x, "new vote key");
        assertEq(registry.operatorAt(1).nodeKey.x, keyOf(201).x, "the same node key");
        assertEq(registry.keyRecord(keyOf(101).x).retiredAt, block.timestamp, "retired");
        assertEq(registry.keyRecord(keyOf(201).x).retiredAt, 0, "serves");
        OperatorRegistry.ProvedKeys memory back = proved(owner, 101, 201);
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.KeyUsed.selector, keyOf(101).x));
        registry.rotate(1, back);
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.NothingToRotate.selector, 1));
        registry.rotate(1, keys);
        vm.stopPrank();
    }

    function test_rotations_have_an_end() public {
        address owner = ownerOf(1);
        for (uint256 i = 0; i < registry.ROTATIONS_MAX(); i++) {
            OperatorRegistry.ProvedKeys memory keys = proved(owner, 101, 400 + i);
            vm.prank(owner);
            registry.rotate(1, keys);
        }
        OperatorRegistry.ProvedKeys memory next = proved(owner, 101, 999);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.TooManyRotations.selector, 1));
        registry.rotate(1, next);
    }

    function test_a_seat_is_emptied_by_owner_and_node_key_together() public {
        Signature memory signature = signed(201, OperatorKeys.removalText(address(registry), 1));
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.NotOwner.selector, 1, address(this)));
        registry.remove(1, signature);
        Signature memory other = signed(202, OperatorKeys.removalText(address(registry), 1));
        vm.startPrank(ownerOf(1));
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.RemovalNotSigned.selector, 1));
        registry.remove(1, other);
        registry.remove(1, signature);
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.AlreadyRemoved.selector, 1));
        registry.remove(1, signature);
        vm.stopPrank();
        assertTrue(registry.operatorAt(1).removed, "removed");
        assertEq(registry.operatorAt(1).bond, 20 ether, "the bond is whole");
        assertEq(registry.getVotes(ownerOf(1)), 0, "votes");
    }

    function test_who_waits_to_leave_may_be_removed_and_is_paid_no_later() public {
        Signature memory signature = signed(201, OperatorKeys.removalText(address(registry), 1));
        vm.startPrank(ownerOf(1));
        registry.exit(1);
        uint48 release = registry.operatorAt(1).releaseAt;
        vm.warp(block.timestamp + 1 days);
        registry.remove(1, signature);
        vm.stopPrank();
        assertEq(registry.operatorAt(1).releaseAt, release, "release");
    }

    function test_governance_expels_one_at_a_time() public {
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.NotGovernance.selector, address(this)));
        registry.expel(1);
        vm.startPrank(address(timelock));
        registry.expel(1);
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.TooSoonAfterExpulsion.selector, block.timestamp + SPACING));
        registry.expel(2);
        vm.warp(block.timestamp + SPACING);
        registry.expel(2);
        vm.warp(block.timestamp + SPACING);
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.UnknownOperator.selector, 9));
        registry.expel(9);
        vm.stopPrank();
        assertEq(registry.operatorAt(2).bond, 30 ether, "the bond is whole");
    }

    function test_an_offender_is_jailed_and_pays_reporter_and_nobody() public {
        uint256 zero = address(0).balance;
        address reporter = address(0x7e90);
        bytes memory evidence = twoFirsts(3, 41);
        vm.prank(reporter);
        registry.slash(evidence, keyOf(101).x);
        vm.snapshotGasLastCall("Operators", "slash, precompile");
        OperatorRegistry.Operator memory operator = registry.operatorAt(1);
        assertTrue(operator.jailed, "jailed");
        assertEq(operator.bond, 10 ether, "what is left");
        assertEq(registry.rewards(reporter), 1 ether, "reward");
        assertEq(address(0).balance - zero, 9 ether, "burnt");
        assertEq(registry.getVotes(ownerOf(1)), 0, "votes");
        assertTrue(!registry.isOperator(ownerOf(1)), "no operator");
        vm.prank(reporter);
        registry.collect(payable(reporter));
        assertEq(reporter.balance, 1 ether, "collected");
        vm.prank(reporter);
        vm.expectRevert(OperatorRegistry.NothingToPay.selector);
        registry.collect(payable(reporter));
        assertEq(address(registry).balance, 90 ether, "balance");
    }

    /// forge-config: default.evm_version = "cancun"
    function test_evidence_is_checked_without_the_precompile_too() public {
        Signature memory made = signed(101, "probe");
        PublicKey memory by = keyOf(101);
        (, bytes memory answer) = address(0x100).staticcall(abi.encode(sha256("probe"), made.r, made.s, by.x, by.y));
        assertEq(answer.length, 0, "this chain has no precompile");
        bytes memory evidence = twoFirsts(3, 41);
        registry.slash(evidence, by.x);
        vm.snapshotGasLastCall("Operators", "slash, fallback");
        assertTrue(registry.operatorAt(1).jailed, "jailed");
        bytes memory damaged = twoFirsts(4, 41);
        damaged[damaged.length - 1] ^= 0x01;
        vm.expectRevert(abi.encodeWithSelector(VoteEvidence.StatementNotSigned.selector, 2));
        registry.slash(damaged, by.x);
    }

    function test_an_offence_counts_once_and_another_one_again() public {
        registry.slash(twoFirsts(3, 41), keyOf(101).x);
        // The same two votes, and two of another slot: one charge for each operator, epoch and kind.
        bytes memory reason = abi.encodeWithSelector(OperatorRegistry.AlreadyPunished.selector, 1, 3, 2);
        bytes memory same = twoFirsts(3, 41);
        bytes memory another = twoFirsts(3, 42);
        vm.expectRevert(reason);
        registry.slash(same, keyOf(101).x);
        vm.expectRevert(reason);
        registry.slash(another, keyOf(101).x);
        uint48 release = registry.operatorAt(1).releaseAt;
        vm.warp(block.timestamp + 1 days);
        registry.slash(twoFirsts(4, 41), keyOf(101).x);
        assertEq(registry.operatorAt(1).bond, 5 ether, "half of the half");
        assertEq(registry.operatorAt(1).releaseAt, release, "evidence in drops does not hold the bond for ever");
    }

    function test_jail_starts_the_delay_anew_and_then_pays_what_is_left() public {
        vm.startPrank(ownerOf(1));
        registry.exit(1);
        vm.warp(block.timestamp + UNBONDING);
        vm.stopPrank();
        registry.slash(twoFirsts(3, 41), keyOf(101).x);
        uint48 release = uint48(block.timestamp) + UNBONDING;
        vm.prank(ownerOf(1));
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.StillBonded.selector, 1, release));
        registry.withdraw(1, payable(ownerOf(1)));
        vm.warp(release);
        vm.prank(ownerOf(1));
        registry.withdraw(1, payable(ownerOf(1)));
        assertEq(ownerOf(1).balance, 10 ether, "what is left");
        bytes memory late = twoFirsts(5, 41);
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.NothingBonded.selector, 1));
        registry.slash(late, keyOf(101).x);
    }

    function test_who_is_in_jail_neither_leaves_earlier_nor_bonds_nor_rotates() public {
        registry.slash(twoFirsts(3, 41), keyOf(101).x);
        OperatorRegistry.ProvedKeys memory keys = proved(ownerOf(1), 301, 302);
        Signature memory signature = signed(201, OperatorKeys.removalText(address(registry), 1));
        vm.deal(ownerOf(1), 1 ether);
        vm.startPrank(ownerOf(1));
        bytes memory reason = abi.encodeWithSelector(OperatorRegistry.NotActive.selector, 1);
        vm.expectRevert(reason);
        registry.exit(1);
        vm.expectRevert(reason);
        registry.addBond{value: 1 ether}(1);
        vm.expectRevert(reason);
        registry.rotate(1, keys);
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.AlreadyRemoved.selector, 1));
        registry.remove(1, signature);
        vm.stopPrank();
    }

    function test_a_rotated_key_convicts_for_the_unbonding_delay() public {
        OperatorRegistry.ProvedKeys memory keys = proved(ownerOf(1), 301, 201);
        vm.prank(ownerOf(1));
        registry.rotate(1, keys);
        uint48 retired = uint48(block.timestamp);
        vm.warp(retired + UNBONDING);
        registry.slash(twoFirsts(3, 41), keyOf(101).x);
        assertTrue(registry.operatorAt(1).jailed, "jailed");
        vm.warp(retired + UNBONDING + 1);
        bytes memory late = twoFirsts(4, 41);
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.KeyRetiredLongAgo.selector, keyOf(101).x, retired));
        registry.slash(late, keyOf(101).x);
    }

    function test_keys_of_another_kind_or_nobodys_convict_nobody() public {
        bytes memory byNodeKey = twoFirstsOf(201, 3, 41);
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.NotAVoteKey.selector, keyOf(201).x));
        registry.slash(byNodeKey, keyOf(201).x);
        bytes memory byNobody = twoFirstsOf(999, 3, 41);
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.NotAVoteKey.selector, keyOf(999).x));
        registry.slash(byNobody, keyOf(999).x);
        vm.expectRevert(abi.encodeWithSelector(VoteEvidence.StatementNotSigned.selector, 1));
        registry.slash(byNobody, keyOf(101).x);
    }

    function test_a_reporter_that_calls_back_is_paid_once() public {
        Reentrant reporter = new Reentrant(registry);
        reporter.slash(twoFirsts(3, 41), keyOf(101).x);
        reporter.collect();
        assertEq(reporter.calls(), 1, "paid once");
        assertEq(reporter.answer(), abi.encodeWithSelector(OperatorRegistry.NothingToPay.selector));
        assertEq(address(reporter).balance, 1 ether, "its reward");
    }

    function test_a_reporter_that_takes_no_money_can_not_keep_an_offender_out_of_jail() public {
        Refusing refusing = new Refusing();
        bytes memory evidence = twoFirsts(3, 41);
        vm.prank(address(refusing));
        registry.slash(evidence, keyOf(101).x);
        assertTrue(registry.operatorAt(1).jailed, "jailed");
        vm.prank(address(refusing));
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.PaymentFailed.selector, address(refusing)));
        registry.collect(payable(address(refusing)));
        vm.prank(address(refusing));
        registry.collect(payable(address(0x77)));
        assertEq(address(0x77).balance, 1 ether, "sent where it is taken");
    }

    function test_stake_is_delegated_and_goes_with_the_bond() public {
        address delegate = address(0xde1e);
        vm.prank(ownerOf(3));
        registry.delegate(delegate);
        assertEq(registry.getVotes(delegate), 40 ether, "delegated");
        vm.deal(ownerOf(3), 2 ether);
        vm.prank(ownerOf(3));
        registry.addBond{value: 2 ether}(3);
        assertEq(registry.getVotes(delegate), 42 ether, "with what was added");
        register(ownerOf(3), 301, 302, 5 ether);
        assertEq(registry.getVotes(delegate), 47 ether, "and with a second operator");
        vm.prank(ownerOf(3));
        registry.exit(3);
        assertEq(registry.getVotes(delegate), 5 ether, "until it leaves");
    }

    function test_bonding_and_leaving_within_a_moment_leaves_no_vote_behind() public {
        uint32 number = register(_NEWCOMER, 301, 302, 900 ether);
        vm.prank(_NEWCOMER);
        registry.exit(number);
        uint256 moment = block.timestamp;
        vm.warp(moment + 1);
        assertEq(registry.getPastVotes(_NEWCOMER, moment), 0, "votes");
        assertEq(registry.getPastTotalSupply(moment), 100 ether, "all votes");
    }

    function test_terms_have_bounds_and_only_governance_changes_them() public {
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.NotGovernance.selector, address(this)));
        registry.setTerms(terms());
        OperatorRegistry.Terms[6] memory bad = [terms(), terms(), terms(), terms(), terms(), terms()];
        bad[0].minBond = 0;
        bad[1].minBond = 1_000 ether + 1;
        bad[2].burnBasisPoints = 999;
        bad[3].burnBasisPoints = 9_001;
        bad[4].rewardBasisPoints = 1_001;
        bad[5].burnBasisPoints = 0;
        vm.startPrank(address(timelock));
        for (uint256 i = 0; i < bad.length; i++) {
            vm.expectRevert(OperatorRegistry.TermsOutOfRange.selector);
            registry.setTerms(bad[i]);
        }
        registry.setTerms(OperatorRegistry.Terms(2 ether, 9_000, 1_000));
        vm.stopPrank();
        registry.slash(twoFirsts(3, 41), keyOf(101).x);
        assertEq(registry.operatorAt(1).bond, 0, "all of it");
    }

    function test_genesis_must_add_up() public {
        OperatorRegistry.GenesisOperator[] memory genesis = new OperatorRegistry.GenesisOperator[](1);
        genesis[0] = OperatorRegistry.GenesisOperator(ownerOf(0), keyOf(100), keyOf(200), 10 ether);
        OperatorRegistry.Options memory chosen = options();
        vm.expectRevert(OperatorRegistry.GenesisOutOfRange.selector);
        new OperatorRegistry{value: 9 ether}(chosen, terms(), genesis);
        genesis[0].nodeKey = genesis[0].voteKey;
        vm.expectRevert(abi.encodeWithSelector(OperatorRegistry.KeyUsed.selector, keyOf(100).x));
        new OperatorRegistry{value: 10 ether}(chosen, terms(), genesis);
        chosen.unbondingDelay = 91 days;
        vm.expectRevert(OperatorRegistry.OptionsOutOfRange.selector);
        new OperatorRegistry(chosen, terms(), new OperatorRegistry.GenesisOperator[](0));
    }

    function testFuzz_bond_is_what_was_paid_in_minus_what_was_taken(uint96 first, uint96 more, uint16 burn, uint16 reward) public {
        first = uint96(MIN_BOND + first % 1e28);
        more = uint96(1 + more % 1e28);
        burn = 1_000 + burn % 8_001;
        reward = reward % 1_001;
        vm.prank(address(timelock));
        registry.setTerms(OperatorRegistry.Terms(MIN_BOND, burn, reward));
        uint32 number = register(_NEWCOMER, 301, 302, first);
        vm.deal(_NEWCOMER, more);
        vm.prank(_NEWCOMER);
        registry.addBond{value: more}(number);
        uint256 zero = address(0).balance;
        registry.slash(twoFirstsOf(301, 1, 1), keyOf(301).x);
        uint256 bond = uint256(first) + more;
        uint256 burnt = bond * burn / 10_000;
        uint256 paid = bond * reward / 10_000;
        assertEq(address(0).balance - zero, burnt, "burnt");
        assertEq(registry.rewards(address(this)), paid, "reward");
        assertEq(registry.operatorAt(number).bond, bond - burnt - paid, "left");
        assertEq(address(registry).balance, 100 ether + bond - burnt, "balance");
    }

    function _expectRefusedJoin(
        OperatorRegistry.ProvedKeys memory keys,
        OperatorRegistry.Endpoints memory where,
        uint256 bond,
        bytes memory reason
    ) private {
        vm.deal(_NEWCOMER, bond);
        vm.prank(_NEWCOMER);
        vm.expectRevert(reason);
        registry.register{value: bond}(keys, where);
    }
}
