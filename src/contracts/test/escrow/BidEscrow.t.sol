// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BidEscrow} from "../../src/escrow/BidEscrow.sol";
import {NoticeAccount} from "../../src/escrow/NoticeAccount.sol";
import {Refusing} from "../tenants/Tenants.sol";
import {Test} from "../forge/Test.sol";

contract BidEscrowTest is Test {
    uint64 private constant NOTICE = 9 days;
    uint128 private constant MINIMUM = 0.01 ether;
    address private constant BIDDER = address(0xb1d);

    BidEscrow private escrow;

    function setUp() public {
        vm.warp(1_800_000_000);
        escrow = new BidEscrow(NOTICE, 7 days, 1 days, MINIMUM);
        vm.deal(BIDDER, 100 ether);
    }

    function test_What_is_deposited_can_be_counted_on_until_notice_is_given() public {
        vm.expectEmit();
        emit BidEscrow.Deposited(BIDDER, address(this), 2 ether, 2 ether);
        escrow.deposit{value: 2 ether}(BIDDER);
        vm.snapshotGasLastCall("BidEscrow", "deposit");
        assertEq(escrow.availableOf(BIDDER), 2 ether);
        vm.expectEmit();
        emit BidEscrow.WithdrawalRequested(BIDDER, 1, 0.5 ether, uint64(block.timestamp) + NOTICE);
        vm.prank(BIDDER);
        escrow.requestWithdrawal(0.5 ether);
        vm.snapshotGasLastCall("BidEscrow", "requestWithdrawal");
        assertEq(escrow.availableOf(BIDDER), 1.5 ether);
        assertEq(escrow.accountOf(BIDDER).balance, 2 ether);
    }

    function test_Nothing_is_paid_before_the_notice_is_over_and_all_of_it_then() public {
        escrow.deposit{value: 2 ether}(BIDDER);
        vm.prank(BIDDER);
        (, uint64 releaseAt) = escrow.requestWithdrawal(2 ether);
        vm.warp(releaseAt - 1);
        vm.expectRevert(abi.encodeWithSelector(NoticeAccount.UnderNotice.selector, releaseAt));
        vm.prank(BIDDER);
        escrow.withdraw(payable(BIDDER));
        vm.warp(releaseAt);
        vm.expectEmit();
        emit BidEscrow.Withdrawn(BIDDER, 1, BIDDER, 2 ether);
        vm.prank(BIDDER);
        escrow.withdraw(payable(BIDDER));
        vm.snapshotGasLastCall("BidEscrow", "withdraw");
        assertEq(BIDDER.balance, 102 ether);
        assertEq(escrow.total(), 0);
        vm.expectRevert(NoticeAccount.NoRequest.selector);
        vm.prank(BIDDER);
        escrow.withdraw(payable(BIDDER));
    }

    function test_One_request_runs_at_a_time_and_numbers_go_on() public {
        escrow.deposit{value: 2 ether}(BIDDER);
        vm.startPrank(BIDDER);
        escrow.requestWithdrawal(1 ether);
        vm.expectRevert(abi.encodeWithSelector(NoticeAccount.RequestPending.selector, uint64(1)));
        escrow.requestWithdrawal(1 ether);
        vm.expectEmit();
        emit BidEscrow.WithdrawalCancelled(BIDDER, 1);
        escrow.cancelWithdrawal();
        assertEq(escrow.availableOf(BIDDER), 2 ether);
        vm.expectRevert(NoticeAccount.NoRequest.selector);
        escrow.cancelWithdrawal();
        (uint64 number,) = escrow.requestWithdrawal(2 ether);
        assertEq(number, 2);
        vm.stopPrank();
    }

    function test_A_cancelled_notice_starts_anew() public {
        escrow.deposit{value: 2 ether}(BIDDER);
        vm.startPrank(BIDDER);
        (, uint64 first) = escrow.requestWithdrawal(1 ether);
        vm.warp(first);
        escrow.cancelWithdrawal();
        (, uint64 second) = escrow.requestWithdrawal(1 ether);
        assertEq(second, first + NOTICE);
        vm.expectRevert(abi.encodeWithSelector(NoticeAccount.UnderNotice.selector, second));
        escrow.withdraw(payable(BIDDER));
        vm.stopPrank();
    }

    function test_A_deposit_during_the_notice_neither_grows_nor_delays_what_was_asked_for() public {
        escrow.deposit{value: 2 ether}(BIDDER);
        vm.prank(BIDDER);
        (, uint64 releaseAt) = escrow.requestWithdrawal(2 ether);
        vm.warp(releaseAt - 1);
        escrow.deposit{value: 1 ether}(BIDDER);
        vm.warp(releaseAt);
        vm.prank(BIDDER);
        assertEq(escrow.withdraw(payable(BIDDER)), 2 ether);
        assertEq(escrow.availableOf(BIDDER), 1 ether);
    }

    function test_An_account_holds_nothing_or_at_least_the_minimum() public {
        vm.expectRevert(NoticeAccount.ZeroAmount.selector);
        escrow.deposit(BIDDER);
        vm.expectRevert(abi.encodeWithSelector(NoticeAccount.BelowMinimum.selector, MINIMUM - 1, MINIMUM));
        escrow.deposit{value: MINIMUM - 1}(BIDDER);
        escrow.deposit{value: MINIMUM}(BIDDER);
        escrow.deposit{value: 1}(BIDDER);
        vm.startPrank(BIDDER);
        vm.expectRevert(NoticeAccount.ZeroAmount.selector);
        escrow.requestWithdrawal(0);
        vm.expectRevert(abi.encodeWithSelector(NoticeAccount.AboveBalance.selector, MINIMUM + 2, MINIMUM + 1));
        escrow.requestWithdrawal(MINIMUM + 2);
        vm.expectRevert(abi.encodeWithSelector(NoticeAccount.BelowMinimum.selector, MINIMUM - 1, MINIMUM));
        escrow.requestWithdrawal(2);
        escrow.requestWithdrawal(1);
        vm.stopPrank();
    }

    function test_Dust_can_not_be_added_to_what_is_under_notice() public {
        escrow.deposit{value: 1 ether}(BIDDER);
        vm.prank(BIDDER);
        escrow.requestWithdrawal(1 ether);
        vm.expectRevert(abi.encodeWithSelector(NoticeAccount.BelowMinimum.selector, uint256(1), MINIMUM));
        escrow.deposit{value: 1}(BIDDER);
    }

    function test_Money_that_nobody_takes_stays() public {
        Refusing refusing = new Refusing();
        escrow.deposit{value: 1 ether}(BIDDER);
        vm.startPrank(BIDDER);
        (, uint64 releaseAt) = escrow.requestWithdrawal(1 ether);
        vm.warp(releaseAt);
        vm.expectRevert(abi.encodeWithSelector(BidEscrow.PaymentRefused.selector, address(refusing)));
        escrow.withdraw(payable(address(refusing)));
        vm.expectRevert(BidEscrow.ZeroAddress.selector);
        escrow.withdraw(payable(address(0)));
        vm.stopPrank();
        assertEq(escrow.accountOf(BIDDER).balance, 1 ether);
    }

    function test_Money_comes_in_by_deposit_only() public {
        (bool done,) = address(escrow).call{value: 1 ether}("");
        assertFalse(done);
        vm.expectRevert(BidEscrow.ZeroAddress.selector);
        escrow.deposit{value: 1 ether}(address(0));
    }

    function test_Whoever_is_paid_and_calls_again_gets_nothing_twice() public {
        escrow.deposit{value: 5 ether}(BIDDER);
        ReentrantBidder thief = new ReentrantBidder(escrow);
        escrow.deposit{value: 1 ether}(address(thief));
        vm.warp(thief.request(1 ether));
        thief.withdraw();
        assertEq(address(thief).balance, 1 ether);
        assertEq(thief.refusals(), 1);
        assertEq(escrow.total(), 5 ether);
        assertEq(address(escrow).balance, 5 ether);
    }

    function test_A_notice_is_longer_than_any_posting_may_be_late_and_not_endless() public {
        vm.expectRevert(abi.encodeWithSelector(BidEscrow.BadNotice.selector, 8 days, 8 days + 1));
        new BidEscrow(8 days, 7 days, 1 days, 1);
        vm.expectRevert(abi.encodeWithSelector(BidEscrow.BadNotice.selector, 30 days + 1, 8 days + 1));
        new BidEscrow(30 days + 1, 7 days, 1 days, 1);
        new BidEscrow(30 days, 7 days, 1 days, 1);
    }
}

/// @notice A bidder that, while it is paid, asks for more.
contract ReentrantBidder {
    BidEscrow private immutable ESCROW;
    uint256 public refusals;

    constructor(BidEscrow escrow) {
        ESCROW = escrow;
    }

    function request(uint256 amount) external returns (uint64 releaseAt) {
        (, releaseAt) = ESCROW.requestWithdrawal(amount);
    }

    function withdraw() external {
        ESCROW.withdraw(payable(address(this)));
    }

    receive() external payable {
        try ESCROW.withdraw(payable(address(this))) {}
        catch {
            ++refusals;
        }
    }
}
