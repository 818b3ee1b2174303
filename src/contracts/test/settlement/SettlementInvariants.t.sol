// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ISettlement} from "../../src/settlement/ISettlement.sol";
import {Settlement} from "../../src/settlement/Settlement.sol";
import {Test} from "../forge/Test.sol";
import {TestNetwork} from "./TestNetwork.sol";

/// @notice Everybody at once: a committee that certifies, posts late or not at all, users that force, outsiders that escape, and time.
contract SettlementActors is TestNetwork {
    /// @dev Blocks that are built and not posted, behind `_base`; the header of the last one; and the certified head shown last.
    bytes private _blocks;
    bytes32 private _base;
    bytes private _header;
    Shown private _shown;

    /// @dev What may only grow.
    uint64 public number;
    uint64 public consumed;
    bool public wentBack;
    /// @dev A step out of a mode that should have been possible and was refused.
    bool public isStuck;

    constructor() {
        start(4, 1, 0);
    }

    function network() external view returns (Settlement) {
        return settlement;
    }

    function build(uint8 transactions) external {
        bytes32 tip = settlement.postedHash(NS);
        if (_base != tip) {
            // L1's chain is the committee's, too, or becomes it: that it left is seen a while later only.
            if (tip != tipOf(NS).hash) adopt(NS);
            (_base, _blocks) = (tip, "");
        }

        if (_blocks.length > 4096) return;
        (uint64 waiting,) = inbox.head(NS);
        uint64 count = tipOf(NS).forcedCount;
        if (count < waiting && transactions % 2 == 0) ++count;
        bytes memory next = build(NS, transactions % 3, count);
        _blocks = bytes.concat(_blocks, next);
        _header = new bytes(173);
        for (uint256 i = 0; i < 173; ++i) _header[i] = next[i];
    }

    function certify() external {
        _shown = accept(NS);
        _look();
    }

    function post() external {
        try settlement.post(NS, _shown.result, _shown.head, _blocks, "") {} catch {}
        _look();
    }

    function forceOne() external {
        force(NS, 1);
    }

    function wait(uint32 seconds_) external {
        vm.warp(block.timestamp + bound(seconds_, 1, 30 hours));
        vm.roll(block.number + 1);
    }

    function grace() external {
        try settlement.enterGrace(NS) {} catch {}
        _look();
    }

    function registerHead() external {
        try settlement.register(NS, _shown.result, _shown.head, _header) {} catch {}
        _look();
    }

    function endOrEnforce() external {
        Settlement.Namespace memory own = settlement.namespaceOf(NS);
        if (own.mode != ISettlement.Mode.Grace) return;
        bool isOver = block.timestamp >= own.modeSince + 6 hours;
        try settlement.endGrace(NS) {}
        catch {
            try settlement.enterEnforced(NS) {}
            catch {
                isStuck = isStuck || isOver;
            }
        }
        _look();
    }

    function forced(uint8 entries) external {
        Settlement.Namespace memory own = settlement.namespaceOf(NS);
        (uint64 count,) = inbox.head(NS);
        if (own.mode != ISettlement.Mode.Enforced || count == own.consumed || own.number < own.registered) return;
        try settlement.postForced(NS, bound(entries, 1, count - own.consumed)) {}
        catch {
            isStuck = true;
        }
        _look();
    }

    function leave() external {
        try settlement.leaveEnforced(NS) {} catch {}
        _look();
    }

    function abandon() external {
        try settlement.abandonRegistered(NS) {} catch {}
        _look();
    }

    function _look() private {
        Settlement.Namespace memory own = settlement.namespaceOf(NS);
        (uint64 count,) = inbox.head(NS);
        wentBack = wentBack || own.number < number || own.consumed < consumed || own.consumed > count;
        (number, consumed) = (own.number, own.consumed);
    }
}

/// @notice What holds whatever anybody does.
contract SettlementInvariantTest is Test {
    SettlementActors private _actors;

    function setUp() public {
        _actors = new SettlementActors();
        targetContract(address(_actors));
    }

    function invariant_Nothing_goes_back_no_mode_is_stuck_and_each_has_its_cause() public view {
        assertFalse(_actors.wentBack(), "posted blocks and consumed entries only grow");
        assertFalse(_actors.isStuck(), "some step is always possible");
        Settlement.Namespace memory own = _actors.network().namespaceOf(5);
        if (own.mode == ISettlement.Mode.Normal) {
            assertTrue(own.cause == ISettlement.Cause.None && own.registered == 0 && own.overdue == 0 && !own.isClosed);
        } else {
            assertTrue(own.cause != ISettlement.Cause.None, "a cause");
            assertTrue(own.mode == ISettlement.Mode.Enforced || !own.isClosed, "registration is open in Grace");
        }
    }
}
