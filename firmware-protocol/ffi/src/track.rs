//! Message type 12: a stretch of positions, collected point by point.

use firmware_protocol::track::TrackBuilder;

use crate::frame::{Output, Sent};
use crate::{PatrolError, PatrolHeader, PatrolKey, PatrolTelemetry, edge, error, frame};

/// Words of 8 bytes that a track takes.
pub const PATROL_TRACK_WORDS: usize = 216;

/// Points that are collected for a batch. Started by patrol_track_start; its bytes are of no meaning.
#[repr(C)]
pub struct PatrolTrack {
    /// Tells a track from memory that is none, such as all zeros.
    pub made: u64,
    /// The points.
    pub words: [u64; PATROL_TRACK_WORDS],
}

/// What `made` is in a track.
const MADE: u64 = 0x7061_7472_6F6C_7431;

const _: () = assert!(size_of::<TrackBuilder>() <= size_of::<[u64; PATROL_TRACK_WORDS]>());
const _: () = assert!(align_of::<TrackBuilder>() <= align_of::<u64>());
const _: () = assert!(!core::mem::needs_drop::<TrackBuilder>(), "nobody would drop it");

impl PatrolTrack {
    fn of(builder: TrackBuilder) -> Self {
        let mut place = Self { made: MADE, words: [0; PATROL_TRACK_WORDS] };
        // SAFETY: the words have the room and the alignment of a TrackBuilder, as asserted above.
        unsafe { (&raw mut place.words).cast::<TrackBuilder>().write(builder) };
        place
    }

    fn get(&mut self) -> Result<&mut TrackBuilder, PatrolError> {
        if self.made != MADE {
            return Err(PatrolError::Nothing);
        }
        // SAFETY: only `of` makes a track with this number, and it puts a TrackBuilder there.
        Ok(unsafe { &mut *(&raw mut self.words).cast::<TrackBuilder>() })
    }
}

/// Starts an empty track whose batches have bodies of at most `body_len_max` bytes, so that a frame fits into a given
/// packet; the first point is taken in any case. PGW_TRACK_BATCH_LEN_MAX for no such bound.
///
/// # Safety
///
/// There is room at `track` that nobody else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_track_start(track: *mut PatrolTrack, body_len_max: usize) -> PatrolError {
    // SAFETY: as the caller says.
    error::status(unsafe { edge::put(track, PatrolTrack::of(TrackBuilder::new(body_len_max))) })
}

/// Appends a point measured at `uptime_ms`. false: it was not taken, because the batch is full, or the fix type or the
/// vehicle's state has changed, or too much time lies between: seal the batch and push the point again. A point without
/// a fix is never taken: send it as telemetry.
///
/// # Safety
///
/// There are a track that nobody else uses and a point.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_track_push(
    track: *mut PatrolTrack,
    uptime_ms: u64,
    point: *const PatrolTelemetry,
) -> bool {
    let push = || {
        // SAFETY: as the caller says.
        let (track, point) = unsafe { (edge::exclusive(track)?.get()?, edge::shared(point)?.body()?) };
        Ok::<_, PatrolError>(track.push(uptime_ms, &point))
    };
    push().unwrap_or(false)
}

/// Seals what was collected, at most PATROL_FRAME_LEN(PGW_TRACK_BATCH_LEN_MAX) bytes, and empties the track. On an error
/// the track is as before. PATROL_ERROR_NOTHING when it is empty or was not started.
///
/// # Safety
///
/// The pointers lead to what their types and lengths say; nobody else uses the track and the outputs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_track_seal(
    header: *const PatrolHeader,
    track: *mut PatrolTrack,
    key: *const PatrolKey,
    out: *mut u8,
    out_len: usize,
    frame_len: *mut usize,
) -> PatrolError {
    let seal = || {
        // SAFETY: as the caller says.
        let (track, uptime_ms) = unsafe { (edge::exclusive(track)?.get()?, edge::shared(header)?.uptime_ms) };
        let mut emptied = track.clone();
        let batch = emptied.take(uptime_ms).ok_or(PatrolError::Nothing)?;
        // SAFETY: as the caller says.
        unsafe { frame::seal_body(header, &batch, key, Output { out, out_len, frame_len }) }?;
        *track = emptied;
        Ok(())
    };
    error::status(seal())
}
