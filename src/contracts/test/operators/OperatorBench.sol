// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "../forge/Test.sol";
import {CommitteeTerms} from "../../src/governance/PolicyRules.sol";
import {PolicyRegistry} from "../../src/governance/PolicyRegistry.sol";
import {PolicyTimelock} from "../../src/governance/PolicyTimelock.sol";
import {KeyRole, OperatorKeys, PublicKey, Signature} from "../../src/operators/OperatorKeys.sol";
import {OperatorRegistry} from "../../src/operators/OperatorRegistry.sol";

/// @notice A network of four operators of genesis, real keys, and the two objects of governance that the registry asks.
abstract contract OperatorBench is Test {
    uint256 internal constant P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551;
    uint64 internal constant NETWORK = 7777;
    uint48 internal constant UNBONDING = 14 days;
    uint48 internal constant SPACING = 1 days;
    uint48 internal constant GUARANTEE_DELAY = 7 days;
    uint128 internal constant MIN_BOND = 1 ether;

    // Bytes of Policy's defaults with version 1.
    bytes internal constant GENESIS_POLICY =
        hex"0000000100000bb80000003c0000138800400000000200000000400000000000010000000000"
        hex"000004000000000003e80000003200000040000007d0000001f4000000400000000000002710";

    PolicyTimelock internal timelock;
    PolicyRegistry internal policies;
    OperatorRegistry internal registry;

    function deploy() internal {
        vm.warp(1_800_000_000);
        timelock = new PolicyTimelock(GUARANTEE_DELAY, address(this));
        policies = new PolicyRegistry(address(timelock), 3 days, GENESIS_POLICY, CommitteeTerms(13, 0, 0, 0));
        OperatorRegistry.GenesisOperator[] memory genesis = new OperatorRegistry.GenesisOperator[](4);
        for (uint256 i = 0; i < 4; i++) {
            genesis[i] = OperatorRegistry.GenesisOperator(ownerOf(i), keyOf(100 + i), keyOf(200 + i), uint128((i + 1) * 10 ether));
        }
        vm.deal(address(this), 1_000 ether);
        registry = new OperatorRegistry{value: 100 ether}(options(), terms(), genesis);
    }

    function options() internal view returns (OperatorRegistry.Options memory) {
        return OperatorRegistry.Options(NETWORK, address(timelock), policies, UNBONDING, SPACING, 1_000 ether);
    }

    function terms() internal pure returns (OperatorRegistry.Terms memory) {
        return OperatorRegistry.Terms(MIN_BOND, 4_500, 500);
    }

    function ownerOf(uint256 i) internal pure returns (address) {
        return address(uint160(0x1000 + i));
    }

    function keyOf(uint256 secret) internal pure returns (PublicKey memory) {
        (uint256 x, uint256 y) = vm.publicKeyP256(secret);
        return PublicKey(bytes32(x), bytes32(y));
    }

    function signed(uint256 secret, bytes memory text) internal pure returns (Signature memory) {
        (bytes32 r, bytes32 s) = vm.signP256(secret, sha256(text));
        return Signature(r, uint256(s) > P256_ORDER / 2 ? bytes32(P256_ORDER - uint256(s)) : s);
    }

    /// @dev Keys with these secrets, proved for an owner.
    function proved(address owner, uint256 voteSecret, uint256 nodeSecret) internal view returns (OperatorRegistry.ProvedKeys memory) {
        PublicKey memory vote = keyOf(voteSecret);
        PublicKey memory node = keyOf(nodeSecret);
        return OperatorRegistry.ProvedKeys(
            vote,
            node,
            signed(voteSecret, OperatorKeys.proofText(address(registry), owner, KeyRole.Vote, vote)),
            signed(nodeSecret, OperatorKeys.proofText(address(registry), owner, KeyRole.Node, node))
        );
    }

    function endpoints() internal pure returns (OperatorRegistry.Endpoints memory) {
        return OperatorRegistry.Endpoints("five", "127.0.0.1:7005", "http://127.0.0.1:8005");
    }

    function register(address owner, uint256 voteSecret, uint256 nodeSecret, uint256 bond) internal returns (uint32) {
        OperatorRegistry.ProvedKeys memory keys = proved(owner, voteSecret, nodeSecret);
        vm.deal(owner, bond);
        vm.prank(owner);
        return registry.register{value: bond}(keys, endpoints());
    }

    /// @dev One statement as it stands in evidence, signed in a network and epoch.
    function statement(uint64 network, uint64 epoch, uint256 secret, uint8 kind, uint64 slot, uint64 height, bytes32 hash)
        internal
        pure
        returns (bytes memory)
    {
        bytes memory content = abi.encodePacked(slot, height, hash);
        bytes memory text = abi.encodePacked("SharedSeq", uint16(1), network, epoch, kind, content);
        Signature memory signature = signed(secret, text);
        return abi.encodePacked(kind, uint32(48), content, signature.r, signature.s);
    }

    /// @dev Two First votes of operator 1's vote key of genesis.
    function twoFirsts(uint64 epoch, uint64 slot) internal pure returns (bytes memory) {
        return twoFirstsOf(101, epoch, slot);
    }

    function twoFirstsOf(uint256 secret, uint64 epoch, uint64 slot) internal pure returns (bytes memory) {
        return abi.encodePacked(
            uint8(2),
            epoch,
            uint16(1),
            statement(NETWORK, epoch, secret, 2, slot, 40, keccak256("a")),
            statement(NETWORK, epoch, secret, 2, slot, 40, keccak256("b"))
        );
    }
}
