-- What is remembered of each incident for indicators, points and ranks; the newest are kept. observed_at is NULL while nobody knows
-- when it happened; uptime is there when its device told only that, and then observed_at may come later (back_stamped). judged_at, lon
-- and lat are what duplicates are found by.
CREATE TABLE journal (
    id INTEGER PRIMARY KEY, device TEXT NOT NULL, origin INTEGER NOT NULL, major INTEGER NOT NULL, minor INTEGER NOT NULL,
    received_at INTEGER NOT NULL, observed_at INTEGER, time_quality INTEGER, uptime INTEGER, back_stamped INTEGER NOT NULL,
    self_disposed INTEGER NOT NULL, handled_at INTEGER, witness_of TEXT, judged_at INTEGER, lon REAL, lat REAL,
    facts TEXT NOT NULL, checksum INTEGER NOT NULL);
CREATE UNIQUE INDEX journal_once ON journal (device, origin, major, minor);
CREATE INDEX journal_firsts ON journal (id) WHERE witness_of IS NULL AND judged_at IS NOT NULL;
CREATE INDEX journal_by_uptime ON journal (device, major) WHERE uptime IS NOT NULL;

-- Photos of before (1) and after (2), and the incident that each belongs to: named by its description, by the incident, or by both.
CREATE TABLE photo (
    id INTEGER PRIMARY KEY, device TEXT NOT NULL, boot INTEGER NOT NULL, seq INTEGER NOT NULL, incident_boot INTEGER,
    incident_seq INTEGER, shows INTEGER, taken_boot INTEGER, taken_uptime INTEGER, taken_at INTEGER, sha256 BLOB);
CREATE UNIQUE INDEX photo_once ON photo (device, boot, seq);
CREATE INDEX photo_of ON photo (device, incident_boot, incident_seq);

-- Pending incidents that go before the others.
CREATE TABLE urgent_incident (id INTEGER PRIMARY KEY);
