// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {OperatorBench} from "../operators/OperatorBench.sol";
import {CommitteeTerms, Field, PolicyRules} from "../../src/governance/PolicyRules.sol";

/// @notice Makes policies by writing one field of an encoded one.
abstract contract PolicyBench is OperatorBench {
    CommitteeTerms internal committee = CommitteeTerms(13, 0, 0, 0);

    /// @dev The policy with another value in one field.
    function with(bytes memory policy, string memory name, uint64 value) internal pure returns (bytes memory) {
        bytes memory changed = bytes.concat(policy);
        Field[17] memory all = PolicyRules.fields();
        uint256 at = 0;
        for (uint256 i = 0; i < all.length; i++) {
            if (keccak256(bytes(all[i].name)) == keccak256(bytes(name))) {
                for (uint256 k = 0; k < all[i].width; k++) {
                    changed[at + k] = bytes1(uint8(value >> (8 * (all[i].width - 1 - k))));
                }
                return changed;
            }
            at += all[i].width;
        }
        revert(string.concat("no field ", name));
    }

    /// @dev The version after genesis with another value in one field.
    function next(string memory name, uint64 value) internal pure returns (bytes memory) {
        return with(with(GENESIS_POLICY, "version", 2), name, value);
    }
}
