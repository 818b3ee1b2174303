// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {NoticeAccount} from "./NoticeAccount.sol";

/// @title What stands behind a searcher's bids
/// @notice A bidder deposits, and takes out after notice. The notice is longer than the longest time in which an auction's result can still reach L1
/// (postings may be late by `maxPostingDelay`, and L1 needs time to finalize), so that nobody wins an auction and is gone before it is paid for.
/// Amounts are in wei, times in seconds. There is no owner, no administrator and no way to stop a withdrawal.
contract BidEscrow {
    using NoticeAccount for NoticeAccount.Account;

    /// @notice No notice may be longer, so that a deployment can not lock money away for good.
    uint64 public constant NOTICE_MAX = 30 days;

    /// @notice Seconds from the notice to the withdrawal.
    uint64 public immutable NOTICE;

    /// @notice Least balance of an account, in wei: every account takes a place in every replica's state.
    uint128 public immutable MINIMUM_BALANCE;

    mapping(address bidder => NoticeAccount.Account) private _accounts;

    /// @notice Sum of all balances, in wei. The contract never holds less.
    uint256 public total;

    /// @param balance The bidder's balance afterwards.
    event Deposited(address indexed bidder, address indexed payer, uint256 amount, uint256 balance);

    /// @notice From here on nobody counts on the amount.
    /// @param number The bidder's requests are counted from 1.
    event WithdrawalRequested(address indexed bidder, uint64 indexed number, uint256 amount, uint64 releaseAt);

    event WithdrawalCancelled(address indexed bidder, uint64 indexed number);

    event Withdrawn(address indexed bidder, uint64 indexed number, address to, uint256 amount);

    /// @notice The notice must be longer than `maxPostingDelay + l1Finality` and at most `NOTICE_MAX`.
    error BadNotice(uint64 notice, uint64 least);

    error ZeroAddress();

    /// @notice The recipient refused the money; nothing changed.
    error PaymentRefused(address to);

    /// @param notice Seconds.
    /// @param maxPostingDelay Seconds: the longest that any policy may set, not today's, because the notice is fixed for good.
    /// @param l1Finality Seconds L1 needs to finalize, with reserve.
    /// @param minimumBalance Wei.
    constructor(uint64 notice, uint64 maxPostingDelay, uint64 l1Finality, uint128 minimumBalance) {
        if (notice <= uint256(maxPostingDelay) + l1Finality || notice > NOTICE_MAX) {
            revert BadNotice(notice, maxPostingDelay + l1Finality + 1);
        }
        NOTICE = notice;
        MINIMUM_BALANCE = minimumBalance;
    }

    /// @notice Adds to an account; anybody may, for anybody.
    function deposit(address bidder) external payable {
        if (bidder == address(0)) revert ZeroAddress();
        uint256 balance = _accounts[bidder].deposit(msg.value, MINIMUM_BALANCE);
        total += msg.value;
        emit Deposited(bidder, msg.sender, msg.value, balance);
    }

    /// @notice Gives notice of a withdrawal. One at a time.
    function requestWithdrawal(uint256 amount) external returns (uint64 number, uint64 releaseAt) {
        (number, releaseAt) = _accounts[msg.sender].request(amount, MINIMUM_BALANCE, NOTICE);
        emit WithdrawalRequested(msg.sender, number, amount, releaseAt);
    }

    /// @notice Takes the notice back.
    function cancelWithdrawal() external {
        emit WithdrawalCancelled(msg.sender, _accounts[msg.sender].cancel());
    }

    /// @notice Pays what is under notice once the notice is over.
    function withdraw(address payable to) external returns (uint256 amount) {
        if (to == address(0)) revert ZeroAddress();
        uint64 number;
        (number, amount) = _accounts[msg.sender].release();
        total -= amount;
        emit Withdrawn(msg.sender, number, to, amount);
        (bool paid,) = to.call{value: amount}("");
        if (!paid) revert PaymentRefused(to);
    }

    function accountOf(address bidder) external view returns (NoticeAccount.Account memory) {
        return _accounts[bidder];
    }

    /// @notice What a bid may count on: the balance without what is under notice.
    function availableOf(address bidder) external view returns (uint256) {
        return _accounts[bidder].available();
    }
}
