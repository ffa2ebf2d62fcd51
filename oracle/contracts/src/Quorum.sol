// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title M-of-N signatures over one digest
/// @notice Bit i of `bitmap` says that signer i signed; the signatures follow lowest bit first, 64 bytes each
/// (EIP-2098). A signer cannot count twice, because a bit is set once.
library Quorum {
    /// @notice The bitmap names a signer that the config does not have.
    error UnknownSigner(uint256 bitmap, uint256 signerCount);
    /// @notice Too few signers for this config.
    error BelowThreshold(uint256 found, uint256 wanted);
    /// @notice The bytes of signatures do not match the number of signers named.
    error SignatureLength(uint256 found, uint256 wanted);
    /// @notice The signature of signer `index` is not one of `wanted`: it is malformed, has a high s, or is another's.
    error WrongSigner(uint256 index, address found, address wanted);

    /// @notice Reverts unless at least `threshold` of `signers` signed `digest`.
    /// @param signers Addresses of 20 bytes each, one after the other.
    function requireSigned(
        bytes32 digest,
        bytes memory signers,
        uint256 threshold,
        uint256 bitmap,
        bytes calldata signatures
    ) internal pure {
        uint256 count = signers.length / 20;
        if (bitmap >> count != 0) revert UnknownSigner(bitmap, count);
        uint256 offset;
        for (uint256 i; bitmap >> i != 0; ++i) {
            if ((bitmap >> i) & 1 == 0) continue;
            if (offset + 64 > signatures.length) revert SignatureLength(signatures.length, offset + 64);
            bytes32 r;
            bytes32 vs;
            assembly ("memory-safe") {
                r := calldataload(add(signatures.offset, offset))
                vs := calldataload(add(add(signatures.offset, offset), 32))
            }
            (address found, , ) = ECDSA.tryRecover(digest, r, vs);
            address wanted = signerAt(signers, i);
            if (found != wanted) revert WrongSigner(i, found, wanted);
            offset += 64;
        }
        if (offset != signatures.length) revert SignatureLength(signatures.length, offset);
        if (offset < threshold * 64) revert BelowThreshold(offset / 64, threshold);
    }

    /// @notice The address of signer `index`; the caller makes sure that it exists.
    function signerAt(bytes memory signers, uint256 index) internal pure returns (address signer) {
        assembly ("memory-safe") {
            signer := shr(96, mload(add(add(signers, 32), mul(index, 20))))
        }
    }
}
