//! The tables of sizes.

use firmware_protocol::Suite;
use firmware_protocol::body::{Telemetry, TrackBatch};

use crate::codec::{Sample, to_protobuf};
use crate::drive::{Place, Receiver, Timed, batches, minute};
use crate::encoded::{Encoded, frame, key};
use crate::samples::{self, header_of};
use crate::schema::{SensorColumns, TrackChanges, TrackDeltas, TrackPoints};
use crate::table::{Table, ratio};
use crate::{cbor_map, drive};
use prost::Message;

/// Drives of each kind that the summary of tracks counts over.
const DRIVES: u64 = 200;

/// The usual messages.
pub(crate) fn messages() -> Table {
    let columns = ["", "body", "protobuf", "CBOR", "MessagePack", "JSON", "of protobuf"];
    let mut table = Table::new("Bytes of a body", &columns);
    row(&mut table, "telemetry", &samples::telemetry());
    row(&mut table, "telemetry without a position", &samples::telemetry_indoors());
    row(&mut table, "sensor report, 8 readings", &samples::sensor_report());
    row(&mut table, "incident, 26 Chinese characters", &samples::incident());
    row(&mut table, "evidence meta", &samples::evidence_meta());
    row(&mut table, "status", &samples::status());
    row(&mut table, "task, 39 Chinese characters", &samples::task());
    row(&mut table, "task ack, 10 Chinese characters", &samples::task_ack());
    table
}

fn row<S: Sample>(table: &mut Table, name: &str, sample: &S) {
    let Encoded { body, protobuf, cbor, messagepack, json } = Encoded::of(sample);
    let lens = [&body, &protobuf, &cbor, &messagepack, &json].map(|bytes| bytes.len().to_string());
    let share = ratio(body.len() as f64 / protobuf.len() as f64);
    table.row([vec![name.into()], lens.to_vec(), vec![share]].concat());
}

/// The same with header and tag.
pub(crate) fn frames() -> Table {
    let columns =
        ["", "frame", "protobuf with the same header and tag", "JSON with boot, seq and times, no tag"];
    let mut table = Table::new("Bytes of a whole message, with a tag of 16 bytes", &columns);
    frame_row(&mut table, "telemetry", &samples::telemetry());
    frame_row(&mut table, "sensor report, 8 readings", &samples::sensor_report());
    frame_row(&mut table, "incident, 26 Chinese characters", &samples::incident());
    frame_row(&mut table, "evidence meta", &samples::evidence_meta());
    frame_row(&mut table, "status", &samples::status());
    frame_row(&mut table, "task, 39 Chinese characters", &samples::task());
    frame_row(&mut table, "task ack, 10 Chinese characters", &samples::task_ack());
    table
}

fn frame_row<S: Sample>(table: &mut Table, name: &str, sample: &S) {
    let (header, encoded) = (header_of::<S>(), Encoded::of(sample));
    let ours = frame(sample, &key(Suite::HMAC_SHA256_128)).len();
    let lens = [ours, encoded.protobuf_frame(&header).len(), encoded.json_message(&header).len()];
    table.row([vec![name.into()], lens.map(|len| len.to_string()).to_vec()].concat());
}

/// Schemas that were bent, or written with names, for who would ask.
pub(crate) fn other_forms() -> Table {
    let mut table = Table::new("Other forms of the same", &["", "bytes", "body"]);
    let (telemetry, report) = (samples::telemetry(), samples::sensor_report());
    let (telemetry_len, report_len) = (Encoded::of(&telemetry).body.len(), Encoded::of(&report).body.len());
    let mut add =
        |name: &str, bytes: usize, ours: usize| table.row([name.into(), bytes.to_string(), ours.to_string()]);
    let map = |bytes: &[u8]| cbor_map::from_array(bytes).len();
    add("telemetry, CBOR map with integer keys", map(&Encoded::of(&telemetry).cbor), telemetry_len);
    add("sensor report, CBOR maps with integer keys", map(&Encoded::of(&report).cbor), report_len);
    let mut columns = Vec::new();
    to_protobuf(&SensorColumns::from(&report), &mut columns);
    add("sensor report, protobuf with a packed list a field", columns.len(), report_len);
    table
}

/// A minute of driving, point by point and as a batch.
pub(crate) fn minute_of_driving() -> Table {
    let points = usual_minute();
    let [batch] = batches(&points).try_into().expect("a drive without a stop is one batch");
    let encoded = Encoded::of(&batch);
    let title = format!("A minute of city driving: 60 points at 1 Hz, the median of {DRIVES} drives");
    let mut table = Table::new(&title, &["", "bytes", "a point"]);
    let mut add = |name: &str, bytes: usize| {
        table.row([name.into(), bytes.to_string(), format!("{:.1}", bytes as f64 / drive::POINTS as f64)]);
    };
    add("**track batch: sealed frame**", sealed_len(&batch));
    add("track batch: body", encoded.body.len());
    add("protobuf, packed lists of the same changes", TrackChanges::from(&batch).encoded_len());
    add("protobuf, packed lists of differences", encoded.protobuf.len());
    add("protobuf, a message a point", TrackPoints::from(&batch).encoded_len());
    add("MessagePack, lists of differences", encoded.messagepack.len());
    add("CBOR, lists of differences", encoded.cbor.len());
    add("JSON, an object a point", encoded.json.len());
    let sum = |len: &dyn Fn(&Telemetry) -> usize| points.iter().map(|(_, point)| len(point)).sum::<usize>();
    let key = key(Suite::HMAC_SHA256_128);
    let header = header_of::<Telemetry>();
    add("**60 sealed telemetry frames**", sum(&|point| frame(point, &key).len()));
    add("60 telemetry bodies", sum(&|point| Encoded::of(point).body.len()));
    add("60 telemetry messages in protobuf, body", sum(&|point| Encoded::of(point).protobuf.len()));
    add(
        "60 telemetry messages in JSON, with boot, seq and times",
        sum(&|point| Encoded::of(point).json_message(&header).len()),
    );
    table
}

/// The city drive whose batch has the median length.
fn usual_minute() -> Vec<Timed> {
    let mut drives: Vec<_> = (1..=DRIVES).map(|seed| minute(Place::City, Receiver::FILTERED, seed)).collect();
    drives.sort_by_cached_key(|points| sealed(points));
    drives.swap_remove(drives.len() / 2)
}

/// Bytes of a minute over many drives.
pub(crate) fn drives() -> Table {
    let columns = [
        "",
        "frames",
        "least",
        "median",
        "95 % within",
        "most",
        "at most 550",
        "protobuf differences, body, median",
    ];
    let title = format!("A minute as sealed track batches, bytes over {DRIVES} drives each");
    let mut table = Table::new(&title, &columns);
    for (name, place, receiver) in [
        ("city", Place::City, Receiver::FILTERED),
        ("old town, a turn every 10 to 25 s", Place::OldTown, Receiver::FILTERED),
        ("city with a red light", Place::RedLight, Receiver::FILTERED),
        ("straight road", Place::Straight, Receiver::FILTERED),
        ("parked", Place::Parked, Receiver::FILTERED),
        ("city, receiver unfiltered (1 m white noise)", Place::City, Receiver::UNFILTERED),
    ] {
        let runs: Vec<_> = (1..=DRIVES).map(|seed| minute(place, receiver, seed)).collect();
        let frames = sorted(runs.iter().map(|points| batches(points).len()));
        let ours = sorted(runs.iter().map(|points| sealed(points)));
        let protobuf =
            sorted(runs.iter().map(|points| {
                batches(points).iter().map(|batch| TrackDeltas::from(batch).encoded_len()).sum()
            }));
        let within = ours.iter().filter(|bytes| **bytes <= 550).count() * 100 / ours.len();
        let at = |sorted: &[usize], percent: usize| sorted[(sorted.len() - 1) * percent / 100];
        let span = [at(&frames, 0), at(&frames, 100)];
        let frames =
            if span[0] == span[1] { span[0].to_string() } else { format!("{} to {}", span[0], span[1]) };
        let numbers = [0, 50, 95, 100].map(|percent| at(&ours, percent).to_string());
        let rest = [format!("{within} %"), at(&protobuf, 50).to_string()];
        table.row([vec![name.into(), frames], numbers.to_vec(), rest.to_vec()].concat());
    }
    table
}

/// Bytes of all sealed batches of these points.
fn sealed(points: &[Timed]) -> usize {
    batches(points).iter().map(sealed_len).sum()
}

fn sorted(numbers: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_unstable();
    numbers
}

fn sealed_len(batch: &TrackBatch) -> usize {
    frame(batch, &key(Suite::HMAC_SHA256_128)).len()
}
