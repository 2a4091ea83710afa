//! The binary `bench`.

/// The allocator of the program. Answers are blocks of ten kilobytes that live for microseconds, on many threads; the
/// system's allocator, and even more that of musl, is slow with these.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    incident_bench::cli::main()
}
