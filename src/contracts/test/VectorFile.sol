// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "./forge/Test.sol";

/// @notice Known answers that C# pins and every verifier shares: lines "name = hex" of a file in tests/SharedSeq.Core.Tests/Vectors.
abstract contract VectorFile is Test {
    mapping(bytes32 nameHash => bytes) private _values;
    mapping(bytes32 nameHash => bool) private _isKnown;

    /// @dev All names, in the file's order.
    string[] internal names;

    function readVectors(string memory name) internal {
        string[] memory lines = vm.split(vm.readFile(string.concat("../../tests/SharedSeq.Core.Tests/Vectors/", name, ".txt")), "\n");
        for (uint256 i = 0; i < lines.length; ++i) {
            if (bytes(lines[i]).length == 0 || bytes(lines[i])[0] == "#") continue;
            string[] memory parts = vm.split(lines[i], " =");
            require(parts.length == 2, lines[i]);
            bytes32 key = keccak256(bytes(parts[0]));
            names.push(parts[0]);
            _isKnown[key] = true;
            _values[key] = vm.parseBytes(string.concat("0x", vm.trim(parts[1])));
        }
    }

    function has(string memory name) internal view returns (bool) {
        return _isKnown[keccak256(bytes(name))];
    }

    function vector(string memory name) internal view returns (bytes memory) {
        require(has(name), string.concat("no vector ", name));
        return _values[keccak256(bytes(name))];
    }

    function vectorWord(string memory name) internal view returns (bytes32) {
        return bytes32(vector(name));
    }
}
