//! Makes the linker refuse every symbol that a bare device does not have.

/// What the compiler calls by itself and every platform brings.
const OF_THE_PLATFORM: [&str; 5] = ["memcpy", "memmove", "memset", "memcmp", "bcmp"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-cdylib=-Wl,--no-undefined");
    for symbol in OF_THE_PLATFORM {
        println!("cargo::rustc-link-arg-cdylib=-Wl,--defsym={symbol}=0");
    }
}
