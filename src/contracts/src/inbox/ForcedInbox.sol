// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Admission, ITenantRegistry} from "../tenants/ITenantRegistry.sol";
import {AddressAlias} from "./AddressAlias.sol";
import {IForcedInbox} from "./IForcedInbox.sol";
import {TransactionGas} from "./TransactionGas.sol";

/// @title The queue by which L1 forces transactions into a rollup's blocks
/// @notice Whoever reaches L1 is ordered: each namespace has a queue of its own, to which any account adds a signed transaction of the rollup, or a
/// call in its own name. Entries never change and never leave; how many are consumed is in the rollup's blocks, and Settlement reads it there.
/// What one L1 block can add to a queue is metered below what the rollup drains, so that no queue can grow without end, and the price rises with
/// use, so that whoever fills the meter to keep others out pays more each block. Nobody administrates this contract.
/// Gas is gas of the rollup; prices are wei of L1 per gas; bytes are those of entries' records in a block.
contract ForcedInbox is IForcedInbox {
    /// @notice How an entry came. Numbers are part of the rolling hash.
    enum Kind {
        Unset,
        /// @dev A signed transaction as its bytes are; with opaque admission any bytes.
        Signed,
        /// @dev A call in the name of its sender.
        Call
    }

    /// @notice What a deployment fixes.
    /// @param registry Where namespaces are registered.
    /// @param feeRecipient Whom fees go to. Never a namespace's owner: filling one's own queue must cost.
    /// @param l1BlockMs Milliseconds between two blocks of L1.
    /// @param blockBytes Bytes of forced records that one block of a namespace takes.
    /// @param minGasPrice Wei per gas of an unused queue.
    struct Settings {
        ITenantRegistry registry;
        address feeRecipient;
        uint32 l1BlockMs;
        uint32 blockBytes;
        uint64 minGasPrice;
    }

    /// @dev The head lies in the first slot of a queue, the count in the lowest 64 bits of the second.
    struct Queue {
        bytes32 rollingHash;
        uint64 count;
        uint64 meteredBlock;
        uint64 excess;
        uint64 gasUsed;
        uint64 bytesUsed;
    }

    /// @notice What a queue takes.
    /// @param blockGas Gas of entries within one block of L1.
    /// @param blockBytes Bytes of records within one block of L1.
    /// @param entryGas Gas of one entry.
    /// @param entryBytes Bytes of one record.
    struct Limits {
        uint256 blockGas;
        uint256 blockBytes;
        uint256 entryGas;
        uint256 entryBytes;
    }

    /// @notice Bytes of a transaction's payload: what Ethereum's clients take as one transaction.
    uint256 public constant PAYLOAD_BYTES_MAX = 131_072;

    /// @notice Length, leaf prefix, namespace and validUntil in front of each payload in a block.
    uint256 public constant RECORD_OVERHEAD = 21;

    /// @notice In front of the data of a call: 0x80, with which no transaction begins, index, sender, recipient, value and gas limit.
    uint256 public constant CALL_HEADER = 1 + 8 + 20 + 20 + 32 + 8;

    /// @notice Gas of any transaction, and of each byte of it at the dearest (EIP-7623): nobody declares less.
    uint256 public constant TRANSACTION_GAS = 21_000;
    uint256 public constant BYTE_GAS = 40;

    /// @notice With a block at each height, this many milliseconds are taken as the time between blocks: a network under no load has its
    /// heartbeat more often.
    uint32 public constant HEIGHT_MS = 1_000;

    /// @notice A full meter counts this much.
    uint256 public constant FULL = 1e9;

    /// @notice What a block of L1 takes away from the excess: at half use the price stands still.
    uint256 public constant TARGET = FULL / 2;

    /// @notice TARGET / ln(9/8): a full block above an excess makes the next one an eighth dearer, as EIP-1559 does.
    uint256 public constant PRICE_FRACTION = 4_245_093_508;

    /// @notice The price ends at e^30 times the least, 10^13: nobody gets there, and the exponential stays short.
    uint256 public constant EXCESS_MAX = 30 * PRICE_FRACTION;

    ITenantRegistry public immutable REGISTRY;
    address public immutable FEE_RECIPIENT;
    uint32 public immutable L1_BLOCK_MS;
    uint32 public immutable BLOCK_BYTES;
    uint64 public immutable MIN_GAS_PRICE;

    /// @dev Slot 0: namespace -> queue.
    mapping(uint64 namespace => Queue) private _queues;

    /// @dev Slot 1: namespace -> index -> entry.
    mapping(uint64 namespace => mapping(uint64 index => Entry)) private _entries;

    /// @notice Fees not yet paid on, in wei. The contract never holds less.
    uint256 public fees;

    /// @notice Everything there is to know of an entry.
    /// @param sender The account as the rollup knows it: aliased if it is a contract.
    /// @param kind Signed or call.
    /// @param gas What was metered: declared, or the least that so many bytes cost.
    /// @param enqueuedAt `block.timestamp`, seconds.
    /// @param rollingHash Over all entries up to this one.
    /// @param payload What enters the block.
    event Enqueued(
        uint64 indexed namespace,
        uint64 indexed index,
        address indexed sender,
        Kind kind,
        uint64 gas,
        uint64 enqueuedAt,
        bytes32 rollingHash,
        bytes payload
    );

    event FeesPaid(address indexed recipient, uint256 amount);

    /// @notice The setting is out of its range.
    error BadSetting(string setting);

    /// @notice Nobody holds the namespace, or it left.
    error NamespaceClosed(uint64 namespace);

    /// @notice A namespace with opaque admission knows no calls.
    error CallsNotSupported(uint64 namespace);

    error EmptyTransaction();

    error ZeroRecipient();

    error TooManyBytes(uint256 given, uint256 most);

    error TooMuchGas(uint256 given, uint256 most);

    /// @notice A call with so many bytes can not be executed with so little gas.
    error TooLittleGas(uint256 given, uint256 least);

    /// @notice The queue is full until the next block of L1.
    error MeterFull(uint64 namespace, uint256 gasLeft, uint256 bytesLeft);

    error FeeTooLow(uint256 given, uint256 wanted);

    /// @notice The caller refused what it had paid too much; nothing changed. `feeOfSigned` and `feeOfCall` say what to pay exactly.
    error RefundRefused();

    /// @notice The recipient refused the fees; nothing changed.
    error PaymentRefused();

    /// @notice There is no such entry.
    error UnknownEntry(uint64 namespace, uint64 index);

    constructor(Settings memory settings) {
        if (address(settings.registry).code.length == 0) revert BadSetting("registry");
        if (settings.feeRecipient == address(0)) revert BadSetting("feeRecipient");
        if (settings.l1BlockMs < 100 || settings.l1BlockMs > 60_000) revert BadSetting("l1BlockMs");
        // One entry of full size must fit.
        if (settings.blockBytes < PAYLOAD_BYTES_MAX + RECORD_OVERHEAD || settings.blockBytes > 16 * 1024 * 1024) {
            revert BadSetting("blockBytes");
        }
        if (settings.minGasPrice == 0) revert BadSetting("minGasPrice");
        REGISTRY = settings.registry;
        FEE_RECIPIENT = settings.feeRecipient;
        L1_BLOCK_MS = settings.l1BlockMs;
        BLOCK_BYTES = settings.blockBytes;
        MIN_GAS_PRICE = settings.minGasPrice;
    }

    // --- adding to a queue ---

    /// @notice Forces a signed transaction of the rollup. It may be anybody's; what is not executable consumes its place with a reason.
    /// What was paid above the fee comes back.
    /// @param rawTx With evm admission the bytes that a wallet would send; types 0, 1, 2 and 4.
    function enqueueSigned(uint64 namespace, bytes calldata rawTx) external payable returns (uint64 index) {
        (Admission admission, Limits memory limits) = _open(namespace);
        uint256 gas = _signedGas(admission, rawTx);
        return _enqueue(namespace, limits, Kind.Signed, gas, rawTx, AddressAlias.caller());
    }

    /// @notice Forces a call in the caller's name, which needs no signature: a key's account is the same on the rollup, a contract's is moved by the
    /// offset of `AddressAlias`. The value is the sender's own on the rollup: nothing is bridged. What was paid above the fee comes back.
    /// @param gasLimit Gas of the rollup, at least what so many bytes cost.
    function enqueueCall(uint64 namespace, address to, uint256 value, uint64 gasLimit, bytes calldata data)
        external
        payable
        returns (uint64 index)
    {
        (Admission admission, Limits memory limits) = _open(namespace);
        _checkCall(namespace, admission, to, gasLimit, data.length);
        address sender = AddressAlias.caller();
        bytes memory payload =
            abi.encodePacked(bytes1(0x80), _queues[namespace].count, sender, to, value, gasLimit, data);
        return _enqueue(namespace, limits, Kind.Call, gasLimit, payload, sender);
    }

    /// @notice Pays the fees on; anybody may.
    function payFees() external returns (uint256 amount) {
        amount = fees;
        fees = 0;
        emit FeesPaid(FEE_RECIPIENT, amount);
        (bool paid,) = FEE_RECIPIENT.call{value: amount}("");
        if (!paid) revert PaymentRefused();
    }

    // --- views ---

    /// @inheritdoc IForcedInbox
    function head(uint64 namespace) external view returns (uint64 count, bytes32 rollingHash) {
        Queue storage queue = _queues[namespace];
        return (queue.count, queue.rollingHash);
    }

    /// @inheritdoc IForcedInbox
    function entry(uint64 namespace, uint64 index) external view returns (Entry memory) {
        if (index >= _queues[namespace].count) revert UnknownEntry(namespace, index);
        return _entries[namespace][index];
    }

    /// @notice What the queue of a namespace takes; reverts when it is closed.
    function limitsOf(uint64 namespace) external view returns (Limits memory limits) {
        (, limits) = _open(namespace);
    }

    /// @notice What is left of the meter in this block of L1.
    function leftOf(uint64 namespace) external view returns (uint256 gasLeft, uint256 bytesLeft) {
        (, Limits memory limits) = _open(namespace);
        Queue memory queue = _metered(namespace);
        return (_left(limits.blockGas, queue.gasUsed), _left(limits.blockBytes, queue.bytesUsed));
    }

    /// @notice Wei per gas for the next entry.
    function gasPriceOf(uint64 namespace) public view returns (uint256) {
        return _price(_metered(namespace).excess);
    }

    /// @notice What `enqueueSigned` costs now; blocks of L1 without entries make it cheaper.
    function feeOfSigned(uint64 namespace, bytes calldata rawTx) external view returns (uint256) {
        (Admission admission,) = _open(namespace);
        return gasPriceOf(namespace) * _signedGas(admission, rawTx);
    }

    /// @notice What `enqueueCall` costs now, whatever it calls.
    function feeOfCall(uint64 namespace, uint64 gasLimit) external view returns (uint256) {
        return gasPriceOf(namespace) * gasLimit;
    }

    // --- rules ---

    /// @dev All state is written before the caller is paid back: what it then does meets a finished entry.
    function _enqueue(
        uint64 namespace,
        Limits memory limits,
        Kind kind,
        uint256 gas,
        bytes memory payload,
        address sender
    ) private returns (uint64 index) {
        Queue memory queue = _metered(namespace);
        uint256 price = _price(queue.excess);
        _meter(namespace, queue, limits, gas, payload.length + RECORD_OVERHEAD);
        uint256 fee = price * gas;
        if (msg.value < fee) revert FeeTooLow(msg.value, fee);

        index = queue.count;
        queue.count = index + 1;
        queue.rollingHash = _append(namespace, queue.rollingHash, index, kind, gas, payload, sender);
        _queues[namespace] = queue;
        fees += fee;
        emit Enqueued(
            namespace, index, sender, kind, uint64(gas), uint64(block.timestamp), queue.rollingHash, payload
        );
        if (msg.value > fee) {
            (bool paid,) = msg.sender.call{value: msg.value - fee}("");
            if (!paid) revert RefundRefused();
        }
    }

    /// @dev Stores the entry. Keccak-256 over 109 bytes of fixed places: one permutation in every verifier.
    function _append(
        uint64 namespace,
        bytes32 before,
        uint64 index,
        Kind kind,
        uint256 gas,
        bytes memory payload,
        address sender
    ) private returns (bytes32) {
        bytes32 txId = sha256(abi.encodePacked(bytes1(0), namespace, uint64(0), payload));
        _entries[namespace][index] = Entry({
            txId: txId,
            enqueuedAt: uint64(block.timestamp),
            recordBytes: uint32(payload.length + RECORD_OVERHEAD)
        });
        return keccak256(
            abi.encodePacked(before, index, uint8(kind), sender, uint64(gas), uint64(block.timestamp), txId)
        );
    }

    /// @dev The terms of an open namespace as limits: two thirds of what its blocks drain, so that a backlog always shrinks.
    function _open(uint64 namespace) private view returns (Admission admission, Limits memory limits) {
        bool isOpen;
        uint32 blockTimeMs;
        uint64 gasCap;
        (isOpen, admission, blockTimeMs, gasCap) = REGISTRY.forcedTerms(namespace);
        if (!isOpen) revert NamespaceClosed(namespace);
        if (blockTimeMs == 0) blockTimeMs = HEIGHT_MS;
        // Forced entries take half of a block's gas: the rest of the rollup goes on.
        uint256 gas = admission == Admission.Evm ? gasCap / 2 : type(uint64).max;
        limits.blockGas = (2 * gas * L1_BLOCK_MS) / (3 * uint256(blockTimeMs));
        limits.blockBytes = (2 * uint256(BLOCK_BYTES) * L1_BLOCK_MS) / (3 * uint256(blockTimeMs));
        limits.entryGas = gas < limits.blockGas ? gas : limits.blockGas;
        uint256 recordBytesMax = PAYLOAD_BYTES_MAX + RECORD_OVERHEAD;
        limits.entryBytes = recordBytesMax < limits.blockBytes ? recordBytesMax : limits.blockBytes;
    }

    /// @dev The queue as this block of L1 finds it.
    function _metered(uint64 namespace) private view returns (Queue memory queue) {
        queue = _queues[namespace];
        if (queue.meteredBlock == block.number) return queue;
        uint256 decay = TARGET * (block.number - queue.meteredBlock);
        queue.excess = queue.excess > decay ? uint64(queue.excess - decay) : 0;
        queue.meteredBlock = uint64(block.number);
        queue.gasUsed = 0;
        queue.bytesUsed = 0;
    }

    /// @dev Counts an entry, in whichever of gas and bytes it takes the greater part of.
    function _meter(uint64 namespace, Queue memory queue, Limits memory limits, uint256 gas, uint256 recordBytes)
        private
        pure
    {
        if (recordBytes > limits.entryBytes) revert TooManyBytes(recordBytes, limits.entryBytes);
        if (gas > limits.entryGas) revert TooMuchGas(gas, limits.entryGas);
        uint256 gasLeft = _left(limits.blockGas, queue.gasUsed);
        uint256 bytesLeft = _left(limits.blockBytes, queue.bytesUsed);
        if (gas > gasLeft || recordBytes > bytesLeft) revert MeterFull(namespace, gasLeft, bytesLeft);
        queue.gasUsed += uint64(gas);
        queue.bytesUsed += uint64(recordBytes);
        uint256 gasPart = _ceil(gas * FULL, limits.blockGas);
        uint256 bytesPart = _ceil(recordBytes * FULL, limits.blockBytes);
        uint256 excess = queue.excess + (gasPart > bytesPart ? gasPart : bytesPart);
        queue.excess = uint64(excess < EXCESS_MAX ? excess : EXCESS_MAX);
    }

    /// @dev MIN_GAS_PRICE * e^(excess / PRICE_FRACTION), rounded down, by its series (as EIP-4844 computes it).
    function _price(uint256 excess) private view returns (uint256) {
        uint256 sum;
        uint256 term = MIN_GAS_PRICE * PRICE_FRACTION;
        for (uint256 i = 1; term > 0; ++i) {
            sum += term;
            term = (term * excess) / (PRICE_FRACTION * i);
        }
        return sum / PRICE_FRACTION;
    }

    function _signedGas(Admission admission, bytes calldata rawTx) private pure returns (uint256) {
        if (rawTx.length == 0) revert EmptyTransaction();
        uint256 least = _leastGas(rawTx.length);
        if (admission != Admission.Evm) return least;
        uint256 declared = TransactionGas.gasLimitOf(rawTx);
        return declared > least ? declared : least;
    }

    function _checkCall(uint64 namespace, Admission admission, address to, uint64 gasLimit, uint256 dataBytes)
        private
        pure
    {
        if (admission != Admission.Evm) revert CallsNotSupported(namespace);
        if (to == address(0)) revert ZeroRecipient();
        uint256 least = _leastGas(CALL_HEADER + dataBytes);
        if (gasLimit < least) revert TooLittleGas(gasLimit, least);
    }

    function _leastGas(uint256 payloadBytes) private pure returns (uint256) {
        return TRANSACTION_GAS + BYTE_GAS * payloadBytes;
    }

    function _left(uint256 limit, uint256 used) private pure returns (uint256) {
        return limit > used ? limit - used : 0;
    }

    function _ceil(uint256 a, uint256 b) private pure returns (uint256) {
        return (a + b - 1) / b;
    }
}
