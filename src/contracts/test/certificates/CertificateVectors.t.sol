// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Merkle} from "../../src/certificates/Merkle.sol";
import {NamespaceBlocks} from "../../src/certificates/NamespaceBlocks.sol";
import {ResultCertificates} from "../../src/certificates/ResultCertificates.sol";
import {IForcedInbox} from "../../src/inbox/IForcedInbox.sol";
import {IOperatorAccounts} from "../../src/operators/IOperatorAccounts.sol";
import {Escape} from "../../src/settlement/Escape.sol";
import {LightClient} from "../../src/settlement/LightClient.sol";
import {Settlement} from "../../src/settlement/Settlement.sol";
import {TestInbox} from "../settlement/TestInbox.sol";
import {VectorFile} from "../VectorFile.sol";

/// @notice Settlement takes what the network of C# signs, for 4 and for 13 members, and refuses what C# refuses, for the same reason.
contract CertificateVectorsTest is VectorFile {
    uint64 private constant NS = 5;
    uint256 private constant RESULT_BYTES = 208;

    /// @dev Settlement of the network of 4 and of the one of 13.
    mapping(uint256 n => Settlement) private _settlements;

    function setUp() public {
        readVectors("l1");
        vm.roll(1000);
        vm.warp(1_800_000_000);
        for (uint256 n = 4; n <= 13; n += 9) {
            _settlements[n] = new Settlement(
                LightClient.Network(7, 1),
                vectorWord(named(n, "genesis hash")),
                vector(named(n, "plan")),
                IForcedInbox(new TestInbox()),
                IOperatorAccounts(address(0)),
                address(this),
                Escape.Bounds(60, 7 days),
                Escape.Delays(60, 60, 60, 60, 60, 60)
            );
        }
    }

    function test_Valid_certificates_are_taken() public {
        for (uint256 n = 4; n <= 13; n += 9) {
            bytes32 hash = _settlements[n].acceptResult(vector(named(n, "certificate")));
            assertEq(_settlements[n].resultAt(_settlements[n].certifiedHeight()), hash);
        }
    }

    function test_Refused_certificates_are_refused_for_the_same_reason() public {
        uint256 refused = 0;
        for (uint256 i = 0; i < names.length; ++i) {
            string[] memory parts = vm.split(names[i], "refused ");
            if (parts.length != 2) continue;
            Settlement settlement = _settlements[vm.parseUint(vm.split(names[i], " ")[0])];
            bytes memory certificate = vector(names[i]);
            vm.expectPartialRevert(_selectorOf(vm.split(parts[1], ":")[0]));
            settlement.acceptResult(certificate);
            ++refused;
        }

        assertEq(refused, 40);
    }

    function test_The_precompile_and_solidity_agree_on_every_vector() public {
        _removePrecompile();
        test_Valid_certificates_are_taken();
        test_Refused_certificates_are_refused_for_the_same_reason();
    }

    /// One bit of each byte; the campaign's fuzzing changes many more.
    function test_A_flipped_bit_of_any_byte_is_refused() public {
        for (uint256 n = 4; n <= 13; n += 9) {
            bytes memory certificate = vector(named(n, "certificate"));
            for (uint256 at = 0; at < certificate.length; at += n / 4) {
                _assertRefused(_settlements[n], certificate, 8 * at + at % 8);
            }
        }
    }

    /// Several bytes changed at once; a campaign has twenty thousand of them.
    function testFuzz_Changed_certificates_are_refused(uint256 which, uint256 from, bytes32 noise, uint8 length) public {
        uint256 n = which % 2 == 0 ? 4 : 13;
        bytes memory certificate = vector(named(n, "certificate"));
        bool isChanged = false;
        for (uint256 i = 0; i <= length % 32; ++i) {
            uint256 at = (from % certificate.length + i) % certificate.length;
            isChanged = isChanged || certificate[at] != noise[i];
            certificate[at] = noise[i];
        }

        vm.assume(isChanged);
        vm.expectRevert();
        _settlements[n].acceptResult(certificate);
    }

    function test_Hand_overs_lead_to_the_next_committee() public {
        for (uint256 n = 4; n <= 13; n += 9) {
            Settlement settlement = _settlements[n];
            bytes memory later = vector(named(n, "certificate of epoch 1"));
            vm.expectPartialRevert(ResultCertificates.WrongEpoch.selector);
            settlement.acceptResult(later);
            settlement.handOver(vector(named(n, "hand-over")));
            assertEq(settlement.epoch(), 1);
            settlement.acceptResult(later);
            assertEq(settlement.certifiedHeight(), 150);
        }
    }

    function test_Flipped_bits_of_a_hand_over_are_refused() public {
        bytes memory data = vector(named(4, "hand-over"));
        for (uint256 bit = 0; bit < 8 * data.length; bit += 61) {
            data[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
            (bool ok,) = address(_settlements[4]).call(abi.encodeCall(LightClient.handOver, (data)));
            assertFalse(ok, vm.toString(bit));
            data[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        }
    }

    function test_Blocks_of_the_network_are_posted() public {
        for (uint256 n = 4; n <= 13; n += 9) {
            Settlement settlement = _settlements[n];
            settlement.acceptResult(vector(named(n, "certificate")));
            settlement.post(NS, _resultOf(n), vector(named(n, "head of 5")), vector(named(n, "blocks of 5")), "");
            assertEq(settlement.health(NS).postedNumber, 4);
            assertEq(settlement.health(NS).lag, 0);
        }
    }

    function test_Flipped_bits_of_posted_blocks_are_refused() public {
        Settlement settlement = _settlements[4];
        settlement.acceptResult(vector(named(4, "certificate")));
        bytes memory blocks = vector(named(4, "blocks of 5"));
        (bytes memory result, bytes memory head) = (_resultOf(4), vector(named(4, "head of 5")));
        for (uint256 bit = 0; bit < 8 * blocks.length; bit += 31) {
            blocks[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
            (bool ok,) = address(settlement).call(abi.encodeCall(settlement.post, (NS, result, head, blocks, "")));
            assertFalse(ok, vm.toString(bit));
            blocks[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        }
    }

    function test_Heads_are_proved_and_with_flipped_bits_they_are_not() public view {
        bytes32 root = bytes32(_slice(vector(named(4, "certificate")), 48, 32));
        assertTrue(this.isHeadIn(root, vector(named(4, "head of 5"))));
        assertTrue(this.isHeadIn(root, vector(named(4, "head of 9"))));
        assertTrue(this.isAbsentIn(root, 8, vector(named(4, "absence of 8"))));
        assertFalse(this.isAbsentIn(root, 9, vector(named(4, "absence of 8"))));
        bytes memory head = vector(named(4, "head of 5"));
        for (uint256 bit = 0; bit < 8 * head.length; bit += 7) {
            head[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
            (bool ok, bytes memory answer) = address(this).staticcall(abi.encodeCall(this.isHeadIn, (root, head)));
            assertFalse(ok && abi.decode(answer, (bool)), vm.toString(bit));
            head[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        }
    }

    function test_Gas() public {
        _measure("precompile");
    }

    function test_Gas_without_the_precompile() public {
        _removePrecompile();
        _measure("fallback");
    }

    function isHeadIn(bytes32 root, bytes calldata proof) external view returns (bool) {
        return NamespaceBlocks.isHeadIn(root, proof);
    }

    function isAbsentIn(bytes32 root, uint64 namespace, bytes calldata proof) external view returns (bool) {
        return Merkle.isAbsent("SharedSeq.namespaces", root, namespace, proof);
    }

    /// @dev A chain without P256VERIFY answers a call of its address with nothing: then signatures are checked in Solidity.
    function _removePrecompile() private {
        vm.mockCall(address(0x100), "", "");
    }

    function _measure(string memory how) private {
        for (uint256 n = 4; n <= 13; n += 9) {
            string memory members = string.concat(", ", vm.toString(n), " members, ", how);
            _settlements[n].acceptResult(vector(named(n, "certificate")));
            vm.snapshotGasLastCall("Certificates", string.concat("acceptResult", members));
            _settlements[n].handOver(vector(named(n, "hand-over")));
            vm.snapshotGasLastCall("Certificates", string.concat("handOver to other keys", members));
        }
    }

    function _assertRefused(Settlement settlement, bytes memory certificate, uint256 bit) private {
        certificate[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        (bool ok,) = address(settlement).call(abi.encodeCall(LightClient.acceptResult, (certificate)));
        assertFalse(ok, vm.toString(bit));
        certificate[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
    }

    function _selectorOf(string memory reason) private pure returns (bytes4) {
        bytes32 hash = keccak256(bytes(reason));
        if (hash == keccak256("TooFewSignatures")) return ResultCertificates.TooFewSignatures.selector;
        if (hash == keccak256("Unordered")) return ResultCertificates.UnorderedSignatures.selector;
        if (hash == keccak256("UnknownMember")) return ResultCertificates.UnknownMember.selector;
        if (hash == keccak256("BadSignature")) return ResultCertificates.BadSignature.selector;
        if (hash == keccak256("WrongEpoch")) return ResultCertificates.WrongEpoch.selector;
        require(hash == keccak256("Malformed"), reason);
        return ResultCertificates.MalformedCertificate.selector;
    }

    function _resultOf(uint256 n) private view returns (bytes memory) {
        return _slice(vector(named(n, "certificate")), 0, RESULT_BYTES);
    }

    function named(uint256 n, string memory what) internal pure returns (string memory) {
        return string.concat(vm.toString(n), " members, ", what);
    }

    function _slice(bytes memory data, uint256 from, uint256 length) private pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i = 0; i < length; ++i) part[i] = data[from + i];
    }
}
