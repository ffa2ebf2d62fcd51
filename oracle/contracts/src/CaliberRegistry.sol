// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IHealthOracle} from "./IHealthOracle.sol";

/// @title GPU Warehouse Receipt: documents of title over single accelerators
/// @notice A token exists only by an admission that a quorum of report keys signed and the tokenizing agent (the
/// registrar) brought. One live token per asset; token ids and pairs of asset and generation are never used again.
contract CaliberRegistry is ERC721, AccessControl, EIP712 {
    /// @notice The statement by which M nodes let an asset become a token.
    struct Admission {
        bytes32 feedId;
        uint32 configId;
        address owner;
        uint256 tokenId;
        bytes32 assetId;
        uint32 generation;
        bytes32 agentId;
        uint8 level;
        bytes32[] tags;
        bytes32 evidenceDigest;
        uint64 expiry;
    }

    /// @notice What the registry knows of a token. `generation` 0: no such token was ever minted.
    struct Token {
        bytes32 feedId;
        bytes32 assetId;
        bytes32 agentId;
        uint32 generation;
        uint8 level;
        bool retired;
    }

    /// @notice An asset became a token.
    event Admitted(
        uint256 indexed tokenId,
        bytes32 indexed feedId,
        bytes32 indexed assetId,
        uint32 generation,
        bytes32 agentId,
        uint8 level,
        address owner,
        uint32 configId,
        bytes32 evidenceDigest,
        bytes32[] tags
    );
    /// @notice A token ended for good.
    event Retired(uint256 indexed tokenId, bytes32 indexed feedId, bytes32 indexed assetId);

    error AdmissionExpired(uint256 expiry, uint256 nowIs);
    error BadTokenId(uint256 tokenId);
    error BadGeneration(uint32 generation);
    error TokenIdUsed(uint256 tokenId);
    error AssetIsLive(bytes32 assetId, uint256 tokenId);
    error GenerationUsed(bytes32 assetId, uint32 generation);
    error TagIsLive(bytes32 tag, uint256 tokenId);
    error NotSurrendered(uint256 tokenId, address owner, address registrar);

    bytes32 public constant REGISTRAR_ROLE = keccak256("REGISTRAR_ROLE");
    bytes32 private constant ADMISSION_TYPEHASH =
        keccak256(
            "Admission(bytes32 feedId,uint32 configId,address owner,uint256 tokenId,bytes32 assetId,uint32 generation,bytes32 agentId,uint8 level,bytes32[] tags,bytes32 evidenceDigest,uint64 expiry)"
        );

    /// @notice The oracle whose rosters admit assets.
    IHealthOracle public immutable HEALTH_ORACLE;

    mapping(uint256 tokenId => Token) private _tokens;
    mapping(bytes32 assetId => uint256) private _tokenOfAsset;
    mapping(bytes32 tag => uint256) private _tokenOfTag;
    mapping(bytes32 assetId => mapping(uint32 generation => bool)) private _used;

    constructor(
        IHealthOracle healthOracle,
        address admin,
        address registrar
    ) ERC721("GPU Warehouse Receipt", "GWRT") EIP712("Assay", "1") {
        HEALTH_ORACLE = healthOracle;
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(REGISTRAR_ROLE, registrar);
    }

    /// @notice Mints the token of a signed admission to the owner that it names.
    function mint(
        Admission calldata admission,
        uint256 bitmap,
        bytes calldata signatures
    ) external onlyRole(REGISTRAR_ROLE) {
        if (block.timestamp >= admission.expiry) revert AdmissionExpired(admission.expiry, block.timestamp);
        uint256 tokenId = admission.tokenId;
        if (tokenId == 0 || tokenId >> 176 != 0) revert BadTokenId(tokenId);
        if (admission.generation == 0 || admission.generation >> 24 != 0) revert BadGeneration(admission.generation);
        if (_tokens[tokenId].generation != 0) revert TokenIdUsed(tokenId);
        HEALTH_ORACLE.requireQuorum(
            admission.feedId,
            admission.configId,
            admissionDigest(admission),
            bitmap,
            signatures
        );
        _claim(admission);
        _tokens[tokenId] = Token({
            feedId: admission.feedId,
            assetId: admission.assetId,
            agentId: admission.agentId,
            generation: admission.generation,
            level: admission.level,
            retired: false
        });
        _mint(admission.owner, tokenId);
        emit Admitted(
            tokenId,
            admission.feedId,
            admission.assetId,
            admission.generation,
            admission.agentId,
            admission.level,
            admission.owner,
            admission.configId,
            admission.evidenceDigest,
            admission.tags
        );
    }

    /// @notice Ends a token for good. Its holder surrenders it first: the registrar must own it or be approved for it.
    function retire(uint256 tokenId) external onlyRole(REGISTRAR_ROLE) {
        address owner = _requireOwned(tokenId);
        if (!_isAuthorized(owner, msg.sender, tokenId)) revert NotSurrendered(tokenId, owner, msg.sender);
        Token storage entry = _tokens[tokenId];
        entry.retired = true;
        _burn(tokenId);
        emit Retired(tokenId, entry.feedId, entry.assetId);
    }

    /// @notice What is known of a token, live or retired.
    function tokenOf(uint256 tokenId) external view returns (Token memory) {
        return _tokens[tokenId];
    }

    /// @notice The live token of an asset; 0 when there is none.
    function liveTokenOf(bytes32 assetId) external view returns (uint256) {
        uint256 tokenId = _tokenOfAsset[assetId];
        return _isLive(tokenId) ? tokenId : 0;
    }

    /// @notice The EIP-712 digest that report keys sign.
    function admissionDigest(Admission calldata admission) public view returns (bytes32) {
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(
                        ADMISSION_TYPEHASH,
                        admission.feedId,
                        admission.configId,
                        admission.owner,
                        admission.tokenId,
                        admission.assetId,
                        admission.generation,
                        admission.agentId,
                        admission.level,
                        keccak256(abi.encodePacked(admission.tags)),
                        admission.evidenceDigest,
                        admission.expiry
                    )
                )
            );
    }

    /// @inheritdoc ERC721
    function supportsInterface(bytes4 interfaceId) public view override(ERC721, AccessControl) returns (bool) {
        return super.supportsInterface(interfaceId);
    }

    /// Takes asset, generation and tags for the token, or reverts with what holds them.
    function _claim(Admission calldata admission) private {
        bytes32 assetId = admission.assetId;
        uint256 holder = _tokenOfAsset[assetId];
        if (_isLive(holder)) revert AssetIsLive(assetId, holder);
        if (_used[assetId][admission.generation]) revert GenerationUsed(assetId, admission.generation);
        _used[assetId][admission.generation] = true;
        _tokenOfAsset[assetId] = admission.tokenId;
        for (uint256 i; i < admission.tags.length; ++i) {
            bytes32 tag = admission.tags[i];
            holder = _tokenOfTag[tag];
            if (_isLive(holder)) revert TagIsLive(tag, holder);
            _tokenOfTag[tag] = admission.tokenId;
        }
    }

    function _isLive(uint256 tokenId) private view returns (bool) {
        return _ownerOf(tokenId) != address(0);
    }
}
