-- Every row has a checksum over all that is read of it. NULL: written before there was one. A segment's blob has checksums of
-- its own, and a wrong figure beside it shows when the blob is read.
ALTER TABLE meta ADD COLUMN checksum INTEGER;
ALTER TABLE tally ADD COLUMN checksum INTEGER;
ALTER TABLE seen_window ADD COLUMN checksum INTEGER;
ALTER TABLE restore_progress ADD COLUMN checksum INTEGER;
ALTER TABLE accepted_case ADD COLUMN checksum INTEGER;
ALTER TABLE dead_letter ADD COLUMN checksum INTEGER;
ALTER TABLE quarantine ADD COLUMN checksum INTEGER;
ALTER TABLE down ADD COLUMN checksum INTEGER;
