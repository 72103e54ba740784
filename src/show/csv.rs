//! Tables as CSV for a spreadsheet: RFC 4180's quoting and line ends, with the semicolon and the byte-order mark that
//! Excel in French wants to open a file by a double click (docs/decisions/0016-csv-for-the-spreadsheet.md).

use super::page::clean;

/// Spreadsheets take a cell that begins so for a formula (OWASP, "CSV Injection"), in full-width forms too.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// What tells Excel that the file is UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The whole file.
#[must_use]
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut writer =
        csv::WriterBuilder::new().delimiter(b';').terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing to memory, with as many cells in each row as in the head: nothing can fail.
    let mut write = |cells: Vec<String>| writer.write_record(cells.iter().map(|cell| guarded(cell))).is_ok();
    write(head.iter().map(|cell| (*cell).to_owned()).collect());
    for row in rows {
        write(row.clone());
    }
    let bytes = writer.into_inner().unwrap_or_default();
    format!("{BYTE_ORDER_MARK}{}", String::from_utf8_lossy(&bytes))
}

/// A cell without control characters that no spreadsheet takes for a formula: part of it comes from servers.
fn guarded(cell: &str) -> String {
    let cell = clean(cell);
    if cell.trim_start().starts_with(FORMULA) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_and_lines_end_as_the_rfc_says() {
        let rows =
            vec![vec!["a;b".to_owned(), "dit \"non\"".to_owned()], vec!["é".to_owned(), String::new()]];
        let text = table(&["un", "deux"], &rows);
        assert_eq!(text, "\u{feff}un;deux\r\n\"a;b\";\"dit \"\"non\"\"\"\r\n\u{e9};\r\n");
    }

    #[test]
    fn no_cell_begins_a_formula_or_holds_a_control_character() {
        for cell in ["=1+1", "+33", "-1", "@sum", " =cmd|' /C calc'!A0", "\u{ff1d}1"] {
            assert!(guarded(cell).starts_with('\''), "{cell}");
        }
        assert_eq!(guarded("a\r\n=b"), "a\u{fffd}\u{fffd}=b");
        assert_eq!(guarded("joignable"), "joignable");
    }
}
