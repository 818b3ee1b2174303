// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IGovernedCalls} from "./IGovernedCalls.sol";

/// @title The account that governs: what was voted for waits here, so that users who disagree can leave first.
/// @notice Every call waits for `guaranteeDelay`, but for those without value whose target says that they raise guarantees or are
///         bounded (IGovernedCalls). A batch waits as long as the call in it that waits longest. The delay is fixed for good: no
///         vote shortens it, and none makes it so long that nothing could be mended any more.
/// @dev    A target's answer binds nobody but the target: this account has no rights at a contract that somebody brings along, and
///         nothing with value goes without delay. What a target answers is asked when a call is queued; a target whose answer can
///         change until the call is made checks that itself (PolicyRegistry refuses a policy that follows another one than voted on).
contract PolicyTimelock is TimelockController {
    /// @notice On Ethereum's main network calls that may lower guarantees wait at least this long, in seconds.
    uint48 public constant MAINNET_DELAY_MIN = 7 days;

    /// @notice Longest delay that may be chosen, in seconds: beyond it a network could not be mended in time.
    uint48 public constant DELAY_MAX = 90 days;

    /// @notice Seconds that a call waits that may lower guarantees.
    uint48 public immutable guaranteeDelay;

    /// @notice The delay is out of its range for this chain.
    error DelayOutOfRange(uint48 delay, uint48 least, uint48 most);

    /// @notice The delay is part of what users rely on.
    error DelayIsFixed();

    /// @param delay Seconds that a call waits that may lower guarantees. Development networks take seconds, main networks at least 7 days.
    /// @param admin Grants the governor its roles after deployment and then renounces its own.
    constructor(uint48 delay, address admin) TimelockController(0, new address[](0), _everyone(), admin) {
        uint48 least = block.chainid == 1 ? MAINNET_DELAY_MIN : 1;
        if (delay < least || delay > DELAY_MAX) revert DelayOutOfRange(delay, least, DELAY_MAX);
        guaranteeDelay = delay;
    }

    /// @notice Seconds that a call waits at least when it is queued now.
    function delayOf(address target, uint256 value, bytes calldata data) public view returns (uint256) {
        if (value != 0) return guaranteeDelay;
        (bool answered, bytes memory answer) = target.staticcall(abi.encodeCall(IGovernedCalls.needsNoDelay, (data)));
        bool consents = answered && answer.length == 32 && bytes32(answer) == bytes32(IGovernedCalls.needsNoDelay.selector);
        return consents ? 0 : guaranteeDelay;
    }

    /// @notice Seconds that a batch waits at least: those of the call in it that waits longest.
    function delayOfBatch(address[] calldata targets, uint256[] calldata values, bytes[] calldata payloads)
        public
        view
        returns (uint256 delay)
    {
        if (targets.length != values.length || targets.length != payloads.length) {
            revert TimelockInvalidOperationLength(targets.length, payloads.length, values.length);
        }
        for (uint256 i = 0; i < targets.length; i++) {
            uint256 one = delayOf(targets[i], values[i], payloads[i]);
            if (one > delay) delay = one;
        }
    }

    /// @inheritdoc TimelockController
    function schedule(
        address target,
        uint256 value,
        bytes calldata data,
        bytes32 predecessor,
        bytes32 salt,
        uint256 delay
    ) public override {
        uint256 least = delayOf(target, value, data);
        super.schedule(target, value, data, predecessor, salt, delay > least ? delay : least);
    }

    /// @inheritdoc TimelockController
    function scheduleBatch(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata payloads,
        bytes32 predecessor,
        bytes32 salt,
        uint256 delay
    ) public override {
        uint256 least = delayOfBatch(targets, values, payloads);
        super.scheduleBatch(targets, values, payloads, predecessor, salt, delay > least ? delay : least);
    }

    /// @notice Refused: see guaranteeDelay.
    function updateDelay(uint256) public pure override {
        revert DelayIsFixed();
    }

    /// @dev Whoever wants to may execute what was decided and has waited.
    function _everyone() private pure returns (address[] memory executors) {
        executors = new address[](1);
    }
}
