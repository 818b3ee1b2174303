// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {CertificateVerifier} from "../certificates/CertificateVerifier.sol";
import {Committees} from "../certificates/Committees.sol";
import {ResultCertificates} from "../certificates/ResultCertificates.sol";
import {ISettlement} from "./ISettlement.sol";

/// @title A light client of the network's committee
/// @notice Knows who serves the present epoch, by hand-overs from genesis on, and takes what that committee certifies. Committees of epochs that
/// ended certify nothing here any more, whoever has their keys by then.
abstract contract LightClient is ISettlement {
    using Committees for bytes;
    using ResultCertificates for bytes;

    /// @notice What opens every signed text of the network.
    struct Network {
        uint64 chainId;
        uint16 version;
    }

    /// @dev A certified height.
    struct Certified {
        bytes32 hash;
        /// @dev When it came, if it was the newest then; 0 for one that came late, which says nothing about when the network stopped.
        uint64 advancedAt;
    }

    /// @notice The network's own chain id, which its members sign; not L1's.
    uint64 public immutable CHAIN_ID;

    /// @notice The protocol version that its members sign.
    uint16 public immutable VERSION;

    /// @notice The hash that names the network, and that namespaces begin with.
    bytes32 public immutable GENESIS;

    /// @notice Who governs: a time lock.
    address public immutable GOVERNANCE;

    /// @notice What checks signatures; made with this contract.
    CertificateVerifier public immutable VERIFIER = new CertificateVerifier();

    Committees.Committee private _committee;

    /// @notice SHA-256("SharedSeq.committee" || plan) of the present epoch.
    bytes32 public committeeHash;

    /// @notice The present epoch.
    uint64 public epoch;

    /// @notice The height that it starts behind: the boundary of the epoch before.
    uint64 public epochFrom;

    /// @notice The highest certified height.
    uint64 public certifiedHeight;

    /// @notice When it came to L1, in seconds; at first, when this contract was made.
    uint64 public certifiedAt;

    mapping(uint64 height => Certified) private _certified;

    /// @notice A result was certified.
    event ResultAccepted(uint64 indexed height, uint64 indexed epoch, bytes32 resultHash, bytes32 namespacesRoot);

    /// @notice Another committee serves. `epochGenesis` is the block that its epoch starts from.
    event HandedOver(uint64 indexed epoch, bytes32 committeeHash, uint64 boundary, bytes32 epochGenesis);

    /// @notice Governance named another committee, because the one before is gone.
    event Restarted(uint64 indexed epoch, bytes32 committeeHash, uint64 fromHeight);

    /// @notice Only governance may.
    error NotGovernance(address caller);

    /// @notice The height is not of the present epoch.
    error HeightOfEarlierEpoch(uint64 height, uint64 epochFrom);

    /// @notice Another result of this height is certified: more members lied than may.
    error ConflictingResults(uint64 height, bytes32 known, bytes32 given);

    /// @notice The plan is not for the epoch after the present one.
    error WrongPlanEpoch(uint64 expected, uint64 given);

    /// @notice The certified result names no next committee, or not this one.
    error OtherCommittee(bytes32 certified, bytes32 given);

    /// @notice No such result was certified here.
    error UnknownResult(uint64 height);

    modifier onlyGovernance() {
        if (msg.sender != GOVERNANCE) revert NotGovernance(msg.sender);
        _;
    }

    constructor(Network memory network, bytes32 genesis, bytes memory plan, address governance) {
        CHAIN_ID = network.chainId;
        VERSION = network.version;
        GENESIS = genesis;
        GOVERNANCE = governance;
        certifiedAt = uint64(block.timestamp);
        uint64 first = plan.epochOf();
        if (first != 0) revert WrongPlanEpoch(0, first);
        _install(plan, 0, 0);
    }

    /// @notice Takes a result certificate of the present epoch. One that is known already changes nothing. Heights may come in any order: one below
    /// the newest can be proved from, but does not count as a sign of life.
    /// @param certificate Result, count u16, count times (seat u16, r, s).
    /// @return resultHash The hash under which the result is known from now on.
    function acceptResult(bytes calldata certificate) external returns (bytes32 resultHash) {
        (, resultHash) = _accept(certificate);
    }

    /// @notice Takes the committee of the next epoch from the certified result of the present epoch's boundary.
    /// @param data Plan, certificate.
    function handOver(bytes calldata data) external {
        uint256 size = Committees.planBytes(data);
        if (data.length < size) revert Committees.MalformedPlan();
        bytes memory plan = data[:size];
        (ResultCertificates.BlockResult memory boundary,) = _accept(data[size:]);
        if (boundary.epoch != epoch) revert ResultCertificates.WrongEpoch(epoch, boundary.epoch);
        if (plan.epochOf() != epoch + 1) revert WrongPlanEpoch(epoch + 1, plan.epochOf());
        bytes32 given = Committees.hash(plan);
        if (boundary.nextCommitteeHash != given) revert OtherCommittee(boundary.nextCommitteeHash, given);
        _install(plan, epoch + 1, boundary.height);
        emit HandedOver(epoch, given, boundary.height, boundary.blockHash);
    }

    /// @inheritdoc ISettlement
    function resultAt(uint64 height) external view returns (bytes32) {
        return _certified[height].hash;
    }

    /// @notice The present committee: where its vote keys are, and its parameters.
    function committee() external view returns (Committees.Committee memory) {
        return _committee;
    }

    /// @dev Reads a result and checks that it is certified.
    function _result(bytes calldata encoded)
        internal
        view
        returns (ResultCertificates.BlockResult memory result, uint64 advancedAt)
    {
        result = encoded.decode();
        Certified storage known = _certified[result.height];
        if (known.hash != ResultCertificates.hash(encoded)) revert UnknownResult(result.height);
        advancedAt = known.advancedAt;
    }

    /// @dev A committee named by governance: its epochs and heights go on above everything that the one before certified.
    function _restart(bytes memory plan) internal {
        uint64 next = plan.epochOf();
        if (next <= epoch) revert WrongPlanEpoch(epoch + 1, next);
        _install(plan, next, certifiedHeight);
        certifiedAt = uint64(block.timestamp);
        emit Restarted(next, committeeHash, epochFrom);
    }

    function _accept(bytes calldata certificate)
        private
        returns (ResultCertificates.BlockResult memory result, bytes32 resultHash)
    {
        bytes calldata encoded = certificate.resultOf();
        result = encoded.decode();
        resultHash = ResultCertificates.hash(encoded);
        Certified storage known = _certified[result.height];
        if (known.hash == resultHash) return (result, resultHash);
        if (result.epoch != epoch) revert ResultCertificates.WrongEpoch(epoch, result.epoch);
        if (result.height <= epochFrom) revert HeightOfEarlierEpoch(result.height, epochFrom);
        VERIFIER.verify(certificate, ResultCertificates.digest(VERSION, CHAIN_ID, result, resultHash), _committee);
        if (known.hash != 0) revert ConflictingResults(result.height, known.hash, resultHash);
        known.hash = resultHash;
        if (result.height > certifiedHeight) {
            certifiedHeight = result.height;
            certifiedAt = uint64(block.timestamp);
            known.advancedAt = uint64(block.timestamp);
        }

        emit ResultAccepted(result.height, result.epoch, resultHash, result.namespacesRoot);
    }

    function _install(bytes memory plan, uint64 next, uint64 from) private {
        _committee = plan.store(VERSION, _committee);
        committeeHash = Committees.hash(plan);
        epoch = next;
        epochFrom = from;
    }
}
