// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IForcedInbox} from "../inbox/IForcedInbox.sol";
import {IOperatorAccounts} from "../operators/IOperatorAccounts.sol";
import {Escape} from "./Escape.sol";
import {LightClient} from "./LightClient.sol";
import {Postings} from "./Postings.sol";

/// @title Settlement: what L1 knows of a network
/// @notice A light client of the network's committee, the postings of each namespace's blocks, and the ways out when the network fails one
/// (docs/protocol/l1.md). It holds no money. Whatever is not governance's may be called by anybody.
contract Settlement is Escape {
    /// @param network What the network signs in.
    /// @param genesis The hash that names the network.
    /// @param plan The committee of epoch 0, in the form in which a hand-over names one.
    /// @param inbox The forced queues.
    /// @param operators Whose accounts may post blobs; zero for nobody's.
    /// @param governance The time lock.
    /// @param bounds What governance can set delays to.
    /// @param first The first delays.
    constructor(
        Network memory network,
        bytes32 genesis,
        bytes memory plan,
        IForcedInbox inbox,
        IOperatorAccounts operators,
        address governance,
        Bounds memory bounds,
        Delays memory first
    ) LightClient(network, genesis, plan, governance) Postings(inbox, operators) Escape(bounds, first) {}
}
