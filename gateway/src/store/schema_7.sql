-- What each of several uplinks has of what is still stored: done are ranges of row numbers, both ends, eight bytes each,
-- little-endian; n is how many records they are.
CREATE TABLE uplink_progress (
    uplink TEXT NOT NULL, class TEXT NOT NULL, done BLOB NOT NULL, n INTEGER NOT NULL, checksum INTEGER NOT NULL,
    PRIMARY KEY (uplink, class)) WITHOUT ROWID;

-- Which uplink's platform refused it, and which one's accepted it; empty: from when there was only one.
ALTER TABLE dead_letter ADD COLUMN uplink TEXT NOT NULL DEFAULT '';
ALTER TABLE accepted_case ADD COLUMN uplink TEXT NOT NULL DEFAULT '';
DROP INDEX dead_letter_once;
CREATE UNIQUE INDEX dead_letter_once ON dead_letter (uplink, device, origin, major, minor);
