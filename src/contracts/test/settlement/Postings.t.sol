// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Merkle} from "../../src/certificates/Merkle.sol";
import {NamespaceBlocks} from "../../src/certificates/NamespaceBlocks.sol";
import {LightClient} from "../../src/settlement/LightClient.sol";
import {Postings} from "../../src/settlement/Postings.sol";
import {TestNetwork} from "./TestNetwork.sol";

/// @notice Blocks come to L1 once, in order, whole, and certified.
contract PostingsTest is TestNetwork {
    function setUp() public {
        start(4, 1, 0);
    }

    function test_Blocks_up_to_a_certified_head_are_posted() public {
        bytes memory blocks = bytes.concat(build(NS, 3, 0), build(NS, 0, 0), build(NS, 1, 0));
        Shown memory shown = accept(NS);
        vm.expectEmit();
        emit Postings.Posted(NS, 1, 3, tipOf(NS).hash, Postings.Kind.Calldata, keccak256(blocks), 0);
        settlement.post(NS, shown.result, shown.head, blocks, "");
        assertEq(settlement.postedHash(NS), tipOf(NS).hash);
        assertEq(settlement.health(NS).postedNumber, 3);
        assertEq(settlement.health(NS).postedAt, block.timestamp);
    }

    function test_A_range_is_posted_once() public {
        bytes memory blocks = build(NS, 1, 0);
        Shown memory shown = accept(NS);
        settlement.post(NS, shown.result, shown.head, blocks, "");
        vm.expectRevert(abi.encodeWithSelector(Postings.AlreadyPosted.selector, NS, 1));
        settlement.post(NS, shown.result, shown.head, blocks, "");
    }

    function test_No_block_is_left_out() public {
        build(NS, 1, 0);
        bytes memory second = build(NS, 1, 0);
        Shown memory shown = accept(NS);
        vm.expectRevert(abi.encodeWithSelector(Postings.BrokenChain.selector, NS, 2));
        settlement.post(NS, shown.result, shown.head, second, "");
    }

    function test_A_long_way_to_the_head_is_posted_in_parts() public {
        bytes memory first = build(NS, 1, 0);
        bytes memory second = build(NS, 2, 0);
        bytes memory third = build(NS, 0, 0);
        Shown memory shown = accept(NS);
        bytes memory above = bytes.concat(_cut(second, 0, 173), _cut(third, 0, 173));
        settlement.post(NS, shown.result, shown.head, first, above);
        assertEq(settlement.health(NS).postedNumber, 1);
        assertEq(settlement.health(NS).lag, 2);
        settlement.post(NS, shown.result, shown.head, bytes.concat(second, third), "");
        assertEq(settlement.health(NS).lag, 0);
    }

    function test_Blocks_that_do_not_lead_to_the_head_are_refused() public {
        bytes memory first = build(NS, 1, 0);
        build(NS, 1, 0);
        Shown memory shown = accept(NS);
        vm.expectRevert(abi.encodeWithSelector(Postings.NotTheHead.selector, NS, 1));
        settlement.post(NS, shown.result, shown.head, first, "");
    }

    function test_Transactions_that_the_block_does_not_commit_to_are_refused() public {
        bytes memory blocks = build(NS, 2, 0);
        Shown memory shown = accept(NS);
        blocks[blocks.length - 1] ^= 0x01;
        vm.expectRevert(abi.encodeWithSelector(Postings.OtherTransactions.selector, NS, 1));
        settlement.post(NS, shown.result, shown.head, blocks, "");
    }

    function test_A_cut_posting_is_refused() public {
        bytes memory blocks = build(NS, 2, 0);
        Shown memory shown = accept(NS);
        for (uint256 length = 0; length < blocks.length; length += 13) {
            bytes memory part = _cut(blocks, 0, length);
            vm.expectRevert(NamespaceBlocks.MalformedBlocks.selector);
            settlement.post(NS, shown.result, shown.head, part, "");
        }
    }

    function test_A_result_that_was_not_certified_is_refused() public {
        bytes memory blocks = build(NS, 1, 0);
        Shown memory shown = show(NS);
        vm.expectRevert(abi.encodeWithSelector(LightClient.UnknownResult.selector, 1));
        settlement.post(NS, shown.result, shown.head, blocks, "");
    }

    function test_A_head_of_another_namespace_is_refused() public {
        bytes memory blocks = build(6, 1, 0);
        Shown memory shown = accept(6);
        vm.expectRevert(abi.encodeWithSelector(Postings.HeadNotProved.selector, NS));
        settlement.post(NS, shown.result, shown.head, blocks, "");
    }

    function test_Pieces_that_were_published_make_a_block() public {
        (bytes memory header, bytes[] memory pieces, bytes32[] memory roots) = _blockInPieces(11, 4);
        Shown memory shown = accept(NS);
        bytes memory blocks = abi.encodePacked(header, uint8(1), uint16(3), roots);
        vm.expectRevert(NamespaceBlocks.MalformedBlocks.selector);
        settlement.post(NS, shown.result, shown.head, blocks, "");
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 root = settlement.publish(NS, pieces[i], i < 2 ? 4 : 3);
            assertEq(root, roots[i]);
        }

        settlement.post(NS, shown.result, shown.head, blocks, "");
        assertEq(settlement.health(NS).postedNumber, 1);
    }

    function test_Pieces_in_another_order_or_number_are_refused() public {
        (bytes memory header, bytes[] memory pieces, bytes32[] memory roots) = _blockInPieces(11, 4);
        Shown memory shown = accept(NS);
        for (uint256 i = 0; i < 3; ++i) settlement.publish(NS, pieces[i], i < 2 ? 4 : 3);
        bytes memory blocks = abi.encodePacked(header, uint8(1), uint16(3), roots[1], roots[0], roots[2]);
        vm.expectRevert(abi.encodeWithSelector(Postings.OtherTransactions.selector, NS, 1));
        settlement.post(NS, shown.result, shown.head, blocks, "");
        blocks = abi.encodePacked(header, uint8(1), uint16(2), roots[0], roots[1]);
        vm.expectRevert(NamespaceBlocks.MalformedBlocks.selector);
        settlement.post(NS, shown.result, shown.head, blocks, "");
        blocks = abi.encodePacked(header, uint8(1), uint16(3), roots[2], roots[0], roots[1]);
        vm.expectRevert(NamespaceBlocks.MalformedBlocks.selector);
        settlement.post(NS, shown.result, shown.head, blocks, "");
        blocks = abi.encodePacked(header, uint8(1), uint16(0));
        vm.expectRevert(NamespaceBlocks.MalformedBlocks.selector);
        settlement.post(NS, shown.result, shown.head, blocks, "");
    }

    function test_Forced_entries_are_consumed_as_certified_and_never_given_back() public {
        force(NS, 3);
        postBlocks(NS, 1, 2);
        assertEq(settlement.consumed(NS), 2);
        assertEq(settlement.health(NS).pending, 1);
        assertEq(settlement.health(NS).oldestPendingAt, block.timestamp);

        bytes memory blocks = build(NS, 1, 1);
        Shown memory shown = accept(NS);
        vm.expectPartialRevert(Postings.WrongForcedCount.selector);
        settlement.post(NS, shown.result, shown.head, blocks, "");
    }

    function test_Entries_that_are_not_in_the_queue_are_not_consumed() public {
        force(NS, 1);
        bytes memory blocks = build(NS, 1, 2);
        Shown memory shown = accept(NS);
        vm.expectRevert(abi.encodeWithSelector(Postings.WrongForcedCount.selector, NS, 2, 0, 1));
        settlement.post(NS, shown.result, shown.head, blocks, "");
    }

    function test_A_block_that_read_another_L1_is_refused() public {
        vm.setBlockhash(999, keccak256("this chain"));
        NamespaceBlocks.Header memory header;
        (header.namespace, header.number, header.parentHash, header.txRoot) = (NS, 1, tipOf(NS).hash, Merkle.EMPTY_ROOT);
        (header.l1Number, header.l1Hash) = (999, keccak256("another chain"));
        _expectL1(header, 999);
        (header.l1Number, header.l1Hash) = (1000, 0);
        _expectL1(header, 1000);
        (header.l1Number, header.l1Hash) = (999, keccak256("this chain"));
        Shown memory shown = _showHeader(header);
        settlement.post(NS, shown.result, shown.head, bytes.concat(NamespaceBlocks.encode(header), hex"00"), "");
    }

    function test_Operators_post_blobs() public {
        bytes memory block_ = build(NS, 2, 0);
        Shown memory shown = accept(NS);
        bytes32[] memory hashes = new bytes32[](2);
        (hashes[0], hashes[1]) = (bytes32(uint256(1 << 248 | 1)), bytes32(uint256(1 << 248 | 2)));
        vm.blobhashes(hashes);
        bytes memory header = _cut(block_, 0, 173);
        vm.expectRevert(abi.encodeWithSelector(Postings.NotOperator.selector, address(this)));
        settlement.postBlobs(NS, shown.result, shown.head, header, 2);
        vm.startPrank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(Postings.MissingBlob.selector, 2));
        settlement.postBlobs(NS, shown.result, shown.head, header, 3);
        vm.expectRevert(abi.encodeWithSelector(Postings.MissingBlob.selector, 0));
        settlement.postBlobs(NS, shown.result, shown.head, header, 0);
        vm.expectEmit();
        emit Postings.Posted(
            NS, 1, 1, tipOf(NS).hash, Postings.Kind.Blobs, keccak256(abi.encodePacked(hashes[0], hashes[1])), 0
        );
        settlement.postBlobs(NS, shown.result, shown.head, header, 2);
        vm.expectRevert(abi.encodeWithSelector(Postings.AlreadyPosted.selector, NS, 1));
        settlement.postBlobs(NS, shown.result, shown.head, header, 2);
        vm.stopPrank();
        // Calldata goes on behind blobs.
        postBlocks(NS, 1, 0);
        assertEq(settlement.health(NS).postedNumber, 2);
    }

    function test_Blobs_need_the_header_of_the_head() public {
        bytes memory block_ = build(NS, 2, 0);
        Shown memory shown = accept(NS);
        bytes memory header = _cut(block_, 0, 173);
        header[80] ^= 0x01;
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(Postings.NotTheHead.selector, NS, 1));
        settlement.postBlobs(NS, shown.result, shown.head, header, 1);
    }

    function test_Gas() public {
        bytes memory blocks;
        for (uint256 i = 0; i < 10; ++i) blocks = bytes.concat(blocks, build(NS, 10, 0));
        Shown memory shown = accept(NS);
        settlement.post(NS, shown.result, shown.head, blocks, "");
        vm.snapshotGasLastCall("Postings", "post, 10 blocks of 10 transactions of 128 bytes");
        bytes memory empty = build(NS, 0, 0);
        shown = accept(NS);
        settlement.post(NS, shown.result, shown.head, empty, "");
        vm.snapshotGasLastCall("Postings", "post, one empty block");
    }

    /// A number of blocks with any number of transactions is posted in any two parts.
    function testFuzz_Blocks_are_posted_in_any_parts(uint8 blocks, uint8 first, uint16 transactions) public {
        uint256 count = bound(blocks, 2, 6);
        uint256 part = bound(first, 1, count - 1);
        bytes[2] memory parts;
        bytes memory above;
        for (uint256 i = 0; i < count; ++i) {
            bytes memory one = build(NS, (uint256(transactions) >> (2 * i)) % 4, 0);
            parts[i < part ? 0 : 1] = bytes.concat(parts[i < part ? 0 : 1], one);
            if (i >= part) above = bytes.concat(above, _cut(one, 0, 173));
        }

        Shown memory shown = accept(NS);
        settlement.post(NS, shown.result, shown.head, parts[0], above);
        settlement.post(NS, shown.result, shown.head, parts[1], "");
        assertEq(settlement.postedHash(NS), tipOf(NS).hash);
    }

    function _blockInPieces(uint256 count, uint256 size_)
        private
        returns (bytes memory header, bytes[] memory pieces, bytes32[] memory roots)
    {
        uint256 number = (count + size_ - 1) / size_;
        pieces = new bytes[](number);
        roots = new bytes32[](number);
        bytes32[] memory ids = new bytes32[](count);
        for (uint256 i = 0; i < number; ++i) {
            uint256 own = i < number - 1 ? size_ : count - size_ * i;
            bytes32[] memory leaves = new bytes32[](own);
            for (uint256 k = 0; k < own; ++k) {
                bytes memory payload = abi.encode(i, k);
                leaves[k] = sha256(abi.encodePacked(uint8(0), NS, uint64(9), payload));
                ids[size_ * i + k] = leaves[k];
                pieces[i] = abi.encodePacked(pieces[i], uint64(9), uint32(payload.length), payload);
            }

            roots[i] = Merkle.rootOf(leaves);
        }

        header = buildHeader(NS, Merkle.rootOf(ids), uint32(count), 0);
    }

    function _expectL1(NamespaceBlocks.Header memory header, uint64 number) private {
        Shown memory shown = _showHeader(header);
        bytes memory blocks = bytes.concat(NamespaceBlocks.encode(header), hex"00");
        vm.expectRevert(abi.encodeWithSelector(Postings.OtherL1.selector, number));
        settlement.post(NS, shown.result, shown.head, blocks, "");
    }

    function _showHeader(NamespaceBlocks.Header memory header) private returns (Shown memory) {
        tips[NS] = Tip(header.number, NamespaceBlocks.hash(NamespaceBlocks.encode(header)), 0, 0);
        Shown memory shown = accept(NS);
        delete tips[NS];
        return shown;
    }

    function _cut(bytes memory data, uint256 from, uint256 length) private pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i = 0; i < length; ++i) part[i] = data[from + i];
    }
}
