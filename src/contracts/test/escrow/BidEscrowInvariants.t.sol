// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BidEscrow} from "../../src/escrow/BidEscrow.sol";
import {NoticeAccount} from "../../src/escrow/NoticeAccount.sol";
import {Test} from "../forge/Test.sol";

/// @notice Whatever bidders do in whatever order: nothing is lost, nothing is paid early, nobody is paid from another's money.
contract BidEscrowInvariants is Test {
    BidEscrow private escrow;
    Bidders private bidders;

    function setUp() public {
        vm.warp(1_800_000_000);
        escrow = new BidEscrow(9 days, 7 days, 1 days, 0.01 ether);
        bidders = new Bidders(escrow);
        vm.deal(address(bidders), 1_000_000 ether);
        targetContract(address(bidders));
    }

    function invariant_The_contract_holds_the_sum_of_all_balances() public view {
        uint256 sum;
        for (uint160 i = 1; i <= bidders.COUNT(); ++i) {
            NoticeAccount.Account memory account = escrow.accountOf(address(i + 0x1000));
            sum += account.balance;
            assertEq(account.balance, bidders.expected(address(i + 0x1000)));
            assertLe(account.requested, account.balance);
            assertEq(account.requested == 0, account.releaseAt == 0);
        }
        assertEq(escrow.total(), sum);
        assertEq(address(escrow).balance, sum);
        assertEq(bidders.paidEarly(), 0);
    }
}

/// @notice Acts as one bidder after the other and keeps its own books.
contract Bidders is Test {
    uint160 public constant COUNT = 4;
    BidEscrow private immutable ESCROW;
    mapping(address bidder => uint256) public expected;
    mapping(address bidder => uint256) private _askedAt;
    uint256 public paidEarly;

    constructor(BidEscrow escrow) {
        ESCROW = escrow;
    }

    function deposit(uint256 who, uint256 amount) external {
        amount = bound(amount, 0, 2 ether);
        address bidder = pick(who);
        try ESCROW.deposit{value: amount}(bidder) {
            expected[bidder] += amount;
        } catch {}
    }

    function request(uint256 who, uint256 part) external {
        address bidder = pick(who);
        uint256 amount = part % 3 == 0 ? expected[bidder] : bound(part, 0, expected[bidder] + 1);
        vm.prank(bidder);
        try ESCROW.requestWithdrawal(amount) {
            _askedAt[bidder] = block.timestamp;
        } catch {}
    }

    function cancel(uint256 who) external {
        vm.prank(pick(who));
        try ESCROW.cancelWithdrawal() {} catch {}
    }

    function withdraw(uint256 who) external {
        address bidder = pick(who);
        vm.prank(bidder);
        try ESCROW.withdraw(payable(bidder)) returns (uint256 amount) {
            expected[bidder] -= amount;
            if (block.timestamp < _askedAt[bidder] + ESCROW.NOTICE()) ++paidEarly;
        } catch {}
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 6 days));
    }

    function pick(uint256 who) private pure returns (address) {
        return address(uint160(0x1001 + who % COUNT));
    }
}
