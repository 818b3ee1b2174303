// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What a namespace accepts. Numbers are those of the network's policy encoding.
enum Admission {
    Unset,
    /// @dev Any bytes.
    Opaque,
    /// @dev Signed EVM transactions.
    Evm
}

/// @notice How transactions of a namespace find their order.
enum OrderingRule {
    Unset,
    Arrival,
    CommitReveal
}

/// @notice What happens to blocks that are due together after a pause of the network.
enum TimeGaps {
    Unset,
    /// @dev Every due block is built.
    Fill,
    /// @dev The times between are left out.
    Jump
}

/// @notice Which L1 block a namespace's blocks cite.
enum L1Origin {
    Unset,
    /// @dev The newest adopted L1 view.
    Latest,
    /// @dev At most one origin further per block.
    StepOne
}

/// @notice What says that a namespace's blocks are settled.
enum SettlementKind {
    Unset,
    /// @dev Nothing does.
    None,
    OutputRoot,
    ValidityProof
}

/// @notice Where a namespace stands.
enum NamespaceState {
    /// @dev Nobody holds the id.
    Free,
    Active,
    /// @dev Opted out; the notice runs, and everything works until it ends.
    Leaving,
    /// @dev Ordered elsewhere. The id and its deposit are still the owner's.
    Left
}

/// @notice What others read of the registry.
interface ITenantRegistry {
    /// @notice What the queue of forced transactions is metered by.
    /// @return isOpen Active, or leaving with the notice still running.
    /// @return admission What the namespace accepts.
    /// @return blockTimeMs Milliseconds between blocks; 0 for a block at each height with something in it.
    /// @return gasCap Gas of one block; 0 with opaque admission.
    function forcedTerms(uint64 namespace)
        external
        view
        returns (bool isOpen, Admission admission, uint32 blockTimeMs, uint64 gasCap);

    /// @notice Where the namespace stands now.
    function stateOf(uint64 namespace) external view returns (NamespaceState);

    /// @notice Who holds the id; zero when nobody does.
    function ownerOf(uint64 namespace) external view returns (address);

    /// @notice Who says what is settled.
    /// @return kind `Unset` when nobody holds the id.
    /// @return reader The contract asked; zero with `None`.
    function settlementOf(uint64 namespace) external view returns (SettlementKind kind, address reader);
}
