// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IHealthOracle} from "../src/IHealthOracle.sol";
import {Quorum} from "../src/Quorum.sol";
import {Roster} from "../src/Roster.sol";
import {Base} from "./Base.sol";
import {vm} from "./Vm.sol";

contract RosterTest is Base {
    function test_configReadsBack() public view {
        (Roster.Terms memory terms, uint64 validTo, address[] memory signers) = oracle.configOf(FEED, 1);
        Roster.Config memory config = configOf(5, 3);
        vm.assertEq(terms.threshold, 3);
        vm.assertEq(terms.validFrom, config.validFrom);
        vm.assertEq(terms.epochLength, EPOCH);
        vm.assertEq(terms.heartbeat, HEARTBEAT);
        vm.assertEq(terms.methodologyHash, METHODOLOGY);
        vm.assertEq(terms.rosterHash, config.rosterHash);
        vm.assertEq(validTo, config.validTo);
        vm.assertEq(keccak256(abi.encode(signers)), keccak256(abi.encode(config.signers)));
        vm.assertEq(oracle.lastConfigId(FEED), 1);
        vm.assertEq(oracle.lastConfigId(keccak256("none")), 0);
    }

    function test_onlyTheOwnerOpensAndOnce() public {
        vm.expectRevert(abi.encodeWithSelector(IHealthOracle.FeedExists.selector, FEED));
        oracle.openFeed(FEED, configOf(5, 3));
        vm.prank(address(7));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(7)));
        oracle.openFeed(keccak256("b"), configOf(5, 3));
        vm.expectRevert(abi.encodeWithSelector(IHealthOracle.UnknownConfig.selector, FEED, 2));
        oracle.configOf(FEED, 2);
    }

    /// A roster is taken iff 2 <= M <= N <= 31 and M is a majority.
    function testFuzz_rosterRule(uint8 count, uint8 threshold) public {
        uint256 n = uint256(count) % 34;
        Roster.Config memory config = configOf(n, threshold);
        bool fine = n <= 31 && threshold >= 2 && threshold <= n && uint256(threshold) * 2 > n;
        if (!fine) vm.expectPartialRevert(Roster.BadRoster.selector);
        oracle.openFeed(keccak256(abi.encode("f", n, threshold)), config);
    }

    function test_badConfigs() public {
        Roster.Config memory config = configOf(5, 3);
        config.validTo = config.validFrom;
        vm.expectPartialRevert(Roster.BadRoster.selector);
        oracle.openFeed("b", config);
        config.validTo = 1 << 40;
        vm.expectPartialRevert(Roster.BadRoster.selector);
        oracle.openFeed("b", config);
        config = configOf(5, 3);
        config.heartbeat = 0;
        vm.expectRevert(abi.encodeWithSelector(Roster.BadPeriods.selector, EPOCH, 0));
        oracle.openFeed("b", config);
        config = configOf(5, 3);
        config.epochLength = 0;
        vm.expectRevert(abi.encodeWithSelector(Roster.BadPeriods.selector, 0, HEARTBEAT));
        oracle.openFeed("b", config);
        config = configOf(5, 3);
        config.signers[4] = config.signers[1];
        vm.expectRevert(abi.encodeWithSelector(Roster.BadSigner.selector, 4, config.signers[1]));
        oracle.openFeed("b", config);
        config.signers[4] = address(0);
        vm.expectRevert(abi.encodeWithSelector(Roster.BadSigner.selector, 4, address(0)));
        oracle.openFeed("b", config);
    }

    function nextConfig() private view returns (Roster.Config memory config) {
        config = configOf(5, 3);
        config.signers[2] = vm.addr(secret(20));
        config.validFrom = uint64(block.timestamp);
    }

    function rotate(Roster.Config memory config) private {
        oracle.rotateConfig(FEED, 2, config, 7, sign(oracle.rosterDigest(FEED, 2, config), 7));
    }

    function test_rotationOverlapsADay() public {
        Roster.Config memory config = nextConfig();
        bytes memory signatures = sign(oracle.rosterDigest(FEED, 2, config), 7);
        vm.expectEmit(true, true, false, true, address(oracle));
        emit IHealthOracle.ConfigEnds(FEED, 1, uint64(NOW + 24 hours));
        oracle.rotateConfig(FEED, 2, config, 7, signatures);
        vm.assertEq(oracle.lastConfigId(FEED), 2);
        post(reportNow(keccak256("by the old")));

        vm.warp(NOW + EPOCH);
        IHealthOracle.Report memory report = reportNow(keccak256("by the new"));
        report.configId = 2;
        oracle.postRound(report, 11, sign(oracle.reportDigest(report), 11));

        vm.warp(NOW + 24 hours);
        report = reportNow(keccak256("late"));
        signatures = sign(oracle.reportDigest(report), 7);
        vm.expectPartialRevert(IHealthOracle.ConfigOutOfTime.selector);
        oracle.postRound(report, 7, signatures);
    }

    function test_theReplacedNodeNoLongerCounts() public {
        rotate(nextConfig());
        IHealthOracle.Report memory report = reportNow(keccak256("a"));
        report.configId = 2;
        bytes memory signatures = sign(oracle.reportDigest(report), 7);
        vm.expectRevert(
            abi.encodeWithSelector(Quorum.WrongSigner.selector, 2, vm.addr(secret(2)), vm.addr(secret(20)))
        );
        oracle.postRound(report, 7, signatures);
    }

    function refusesRotation(uint32 configId, Roster.Config memory config, bytes memory reason) private {
        bytes memory signatures = sign(oracle.rosterDigest(FEED, configId, config), 7);
        vm.expectRevert(reason);
        oracle.rotateConfig(FEED, configId, config, 7, signatures);
    }

    function test_refusedRotations() public {
        Roster.Config memory config = nextConfig();
        refusesRotation(3, config, abi.encodeWithSelector(IHealthOracle.NotNextConfig.selector, 3, 2));
        config.signers[0] = vm.addr(secret(21));
        refusesRotation(2, config, abi.encodeWithSelector(IHealthOracle.RosterStep.selector, 2));
        config = nextConfig();
        config.epochLength = 5;
        refusesRotation(2, config, abi.encodeWithSelector(IHealthOracle.EpochLengthChanged.selector, 5, EPOCH));
        config = nextConfig();
        config.validTo = uint64(NOW + 2 * 365 days);
        config.validFrom = uint64(NOW + 365 days + 1);
        refusesRotation(
            2,
            config,
            abi.encodeWithSelector(IHealthOracle.GapBetweenConfigs.selector, NOW + 365 days + 1, NOW + 365 days)
        );
        config = nextConfig();
        bytes memory signatures = sign(oracle.rosterDigest(FEED, 2, config), 3);
        vm.expectRevert(abi.encodeWithSelector(Quorum.BelowThreshold.selector, 2, 3));
        oracle.rotateConfig(FEED, 2, config, 3, signatures);
    }

    function test_rosterGrowsByOne() public {
        Roster.Config memory config = configOf(6, 4);
        config.validFrom = uint64(NOW);
        rotate(config);
        (, , address[] memory signers) = oracle.configOf(FEED, 2);
        vm.assertEq(signers.length, 6);
    }

    function test_requireQuorumIsForOthers() public {
        bytes32 digest = keccak256("anything");
        oracle.requireQuorum(FEED, 1, digest, 28, sign(digest, 28));
        bytes memory signatures = sign(keccak256("else"), 28);
        vm.expectPartialRevert(Quorum.WrongSigner.selector);
        oracle.requireQuorum(FEED, 1, digest, 28, signatures);
    }
}
