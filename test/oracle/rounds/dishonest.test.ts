import t, { type Test } from 'tap'
import { fromHex, toHex0x } from '#protocol/bytes'
import { computeRound } from '#protocol/score/round'
import { decodeRoundState } from '#protocol/score/roundState'
import { STATUS } from '#protocol/score/statuses'
import { encodeAck } from '#protocol/wire/ack'
import type { Hex } from '#protocol/wire/chainView'
import { parseSign1, sign1 } from '#protocol/wire/cose'
import { decodeProposal, encodeProposal } from '#protocol/wire/proposal'
import { reportDigest } from '#protocol/wire/report'
import type { RoundContext } from '../../../oracle/rounds/ports.ts'
import { type Bend, createRoundWorld, type RoundWorld, until } from '../../helpers/roundWorld.ts'

const LIAR = 1

/** Plays until `count` more rounds were posted, one batch an epoch; a round that is skipped costs one try of several. */
async function play(world: RoundWorld, count: number): Promise<void> {
  const wanted = world.posted.length + count
  for (let tries = 0; world.posted.length < wanted && tries < count * 4; tries++) {
    await world.batch()
    const before = world.posted.length
    world.mine()
    await until('the round', () => world.posted.length > before, 1500).catch(() => undefined)
  }
}

function liarNamed(world: RoundWorld, kind: string): boolean {
  const liar = (world.nodes[LIAR] as RoundWorld['nodes'][number]).nodeId
  return world.nodes.some(
    (node, i) =>
      i !== LIAR && node.incidents.some((incident) => incident.kind === kind && incident.subject === liar),
  )
}

function statuses(world: RoundWorld): number[] {
  const last = world.posted.at(-1)
  const bytes = world.nodes[0]?.context.store.get(last?.round ?? 0, 'state', last?.digest)
  return bytes ? decodeRoundState(bytes).assets.map((asset) => asset.leaf.status) : []
}

async function withLiar(
  test: Test,
  bend: Bend,
  kind: string,
  check: (world: RoundWorld) => void = () => undefined,
): Promise<void> {
  const world = createRoundWorld({ [LIAR]: bend })
  test.teardown(() => world.stop())
  world.start()
  await play(world, 4)
  test.ok(world.posted.length >= 4, `${world.posted.length} rounds posted in spite of it`)
  await until(`somebody to name ${kind}`, () => liarNamed(world, kind), 3000).catch(() => undefined)
  test.ok(liarNamed(world, kind), `an honest node names the liar: ${kind}`)
  check(world)
}

t.test('score + 1: the honest two post, the third is named with the first leaf that differs', async (t) => {
  const compute: RoundContext['compute'] = (input, primitives) => {
    const honest = computeRound(input, primitives)
    const leaves = honest.leaves.map((leaf, i) => (i === 0 ? { ...leaf, scoreBp: leaf.scoreBp + 1 } : leaf))
    const assets = honest.state.assets.map((asset, i) => ({
      ...asset,
      leaf: leaves[i] as (typeof leaves)[number],
    }))
    const report = { ...honest.report, root: `0x${'12'.repeat(32)}` as Hex }
    return { ...honest, leaves, report, digest: digestOf(input, report), state: { ...honest.state, assets } }
  }
  await withLiar(t, { compute }, 'dissent', (world) => {
    const liar = world.nodes[LIAR]?.nodeId as Hex
    t.notOk(
      world.posted.some((round) => round.signers.includes(liar)),
      'no posted round carries its signature',
    )
    const named = world.nodes
      .flatMap((node) => node.incidents)
      .find((incident) => incident.kind === 'dissent' && incident.text.includes('scoreBp'))
    t.match(named?.text, /token 1: scoreBp is \d+ here and \d+ there/)
  })
})

t.test('a wrong root with the right leaves', async (t) => {
  const compute: RoundContext['compute'] = (input, primitives) => {
    const honest = computeRound(input, primitives)
    const report = { ...honest.report, root: `0x${'34'.repeat(32)}` as Hex }
    return { ...honest, report, digest: digestOf(input, report) }
  }
  await withLiar(t, { compute }, 'dissent')
})

t.test('two proposals for one turn: neither counts, the next proposer goes on', async (t) => {
  let own: RoundContext | undefined
  const extra = new Map<number, Uint8Array>()
  await withLiar(
    t,
    {
      adapt(context) {
        own = context
        return context
      },
      show(round) {
        const mine = round.proposals.find((bytes) => proposerOf(bytes) === own?.nodeId)
        if (mine && own && !extra.has(round.n)) {
          const proposal = decodeProposal(parseSign1('assay/proposal/1', mine).payload)
          const other = { ...proposal, lists: [...proposal.lists].reverse() }
          void sign1('assay/proposal/1', encodeProposal(other), own.transport).then((bytes) =>
            extra.set(round.n, bytes),
          )
        }
        const second = extra.get(round.n)
        return second ? { ...round, proposals: [...round.proposals, second] } : round
      },
    },
    'two-proposals',
  )
})

t.test('a listed hash without an agent-signed header voids the list', async (t) => {
  const adapt = (context: RoundContext): RoundContext => ({
    ...context,
    logs: {
      ...context.logs,
      heads: () =>
        context.logs
          .heads()
          .map((head) => ({ ...head, seq: head.seq + 5, hash: new Uint8Array(32).fill(7) })),
    },
  })
  await withLiar(t, { adapt }, 'header-missing', (world) => {
    const liar = world.nodes[LIAR]?.nodeId as Hex
    t.ok(world.posted.length >= 4 && liar, 'the honest lists carry the rounds')
  })
})

t.test('two digests for one round: both are set aside, the next round posts', async (t) => {
  let own: RoundContext | undefined
  await withLiar(
    t,
    {
      adapt(context) {
        own = context
        return context
      },
      show(round, to) {
        if (!own || to < own.nodeId) return round
        const context = own
        return {
          ...round,
          signatures: round.signatures.flatMap((signature) => {
            if (signature.nodeId !== context.nodeId) return [signature]
            const digest = `0x${'56'.repeat(32)}` as Hex
            return [
              signature,
              { ...signature, digest, signature: toHex0x(context.signReport(fromHex(digest) as Uint8Array)) },
            ]
          }),
        }
      },
    },
    'two-digests',
  )
})

t.test('an ack list below its own acks changes nothing and is named', async (t) => {
  const world = createRoundWorld({
    [LIAR]: {
      adapt: (context) => ({
        ...context,
        logs: {
          ...context.logs,
          heads: () => context.logs.heads().map((head) => ({ ...head, seq: 0, hash: first as Uint8Array })),
        },
      }),
    },
  })
  let first: Uint8Array | undefined
  t.teardown(() => world.stop())
  first = (await world.batch()).hash
  world.start()
  for (let i = 0; i < 5; i++) {
    const entry = await world.batch()
    const liar = world.nodes[LIAR]?.context as RoundContext
    const ack = await sign1(
      'assay/ack/1',
      encodeAck({
        nodeId: fromHex(liar.nodeId) as Uint8Array,
        agentId: entry.header.agentId,
        boot: entry.header.boot,
        seq: entry.header.seq,
        hash: entry.hash,
      }),
      liar.transport,
    )
    for (const node of world.nodes) node.context.acks.hear(ack)
    const before = world.posted.length
    world.mine()
    await until('the next posted round', () => world.posted.length > before, 5000)
  }
  t.ok(liarNamed(world, 'ack-list-below-acks'))
  const head = decodeRoundState(
    world.nodes[0]?.context.store.get(
      world.posted.at(-1)?.round ?? 0,
      'state',
      world.posted.at(-1)?.digest,
    ) as Uint8Array,
  ).heads[0]
  t.ok((head?.seq ?? 0) > 3, `the counted head is ${head?.seq}: what an agent may forget is in`)
})

t.test('an agent that forks its chain becomes Tampered, whichever branch a node saw first', async (t) => {
  const world = createRoundWorld()
  t.teardown(() => world.stop())
  world.start()
  await play(world, 2)
  t.ok(
    statuses(world).every((status) => status !== STATUS.Tampered),
    'not before',
  )
  const at = { ...world.agent.at }
  await world.batch([0])
  world.agent.at = at
  await world.batch([1, 2])
  await play(world, 2)
  t.same(statuses(world), [STATUS.Tampered, STATUS.Tampered])
  await play(world, 1)
  t.same(statuses(world), [STATUS.Tampered, STATUS.Tampered], 'latched')
})

t.test(
  'an agent restored from a backup that opens a new boot on the nodes’ head is not Tampered',
  async (t) => {
    const world = createRoundWorld()
    t.teardown(() => world.stop())
    world.start()
    await play(world, 2)
    // The backup knew less; the nodes' head is what the new boot links to (PROTOCOL §4).
    world.agent.at = { boot: world.agent.at.boot + 1, seq: 0, prev: world.agent.at.prev }
    await play(world, 2)
    t.ok(
      statuses(world).every((status) => status !== STATUS.Tampered && status !== STATUS.Unknown),
      `statuses ${statuses(world)}`,
    )
  },
)

t.test('a node that was down back-fills from its peers and signs again', async (t) => {
  const world = createRoundWorld()
  t.teardown(() => world.stop())
  world.start()
  await play(world, 1)
  const third = world.nodes[2] as RoundWorld['nodes'][number]
  third.listening = false
  await play(world, 1)
  // An agent that cannot ask every node opens a boot far above the last one.
  world.agent.at = { boot: 1_795_000_000, seq: 0, prev: world.agent.at.prev }
  await play(world, 2)
  third.listening = true
  const rounds = world.posted.length
  await play(world, 3)
  t.ok(
    world.posted
      .slice(rounds)
      .some((round) =>
        third.records.get(round.round)?.signatures.some((signature) => signature.nodeId === third.nodeId),
      ),
    'its signature is there again',
  )
  t.same(
    third.incidents.filter((incident) => incident.kind === 'dissent'),
    [],
    'and it computes what the others compute',
  )
})

function proposerOf(bytes: Uint8Array): Hex {
  return toHex0x(decodeProposal(parseSign1('assay/proposal/1', bytes).payload).nodeId)
}

function digestOf(
  input: Parameters<RoundContext['compute']>[0],
  report: Parameters<typeof reportDigest>[1],
): Hex {
  return toHex0x(
    reportDigest({ chainId: input.view.chainId, verifyingContract: input.view.healthOracle }, report),
  )
}
