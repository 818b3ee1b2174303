// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Who the sender of a forced call is on the rollup
/// @notice A key controls the same account on both chains. A contract's address on L1 may belong to somebody else's contract on the rollup, so it
/// speaks there from an address that is moved by a fixed offset, the one that Optimism and Arbitrum use.
library AddressAlias {
    uint160 internal constant OFFSET = uint160(0x1111000000000000000000000000000000001111);

    function applied(address l1) internal pure returns (address l2) {
        unchecked {
            return address(uint160(l1) + OFFSET);
        }
    }

    /// @notice The caller as the rollup knows it.
    function caller() internal view returns (address) {
        return isKey(msg.sender) ? msg.sender : applied(msg.sender);
    }

    /// @notice Whether an account is controlled by a key: it signed this transaction, or its code is a delegation (EIP-7702), which only its key
    /// can set and no contract can be deployed with (EIP-3541). An account without code that did not sign may be a contract under construction.
    function isKey(address account) internal view returns (bool) {
        // solhint-disable-next-line avoid-tx-origin
        if (account == tx.origin) return true;
        if (account.code.length != 23) return false;
        return bytes3(account.code) == 0xef0100;
    }
}
