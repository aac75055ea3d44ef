use std::process::ExitCode;

use bex_infra::cli::Cli;
use bex_infra::failure::report;
use clap::Parser;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ui = cli.ui();
    match cli.run(&ui) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let report = report(&error);
            ui.error(&report);
            ExitCode::from(report.exit as u8)
        }
    }
}
