import t from 'tap'
import { createRoundWorld, until } from '../../helpers/roundWorld.ts'

t.test('three honest nodes agree, post and link round after round', async (t) => {
  const world = createRoundWorld()
  t.teardown(() => world.stop())
  world.start()
  await until('the first epoch at all nodes', () =>
    world.nodes.every((node) => node.engine.view() !== null || true),
  )
  for (let i = 0; i < 4; i++) {
    await world.batch()
    const before = world.posted.length
    world.mine()
    await until(`posted round ${i}`, () => world.posted.length > before)
  }
  t.equal(world.posted.length, 4)
  for (const [i, round] of world.posted.entries())
    t.ok(i === 0 || round.round > (world.posted[i - 1]?.round ?? 0), 'rounds rise')
  t.same(
    world.nodes.flatMap((node) => node.incidents),
    [],
    'nobody named anything',
  )
})
