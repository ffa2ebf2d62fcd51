import t from 'tap'
import { Quarantine } from '../../../firmware-probes/nvml/quarantine.ts'

t.test('tries again later and later, one device at a time', async (t) => {
  const quarantine = new Quarantine(30, 100)
  t.equal(quarantine.due(0), null)
  quarantine.hold(3, 901, 0)
  quarantine.hold(5, 902, 10)
  t.equal(quarantine.size, 2)
  t.equal(quarantine.codeOf(3), 901)
  t.equal(quarantine.codeOf(4), null)
  t.equal(quarantine.due(29), null)
  t.equal(quarantine.due(50), 3, 'the one that waits longest')
  quarantine.hold(3, 901, 50)
  t.equal(quarantine.due(50), 5)
  quarantine.release(5)
  t.equal(quarantine.due(109), null, 'twice as long after a failed try')
  t.equal(quarantine.due(110), 3)
  quarantine.hold(3, 901, 110)
  t.equal(quarantine.due(209), null, 'at most the longest wait')
  t.equal(quarantine.due(210), 3)
  quarantine.release(3)
  t.equal(quarantine.size, 0)
})
