import { solidityPackedKeccak256 } from 'ethers'
import fc from 'fast-check'
import t from 'tap'
import { toHex0x } from '#protocol/bytes'
import { ackListsHash } from '#protocol/wire/ackListsHash'

const list = fc.record({
  nodeId: fc.uint8Array({ minLength: 20, maxLength: 20 }),
  hash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
})
const lists = fc.uniqueArray(list, { maxLength: 7, selector: ({ nodeId }) => toHex0x(nodeId) })

t.test('is the packed keccak of the lists ascending by node, in whatever order they come', async () => {
  fc.assert(
    fc.property(lists, (given) => {
      const sorted = given.map(({ nodeId, hash }) => [toHex0x(nodeId), toHex0x(hash)] as const).sort()
      const types = sorted.flatMap(() => ['bytes20', 'bytes32'])
      return ackListsHash(given) === solidityPackedKeccak256(types, sorted.flat())
    }),
    { verbose: 1 },
  )
})

t.test('refuses a node named twice and wrong lengths', async (t) => {
  const nodeId = new Uint8Array(20)
  const hash = new Uint8Array(32)
  t.throws(
    () =>
      ackListsHash([
        { nodeId, hash },
        { nodeId, hash },
      ]),
    { code: 'PROTO_INPUT' },
  )
  t.throws(() => ackListsHash([{ nodeId: hash, hash }]), { code: 'PROTO_INPUT' })
  t.throws(() => ackListsHash([{ nodeId, hash: nodeId }]), { code: 'PROTO_INPUT' })
})
