// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Merkle} from "../certificates/Merkle.sol";
import {NamespaceBlocks} from "../certificates/NamespaceBlocks.sol";
import {IForcedInbox} from "../inbox/IForcedInbox.sol";
import {ISettlement} from "./ISettlement.sol";
import {Postings} from "./Postings.sol";

/// @title The ways out when the network fails a namespace: Normal -> Grace -> Enforced -> Normal
/// @notice Anybody moves a namespace on by showing that the condition for it holds. At any time after the grace time a namespace in Grace can either
/// be released or enforced, and one in Enforced always has something that somebody can do about it: nothing here waits for a particular account.
/// One namespace's mode never touches another's.
abstract contract Escape is Postings {
    using NamespaceBlocks for NamespaceBlocks.Header;

    /// @notice How long things may take, in seconds.
    struct Delays {
        /// @dev A forced entry may wait.
        uint32 maxForcedDelay;
        /// @dev A block whose certificate L1 knows may be unposted.
        uint32 maxPostingDelay;
        /// @dev L1 may be without a new certificate.
        uint32 maxCommitDelay;
        /// @dev From Grace to Enforced: for mending what is wrong, or registering what is certified.
        uint32 graceTime;
        /// @dev From Enforced to Normal, at least: so that nobody flips modes.
        uint32 enforcedTime;
        /// @dev From Enforced until registered blocks that are not posted, which nobody seems to have, are given up.
        uint32 abandonTime;
    }

    /// @notice What governance can set delays to, in seconds.
    struct Bounds {
        /// @dev Longer than L1's finality and a recovery take.
        uint32 least;
        /// @dev Never above MAX_DELAY.
        uint32 most;
    }

    /// @notice No delay is ever longer: 7 days.
    uint32 public constant MAX_DELAY = 7 days;

    /// @notice Entries of the forced queue in one block built from it: what one call costs stays far below a block's gas.
    uint256 public constant MAX_FORCED_IN_BLOCK = 256;

    /// @notice The least and the longest delay that governance can set.
    uint32 public immutable LEAST_DELAY;
    uint32 public immutable LONGEST_DELAY;

    /// @notice The delays in force.
    Delays public delays;

    /// @notice The mode changed. `cause` is why it left Normal.
    event ModeChanged(uint64 indexed namespace, Mode mode, Cause cause);

    /// @notice Blocks up to this one will be posted before any is built from the forced queue.
    event Registered(uint64 indexed namespace, uint64 number, bytes32 hash);

    /// @notice Registered blocks behind the posted ones are given up: nobody had them.
    event Abandoned(uint64 indexed namespace, uint64 posted, uint64 registered);

    /// @notice A block was built from the forced queue; `header` is its encoding.
    event ForcedBlock(uint64 indexed namespace, uint64 indexed number, uint64 firstEntry, uint64 entries, bytes header);

    /// @notice Delays were set.
    event DelaysSet(Delays delays);

    /// @notice None of the conditions holds.
    error NothingOverdue(uint64 namespace);

    /// @notice Not before this time.
    error TooEarly(uint64 namespace, uint64 from);

    /// @notice What was wrong is mended: the namespace can be released.
    error Mended(uint64 namespace);

    /// @notice What was wrong still is.
    error NotMended(uint64 namespace);

    /// @notice Registered blocks must be posted first.
    error RegisteredFirst(uint64 namespace, uint64 posted, uint64 registered);

    /// @notice The number of entries is 0, above the limit or above what waits.
    error WrongEntries(uint64 namespace, uint256 given, uint256 pending);

    /// @notice A delay is outside of its bounds, or bounds are outside of theirs.
    error WrongDelay(uint256 given);

    /// @notice Certificates still come.
    error NotHalted(uint64 certifiedAt);

    /// @notice Namespace 0 has no blocks.
    error SystemNamespace();

    constructor(Bounds memory bounds, Delays memory first) {
        if (bounds.least == 0 || bounds.least > bounds.most || bounds.most > MAX_DELAY) revert WrongDelay(bounds.most);
        LEAST_DELAY = bounds.least;
        LONGEST_DELAY = bounds.most;
        _setDelays(first);
    }

    /// @notice Enters Grace when a forced entry or the network's next certificate is overdue. In any other mode than Normal it changes nothing.
    function enterGrace(uint64 namespace) external {
        if (namespace == 0) revert SystemNamespace();
        Namespace storage own = _namespaces[namespace];
        if (own.mode != Mode.Normal) return;
        if (_isForcedOverdue(namespace, own)) _enterGrace(namespace, own, Cause.Forced);
        else if (_isCommitOverdue()) _enterGrace(namespace, own, Cause.Commit);
        else revert NothingOverdue(namespace);
    }

    /// @notice Enters Grace when a block is not posted although L1 has had its certificate for too long; the head shown is registered at once. In
    /// any other mode than Normal it changes nothing.
    /// @param namespace The namespace.
    /// @param result A certified result, 208 bytes, that was the newest when it came.
    /// @param head The namespace's head at its height with its path.
    /// @param header The header of the head's block.
    function enterGraceUnposted(uint64 namespace, bytes calldata result, bytes calldata head, bytes calldata header) external {
        Namespace storage own = _namespaces[namespace];
        if (own.mode != Mode.Normal) return;
        if (own.isForked) revert Forked(namespace);
        (NamespaceBlocks.Head memory certified,) = _head(namespace, own, result, head);
        (, uint64 advancedAt) = _result(result);
        bool isOverdue = advancedAt != 0 && block.timestamp > advancedAt + delays.maxPostingDelay;
        if (certified.number <= own.number || !isOverdue) revert NothingOverdue(namespace);
        _checkL1(_headerOf(namespace, certified, header));
        _enterGrace(namespace, own, Cause.Posting);
        own.overdue = certified.number;
        own.registered = certified.number;
        emit Registered(namespace, certified.number, certified.hash);
    }

    /// @notice Back to Normal from Grace when what was wrong is mended.
    function endGrace(uint64 namespace) external {
        Namespace storage own = _namespaces[namespace];
        if (own.mode != Mode.Grace) revert WrongMode(namespace, own.mode);
        if (!_isMended(namespace, own)) revert NotMended(namespace);
        _release(namespace, own);
    }

    /// @notice Registers certified blocks in Grace, and in Enforced until the first block is built from the forced queue.
    /// @param namespace The namespace.
    /// @param result A certified result, 208 bytes.
    /// @param head The namespace's head at its height with its path.
    /// @param headers The header of the head's block; where the namespace left the committee's chain before, those of all blocks behind the last
    /// posted one.
    function register(uint64 namespace, bytes calldata result, bytes calldata head, bytes calldata headers) external {
        Namespace storage own = _namespaces[namespace];
        if (own.mode == Mode.Normal || own.isClosed) revert WrongMode(namespace, own.mode);
        (NamespaceBlocks.Head memory certified,) = _head(namespace, own, result, head);
        if (certified.number <= own.number) revert AlreadyPosted(namespace, certified.number);
        if (own.isForked) {
            NamespaceBlocks.Header memory last;
            Chain memory chain = _chain(namespace, own);
            _readHeaders(namespace, chain, headers, last);
            if (chain.hash != certified.hash) revert NotTheHead(namespace, chain.number);
            _checkL1(last);
        } else {
            _checkL1(_headerOf(namespace, certified, headers));
        }

        if (certified.number <= own.registered) return;
        own.registered = certified.number;
        emit Registered(namespace, certified.number, certified.hash);
    }

    /// @notice Enters Enforced when the grace time is over and what was wrong still is. In Enforced it changes nothing.
    function enterEnforced(uint64 namespace) external {
        Namespace storage own = _namespaces[namespace];
        if (own.mode == Mode.Enforced) return;
        if (own.mode != Mode.Grace) revert WrongMode(namespace, own.mode);
        uint64 from = own.modeSince + delays.graceTime;
        if (block.timestamp < from) revert TooEarly(namespace, from);
        if (_isMended(namespace, own)) revert Mended(namespace);
        _enter(namespace, own, Mode.Enforced);
    }

    /// @notice Builds a block from the next entries of the forced queue, posted by this call. All entries enter it; what is invalid is left out by
    /// whoever executes it. The first such block closes registration.
    /// @param namespace The namespace, in Enforced with all registered blocks posted.
    /// @param entries How many, from 1 to MAX_FORCED_IN_BLOCK.
    function postForced(uint64 namespace, uint256 entries) external {
        Namespace storage own = _namespaces[namespace];
        if (own.mode != Mode.Enforced) revert WrongMode(namespace, own.mode);
        if (own.number < own.registered) revert RegisteredFirst(namespace, own.number, own.registered);
        (uint64 count,) = INBOX.head(namespace);
        uint64 first = own.consumed;
        uint256 pending = count - first;
        if (entries == 0 || entries > MAX_FORCED_IN_BLOCK || entries > pending) revert WrongEntries(namespace, entries, pending);
        NamespaceBlocks.Header memory header = _forcedHeader(namespace, own, first, entries);
        bytes memory encoded = header.encode();
        own.isClosed = true;
        _extend(namespace, own, header, NamespaceBlocks.hash(encoded));
        emit ForcedBlock(namespace, header.number, first, uint64(entries), encoded);
        emit Posted(namespace, header.number, header.number, own.hash, Kind.Forced, keccak256(encoded), own.consumed);
    }

    /// @notice Gives up registered blocks that are not posted `abandonTime` after Enforced began, so that the forced queue goes on. Postings since do
    /// not put it off: whoever alone has the blocks could keep the queue waiting by one of them at a time.
    function abandonRegistered(uint64 namespace) external {
        Namespace storage own = _namespaces[namespace];
        if (own.mode != Mode.Enforced || own.number >= own.registered) revert WrongMode(namespace, own.mode);
        uint64 from = own.modeSince + delays.abandonTime;
        if (block.timestamp < from) revert TooEarly(namespace, from);
        emit Abandoned(namespace, own.number, own.registered);
        own.registered = own.number;
        // The same blocks could be registered again and again otherwise.
        own.isClosed = true;
    }

    /// @notice Back to Normal from Enforced when the forced queue is empty, all registered blocks are posted, certificates came since, and
    /// `enforcedTime` is over.
    function leaveEnforced(uint64 namespace) external {
        Namespace storage own = _namespaces[namespace];
        if (own.mode != Mode.Enforced) revert WrongMode(namespace, own.mode);
        if (own.number < own.registered) revert RegisteredFirst(namespace, own.number, own.registered);
        uint64 from = own.modeSince + delays.enforcedTime;
        if (block.timestamp < from) revert TooEarly(namespace, from);
        (uint64 count,) = INBOX.head(namespace);
        bool isAlive = certifiedAt > own.modeSince && !_isCommitOverdue();
        if (!isAlive || own.consumed != count) revert NotMended(namespace);
        _release(namespace, own);
    }

    // --- governance ---

    /// @notice Back to Normal by governance, whatever holds.
    function release(uint64 namespace) external onlyGovernance {
        Namespace storage own = _namespaces[namespace];
        if (own.mode == Mode.Normal) revert WrongMode(namespace, own.mode);
        _release(namespace, own);
    }

    /// @notice Names the committee that carries on when the one before is gone: only after no certificate came for `maxCommitDelay`. Its epoch and
    /// heights are above all that was certified; namespaces go on from their posted blocks.
    /// @param plan The committee's plan.
    function restart(bytes calldata plan) external onlyGovernance {
        if (!_isCommitOverdue()) revert NotHalted(certifiedAt);
        _restart(plan);
    }

    /// @notice Sets the delays, within bounds.
    function setDelays(Delays calldata next) external onlyGovernance {
        _setDelays(next);
    }

    // --- views ---

    /// @inheritdoc ISettlement
    function health(uint64 namespace) external view returns (Health memory state) {
        Namespace storage own = _namespaces[namespace];
        (uint64 count,) = INBOX.head(namespace);
        state.mode = own.mode;
        state.cause = own.cause;
        state.modeSince = own.modeSince;
        state.postedNumber = own.number;
        state.postedHash = postedHash(namespace);
        state.postedAt = own.postedAt;
        state.certifiedNumber = own.certified;
        state.lag = own.certified > own.number ? own.certified - own.number : 0;
        state.consumed = own.consumed;
        state.pending = count - own.consumed;
        if (state.pending > 0) state.oldestPendingAt = INBOX.entry(namespace, own.consumed).enqueuedAt;
        state.certifiedHeight = certifiedHeight;
        state.certifiedAt = certifiedAt;
    }

    /// @inheritdoc ISettlement
    function modeOf(uint64 namespace) external view returns (Mode) {
        return _namespaces[namespace].mode;
    }

    /// @inheritdoc ISettlement
    function consumed(uint64 namespace) external view returns (uint64) {
        return _namespaces[namespace].consumed;
    }

    // --- rules ---

    /// @dev A posting that mends what was wrong ends Grace by itself.
    function _afterPosting(uint64 namespace, Namespace storage own) internal override {
        if (own.mode == Mode.Grace && _isMended(namespace, own)) _release(namespace, own);
    }

    function _enterGrace(uint64 namespace, Namespace storage own, Cause cause) private {
        own.cause = cause;
        _enter(namespace, own, Mode.Grace);
    }

    function _enter(uint64 namespace, Namespace storage own, Mode mode) private {
        own.mode = mode;
        own.modeSince = uint64(block.timestamp);
        emit ModeChanged(namespace, mode, own.cause);
    }

    /// @dev After Enforced the committee has to show that it goes on from L1's chain; heads from before say nothing of that.
    function _release(uint64 namespace, Namespace storage own) private {
        if (own.mode == Mode.Enforced) {
            own.isForked = true;
            own.linkedHeight = certifiedHeight;
            own.certified = own.number;
        }

        (own.isClosed, own.registered, own.overdue, own.cause) = (false, 0, 0, Cause.None);
        _enter(namespace, own, Mode.Normal);
    }

    function _isMended(uint64 namespace, Namespace storage own) private view returns (bool) {
        return own.number >= own.overdue && !_isForcedOverdue(namespace, own) && !_isCommitOverdue();
    }

    function _isForcedOverdue(uint64 namespace, Namespace storage own) private view returns (bool) {
        (uint64 count,) = INBOX.head(namespace);
        if (own.consumed >= count) return false;
        return block.timestamp > INBOX.entry(namespace, own.consumed).enqueuedAt + delays.maxForcedDelay;
    }

    function _isCommitOverdue() private view returns (bool) {
        return block.timestamp > certifiedAt + delays.maxCommitDelay;
    }

    /// @dev The block behind the last posted one, of the next entries of the queue and nothing else, at this call's time.
    function _forcedHeader(uint64 namespace, Namespace storage own, uint64 first, uint256 entries)
        private
        view
        returns (NamespaceBlocks.Header memory header)
    {
        bytes32[] memory ids = new bytes32[](entries);
        uint64 size = 0;
        for (uint64 i = 0; i < entries; ++i) {
            IForcedInbox.Entry memory entry = INBOX.entry(namespace, first + i);
            ids[i] = entry.txId;
            size += entry.recordBytes;
        }

        uint64 time = uint64(block.timestamp) * 1000;
        header.namespace = namespace;
        header.number = own.number + 1;
        header.branch = own.branch;
        header.parentHash = postedHash(namespace);
        header.timestamp = time > own.timestamp ? time : own.timestamp;
        header.l1Number = uint64(block.number - 1);
        header.l1Hash = blockhash(block.number - 1);
        header.forcedCount = first + uint64(entries);
        header.policyVersion = own.policyVersion;
        header.txRoot = Merkle.rootOf(ids);
        header.count = uint32(entries);
        header.size = size;
        header.flags = NamespaceBlocks.BUILT_ON_L1;
    }

    function _setDelays(Delays memory next) private {
        uint32[6] memory all = [
            next.maxForcedDelay, next.maxPostingDelay, next.maxCommitDelay, next.graceTime, next.enforcedTime, next.abandonTime
        ];
        for (uint256 i = 0; i < all.length; ++i) {
            if (all[i] < LEAST_DELAY || all[i] > LONGEST_DELAY) revert WrongDelay(all[i]);
        }

        delays = next;
        emit DelaysSet(next);
    }
}
