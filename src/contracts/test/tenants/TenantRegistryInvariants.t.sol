// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {NamespaceState} from "../../src/tenants/ITenantRegistry.sol";
import {TenantRegistry} from "../../src/tenants/TenantRegistry.sol";
import {Tenants} from "./Tenants.sol";

/// @notice Whatever owners and successors do in whatever order: nothing is lost, only who owns acts, who owns can always leave.
contract TenantRegistryInvariants is Tenants {
    Owners private owners;

    function setUp() public {
        deployRegistry();
        owners = new Owners(registry);
        vm.deal(address(owners), 1_000_000 ether);
        targetContract(address(owners));
    }

    function invariant_The_contract_holds_deposits_and_prepaid_balances() public view {
        uint256 sum;
        uint256 held;
        for (uint64 id = 1; id <= owners.IDS(); ++id) {
            TenantRegistry.Namespace memory entry = registry.namespaceOf(id);
            sum += uint256(entry.deposit) + entry.prepaid.balance;
            if (entry.owner != address(0)) ++held;
            assertEq(entry.owner, owners.ownerOf(id));
            assertEq(entry.version >= owners.versionOf(id), true);
        }
        assertEq(registry.held(), held);
        assertEq(registry.total(), sum);
        assertEq(address(registry).balance, sum);
        assertEq(sum + owners.takenOut(), owners.putIn());
    }

    function invariant_No_owner_was_ever_refused_to_leave_and_nobody_else_ever_acted() public view {
        assertEq(owners.exitsRefused(), 0);
        assertEq(owners.strangersServed(), 0);
    }
}

/// @notice Acts as one of three accounts on one of four ids and keeps its own books.
contract Owners is Tenants {
    uint64 public constant IDS = 4;
    mapping(uint64 id => address) public ownerOf;
    mapping(uint64 id => address) private _offeredTo;
    mapping(uint64 id => uint64) public versionOf;
    uint256 public putIn;
    uint256 public takenOut;
    uint256 public exitsRefused;
    uint256 public strangersServed;

    constructor(TenantRegistry registry_) {
        registry = registry_;
    }

    function register(uint256 seed, uint256 surplus) external {
        (uint64 id, address who) = pick(seed);
        uint256 amount = registry.depositWanted() + bound(surplus, 0, 1 ether);
        vm.deal(who, amount);
        vm.prank(who);
        try registry.register{value: amount}(id, identity(), terms(), new uint32[](0)) {
            ownerOf[id] = who;
            putIn += amount;
            noteVersion(id);
        } catch {}
    }

    function fund(uint256 seed, uint256 amount) external {
        (uint64 id,) = pick(seed);
        amount = bound(amount, 0, 1 ether);
        try registry.fund{value: amount}(id) {
            putIn += amount;
        } catch {}
    }

    function setTerms(uint256 seed) external {
        (uint64 id, address who) = pick(seed);
        vm.prank(who);
        try registry.setTerms(id, terms(), new uint32[](0)) {
            served(id, who);
            noteVersion(id);
        } catch {}
    }

    function offer(uint256 seed, uint256 to) external {
        (uint64 id, address who) = pick(seed);
        (, address successor) = pick(to);
        vm.prank(who);
        try registry.offerHandOver(id, successor) {
            served(id, who);
            _offeredTo[id] = successor;
        } catch {}
    }

    function accept(uint256 seed) external {
        (uint64 id, address who) = pick(seed);
        vm.prank(who);
        try registry.acceptHandOver(id) {
            if (_offeredTo[id] != who) ++strangersServed;
            ownerOf[id] = who;
            _offeredTo[id] = address(0);
        } catch {}
    }

    function exit(uint256 seed) external {
        (uint64 id,) = pick(seed);
        address owner = ownerOf[id];
        if (owner == address(0) || registry.stateOf(id) != NamespaceState.Active) return;
        vm.prank(owner);
        try registry.requestExit(id) {}
        catch {
            ++exitsRefused;
        }
    }

    function rejoin(uint256 seed) external {
        (uint64 id, address who) = pick(seed);
        vm.prank(who);
        try registry.rejoin(id) {
            served(id, who);
            noteVersion(id);
        } catch {}
    }

    function withdraw(uint256 seed, uint256 amount) external {
        (uint64 id, address who) = pick(seed);
        vm.prank(who);
        try registry.withdraw(id, payable(address(0xcafe))) returns (uint256 paid) {
            served(id, who);
            takenOut += paid;
        } catch {}
        vm.prank(who);
        try registry.requestWithdrawal(id, bound(amount, 1, 1 ether)) {
            served(id, who);
        } catch {}
    }

    function release(uint256 seed) external {
        (uint64 id, address who) = pick(seed);
        vm.prank(who);
        try registry.release(id, payable(address(0xcafe))) returns (uint256 paid) {
            served(id, who);
            takenOut += paid;
            ownerOf[id] = address(0);
            _offeredTo[id] = address(0);
        } catch {}
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1 hours, 12 days));
    }

    function served(uint64 id, address who) private {
        if (ownerOf[id] != who) ++strangersServed;
    }

    function noteVersion(uint64 id) private {
        uint64 version = registry.namespaceOf(id).version;
        if (version <= versionOf[id]) ++strangersServed;
        versionOf[id] = version;
    }

    function pick(uint256 seed) private pure returns (uint64 id, address who) {
        return (uint64(1 + seed % IDS), address(uint160(0x2001 + (seed >> 8) % 3)));
    }
}
