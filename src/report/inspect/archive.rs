//! The two containers of a log: the `.eval` archive, and the single JSON object.

use std::io::{Cursor, Write};

use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::error::ExportError;
use super::header::Header;
use super::sample::Sample;

/// Makes a ZIP archive with a member for each sample, then what is derived from all of them, and the header last.
pub(super) fn eval(header: &Header, samples: &[Sample]) -> Result<Vec<u8>, ExportError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for sample in samples {
        add(&mut archive, &sample.name, &sample.full)?;
    }
    add(&mut archive, "summaries.json", &samples.iter().map(|sample| sample.summary.clone()).collect())?;
    add(&mut archive, "reductions.json", &header.reductions)?;
    add(&mut archive, "header.json", &Value::Object(header.log.clone()))?;
    Ok(archive.finish()?.into_inner())
}

fn add(archive: &mut ZipWriter<Cursor<Vec<u8>>>, name: &str, value: &Value) -> Result<(), ExportError> {
    // Every reader has deflate. The time and the permissions are always the same, so that equal logs are equal bytes.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    archive.start_file(name, options)?;
    archive.write_all(value.to_string().as_bytes()).map_err(zip::result::ZipError::from)?;
    Ok(())
}

/// Makes one object with the keys of the header first, then the samples, and the reductions last.
pub(super) fn json(header: Header, samples: Vec<Sample>) -> Vec<u8> {
    let mut log = header.log;
    log.insert("samples".to_owned(), samples.into_iter().map(|sample| sample.full).collect());
    log.insert("reductions".to_owned(), header.reductions);
    let mut text = Value::Object(log).to_string().into_bytes();
    text.push(b'\n');
    text
}
