-- Records that came from another gateway's export keep its name: their (source, id) must not change.
ALTER TABLE record_incident ADD COLUMN gateway TEXT;
ALTER TABLE record_task ADD COLUMN gateway TEXT;
ALTER TABLE record_evidence ADD COLUMN gateway TEXT;
ALTER TABLE accepted_case ADD COLUMN gateway TEXT;
ALTER TABLE dead_letter ADD COLUMN gateway TEXT;

-- What was thinned, dropped, refused or damaged. uid is chance and names the loss to the platform; origin and major are the
-- stream (origin NULL: nobody can tell which records), first_minor to last_minor the span, n the exact count.
CREATE TABLE loss (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uid INTEGER NOT NULL, device TEXT, origin INTEGER, major INTEGER NOT NULL,
    first_minor INTEGER NOT NULL, last_minor INTEGER NOT NULL, class TEXT, reason TEXT NOT NULL, n INTEGER NOT NULL,
    first_noted_at INTEGER NOT NULL, last_noted_at INTEGER NOT NULL, reported_at INTEGER, checksum INTEGER NOT NULL);
CREATE INDEX loss_unreported ON loss (id) WHERE reported_at IS NULL;

-- How far a damaged store's salvage and an import have come; written in the transaction of what they brought.
CREATE TABLE restore_progress (source TEXT PRIMARY KEY, cursor INTEGER NOT NULL) WITHOUT ROWID;

-- Room for incidents that is really there when the disk runs short; the rows count as free.
CREATE TABLE kept_room (id INTEGER PRIMARY KEY, zeros BLOB NOT NULL);
