//! What kind of position stands beside it.

open_set! {
    /// How a position was found. With [`FixType::NONE`] the latitude and longitude beside it say nothing; with any
    /// other value, known or not, they are there, even at 0.
    pub struct FixType {
        /// No position.
        NONE = 0 "none",
        /// Carried on from the last fix by speed, heading or inertia.
        DEAD_RECKONING = 1 "dead_reckoning",
        /// Satellites, without height.
        GNSS_2D = 2 "gnss_2d",
        /// Satellites, with height.
        GNSS_3D = 3 "gnss_3d",
        /// Satellites with corrections (SBAS, differential).
        GNSS_DIFFERENTIAL = 4 "gnss_differential",
        /// Carrier phase, ambiguities not fixed.
        RTK_FLOAT = 5 "rtk_float",
        /// Carrier phase, ambiguities fixed.
        RTK_FIXED = 6 "rtk_fixed",
        /// A surveyed place the device stands at.
        SURVEYED = 7 "surveyed",
        /// Put on the map by a person.
        MANUAL = 8 "manual",
        /// Cell towers or Wi-Fi.
        NETWORK = 9 "network",
    }
}
