// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title What a governed contract says about calls to itself, so that the timelock knows which may happen without delay.
/// @notice Whoever does not implement it has every call wait.
interface IGovernedCalls {
    /// @notice Whether a call raises the guarantees of users, or is bounded so that it can not lower them for long.
    /// @param call The call's data, selector included.
    /// @return This function's selector if the call may happen without delay, anything else if it must wait. A selector and not
    ///         a truth value, so that no fallback function that answers to everything passes for consent.
    function needsNoDelay(bytes calldata call) external view returns (bytes4);
}

/// @title Whether something is paused. What can be paused is a closed list; leaving, forcing and withdrawing are not in it.
interface IPauses {
    /// @notice Whether one scope is paused now.
    /// @param scope One of the scopes of PolicyRegistry.
    function isPaused(uint8 scope) external view returns (bool);
}
