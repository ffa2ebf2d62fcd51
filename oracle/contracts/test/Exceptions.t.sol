// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IHealthOracle} from "../src/IHealthOracle.sol";
import {Base} from "./Base.sol";
import {vm} from "./Vm.sol";

contract ExceptionsTest is Base {
    function hashOf(uint256[] memory entries) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(entries));
    }

    function one(uint256 entry) private pure returns (uint256[] memory entries) {
        entries = new uint256[](1);
        entries[0] = entry;
    }

    function expectStatus(uint256 tokenId, uint32 generation, uint256 wanted, uint256 wantedLevel) private view {
        (uint8 status, uint8 level, ) = oracle.statusOf(FEED, tokenId, generation);
        vm.assertEq(status, wanted);
        vm.assertEq(level, wantedLevel);
    }

    function apply_(uint256 entry) private {
        bytes32[] memory list = listOf(hashOf(one(entry)));
        uint64 round = postWith(keccak256(abi.encode(entry, block.timestamp)), list);
        oracle.applyExceptions(FEED, round, list, one(entry));
    }

    /// Every token of random chunks reads as its last entry says, for its generation only, and neighbours stay.
    function testFuzz_mapFollowsEntries(uint256 seed, uint8 count) public {
        uint256[] memory entries = new uint256[]((uint256(count) % 40) + 1);
        uint256 tokenId = seed % 1000;
        for (uint256 i; i < entries.length; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            tokenId += 2 + (random % 9);
            entries[i] =
                entryOf(tokenId, uint32(1 + ((random >> 8) % 0xfffffe)), uint8((random >> 64) % 8), uint8((random >> 72) % 7)) |
                uint32(random >> 96);
        }
        bytes32[] memory list = listOf(hashOf(entries));
        uint64 round = postWith(keccak256("a"), list);
        for (uint256 i; i < entries.length; ++i) expectStatus(entries[i] >> 80, uint32(entries[i] >> 48), 0, 0);
        oracle.applyExceptions(FEED, round, list, entries);
        for (uint256 i; i < entries.length; ++i) {
            uint256 entry = entries[i];
            expectStatus(entry >> 80, uint32(entry >> 48), uint8(entry >> 40), uint8(entry >> 32));
            expectStatus(entry >> 80, uint32(entry >> 48) + 1, 0, 0);
            expectStatus((entry >> 80) + 1, uint32(entry >> 48), 0, 0);
        }
    }

    function test_oldAndNewStatusAreLogged() public {
        apply_(entryOf(9, 1, 1, 3));
        vm.warp(NOW + EPOCH);
        uint256 entry = entryOf(9, 1, 4, 3);
        bytes32[] memory list = listOf(hashOf(one(entry)));
        uint64 round = postWith(keccak256("b"), list);
        vm.expectEmit(true, true, false, true, address(oracle));
        emit IHealthOracle.StatusChanged(FEED, 9, 1, 4, entry);
        vm.expectEmit(true, true, false, true, address(oracle));
        emit IHealthOracle.ExceptionsApplied(FEED, round, 0, true);
        oracle.applyExceptions(FEED, round, list, one(entry));
    }

    /// A quorum that signs nonsense must not be able to jam its feed.
    function testFuzz_noEntryReverts(uint256 entry) public {
        apply_(entry);
        (uint8 status, uint8 level, ) = oracle.statusOf(FEED, entry >> 80, uint32(entry >> 48) & 0xffffff);
        if (uint32(entry >> 48) > 0xffffff) return;
        vm.assertEq(status, uint8(entry >> 40) > 7 ? 0 : uint8(entry >> 40));
        vm.assertEq(level, uint8(entry >> 32) > 15 ? 0 : uint8(entry >> 32));
    }

    function test_chunksComeInOrderAndOnce() public {
        uint256[] memory a = one(entryOf(1, 1, 1, 3));
        uint256[] memory b = one(entryOf(2, 1, 2, 3));
        bytes32[] memory list = new bytes32[](2);
        (list[0], list[1]) = (hashOf(a), hashOf(b));
        uint64 round = postWith(keccak256("a"), list);

        vm.expectRevert(abi.encodeWithSelector(IHealthOracle.WrongChunk.selector, 0, list[1], list[0]));
        oracle.applyExceptions(FEED, round, list, b);
        vm.expectRevert(abi.encodeWithSelector(IHealthOracle.NotThatRound.selector, round - 1, round));
        oracle.applyExceptions(FEED, round - 1, list, a);
        vm.expectPartialRevert(IHealthOracle.WrongChunkList.selector);
        oracle.applyExceptions(FEED, round, listOf(list[0]), a);

        oracle.applyExceptions(FEED, round, list, a);
        expectStatus(1, 1, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IHealthOracle.WrongChunk.selector, 1, list[0], list[1]));
        oracle.applyExceptions(FEED, round, list, a);

        vm.warp(NOW + EPOCH);
        IHealthOracle.Report memory next = reportNow(keccak256("b"));
        bytes memory signatures = sign(oracle.reportDigest(next), 7);
        vm.expectRevert(abi.encodeWithSelector(IHealthOracle.PreviousIncomplete.selector, round));
        oracle.postRound(next, 7, signatures);

        oracle.applyExceptions(FEED, round, list, b);
        expectStatus(1, 1, 1, 3);
        expectStatus(2, 1, 2, 3);
        vm.expectRevert(abi.encodeWithSelector(IHealthOracle.AlreadyComplete.selector, round));
        oracle.applyExceptions(FEED, round, list, b);
        oracle.postRound(next, 7, signatures);
        expectStatus(2, 1, 2, 3);
    }

    function test_reportAndChunksInOneTransaction() public {
        uint256[] memory entries = one(entryOf(5, 2, 1, 4));
        bytes32[] memory list = listOf(hashOf(entries));
        IHealthOracle.Report memory report = reportNow(keccak256("a"));
        report.exceptionsHash = keccak256(abi.encode(list));
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(oracle.postRound, (report, 7, sign(oracle.reportDigest(report), 7)));
        calls[1] = abi.encodeCall(oracle.applyExceptions, (FEED, report.round, list, entries));
        oracle.multicall(calls);
        expectStatus(5, 2, 1, 4);
    }

    function test_staleIsUnknown() public {
        apply_(entryOf(1, 1, 1, 3));
        vm.warp(NOW + HEARTBEAT - 1);
        expectStatus(1, 1, 1, 3);
        vm.warp(NOW + HEARTBEAT);
        expectStatus(1, 1, 0, 0);
    }

    function test_unknownFeedIsUnknown() public view {
        (uint8 status, , ) = oracle.statusOf(keccak256("none"), 1, 0);
        vm.assertEq(status, 0);
    }

    function closedReport(bytes32 root) private view returns (IHealthOracle.Report memory report) {
        report = reportNow(root);
        report.mapOpen = false;
    }

    function test_closedMapIsUnknownForAllAndOnlyForADay() public {
        apply_(entryOf(1, 1, 1, 3));
        uint256 start = NOW + EPOCH;
        vm.warp(start);
        post(closedReport(keccak256("c")));
        expectStatus(1, 1, 0, 0);
        vm.warp(start + 24 hours);
        post(closedReport(keccak256("d")));
        vm.warp(start + 24 hours + EPOCH);
        IHealthOracle.Report memory late = closedReport(keccak256("e"));
        bytes memory signatures = sign(oracle.reportDigest(late), 7);
        vm.expectRevert(abi.encodeWithSelector(IHealthOracle.MapClosedTooLong.selector, start, late.observedTo));
        oracle.postRound(late, 7, signatures);
        post(reportNow(keccak256("f")));
        expectStatus(1, 1, 1, 3);
        vm.warp(start + 48 hours);
        post(closedReport(keccak256("g")));
        vm.warp(start + 72 hours);
        post(closedReport(keccak256("h")));
    }

    function test_closedMapHasNoChunks() public {
        IHealthOracle.Report memory report = closedReport(keccak256("c"));
        report.exceptionsHash = keccak256(abi.encode(listOf(keccak256("x"))));
        bytes memory signatures = sign(oracle.reportDigest(report), 7);
        vm.expectRevert(
            abi.encodeWithSelector(
                IHealthOracle.ClosedMapWithExceptions.selector,
                report.exceptionsHash,
                NO_EXCEPTIONS
            )
        );
        oracle.postRound(report, 7, signatures);
    }
}
