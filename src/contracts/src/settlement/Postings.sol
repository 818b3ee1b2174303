// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Encoding} from "../certificates/Encoding.sol";
import {NamespaceBlocks} from "../certificates/NamespaceBlocks.sol";
import {ResultCertificates} from "../certificates/ResultCertificates.sol";
import {IForcedInbox} from "../inbox/IForcedInbox.sol";
import {IOperatorAccounts} from "../operators/IOperatorAccounts.sol";
import {LightClient} from "./LightClient.sol";

/// @title The postings of namespaces' blocks
/// @notice Each posting extends a namespace's chain on L1 by the blocks behind the last posted one, so that no block is posted twice or left out.
/// Blocks in calldata are checked whole, so anybody may post them: every link, every Merkle root, up to a certified head. Of blobs only the
/// commitment is seen, so they are taken of operators only.
abstract contract Postings is LightClient {
    using Encoding for bytes;
    using NamespaceBlocks for NamespaceBlocks.Header;

    /// @notice Where the blocks of a posting are.
    enum Kind {
        /// @dev In the call; the commitment is Keccak-256 of the blocks' bytes.
        Calldata,
        /// @dev In blobs of the transaction; the commitment is Keccak-256 of their versioned hashes.
        Blobs,
        /// @dev Built here from the forced queue; the commitment is Keccak-256 of the header.
        Forced
    }

    /// @notice A namespace on L1.
    struct Namespace {
        // The last posted block.
        uint64 number;
        uint64 postedAt;
        uint64 timestamp;
        uint64 consumed;
        bytes32 hash;
        uint32 branch;
        uint32 policyVersion;
        // The newest block of which a certified head was shown.
        uint64 certified;
        // Results below this height may be of a chain that L1 left.
        uint64 linkedHeight;
        Mode mode;
        Cause cause;
        // L1 may have left the committee's chain, and no posting has shown since that the committee follows.
        bool isForked;
        // A block was built from the forced queue in this Enforced mode: certified ones are not taken any more.
        bool isClosed;
        uint64 modeSince;
        // What must be posted before anything is built from the forced queue.
        uint64 registered;
        // What must be posted to mend `Cause.Posting`.
        uint64 overdue;
    }

    /// @dev What was read of a chain of headers so far.
    struct Chain {
        uint64 number;
        bytes32 hash;
        uint64 forcedCount;
    }

    /// @dev In front of a block's transactions: they follow, or were published before.
    uint8 private constant INLINE = 0;
    uint8 private constant PUBLISHED = 1;

    /// @notice The forced queues.
    IForcedInbox public immutable INBOX;

    /// @notice Whose accounts may post blobs.
    IOperatorAccounts public immutable OPERATORS;

    mapping(uint64 id => Namespace) internal _namespaces;

    /// @notice Transactions of a published piece of a block, by the piece's Merkle root; 0 for what was not published.
    mapping(bytes32 root => uint32 count) public publishedCount;

    /// @notice Blocks `from` to `to` are posted; `hash` is that of the last one, under which all are. `forcedCount` entries of the forced queue are
    /// consumed by them and those before.
    event Posted(
        uint64 indexed namespace,
        uint64 indexed from,
        uint64 to,
        bytes32 hash,
        Kind kind,
        bytes32 commitment,
        uint64 forcedCount
    );

    /// @notice Transactions of a block, or a piece of them, that a posting can name by their root.
    event Published(uint64 indexed namespace, bytes32 indexed root, uint32 count);

    /// @notice The namespace is in a mode in which this is not done.
    error WrongMode(uint64 namespace, Mode mode);

    /// @notice The range begins with a block that is posted.
    error AlreadyPosted(uint64 namespace, uint64 number);

    /// @notice A block does not follow the one before it.
    error BrokenChain(uint64 namespace, uint64 number);

    /// @notice Transactions are not those that the block commits to.
    error OtherTransactions(uint64 namespace, uint64 number);

    /// @notice The blocks do not lead to the certified head.
    error NotTheHead(uint64 namespace, uint64 number);

    /// @notice The head is of another namespace, or its path does not lead to the certified root.
    error HeadNotProved(uint64 namespace);

    /// @notice The result is older than what L1's chain is known to be part of.
    error StaleResult(uint64 height, uint64 linkedHeight);

    /// @notice A block names an L1 block that is not of this chain.
    error OtherL1(uint64 number);

    /// @notice A block consumes entries that are not in the queue, or fewer than the one before it.
    error WrongForcedCount(uint64 namespace, uint64 given, uint64 least, uint64 most);

    /// @notice Only an operator's account may.
    error NotOperator(address caller);

    /// @notice The transaction carries fewer blobs.
    error MissingBlob(uint256 index);

    /// @notice Whether the committee follows L1's chain must be shown first, by a posting in calldata.
    error Forked(uint64 namespace);

    constructor(IForcedInbox inbox, IOperatorAccounts operators) {
        // An address without a queue would be noticed when it is too late.
        inbox.head(0);
        INBOX = inbox;
        OPERATORS = operators;
    }

    /// @notice Posts blocks in calldata, up to a certified head or below it.
    /// @param namespace The namespace.
    /// @param result A certified result, 208 bytes.
    /// @param head The namespace's head at its height with its path.
    /// @param blocks Whole blocks from the first unposted one on: header, then 0 and each transaction (validUntil u64, length u32, payload), or 1, a
    /// count u16 and the roots of published pieces.
    /// @param above Headers of the blocks between the last posted one and the head; empty when it is the head's own.
    function post(uint64 namespace, bytes calldata result, bytes calldata head, bytes calldata blocks, bytes calldata above)
        external
    {
        Namespace storage own = _namespaces[namespace];
        if (own.mode == Mode.Enforced && own.isClosed) revert WrongMode(namespace, own.mode);
        (NamespaceBlocks.Head memory certified, uint64 height) = _head(namespace, own, result, head);
        uint64 from = own.number + 1;
        NamespaceBlocks.Header memory last;
        Chain memory chain = _readBlocks(namespace, own, blocks, last);
        _extend(namespace, own, last, chain.hash);
        _readHeaders(namespace, chain, above, last);
        if (chain.hash != certified.hash) revert NotTheHead(namespace, chain.number);
        // Only now is it known that the committee's chain goes on from L1's.
        if (own.isForked) (own.isForked, own.linkedHeight) = (false, height);
        emit Posted(namespace, from, own.number, own.hash, Kind.Calldata, keccak256(blocks), own.consumed);
        _afterPosting(namespace, own);
    }

    /// @notice Posts blocks in blobs of this transaction, up to a certified head. Operators' accounts only, in Normal only: what the blobs hold is not
    /// seen here.
    /// @param namespace The namespace.
    /// @param result A certified result, 208 bytes.
    /// @param head The namespace's head at its height with its path.
    /// @param header The header of the head's block.
    /// @param blobs How many of the transaction's first blobs hold the blocks.
    function postBlobs(uint64 namespace, bytes calldata result, bytes calldata head, bytes calldata header, uint256 blobs)
        external
    {
        if (address(OPERATORS) == address(0) || !OPERATORS.isOperator(msg.sender)) revert NotOperator(msg.sender);
        Namespace storage own = _namespaces[namespace];
        // In trouble only what is checked counts.
        if (own.mode != Mode.Normal) revert WrongMode(namespace, own.mode);
        if (own.isForked) revert Forked(namespace);
        (NamespaceBlocks.Head memory certified,) = _head(namespace, own, result, head);
        uint64 from = own.number + 1;
        if (certified.number < from) revert AlreadyPosted(namespace, certified.number);
        NamespaceBlocks.Header memory last = _headerOf(namespace, certified, header);
        _extend(namespace, own, last, certified.hash);
        emit Posted(namespace, from, own.number, own.hash, Kind.Blobs, _blobCommitment(blobs), own.consumed);
    }

    /// @notice Makes transactions known that are too many for one call together with the rest of their block. Costs the caller only; what nobody's
    /// block commits to is of no use.
    /// @param namespace The namespace.
    /// @param transactions Each validUntil u64, length u32, payload.
    /// @param count How many; but for a block's last piece the same power of two for all its pieces.
    function publish(uint64 namespace, bytes calldata transactions, uint32 count) external returns (bytes32 root) {
        if (count == 0) revert NamespaceBlocks.MalformedBlocks();
        uint256 end;
        (root, end) = NamespaceBlocks.rootOf(namespace, transactions, 0, count);
        if (end != transactions.length) revert NamespaceBlocks.MalformedBlocks();
        publishedCount[root] = count;
        emit Published(namespace, root, count);
    }

    /// @notice The namespace's whole state here.
    function namespaceOf(uint64 namespace) external view returns (Namespace memory) {
        return _namespaces[namespace];
    }

    /// @notice Hash of the last posted block: the namespace's genesis when there is none.
    function postedHash(uint64 namespace) public view returns (bytes32) {
        bytes32 hash = _namespaces[namespace].hash;
        return hash == 0 ? NamespaceBlocks.genesisHash(GENESIS, namespace) : hash;
    }

    /// @dev The namespace's certified head; what it proves is remembered.
    function _head(uint64 namespace, Namespace storage own, bytes calldata result, bytes calldata proof)
        internal
        returns (NamespaceBlocks.Head memory head, uint64 height)
    {
        (ResultCertificates.BlockResult memory certified,) = _result(result);
        height = certified.height;
        uint64 linked = own.linkedHeight;
        if (height < linked || (own.isForked && height == linked)) revert StaleResult(height, linked);
        head = NamespaceBlocks.decodeHead(proof);
        bool isProved = head.namespace == namespace && NamespaceBlocks.isHeadIn(certified.namespacesRoot, proof);
        if (!isProved) revert HeadNotProved(namespace);
        if (head.number > own.certified) own.certified = head.number;
    }

    /// @dev The header of a head's own block.
    function _headerOf(uint64 namespace, NamespaceBlocks.Head memory head, bytes calldata encoded)
        internal
        view
        returns (NamespaceBlocks.Header memory header)
    {
        if (encoded.length != NamespaceBlocks.HEADER_BYTES) revert NamespaceBlocks.MalformedBlocks();
        if (NamespaceBlocks.hashAt(encoded, 0) != head.hash) revert NotTheHead(namespace, head.number);
        header.read(encoded, 0);
    }

    /// @dev Moves the namespace's chain on to a block, whose link the caller has checked.
    function _extend(uint64 namespace, Namespace storage own, NamespaceBlocks.Header memory last, bytes32 hash) internal {
        _checkL1(last);
        (uint64 count,) = INBOX.head(namespace);
        if (last.forcedCount < own.consumed || last.forcedCount > count) {
            revert WrongForcedCount(namespace, last.forcedCount, own.consumed, count);
        }

        own.number = last.number;
        own.postedAt = uint64(block.timestamp);
        own.timestamp = last.timestamp;
        own.consumed = last.forcedCount;
        own.hash = hash;
        own.branch = last.branch;
        own.policyVersion = last.policyVersion;
    }

    /// @dev Follows headers from a block on; leaves the last one in `last`.
    function _readHeaders(uint64 namespace, Chain memory chain, bytes calldata headers, NamespaceBlocks.Header memory last)
        internal
        view
    {
        if (headers.length % NamespaceBlocks.HEADER_BYTES != 0) revert NamespaceBlocks.MalformedBlocks();
        for (uint256 at = 0; at < headers.length; at += NamespaceBlocks.HEADER_BYTES) {
            last.read(headers, at);
            _follow(namespace, chain, last, NamespaceBlocks.hashAt(headers, at));
        }
    }

    /// @dev Where L1's chain of a namespace ends.
    function _chain(uint64 namespace, Namespace storage own) internal view returns (Chain memory) {
        return Chain(own.number, postedHash(namespace), own.consumed);
    }

    /// @dev What a mode has to say to a posting.
    function _afterPosting(uint64 namespace, Namespace storage own) internal virtual;

    function _readBlocks(uint64 namespace, Namespace storage own, bytes calldata blocks, NamespaceBlocks.Header memory last)
        private
        view
        returns (Chain memory chain)
    {
        chain = _chain(namespace, own);
        if (blocks.length == 0) revert NamespaceBlocks.MalformedBlocks();
        uint256 at = 0;
        while (at < blocks.length) {
            if (blocks.length < at + NamespaceBlocks.HEADER_BYTES + 1) revert NamespaceBlocks.MalformedBlocks();
            last.read(blocks, at);
            if (last.number <= own.number) revert AlreadyPosted(namespace, last.number);
            _follow(namespace, chain, last, NamespaceBlocks.hashAt(blocks, at));
            at = _readTransactions(namespace, blocks, at + NamespaceBlocks.HEADER_BYTES, last);
        }
    }

    function _readTransactions(uint64 namespace, bytes calldata blocks, uint256 at, NamespaceBlocks.Header memory header)
        private
        view
        returns (uint256 end)
    {
        bytes32 root;
        uint8 place = blocks.u8(at);
        if (place == INLINE) (root, end) = NamespaceBlocks.rootOf(namespace, blocks, at + 1, header.count);
        else if (place == PUBLISHED) (root, end) = NamespaceBlocks.rootOfPieces(publishedCount, blocks, at + 1, header.count);
        else revert NamespaceBlocks.MalformedBlocks();
        if (root != header.txRoot) revert OtherTransactions(namespace, header.number);
    }

    function _follow(uint64 namespace, Chain memory chain, NamespaceBlocks.Header memory next, bytes32 hash) private pure {
        bool follows = next.namespace == namespace && next.number == chain.number + 1 && next.parentHash == chain.hash;
        if (!follows) revert BrokenChain(namespace, next.number);
        if (next.forcedCount < chain.forcedCount) {
            revert WrongForcedCount(namespace, next.forcedCount, chain.forcedCount, type(uint64).max);
        }

        (chain.number, chain.hash, chain.forcedCount) = (next.number, hash, next.forcedCount);
    }

    /// @dev After a reorganisation of L1 a posting that was sent before may be included again: what it read on L1 must still be there. L1 tells
    /// the hashes of its last 256 blocks only; deeper ones are final.
    function _checkL1(NamespaceBlocks.Header memory header) internal view {
        if (header.l1Number == 0) return;
        if (header.l1Number >= block.number) revert OtherL1(header.l1Number);
        bytes32 known = blockhash(header.l1Number);
        if (known != 0 && known != header.l1Hash) revert OtherL1(header.l1Number);
    }

    function _blobCommitment(uint256 blobs) private view returns (bytes32) {
        if (blobs == 0) revert MissingBlob(0);
        bytes memory all;
        for (uint256 i = 0; i < blobs; ++i) {
            bytes32 hash = blobhash(i);
            if (hash == 0) revert MissingBlob(i);
            all = bytes.concat(all, hash);
        }

        return keccak256(all);
    }
}
