// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {HealthOracle} from "../src/HealthOracle.sol";
import {IHealthOracle} from "../src/IHealthOracle.sol";
import {Roster} from "../src/Roster.sol";
import {vm} from "./Vm.sol";

/// @title A 3-of-5 feed and the means to sign for it
abstract contract Base {
    bytes32 internal constant FEED = keccak256("feed");
    bytes32 internal constant METHODOLOGY = keccak256("methodology");
    bytes32 internal constant NO_EXCEPTIONS = keccak256(abi.encode(uint256(32), uint256(0)));
    uint256 internal constant NOW = 1_800_000_000;
    uint32 internal constant EPOCH = 600;
    uint32 internal constant HEARTBEAT = 3600;

    HealthOracle internal oracle;

    function setUp() public virtual {
        vm.warp(NOW);
        oracle = new HealthOracle(address(this));
        oracle.openFeed(FEED, configOf(5, 3));
    }

    function secret(uint256 index) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("node", index)));
    }

    function configOf(uint256 count, uint8 threshold) internal pure returns (Roster.Config memory config) {
        address[] memory signers = new address[](count);
        for (uint256 i; i < count; ++i) signers[i] = vm.addr(secret(i));
        return
            Roster.Config({
                signers: signers,
                threshold: threshold,
                validFrom: uint64(NOW - 1),
                validTo: uint64(NOW + 365 days),
                epochLength: EPOCH,
                heartbeat: HEARTBEAT,
                methodologyHash: METHODOLOGY,
                rosterHash: keccak256("roster")
            });
    }

    /// The newest round that can be reported now, over the latest root.
    function reportNow(bytes32 root) internal view returns (IHealthOracle.Report memory report) {
        (, bytes32 prevRoot) = oracle.latestRound(FEED);
        uint64 round = uint64(block.timestamp / EPOCH);
        return
            IHealthOracle.Report({
                feedId: FEED,
                configId: 1,
                round: round,
                epochId: keccak256(abi.encode(round)),
                prevRoot: prevRoot,
                root: root,
                leafCount: root == 0 ? 0 : 1,
                observedFrom: round * EPOCH - 10,
                observedTo: round * EPOCH,
                validUntil: uint64(block.timestamp + HEARTBEAT),
                mapOpen: true,
                exceptionsHash: NO_EXCEPTIONS,
                aggregateHash: keccak256("aggregate"),
                methodologyHash: METHODOLOGY,
                ackListsHash: keccak256("ack lists")
            });
    }

    function signatureOf(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
    }

    function sign(bytes32 digest, uint256 bitmap) internal pure returns (bytes memory signatures) {
        for (uint256 i; bitmap >> i != 0; ++i) {
            if ((bitmap >> i) & 1 == 1) signatures = bytes.concat(signatures, signatureOf(secret(i), digest));
        }
    }

    function post(IHealthOracle.Report memory report) internal {
        oracle.postRound(report, 7, sign(oracle.reportDigest(report), 7));
    }

    /// Posts a valid round with this root and these exceptions; the chunks are not applied.
    function postWith(bytes32 root, bytes32[] memory chunkHashes) internal returns (uint64 round) {
        IHealthOracle.Report memory report = reportNow(root);
        report.exceptionsHash = keccak256(abi.encode(chunkHashes));
        post(report);
        return report.round;
    }

    function entryOf(uint256 tokenId, uint32 generation, uint8 status, uint8 level) internal pure returns (uint256) {
        return (tokenId << 80) | (uint256(generation) << 48) | (uint256(status) << 40) | (uint256(level) << 32);
    }

    function listOf(bytes32 hash) internal pure returns (bytes32[] memory list) {
        list = new bytes32[](1);
        list[0] = hash;
    }

    function popcount(uint256 bitmap) internal pure returns (uint256 count) {
        for (; bitmap != 0; bitmap &= bitmap - 1) ++count;
    }
}
