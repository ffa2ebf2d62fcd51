import t from 'tap'
import { emptyAssetState } from '#protocol/score/assetState'
import { decodeAssetState, encodeAssetState } from '#protocol/score/assetStateCodec'
import { foldAsset } from '#protocol/score/foldAsset'
import { type CborValue, decodeCbor, encodeCbor } from '#protocol/wire/cbor'
import { CONTEXT, epochs, xid } from '../../fixtures/score/epochs.ts'
import { throwsCode } from '../../fixtures/throwsCode.ts'

const used = foldAsset(
  emptyAssetState(),
  [...epochs(100_000, 40), ...epochs(100_040, 2, { rows: [], events: [xid(79), xid(95)] })],
  { ...CONTEXT, fork: true },
).state

t.test('a state survives its bytes', async (t) => {
  for (const state of [emptyAssetState(), used])
    t.strictSame(decodeAssetState(encodeAssetState(state)), state)
  t.ok(encodeAssetState(emptyAssetState()).length < 80)
})

t.test('bytes of a peer are checked', async (t) => {
  const parts = decodeCbor(encodeAssetState(used)) as CborValue[]
  const change = (at: number, item: (old: CborValue[]) => CborValue) =>
    encodeCbor(parts.map((part, i) => (i === at ? item([...(part as CborValue[])]) : part)))
  const cases: [string, Uint8Array][] = [
    ['version', encodeCbor([2, ...parts.slice(1)])],
    ['too few parts', encodeCbor(parts.slice(0, 6))],
    ['too few scalars', change(1, (old) => old.slice(1))],
    ['negative scalar', change(1, (old) => [-1, ...old.slice(1)])],
    ['shown beyond 3', change(1, (old) => old.map((item, i) => (i === 14 ? 4 : item)))],
    ['text scalar', change(1, (old) => ['1', ...old.slice(1)])],
    ['bucket twice', change(2, (old) => [old[0] as CborValue, ...old])],
    ['short bucket', change(2, (old) => [[1, 2], ...old])],
    ['days not ascending', change(3, (old) => [[10 ** 9, 0, 0, 0, 0, 0, 0, 0], ...old])],
    ['signal mode', change(4, (old) => [[3, 0, 0], ...old.slice(1)])],
    ['signal flag', change(4, (old) => [[0, 0, 2], ...old.slice(1)])],
    ['metric that is no lifetime counter', change(5, () => [[1, 1]])],
    ['unknown metric', change(5, () => [[60_000, 1]])],
    ['unknown latch', change(6, () => [[99, 0, 0]])],
  ]
  for (const [name, bytes] of cases) throwsCode(t, () => decodeAssetState(bytes), 'PROTO_SHAPE', name)
  throwsCode(t, () => decodeAssetState(Uint8Array.of(0xff)), 'PROTO_CBOR', 'no CBOR')
})
