// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {IHealthOracle} from "../src/IHealthOracle.sol";
import {Base} from "./Base.sol";
import {vm} from "./Vm.sol";

contract LeafTest is Base {
    function leafOf(uint256 tokenId) private pure returns (IHealthOracle.Leaf memory) {
        return
            IHealthOracle.Leaf({
                feedId: FEED,
                tokenId: tokenId,
                generation: 1,
                epoch: 3_000_000,
                observedAt: uint64(NOW),
                scoreBp: 9000,
                status: 1,
                level: 3,
                confidenceBp: 8000,
                reasons: 0,
                recoverableValueCents: 0,
                triggers: 0,
                inputRoot: keccak256(abi.encode(tokenId))
            });
    }

    function hashOf(IHealthOracle.Leaf memory leaf) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(leaf))));
    }

    /// A tree of two leaves; its proof is the other leaf.
    function postTwo() private returns (bytes32[] memory proof) {
        bytes32 other = hashOf(leafOf(2));
        post(reportNow(Hashes.commutativeKeccak256(hashOf(leafOf(1)), other)));
        return listOf(other);
    }

    function test_provesALeaf() public {
        bytes32[] memory proof = postTwo();
        oracle.verifyLeaf(leafOf(1), proof);
    }

    function test_provesTheOnlyLeaf() public {
        post(reportNow(hashOf(leafOf(1))));
        oracle.verifyLeaf(leafOf(1), new bytes32[](0));
    }

    /// No word of a leaf can change under its proof.
    function testFuzz_everyWordIsProven(uint256 word, uint256 flip) public {
        bytes32[] memory proof = postTwo();
        vm.assume(flip != 0);
        bytes memory data = abi.encodeCall(oracle.verifyLeaf, (leafOf(1), proof));
        uint256 at = word % 13;
        assembly ("memory-safe") {
            let slot := add(add(data, 36), mul(at, 32))
            mstore(slot, xor(mload(slot), flip))
        }
        (bool proven, ) = address(oracle).call(data);
        vm.assertFalse(proven);
    }

    function testFuzz_foreignProofsFail(bytes32[] calldata proof) public {
        bytes32[] memory good = postTwo();
        vm.assume(proof.length != 1 || proof[0] != good[0]);
        vm.expectPartialRevert(IHealthOracle.LeafNotProven.selector);
        oracle.verifyLeaf(leafOf(1), proof);
    }

    function test_anInnerNodeIsNoLeaf() public {
        postTwo();
        (, bytes32 root) = oracle.latestRound(FEED);
        IHealthOracle.Leaf memory leaf = leafOf(7);
        vm.expectRevert(abi.encodeWithSelector(IHealthOracle.LeafNotProven.selector, hashOf(leaf), root));
        oracle.verifyLeaf(leaf, new bytes32[](0));
    }

    function test_staleIncompleteAndReplacedRoundsProveNothing() public {
        bytes32[] memory proof = postTwo();
        vm.warp(NOW + HEARTBEAT);
        vm.expectRevert(abi.encodeWithSelector(IHealthOracle.RoundStale.selector, NOW + HEARTBEAT, NOW + HEARTBEAT));
        oracle.verifyLeaf(leafOf(1), proof);

        bytes32 root = hashOf(leafOf(3));
        uint64 round = postWith(root, listOf(keccak256("chunk")));
        vm.expectRevert(abi.encodeWithSelector(IHealthOracle.RoundIncomplete.selector, round));
        oracle.verifyLeaf(leafOf(3), new bytes32[](0));
    }

    function test_aLeafOfAnOlderRoundIsNotProven() public {
        bytes32[] memory proof = postTwo();
        vm.warp(NOW + EPOCH);
        post(reportNow(hashOf(leafOf(3))));
        vm.expectPartialRevert(IHealthOracle.LeafNotProven.selector);
        oracle.verifyLeaf(leafOf(1), proof);
        oracle.verifyLeaf(leafOf(3), new bytes32[](0));
    }

    function test_aClosedMapStillProves() public {
        IHealthOracle.Report memory report = reportNow(hashOf(leafOf(1)));
        report.mapOpen = false;
        post(report);
        oracle.verifyLeaf(leafOf(1), new bytes32[](0));
    }

    function test_anEmptyTreeProvesNothing() public {
        post(reportNow(0));
        vm.expectPartialRevert(IHealthOracle.LeafNotProven.selector);
        oracle.verifyLeaf(leafOf(1), new bytes32[](0));
    }
}
