// The properties of score and fold, with as many cases as a methodology should stand on.
process.env.ASSAY_SCORE_CASES ??= '100000'
await import('../protocol/score/chs1.property.test.ts')
await import('../protocol/score/foldAsset.property.test.ts')

export {}
