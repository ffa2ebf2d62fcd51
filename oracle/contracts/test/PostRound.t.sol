// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {HealthOracle} from "../src/HealthOracle.sol";
import {IHealthOracle} from "../src/IHealthOracle.sol";
import {Quorum} from "../src/Quorum.sol";
import {Base} from "./Base.sol";
import {vm} from "./Vm.sol";

contract PostRoundTest is Base {
    function test_acceptsAndLinks() public {
        IHealthOracle.Report memory report = reportNow(keccak256("a"));
        bytes32 digest = oracle.reportDigest(report);
        vm.expectEmit(true, true, true, false, address(oracle));
        emit IHealthOracle.RoundPosted(FEED, report.round, digest, report.root, 7, 0);
        post(report);
        (IHealthOracle.Head memory head, bytes32 root) = oracle.latestRound(FEED);
        vm.assertEq(root, report.root);
        vm.assertEq(head.round, report.round);
        vm.assertEq(head.observedFrom, report.observedFrom);
        vm.assertEq(head.observedTo, report.observedTo);
        vm.assertEq(head.validUntil, report.validUntil);
        vm.assertEq(head.leafCount, 1);
        vm.assertEq(head.configId, 1);
        vm.assertEq(head.chunksApplied, 0);
        vm.assertTrue(head.complete && head.mapOpen);
        vm.warp(NOW + EPOCH);
        post(reportNow(keccak256("b")));
    }

    function test_emptyTree() public {
        post(reportNow(0));
        (, bytes32 root) = oracle.latestRound(FEED);
        vm.assertEq(root, bytes32(0));
    }

    function refuses(IHealthOracle.Report memory report, bytes memory reason) private {
        bytes memory signatures = sign(oracle.reportDigest(report), 7);
        vm.expectRevert(reason);
        oracle.postRound(report, 7, signatures);
    }

    function test_refusesWhatIsNotTheNextRound() public {
        post(reportNow(keccak256("a")));
        IHealthOracle.Report memory report = reportNow(keccak256("b"));
        refuses(report, abi.encodeWithSelector(IHealthOracle.RoundNotNewer.selector, report.round, report.round));
        report.round -= 1;
        refuses(report, abi.encodeWithSelector(IHealthOracle.RoundNotNewer.selector, report.round, report.round + 1));
        vm.warp(NOW + EPOCH);
        report = reportNow(keccak256("b"));
        report.prevRoot = keccak256("z");
        refuses(
            report,
            abi.encodeWithSelector(IHealthOracle.WrongParent.selector, report.prevRoot, keccak256("a"))
        );
    }

    function test_refusesWrongFields() public {
        IHealthOracle.Report memory report = reportNow(keccak256("a"));
        report.methodologyHash = 0;
        refuses(report, abi.encodeWithSelector(IHealthOracle.WrongMethodology.selector, 0, METHODOLOGY));

        report = reportNow(keccak256("a"));
        report.observedTo -= 1;
        refuses(
            report,
            abi.encodeWithSelector(IHealthOracle.RoundNotItsTime.selector, report.observedTo, report.observedTo + 1)
        );

        report = reportNow(keccak256("a"));
        report.observedFrom = report.observedTo + 1;
        refuses(
            report,
            abi.encodeWithSelector(
                IHealthOracle.ObservedOutOfOrder.selector,
                report.observedFrom,
                report.observedTo
            )
        );

        report = reportNow(keccak256("a"));
        report.round += 1;
        report.observedTo += EPOCH;
        refuses(report, abi.encodeWithSelector(IHealthOracle.NotYetObserved.selector, report.observedTo, NOW));

        report = reportNow(keccak256("a"));
        report.validUntil = uint64(NOW);
        refuses(report, abi.encodeWithSelector(IHealthOracle.ReportExpired.selector, NOW, NOW));

        report = reportNow(keccak256("a"));
        report.validUntil = uint64(NOW + 2 * HEARTBEAT + 1);
        refuses(
            report,
            abi.encodeWithSelector(IHealthOracle.ValidTooLong.selector, report.validUntil, NOW + 2 * HEARTBEAT)
        );

        report = reportNow(keccak256("a"));
        report.leafCount = 0;
        refuses(report, abi.encodeWithSelector(IHealthOracle.EmptyTreeMismatch.selector, 0, report.root));

        report = reportNow(0);
        report.leafCount = 1;
        refuses(report, abi.encodeWithSelector(IHealthOracle.EmptyTreeMismatch.selector, 1, 0));

        report = reportNow(keccak256("a"));
        report.configId = 2;
        refuses(report, abi.encodeWithSelector(IHealthOracle.UnknownConfig.selector, FEED, 2));

        report = reportNow(keccak256("a"));
        report.feedId = keccak256("other");
        refuses(report, abi.encodeWithSelector(IHealthOracle.UnknownConfig.selector, report.feedId, 1));
    }

    function test_refusesAConfigOutOfItsTime() public {
        vm.warp(NOW + 365 days);
        IHealthOracle.Report memory report = reportNow(keccak256("a"));
        refuses(
            report,
            abi.encodeWithSelector(
                IHealthOracle.ConfigOutOfTime.selector,
                1,
                NOW - 1,
                NOW + 365 days,
                NOW + 365 days
            )
        );
        vm.warp(NOW - 2);
        report = reportNow(keccak256("a"));
        bytes memory signatures = sign(oracle.reportDigest(report), 7);
        vm.expectPartialRevert(IHealthOracle.ConfigOutOfTime.selector);
        oracle.postRound(report, 7, signatures);
    }

    function testFuzz_quorum(uint256 bitmap) public {
        bitmap &= 31;
        IHealthOracle.Report memory report = reportNow(keccak256("a"));
        bytes memory signatures = sign(oracle.reportDigest(report), bitmap);
        uint256 count = popcount(bitmap);
        if (count < 3) vm.expectRevert(abi.encodeWithSelector(Quorum.BelowThreshold.selector, count, 3));
        oracle.postRound(report, bitmap, signatures);
    }

    function test_refusesBrokenQuorums() public {
        IHealthOracle.Report memory report = reportNow(keccak256("a"));
        bytes32 digest = oracle.reportDigest(report);
        bytes memory good = sign(digest, 7);
        vm.expectRevert(abi.encodeWithSelector(Quorum.UnknownSigner.selector, 32, 5));
        oracle.postRound(report, 32, good);
        vm.expectRevert(abi.encodeWithSelector(Quorum.SignatureLength.selector, 192, 256));
        oracle.postRound(report, 15, good);
        vm.expectRevert(abi.encodeWithSelector(Quorum.SignatureLength.selector, 192, 128));
        oracle.postRound(report, 3, good);
        vm.expectRevert(abi.encodeWithSelector(Quorum.SignatureLength.selector, 193, 192));
        oracle.postRound(report, 7, bytes.concat(good, hex"00"));
        vm.expectRevert(abi.encodeWithSelector(Quorum.SignatureLength.selector, 0, 64));
        oracle.postRound(report, 7, "");
        vm.expectRevert(abi.encodeWithSelector(Quorum.WrongSigner.selector, 3, vm.addr(secret(2)), vm.addr(secret(3))));
        oracle.postRound(report, 11, good);
        bytes memory twice = bytes.concat(sign(digest, 1), sign(digest, 1), sign(digest, 1));
        vm.expectRevert(abi.encodeWithSelector(Quorum.WrongSigner.selector, 1, vm.addr(secret(0)), vm.addr(secret(1))));
        oracle.postRound(report, 7, twice);
        vm.expectRevert(abi.encodeWithSelector(Quorum.WrongSigner.selector, 0, address(0), vm.addr(secret(0))));
        oracle.postRound(report, 7, new bytes(192));
    }

    /// The form of EIP-2098 has room for s below 2^255, so a high s that it can hold is one just above half the order.
    function test_refusesHighS() public {
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        IHealthOracle.Report memory report = reportNow(keccak256("a"));
        bytes32 digest = oracle.reportDigest(report);
        (, bytes32 r, ) = vm.sign(secret(0), digest);
        for (uint256 above = 0; above < 2; ++above) {
            bytes32 s = bytes32(order / 2 + above);
            address found = above == 0 ? ecrecover(digest, 27, r, s) : address(0);
            vm.assertTrue((found == address(0)) == (above == 1));
            bytes memory signatures = bytes.concat(abi.encodePacked(r, s), sign(digest, 6));
            vm.expectRevert(abi.encodeWithSelector(Quorum.WrongSigner.selector, 0, found, vm.addr(secret(0))));
            oracle.postRound(report, 7, signatures);
        }
    }

    /// No word of a report can change under its signatures.
    function testFuzz_everyWordIsSigned(uint256 word, uint256 flip) public {
        word %= 15;
        vm.assume(flip != 0);
        IHealthOracle.Report memory report = reportNow(keccak256("a"));
        bytes memory signatures = sign(oracle.reportDigest(report), 7);
        bytes memory data = abi.encodeCall(oracle.postRound, (report, 7, signatures));
        assembly ("memory-safe") {
            let at := add(add(data, 36), mul(word, 32))
            mstore(at, xor(mload(at), flip))
        }
        (bool taken, ) = address(oracle).call(data);
        vm.assertFalse(taken);
    }

    function test_signaturesOfAnotherPlaceDoNotCount() public {
        IHealthOracle.Report memory report = reportNow(keccak256("a"));
        bytes memory signatures = sign(oracle.reportDigest(report), 7);
        HealthOracle other = new HealthOracle(address(this));
        other.openFeed(FEED, configOf(5, 3));
        vm.expectPartialRevert(Quorum.WrongSigner.selector);
        other.postRound(report, 7, signatures);
        vm.chainId(5);
        vm.expectPartialRevert(Quorum.WrongSigner.selector);
        oracle.postRound(report, 7, signatures);
    }

    function test_equivocationIsRecordedAndChangesNothing() public {
        IHealthOracle.Report memory a = reportNow(keccak256("a"));
        IHealthOracle.Report memory b = reportNow(keccak256("b"));
        bytes memory signedA = sign(oracle.reportDigest(a), 7);
        bytes memory signedB = sign(oracle.reportDigest(b), 28);
        post(a);
        vm.warp(NOW + 2 * 365 days);
        vm.expectEmit(true, true, false, true, address(oracle));
        emit IHealthOracle.Equivocation(FEED, a.round, oracle.reportDigest(a), oracle.reportDigest(b), 4);
        oracle.flagEquivocation(a, 7, signedA, b, 28, signedB);
        (, bytes32 root) = oracle.latestRound(FEED);
        vm.assertEq(root, a.root);
        vm.expectPartialRevert(IHealthOracle.NoEquivocation.selector);
        oracle.flagEquivocation(a, 7, signedA, a, 7, signedA);
        b.round += 1;
        signedB = sign(oracle.reportDigest(b), 28);
        vm.expectPartialRevert(IHealthOracle.NoEquivocation.selector);
        oracle.flagEquivocation(a, 7, signedA, b, 28, signedB);
        vm.expectPartialRevert(Quorum.WrongSigner.selector);
        oracle.flagEquivocation(a, 7, signedB, b, 28, signedB);
    }
}
