//! One field of a filter or a form, as the column's kind asks for it.

use city::region::{Level, RegionTree};
use contract::columns::ColumnKind;
use contract::leaf::Leaf;
use contract::register::List;
use proto::contract::Format;

use crate::registers::form::is_file;
use crate::registers::listing::Look;
use crate::registers::words::{Words, short};

/// A control with its label, what stands in it and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Control {
    /// Of the element; the label is tied to it.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) label: String,
    /// hidden, select, date, number, decimal, prose, file, text.
    pub(crate) kind: &'static str,
    pub(crate) value: String,
    pub(crate) required: bool,
    pub(crate) help: String,
    pub(crate) fault: String,
    pub(crate) groups: Vec<OptionGroup>,
}

/// Options under a title; without one they stand by themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OptionGroup {
    pub(crate) title: String,
    pub(crate) options: Vec<Choice>,
}

/// One option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) title: String,
    pub(crate) chosen: bool,
}

/// The regions a person may choose: those the grants name, and everything below.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach<'a>(pub(crate) &'a [&'a str]);

impl Reach<'_> {
    fn has(&self, tree: &RegionTree, code: &str) -> bool {
        self.0.iter().any(|granted| tree.is_within(code, granted))
    }
}

/// The filters of a list, with what is asked for.
pub(crate) fn filters(list: &List, look: &Look, words: &Words<'_>, reach: Reach<'_>) -> Vec<Control> {
    let filter = |leaf: &Leaf| {
        let mut control = Control::of(leaf, look.filter(leaf), words);
        control.id = format!("f-{}", leaf.path);
        control.required = false;
        let all = match leaf.column.kind {
            // Without a third state, what is not asked for is a no.
            ColumnKind::Bool if !leaf.field().supports_presence() => "否",
            _ => "全部",
        };
        match leaf.column.format {
            Format::Record => control.kind = "hidden",
            Format::Region => control.groups = regions(words, reach, Level::Township),
            _ if all == "否" => {
                control.groups.iter_mut().for_each(|group| group.options.retain(|one| one.value == "true"));
            }
            _ => {}
        }
        control.finish(all)
    };
    list.filters.iter().map(filter).collect()
}

impl Control {
    /// A field of a form.
    pub(crate) fn field(
        leaf: &Leaf,
        value: &str,
        fault: &str,
        records: Option<(&[(String, String)], bool)>,
        words: &Words<'_>,
        reach: Reach<'_>,
    ) -> Control {
        let mut control = Control::of(leaf, value, words);
        control.fault = fault.to_owned();
        if let Some((records, more)) = records {
            control.kind = "select";
            let options = records.iter().map(|(id, title)| Choice::new(id, title)).collect();
            control.groups = vec![OptionGroup { title: String::new(), options }];
            if more {
                control.help = "只列出前 500 条；其余请从那条记录的页面进入".to_owned();
            }
        } else if leaf.column.format == Format::Region {
            control.groups = regions(words, reach, Level::Village);
        }
        let yes_or_no = leaf.column.kind == ColumnKind::Bool && !leaf.field().supports_presence();
        if yes_or_no {
            if control.value.is_empty() {
                control.value = "false".to_owned();
            }
            return control.finish("");
        }
        let blank = if control.required { "请选择" } else { "（不填）" };
        control.finish(blank)
    }

    /// A region of the tree the person may choose from, townships the deepest.
    pub(crate) fn region(
        name: &str,
        label: &str,
        value: &str,
        fault: &str,
        words: &Words<'_>,
        reach: Reach<'_>,
    ) -> Self {
        let mut groups = regions(words, reach, Level::Township);
        let city = words.0.regions.city();
        if reach.has(&words.0.regions, &city.code) {
            let whole = Choice::new(&city.code, &city.name);
            groups.insert(0, OptionGroup { title: String::new(), options: vec![whole] });
        }
        let control = Control {
            id: format!("v-{name}"),
            name: name.to_owned(),
            label: label.to_owned(),
            kind: "select",
            value: value.to_owned(),
            required: true,
            fault: fault.to_owned(),
            groups,
            ..Control::default()
        };
        control.finish("请选择")
    }

    fn of(leaf: &Leaf, value: &str, words: &Words<'_>) -> Control {
        let column = &leaf.column;
        let mut options = Vec::new();
        let kind = match (&column.kind, column.format) {
            _ if is_file(leaf) => "file",
            (_, Format::Region) => "select",
            (_, Format::Organisation) => {
                options.extend(words.0.organisations.iter().map(|unit| Choice::new(&unit.code, &unit.full_name)));
                "select"
            }
            _ if leaf.field().is_list() => "prose",
            (ColumnKind::Enum(choices), _) => {
                options.extend(choices.iter().map(|choice| Choice::new(&choice.name, &choice.label)));
                "select"
            }
            (ColumnKind::Bool, _) => {
                options.extend([Choice::new("true", "是"), Choice::new("false", "否")]);
                "select"
            }
            (ColumnKind::Date, _) => "date",
            (ColumnKind::Integer, _) => "number",
            (ColumnKind::Quantity(_), _) => "decimal",
            (ColumnKind::Text, Format::Prose) => "prose",
            (ColumnKind::Text, _) => "text",
        };
        Control {
            id: format!("v-{}", leaf.path),
            name: leaf.path.clone(),
            label: column.heading(),
            kind,
            value: value.to_owned(),
            required: column.required,
            help: column.hint.clone(),
            fault: String::new(),
            groups: vec![OptionGroup { title: String::new(), options }],
        }
    }

    /// Puts the blank option in front, and chooses: what was typed stays, though it is no longer offered.
    fn finish(mut self, blank: &str) -> Control {
        if self.kind != "select" {
            self.groups.clear();
            return self;
        }
        let mut known = false;
        for option in self.groups.iter_mut().flat_map(|group| &mut group.options) {
            option.chosen = option.value == self.value;
            known |= option.chosen;
        }
        let mut before = Vec::new();
        if !blank.is_empty() {
            before.push(Choice { chosen: self.value.is_empty(), ..Choice::new("", blank) });
        }
        if !known && !self.value.is_empty() {
            before.push(Choice { chosen: true, ..Choice::new(&self.value, &format!("已选：{}", self.value)) });
        }
        self.groups.insert(0, OptionGroup { title: String::new(), options: before });
        self.groups.retain(|group| !group.options.is_empty());
        self
    }
}

impl Choice {
    fn new(value: &str, title: &str) -> Self {
        Choice { value: value.to_owned(), title: title.to_owned(), chosen: false }
    }
}

/// Counties in official order with their townships; with villages, a group for each township.
fn regions(words: &Words<'_>, reach: Reach<'_>, deepest: Level) -> Vec<OptionGroup> {
    let tree = &words.0.regions;
    let option = |code: &str, title: &str| reach.has(tree, code).then(|| Choice::new(code, title));
    let mut groups = Vec::new();
    for county in tree.counties() {
        let name = short(county);
        let mut options: Vec<Choice> = option(&county.code, name).into_iter().collect();
        let townships: Vec<_> = tree.children(&county.code).collect();
        if deepest < Level::Village {
            options.extend(townships.iter().filter_map(|township| option(&township.code, &township.name)));
        }
        groups.push(OptionGroup { title: name.to_owned(), options });
        for township in townships.iter().filter(|_| deepest >= Level::Village) {
            let below = std::iter::once(*township).chain(tree.children(&township.code));
            let options = below.filter_map(|region| option(&region.code, &region.name)).collect();
            groups.push(OptionGroup { title: format!("{name} · {}", township.name), options });
        }
    }
    groups.retain(|group| !group.options.is_empty());
    groups
}
