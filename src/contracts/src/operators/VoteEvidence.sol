// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {OperatorKeys, PublicKey, Signature} from "./OperatorKeys.sol";

/// @title Evidence E1 to E4 (docs/protocol/consensus.md, 8): two statements of one vote key that no honest operator makes both.
/// @notice The bytes are those that operators gossip and export (docs/protocol/wire.md): kind u8, epoch u64, seat u16, then twice signed kind u8,
///         length u32, content, signature. For E1 to E4 the content is slot u64, height u64, block hash, so evidence has one length.
///         The seat is not signed and not looked at: the key says who it was. Whether the signer of two proposals was the leader of
///         that slot is not looked at either; who is not has no reason to sign one, let alone two.
/// @dev    E5 to E7 are not slashed: they can be the mark of a bug, and the committee drops their signers by committed evidence
///         without the registry. They are not recorded here: a record that moves nothing would only be paid for.
library VoteEvidence {
    /// @notice Bytes of evidence of these kinds.
    uint256 internal constant LENGTH = 245;

    uint8 internal constant TWO_PROPOSALS = 1;
    uint8 internal constant TWO_FIRST_VOTES = 2;
    uint8 internal constant FINAL_AND_OTHER = 3;
    uint8 internal constant TWO_FINALS = 4;

    /// @notice The protocol version whose layout this is; part of every signed text.
    uint16 internal constant PROTOCOL_VERSION = 1;

    uint8 private constant _PROPOSAL = 1;
    uint8 private constant _FIRST = 2;
    uint8 private constant _EXTRA = 3;
    uint8 private constant _FINAL = 4;

    uint256 private constant _CONTENT_BYTES = 48;
    uint256 private constant _STATEMENT_BYTES = 1 + 4 + _CONTENT_BYTES + 64;
    uint256 private constant _FIRST_STATEMENT = 1 + 8 + 2;

    /// @notice The evidence has another length than its kind.
    error WrongEvidenceLength(uint256 bytes_, uint256 wanted);

    /// @notice Evidence of this kind is not slashed.
    error KindNotSlashed(uint8 kind);

    /// @notice These two kinds of statement are no contradiction of this kind of evidence.
    error NoContradiction(uint8 kind, uint8 firstStatement, uint8 secondStatement);

    /// @notice The statements are of different slots.
    error DifferentSlots(uint64 first, uint64 second);

    /// @notice Both statements say the same.
    error SameValue();

    /// @notice Not the one encoding of a statement.
    error StatementMalformed();

    /// @notice The key did not sign that statement in this network and epoch.
    error StatementNotSigned(uint8 statement);

    /// @notice Reverts unless the evidence shows that the key signed two statements that contradict each other.
    /// @param evidence The bytes.
    /// @param network Chain id of the network whose consensus it is, part of every signed text.
    /// @param key The vote key.
    /// @return kind 1 to 4 for E1 to E4.
    /// @return epoch The epoch of both statements.
    function check(bytes calldata evidence, uint64 network, PublicKey memory key) internal view returns (uint8 kind, uint64 epoch) {
        if (evidence.length != LENGTH) revert WrongEvidenceLength(evidence.length, LENGTH);
        kind = uint8(evidence[0]);
        epoch = uint64(bytes8(evidence[1:9]));
        bytes calldata first = evidence[_FIRST_STATEMENT:_FIRST_STATEMENT + _STATEMENT_BYTES];
        bytes calldata second = evidence[_FIRST_STATEMENT + _STATEMENT_BYTES:];
        _checkKinds(kind, uint8(first[0]), uint8(second[0]));
        _checkContents(_content(first), _content(second));
        _checkSigned(first, network, epoch, key, 1);
        _checkSigned(second, network, epoch, key, 2);
    }

    function _checkKinds(uint8 kind, uint8 first, uint8 second) private pure {
        bool holds;
        if (kind == TWO_PROPOSALS) holds = first == _PROPOSAL && second == _PROPOSAL;
        else if (kind == TWO_FIRST_VOTES) holds = first == _FIRST && second == _FIRST;
        else if (kind == FINAL_AND_OTHER) holds = first == _FINAL && (second == _FIRST || second == _EXTRA);
        else if (kind == TWO_FINALS) holds = first == _FINAL && second == _FINAL;
        else revert KindNotSlashed(kind);
        if (!holds) revert NoContradiction(kind, first, second);
    }

    /// @dev The same slot, and different values: a block id is its height and hash.
    function _checkContents(bytes calldata first, bytes calldata second) private pure {
        uint64 slot = uint64(bytes8(first[:8]));
        uint64 other = uint64(bytes8(second[:8]));
        if (slot != other) revert DifferentSlots(slot, other);
        if (keccak256(first[8:]) == keccak256(second[8:])) revert SameValue();
    }

    /// @dev Length, and that ⊥ (a zero hash) has the one height that it may have.
    function _content(bytes calldata statement) private pure returns (bytes calldata content) {
        if (uint32(bytes4(statement[1:5])) != _CONTENT_BYTES) revert StatementMalformed();
        content = statement[5:5 + _CONTENT_BYTES];
        if (bytes32(content[16:]) == 0 && bytes8(content[8:16]) != 0) revert StatementMalformed();
    }

    function _checkSigned(bytes calldata statement, uint64 network, uint64 epoch, PublicKey memory key, uint8 which) private view {
        bytes memory text =
            abi.encodePacked("SharedSeq", PROTOCOL_VERSION, network, epoch, statement[0], statement[5:5 + _CONTENT_BYTES]);
        bytes calldata signature = statement[5 + _CONTENT_BYTES:];
        Signature memory made = Signature(bytes32(signature[:32]), bytes32(signature[32:]));
        if (!OperatorKeys.isSigned(key, text, made)) revert StatementNotSigned(which);
    }
}
