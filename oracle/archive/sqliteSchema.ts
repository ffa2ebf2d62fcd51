/**
 * Schema version 1. `entries.h` is the first 48 bits of the hash: an index small enough to stay in memory; look-ups
 * compare the whole hash. The bytes stand last in a row, so that reading the columns before them touches no overflow page.
 */
export const SQLITE_SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS agents (
  id INTEGER PRIMARY KEY, agentId BLOB NOT NULL UNIQUE, publicKey BLOB NOT NULL, state TEXT NOT NULL,
  enrolledAtMs INTEGER NOT NULL, changedAtMs INTEGER NOT NULL, enrolment BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS entries (
  id INTEGER PRIMARY KEY, agent INTEGER NOT NULL, boot INTEGER NOT NULL, seq INTEGER NOT NULL, h INTEGER NOT NULL,
  hash BLOB NOT NULL, prev BLOB NOT NULL, kind INTEGER NOT NULL, epochN INTEGER, t0 INTEGER NOT NULL,
  receivedAtMs INTEGER NOT NULL, verdict INTEGER NOT NULL, linked INTEGER NOT NULL, tombstones INTEGER NOT NULL,
  bytes BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS entriesByPosition ON entries (agent, boot, seq, hash);
CREATE INDEX IF NOT EXISTS entriesByHash ON entries (h);
CREATE TABLE IF NOT EXISTS forks (
  id INTEGER PRIMARY KEY, agentId BLOB NOT NULL, boot INTEGER NOT NULL, seq INTEGER NOT NULL,
  first BLOB NOT NULL, second BLOB NOT NULL, atMs INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS quarantine (
  id INTEGER PRIMARY KEY, atMs INTEGER NOT NULL, reason TEXT NOT NULL, topicAgent TEXT NOT NULL, bytes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS incidents (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, nodeId TEXT, agentId TEXT, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rounds (
  n INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, atMs INTEGER NOT NULL, bytes BLOB NOT NULL,
  PRIMARY KEY (n, kind, key));
CREATE INDEX IF NOT EXISTS roundsByKind ON rounds (kind, n);
`

export const SCHEMA_VERSION = 1
