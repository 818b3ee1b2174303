// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Committees} from "./Committees.sol";
import {ResultCertificates} from "./ResultCertificates.sol";

/// @title Checks signatures of result certificates
/// @notice A contract of its own only because the code that checks P-256 without a precompile is large. It has no state and trusts nobody.
contract CertificateVerifier {
    /// @notice Reverts with the reason unless the certificate has a quorum of valid signatures; see `ResultCertificates.verify`.
    function verify(bytes calldata certificate, bytes32 signedDigest, Committees.Committee calldata committee) external view {
        ResultCertificates.verify(certificate, signedDigest, committee);
    }
}
