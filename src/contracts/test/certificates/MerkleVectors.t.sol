// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Merkle} from "../../src/certificates/Merkle.sol";
import {VectorFile} from "../VectorFile.sol";

/// @notice Merkle paths and sorted commitments: the vectors of C#, and changed ones.
contract MerkleVectorsTest is VectorFile {
    bytes private constant TAG = "SharedSeq.vectors";

    uint64[6] private _asked = [0, 1, 7, 8, 1001, type(uint64).max];

    function setUp() public {
        readVectors("sorted-merkle");
    }

    function isPresent(bytes32 commitment, uint64 key, bytes32 value, bytes calldata proof) external view returns (bool) {
        return Merkle.isPresent(TAG, commitment, key, value, proof);
    }

    function isAbsent(bytes32 commitment, uint64 key, bytes calldata proof) external view returns (bool) {
        return Merkle.isAbsent(TAG, commitment, key, proof);
    }

    function rootFrom(bytes32 leaf, bytes calldata proof) external view returns (bytes32) {
        (Merkle.Place memory place, uint256 end) = Merkle.pathFrom(leaf, proof, 0);
        assertEq(end, proof.length);
        return place.root;
    }

    function test_Sorted_commitments_are_read_as_pinned() public view {
        uint256 proofs = _checkKeys("[]") + _checkKeys("[7]") + _checkKeys("[7 1000]")
            + _checkKeys("[1 7 1000 31337 18446744073709551615]");
        assertEq(proofs, 24);
    }

    function test_Paths_lead_to_the_pinned_roots() public {
        readVectors("merkle");
        for (uint256 count = 1; count <= 9; ++count) {
            string memory leaves = string.concat(vm.toString(count), " leaves, ");
            bytes32[] memory nodes = new bytes32[](count);
            for (uint256 i = 0; i < count; ++i) {
                nodes[i] = sha256(abi.encodePacked(uint8(0), uint8(i)));
                bytes memory proof = vector(string.concat(leaves, "proof of ", vm.toString(i)));
                assertEq(this.rootFrom(nodes[i], proof), vectorWord(string.concat(leaves, "root")));
            }

            assertEq(Merkle.rootOf(nodes), vectorWord(string.concat(leaves, "root")));
        }

        assertEq(Merkle.EMPTY_ROOT, vectorWord("0 leaves, root"));
    }

    /// A changed proof is malformed, proves nothing, or is about nothing that was asked.
    function testFuzz_A_changed_proof_proves_nothing(uint256 which, uint256 at, uint8 change) public view {
        string memory name = names[which % names.length];
        vm.assume(!_isCommitment(name));
        bytes memory proof = vector(name);
        uint8 before = uint8(proof[at % proof.length]);
        vm.assume(change != before);
        proof[at % proof.length] = bytes1(change);
        string memory keys = vm.split(name, ",")[0];
        bytes32 commitment = vectorWord(string.concat(keys, ", commitment"));
        uint64 key = uint64(vm.parseUint(vm.split(name, " of ")[1]));
        (bool ok, bytes memory answer) = address(this).staticcall(abi.encodeCall(this.isPresent, (commitment, key, _valueOf(key), proof)));
        assertFalse(ok && abi.decode(answer, (bool)), "presence");
        (ok, answer) = address(this).staticcall(abi.encodeCall(this.isAbsent, (commitment, key, proof)));
        assertFalse(ok && abi.decode(answer, (bool)), "absence");
    }

    function test_A_cut_or_longer_proof_is_malformed() public {
        for (uint256 i = 0; i < names.length; ++i) {
            if (_isCommitment(names[i])) continue;
            bytes memory proof = vector(names[i]);
            bytes memory longer = bytes.concat(proof, hex"00");
            _assertRefused(longer);
            for (uint256 length = 1; length < proof.length; length += 7) _assertRefused(_cut(proof, length));
        }

        _assertRefused("");
    }

    function _checkKeys(string memory keys) private view returns (uint256 proofs) {
        string memory set = string.concat("keys ", keys);
        bytes32 commitment = vectorWord(string.concat(set, ", commitment"));
        for (uint256 i = 0; i < _asked.length; ++i) {
            uint64 key = _asked[i];
            string memory present = string.concat(set, ", presence of ", vm.toString(key));
            bool isThere = has(present);
            bytes memory proof = vector(isThere ? present : string.concat(set, ", absence of ", vm.toString(key)));
            assertEq(this.isPresent(commitment, key, _valueOf(key), proof), isThere, present);
            assertEq(this.isAbsent(commitment, key, proof), !isThere, present);
            // What is proved is proved of this key, this value and this commitment only.
            assertFalse(this.isPresent(commitment, key, keccak256("another"), proof), present);
            assertFalse(this.isPresent(keccak256("another"), key, _valueOf(key), proof), present);
            assertFalse(this.isAbsent(keccak256("another"), key, proof), present);
            ++proofs;
        }
    }

    function _assertRefused(bytes memory proof) private {
        // Either question is answered by no or by a refusal.
        (bool ok, bytes memory answer) = address(this).staticcall(abi.encodeCall(this.isAbsent, (bytes32(0), 5, proof)));
        if (ok) assertFalse(abi.decode(answer, (bool)));
        if (proof.length > 0 && proof[0] != 0x01) {
            vm.expectRevert(Merkle.MalformedProof.selector);
            this.isAbsent(bytes32(0), 5, proof);
        } else {
            vm.expectRevert(Merkle.MalformedProof.selector);
            this.isPresent(bytes32(0), 5, bytes32(0), proof);
        }
    }

    function _isCommitment(string memory name) private pure returns (bool) {
        return vm.split(name, "commitment").length > 1;
    }

    /// @dev The C# test's values: the leaf hash of the key's bytes, lowest first.
    function _valueOf(uint64 key) private pure returns (bytes32) {
        bytes memory reversed = new bytes(8);
        for (uint256 i = 0; i < 8; ++i) reversed[i] = bytes1(uint8(key >> (8 * i)));
        return sha256(bytes.concat(hex"00", reversed));
    }

    function _cut(bytes memory data, uint256 length) private pure returns (bytes memory cut) {
        cut = new bytes(length);
        for (uint256 i = 0; i < length; ++i) cut[i] = data[i];
    }
}
