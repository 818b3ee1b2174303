// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Merkle} from "../../src/certificates/Merkle.sol";
import {NamespaceBlocks} from "../../src/certificates/NamespaceBlocks.sol";
import {ResultCertificates} from "../../src/certificates/ResultCertificates.sol";
import {Escape} from "../../src/settlement/Escape.sol";
import {ISettlement} from "../../src/settlement/ISettlement.sol";
import {LightClient} from "../../src/settlement/LightClient.sol";
import {Settlement} from "../../src/settlement/Settlement.sol";
import {Test} from "../forge/Test.sol";
import {TestInbox, TestOperators} from "./TestInbox.sol";

/// @notice A network whose committee does what a test says, and Settlement beside it.
abstract contract TestNetwork is Test {
    using NamespaceBlocks for NamespaceBlocks.Header;

    uint64 internal constant CHAIN = 7;
    uint16 internal constant VERSION = 1;
    bytes32 internal constant GENESIS = keccak256("genesis");
    uint64 internal constant NS = 5;
    uint256 private constant ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551;

    address internal constant GOVERNANCE = address(0x60);
    address internal constant OPERATOR = address(0x61);

    /// @dev Where the committee's chain of a namespace ends.
    struct Tip {
        uint64 number;
        bytes32 hash;
        uint64 forcedCount;
        uint32 branch;
    }

    /// @dev A certified head as calls want it.
    struct Shown {
        bytes result;
        bytes head;
        bytes certificate;
    }

    Settlement internal settlement;
    TestInbox internal inbox;

    uint64 internal height;
    uint64 internal epoch;
    /// @dev Whose keys certify; n, f and p of the present committee.
    uint256 internal seed;
    uint256[3] internal size;

    mapping(uint64 => Tip) internal tips;
    NamespaceBlocks.Header internal lastHeader;

    function start(uint256 n, uint256 f, uint256 p) internal {
        vm.roll(1000);
        vm.warp(1_800_000_000);
        (seed, size) = (1, [n, f, p]);
        inbox = new TestInbox();
        settlement = new Settlement(
            LightClient.Network(CHAIN, VERSION),
            GENESIS,
            planOf(0, seed),
            inbox,
            new TestOperators(OPERATOR),
            GOVERNANCE,
            Escape.Bounds(60, 7 days),
            delays()
        );
    }

    function delays() internal pure returns (Escape.Delays memory) {
        return Escape.Delays({
            maxForcedDelay: 12 hours,
            maxPostingDelay: 24 hours,
            maxCommitDelay: 24 hours,
            graceTime: 6 hours,
            enforcedTime: 3 hours,
            abandonTime: 7 days
        });
    }

    // --- committee ---

    function secretOf(uint256 of_, uint256 seat) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(of_, seat))) >> 1;
    }

    function planOf(uint64 epoch_, uint256 seed_) internal view returns (bytes memory plan) {
        plan = abi.encodePacked(VERSION, epoch_, uint16(size[0]), uint16(size[1]), uint16(size[2]));
        for (uint256 seat = 0; seat < size[0]; ++seat) {
            (uint256 x, uint256 y) = vm.publicKeyP256(secretOf(seed_, seat));
            plan = abi.encodePacked(plan, x, y, uint256(1), seat);
        }
    }

    function quorum() internal view returns (uint256) {
        return size[0] - size[1] - size[2];
    }

    function resultWith(bytes32 namespacesRoot, bytes32 nextCommittee)
        internal
        view
        returns (ResultCertificates.BlockResult memory)
    {
        bytes32 block_ = keccak256(abi.encode("block", height));
        return ResultCertificates.BlockResult(epoch, height, block_, namespacesRoot, keccak256("effects"), 0, 0, nextCommittee);
    }

    function encode(ResultCertificates.BlockResult memory r) internal pure returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(r.epoch, r.height, r.blockHash, r.namespacesRoot),
            abi.encodePacked(r.effectsRoot, r.auctionRoot, r.stateRoot, r.nextCommitteeHash)
        );
    }

    function certify(ResultCertificates.BlockResult memory result) internal view returns (bytes memory certificate) {
        bytes memory encoded = encode(result);
        bytes32 resultHash = sha256(bytes.concat("SharedSeq.result", encoded));
        bytes32 digest = ResultCertificates.digest(VERSION, CHAIN, result, resultHash);
        certificate = abi.encodePacked(encoded, uint16(quorum()));
        for (uint256 seat = 0; seat < quorum(); ++seat) {
            (bytes32 r, bytes32 s) = vm.signP256(secretOf(seed, seat), digest);
            if (uint256(s) > ORDER / 2) s = bytes32(ORDER - uint256(s));
            certificate = abi.encodePacked(certificate, uint16(seat), r, s);
        }
    }

    /// @dev The next height hands over to the committee of this seed.
    function handOver(uint256 nextSeed) internal returns (bytes memory) {
        ++height;
        bytes memory plan = planOf(epoch + 1, nextSeed);
        bytes memory certificate = certify(resultWith(keccak256("namespaces"), sha256(bytes.concat("SharedSeq.committee", plan))));
        (seed, epoch) = (nextSeed, epoch + 1);
        return bytes.concat(plan, certificate);
    }

    // --- blocks ---

    function tipOf(uint64 ns) internal view returns (Tip memory tip) {
        tip = tips[ns];
        if (tip.hash == 0) tip.hash = NamespaceBlocks.genesisHash(GENESIS, ns);
    }

    /// @dev The committee's next block of a namespace, as a posting has it.
    function build(uint64 ns, uint256 transactions, uint64 forcedCount) internal returns (bytes memory) {
        bytes memory records;
        bytes32[] memory ids = new bytes32[](transactions);
        for (uint64 i = 0; i < transactions; ++i) {
            bytes memory payload = abi.encode("transaction", ns, tipOf(ns).number, i);
            ids[i] = sha256(abi.encodePacked(uint8(0), ns, uint64(0), payload));
            records = abi.encodePacked(records, uint64(0), uint32(payload.length), payload);
        }

        return abi.encodePacked(buildHeader(ns, Merkle.rootOf(ids), uint32(transactions), forcedCount), uint8(0), records);
    }

    function buildHeader(uint64 ns, bytes32 txRoot, uint32 count, uint64 forcedCount) internal returns (bytes memory encoded) {
        Tip memory tip = tipOf(ns);
        NamespaceBlocks.Header memory header;
        header.namespace = ns;
        header.number = tip.number + 1;
        header.branch = tip.branch;
        header.firstHeight = height;
        header.lastHeight = height;
        header.parentHash = tip.hash;
        header.timestamp = uint64(block.timestamp) * 1000;
        header.forcedCount = forcedCount;
        header.policyVersion = 1;
        header.txRoot = txRoot;
        header.count = count;
        encoded = header.encode();
        tips[ns] = Tip(header.number, NamespaceBlocks.hash(encoded), forcedCount, tip.branch);
    }

    /// @dev The committee goes on from L1's chain, as it does after Enforced.
    function adopt(uint64 ns) internal {
        Settlement.Namespace memory own = settlement.namespaceOf(ns);
        tips[ns] = Tip(own.number, settlement.postedHash(ns), own.consumed, own.branch + 1);
    }

    // --- what is certified ---

    /// @dev The next height's result, in which a namespace's head is its newest block; certified, not shown to L1 yet.
    function show(uint64 ns) internal returns (Shown memory) {
        ++height;
        Tip memory tip = tipOf(ns);
        bytes memory head = abi.encodePacked(ns, tip.number, tip.hash, uint32(0), Merkle.EMPTY_ROOT);
        bytes32 leaf = Merkle.leafHash(ns, sha256(bytes.concat("SharedSeq.head", head)));
        ResultCertificates.BlockResult memory result = resultWith(Merkle.commit("SharedSeq.namespaces", 1, leaf), 0);
        bytes memory path = abi.encodePacked(uint8(1), uint64(0), uint64(1), uint8(0));
        return Shown(encode(result), bytes.concat(head, path), certify(result));
    }

    function accept(uint64 ns) internal returns (Shown memory shown) {
        shown = show(ns);
        settlement.acceptResult(shown.certificate);
    }

    /// @dev Builds, certifies and posts so many blocks.
    function postBlocks(uint64 ns, uint256 count, uint64 forcedCount) internal {
        bytes memory blocks;
        for (uint256 i = 0; i < count; ++i) blocks = bytes.concat(blocks, build(ns, 2, forcedCount));
        Shown memory shown = accept(ns);
        settlement.post(ns, shown.result, shown.head, blocks, "");
    }

    function force(uint64 ns, uint256 entries) internal {
        for (uint256 i = 0; i < entries; ++i) inbox.add(ns, keccak256(abi.encode(ns, i, block.timestamp)), 100);
    }

    function mode(uint64 ns) internal view returns (ISettlement.Mode) {
        return settlement.modeOf(ns);
    }

    function assertMode(uint64 ns, ISettlement.Mode expected) internal view {
        assertEq(uint256(mode(ns)), uint256(expected), "mode");
    }
}
