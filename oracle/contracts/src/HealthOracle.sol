// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {HeadWord, HeadWords} from "./HeadWord.sol";
import {IHealthOracle} from "./IHealthOracle.sol";
import {Quorum} from "./Quorum.sol";
import {Roster} from "./Roster.sol";

/// @title Verifier of M-of-N signed health rounds
/// @notice A round is a Merkle root over one leaf per token, the exceptions against the map kept here, and a time for
/// which it holds. The owner may open feeds and nothing else: a roster changes only by its own quorum, and no role can
/// write a status. Freshness is part of every read.
contract HealthOracle is IHealthOracle, EIP712, Multicall, Ownable {
    struct ConfigSlot {
        address blob;
        uint40 validTo;
    }

    struct Feed {
        bytes32 root;
        HeadWord head;
        bytes32 exceptionsHash;
        uint40 mapClosedSince;
        uint32 lastConfigId;
        mapping(uint32 configId => ConfigSlot) configs;
        mapping(uint256 slot => uint256) map;
    }

    bytes32 private constant REPORT_TYPEHASH =
        keccak256(
            "Report(bytes32 feedId,uint32 configId,uint64 round,bytes32 epochId,bytes32 prevRoot,bytes32 root,uint32 leafCount,uint64 observedFrom,uint64 observedTo,uint64 validUntil,bool mapOpen,bytes32 exceptionsHash,bytes32 aggregateHash,bytes32 methodologyHash,bytes32 ackListsHash)"
        );
    bytes32 private constant ROSTER_TYPEHASH =
        keccak256(
            "Roster(bytes32 feedId,uint32 configId,address[] signers,uint8 threshold,uint64 validFrom,uint64 validTo,uint32 epochLength,uint32 heartbeat,bytes32 methodologyHash,bytes32 rosterHash)"
        );
    bytes32 private constant NO_EXCEPTIONS = keccak256(abi.encode(uint256(32), uint256(0)));
    uint256 private constant MAX_OVERLAP = 24 hours;
    uint256 private constant MAX_MAP_CLOSED = 24 hours;

    mapping(bytes32 feedId => Feed) private _feeds;

    constructor(address owner) EIP712("Assay", "1") Ownable(owner) {}

    /// @notice Opens a feed with its first config, number 1.
    function openFeed(bytes32 feedId, Roster.Config calldata config) external onlyOwner {
        Feed storage feed = _feeds[feedId];
        if (feed.lastConfigId != 0) revert FeedExists(feedId);
        emit FeedOpened(feedId);
        _addConfig(feed, feedId, 1, config);
    }

    /// @notice Adds the next config, signed by a quorum of the newest one. At most one signer differs, the epoch
    /// length stays, and the newest config ends at most 24 hours after the next one begins.
    function rotateConfig(
        bytes32 feedId,
        uint32 configId,
        Roster.Config calldata config,
        uint256 bitmap,
        bytes calldata signatures
    ) external {
        Feed storage feed = _feeds[feedId];
        uint32 last = feed.lastConfigId;
        if (configId != last + 1) revert NotNextConfig(configId, last + 1);
        (Roster.Terms memory terms, bytes memory signers) = _validConfig(feed, feedId, last);
        uint256 validTo = feed.configs[last].validTo;
        Quorum.requireSigned(
            rosterDigest(feedId, configId, config),
            signers,
            terms.threshold,
            bitmap,
            signatures
        );
        if (config.epochLength != terms.epochLength) revert EpochLengthChanged(config.epochLength, terms.epochLength);
        if (config.validFrom > validTo) revert GapBetweenConfigs(config.validFrom, validTo);
        _requireOneStep(signers, config.signers);
        uint256 ends = uint256(config.validFrom) + MAX_OVERLAP;
        if (ends < validTo) {
            feed.configs[last].validTo = uint40(ends);
            emit ConfigEnds(feedId, last, uint64(ends));
        }
        _addConfig(feed, feedId, configId, config);
    }

    /// @notice Accepts the next round. Anyone may bring it; the quorum's signatures are what counts.
    function postRound(Report calldata report, uint256 bitmap, bytes calldata signatures) external {
        Feed storage feed = _feeds[report.feedId];
        bytes32 digest = _digest(report);
        (Roster.Terms memory terms, bytes memory signers) = _validConfig(feed, report.feedId, report.configId);
        HeadWord head = _checkRound(feed, report, terms);
        Quorum.requireSigned(digest, signers, terms.threshold, bitmap, signatures);
        feed.root = report.root;
        feed.head = head;
        if (!head.complete()) feed.exceptionsHash = report.exceptionsHash;
        emit RoundPosted(report.feedId, report.round, digest, report.root, bitmap, HeadWord.unwrap(head));
    }

    /// @notice Applies the next chunk of the latest round's exceptions. Anyone may bring it; the signed hash decides.
    /// @param chunkHashes All chunk hashes of the round.
    /// @param entries The words of the chunk whose turn it is.
    function applyExceptions(
        bytes32 feedId,
        uint64 round,
        bytes32[] calldata chunkHashes,
        uint256[] calldata entries
    ) external {
        Feed storage feed = _feeds[feedId];
        HeadWord head = feed.head;
        if (round != head.round()) revert NotThatRound(round, head.round());
        if (head.complete() || head.isEmpty()) revert AlreadyComplete(round);
        bytes32 listHash = keccak256(abi.encode(chunkHashes));
        if (listHash != feed.exceptionsHash) revert WrongChunkList(listHash, feed.exceptionsHash);
        uint256 index = head.chunksApplied();
        bytes32 chunkHash = keccak256(abi.encodePacked(entries));
        if (chunkHash != chunkHashes[index]) revert WrongChunk(index, chunkHash, chunkHashes[index]);
        for (uint256 i; i < entries.length; ++i) _applyEntry(feed, feedId, entries[i]);
        bool complete = index + 1 == chunkHashes.length;
        feed.head = head.withChunk(complete);
        emit ExceptionsApplied(feedId, round, index, complete);
    }

    /// @notice Records that two different reports of one round both carry a quorum. No other effect.
    function flagEquivocation(
        Report calldata a,
        uint256 bitmapA,
        bytes calldata signaturesA,
        Report calldata b,
        uint256 bitmapB,
        bytes calldata signaturesB
    ) external {
        bytes32 digestA = _requireReportSigned(a, bitmapA, signaturesA);
        bytes32 digestB = _requireReportSigned(b, bitmapB, signaturesB);
        if (digestA == digestB || a.feedId != b.feedId || a.round != b.round) revert NoEquivocation(digestA, digestB);
        emit Equivocation(a.feedId, a.round, digestA, digestB, a.configId == b.configId ? bitmapA & bitmapB : 0);
    }

    /// @inheritdoc IHealthOracle
    function requireQuorum(
        bytes32 feedId,
        uint32 configId,
        bytes32 digest,
        uint256 bitmap,
        bytes calldata signatures
    ) external view {
        (Roster.Terms memory terms, bytes memory signers) = _validConfig(_feeds[feedId], feedId, configId);
        Quorum.requireSigned(digest, signers, terms.threshold, bitmap, signatures);
    }

    /// @inheritdoc IHealthOracle
    function statusOf(
        bytes32 feedId,
        uint256 tokenId,
        uint32 generation
    ) external view returns (uint8 status, uint8 level, uint64 observedTo) {
        Feed storage feed = _feeds[feedId];
        HeadWord head = feed.head;
        observedTo = uint64(head.observedTo());
        if (!head.complete() || !head.mapOpen() || block.timestamp >= head.validUntil()) return (0, 0, observedTo);
        uint256 lane = uint32(feed.map[tokenId >> 3] >> ((tokenId & 7) * 32));
        if (lane >> 8 != generation) return (0, 0, observedTo);
        return (uint8(lane >> 4) & 0xf, uint8(lane) & 0xf, observedTo);
    }

    /// @inheritdoc IHealthOracle
    function verifyLeaf(Leaf calldata leaf, bytes32[] calldata proof) external view {
        Feed storage feed = _feeds[leaf.feedId];
        HeadWord head = feed.head;
        if (block.timestamp >= head.validUntil()) revert RoundStale(head.validUntil(), block.timestamp);
        if (!head.complete()) revert RoundIncomplete(head.round());
        bytes32 leafHash = keccak256(bytes.concat(keccak256(abi.encode(leaf))));
        bytes32 root = feed.root;
        if (!MerkleProof.verifyCalldata(proof, root, leafHash)) revert LeafNotProven(leafHash, root);
    }

    /// @inheritdoc IHealthOracle
    function latestRound(bytes32 feedId) external view returns (Head memory head, bytes32 root) {
        Feed storage feed = _feeds[feedId];
        return (feed.head.unpack(), feed.root);
    }

    /// @notice A config as it stands: its terms, when it ends, and its signers.
    function configOf(
        bytes32 feedId,
        uint32 configId
    ) external view returns (Roster.Terms memory terms, uint64 validTo, address[] memory signers) {
        ConfigSlot memory slot = _feeds[feedId].configs[configId];
        if (slot.blob == address(0)) revert UnknownConfig(feedId, configId);
        bytes memory packed;
        (terms, packed) = Roster.load(slot.blob);
        validTo = slot.validTo;
        signers = new address[](packed.length / 20);
        for (uint256 i; i < signers.length; ++i) signers[i] = Quorum.signerAt(packed, i);
    }

    /// @notice Number of the newest config of a feed; 0 when there is no such feed.
    function lastConfigId(bytes32 feedId) external view returns (uint32) {
        return _feeds[feedId].lastConfigId;
    }

    /// @notice The EIP-712 digest by which the newest config's keys sign the next config.
    function rosterDigest(
        bytes32 feedId,
        uint32 configId,
        Roster.Config calldata config
    ) public view returns (bytes32) {
        bytes memory encoded = abi.encode(
            ROSTER_TYPEHASH,
            feedId,
            configId,
            keccak256(abi.encodePacked(config.signers)),
            config.threshold,
            config.validFrom,
            config.validTo,
            config.epochLength,
            config.heartbeat,
            config.methodologyHash,
            config.rosterHash
        );
        return _hashTypedDataV4(keccak256(encoded));
    }

    /// @notice The EIP-712 digest that report keys sign.
    function reportDigest(Report calldata report) external view returns (bytes32) {
        return _digest(report);
    }

    function _addConfig(Feed storage feed, bytes32 feedId, uint32 configId, Roster.Config calldata config) private {
        feed.lastConfigId = configId;
        feed.configs[configId] = ConfigSlot({blob: Roster.store(config), validTo: uint40(config.validTo)});
        emit ConfigSet(feedId, configId, config);
    }

    function _validConfig(
        Feed storage feed,
        bytes32 feedId,
        uint32 configId
    ) private view returns (Roster.Terms memory terms, bytes memory signers) {
        ConfigSlot storage slot = feed.configs[configId];
        (address blob, uint256 validTo) = (slot.blob, slot.validTo);
        if (blob == address(0)) revert UnknownConfig(feedId, configId);
        (terms, signers) = Roster.load(blob);
        if (block.timestamp < terms.validFrom || block.timestamp >= validTo) {
            revert ConfigOutOfTime(configId, terms.validFrom, validTo, block.timestamp);
        }
    }

    /// @return next The head that the report leads to.
    function _checkRound(
        Feed storage feed,
        Report calldata report,
        Roster.Terms memory terms
    ) private returns (HeadWord next) {
        HeadWord head = feed.head;
        if (report.methodologyHash != terms.methodologyHash) {
            revert WrongMethodology(report.methodologyHash, terms.methodologyHash);
        }
        if (!head.isEmpty()) {
            if (report.round <= head.round()) revert RoundNotNewer(report.round, head.round());
            if (!head.complete()) revert PreviousIncomplete(head.round());
        }
        bytes32 root = feed.root;
        if (report.prevRoot != root) revert WrongParent(report.prevRoot, root);
        uint256 start = report.round * terms.epochLength;
        if (report.observedTo != start) revert RoundNotItsTime(report.observedTo, start);
        if (report.observedFrom > report.observedTo) revert ObservedOutOfOrder(report.observedFrom, report.observedTo);
        if (report.observedTo > block.timestamp) revert NotYetObserved(report.observedTo, block.timestamp);
        if (report.validUntil <= block.timestamp) revert ReportExpired(report.validUntil, block.timestamp);
        uint256 latest = block.timestamp + 2 * terms.heartbeat;
        if (report.validUntil > latest) revert ValidTooLong(report.validUntil, latest);
        if ((report.leafCount == 0) != (report.root == 0)) revert EmptyTreeMismatch(report.leafCount, report.root);
        bool complete = report.exceptionsHash == NO_EXCEPTIONS;
        if (!report.mapOpen) {
            if (!complete) revert ClosedMapWithExceptions(report.exceptionsHash, NO_EXCEPTIONS);
            _closeMap(feed, head, report.observedTo);
        }
        return HeadWords.pack(report, complete);
    }

    /// The clock of a closed map starts with the first closed round after an open one.
    function _closeMap(Feed storage feed, HeadWord head, uint64 observedTo) private {
        if (head.mapOpen() || head.isEmpty()) feed.mapClosedSince = uint40(observedTo);
        else if (observedTo - feed.mapClosedSince > MAX_MAP_CLOSED) {
            revert MapClosedTooLong(feed.mapClosedSince, observedTo);
        }
    }

    /// Never reverts on what an entry says: a quorum that signs nonsense must not be able to jam its feed.
    function _applyEntry(Feed storage feed, bytes32 feedId, uint256 entry) private {
        uint256 tokenId = entry >> 80;
        uint256 shift = (tokenId & 7) * 32;
        uint256 status = (entry >> 40) & 0xff;
        uint256 level = (entry >> 32) & 0xff;
        if (status > 7) status = 0;
        if (level > 15) level = 0;
        uint256 word = feed.map[tokenId >> 3];
        uint256 lane = (((entry >> 48) & 0xffffff) << 8) | (status << 4) | level;
        feed.map[tokenId >> 3] = (word & ~(uint256(type(uint32).max) << shift)) | (lane << shift);
        emit StatusChanged(feedId, tokenId, uint8(word >> (shift + 4)) & 0xf, uint8(status), entry);
    }

    function _requireReportSigned(
        Report calldata report,
        uint256 bitmap,
        bytes calldata signatures
    ) private view returns (bytes32 digest) {
        address blob = _feeds[report.feedId].configs[report.configId].blob;
        if (blob == address(0)) revert UnknownConfig(report.feedId, report.configId);
        digest = _digest(report);
        (Roster.Terms memory terms, bytes memory signers) = Roster.load(blob);
        Quorum.requireSigned(digest, signers, terms.threshold, bitmap, signatures);
    }

    function _requireOneStep(bytes memory before, address[] calldata next) private pure {
        uint256 count = before.length / 20;
        uint256 changed;
        for (uint256 i; i < count || i < next.length; ++i) {
            if (i >= count || i >= next.length || Quorum.signerAt(before, i) != next[i]) ++changed;
        }
        if (changed > 1) revert RosterStep(changed);
    }

    /// The calldata of a static struct is its ABI encoding. Dirty bits cannot slip in: they make another digest.
    function _digest(Report calldata report) private view returns (bytes32) {
        bytes32 typeHash = REPORT_TYPEHASH;
        bytes32 structHash;
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, typeHash)
            calldatacopy(add(start, 32), report, 480)
            structHash := keccak256(start, 512)
        }
        return _hashTypedDataV4(structHash);
    }
}
