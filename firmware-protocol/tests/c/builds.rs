//! The codec as firmware teams build it, and that the sanitizers of these tests find what they are there for.

use std::fs;
use std::path::PathBuf;

use firmware_protocol::body::Telemetry;
use firmware_protocol::{DegreesE7, DeviceTag, Direction, MessageType, Suite, open};

use crate::cc::{WARNINGS, build_folder, c_files, compile, hex, output_of, root, run, unhex};
use crate::support::bodies::typical_telemetry;
use crate::support::forged;
use crate::support::keys::{SECRET, key};
use crate::support::vectors::{KEYED_FRAMES, TELEMETRY, vector};
use crate::{program, sanitized};

/// Builds an example as firmware is built, with these sources of the codec and these flags.
fn built(name: &str, example: &str, sources: &[PathBuf], flags: &[&str]) -> PathBuf {
    let program = build_folder(name).join(name);
    compile(|cc| {
        cc.args(WARNINGS).args(["-Os", "-I"]).arg(root().join("c/include")).args(flags);
        cc.arg(root().join(example)).args(sources).arg("-o").arg(&program);
    });
    program
}

#[test]
fn the_example_sends_a_telemetry_and_reads_the_answer() {
    let example = built("example", "c/example/telemetry.c", &c_files("c/src"), &[]);
    let output = output_of(&example, "");
    let (frame, answer) = output.split_once('\n').unwrap();
    let frame = unhex(frame);

    let opened = open(&frame, &key(&SECRET, Suite::HMAC_SHA256_128, 1, Direction::Up, "car-07")).unwrap();
    assert_eq!(
        (opened.header.device, opened.header.boot, opened.header.seq),
        (DeviceTag::of("car-07"), 7, 901)
    );
    let Telemetry { fix, lat_e7, lon_e7, speed_cm_s, .. } = opened.decode().unwrap();
    let typical = typical_telemetry();
    assert_eq!(
        (fix, lat_e7, lon_e7),
        (typical.fix, DegreesE7::new(311_270_000), DegreesE7::new(1_043_980_000))
    );
    assert_eq!(speed_cm_s, typical.speed_cm_s);
    assert_eq!(answer, "report 901 of boot 7: result 1, case DY-2026-0501\n");
}

#[test]
fn the_example_of_the_readme_is_one_that_is_built() {
    let source = fs::read_to_string(root().join("c/example/smallest.c")).unwrap();
    let shown = source.split("/* example */\n").nth(1).unwrap().split("/* end of example */").next().unwrap();
    let readme = fs::read_to_string(root().join("c/README.md")).unwrap();
    assert!(readme.contains(&format!("```c\n{shown}```")), "the README shows another example");
    output_of(&built("smallest", "c/example/smallest.c", &c_files("c/src"), &[]), "");
}

/// Without src/sha256.c, with a type and functions of one's own.
#[test]
fn a_sha256_of_ones_own_takes_the_place_of_ours() {
    let folder = build_folder("own_sha256");
    let own = folder.join("own_sha256.c");
    let ours = fs::read_to_string(root().join("c/src/sha256.c")).unwrap();
    // Whose hash it is does not matter here: that the codec works with a type and functions it has not seen before does.
    let with_count = ours.replace(
        "uint64_t bits = hash->len * 8;",
        "uint64_t bits = hash->len * 8;\n    own_sha256_finished++;",
    );
    assert_ne!(ours, with_count);
    fs::write(&own, format!("unsigned own_sha256_finished = 0;\n{with_count}")).unwrap();
    let main = folder.join("main.c");
    let frame = vector(KEYED_FRAMES, "car-07 up suite 2");
    fs::write(&main, own_sha256_main(&frame)).unwrap();

    let mut sources = c_files("c/src");
    sources.retain(|source| !source.ends_with("sha256.c") || source.ends_with("hmac_sha256.c"));
    assert_eq!(sources.len() + 1, c_files("c/src").len());
    sources.push(own);
    let include = root().join("c/test");
    let flags = ["-I", include.to_str().unwrap(), "-DPGW_SHA256_HEADER=\"own_sha256.h\""];
    let program = built("own_sha256", main.to_str().unwrap(), &sources, &flags);
    // Two MACs for the key and one for the frame, of two hashes each.
    assert_eq!(output_of(&program, ""), "error 0 after 6 hashes\n");
}

/// Opens the frame and prints how often the hash was at work.
fn own_sha256_main(frame: &[u8]) -> String {
    let bytes = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:#04x}, ")).collect::<String>();
    format!(
        "#include <stdio.h>\n#include \"patrol_protocol.h\"\n#include \"pgw_sha256.h\"\n\
         static const uint8_t SECRET[] = {{{}}};\nstatic const uint8_t FRAME[] = {{{}}};\n\
         int main(void) {{\n\
             pgw_key key;\n\
             pgw_frame frame;\n\
             pgw_error error = pgw_key_derive(&key, SECRET, PGW_SUITE_HMAC_SHA256_128, 1, PGW_UP, FRAME + 8);\n\
             if (error == PGW_OK) {{ error = pgw_open(FRAME, sizeof FRAME, &key, 1, &frame); }}\n\
             printf(\"error %d after %u hashes\\n\", (int)error, own_sha256_finished);\n\
             return 0;\n\
         }}\n",
        bytes(&SECRET),
        bytes(frame)
    )
}

/// The control of every test here that relies on the sanitizers: with one byte too many read, and with a sum that
/// leaves its type, they must end the program.
#[test]
fn planted_defects_are_found() {
    let of = |name| hex(&forged(MessageType::TELEMETRY, 1, &vector(TELEMETRY, name)));
    // A body cut within a field is read behind its end; the smallest number there is takes the sum.
    let overread = format!("sweep up {}\n", of("r1 typical"));
    let overflow = format!("open up {}\n", of("r1 maximum"));
    for line in [&overread, &overflow] {
        assert!(run(program(), line).status.success());
    }

    let source = fs::read_to_string(root().join("c/src/wire_read.c")).unwrap();
    let planted = plant(&source, "reader->at < reader->len", "reader->at <= reader->len");
    let planted = plant(&planted, "-(int32_t)~bits - 1", "-((int32_t)~bits + 1)");
    let file = build_folder("planted").join("wire_read.c");
    fs::write(&file, planted).unwrap();
    let mut sources = c_files("c/src");
    sources.retain(|source| !source.ends_with("wire_read.c"));
    sources.push(file);
    let defective = sanitized("planted", &sources);
    for (line, complaint) in [(overread, "heap-buffer-overflow"), (overflow, "cannot be represented")] {
        let output = run(&defective, &line);
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && complaints.contains(complaint), "not found: {complaints}");
    }
}

fn plant(source: &str, right: &str, wrong: &str) -> String {
    assert_eq!(source.matches(right).count(), 1, "where a defect is planted");
    source.replace(right, wrong)
}

/// Other optimizations see other paths, and newer standards of C the same sources.
#[test]
fn the_sources_compile_without_a_warning_as_c11_at_full_optimization() {
    compile(|cc| {
        cc.args(WARNINGS).args(["-O3", "-std=c11", "-c", "-I"]).arg(root().join("c/include"));
        cc.args(c_files("c/src")).current_dir(build_folder("c11"));
    });
}
