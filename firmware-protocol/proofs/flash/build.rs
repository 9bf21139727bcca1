//! Links an image that starts at `_start` and has no runtime around it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let bare = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "none");
    if !bare {
        println!("cargo::rustc-link-arg-bins=-nostartfiles");
        println!("cargo::rustc-link-arg-bins=-lc"); // for memcpy and its like, which the image does not hold
    }
}
