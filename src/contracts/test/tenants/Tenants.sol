// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Admission, L1Origin, OrderingRule, SettlementKind, TimeGaps} from "../../src/tenants/ITenantRegistry.sol";
import {TenantRegistry} from "../../src/tenants/TenantRegistry.sol";
import {Test} from "../forge/Test.sol";

/// @notice A registry of the mainnet's proportions, and what registrations usually say.
abstract contract Tenants is Test {
    uint64 internal constant NOTICE = 9 days;
    uint128 internal constant FIRST_DEPOSIT = 1 ether;
    uint64 internal constant ROLLUP = 901;
    uint64 internal constant OTHER_ROLLUP = 902;
    uint64 internal constant OPAQUE_ROLLUP = 903;

    address internal immutable OWNER = account("owner");
    TenantRegistry internal registry;

    function deployRegistry() internal {
        vm.warp(1_800_000_000);
        registry = new TenantRegistry(NOTICE, 7 days, 1 days, FIRST_DEPOSIT, 16);
        vm.deal(OWNER, 1_000 ether);
    }

    function register(uint64 namespace) internal {
        register(namespace, terms());
    }

    function register(uint64 namespace, TenantRegistry.Terms memory chosen) internal {
        uint256 deposit = registry.depositWanted();
        vm.prank(OWNER);
        registry.register{value: deposit}(namespace, identity(), chosen, new uint32[](0));
    }

    function registerOpaque(uint64 namespace) internal {
        uint256 deposit = registry.depositWanted();
        TenantRegistry.Terms memory chosen = terms();
        chosen.gasCap = 0;
        vm.prank(OWNER);
        registry.register{value: deposit}(
            namespace, TenantRegistry.Identity("notes", Admission.Opaque, 0), chosen, new uint32[](0)
        );
    }

    function identity() internal pure returns (TenantRegistry.Identity memory) {
        return TenantRegistry.Identity("rollup-a", Admission.Evm, 901);
    }

    function terms() internal pure returns (TenantRegistry.Terms memory) {
        return TenantRegistry.Terms({
            ordering: OrderingRule.Arrival,
            timeGaps: TimeGaps.Fill,
            l1Origin: L1Origin.Latest,
            settlementKind: SettlementKind.None,
            blockTimeMs: 2_000,
            gasCap: 30_000_000,
            settlement: address(0),
            revenue: address(0xbeef),
            reserve: 0,
            spendCap: 1 ether
        });
    }

    function account(string memory name) internal pure returns (address) {
        return vm.addr(uint256(keccak256(bytes(name))));
    }
}

/// @notice Takes no money.
contract Refusing {
    function pass(address target, bytes calldata data) external payable {
        (bool done, bytes memory answer) = target.call{value: msg.value}(data);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
    }
}
