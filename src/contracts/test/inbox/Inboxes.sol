// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ForcedInbox} from "../../src/inbox/ForcedInbox.sol";
import {Tenants} from "../tenants/Tenants.sol";

/// @notice An inbox over two rollups and an opaque namespace, and the queue's definitions written a second time.
abstract contract Inboxes is Tenants {
    uint64 internal constant MIN_GAS_PRICE = 1 gwei;
    uint32 internal constant BLOCK_BYTES = 262_144;
    address internal constant FEE_RECIPIENT = address(0xfee5);

    ForcedInbox internal inbox;

    function deployInbox() internal {
        deployRegistry();
        vm.roll(20_000_000);
        inbox = newInbox(FEE_RECIPIENT);
        register(ROLLUP);
        register(OTHER_ROLLUP);
        registerOpaque(OPAQUE_ROLLUP);
    }

    function newInbox(address feeRecipient) internal returns (ForcedInbox) {
        return new ForcedInbox(ForcedInbox.Settings(registry, feeRecipient, 12_000, BLOCK_BYTES, MIN_GAS_PRICE));
    }

    /// @dev The next call comes from a key.
    function actAs(address key) internal {
        vm.prank(key, key);
    }

    function enqueueTransfer(uint64 namespace, uint256 times) internal {
        for (uint256 i = 0; i < times; ++i) inbox.enqueueSigned{value: 1 ether}(namespace, transfer(50_000));
    }

    function enqueueCall(uint64 namespace, uint64 gas) internal {
        inbox.enqueueCall{value: 100 ether}(namespace, address(1), 0, gas, "");
    }

    /// @dev All the gas that one block of L1 may add.
    function fillBlock(uint64 namespace) internal {
        for (uint256 i = 0; i < 4; ++i) enqueueCall(namespace, 15_000_000);
    }

    function txIdOf(uint64 namespace, bytes memory payload) internal pure returns (bytes32) {
        return sha256(bytes.concat(hex"00", bytes8(namespace), bytes8(0), payload));
    }

    function rollingHash(bytes32 before, uint64 index, uint8 kind, address sender, uint64 gas, bytes32 txId)
        internal
        view
        returns (bytes32)
    {
        return keccak256(
            bytes.concat(
                before,
                bytes8(index),
                bytes1(kind),
                bytes20(sender),
                bytes8(gas),
                bytes8(uint64(block.timestamp)),
                txId
            )
        );
    }

    /// @dev An EIP-1559 transaction; the signature's numbers are made up, which only an execution client finds.
    function transfer(uint64 gas) internal pure returns (bytes memory) {
        bytes memory items = bytes.concat(
            hex"82038501843b9aca00843b9aca00", rlpInteger(gas), hex"94", bytes20(address(0xdead)), hex"8080c001"
        );
        items = bytes.concat(items, hex"a0", keccak256("r"), hex"a0", keccak256("s"));
        require(items.length > 55 && items.length < 256);
        return bytes.concat(hex"02f8", bytes1(uint8(items.length)), items);
    }

    function rlpInteger(uint64 value) internal pure returns (bytes memory) {
        if (value == 0) return hex"80";
        if (value < 0x80) return abi.encodePacked(uint8(value));
        uint256 size = 1;
        while (size < 8 && value >> (8 * size) != 0) ++size;
        bytes memory digits = new bytes(size);
        for (uint256 i = 0; i < size; ++i) digits[i] = bytes1(uint8(value >> (8 * (size - 1 - i))));
        return bytes.concat(bytes1(uint8(0x80 + size)), digits);
    }
}
