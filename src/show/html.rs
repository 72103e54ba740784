//! The report as one printable page: no script, no outside resource, readable without colour (RGAA 4.1), on A4 too.
//! It shows the same page as the console, and a drawing of each transfer beside its description in words.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use sonde_report::Report;

use super::{
    content,
    page::{Block, Curve, Page, Section, Table, Tone, clean},
    reception::Reception,
};
use crate::text::Lang;

/// The whole style. Text colours have a contrast of at least 4.5:1 on their backgrounds (WCAG 2.1, 1.4.3).
const STYLE: &str = "
:root{color-scheme:light}
body{font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;max-width:52rem;margin:1.5rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.25rem;border-bottom:2px solid #1a1a1a;margin:2rem 0 .5rem}
h3{font-size:1.05rem;margin:1.5rem 0 .25rem}
.notice{border:3px solid #1a1a1a;padding:.5rem .75rem;font-weight:bold}
.overall{font-size:1.3rem;font-weight:bold;border-left:.5rem solid;padding:.5rem .75rem}
.good{color:#0b5a2a}.bad{color:#a00d0d}.doubt{color:#6b4600}.plain{color:#1a1a1a}
table{border-collapse:collapse;width:100%;margin:.75rem 0}
caption{text-align:left;font-weight:bold;padding:.25rem 0}
.heard{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{border:1px solid #767676;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:break-word}
tbody th{overflow-wrap:anywhere;min-width:6rem}
thead th{background:#eee}
.level-good{background:#cdeccf}.level-usable{background:#fff0b3}.level-weak{background:#f9cfc4}.level-silent,.level-untold{background:#e3e3e3}
dl{display:grid;grid-template-columns:minmax(9rem,15rem) 1fr;gap:.15rem 1rem;margin:.5rem 0}
dt{font-weight:bold}dd{margin:0;overflow-wrap:anywhere}
@media screen and (max-width:36rem){tbody th{min-width:8rem}dl{display:block}dd{margin:0 0 .4rem}section{overflow-x:auto}}
figure{margin:.75rem 0}svg{width:100%;height:auto;max-height:12rem}
@page{size:A4;margin:15mm}
@media print{body{font-size:10.5pt;max-width:none;margin:0;padding:0}h2,h3,p:has(+ul){break-after:avoid}table,li,figure,.notice{break-inside:avoid}}
";

/// The whole report as one HTML document, without any outside resource. A survey's own report is about the Wi-Fi alone, and so is
/// its page.
#[must_use]
pub fn report(report: &Report, lang: Lang) -> String {
    let page = content::survey_page(report, lang).unwrap_or_else(|| content::page(report, lang));
    document(&page).into_string()
}

fn document(page: &Page) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(page.lang.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (clean(&page.title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    @for notice in &page.notices { p.notice { (clean(notice)) } }
                    h1 { (clean(&page.title)) }
                    @for line in &page.head { p { (clean(line)) } }
                    p class={ "overall " (class(page.overall.0)) } { (clean(&page.overall.1)) }
                    dl {
                        @for line in &page.summary {
                            dt { (clean(&line.name)) }
                            dd { strong class=(class(line.tone)) { (clean(&line.verdict)) } " — " (clean(&line.value)) }
                        }
                    }
                    @for part in &page.sections { (section(part, page.lang)) }
                }
            }
        }
    }
}

fn section(section: &Section, lang: Lang) -> Markup {
    html! {
        section {
            h2 { (clean(&section.title)) }
            @for (index, item) in section.blocks.iter().enumerate() {
                (block(item, index.checked_sub(1).and_then(|before| section.blocks.get(before)), lang))
            }
        }
    }
}

/// One block. A table right under a heading of the same name keeps its caption for screen readers only.
fn block(block: &Block, before: Option<&Block>, lang: Lang) -> Markup {
    html! {
        @match block {
            Block::Heading(title) => { h3 { (clean(title)) } }
            Block::Judged(title, tone, verdict) => {
                h3 class=(class(*tone)) { (clean(&lang.labelled(title, verdict))) }
            }
            Block::Text(text) => { p { (clean(text)) } }
            Block::Facts(facts) => {
                dl { @for (name, value) in facts { dt { (clean(name)) } dd { (clean(value)) } } }
            }
            Block::List(title, sentences) => {
                p { strong { (clean(lang.labelled(title, "").trim_end())) } }
                ul { @for sentence in sentences { li { (clean(sentence)) } } }
            }
            Block::Table(shown) => (table(shown, &[], matches!(before, Some(Block::Heading(title)) if *title == shown.caption))),
            Block::Heat(heat) => (table(&heat.table, &heat.levels, false)),
            Block::Curve(shown) => (curve(shown, lang)),
        }
    }
}

fn table(table: &Table, levels: &[Vec<Option<Reception>>], named: bool) -> Markup {
    let level = |row: usize, cell: usize| levels.get(row)?.get(cell).copied().flatten().map(tint);
    html! {
        table {
            caption class=[named.then_some("heard")] { (clean(&table.caption)) }
            thead { tr { @for name in &table.head { th scope="col" { (clean(name)) } } } }
            tbody {
                @for (number, row) in table.rows.iter().enumerate() {
                    tr {
                        @for (index, cell) in row.iter().enumerate() {
                            @if index == 0 { th scope="row" { (clean(cell)) } }
                            @else { td class=[level(number, index)] { (clean(cell)) } }
                        }
                    }
                }
            }
        }
    }
}

/// The drawing's size, in its own units.
const CURVE: (f64, f64) = (600.0, 120.0);

fn curve(curve: &Curve, lang: Lang) -> Markup {
    let longest = curve.points.iter().map(|&(at, _)| at).fold(f64::MIN_POSITIVE, f64::max);
    let highest = curve.points.iter().map(|&(_, rate)| rate).fold(f64::MIN_POSITIVE, f64::max);
    // The axis begins at zero, or a small change would look like a large one.
    let line: Vec<String> = curve
        .points
        .iter()
        .map(|&(at, rate)| format!("{:.1},{:.1}", at / longest * CURVE.0, CURVE.1 - rate / highest * CURVE.1))
        .collect();
    html! {
        figure {
            svg viewBox=(format!("0 -4 {} {}", CURVE.0, CURVE.1 + 8.0)) role="img" {
                title { (clean(&curve.title)) }
                desc { (clean(&curve.description)) }
                path d=(format!("M0 0V{}H{}", CURVE.1, CURVE.0)) fill="none" stroke="#595959" {}
                polyline points=(line.join(" ")) fill="none" stroke="#0b3d91" stroke-width="2" {}
            }
            figcaption { (clean(&lang.labelled(&curve.title, &curve.description))) }
        }
    }
}

/// The class of a level's background. The cell's text says the same.
fn tint(level: Reception) -> &'static str {
    match level {
        Reception::Good => "level-good",
        Reception::Usable => "level-usable",
        Reception::Weak => "level-weak",
        Reception::Silent => "level-silent",
        Reception::Untold => "level-untold",
    }
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Doubt => "doubt",
        Tone::Plain => "plain",
    }
}
