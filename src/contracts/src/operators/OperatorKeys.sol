// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";

/// @notice A P-256 public key.
struct PublicKey {
    bytes32 x;
    bytes32 y;
}

/// @notice A P-256 signature over SHA-256, with a low s.
struct Signature {
    bytes32 r;
    bytes32 s;
}

/// @notice What a key is for. The values are those of operator statements' roles (docs/protocol/ordering.md, 11).
enum KeyRole {
    None,
    Operator,
    Vote,
    Node
}

/// @title What keys of operators sign for the registry. Built byte by byte as C# does (OperatorKeyProof), pinned by vectors.
/// @notice No text here begins like a vote or a batch: those have a version of two bytes behind "SharedSeq", these a dot.
library OperatorKeys {
    /// @notice Not a point of the curve.
    error NotAKey(bytes32 x, bytes32 y);

    /// @notice The signature is not the key's, of this text.
    error BadProof(KeyRole role);

    /// @notice What a key signs to show that whoever registers it has it: for one chain, registry, owner and role.
    function proofText(address registry, address owner, KeyRole role, PublicKey memory key) internal view returns (bytes memory) {
        return abi.encodePacked("SharedSeq.operatorKey", uint8(role), uint64(block.chainid), registry, owner, key.x, key.y);
    }

    /// @notice What the node key signs to have its operator's seat emptied at the next epoch.
    function removalText(address registry, uint32 number) internal view returns (bytes memory) {
        return abi.encodePacked("SharedSeq.operatorRemoval", uint64(block.chainid), registry, number);
    }

    /// @notice Reverts unless the key is one, and has signed for this owner at this registry.
    function checkProof(address registry, address owner, KeyRole role, PublicKey memory key, Signature memory proof) internal view {
        if (!P256.isValidPublicKey(key.x, key.y)) revert NotAKey(key.x, key.y);
        if (!isSigned(key, proofText(registry, owner, role, key), proof)) revert BadProof(role);
    }

    /// @notice Whether the key signed the text.
    function isSigned(PublicKey memory key, bytes memory text, Signature memory signature) internal view returns (bool) {
        return P256.verify(sha256(text), signature.r, signature.s, key.x, key.y);
    }
}
