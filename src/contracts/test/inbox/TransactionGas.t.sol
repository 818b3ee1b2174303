// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {TransactionGas} from "../../src/inbox/TransactionGas.sol";
import {VectorFile} from "../VectorFile.sol";
import {Inboxes} from "./Inboxes.sol";

/// @notice The gas limit as a wallet's transactions carry it (`forced-inbox.txt`, made with cast), and bytes that are none.
contract TransactionGasTest is VectorFile, Inboxes {
    GasReader private reader;

    function setUp() public {
        reader = new GasReader();
        readVectors("forced-inbox");
    }

    function test_Transactions_of_all_types_that_a_wallet_signs() public view {
        string[4] memory kinds = ["legacy", "accessList", "dynamicFee", "setCode"];
        for (uint256 i = 0; i < kinds.length; ++i) {
            bytes memory raw = vector(string.concat("signed.", kinds[i], ".raw"));
            assertEq(reader.gasLimitOf(raw), uint256(uint64(bytes8(vector(string.concat("signed.", kinds[i], ".gas"))))));
        }
    }

    function test_Every_gas_limit_of_64_bits_is_read() public view {
        uint64[9] memory gas = [uint64(0), 1, 127, 128, 255, 256, 21_000, 1 << 40, type(uint64).max];
        for (uint256 i = 0; i < gas.length; ++i) assertEq(reader.gasLimitOf(transfer(gas[i])), gas[i]);
    }

    function test_A_transaction_that_was_cut_or_lengthened_is_refused() public {
        bytes memory raw = transfer(50_000);
        for (uint256 length = 0; length < raw.length; ++length) {
            bytes memory cut = new bytes(length);
            for (uint256 i = 0; i < length; ++i) cut[i] = raw[i];
            expectRefused(cut);
        }
        expectRefused(bytes.concat(raw, hex"00"));
    }

    function test_Unknown_types_and_bytes_that_are_no_list_of_integers_are_refused() public {
        bytes memory raw = transfer(50_000);
        uint8[5] memory types = [0, 3, 5, 0x7f, 0x80];
        for (uint256 i = 0; i < types.length; ++i) {
            raw[0] = bytes1(types[i]);
            expectRefused(raw);
        }
        expectRefused(hex"80"); // a string, not a list
        expectRefused(hex"c0"); // nothing in it
        expectRefused(hex"c20101"); // it ends before the gas
        expectRefused(hex"c4010100c0"); // a zero byte for 0
        expectRefused(hex"c50101810501"); // a byte of its own for 5
        expectRefused(hex"c6010182000501"); // leading zero
        expectRefused(hex"cb010189010000000000000000"); // 65 bits
        expectRefused(hex"c40101c001"); // a list in place of gas
        expectRefused(hex"f803010105"); // a long header for a short list
        expectRefused(hex"f90003010105"); // leading zero in the length
        expectRefused(hex"ffffffffffffffffff01"); // a length of 64 bits
        assertEq(reader.gasLimitOf(hex"c3010105"), 5);
    }

    function testFuzz_Any_bytes_are_read_or_refused_and_nothing_else(bytes memory raw) public view {
        try reader.gasLimitOf(raw) {}
        catch (bytes memory why) {
            assertEq(why, abi.encodeWithSelector(TransactionGas.MalformedTransaction.selector));
        }
    }

    /// @dev Headers that lead to many places.
    function testFuzz_Damaged_transactions_are_read_or_refused_and_nothing_else(uint64 gas, uint8 at, bytes1 value)
        public
        view
    {
        bytes memory raw = transfer(gas);
        raw[at % 24] = value;
        try reader.gasLimitOf(raw) {}
        catch (bytes memory why) {
            assertEq(why, abi.encodeWithSelector(TransactionGas.MalformedTransaction.selector));
        }
    }

    function expectRefused(bytes memory raw) private {
        vm.expectRevert(TransactionGas.MalformedTransaction.selector);
        reader.gasLimitOf(raw);
    }
}

contract GasReader {
    function gasLimitOf(bytes calldata raw) external pure returns (uint64) {
        return TransactionGas.gasLimitOf(raw);
    }
}
