-- Sessions of MQTT clients that outlive their connections; expiry_s is how long, 4294967295 for ever.
CREATE TABLE mqtt_session (client TEXT PRIMARY KEY, expiry_s INTEGER NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;

-- What they have subscribed to. options: bits 0-1 the QoS, 2 no local, 3 retain as published.
CREATE TABLE mqtt_subscription (
    client TEXT NOT NULL, filter TEXT NOT NULL, options INTEGER NOT NULL, id INTEGER NOT NULL, checksum INTEGER NOT NULL,
    PRIMARY KEY (client, filter)) WITHOUT ROWID;

-- Packet ids of messages at QoS 2 that were taken and that their client may send again until it releases them.
CREATE TABLE mqtt_received (client TEXT NOT NULL, packet_id INTEGER NOT NULL, PRIMARY KEY (client, packet_id)) WITHOUT ROWID;

-- Messages that wait for such a session. released: its client has it (QoS 2) and is to let go of the packet id, which is
-- 1 + id modulo 65535. run and at_ms say when it came: milliseconds after that start of the gateway.
CREATE TABLE mqtt_queued (
    id INTEGER PRIMARY KEY AUTOINCREMENT, client TEXT NOT NULL, released INTEGER NOT NULL, run INTEGER NOT NULL,
    at_ms INTEGER NOT NULL, topic TEXT NOT NULL, terms BLOB NOT NULL, payload BLOB NOT NULL, checksum INTEGER NOT NULL);
CREATE INDEX mqtt_queued_client ON mqtt_queued (client, id);

-- The last message of a topic that was published to stay.
CREATE TABLE mqtt_retained (
    topic TEXT PRIMARY KEY, run INTEGER NOT NULL, at_ms INTEGER NOT NULL, terms BLOB NOT NULL, payload BLOB NOT NULL,
    checksum INTEGER NOT NULL) WITHOUT ROWID;
