// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {NoticeAccount} from "../escrow/NoticeAccount.sol";
import {
    Admission,
    ITenantRegistry,
    L1Origin,
    NamespaceState,
    OrderingRule,
    SettlementKind,
    TimeGaps
} from "./ITenantRegistry.sol";

/// @title Rollups that this network orders
/// @notice Anybody registers a namespace for a deposit, sets its terms within bounds, funds its prepaid account, opts out with notice and hands it
/// over in two steps. Nobody else has any power here: there is no administrator, no pause and no upgrade, so no vote can keep a rollup in.
/// Amounts are in wei, times in seconds.
/// @dev An id says nothing about who holds it: bridges and clients pin the owner or the settlement contract together with the id.
contract TenantRegistry is ITenantRegistry {
    using NoticeAccount for NoticeAccount.Account;

    /// @notice What is fixed for as long as the id is held: transactions were admitted by it.
    /// @param name Lower-case letters, digits and hyphens; shown to people.
    /// @param admission Opaque or evm.
    /// @param chainId The chain id that signed transactions must name; 0 with opaque admission.
    struct Identity {
        string name;
        Admission admission;
        uint64 chainId;
    }

    /// @notice What the owner may change.
    /// @param ordering By arrival, or commit and reveal.
    /// @param timeGaps Fill or jump.
    /// @param l1Origin Latest or one step per block.
    /// @param settlementKind Who says what is settled.
    /// @param blockTimeMs Milliseconds of committed time between blocks; 0 for a block at each height with something in it.
    /// @param gasCap Gas of one block of the rollup's execution client; 0 with opaque admission.
    /// @param settlement The contract that the settlement reader asks; zero with `SettlementKind.None`.
    /// @param revenue Who may claim what the namespace earns.
    /// @param reserve Least price of the top of a block, wei.
    /// @param spendCap What the prepaid account refunds per lane and epoch at most, wei.
    struct Terms {
        OrderingRule ordering;
        TimeGaps timeGaps;
        L1Origin l1Origin;
        SettlementKind settlementKind;
        uint32 blockTimeMs;
        uint64 gasCap;
        address settlement;
        address revenue;
        uint128 reserve;
        uint128 spendCap;
    }

    struct Namespace {
        address owner;
        uint64 version;
        Admission admission;
        address pendingOwner;
        uint64 chainId;
        uint128 deposit;
        uint64 exitAt;
        Terms terms;
        bytes32 attestersHash;
        NoticeAccount.Account prepaid;
    }

    /// @notice UTF-8 bytes of a name.
    uint256 public constant NAME_BYTES_MAX = 64;

    /// @notice One block in each block of L1 at least, so that forced transactions do not wait for hours.
    uint32 public constant BLOCK_TIME_MS_MAX = 12_000;

    /// @notice Whoever wants blocks faster takes one at each height.
    uint32 public constant BLOCK_TIME_MS_MIN = 50;

    /// @notice Less would leave no room to force a transaction of any size.
    uint64 public constant GAS_CAP_MIN = 10_000_000;

    /// @notice More than any execution client runs within a block; a limit made from it still limits.
    uint64 public constant GAS_CAP_MAX = 10_000_000_000;

    /// @notice As many as a committee has members.
    uint256 public constant ATTESTERS_MAX = 128;

    /// @notice No notice may be longer, so that a deployment can not keep a rollup in for good.
    uint64 public constant NOTICE_MAX = 30 days;

    /// @notice Ids held over this many double the first deposit.
    uint256 public constant DEPOSIT_STEP = 1_024;

    /// @notice Seconds from opting out to the last block, and from a notice to a withdrawal.
    uint64 public immutable NOTICE;

    /// @notice Wei that the first id costs to hold.
    uint128 public immutable FIRST_DEPOSIT;

    /// @notice Ids that can be held at once: each takes a place in every replica's state.
    uint64 public immutable NAMESPACES_MAX;

    mapping(uint64 namespace => Namespace) private _namespaces;

    /// @notice Ids that are held.
    uint64 public held;

    /// @notice Sum of deposits and prepaid balances, in wei. The contract never holds less.
    uint256 public total;

    event Registered(
        uint64 indexed namespace, address indexed owner, string name, Admission admission, uint64 chainId, uint256 deposit
    );

    /// @notice All terms as they are from now on. Versions of a namespace rise by one and are never used again.
    event TermsChanged(uint64 indexed namespace, uint64 indexed version, Terms terms, uint32[] attesters);

    event Funded(uint64 indexed namespace, address indexed payer, uint256 amount, uint256 balance);

    /// @notice From here on nobody counts on the amount.
    event WithdrawalRequested(uint64 indexed namespace, uint64 indexed number, uint256 amount, uint64 releaseAt);

    event WithdrawalCancelled(uint64 indexed namespace, uint64 indexed number);

    event Withdrawn(uint64 indexed namespace, uint64 indexed number, address to, uint256 amount);

    event HandOverOffered(uint64 indexed namespace, address indexed owner, address indexed successor);

    event HandedOver(uint64 indexed namespace, address indexed owner, address indexed successor);

    /// @param exitAt The L1 time from which the namespace is ordered elsewhere.
    event ExitRequested(uint64 indexed namespace, uint64 exitAt);

    /// @notice The namespace stays, or comes back.
    event Rejoined(uint64 indexed namespace, uint64 version);

    /// @notice The id is free. What was deposited and prepaid went to `to`.
    event Released(uint64 indexed namespace, address to, uint256 amount);

    /// @notice 0 is the network's own namespace.
    error ReservedNamespace();

    error NamespaceTaken(uint64 namespace);

    /// @notice Nobody holds the id.
    error UnknownNamespace(uint64 namespace);

    error TooManyNamespaces(uint64 most);

    error WrongDeposit(uint256 given, uint256 wanted);

    error NotOwner(uint64 namespace, address caller);

    error NotSuccessor(uint64 namespace, address caller);

    error ZeroAddress();

    /// @notice 1 to 64 lower-case letters, digits and hyphens.
    error BadName();

    /// @notice An evm namespace names its chain id, an opaque one does not; one of both must be chosen.
    error BadIdentity();

    /// @notice A choice was not made.
    error MissingTerm();

    /// @notice 0, or within the range.
    error BadBlockTime(uint32 given, uint32 least, uint32 most);

    /// @notice With evm admission within the range, with opaque admission 0.
    error BadGasCap(uint64 given, uint64 least, uint64 most);

    /// @notice A settlement contract is named exactly with a kind that has one.
    error BadSettlement();

    /// @notice Operators' ids in rising order, each once, at most 128; none for every operator.
    error BadAttesters();

    error NotInState(uint64 namespace, NamespaceState state);

    /// @notice The id can be released from this time on.
    error StillHeld(uint64 namespace, uint64 releaseAt);

    /// @notice The notice must be longer than `maxPostingDelay + l1Finality` and at most `NOTICE_MAX`.
    error BadNotice(uint64 notice, uint64 least);

    /// @notice The recipient refused the money; nothing changed.
    error PaymentRefused(address to);

    modifier onlyOwner(uint64 namespace) {
        if (_namespaces[namespace].owner != msg.sender) revert NotOwner(namespace, msg.sender);
        _;
    }

    /// @param notice Seconds.
    /// @param maxPostingDelay Seconds: the longest that any policy may set, because the notice is fixed for good.
    /// @param l1Finality Seconds L1 needs to finalize, with reserve.
    /// @param firstDeposit Wei.
    /// @param namespacesMax Ids.
    constructor(uint64 notice, uint64 maxPostingDelay, uint64 l1Finality, uint128 firstDeposit, uint64 namespacesMax) {
        if (notice <= uint256(maxPostingDelay) + l1Finality || notice > NOTICE_MAX) {
            revert BadNotice(notice, maxPostingDelay + l1Finality + 1);
        }
        NOTICE = notice;
        FIRST_DEPOSIT = firstDeposit;
        NAMESPACES_MAX = namespacesMax;
    }

    // --- registration ---

    /// @notice What the next id costs to hold. It rises with the number of ids held: to hold them all is far dearer than the first times their
    /// number, and a deposit is locked for as long as its id is held.
    function depositWanted() public view returns (uint256) {
        return FIRST_DEPOSIT + (uint256(FIRST_DEPOSIT) * held) / DEPOSIT_STEP;
    }

    /// @notice Registers a free id for the caller. More than the deposit goes to the prepaid account.
    function register(
        uint64 namespace,
        Identity calldata identity,
        Terms calldata terms,
        uint32[] calldata attesters
    ) external payable {
        if (namespace == 0) revert ReservedNamespace();
        Namespace storage entry = _namespaces[namespace];
        if (entry.owner != address(0)) revert NamespaceTaken(namespace);
        if (held >= NAMESPACES_MAX) revert TooManyNamespaces(NAMESPACES_MAX);
        uint256 deposit = depositWanted();
        if (msg.value < deposit) revert WrongDeposit(msg.value, deposit);
        _checkIdentity(identity);

        held += 1;
        total += msg.value;
        entry.owner = msg.sender;
        entry.deposit = uint128(deposit);
        entry.admission = identity.admission;
        entry.chainId = identity.chainId;
        emit Registered(namespace, msg.sender, identity.name, identity.admission, identity.chainId, deposit);
        _setTerms(namespace, entry, terms, attesters);
        if (msg.value > deposit) _fund(namespace, entry, msg.value - deposit);
    }

    /// @notice Sets all terms at once.
    function setTerms(uint64 namespace, Terms calldata terms, uint32[] calldata attesters) external onlyOwner(namespace) {
        _setTerms(namespace, _namespaces[namespace], terms, attesters);
    }

    // --- prepaid account ---

    /// @notice Adds to the prepaid account; anybody may.
    function fund(uint64 namespace) external payable {
        Namespace storage entry = _namespaces[namespace];
        if (entry.owner == address(0)) revert UnknownNamespace(namespace);
        total += msg.value;
        _fund(namespace, entry, msg.value);
    }

    /// @notice Gives notice of a withdrawal from the prepaid account. One at a time.
    function requestWithdrawal(uint64 namespace, uint256 amount)
        external
        onlyOwner(namespace)
        returns (uint64 number, uint64 releaseAt)
    {
        (number, releaseAt) = _namespaces[namespace].prepaid.request(amount, 0, NOTICE);
        emit WithdrawalRequested(namespace, number, amount, releaseAt);
    }

    function cancelWithdrawal(uint64 namespace) external onlyOwner(namespace) {
        emit WithdrawalCancelled(namespace, _namespaces[namespace].prepaid.cancel());
    }

    /// @notice Pays what is under notice once the notice is over.
    function withdraw(uint64 namespace, address payable to) external onlyOwner(namespace) returns (uint256 amount) {
        uint64 number;
        (number, amount) = _namespaces[namespace].prepaid.release();
        total -= amount;
        emit Withdrawn(namespace, number, to, amount);
        _pay(to, amount);
    }

    // --- ownership ---

    /// @notice Offers the namespace to a successor; zero takes an offer back. Nothing changes until the successor accepts.
    function offerHandOver(uint64 namespace, address successor) external onlyOwner(namespace) {
        _namespaces[namespace].pendingOwner = successor;
        emit HandOverOffered(namespace, msg.sender, successor);
    }

    /// @notice Takes what was offered, with deposit, prepaid account and whatever is under notice.
    function acceptHandOver(uint64 namespace) external {
        Namespace storage entry = _namespaces[namespace];
        // A free id has no successor, and nobody is the zero address.
        if (entry.pendingOwner != msg.sender) revert NotSuccessor(namespace, msg.sender);
        emit HandedOver(namespace, entry.owner, msg.sender);
        entry.owner = msg.sender;
        entry.pendingOwner = address(0);
    }

    // --- leaving ---

    /// @notice Opts out: from the end of the notice on the namespace is ordered elsewhere. It asks nobody and can not be refused.
    function requestExit(uint64 namespace) external onlyOwner(namespace) returns (uint64 exitAt) {
        Namespace storage entry = _namespaces[namespace];
        if (entry.exitAt != 0) revert NotInState(namespace, stateOf(namespace));
        exitAt = uint64(block.timestamp) + NOTICE;
        entry.exitAt = exitAt;
        emit ExitRequested(namespace, exitAt);
    }

    /// @notice Stays after all, or comes back to the id that is still held.
    function rejoin(uint64 namespace) external onlyOwner(namespace) {
        Namespace storage entry = _namespaces[namespace];
        if (entry.exitAt == 0) revert NotInState(namespace, NamespaceState.Active);
        entry.exitAt = 0;
        entry.version += 1;
        emit Rejoined(namespace, entry.version);
    }

    /// @notice Gives the id up and takes deposit and prepaid balance back, one notice after the namespace left: until then what it owes can still
    /// be proved.
    function release(uint64 namespace, address payable to) external onlyOwner(namespace) returns (uint256 amount) {
        Namespace storage entry = _namespaces[namespace];
        if (stateOf(namespace) != NamespaceState.Left) revert NotInState(namespace, stateOf(namespace));
        uint64 releaseAt = entry.exitAt + NOTICE;
        if (block.timestamp < releaseAt) revert StillHeld(namespace, releaseAt);
        amount = uint256(entry.deposit) + entry.prepaid.balance;
        // Versions and numbers of requests go on: no two events of an id are ever taken for each other.
        (uint64 version, uint64 requests) = (entry.version, entry.prepaid.requests);
        delete _namespaces[namespace];
        entry.version = version;
        entry.prepaid.requests = requests;
        held -= 1;
        total -= amount;
        emit Released(namespace, to, amount);
        _pay(to, amount);
    }

    // --- views ---

    /// @inheritdoc ITenantRegistry
    function forcedTerms(uint64 namespace)
        external
        view
        returns (bool isOpen, Admission admission, uint32 blockTimeMs, uint64 gasCap)
    {
        Namespace storage entry = _namespaces[namespace];
        NamespaceState state = stateOf(namespace);
        isOpen = state == NamespaceState.Active || state == NamespaceState.Leaving;
        return (isOpen, entry.admission, entry.terms.blockTimeMs, entry.terms.gasCap);
    }

    /// @inheritdoc ITenantRegistry
    function stateOf(uint64 namespace) public view returns (NamespaceState) {
        Namespace storage entry = _namespaces[namespace];
        if (entry.owner == address(0)) return NamespaceState.Free;
        if (entry.exitAt == 0) return NamespaceState.Active;
        return block.timestamp < entry.exitAt ? NamespaceState.Leaving : NamespaceState.Left;
    }

    /// @inheritdoc ITenantRegistry
    function ownerOf(uint64 namespace) external view returns (address) {
        return _namespaces[namespace].owner;
    }

    /// @inheritdoc ITenantRegistry
    function settlementOf(uint64 namespace) external view returns (SettlementKind kind, address reader) {
        Terms storage terms = _namespaces[namespace].terms;
        return (terms.settlementKind, terms.settlement);
    }

    /// @notice Everything recorded. `attestersHash` is the Keccak-256 of the ids as `abi.encodePacked` writes them; the list is in the event.
    function namespaceOf(uint64 namespace) external view returns (Namespace memory) {
        return _namespaces[namespace];
    }

    /// @notice What the namespace's prepaid account can be counted on for.
    function availableOf(uint64 namespace) external view returns (uint256) {
        return _namespaces[namespace].prepaid.available();
    }

    // --- rules ---

    function _setTerms(uint64 namespace, Namespace storage entry, Terms calldata terms, uint32[] calldata attesters) private {
        _checkTerms(entry.admission, terms);
        entry.attestersHash = _checkAttesters(attesters);
        entry.terms = terms;
        entry.version += 1;
        emit TermsChanged(namespace, entry.version, terms, attesters);
    }

    function _fund(uint64 namespace, Namespace storage entry, uint256 amount) private {
        emit Funded(namespace, msg.sender, amount, entry.prepaid.deposit(amount, 0));
    }

    function _pay(address payable to, uint256 amount) private {
        if (to == address(0)) revert ZeroAddress();
        (bool paid,) = to.call{value: amount}("");
        if (!paid) revert PaymentRefused(to);
    }

    function _checkIdentity(Identity calldata identity) private pure {
        bytes calldata name = bytes(identity.name);
        if (name.length == 0 || name.length > NAME_BYTES_MAX) revert BadName();
        for (uint256 i = 0; i < name.length; i++) {
            bytes1 c = name[i];
            if (!((c >= "a" && c <= "z") || (c >= "0" && c <= "9") || c == "-")) revert BadName();
        }
        if (identity.admission == Admission.Unset) revert BadIdentity();
        if ((identity.admission == Admission.Evm) != (identity.chainId != 0)) revert BadIdentity();
    }

    function _checkTerms(Admission admission, Terms calldata terms) private pure {
        if (
            terms.ordering == OrderingRule.Unset || terms.timeGaps == TimeGaps.Unset || terms.l1Origin == L1Origin.Unset
                || terms.settlementKind == SettlementKind.Unset
        ) revert MissingTerm();
        uint32 blockTimeMs = terms.blockTimeMs;
        if (blockTimeMs != 0 && (blockTimeMs < BLOCK_TIME_MS_MIN || blockTimeMs > BLOCK_TIME_MS_MAX)) {
            revert BadBlockTime(blockTimeMs, BLOCK_TIME_MS_MIN, BLOCK_TIME_MS_MAX);
        }
        bool isGasCapGood = admission == Admission.Evm
            ? terms.gasCap >= GAS_CAP_MIN && terms.gasCap <= GAS_CAP_MAX
            : terms.gasCap == 0;
        if (!isGasCapGood) revert BadGasCap(terms.gasCap, GAS_CAP_MIN, GAS_CAP_MAX);
        if ((terms.settlementKind == SettlementKind.None) != (terms.settlement == address(0))) revert BadSettlement();
        if (terms.revenue == address(0)) revert ZeroAddress();
    }

    function _checkAttesters(uint32[] calldata attesters) private pure returns (bytes32) {
        if (attesters.length > ATTESTERS_MAX) revert BadAttesters();
        for (uint256 i = 1; i < attesters.length; i++) {
            if (attesters[i] <= attesters[i - 1]) revert BadAttesters();
        }
        return keccak256(abi.encodePacked(attesters));
    }
}
