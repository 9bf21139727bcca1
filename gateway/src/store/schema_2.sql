-- When a device was switched on, by a frame of that boot whose clock was set: dates the frames of the boot whose clock
-- was not. quality is the rank of the clock's source, from 0 (not said) to 5 (GNSS).
CREATE TABLE anchor (
    device TEXT NOT NULL, boot INTEGER NOT NULL, booted_at INTEGER NOT NULL, quality INTEGER NOT NULL,
    commit_seq INTEGER NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (device, boot)) WITHOUT ROWID;
