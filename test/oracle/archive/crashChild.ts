import { createSqliteArchive } from '../../../oracle/archive/sqliteArchive.ts'
import { createIngest } from '../../../oracle/ingest/ingest.ts'
import { createSignedLog, primitives } from '../../helpers/signedLog.ts'

// Takes in entries of a fresh agent for as long as it lives and prints each head once ingest lets it be acked.
const archive = createSqliteArchive({ file: process.argv[2] as string })
archive.start()
const log = createSignedLog({ devices: 2 })
archive.putAgent({
  agentId: log.agentId,
  publicKey: log.signer.publicKey,
  enrolment: new Uint8Array(),
  state: 'approved',
  enrolledAtMs: 0,
  changedAtMs: 0,
})
const ingest = createIngest({
  archive,
  primitives,
  clock: Date.now,
  limits: { commitEntries: 8, commitMost: 8 },
  onHeads(heads) {
    for (const head of heads)
      process.stdout.write(
        `${log.agentHex} ${head.boot} ${head.seq} ${Buffer.from(head.hash).toString('hex')}\n`,
      )
  },
})
ingest.start()
for (;;) {
  const { bytes } = await log.next()
  void ingest.receive(log.agentHex, bytes).then((result) => {
    if (result.outcome === 'rejected') process.stdout.write(`rejected ${result.reason}\n`)
  })
  if (ingest.counters().received - ingest.counters().stored > 32) await ingest.ready()
  await new Promise((resolve) => setImmediate(resolve))
}
