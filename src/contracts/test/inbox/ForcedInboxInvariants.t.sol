// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ForcedInbox} from "../../src/inbox/ForcedInbox.sol";
import {IForcedInbox} from "../../src/inbox/IForcedInbox.sol";
import {TenantRegistry} from "../../src/tenants/TenantRegistry.sol";
import {AddressAlias} from "../../src/inbox/AddressAlias.sol";
import {Inboxes} from "./Inboxes.sol";

/// @notice Whatever users and owners do in whatever order: queues only grow, heads commit to them, the meter holds, every wei is where it belongs.
contract ForcedInboxInvariants is Inboxes {
    Users private users;

    function setUp() public {
        deployInbox();
        users = new Users(inbox, registry, OWNER);
        vm.deal(address(users), 1_000_000 ether);
        targetContract(address(users));
    }

    function invariant_Heads_and_entries_are_those_of_the_model() public view {
        uint64[2] memory namespaces = [ROLLUP, OTHER_ROLLUP];
        for (uint256 i = 0; i < 2; ++i) {
            (uint64 count, bytes32 hash) = inbox.head(namespaces[i]);
            assertEq(count, users.count(namespaces[i]));
            assertEq(hash, users.head(namespaces[i]));
            // The newest three after each step, and the first, so that no step changes what lies far back.
            if (count > 0) checkEntry(namespaces[i], 0);
            for (uint64 k = count > 3 ? count - 3 : 0; k < count; ++k) checkEntry(namespaces[i], k);
        }
    }

    function checkEntry(uint64 namespace, uint64 index) private view {
        IForcedInbox.Entry memory entry = inbox.entry(namespace, index);
        (bytes32 txId, uint64 enqueuedAt, uint32 recordBytes) = users.entries(namespace, index);
        assertEq(entry.txId, txId);
        assertEq(entry.enqueuedAt, enqueuedAt);
        assertEq(entry.recordBytes, recordBytes);
    }

    function invariant_The_contract_holds_exactly_the_fees_and_nobody_loses_more_than_its_fees() public view {
        assertEq(address(inbox).balance, inbox.fees());
        assertEq(inbox.fees() + FEE_RECIPIENT.balance, users.paid());
        assertEq(address(users).balance + users.paid(), 1_000_000 ether);
    }

    function invariant_No_block_adds_more_than_the_meter_lets_through() public view {
        assertEq(users.overMeter(), 0);
        assertEq(users.otherPriceMoved(), 0);
    }
}

/// @notice Acts on two queues and keeps its own books.
contract Users is Inboxes {
    address private immutable REGISTERED_OWNER;
    mapping(uint64 namespace => uint64) public count;
    mapping(uint64 namespace => bytes32) public head;
    mapping(uint64 namespace => mapping(uint64 index => IForcedInbox.Entry)) public entries;
    mapping(uint64 namespace => mapping(uint256 number => uint256)) private _gasInBlock;
    mapping(uint64 namespace => mapping(uint256 number => uint256)) private _bytesInBlock;
    mapping(uint64 namespace => mapping(uint256 number => uint256)) private _mostGas;
    uint256 public paid;
    uint256 public overMeter;
    uint256 public otherPriceMoved;

    constructor(ForcedInbox inbox_, TenantRegistry registry_, address owner) {
        inbox = inbox_;
        registry = registry_;
        REGISTERED_OWNER = owner;
    }

    function enqueueCall(bool isOther, uint256 gas, uint16 size, uint256 value) external {
        uint64 namespace = isOther ? OTHER_ROLLUP : ROLLUP;
        bytes memory data = new bytes(size);
        uint64 limit = uint64(bound(gas, 20_000, gas % 7 == 0 ? 40_000_000 : 4_000_000));
        uint256 otherPrice = inbox.gasPriceOf(isOther ? ROLLUP : OTHER_ROLLUP);
        uint256 before = address(this).balance;
        try inbox.enqueueCall{value: bound(value, 0, 50 ether)}(namespace, address(1), gas, limit, data) {
            address sender = AddressAlias.applied(address(this));
            bytes memory payload =
                bytes.concat(hex"80", bytes8(count[namespace]), bytes20(sender), bytes20(address(1)));
            record(namespace, 2, limit, bytes.concat(payload, bytes32(gas), bytes8(limit), data), before);
        } catch {}
        if (inbox.gasPriceOf(isOther ? ROLLUP : OTHER_ROLLUP) != otherPrice) ++otherPriceMoved;
    }

    function enqueueSigned(bool isOther, uint64 gas) external {
        uint64 namespace = isOther ? OTHER_ROLLUP : ROLLUP;
        gas = uint64(bound(gas, 30_000, 16_000_000));
        bytes memory raw = transfer(gas);
        uint256 before = address(this).balance;
        try inbox.enqueueSigned{value: 50 ether}(namespace, raw) {
            record(namespace, 1, gas, raw, before);
        } catch {}
    }

    function mine(uint8 blocks) external {
        vm.roll(block.number + 1 + (blocks % 4));
        vm.warp(block.timestamp + 12 * (1 + uint256(blocks % 4)));
    }

    function payFees() external {
        inbox.payFees();
    }

    function setTerms(uint32 blockTimeMs, uint64 gasCap) external {
        TenantRegistry.Terms memory chosen = terms();
        chosen.blockTimeMs = uint32(bound(blockTimeMs, 50, 12_000));
        chosen.gasCap = uint64(bound(gasCap, 10_000_000, 100_000_000));
        vm.prank(REGISTERED_OWNER);
        registry.setTerms(ROLLUP, chosen, new uint32[](0));
    }

    function leaveOrReturn() external {
        bool isLeaving = registry.namespaceOf(OTHER_ROLLUP).exitAt != 0;
        vm.prank(REGISTERED_OWNER);
        if (isLeaving) registry.rejoin(OTHER_ROLLUP);
        else registry.requestExit(OTHER_ROLLUP);
    }

    function record(uint64 namespace, uint8 kind, uint64 gas, bytes memory payload, uint256 before) private {
        uint64 index = count[namespace]++;
        bytes32 txId = txIdOf(namespace, payload);
        head[namespace] =
            rollingHash(head[namespace], index, kind, AddressAlias.applied(address(this)), gas, txId);
        entries[namespace][index] =
            IForcedInbox.Entry(txId, uint64(block.timestamp), uint32(payload.length + 21));
        paid += before - address(this).balance;
        // Terms may change within the block: the loosest that were in force bound the sum.
        ForcedInbox.Limits memory limits = inbox.limitsOf(namespace);
        _gasInBlock[namespace][block.number] += gas;
        _bytesInBlock[namespace][block.number] += payload.length + 21;
        if (limits.blockGas > _mostGas[namespace][block.number]) _mostGas[namespace][block.number] = limits.blockGas;
        if (_gasInBlock[namespace][block.number] > _mostGas[namespace][block.number]) ++overMeter;
        if (_bytesInBlock[namespace][block.number] > (uint256(2) * BLOCK_BYTES * 12_000) / (3 * 50)) ++overMeter;
    }

    receive() external payable {}
}
