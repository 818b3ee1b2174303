// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {OperatorBench} from "./OperatorBench.sol";
import {KeyRole} from "../../src/operators/OperatorKeys.sol";
import {OperatorRegistry} from "../../src/operators/OperatorRegistry.sol";

/// @notice Some owners, some secrets that are tried again and again, and time that passes. Knows what was paid in and out.
contract OperatorActor is OperatorBench {
    uint256 public paidIn;
    uint256 public paidOut;
    uint256 public burnt;
    uint256 public withdrawals;

    uint256 private constant _OWNERS = 5;
    uint256 private constant _SECRETS = 24;

    constructor() {
        deploy();
        paidIn = 100 ether;
    }

    function target() external view returns (OperatorRegistry) {
        return registry;
    }

    function join(uint256 who, uint256 secret, uint256 bond) external {
        address owner = ownerOf(who % _OWNERS);
        secret = 100 + secret % _SECRETS;
        bond = bond % 50 ether;
        OperatorRegistry.ProvedKeys memory keys = proved(owner, secret, secret + 100);
        vm.deal(owner, bond);
        vm.prank(owner);
        registry.register{value: bond}(keys, endpoints());
        paidIn += bond;
    }

    function addBond(uint256 which, uint256 bond) external {
        uint32 number = _pick(which);
        bond = bond % 5 ether;
        address owner = registry.operatorAt(number).owner;
        vm.deal(owner, bond);
        vm.prank(owner);
        registry.addBond{value: bond}(number);
        paidIn += bond;
    }

    function rotate(uint256 which, uint256 secret) external {
        uint32 number = _pick(which);
        address owner = registry.operatorAt(number).owner;
        secret = 100 + secret % _SECRETS;
        OperatorRegistry.ProvedKeys memory keys = proved(owner, secret, secret + 100);
        vm.prank(owner);
        registry.rotate(number, keys);
    }

    function exit(uint256 which) external {
        uint32 number = _pick(which);
        vm.prank(registry.operatorAt(number).owner);
        registry.exit(number);
    }

    function expel(uint256 which) external {
        uint32 number = _pick(which);
        vm.prank(address(timelock));
        registry.expel(number);
    }

    function delegate(uint256 who, uint256 to) external {
        vm.prank(ownerOf(who % _OWNERS));
        registry.delegate(ownerOf(to % _OWNERS));
    }

    function offend(uint256 secret, uint64 epoch, uint256 reporter) external {
        secret = 100 + secret % _SECRETS;
        bytes memory evidence = twoFirstsOf(secret, epoch % 3, 7);
        bytes32 x = keyOf(secret).x;
        uint256 before = address(0).balance;
        vm.prank(ownerOf(reporter % _OWNERS));
        registry.slash(evidence, x);
        burnt += address(0).balance - before;
    }

    function withdraw(uint256 which) external {
        uint32 number = _pick(which);
        address owner = registry.operatorAt(number).owner;
        address payable to = payable(address(0xbeef));
        uint256 before = to.balance;
        vm.prank(owner);
        registry.withdraw(number, to);
        paidOut += to.balance - before;
        withdrawals++;
    }

    function collect(uint256 who) external {
        address payable to = payable(address(0xbeef));
        uint256 before = to.balance;
        vm.prank(ownerOf(who % _OWNERS));
        registry.collect(to);
        paidOut += to.balance - before;
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + time % UNBONDING);
    }

    function _pick(uint256 which) private view returns (uint32) {
        return uint32(which % registry.operatorCount());
    }
}

contract OperatorInvariantsTest is OperatorBench {
    OperatorActor private _actor;
    OperatorRegistry private _target;

    function setUp() public {
        _actor = new OperatorActor();
        _target = _actor.target();
        targetContract(address(_actor));
    }

    function invariant_the_balance_is_bonds_and_rewards() public view {
        uint256 sum = 0;
        uint32 count = _target.operatorCount();
        for (uint32 i = 0; i < count; i++) sum += _target.operatorAt(i).bond;
        for (uint256 i = 0; i < 5; i++) sum += _target.rewards(ownerOf(i));
        assertEq(address(_target).balance, sum, "balance");
        assertEq(_actor.paidIn(), sum + _actor.paidOut() + _actor.burnt(), "paid in and out");
    }

    function invariant_votes_are_the_active_bonds() public view {
        uint32 count = _target.operatorCount();
        uint256 active = 0;
        for (uint32 i = 0; i < count; i++) {
            OperatorRegistry.Operator memory operator = _target.operatorAt(i);
            if (operator.releaseAt == 0) active += operator.bond;
            // Jailed and removed are not active.
            assertTrue(operator.releaseAt != 0 || (!operator.jailed && !operator.removed), "active");
        }
        uint256 votes = 0;
        uint256 units = 0;
        for (uint256 i = 0; i < 5; i++) {
            votes += _target.getVotes(ownerOf(i));
            units += _target.activeBond(ownerOf(i));
        }
        assertEq(votes, active, "votes");
        assertEq(units, active, "units");
    }

    function invariant_a_key_has_one_owner_and_one_role() public view {
        uint32 count = _target.operatorCount();
        for (uint32 i = 0; i < count; i++) {
            OperatorRegistry.Operator memory operator = _target.operatorAt(i);
            _checkKey(i, operator.voteKey.x, KeyRole.Vote);
            _checkKey(i, operator.nodeKey.x, KeyRole.Node);
        }
    }

    function _checkKey(uint32 number, bytes32 x, KeyRole role) private view {
        OperatorRegistry.KeyRecord memory key = _target.keyRecord(x);
        assertEq(key.number, number, "owner");
        assertEq(uint256(key.role), uint256(role), "role");
        assertEq(key.retiredAt, 0, "serves");
    }
}
