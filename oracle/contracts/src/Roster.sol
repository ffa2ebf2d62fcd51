// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Bytes kept as the code of an account
/// @notice Reading it costs one account access, however many words it holds.
contract Blob {
    /// @param data Becomes the code; begins with STOP, so that a call does nothing.
    constructor(bytes memory data) {
        assembly ("memory-safe") {
            return(add(data, 32), mload(data))
        }
    }
}

/// @title Roster configs of a feed
/// @notice A roster is immutable once set: its terms and addresses live in the code of a {Blob}, not in storage.
library Roster {
    /// @notice A roster as it is proposed and signed. Times and lengths in seconds.
    struct Config {
        address[] signers;
        uint8 threshold;
        uint64 validFrom;
        uint64 validTo;
        uint32 epochLength;
        uint32 heartbeat;
        bytes32 methodologyHash;
        bytes32 rosterHash;
    }

    /// @notice The part of a config that every round reads.
    struct Terms {
        uint256 threshold;
        uint256 validFrom;
        uint256 epochLength;
        uint256 heartbeat;
        bytes32 methodologyHash;
        bytes32 rosterHash;
    }

    /// @notice More than 31 signers, fewer than 2 needed, no majority, or an end before the beginning.
    error BadRoster(uint256 signers, uint256 threshold, uint256 validFrom, uint256 validTo);
    /// @notice Epoch length and heartbeat must both be at least one second.
    error BadPeriods(uint256 epochLength, uint256 heartbeat);
    /// @notice The zero address, or an address that is listed twice.
    error BadSigner(uint256 index, address signer);

    uint256 private constant TERMS_BYTES = 192;

    /// @notice Checks a config by itself and writes it down for good.
    function store(Config calldata config) internal returns (address blob) {
        uint256 count = config.signers.length;
        if (
            count > 31 ||
            config.threshold < 2 ||
            config.threshold > count ||
            uint256(config.threshold) * 2 <= count ||
            config.validTo <= config.validFrom ||
            config.validTo > type(uint40).max
        ) revert BadRoster(count, config.threshold, config.validFrom, config.validTo);
        if (config.epochLength == 0 || config.heartbeat == 0) {
            revert BadPeriods(config.epochLength, config.heartbeat);
        }
        bytes memory packed = abi.encodePacked(
            bytes1(0),
            abi.encode(
                Terms({
                    threshold: config.threshold,
                    validFrom: config.validFrom,
                    epochLength: config.epochLength,
                    heartbeat: config.heartbeat,
                    methodologyHash: config.methodologyHash,
                    rosterHash: config.rosterHash
                })
            )
        );
        for (uint256 i; i < count; ++i) {
            address signer = config.signers[i];
            if (signer == address(0)) revert BadSigner(i, signer);
            for (uint256 j; j < i; ++j) if (config.signers[j] == signer) revert BadSigner(i, signer);
            packed = bytes.concat(packed, bytes20(signer));
        }
        blob = address(new Blob(packed));
    }

    /// @notice The terms kept in `blob`, and the signers' addresses, 20 bytes each.
    function load(address blob) internal view returns (Terms memory terms, bytes memory signers) {
        assembly ("memory-safe") {
            let size := sub(extcodesize(blob), 1)
            let start := mload(0x40)
            extcodecopy(blob, start, 1, TERMS_BYTES)
            signers := add(start, TERMS_BYTES)
            mstore(signers, sub(size, TERMS_BYTES))
            extcodecopy(blob, add(signers, 32), add(TERMS_BYTES, 1), sub(size, TERMS_BYTES))
            mstore(0x40, and(add(add(add(signers, 32), sub(size, TERMS_BYTES)), 31), not(31)))
            terms := start
        }
    }
}
