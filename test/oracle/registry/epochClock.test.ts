import t from 'tap'
import { epochId } from '#protocol/wire/epochId'
import { startAnvil } from '../../../oracle/registry/anvil.ts'
import { openProvider } from '../../../oracle/registry/chainProvider.ts'
import { type EpochAnchor, EpochClock } from '../../../oracle/registry/epochClock.ts'
import { chainSkip, hexOf } from './testChain.ts'

const START = 1_800_000_000

t.test('epochs come from block timestamps', { skip: chainSkip() }, async (t) => {
  const chain = await startAnvil({ blockTimeS: 0, args: ['--timestamp', String(START)] })
  t.teardown(() => chain.stop())
  const provider = await openProvider(chain.url, chain.chainId)
  t.teardown(() => provider.destroy())
  const mineAt = async (timestamp: number) => {
    await provider.send('evm_setNextBlockTimestamp', [timestamp])
    await provider.send('evm_mine', [])
  }
  const feedId = hexOf('feed')
  const clock = (depth: number) => new EpochClock(provider, { feedId, epochLengthS: 10, finality: { depth } })

  // Two blocks in epoch +0, none in +1, one on the first second of +2, several in +3, one in +7.
  for (const offset of [3, 20, 31, 32, 39, 79]) await mineAt(START + offset)
  const first = START / 10
  const walk = async (from: EpochClock) => {
    const found: EpochAnchor[] = []
    for (let at = await from.next(null); at; at = await from.next(at)) found.push(at)
    return found
  }
  const all = await walk(clock(0))
  t.same(
    all.map(({ n, block }) => [n - first, block.number, block.timestamp - START]),
    [
      [0, 0, 0],
      [2, 2, 20],
      [3, 3, 31],
      [7, 6, 79],
    ],
  )
  for (const { n, startS, epochId: id, block } of all) {
    t.equal(startS, n * 10)
    t.equal(id, epochId(feedId, n, block.hash))
  }
  t.same(await walk(clock(1)), all.slice(0, 3), 'an anchor one block below the head is not final at depth 1')
  t.same((await clock(1).latest())?.n, first + 3)
  t.same((await clock(0).latest())?.n, first + 7)
  t.equal(await clock(0).epoch(first + 1), null, 'no block, no epoch')
  t.same(await clock(0).epoch(first + 3), all[2])
  t.equal(await clock(100).latest(), null, 'a chain shorter than the depth has no epoch')

  await provider.send('anvil_reorg', [3, []])
  await t.rejects(clock(0).next(all[3] as EpochAnchor), { code: 'ORACLE_CHAIN_REORG' })
})

t.test('epochs of a chain that mines every second', { skip: chainSkip() }, async (t) => {
  const chain = await startAnvil({ blockTimeS: 1 })
  t.teardown(() => chain.stop())
  const provider = await openProvider(chain.url, chain.chainId)
  t.teardown(() => provider.destroy())
  const clock = new EpochClock(provider, {
    feedId: hexOf('feed'),
    epochLengthS: 2,
    finality: { depth: 1 },
  })
  const existing = async (previous: EpochAnchor | null): Promise<EpochAnchor> => {
    const found = await clock.next(previous)
    if (found) return found
    await new Promise((resolve) => provider.once('block', resolve))
    return existing(previous)
  }
  const first = await existing(null)
  t.equal((await existing(first)).n, first.n + 1)
})
