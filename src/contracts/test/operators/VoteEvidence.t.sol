// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {VectorFile} from "../VectorFile.sol";
import {KeyRole, OperatorKeys, PublicKey, Signature} from "../../src/operators/OperatorKeys.sol";
import {VoteEvidence} from "../../src/operators/VoteEvidence.sol";

/// @notice Calls the libraries from outside, so that refusals can be seen.
contract EvidenceDoor {
    function check(bytes calldata evidence, uint64 network, PublicKey memory key) external view returns (uint8, uint64) {
        return VoteEvidence.check(evidence, network, key);
    }

    function checkProof(address registry, address owner, KeyRole role, PublicKey memory key, Signature memory proof) external view {
        OperatorKeys.checkProof(registry, owner, role, key, proof);
    }
}

/// @notice Real signatures made by C# (tests/SharedSeq.Core.Tests/Vectors): both implementations agree on every one, and on every damaged one.
contract VoteEvidenceVectorTest is VectorFile {
    EvidenceDoor private _door;
    uint64 private _network;
    PublicKey private _key;
    string[] private _slashed;
    string[] private _refused;

    function setUp() public {
        _door = new EvidenceDoor();
        readVectors("l1-evidence");
        for (uint256 i = 0; i < names.length; i++) {
            string memory kind = vm.split(names[i], ",")[0];
            if (_isSame(kind, "slashed")) _slashed.push(names[i]);
            if (_isSame(kind, "refused")) _refused.push(names[i]);
        }
        _network = uint64(bytes8(vector("network")));
        _key = _keyOf(vector("vote key"));
    }

    function test_every_contradiction_is_taken_with_its_kind_and_epoch() public view {
        assertEq(_slashed.length, 7);
        for (uint256 i = 0; i < _slashed.length; i++) {
            bytes memory evidence = vector(_slashed[i]);
            (uint8 kind, uint64 epoch) = _door.check(evidence, _network, _key);
            assertEq(kind, uint8(evidence[0]), _slashed[i]);
            assertEq(epoch, 3, _slashed[i]);
        }
    }

    function test_what_is_no_evidence_is_refused() public view {
        assertEq(_refused.length, 13);
        for (uint256 i = 0; i < _refused.length; i++) {
            assertTrue(!_isTaken(vector(_refused[i]), _network, _key), _refused[i]);
        }
    }

    function test_evidence_is_of_its_network_and_key() public view {
        bytes memory evidence = vector(_slashed[0]);
        assertTrue(!_isTaken(evidence, _network + 1, _key), "another network");
        PublicKey memory mirrored = _keyOf(vector("another vote key"));
        assertTrue(!_isTaken(evidence, _network, mirrored), "another key");
    }

    /// @dev Everything is signed or checked but the seat (bytes 9 and 10), which says nothing.
    function testFuzz_no_damaged_evidence_is_taken(uint256 which, uint256 at, uint8 change) public view {
        bytes memory evidence = vector(_slashed[which % _slashed.length]);
        at = at % evidence.length;
        if (at == 9 || at == 10) at = 0;
        if (change == 0) change = 1;
        evidence[at] = bytes1(uint8(evidence[at]) ^ change);
        assertTrue(!_isTaken(evidence, _network, _key), "damaged");
    }

    function testFuzz_evidence_has_one_length(uint256 which, uint16 length) public view {
        bytes memory evidence = vector(_slashed[which % _slashed.length]);
        uint256 other = length % 512;
        if (other == evidence.length) other++;
        bytes memory cut = new bytes(other);
        for (uint256 i = 0; i < other && i < evidence.length; i++) cut[i] = evidence[i];
        assertTrue(!_isTaken(cut, _network, _key), "another length");
    }

    function test_what_keys_of_operators_sign_is_what_csharp_builds() public {
        readVectors("l1-operators");
        address registry = address(bytes20(vector("registry")));
        address owner = address(bytes20(vector("owner")));
        assertEq(block.chainid, uint64(bytes8(vector("l1 chain id"))));
        KeyRole[2] memory roles = [KeyRole.Vote, KeyRole.Node];
        string[2] memory called = ["vote key", "node key"];
        for (uint256 i = 0; i < 2; i++) {
            PublicKey memory key = _keyOf(vector(string.concat(called[i], " of an operator")));
            bytes memory text = OperatorKeys.proofText(registry, owner, roles[i], key);
            assertEq(text, vector(string.concat(called[i], " proof, text")));
            Signature memory proof = _signatureOf(vector(string.concat(called[i], " proof, signature")));
            _door.checkProof(registry, owner, roles[i], key, proof);
            vm.expectRevert(abi.encodeWithSelector(OperatorKeys.BadProof.selector, roles[i]));
            _door.checkProof(registry, registry, roles[i], key, proof);
            vm.expectRevert(abi.encodeWithSelector(OperatorKeys.BadProof.selector, roles[1 - i]));
            _door.checkProof(registry, owner, roles[1 - i], key, proof);
        }
        assertEq(OperatorKeys.removalText(registry, 4), vector("removal of operator 4, text"));
        PublicKey memory node = _keyOf(vector("node key of an operator"));
        Signature memory removal = _signatureOf(vector("removal of operator 4, signature"));
        assertTrue(OperatorKeys.isSigned(node, OperatorKeys.removalText(registry, 4), removal), "removal");
        assertTrue(!OperatorKeys.isSigned(node, OperatorKeys.removalText(registry, 5), removal), "removal of another one");
    }

    function _isTaken(bytes memory evidence, uint64 network, PublicKey memory key) private view returns (bool) {
        try _door.check(evidence, network, key) {
            return true;
        } catch {
            return false;
        }
    }

    function _keyOf(bytes memory value) private pure returns (PublicKey memory) {
        (bytes32 x, bytes32 y) = abi.decode(value, (bytes32, bytes32));
        return PublicKey(x, y);
    }

    function _signatureOf(bytes memory value) private pure returns (Signature memory) {
        (bytes32 r, bytes32 s) = abi.decode(value, (bytes32, bytes32));
        return Signature(r, s);
    }

    function _isSame(string memory a, string memory b) private pure returns (bool) {
        return keccak256(bytes(a)) == keccak256(bytes(b));
    }
}
