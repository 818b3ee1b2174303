// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Votes} from "@openzeppelin/contracts/governance/utils/Votes.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Time} from "@openzeppelin/contracts/utils/types/Time.sol";
import {IGovernedCalls, IPauses} from "../governance/IGovernedCalls.sol";
import {IOperatorAccounts} from "./IOperatorAccounts.sol";
import {KeyRole, OperatorKeys, PublicKey, Signature} from "./OperatorKeys.sol";
import {VoteEvidence} from "./VoteEvidence.sol";

/// @title Who may run the network: anyone who bonds (docs/protocol/l1-operators.md).
/// @notice An operator has a number, two P-256 keys, endpoints and a bond in the chain's native coin. Nodes read the events; the
///         committee of each epoch follows from them by rules of the network, not of this contract. Bonded stake votes in
///         governance, through the owner's account or whomever it delegates to, while the operator is active.
/// @dev    Native coin: an operator needs no market, no allowance and no second approval, a slash burns something whose price the
///         slashed can not move, and no token's owner can freeze a bond. Every path that pays goes last, pays only who calls, and pulls.
///         An operator is not transferable: votes would be for sale by the block, and keys are proved for one owner.
contract OperatorRegistry is Votes, IGovernedCalls, IOperatorAccounts {
    /// @notice What never changes.
    /// @param network Chain id of the network (not of this chain): part of what operators sign.
    /// @param governance The account that governs, a PolicyTimelock.
    /// @param pauses Says whether joins are paused; PolicyRegistry.
    /// @param unbondingDelay Seconds from leaving to the bond's return: time in which evidence still costs.
    /// @param expulsionSpacing Seconds between two removals by governance.
    /// @param minBondMax The largest least bond that governance may ask of newcomers, wei.
    struct Options {
        uint64 network;
        address governance;
        IPauses pauses;
        uint48 unbondingDelay;
        uint48 expulsionSpacing;
        uint128 minBondMax;
    }

    /// @notice What governance may change, within bounds.
    /// @param minBond Wei that a newcomer bonds at least.
    /// @param burnBasisPoints Of a bond, burnt for each offence: 1,000 to 9,000.
    /// @param rewardBasisPoints Of a bond, to who submits the evidence: at most 1,000, so that who reports himself saves little.
    struct Terms {
        uint128 minBond;
        uint16 burnBasisPoints;
        uint16 rewardBasisPoints;
    }

    /// @notice An operator of genesis. Its number is its seat there; its keys were proved by the genesis ceremony.
    struct GenesisOperator {
        address owner;
        PublicKey voteKey;
        PublicKey nodeKey;
        uint128 bond;
    }

    /// @notice Where an operator is reached: printable ASCII, bounded as nodes bound it.
    /// @param name 1 to 64 bytes, shown to people.
    /// @param peer host:port of peer sessions, at most 259 bytes.
    /// @param rpc Base URL of JSON-RPC, empty when none is offered, at most 256 bytes.
    struct Endpoints {
        string name;
        string peer;
        string rpc;
    }

    /// @notice Both keys, and the proof of each that is new.
    struct ProvedKeys {
        PublicKey voteKey;
        PublicKey nodeKey;
        Signature voteProof;
        Signature nodeProof;
    }

    /// @notice One operator.
    /// @param owner Who registered it, has its bond back and votes with it.
    /// @param releaseAt 0 while active; once it left, when the bond may be withdrawn, seconds.
    /// @param jailed Convicted. It never serves or votes again under this number.
    /// @param removed Its seat is emptied at the next epoch, not when its turn to leave comes.
    /// @param rotations Rotations so far.
    /// @param bond Wei.
    struct Operator {
        address owner;
        uint48 releaseAt;
        bool jailed;
        bool removed;
        uint16 rotations;
        uint128 bond;
        PublicKey voteKey;
        PublicKey nodeKey;
    }

    /// @notice What a key, named by its x, was registered for.
    /// @param y The other coordinate. A key and its mirror image have one x and one secret: they count as one key.
    /// @param number The operator.
    /// @param role Vote or node.
    /// @param retiredAt When another key took its place, seconds; 0 while it serves.
    struct KeyRecord {
        bytes32 y;
        uint32 number;
        KeyRole role;
        uint48 retiredAt;
    }

    /// @notice Rotations of one operator: nodes remember every key for good, and one operator must not fill that memory.
    uint16 public constant ROTATIONS_MAX = 64;

    /// @notice Operators of genesis: the largest committee.
    uint256 public constant GENESIS_MAX = 128;

    /// @notice Operators that `operators` returns at once.
    uint256 public constant PAGE_MAX = 128;

    /// @notice Bounds of the terms, in hundredths of a percent of a bond.
    uint16 public constant BURN_MIN = 1_000;
    uint16 public constant BURN_MAX = 9_000;
    uint16 public constant REWARD_MAX = 1_000;

    /// @notice Longest unbonding delay, seconds: an exit must not become a lock.
    uint48 public constant UNBONDING_MAX = 90 days;

    uint64 public immutable network;
    address public immutable governance;
    IPauses public immutable pauses;
    uint48 public immutable unbondingDelay;
    uint48 public immutable expulsionSpacing;
    uint128 public immutable minBondMax;

    /// @notice Operators registered so far; the next one's number.
    uint32 public operatorCount;

    /// @notice The earliest time of the next removal by governance, seconds.
    uint48 public nextExpulsionAt;

    /// @notice What governance may change.
    Terms public terms;

    /// @notice Wei of active bonds, by owner: what votes.
    mapping(address owner => uint256) public activeBond;

    /// @notice Wei that reporters may collect.
    mapping(address reporter => uint256) public rewards;

    /// @notice Offences that were punished: one for each operator, epoch and kind, as operators count them.
    mapping(bytes32 charge => bool) public isPunished;

    mapping(uint32 number => Operator) private _operators;
    mapping(uint32 number => Endpoints) private _endpoints;
    mapping(bytes32 x => KeyRecord) private _keys;

    event Registered(uint32 indexed number, address indexed owner, PublicKey voteKey, PublicKey nodeKey, uint128 bond, Endpoints endpoints);
    event BondAdded(uint32 indexed number, uint128 bond);
    event EndpointsChanged(uint32 indexed number, Endpoints endpoints);
    event KeysRotated(uint32 indexed number, PublicKey voteKey, PublicKey nodeKey);
    event ExitStarted(uint32 indexed number, uint48 releaseAt);
    event Removed(uint32 indexed number, bool byGovernance);
    event Slashed(uint32 indexed number, uint8 kind, uint64 epoch, address indexed reporter, uint128 burnt, uint128 reward, uint128 bond);
    event BondWithdrawn(uint32 indexed number, address to, uint128 amount);
    event TermsChanged(Terms terms);

    error NotOwner(uint32 number, address caller);
    error NotGovernance(address caller);
    error UnknownOperator(uint32 number);
    error NotActive(uint32 number);
    error AlreadyRemoved(uint32 number);
    error JoinsArePaused();
    error BondTooSmall(uint256 bond, uint256 least);
    error BondTooLarge(uint256 bond);
    error KeyUsed(bytes32 x);
    error NothingToRotate(uint32 number);
    error TooManyRotations(uint32 number);
    error EndpointsOutOfRange();
    error StillBonded(uint32 number, uint48 releaseAt);
    error NothingToPay();
    error PaymentFailed(address to);
    error NotAVoteKey(bytes32 x);
    error KeyRetiredLongAgo(bytes32 x, uint48 retiredAt);
    error AlreadyPunished(uint32 number, uint64 epoch, uint8 kind);
    error NothingBonded(uint32 number);
    error RemovalNotSigned(uint32 number);
    error TooSoonAfterExpulsion(uint48 next);
    error OptionsOutOfRange();
    error TermsOutOfRange();
    error GenesisOutOfRange();

    /// @param options What never changes.
    /// @param terms_ What governance may change.
    /// @param genesis Operators 0 to n-1 in the order of genesis; the value sent is the sum of their bonds.
    constructor(Options memory options, Terms memory terms_, GenesisOperator[] memory genesis)
        payable
        EIP712("SharedSeq operators", "1")
    {
        if (options.network == 0 || options.governance == address(0) || address(options.pauses) == address(0)) revert OptionsOutOfRange();
        if (options.unbondingDelay == 0 || options.unbondingDelay > UNBONDING_MAX) revert OptionsOutOfRange();
        if (options.expulsionSpacing == 0 || options.expulsionSpacing > UNBONDING_MAX) revert OptionsOutOfRange();
        network = options.network;
        governance = options.governance;
        pauses = options.pauses;
        unbondingDelay = options.unbondingDelay;
        expulsionSpacing = options.expulsionSpacing;
        minBondMax = options.minBondMax;
        _setTerms(terms_, options.minBondMax);
        if (genesis.length > GENESIS_MAX) revert GenesisOutOfRange();
        uint256 sum = 0;
        for (uint256 i = 0; i < genesis.length; i++) {
            GenesisOperator memory item = genesis[i];
            if (item.owner == address(0) || item.bond < terms_.minBond) revert GenesisOutOfRange();
            sum += item.bond;
            _add(item.owner, item.bond, item.voteKey, item.nodeKey, Endpoints("", "", ""));
        }
        if (sum != msg.value) revert GenesisOutOfRange();
    }

    modifier onlyGovernance() {
        if (msg.sender != governance) revert NotGovernance(msg.sender);
        _;
    }

    modifier onlyOwner(uint32 number) {
        if (msg.sender != _known(number).owner) revert NotOwner(number, msg.sender);
        _;
    }

    /// @notice Registers an operator of the caller with the value sent as its bond.
    /// @param keys Both keys, each with a proof for this chain, this registry and the caller: nobody else's copy of it is worth anything.
    /// @param endpoints Where it is reached.
    /// @return number The operator's number, never given again.
    function register(ProvedKeys calldata keys, Endpoints calldata endpoints) external payable returns (uint32 number) {
        if (pauses.isPaused(1)) revert JoinsArePaused();
        if (msg.value < terms.minBond) revert BondTooSmall(msg.value, terms.minBond);
        _checkEndpoints(endpoints);
        OperatorKeys.checkProof(address(this), msg.sender, KeyRole.Vote, keys.voteKey, keys.voteProof);
        OperatorKeys.checkProof(address(this), msg.sender, KeyRole.Node, keys.nodeKey, keys.nodeProof);
        return _add(msg.sender, _amount(msg.value), keys.voteKey, keys.nodeKey, endpoints);
    }

    /// @notice Adds the value sent to an active operator's bond.
    /// @dev The owner only: a stranger's gift could push an operator into a committee that it did not ask for.
    function addBond(uint32 number) external payable onlyOwner(number) {
        Operator storage operator = _active(number);
        if (msg.value == 0) revert NothingToPay();
        operator.bond = _amount(uint256(operator.bond) + msg.value);
        _activate(operator.owner, msg.value);
        emit BondAdded(number, operator.bond);
    }

    /// @notice Other endpoints.
    function setEndpoints(uint32 number, Endpoints calldata endpoints) external onlyOwner(number) {
        _checkEndpoints(endpoints);
        _endpoints[number] = endpoints;
        emit EndpointsChanged(number, endpoints);
    }

    /// @notice Other keys, live at the epoch after next. One that stays is named again; its proof is not looked at.
    function rotate(uint32 number, ProvedKeys calldata keys) external onlyOwner(number) {
        Operator storage operator = _active(number);
        bool isVoteNew = !_isSame(operator.voteKey, keys.voteKey);
        bool isNodeNew = !_isSame(operator.nodeKey, keys.nodeKey);
        if (!isVoteNew && !isNodeNew) revert NothingToRotate(number);
        if (operator.rotations == ROTATIONS_MAX) revert TooManyRotations(number);
        operator.rotations++;
        if (isVoteNew) {
            OperatorKeys.checkProof(address(this), msg.sender, KeyRole.Vote, keys.voteKey, keys.voteProof);
            _keys[operator.voteKey.x].retiredAt = uint48(block.timestamp);
            _useKey(number, KeyRole.Vote, keys.voteKey);
            operator.voteKey = keys.voteKey;
        }
        if (isNodeNew) {
            OperatorKeys.checkProof(address(this), msg.sender, KeyRole.Node, keys.nodeKey, keys.nodeProof);
            _keys[operator.nodeKey.x].retiredAt = uint48(block.timestamp);
            _useKey(number, KeyRole.Node, keys.nodeKey);
            operator.nodeKey = keys.nodeKey;
        }
        emit KeysRotated(number, keys.voteKey, keys.nodeKey);
    }

    /// @notice Leaves: the stake votes no more, the seat is given up when the committee can do without it, the bond is free after the delay.
    function exit(uint32 number) external onlyOwner(number) {
        _active(number);
        _leave(number);
    }

    /// @notice Has the own seat emptied at the next epoch, when a key may be in other hands. Owner and node key together, so that neither
    ///         of them alone, stolen, can do it.
    /// @param signature Of the present node key over OperatorKeys.removalText.
    function remove(uint32 number, Signature calldata signature) external onlyOwner(number) {
        Operator storage operator = _operators[number];
        bool isSigned = OperatorKeys.isSigned(operator.nodeKey, OperatorKeys.removalText(address(this), number), signature);
        if (!isSigned) revert RemovalNotSigned(number);
        _remove(number, false);
    }

    /// @notice Has a seat emptied at the next epoch, by vote. It costs no bond, and two of them are `expulsionSpacing` apart.
    /// @dev Without delay, because it is for emergencies; apart, because otherwise one vote could replace a committee at once.
    function expel(uint32 number) external onlyGovernance {
        if (block.timestamp < nextExpulsionAt) revert TooSoonAfterExpulsion(nextExpulsionAt);
        nextExpulsionAt = uint48(block.timestamp) + expulsionSpacing;
        _known(number);
        _remove(number, true);
    }

    /// @notice Pays the bond of an operator that left back to its owner, once the delay is over.
    /// @param to Who gets it, should the owner be a contract that can not.
    function withdraw(uint32 number, address payable to) external onlyOwner(number) {
        Operator storage operator = _operators[number];
        if (operator.releaseAt == 0 || block.timestamp < operator.releaseAt) revert StillBonded(number, operator.releaseAt);
        uint128 amount = operator.bond;
        operator.bond = 0;
        emit BondWithdrawn(number, to, amount);
        _pay(to, amount);
    }

    /// @notice Punishes two statements that contradict each other (E1 to E4). Anyone submits; the same offence counts once.
    /// @dev Whoever sees it first may submit it as his own: then the offender is punished all the same, which is what it is for.
    ///      A retired key convicts for the unbonding delay only: whoever steals it later can not charge its former operator.
    /// @param evidence As operators gossip and export it (docs/protocol/wire.md).
    /// @param voteKeyX The x of the vote key that signed both.
    function slash(bytes calldata evidence, bytes32 voteKeyX) external {
        KeyRecord memory key = _keys[voteKeyX];
        if (key.role != KeyRole.Vote) revert NotAVoteKey(voteKeyX);
        if (key.retiredAt != 0 && block.timestamp > uint256(key.retiredAt) + unbondingDelay) {
            revert KeyRetiredLongAgo(voteKeyX, key.retiredAt);
        }
        (uint8 kind, uint64 epoch) = VoteEvidence.check(evidence, network, PublicKey(voteKeyX, key.y));
        Operator storage operator = _operators[key.number];
        bytes32 charge = keccak256(abi.encode(key.number, epoch, kind));
        if (isPunished[charge]) revert AlreadyPunished(key.number, epoch, kind);
        if (operator.bond == 0) revert NothingBonded(key.number);
        isPunished[charge] = true;
        if (operator.releaseAt == 0) _deactivate(operator.owner, operator.bond);
        // The first conviction starts the delay anew: who was about to be paid out answers for all that comes to light with it.
        if (!operator.jailed) operator.releaseAt = uint48(block.timestamp) + unbondingDelay;
        operator.jailed = true;
        uint128 burnt = uint128(uint256(operator.bond) * terms.burnBasisPoints / 10_000);
        uint128 reward = uint128(uint256(operator.bond) * terms.rewardBasisPoints / 10_000);
        operator.bond -= burnt + reward;
        rewards[msg.sender] += reward;
        emit Slashed(key.number, kind, epoch, msg.sender, burnt, reward, operator.bond);
        if (burnt != 0) _pay(payable(address(0)), burnt);
    }

    /// @notice Pays the caller's rewards for evidence.
    function collect(address payable to) external {
        uint256 amount = rewards[msg.sender];
        rewards[msg.sender] = 0;
        _pay(to, amount);
    }

    /// @notice Changes the terms, within their bounds. They hold for what happens from then on.
    function setTerms(Terms calldata terms_) external onlyGovernance {
        _setTerms(terms_, minBondMax);
    }

    /// @notice One operator.
    function operatorAt(uint32 number) external view returns (Operator memory) {
        return _known(number);
    }

    /// @notice Operators by number, at most PAGE_MAX from `first` on; fewer at the end.
    function operators(uint32 first, uint32 count) external view returns (Operator[] memory page) {
        uint256 length = first >= operatorCount ? 0 : operatorCount - first;
        if (length > count) length = count;
        if (length > PAGE_MAX) length = PAGE_MAX;
        page = new Operator[](length);
        for (uint32 i = 0; i < length; i++) page[i] = _operators[first + i];
    }

    /// @notice Where an operator is reached. Empty for one of genesis that never said otherwise: its document says it.
    function endpointsOf(uint32 number) external view returns (Endpoints memory) {
        _known(number);
        return _endpoints[number];
    }

    /// @inheritdoc IOperatorAccounts
    /// @dev Nor one that leaves: what it has at stake may be gone before its word is tested.
    function isOperator(address account) external view returns (bool) {
        return activeBond[account] != 0;
    }

    /// @notice What a key was registered for; role 0 when it never was.
    function keyRecord(bytes32 x) external view returns (KeyRecord memory) {
        return _keys[x];
    }

    /// @inheritdoc IGovernedCalls
    function needsNoDelay(bytes calldata call) external pure returns (bytes4) {
        bool isExpulsion = call.length >= 4 && bytes4(call[:4]) == this.expel.selector;
        return isExpulsion ? this.needsNoDelay.selector : bytes4(0);
    }

    /// @notice Votes are counted by time, in seconds.
    function clock() public view override returns (uint48) {
        return Time.timestamp();
    }

    /// @inheritdoc Votes
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    function _getVotingUnits(address account) internal view override returns (uint256) {
        return activeBond[account];
    }

    function _add(address owner, uint128 bond, PublicKey memory voteKey, PublicKey memory nodeKey, Endpoints memory endpoints)
        private
        returns (uint32 number)
    {
        number = operatorCount++;
        _useKey(number, KeyRole.Vote, voteKey);
        _useKey(number, KeyRole.Node, nodeKey);
        Operator storage operator = _operators[number];
        operator.owner = owner;
        operator.bond = bond;
        operator.voteKey = voteKey;
        operator.nodeKey = nodeKey;
        if (bytes(endpoints.name).length != 0) _endpoints[number] = endpoints;
        _activate(owner, bond);
        emit Registered(number, owner, voteKey, nodeKey, bond, endpoints);
    }

    /// @dev A key is named by its x, so that a key and its mirror image are one. Never deleted: no key serves twice.
    function _useKey(uint32 number, KeyRole role, PublicKey memory key) private {
        if (_keys[key.x].role != KeyRole.None) revert KeyUsed(key.x);
        _keys[key.x] = KeyRecord(key.y, number, role, 0);
    }

    function _leave(uint32 number) private {
        Operator storage operator = _operators[number];
        _deactivate(operator.owner, operator.bond);
        operator.releaseAt = uint48(block.timestamp) + unbondingDelay;
        emit ExitStarted(number, operator.releaseAt);
    }

    function _remove(uint32 number, bool byGovernance) private {
        Operator storage operator = _operators[number];
        if (operator.removed || operator.jailed) revert AlreadyRemoved(number);
        operator.removed = true;
        if (operator.releaseAt == 0) _leave(number);
        emit Removed(number, byGovernance);
    }

    /// @dev Stake votes by itself: an owner that never delegated votes for itself.
    function _activate(address owner, uint256 amount) private {
        if (delegates(owner) == address(0)) _delegate(owner, owner);
        activeBond[owner] += amount;
        _transferVotingUnits(address(0), owner, amount);
    }

    function _deactivate(address owner, uint256 amount) private {
        activeBond[owner] -= amount;
        _transferVotingUnits(owner, address(0), amount);
    }

    function _setTerms(Terms memory terms_, uint128 most) private {
        bool isInRange = terms_.minBond != 0 && terms_.minBond <= most && terms_.burnBasisPoints >= BURN_MIN
            && terms_.burnBasisPoints <= BURN_MAX && terms_.rewardBasisPoints <= REWARD_MAX;
        if (!isInRange) revert TermsOutOfRange();
        terms = terms_;
        emit TermsChanged(terms_);
    }

    function _pay(address payable to, uint256 amount) private {
        if (amount == 0) revert NothingToPay();
        (bool done,) = to.call{value: amount}("");
        if (!done) revert PaymentFailed(to);
    }

    function _known(uint32 number) private view returns (Operator storage operator) {
        operator = _operators[number];
        if (operator.owner == address(0)) revert UnknownOperator(number);
    }

    function _active(uint32 number) private view returns (Operator storage operator) {
        operator = _operators[number];
        if (operator.releaseAt != 0) revert NotActive(number);
    }

    function _checkEndpoints(Endpoints calldata endpoints) private pure {
        uint256 name = bytes(endpoints.name).length;
        uint256 peer = bytes(endpoints.peer).length;
        bool isInRange = name > 0 && name <= 64 && peer > 0 && peer <= 259 && bytes(endpoints.rpc).length <= 256;
        if (!isInRange) revert EndpointsOutOfRange();
    }

    function _isSame(PublicKey memory a, PublicKey memory b) private pure returns (bool) {
        return a.x == b.x && a.y == b.y;
    }

    /// @dev Bonds and votes are kept in fewer bits than a word.
    function _amount(uint256 value) private pure returns (uint128) {
        if (value > type(uint96).max) revert BondTooLarge(value);
        return uint128(value);
    }
}
