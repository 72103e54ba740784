//! Plots, written by hand: one form, rows of points on a common axis. Text only, so that a change shows in a diff.

use std::fmt::Write as _;

use crate::stats::median;

/// A plot.
pub(crate) struct Dots<'a> {
    pub(crate) title: &'a str,
    /// What the axis counts, with its unit.
    pub(crate) unit: &'a str,
    /// The axis; a point beyond it is drawn at its end as a triangle, its figure stands in the last column.
    pub(crate) axis: [f64; 2],
    /// Where the goal lies, when there is one.
    pub(crate) goal: Option<[f64; 2]>,
    pub(crate) rows: Vec<(String, Vec<f64>)>,
}

/// Pixels: the labels' column, the points' area, the figures' column, a row, the title above and the axis below.
const LABELS: f64 = 250.0;
const AREA: f64 = 420.0;
const FIGURES: f64 = 90.0;
const ROW: f64 = 22.0;
const ABOVE: f64 = 40.0;
const BELOW: f64 = 46.0;
/// Ticks of the axis.
const TICKS: u32 = 4;

impl Dots<'_> {
    fn x(&self, value: f64) -> f64 {
        let [low, high] = self.axis;
        LABELS + AREA * ((value - low) / (high - low)).clamp(0.0, 1.0)
    }

    /// The plot as an SVG file.
    pub(crate) fn draw(&self) -> String {
        let plot = ROW * self.rows.len() as f64;
        let (width, height) = (LABELS + AREA + FIGURES, ABOVE + plot + BELOW);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n\
             <title>{title}</title>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n\
             <text x=\"12\" y=\"24\" font-size=\"15\" font-weight=\"bold\">{title}</text>\n",
            title = escaped(self.title)
        );
        if let Some([from, to]) = self.goal {
            let (left, right) = (self.x(from), self.x(to));
            let _ = writeln!(
                svg,
                "<rect x=\"{left:.1}\" y=\"{ABOVE}\" width=\"{:.1}\" height=\"{plot}\" fill=\"#d9efdc\"/>",
                right - left
            );
        }
        self.draw_axis(&mut svg, plot);
        for (index, (label, values)) in self.rows.iter().enumerate() {
            self.draw_row(&mut svg, ABOVE + ROW * (index as f64 + 0.5), label, values);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn draw_axis(&self, svg: &mut String, plot: f64) {
        let [low, high] = self.axis;
        let bottom = ABOVE + plot;
        for tick in 0..=TICKS {
            let value = low + (high - low) * f64::from(tick) / f64::from(TICKS);
            let x = self.x(value);
            let _ = writeln!(
                svg,
                "<line x1=\"{x:.1}\" y1=\"{ABOVE}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#ccc\"/>\n\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                bottom + 16.0,
                short(value)
            );
        }
        let goal = if self.goal.is_some() { "; green: the goal" } else { "" };
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}{goal}</text>",
            LABELS + AREA / 2.0,
            bottom + 36.0,
            escaped(self.unit)
        );
    }

    fn draw_row(&self, svg: &mut String, y: f64, label: &str, values: &[f64]) {
        let text = y + 4.0;
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{text:.1}\" text-anchor=\"end\">{}</text>",
            LABELS - 10.0,
            escaped(label)
        );
        for &value in values {
            let x = self.x(value);
            let _ = if value > self.axis[1] {
                writeln!(svg, "<path d=\"M{x:.1} {y:.1}l-8 -5v10z\" fill=\"#b3261e\"/>")
            } else if value < self.axis[0] {
                writeln!(svg, "<path d=\"M{x:.1} {y:.1}l8 -5v10z\" fill=\"#b3261e\"/>")
            } else {
                writeln!(
                    svg,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\" fill=\"#1f5fa8\" fill-opacity=\"0.75\"/>"
                )
            };
        }
        let figure = median(values).map_or_else(|| "no figure".to_owned(), short);
        let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{text:.1}\">{figure}</text>", LABELS + AREA + 12.0);
    }
}

/// A figure with three significant digits or so.
fn short(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    // Minus zero is zero.
    let text = format!("{value:.digits$}");
    if text.trim_start_matches('-').chars().all(|c| matches!(c, '0' | '.')) { "0".to_owned() } else { text }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
