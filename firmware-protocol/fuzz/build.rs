//! Compiles the codec in C for the target `c_codec`: what C does not define ends the program.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "libfuzzer")]
    c_codec();
}

#[cfg(feature = "libfuzzer")]
fn c_codec() {
    const SANITIZE: &str = "-fsanitize=address,undefined";
    let sources =
        std::fs::read_dir("../c/src").expect("the codec's folder").map(|file| file.expect("a file").path());
    let test_files = ["any_body", "json", "print"].map(|name| format!("../c/test/{name}.c"));
    println!("cargo::rerun-if-changed=../c");
    println!("cargo::rerun-if-changed=fuzz_targets/c_codec.c");
    cc::Build::new()
        .files(sources.filter(|path| path.extension().is_some_and(|extension| extension == "c")))
        .files(test_files)
        .file("fuzz_targets/c_codec.c")
        .includes(["../c/include", "../c/src", "../c/test"])
        .flags(["-std=c99", SANITIZE, "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"])
        .debug(true)
        .cargo_metadata(false)
        .compile("c_codec");
    // For this target alone: the others are not slowed down. The runtimes are named, because Rust links without defaults, and
    // static, because they must come before every other library.
    let out = std::env::var("OUT_DIR").expect("cargo sets it");
    let [asan, ubsan] = ["libasan.a", "libubsan.a"].map(runtime);
    for argument in [
        &format!("{out}/libc_codec.a"),
        &format!("-Wl,--whole-archive,{asan},--no-whole-archive"),
        &ubsan,
        "-lstdc++",
        "-ldl",
        "-lm",
    ] {
        println!("cargo::rustc-link-arg-bin=c_codec={argument}");
    }
}

/// Where the C compiler has a library of its own.
#[cfg(feature = "libfuzzer")]
fn runtime(name: &str) -> String {
    let output =
        cc::Build::new().get_compiler().to_command().arg(format!("-print-file-name={name}")).output();
    String::from_utf8(output.expect("the C compiler").stdout).expect("a path").trim().to_owned()
}
