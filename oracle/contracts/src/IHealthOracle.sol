// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Roster} from "./Roster.sol";

/// @title What a lender, an insurer or the registry may ask of HealthOracle
/// @notice Statuses: 0 Unknown, 1 Healthy, 2 Degraded, 3 Critical, 4 Missing, 5 Relocated, 6 Tampered, 7 Retired.
/// Unknown never counts as healthy and never as default of a loan.
interface IHealthOracle {
    /// @notice One round of a feed as M report keys sign it. Times in seconds of Unix time.
    struct Report {
        bytes32 feedId;
        uint32 configId;
        uint64 round;
        bytes32 epochId;
        bytes32 prevRoot;
        bytes32 root;
        uint32 leafCount;
        uint64 observedFrom;
        uint64 observedTo;
        uint64 validUntil;
        bool mapOpen;
        bytes32 exceptionsHash;
        bytes32 aggregateHash;
        bytes32 methodologyHash;
        bytes32 ackListsHash;
    }

    /// @notice What a round says of one token. `reasons` is 4 x 16 bits, `triggers` 8 x 4 bits, lowest first.
    struct Leaf {
        bytes32 feedId;
        uint256 tokenId;
        uint32 generation;
        uint64 epoch;
        uint64 observedAt;
        uint16 scoreBp;
        uint8 status;
        uint8 level;
        uint16 confidenceBp;
        uint64 reasons;
        uint64 recoverableValueCents;
        uint32 triggers;
        bytes32 inputRoot;
    }

    /// @notice The latest round of a feed.
    struct Head {
        uint40 round;
        uint40 observedFrom;
        uint40 observedTo;
        uint40 validUntil;
        uint32 leafCount;
        uint32 configId;
        uint16 chunksApplied;
        bool complete;
        bool mapOpen;
    }

    /// @notice A feed exists from here on.
    event FeedOpened(bytes32 indexed feedId);
    /// @notice A roster config was added.
    event ConfigSet(bytes32 indexed feedId, uint32 indexed configId, Roster.Config config);
    /// @notice An older config now ends at `validTo`.
    event ConfigEnds(bytes32 indexed feedId, uint32 indexed configId, uint64 validTo);
    /// @notice A round was accepted. `signers` is the bitmap of the config's signers that it came with; `head` has the
    /// times and flags in one word, see {HeadWord}.
    event RoundPosted(
        bytes32 indexed feedId,
        uint64 indexed round,
        bytes32 indexed digest,
        bytes32 root,
        uint256 signers,
        uint256 head
    );
    /// @notice Chunk `index` of the round's exceptions is in; `complete` when it was the last.
    event ExceptionsApplied(bytes32 indexed feedId, uint64 indexed round, uint256 index, bool complete);
    /// @notice The map's entry of a token changed. `entry` is the signed word: tokenId (176 bits), generation (32),
    /// status (8), level (8), triggers (32).
    event StatusChanged(
        bytes32 indexed feedId,
        uint256 indexed tokenId,
        uint8 oldStatus,
        uint8 status,
        uint256 entry
    );
    /// @notice Two different reports of one round both carry a quorum: `signersOfBoth` signed twice.
    event Equivocation(
        bytes32 indexed feedId,
        uint64 indexed round,
        bytes32 digestA,
        bytes32 digestB,
        uint256 signersOfBoth
    );

    error FeedExists(bytes32 feedId);
    error UnknownConfig(bytes32 feedId, uint32 configId);
    error ConfigOutOfTime(uint32 configId, uint256 validFrom, uint256 validTo, uint256 nowIs);
    error NotNextConfig(uint32 found, uint32 wanted);
    error RosterStep(uint256 changedSigners);
    error EpochLengthChanged(uint256 found, uint256 wanted);
    error GapBetweenConfigs(uint256 validFrom, uint256 endOfLast);
    error WrongMethodology(bytes32 found, bytes32 wanted);
    error WrongParent(bytes32 found, bytes32 wanted);
    error RoundNotNewer(uint256 found, uint256 latest);
    error PreviousIncomplete(uint256 round);
    error RoundNotItsTime(uint256 observedTo, uint256 wanted);
    error ObservedOutOfOrder(uint256 observedFrom, uint256 observedTo);
    error NotYetObserved(uint256 observedTo, uint256 nowIs);
    error ReportExpired(uint256 validUntil, uint256 nowIs);
    error ValidTooLong(uint256 validUntil, uint256 latest);
    error EmptyTreeMismatch(uint256 leafCount, bytes32 root);
    error ClosedMapWithExceptions(bytes32 found, bytes32 wanted);
    error MapClosedTooLong(uint256 since, uint256 observedTo);
    error NotThatRound(uint256 found, uint256 latest);
    error AlreadyComplete(uint256 round);
    error WrongChunkList(bytes32 found, bytes32 wanted);
    error WrongChunk(uint256 index, bytes32 found, bytes32 wanted);
    error NoEquivocation(bytes32 digestA, bytes32 digestB);
    error RoundStale(uint256 validUntil, uint256 nowIs);
    error RoundIncomplete(uint256 round);
    error LeafNotProven(bytes32 leafHash, bytes32 root);

    /// @notice Reverts unless a quorum of the config, valid now, signed `digest`.
    function requireQuorum(
        bytes32 feedId,
        uint32 configId,
        bytes32 digest,
        uint256 bitmap,
        bytes calldata signatures
    ) external view;

    /// @notice Status and level of a token from the map; (0, 0, observedTo) = Unknown when the latest round is stale,
    /// incomplete or has its map closed, or when the map speaks of another generation. Never reverts.
    function statusOf(
        bytes32 feedId,
        uint256 tokenId,
        uint32 generation
    ) external view returns (uint8 status, uint8 level, uint64 observedTo);

    /// @notice Reverts unless the latest round is fresh and complete and its tree holds `leaf`.
    function verifyLeaf(Leaf calldata leaf, bytes32[] calldata proof) external view;

    /// @notice The latest round of a feed and its root.
    function latestRound(bytes32 feedId) external view returns (Head memory head, bytes32 root);
}
