-- When a device was switched on, by a frame of that boot whose clock was set: dates the frames of the boot whose clock
-- was not. quality is the rank of the clock's source, from 0 (not said) to 5 (GNSS).
CREATE TABLE anchor (
    device TEXT NOT NULL, boot INTEGER NOT NULL, booted_at INTEGER NOT NULL, quality INTEGER NOT NULL,
    commit_seq INTEGER NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (device, boot)) WITHOUT ROWID;

-- Photos and clips that devices have described, one row a file; boot and seq are the number that names it. stage is 0 waits
-- for room, 1 pieces are taken, 2 complete, 3 refused. first_lacking and present count pieces; mismatches counts how often the
-- SHA-256 did not hold.
CREATE TABLE evidence_file (
    id INTEGER PRIMARY KEY, device TEXT NOT NULL, boot INTEGER NOT NULL, seq INTEGER NOT NULL, size INTEGER NOT NULL,
    chunk_bytes INTEGER NOT NULL, sha256 BLOB NOT NULL, stage INTEGER NOT NULL, mismatches INTEGER NOT NULL,
    first_lacking INTEGER NOT NULL, present INTEGER NOT NULL, checksum INTEGER NOT NULL);
CREATE UNIQUE INDEX evidence_file_name ON evidence_file (device, boot, seq);
CREATE INDEX evidence_file_open ON evidence_file (device) WHERE stage = 1;

-- Which record holds which piece of a file, and where in its payload the bytes of the file are.
CREATE TABLE evidence_chunk (
    file INTEGER NOT NULL, chunk INTEGER NOT NULL, record INTEGER NOT NULL, data_at INTEGER NOT NULL,
    data_len INTEGER NOT NULL, PRIMARY KEY (file, chunk)) WITHOUT ROWID;
