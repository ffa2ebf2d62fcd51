// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IHealthOracle} from "./IHealthOracle.sol";

/// @notice The latest round of a feed in one word, lowest bits first: round (40 bits), observedFrom (40),
/// observedTo (40), validUntil (40), leafCount (32), configId (32), chunksApplied (16), complete (8), mapOpen (8).
/// Zero before the first round.
type HeadWord is uint256;

using HeadWords for HeadWord global;

/// @title Packing of {HeadWord}
library HeadWords {
    uint256 private constant M40 = type(uint40).max;
    uint256 private constant M32 = type(uint32).max;
    uint256 private constant CHUNKS = 224;
    uint256 private constant ONE_CHUNK = 1 << 224;
    uint256 private constant COMPLETE = 1 << 240;
    uint256 private constant MAP_OPEN = 1 << 248;

    /// @notice The head after a report was accepted. Nothing is cut off: the caller has checked that round and times
    /// are at most the present plus two heartbeats of 32 bits, far below 2^40.
    function pack(IHealthOracle.Report calldata report, bool complete_) internal pure returns (HeadWord) {
        uint256 word = uint256(report.round) |
            (uint256(report.observedFrom) << 40) |
            (uint256(report.observedTo) << 80) |
            (uint256(report.validUntil) << 120) |
            (uint256(report.leafCount) << 160) |
            (uint256(report.configId) << 192);
        if (complete_) word |= COMPLETE;
        if (report.mapOpen) word |= MAP_OPEN;
        return HeadWord.wrap(word);
    }

    /// @notice Whether there is no round yet.
    function isEmpty(HeadWord head) internal pure returns (bool) {
        return HeadWord.unwrap(head) == 0;
    }

    function round(HeadWord head) internal pure returns (uint256) {
        return HeadWord.unwrap(head) & M40;
    }

    function observedTo(HeadWord head) internal pure returns (uint256) {
        return (HeadWord.unwrap(head) >> 80) & M40;
    }

    function validUntil(HeadWord head) internal pure returns (uint256) {
        return (HeadWord.unwrap(head) >> 120) & M40;
    }

    function chunksApplied(HeadWord head) internal pure returns (uint256) {
        return (HeadWord.unwrap(head) >> CHUNKS) & 0xffff;
    }

    function complete(HeadWord head) internal pure returns (bool) {
        return HeadWord.unwrap(head) & COMPLETE != 0;
    }

    function mapOpen(HeadWord head) internal pure returns (bool) {
        return HeadWord.unwrap(head) & MAP_OPEN != 0;
    }

    /// @notice The head after one more chunk.
    function withChunk(HeadWord head, bool last) internal pure returns (HeadWord) {
        uint256 word = HeadWord.unwrap(head) + ONE_CHUNK;
        return HeadWord.wrap(last ? word | COMPLETE : word);
    }

    /// @notice The same as a struct.
    function unpack(HeadWord head) internal pure returns (IHealthOracle.Head memory) {
        uint256 word = HeadWord.unwrap(head);
        return
            IHealthOracle.Head({
                round: uint40(word & M40),
                observedFrom: uint40((word >> 40) & M40),
                observedTo: uint40(observedTo(head)),
                validUntil: uint40(validUntil(head)),
                leafCount: uint32((word >> 160) & M32),
                configId: uint32((word >> 192) & M32),
                chunksApplied: uint16(chunksApplied(head)),
                complete: complete(head),
                mapOpen: mapOpen(head)
            });
    }
}
