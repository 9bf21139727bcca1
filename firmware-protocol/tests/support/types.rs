//! The table of all body types, for tests that hold for each of them.

/// Makes a test of each named function for each body type: `telemetry::keeps_its_bytes` calls
/// `keeps_its_bytes::<Telemetry>()`.
macro_rules! for_every_type {
    ($($test:ident),+ $(,)?) => {
        every_type! { type_modules ($($test)+) }
    };
}

/// Hands the table to the macro `$then`, behind `$arguments`. A type that is missing here fails a test of golden.rs.
macro_rules! every_type {
    ($then:ident $arguments:tt) => {
        $then! { $arguments
            telemetry: Telemetry,
            sensor_report: SensorReport,
            incident: Incident,
            evidence_meta: EvidenceMeta,
            evidence_chunk: EvidenceChunk,
            evidence_want: EvidenceWant,
            status: Status,
            task: Task,
            task_ack: TaskAck,
            time_sync: TimeSync,
            config: Config,
            track_batch: TrackBatch,
            ack: Ack,
        }
    };
}

macro_rules! type_modules {
    ($tests:tt $($name:ident: $body:ident,)+) => {
        $(type_module! { $name $body $tests })+
    };
}

macro_rules! type_module {
    ($name:ident $body:ident ($($test:ident)+)) => {
        mod $name {
            $(#[test]
            fn $test() {
                super::$test::<firmware_protocol::body::$body>();
            })+
        }
    };
}
