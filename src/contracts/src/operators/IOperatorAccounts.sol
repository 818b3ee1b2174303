// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title What Settlement reads of the operators' registry
interface IOperatorAccounts {
    /// @notice Whether the account owns an operator that is registered, bonded and not jailed.
    function isOperator(address account) external view returns (bool);
}
