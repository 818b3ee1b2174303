// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title An account that is paid out only after notice
/// @notice Money that other parties rely on while it is here: an escrow behind bids, a rollup's prepaid account. Who wants it back says so,
/// from that moment on nobody counts on the amount any more, and after the notice it is paid. Amounts are in wei, times in seconds.
/// @dev The balance is the one that is recorded here. A debit that a certified result proves lowers it through `balance` alone: what a withdrawal
/// pays is the lesser of what was asked for and what is left.
library NoticeAccount {
    /// @param balance What is recorded, including what is under notice.
    /// @param requested Of that, what is under notice; nobody may count on it.
    /// @param releaseAt When it may be paid; 0 with no request.
    /// @param requests How many withdrawals were ever asked for: the number of the newest, by which results can cite it.
    struct Account {
        uint128 balance;
        uint128 requested;
        uint64 releaseAt;
        uint64 requests;
    }

    /// @notice An amount of nothing.
    error ZeroAmount();

    /// @notice An account holds either nothing or enough to be worth its place in every replica's state.
    error BelowMinimum(uint256 balance, uint256 minimum);

    /// @notice More is asked for than there is.
    error AboveBalance(uint256 amount, uint256 balance);

    /// @notice Another withdrawal is under notice: withdraw or cancel that one first.
    error RequestPending(uint64 number);

    error NoRequest();

    /// @notice The notice still runs.
    error UnderNotice(uint64 releaseAt);

    /// @notice Adds an amount. A pending withdrawal stays as it was asked for.
    function deposit(Account storage account, uint256 amount, uint256 minimum) internal returns (uint256 balance) {
        if (amount == 0) revert ZeroAmount();
        balance = account.balance + amount;
        // What is under notice is as good as gone; what is left must be worth its place.
        if (balance - account.requested < minimum) revert BelowMinimum(balance - account.requested, minimum);
        // All ether there is fits into 87 bits.
        account.balance = uint128(balance);
    }

    /// @notice Gives notice of a withdrawal; what stays is nothing or at least the minimum.
    function request(Account storage account, uint256 amount, uint256 minimum, uint64 notice)
        internal
        returns (uint64 number, uint64 releaseAt)
    {
        if (amount == 0) revert ZeroAmount();
        if (account.releaseAt != 0) revert RequestPending(account.requests);
        uint256 balance = account.balance;
        if (amount > balance) revert AboveBalance(amount, balance);
        uint256 left = balance - amount;
        if (left != 0 && left < minimum) revert BelowMinimum(left, minimum);
        number = account.requests + 1;
        releaseAt = uint64(block.timestamp) + notice;
        account.requests = number;
        account.requested = uint128(amount);
        account.releaseAt = releaseAt;
    }

    /// @notice Takes the notice back; the amount can be counted on again.
    function cancel(Account storage account) internal returns (uint64 number) {
        if (account.releaseAt == 0) revert NoRequest();
        number = account.requests;
        account.requested = 0;
        account.releaseAt = 0;
    }

    /// @notice Ends a request whose notice is over. The caller pays the amount.
    function release(Account storage account) internal returns (uint64 number, uint256 amount) {
        if (account.releaseAt == 0) revert NoRequest();
        if (block.timestamp < account.releaseAt) revert UnderNotice(account.releaseAt);
        number = account.requests;
        amount = account.requested < account.balance ? account.requested : account.balance;
        account.balance -= uint128(amount);
        account.requested = 0;
        account.releaseAt = 0;
    }

    /// @notice What others may count on.
    function available(Account storage account) internal view returns (uint256) {
        return account.requested < account.balance ? account.balance - account.requested : 0;
    }
}
