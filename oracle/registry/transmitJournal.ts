import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Hex } from '#protocol/wire/chainView'
import { oracleError } from '../oracleErrors.ts'

/** What has to get on chain for one round: encoded calls, so that a restart needs nothing else. */
export type TransmitJob = {
  readonly round: number
  readonly root: Hex
  /** Calldata of postRound. */
  readonly post: Hex
  /** Calldata of applyExceptions per chunk, in order. */
  readonly chunks: readonly Hex[]
}

/** One signed transaction, written down before it is broadcast. A replacement has the same nonce. */
export type SentRow = {
  readonly round: number
  readonly nonce: number
  readonly hash: Hex
  readonly raw: Hex
  /** Wei, decimal. */
  readonly maxFeePerGas: string
  readonly maxPriorityFeePerGas: string
}

type Row =
  | { readonly row: 'job'; readonly job: TransmitJob }
  | { readonly row: 'sent'; readonly sent: SentRow }
  | { readonly row: 'settled'; readonly nonce: number; readonly hash: Hex | null }
  | { readonly row: 'end'; readonly round: number }

/**
 * The transmitter's memory: an append-only file of one JSON row per line, fsynced row by row. Holds at most one open
 * job and one open nonce. Every failure of the disk is ORACLE_TRANSMITTER_JOURNAL.
 */
export class TransmitJournal {
  readonly #file: string
  #handle: number | undefined
  #job: TransmitJob | undefined
  #open: SentRow[] = []
  /** Bytes that are whole rows: what a failed write left behind them is cut off by the next one. */
  #size = 0

  constructor(file: string) {
    this.#file = file
  }

  /** The job that was begun and not ended. */
  get job(): TransmitJob | undefined {
    return this.#job
  }

  /** The transactions of the nonce in flight, oldest first; empty when none is. */
  get open(): readonly SentRow[] {
    return this.#open
  }

  /** Reads the file, drops a torn last line (it was never broadcast) and all that is settled, and opens it. */
  start(): void {
    this.#guard('read', () => {
      for (const row of this.#read()) this.#apply(row)
      const fresh = `${this.#file}.new`
      this.#handle = openSync(fresh, 'w', 0o600)
      this.#size = 0
      if (this.#job) this.#write({ row: 'job', job: this.#job })
      for (const sent of this.#open) this.#write({ row: 'sent', sent })
      renameSync(fresh, this.#file)
      const folder = openSync(dirname(this.#file), 'r')
      fsyncSync(folder)
      closeSync(folder)
    })
  }

  stop(): void {
    if (this.#handle !== undefined) closeSync(this.#handle)
    this.#handle = undefined
  }

  begin(job: TransmitJob): void {
    this.#append({ row: 'job', job })
  }

  /** Must return before the transaction is broadcast. */
  sent(sent: SentRow): void {
    this.#append({ row: 'sent', sent })
  }

  /** The nonce is used up, by the transaction `hash` or (null) by one that is not ours. */
  settled(nonce: number, hash: Hex | null): void {
    this.#append({ row: 'settled', nonce, hash })
  }

  end(round: number): void {
    this.#append({ row: 'end', round })
  }

  #append(row: Row): void {
    this.#guard('write', () => this.#write(row))
    this.#apply(row)
  }

  #write(row: Row): void {
    if (this.#handle === undefined) throw new Error('the journal is not open')
    const line = Buffer.from(`${JSON.stringify(row)}\n`)
    ftruncateSync(this.#handle, this.#size)
    for (let at = 0; at < line.length; ) {
      at += writeSync(this.#handle, line, at, line.length - at, this.#size + at)
    }
    fsyncSync(this.#handle)
    this.#size += line.length
  }

  #apply(row: Row): void {
    if (row.row === 'job') this.#job = row.job
    else if (row.row === 'sent') this.#open.push(row.sent)
    else if (row.row === 'settled') this.#open = this.#open.filter((sent) => sent.nonce !== row.nonce)
    else if (this.#job?.round === row.round) this.#job = undefined
  }

  #read(): Row[] {
    let text: string
    try {
      text = readFileSync(this.#file, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row)
  }

  #guard(action: string, work: () => void): void {
    try {
      work()
    } catch (error) {
      throw oracleError(
        'ORACLE_TRANSMITTER_JOURNAL',
        { file: this.#file, action, found: (error as Error).message },
        error,
      )
    }
  }
}
