//! The binary `bench`.

/// Answers are blocks of ten kilobytes that live for microseconds, on many threads: what the system's allocator, and still
/// more that of musl, is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    incident_bench::cli::main()
}
