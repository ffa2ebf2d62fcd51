// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {CaliberRegistry} from "../src/CaliberRegistry.sol";
import {IHealthOracle} from "../src/IHealthOracle.sol";
import {Quorum} from "../src/Quorum.sol";
import {Base} from "./Base.sol";
import {vm} from "./Vm.sol";

contract CaliberRegistryTest is Base {
    CaliberRegistry private registry;
    address private constant OWNER = address(0xA11CE);

    function setUp() public override {
        super.setUp();
        registry = new CaliberRegistry(oracle, address(this), address(this));
    }

    function admissionOf(uint256 tokenId) private pure returns (CaliberRegistry.Admission memory admission) {
        admission.feedId = FEED;
        admission.configId = 1;
        admission.owner = OWNER;
        admission.tokenId = tokenId;
        admission.assetId = keccak256(abi.encode("asset", tokenId));
        admission.generation = 1;
        admission.agentId = keccak256("agent");
        admission.level = 3;
        admission.tags = new bytes32[](0);
        admission.evidenceDigest = keccak256("evidence");
        admission.expiry = uint64(NOW + 1);
    }

    function mint(CaliberRegistry.Admission memory admission) private {
        registry.mint(admission, 7, sign(registry.admissionDigest(admission), 7));
    }

    function refuses(CaliberRegistry.Admission memory admission, bytes memory reason) private {
        bytes memory signatures = sign(registry.admissionDigest(admission), 7);
        vm.expectRevert(reason);
        registry.mint(admission, 7, signatures);
    }

    function retire(uint256 tokenId) private {
        address owner = registry.ownerOf(tokenId);
        vm.prank(owner);
        registry.approve(address(this), tokenId);
        registry.retire(tokenId);
    }

    function test_mints() public {
        CaliberRegistry.Admission memory admission = admissionOf(1);
        vm.expectEmit(true, true, true, true, address(registry));
        emit CaliberRegistry.Admitted(
            1,
            FEED,
            admission.assetId,
            1,
            admission.agentId,
            3,
            OWNER,
            1,
            admission.evidenceDigest,
            admission.tags
        );
        mint(admission);
        vm.assertEq(registry.ownerOf(1), OWNER);
        vm.assertEq(registry.liveTokenOf(admission.assetId), 1);
        CaliberRegistry.Token memory token = registry.tokenOf(1);
        vm.assertEq(token.assetId, admission.assetId);
        vm.assertEq(token.agentId, admission.agentId);
        vm.assertEq(token.feedId, FEED);
        vm.assertEq(token.generation, 1);
        vm.assertEq(token.level, 3);
        vm.assertFalse(token.retired);
        vm.assertTrue(registry.supportsInterface(type(IERC721).interfaceId));
        vm.assertTrue(registry.supportsInterface(type(IAccessControl).interfaceId));
    }

    function test_refuses() public {
        CaliberRegistry.Admission memory admission = admissionOf(1);
        admission.expiry = uint64(NOW);
        refuses(admission, abi.encodeWithSelector(CaliberRegistry.AdmissionExpired.selector, NOW, NOW));
        refuses(admissionOf(0), abi.encodeWithSelector(CaliberRegistry.BadTokenId.selector, 0));
        refuses(admissionOf(1 << 176), abi.encodeWithSelector(CaliberRegistry.BadTokenId.selector, 1 << 176));
        admission = admissionOf(1);
        admission.generation = 0;
        refuses(admission, abi.encodeWithSelector(CaliberRegistry.BadGeneration.selector, 0));
        admission.generation = 1 << 24;
        refuses(admission, abi.encodeWithSelector(CaliberRegistry.BadGeneration.selector, 1 << 24));
        admission = admissionOf(1);
        admission.feedId = keccak256("none");
        refuses(admission, abi.encodeWithSelector(IHealthOracle.UnknownConfig.selector, admission.feedId, 1));
        admission = admissionOf(1);
        admission.owner = address(0);
        refuses(admission, abi.encodeWithSelector(IERC721Errors.ERC721InvalidReceiver.selector, address(0)));
    }

    function test_onlyTheRegistrarMintsAndRetires() public {
        CaliberRegistry.Admission memory admission = admissionOf(1);
        bytes memory signatures = sign(registry.admissionDigest(admission), 7);
        bytes memory reason = abi.encodeWithSelector(
            IAccessControl.AccessControlUnauthorizedAccount.selector,
            OWNER,
            registry.REGISTRAR_ROLE()
        );
        vm.prank(OWNER);
        vm.expectRevert(reason);
        registry.mint(admission, 7, signatures);
        mint(admission);
        vm.prank(OWNER);
        vm.expectRevert(reason);
        registry.retire(1);
    }

    function test_theRegistrarAloneDoesNotSuffice() public {
        CaliberRegistry.Admission memory admission = admissionOf(1);
        bytes memory signatures = sign(registry.admissionDigest(admission), 3);
        vm.expectRevert(abi.encodeWithSelector(Quorum.BelowThreshold.selector, 2, 3));
        registry.mint(admission, 3, signatures);
        signatures = sign(registry.admissionDigest(admission), 7);
        admission.owner = address(0xBAD);
        vm.expectPartialRevert(Quorum.WrongSigner.selector);
        registry.mint(admission, 7, signatures);
    }

    /// No static word of an admission can change under its signatures.
    function testFuzz_everyWordIsSigned(uint256 word, uint256 flip) public {
        vm.assume(flip != 0);
        CaliberRegistry.Admission memory admission = admissionOf(1);
        bytes memory signatures = sign(registry.admissionDigest(admission), 7);
        bytes memory data = abi.encodeCall(registry.mint, (admission, 7, signatures));
        // Word 8 of the struct is where its tags begin.
        uint256 at = word % 11;
        vm.assume(at != 8);
        assembly ("memory-safe") {
            let slot := add(add(data, 132), mul(at, 32))
            mstore(slot, xor(mload(slot), flip))
        }
        (bool minted, ) = address(registry).call(data);
        vm.assertFalse(minted);
    }

    function test_signaturesOfAnotherRegistryDoNotCount() public {
        CaliberRegistry.Admission memory admission = admissionOf(1);
        bytes memory signatures = sign(registry.admissionDigest(admission), 7);
        CaliberRegistry other = new CaliberRegistry(oracle, address(this), address(this));
        vm.expectPartialRevert(Quorum.WrongSigner.selector);
        other.mint(admission, 7, signatures);
    }

    function test_neverTwice() public {
        mint(admissionOf(1));
        CaliberRegistry.Admission memory admission = admissionOf(1);
        refuses(admission, abi.encodeWithSelector(CaliberRegistry.TokenIdUsed.selector, 1));
        admission.tokenId = 2;
        refuses(admission, abi.encodeWithSelector(CaliberRegistry.AssetIsLive.selector, admission.assetId, 1));
        admission.generation = 2;
        refuses(admission, abi.encodeWithSelector(CaliberRegistry.AssetIsLive.selector, admission.assetId, 1));

        retire(1);
        vm.assertTrue(registry.tokenOf(1).retired);
        vm.assertEq(registry.liveTokenOf(admission.assetId), 0);
        refuses(admissionOf(1), abi.encodeWithSelector(CaliberRegistry.TokenIdUsed.selector, 1));
        admission.generation = 1;
        refuses(
            admission,
            abi.encodeWithSelector(CaliberRegistry.GenerationUsed.selector, admission.assetId, 1)
        );
        admission.generation = 2;
        mint(admission);
        vm.assertEq(registry.liveTokenOf(admission.assetId), 2);
    }

    function test_aLiveTagBlocksASecondAdmission() public {
        CaliberRegistry.Admission memory admission = admissionOf(1);
        admission.tags = listOf(keccak256("tag"));
        mint(admission);
        CaliberRegistry.Admission memory rival = admissionOf(2);
        rival.tags = listOf(keccak256("tag"));
        refuses(rival, abi.encodeWithSelector(CaliberRegistry.TagIsLive.selector, keccak256("tag"), 1));
        retire(1);
        mint(rival);
    }

    function test_retiringNeedsTheHolder() public {
        mint(admissionOf(1));
        vm.expectRevert(
            abi.encodeWithSelector(CaliberRegistry.NotSurrendered.selector, 1, OWNER, address(this))
        );
        registry.retire(1);
        retire(1);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 1));
        registry.retire(1);
    }

    /// Random admissions and retirements keep the rule: one live token per asset, nothing used twice.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_oneLiveTokenPerAsset(uint256 seed) public {
        uint256[3] memory liveOf;
        bool[4][3] memory used;
        for (uint256 tokenId = 1; tokenId <= 12; ++tokenId) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 asset = seed % 3;
            uint32 generation = uint32(1 + ((seed >> 8) % 4));
            if (liveOf[asset] != 0 && (seed >> 16) % 2 == 0) {
                retire(liveOf[asset]);
                liveOf[asset] = 0;
            }
            CaliberRegistry.Admission memory admission = admissionOf(tokenId);
            admission.assetId = keccak256(abi.encode("asset", asset));
            admission.generation = generation;
            bytes memory data = abi.encodeCall(
                registry.mint,
                (admission, 7, sign(registry.admissionDigest(admission), 7))
            );
            (bool minted, ) = address(registry).call(data);
            vm.assertTrue(minted == (liveOf[asset] == 0 && !used[asset][generation - 1]));
            if (minted) {
                liveOf[asset] = tokenId;
                used[asset][generation - 1] = true;
            }
            vm.assertEq(registry.liveTokenOf(admission.assetId), liveOf[asset]);
        }
    }
}
