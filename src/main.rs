//! The binary `bench`.

fn main() -> std::process::ExitCode {
    incident_bench::cli::main()
}
