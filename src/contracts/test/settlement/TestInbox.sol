// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IForcedInbox} from "../../src/inbox/IForcedInbox.sol";
import {IOperatorAccounts} from "../../src/operators/IOperatorAccounts.sol";

/// @notice A forced queue that takes whatever a test adds.
contract TestInbox is IForcedInbox {
    mapping(uint64 namespace => Entry[]) private _entries;

    function add(uint64 namespace, bytes32 txId, uint32 recordBytes) external {
        _entries[namespace].push(Entry(txId, uint64(block.timestamp), recordBytes));
    }

    function head(uint64 namespace) external view returns (uint64 count, bytes32 rollingHash) {
        return (uint64(_entries[namespace].length), 0);
    }

    function entry(uint64 namespace, uint64 index) external view returns (Entry memory) {
        return _entries[namespace][index];
    }
}

/// @notice One operator.
contract TestOperators is IOperatorAccounts {
    address private immutable _operator;

    constructor(address operator) {
        _operator = operator;
    }

    function isOperator(address account) external view returns (bool) {
        return account == _operator;
    }
}
