-- Identity columns everywhere: origin 0 = the device's (boot, seq), 1 = minted by the gateway (run, number).
-- Times are milliseconds since 1970 by the gateway's clock. commit_seq is the number of the commit that wrote the row.

CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

-- How many rows and payload bytes the tables below hold, kept in the transactions that change them: never counted.
CREATE TABLE tally (name TEXT PRIMARY KEY, n INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;

-- Which (boot, seq) each device has delivered, as of commit meta.windows_at.
CREATE TABLE seen_window (device TEXT PRIMARY KEY, window BLOB NOT NULL) WITHOUT ROWID;

-- High-volume classes: many records packed in a row, consumed from the head. cum_* count from the first row ever.
CREATE TABLE segment_telemetry (
    id INTEGER PRIMARY KEY, commit_seq INTEGER NOT NULL, n INTEGER NOT NULL, bytes INTEGER NOT NULL,
    cum_n INTEGER NOT NULL, cum_bytes INTEGER NOT NULL, first_at INTEGER NOT NULL, blob BLOB NOT NULL);
CREATE TABLE segment_reading (
    id INTEGER PRIMARY KEY, commit_seq INTEGER NOT NULL, n INTEGER NOT NULL, bytes INTEGER NOT NULL,
    cum_n INTEGER NOT NULL, cum_bytes INTEGER NOT NULL, first_at INTEGER NOT NULL, blob BLOB NOT NULL);
CREATE TABLE segment_status (
    id INTEGER PRIMARY KEY, commit_seq INTEGER NOT NULL, n INTEGER NOT NULL, bytes INTEGER NOT NULL,
    cum_n INTEGER NOT NULL, cum_bytes INTEGER NOT NULL, first_at INTEGER NOT NULL, blob BLOB NOT NULL);

-- Low-volume classes with a life of their own: a row each while the platform has not accepted them.
CREATE TABLE record_incident (
    id INTEGER PRIMARY KEY, commit_seq INTEGER NOT NULL, device TEXT NOT NULL, origin INTEGER NOT NULL,
    major INTEGER NOT NULL, minor INTEGER NOT NULL, received_at INTEGER NOT NULL, payload BLOB NOT NULL,
    casework TEXT, checksum INTEGER NOT NULL);
CREATE TABLE record_task (
    id INTEGER PRIMARY KEY, commit_seq INTEGER NOT NULL, device TEXT NOT NULL, origin INTEGER NOT NULL,
    major INTEGER NOT NULL, minor INTEGER NOT NULL, received_at INTEGER NOT NULL, payload BLOB NOT NULL,
    casework TEXT, checksum INTEGER NOT NULL);
CREATE TABLE record_evidence (
    id INTEGER PRIMARY KEY, commit_seq INTEGER NOT NULL, device TEXT NOT NULL, origin INTEGER NOT NULL,
    major INTEGER NOT NULL, minor INTEGER NOT NULL, received_at INTEGER NOT NULL, payload BLOB NOT NULL,
    casework TEXT, checksum INTEGER NOT NULL);

-- Cases: incidents that the platform accepted, with the number it gave them. The newest are kept.
CREATE TABLE accepted_case (
    id INTEGER PRIMARY KEY, device TEXT NOT NULL, origin INTEGER NOT NULL, major INTEGER NOT NULL, minor INTEGER NOT NULL,
    received_at INTEGER NOT NULL, accepted_at INTEGER NOT NULL, case_number TEXT, casework TEXT);

-- What the platform refused for good, kept until a person decides.
CREATE TABLE dead_letter (
    id INTEGER PRIMARY KEY, class TEXT NOT NULL, device TEXT NOT NULL, origin INTEGER NOT NULL, major INTEGER NOT NULL,
    minor INTEGER NOT NULL, received_at INTEGER NOT NULL, refused_at INTEGER NOT NULL, reason TEXT NOT NULL,
    payload BLOB NOT NULL, casework TEXT);
CREATE UNIQUE INDEX dead_letter_once ON dead_letter (device, origin, major, minor);

-- Payloads that could not be understood; the newest are kept.
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY, device TEXT NOT NULL, topic TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
    received_at INTEGER NOT NULL, payload BLOB NOT NULL);

-- Messages for devices, until the device acknowledges them.
CREATE TABLE down (
    id INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, topic TEXT NOT NULL, created_at INTEGER NOT NULL,
    payload BLOB NOT NULL);
CREATE INDEX down_device ON down (device, id);
