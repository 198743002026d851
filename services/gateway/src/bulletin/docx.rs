//! A bulletin as a 公文 in WordprocessingML, by GB/T 9704-2012: A4, 版心 156×225 mm, 22 lines of 28 characters, title
//! 二号小标宋, text 三号仿宋, first level 黑体, page numbers — 1 — outside. Lengths are in twentieths of a point.

use std::fmt::Write;
use std::io::{Cursor, Write as _};

use kit::{Problem, Result};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::Bulletin;

/// What a browser is told.
pub const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

const SONG: &str = "方正小标宋简体";
const FANG: &str = "仿宋_GB2312";
const HEI: &str = "黑体";
const TIMES: &str = "Times New Roman";
const WIDTHS: [u32; 8] = [400, 2_900, 580, 960, 740, 720, 1_000, 1_544];

/// The document's bytes.
pub fn write(bulletin: &Bulletin) -> Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let parts: [(&str, String); 8] = [
        ("[Content_Types].xml", CONTENT_TYPES.to_owned()),
        ("_rels/.rels", RELATIONS.to_owned()),
        ("word/_rels/document.xml.rels", DOCUMENT_RELATIONS.to_owned()),
        ("word/settings.xml", SETTINGS.to_owned()),
        ("word/styles.xml", STYLES.to_owned()),
        ("word/footer1.xml", footer("right")),
        ("word/footer2.xml", footer("left")),
        ("word/document.xml", document(bulletin)),
    ];
    for (name, text) in parts {
        archive.start_file(name, SimpleFileOptions::default()).map_err(Problem::internal)?;
        archive.write_all(text.as_bytes()).map_err(Problem::internal)?;
    }
    Ok(archive.finish().map_err(Problem::internal)?.into_inner())
}

/// How a paragraph looks.
#[derive(Clone, Copy)]
struct Look {
    font: &'static str,
    /// Half points: 32 is 三号.
    size: u32,
    align: &'static str,
    /// Characters of the first line's indent.
    indent: u32,
    red: bool,
    /// Stays on the page of what follows: a heading never ends one.
    keep: bool,
}

const BODY: Look = Look { font: FANG, size: 32, align: "both", indent: 2, red: false, keep: false };

fn document(it: &Bulletin) -> String {
    let mut body = String::new();
    if it.synthetic {
        paragraph(
            &mut body,
            "演示数据 · 不代表实际情况",
            Look { font: HEI, size: 21, align: "right", indent: 0, ..BODY },
        );
    }
    let head = Look { font: SONG, size: head_size(&it.issuer), align: "center", indent: 0, red: true, keep: false };
    spaced(&mut body, &it.issuer, head, 360, 240);
    paragraph(&mut body, &it.number, Look { align: "center", indent: 0, ..BODY });
    body.push_str(
        "<w:p><w:pPr><w:pBdr><w:bottom w:val=\"single\" w:sz=\"18\" w:space=\"1\" w:color=\"C00000\"/></w:pBdr>\
         <w:spacing w:line=\"240\" w:lineRule=\"exact\"/></w:pPr></w:p>",
    );
    let title = Look { font: SONG, size: 44, align: "center", indent: 0, red: false, keep: false };
    let (first, second) = it.title.split_at(it.title.find("调度情况").unwrap_or(0));
    let lines: Vec<&str> = [first, second].into_iter().filter(|line| !line.is_empty()).collect();
    for (at, line) in lines.iter().enumerate() {
        let (before, after) = (if at == 0 { 500 } else { 0 }, if at + 1 == lines.len() { 320 } else { 0 });
        spaced(&mut body, line, title, before, after);
    }
    paragraph(&mut body, &it.to, Look { indent: 0, ..BODY });
    for warning in &it.warnings {
        paragraph(&mut body, &format!("【数据说明】{warning}"), Look { font: HEI, ..BODY });
    }
    paragraph(&mut body, &it.opening, BODY);
    for (at, section) in it.sections.iter().enumerate() {
        paragraph(
            &mut body,
            &format!("{}、{}", numeral(at + 1), section.title),
            Look { font: HEI, keep: true, ..BODY },
        );
        for text in &section.paragraphs {
            paragraph(&mut body, text, BODY);
        }
        if at == 0 {
            table(&mut body, it);
        }
    }
    spaced(&mut body, &it.issuer, Look { align: "right", indent: 0, ..BODY }, 600, 0);
    let dated = format!("{}年{}月{}日", it.dated.year(), it.dated.month(), it.dated.day());
    paragraph(&mut body, &format!("{dated}　　　　"), Look { align: "right", indent: 0, ..BODY });
    imprint(&mut body, it, &dated);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
         <w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" \
         xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><w:body>{body}{SECTION}\
         </w:body></w:document>"
    )
}

/// The head fills the line but never breaks: half points for so many characters on 156 mm.
fn head_size(issuer: &str) -> u32 {
    let characters = issuer.chars().count().max(1) as u32;
    (442 * 2 / characters).min(72)
}

fn paragraph(out: &mut String, text: &str, look: Look) {
    spaced(out, text, look, 0, 0);
}

fn spaced(out: &mut String, text: &str, look: Look, before: u32, after: u32) {
    let Look { font, size, align, indent, red, keep } = look;
    let keep = if keep { "<w:keepNext/>" } else { "" };
    let line = if size > 32 { size * 13 } else { 580 };
    let _ = write!(
        out,
        "<w:p><w:pPr>{keep}<w:spacing w:before=\"{before}\" w:after=\"{after}\" w:line=\"{line}\" w:lineRule=\"exact\"/>\
         <w:ind w:firstLineChars=\"{}\" w:firstLine=\"{}\"/><w:jc w:val=\"{align}\"/></w:pPr>{}</w:p>",
        indent * 100,
        indent * size * 10,
        run(text, font, size, red)
    );
}

fn run(text: &str, font: &str, size: u32, red: bool) -> String {
    let mut out = String::new();
    for (number, part) in numbers_apart(text) {
        // A word processor that takes digits between Chinese for Chinese ones would break a line inside 16,376.
        let (font, language) =
            if number { (TIMES, "<w:lang w:val=\"en-US\" w:eastAsia=\"en-US\"/>") } else { (font, "") };
        out.push_str(&run_of(part, font, size, red, language));
    }
    out
}

/// The text in pieces: numbers with their separators, and what stands between them.
fn numbers_apart(text: &str) -> Vec<(bool, &str)> {
    let of_number =
        |character: char| character.is_ascii_digit() || matches!(character, '.' | ',' | '%' | '+' | '-' | '/');
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let number = of_number(first);
        let end = rest.find(|character| of_number(character) != number).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        parts.push((number, part));
        rest = after;
    }
    parts
}

fn run_of(text: &str, font: &str, size: u32, red: bool, language: &str) -> String {
    // 28 characters of 三号 on 156 mm are a quarter of a point closer than they would stand by themselves.
    let close = if size == 32 { "<w:spacing w:val=\"-5\"/>" } else { "" };
    let colour = if red { "<w:color w:val=\"C00000\"/>" } else { "" };
    format!(
        "<w:r><w:rPr><w:rFonts w:ascii=\"{font}\" w:hAnsi=\"{font}\" w:eastAsia=\"{font}\"/>{colour}{close}\
         <w:sz w:val=\"{size}\"/><w:szCs w:val=\"{size}\"/>{language}</w:rPr><w:t xml:space=\"preserve\">{}</w:t></w:r>",
        escaped(text)
    )
}

/// The core indicators on one page where one holds them: every row stays with the next, none is broken.
fn table(out: &mut String, it: &Bulletin) {
    let head = ["序", "指标", "目标", "本期", "应达", "环比", "还差", "责任单位"];
    spaced(
        out,
        &format!("{}项主要指标完成情况", it.rows.len()),
        Look { font: HEI, size: 28, align: "center", indent: 0, red: false, keep: true },
        160,
        80,
    );
    out.push_str("<w:tbl><w:tblPr><w:tblW w:w=\"8844\" w:type=\"dxa\"/><w:jc w:val=\"center\"/><w:tblBorders>");
    for side in ["top", "left", "bottom", "right", "insideH", "insideV"] {
        let _ = write!(out, "<w:{side} w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"000000\"/>");
    }
    out.push_str("</w:tblBorders><w:tblLayout w:type=\"fixed\"/></w:tblPr><w:tblGrid>");
    for width in WIDTHS {
        let _ = write!(out, "<w:gridCol w:w=\"{width}\"/>");
    }
    out.push_str("</w:tblGrid>");
    cells(out, &head.map(str::to_owned), true, true);
    for (at, row) in it.rows.iter().enumerate() {
        let star = if row.binding { "*" } else { "" };
        let reported = row.reported.map(|counties| format!("已报{counties}个"));
        let notes: Vec<&str> = [Some(row.unit.as_str()).filter(|unit| !unit.is_empty()), reported.as_deref()]
            .into_iter()
            .flatten()
            .collect();
        let unit = if notes.is_empty() { String::new() } else { format!("（{}）", notes.join("，")) };
        let lamp = format!("{}{}", row.lamp.chars().next().unwrap_or(' '), row.value);
        let texts = [
            (at + 1).to_string(),
            format!("{star}{}{unit}", row.name),
            row.target.clone(),
            lamp,
            row.expected.clone(),
            row.change.clone(),
            row.gap.clone(),
            row.responsible.clone(),
        ];
        cells(out, &texts, false, at + 1 < it.rows.len());
    }
    out.push_str("</w:tbl>");
    small(out, &it.footnotes.concat());
}

fn small(out: &mut String, text: &str) {
    let _ = write!(
        out,
        "<w:p><w:pPr><w:snapToGrid w:val=\"0\"/><w:spacing w:line=\"300\" w:lineRule=\"exact\"/><w:jc w:val=\"both\"/></w:pPr>{}</w:p>",
        run(text, FANG, 21, false)
    );
}

fn cells(out: &mut String, texts: &[String; 8], head: bool, keep: bool) {
    let keep = if keep { "<w:keepNext/>" } else { "" };
    out.push_str("<w:tr><w:trPr><w:cantSplit/>");
    if head {
        out.push_str("<w:tblHeader/>");
    }
    out.push_str("</w:trPr>");
    for (at, (text, width)) in texts.iter().zip(WIDTHS).enumerate() {
        let align = match at {
            _ if head => "center",
            1 | 7 => "left",
            0 => "center",
            _ => "right",
        };
        let font = if head { HEI } else { FANG };
        let _ = write!(
            out,
            "<w:tc><w:tcPr><w:tcW w:w=\"{width}\" w:type=\"dxa\"/><w:tcMar><w:left w:w=\"40\" w:type=\"dxa\"/>\
             <w:right w:w=\"40\" w:type=\"dxa\"/></w:tcMar><w:vAlign w:val=\"center\"/></w:tcPr>\
             <w:p><w:pPr>{keep}<w:snapToGrid w:val=\"0\"/><w:spacing w:line=\"260\" w:lineRule=\"exact\"/><w:jc w:val=\"{align}\"/></w:pPr>{}</w:p></w:tc>",
            run(text, font, 21, false)
        );
    }
    out.push_str("</w:tr>");
}

/// 版记: at the end, between lines.
fn imprint(out: &mut String, it: &Bulletin, dated: &str) {
    let lines = [format!("抄送：{}", it.copies), format!("{}　{dated}印发", it.issuer)];
    for (at, text) in lines.iter().enumerate() {
        let before = if at == 0 { 400 } else { 0 };
        let _ = write!(
            out,
            "<w:p><w:pPr><w:pBdr><w:top w:val=\"single\" w:sz=\"6\" w:space=\"1\" w:color=\"000000\"/>\
             <w:bottom w:val=\"single\" w:sz=\"6\" w:space=\"1\" w:color=\"000000\"/></w:pBdr>\
             <w:spacing w:before=\"{before}\" w:line=\"480\" w:lineRule=\"exact\"/><w:ind w:left=\"280\" w:right=\"280\"/>\
             </w:pPr>{}</w:p>",
            run(text, FANG, 28, false)
        );
    }
}

/// — 1 —, 四号, outside.
fn footer(side: &str) -> String {
    let text = |text: &str| run(text, "宋体", 28, false);
    let field =
        |kind: &str| format!("<w:r><w:rPr><w:sz w:val=\"28\"/></w:rPr><w:fldChar w:fldCharType=\"{kind}\"/></w:r>");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
         <w:ftr xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
         <w:p><w:pPr><w:ind w:left=\"320\" w:right=\"320\"/><w:jc w:val=\"{side}\"/></w:pPr>{}{}\
         <w:r><w:rPr><w:sz w:val=\"28\"/></w:rPr><w:instrText xml:space=\"preserve\"> PAGE </w:instrText></w:r>{}\
         <w:r><w:rPr><w:sz w:val=\"28\"/></w:rPr><w:t>1</w:t></w:r>{}{}</w:p></w:ftr>",
        text("— "),
        field("begin"),
        field("separate"),
        field("end"),
        text(" —")
    )
}

fn numeral(number: usize) -> &'static str {
    ["〇", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十"].get(number).copied().unwrap_or("十")
}

fn escaped(text: &str) -> String {
    let clean = text.chars().filter(|character| !character.is_control());
    clean.collect::<String>().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const SECTION: &str = "<w:sectPr><w:footerReference w:type=\"default\" r:id=\"rId3\"/>\
     <w:footerReference w:type=\"even\" r:id=\"rId4\"/><w:pgSz w:w=\"11906\" w:h=\"16838\"/>\
     <w:pgMar w:top=\"2098\" w:right=\"1474\" w:bottom=\"1984\" w:left=\"1588\" w:header=\"851\" w:footer=\"1400\" \
     w:gutter=\"0\"/><w:docGrid w:type=\"lines\" w:linePitch=\"580\"/></w:sectPr>";

const CONTENT_TYPES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
     <Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
     <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
     <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
     <Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/>\
     <Override PartName=\"/word/settings.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.settings+xml\"/>\
     <Override PartName=\"/word/styles.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml\"/>\
     <Override PartName=\"/word/footer1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml\"/>\
     <Override PartName=\"/word/footer2.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml\"/>\
     </Types>";

const RELATIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
     <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
     <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
     Target=\"word/document.xml\"/></Relationships>";

const DOCUMENT_RELATIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
     <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
     <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/settings\" Target=\"settings.xml\"/>\
     <Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles\" Target=\"styles.xml\"/>\
     <Relationship Id=\"rId3\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/footer\" Target=\"footer1.xml\"/>\
     <Relationship Id=\"rId4\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/footer\" Target=\"footer2.xml\"/>\
     </Relationships>";

const SETTINGS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
     <w:settings xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:evenAndOddHeaders/>\
     <w:characterSpacingControl w:val=\"compressPunctuation\"/></w:settings>";

const STYLES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
     <w:styles xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:docDefaults><w:rPrDefault>\
     <w:rPr><w:lang w:val=\"zh-CN\" w:eastAsia=\"zh-CN\"/></w:rPr></w:rPrDefault></w:docDefaults>\
     <w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"a\"><w:name w:val=\"Normal\"/></w:style></w:styles>";
